"""Keeps the letters of a statement once they say the same for ever: what both sides got stays the same bytes.

They are made after the step that they tell of, in the background, in every language and format, and hang as files on an
entry of the statement, whose leaf covers their SHA-256. Whoever downloads them before that gets them made on the spot,
from the same content.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from yunheng.appraisal.models import Statement
from yunheng.appraisal.statements.actions import write_entry
from yunheng.appraisal.statements.queries import access_statement, statement_page
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.attachments import FileDraft, content_of
from yunheng.foundation.flow import lock_subject
from yunheng.foundation.models import Attachment, Entry

from ..making import render
from ..models import Format, Language
from .content import LETTERS, Letter, is_final, letter_content

MADE: Final = "appraisal.letters_made"
MOST: Final = 2  #: statements of one look for letters that are missing; each costs some seconds


def letter_name(statement: Statement, kind: Letter, language: str, form: str) -> str:
    """ "ACME-APR-20260506-0001.notice.zh-Hans.pdf"."""
    return f"{statement.number}.{kind}.{language}.{form}"


def kept_letter(statement: Statement, kind: Letter, language: str, form: str) -> bytes | None:
    """The bytes of a letter that was kept of what the statement froze; None where none is (2 queries)."""
    if statement.digest is None or not is_final(statement, kind):
        return None
    kept = Attachment.objects.filter(
        scope_id=statement.scope_id,
        subject_id=statement.pk,
        name=letter_name(statement, kind, language, form),
        entry_id__in=_entries(statement, kind).values("pk"),
    ).first()
    return None if kept is None else content_of(kept)


def keep_letters(number: str, now: datetime) -> list[Letter]:
    """Make and keep the letters of a statement that say the same for ever and are not kept yet; returns which. Safe to
    run again. Writes "appraisal.letters_made" for each. Raises NotFound, Unrendered.
    """
    statement = access_statement(SYSTEM_VIEWER, number)
    made: list[Letter] = []
    for kind in _wanted(statement):
        files = list(_files(statement, kind, now))
        with transaction.atomic():
            lock_subject(statement)
            current = access_statement(SYSTEM_VIEWER, number)
            if current.digest == statement.digest and kind in _wanted(current):
                _keep(current, kind, files, now)
                made.append(kind)
    return made


def without_letters() -> list[str]:
    """Numbers of statements that lack a letter, the newest first: issued before letters were kept, or while making them
    failed (1 query).
    """
    made = Entry.objects.filter(scope_id=OuterRef("scope_id"), subject_id=OuterRef("pk"), type=MADE)
    notices = made.filter(
        body__shared__letter="notice",
        recorded_at__gte=Coalesce(OuterRef("arbitrated_at"), OuterRef("issued_at")),
    )
    sheets = made.filter(body__shared__letter="settlement", recorded_at__gte=OuterRef("locked_at"))
    found = Statement.objects.filter(digest__isnull=False).filter(
        ~Exists(notices) | (Q(locked_at__isnull=False, payable__isnull=False) & ~Exists(sheets))
    )
    return list(found.order_by(F("pk").desc()).values_list("number", flat=True)[:MOST])


def _wanted(statement: Statement) -> list[Letter]:
    """Letters that are final, are about something, and are not kept yet."""
    if statement.digest is None:
        return []
    return [
        kind
        for kind in LETTERS
        if is_final(statement, kind)
        and (kind == "notice" or statement.payable is not None)
        and not _entries(statement, kind).exists()
    ]


def _entries(statement: Statement, kind: Letter) -> QuerySet[Entry]:
    """The entries that brought letters of a kind about what the statement froze."""
    digest = bytes(statement.digest or b"").hex()
    return Entry.objects.filter(
        scope_id=statement.scope_id,
        subject_id=statement.pk,
        type=MADE,
        body__shared__letter=kind,
        body__shared__digest=digest,
    )


def _files(statement: Statement, kind: Letter, now: datetime) -> Iterator[FileDraft]:
    view = statement_page(SYSTEM_VIEWER, statement, now=now)
    forms = list(Format.values)
    for language in Language.values:
        made = render(letter_content(view, kind, language), forms, rows=())
        for form in forms:
            yield FileDraft(letter_name(statement, kind, language, form), made[form])


def _keep(statement: Statement, kind: Letter, files: list[FileDraft], now: datetime) -> None:
    write_entry(
        statement,
        MADE,
        viewer=SYSTEM_VIEWER,
        now=now,
        shared={
            "kind": statement.kind,
            "period": statement.period,
            "edition": statement.edition,
            "digest": bytes(statement.digest or b"").hex(),
            "letter": kind,
        },
        files=files,
    )
