"""The page on which a statement is signed: what is signed, the three ways, and the signatures that stand."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from yunheng.accounts.guessing import CODES, Try, note_failure, wait_until
from yunheng.accounts.models import Person
from yunheng.accounts.passkeys import site_of
from yunheng.accounts.peers import address_of
from yunheng.accounts.security import can_confirm, shown_by
from yunheng.accounts.sentences import wait_text
from yunheng.accounts.sessions import is_confirmed
from yunheng.foundation.attachments import MOST_BYTES, read_uploads
from yunheng.foundation.pages import PageRequest, show_contract, signed_in
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid

from ..models import Signature, Statement
from ..statements.queries import access_statement, frozen_of
from . import actions
from .asked import keep_asked, take_asked
from .documents import digest_of
from .presentation import contract_title, signature_rows
from .scans import ACCEPTED, LONGEST_NAMES, PRINTED_CHARACTERS
from .summary import summary_of
from .ways import Way, refusal_of, signing_of, ways_of

Faults = Mapping[str, list[str]]


@require_safe
@signed_in
def sign(request: PageRequest, number: str) -> HttpResponse:
    """What is signed, and how."""
    return _page(request, access_statement(request.viewer, number))


@require_POST
@signed_in
def by_passkey(request: PageRequest, number: str) -> HttpResponse:
    """Take the passkey's answer."""
    access_statement(request.viewer, number)
    now = datetime.now(UTC)
    return _sign(
        request,
        number,
        "passkey",
        lambda: actions.sign_with_passkey(
            viewer=request.viewer,
            number=number,
            site=site_of(request),
            document=take_asked(request.session, now),
            answer=request.POST.get("credential", ""),
            at=now,
        ),
    )


@sensitive_post_parameters("answer")
@require_POST
@signed_in
def by_confirmation(request: PageRequest, number: str) -> HttpResponse:
    """Take the ticked sentence of who shows once more that it is them."""
    now = datetime.now(UTC)
    access_statement(request.viewer, number)

    def act() -> Signature:
        return actions.sign_with_confirmation(
            viewer=request.viewer,
            number=number,
            site=site_of(request),
            digest=request.POST.get("digest", ""),
            is_agreed=bool(request.POST.get("agree")),
            shown_by=_shown(request, now) if request.POST.get("agree") else None,
            at=now,
        )

    return _sign(request, number, "confirmation", act)


@require_POST
@signed_in
def by_scan(request: PageRequest, number: str) -> HttpResponse:
    """Take the scan of the stamped paper."""
    access_statement(request.viewer, number)

    def act() -> Signature:
        return actions.sign_with_scan(
            viewer=request.viewer,
            number=number,
            site=site_of(request),
            digest=request.POST.get("digest", ""),
            names=request.POST.get("names", ""),
            printed=request.POST.get("printed", ""),
            files=read_uploads(request.FILES.getlist("files")),
            at=datetime.now(UTC),
        )

    return _sign(request, number, "scan", act)


def _sign(request: PageRequest, number: str, way: str, act: Callable[[], Signature]) -> HttpResponse:
    """Sign, and show the page with what came of it."""
    try:
        act()
    except _Waiting as wait:
        faults, status = {"answer": [wait.text]}, 429
    except Invalid as error:
        faults, status = dict(error.fields), error.status
    except (Conflict, Forbidden) as error:
        faults, status = {"": [error.message]}, error.status
    else:
        statement = access_statement(request.viewer, number)
        text = _("Signed. The statement is locked: both sides have signed it.")
        if statement.locked_at is None:
            text = _("Signed. The statement is locked when the other side has signed it, too.")
        messages.success(request, text)
        return HttpResponseRedirect(resolve_url("appraisal:statement_sign", number), status=303)
    return _page(request, access_statement(request.viewer, number), way=way, faults=faults, status=status)


class _Waiting(Exception):  # noqa: N818 - an answer, not an error
    """Too many wrong answers: one has to wait."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def _shown(request: PageRequest, now: datetime) -> actions.Shown | None:
    """By what the person has shown, with this very form or at another party within a quarter of an hour, that it is
    them; None where they have not. A wrong answer counts as one. Raises _Waiting.
    """
    person = cast(Person, request.user)
    if not can_confirm(person):
        return "elsewhere" if is_confirmed(request, now) else None
    answer = request.POST.get("answer", "")
    if not answer:
        return None
    attempt = Try(CODES, person.login, address_of(request))
    until = wait_until(attempt, now)
    if until is not None:
        raise _Waiting(wait_text(until, now))
    shown = shown_by(person, answer, now)
    if shown is None:
        note_failure(attempt, now)
        raise Invalid({"answer": _("This is not your password, and no code that counts.")})
    return shown


# --- the page


def _page(
    request: PageRequest,
    statement: Statement,
    *,
    way: str = "",
    faults: Faults | None = None,
    status: int = 200,
) -> HttpResponse:
    viewer, person, site = request.viewer, cast(Person, request.user), site_of(request)
    show_contract(request, key=statement.scope.key, scope_id=statement.scope_id)
    content = None if statement.digest is None else frozen_of(statement)
    refusal = refusal_of(viewer, statement)
    ways = [] if refusal is not None or content is None else ways_of(person, site, signing_of(content))
    faults = dict(faults or {})
    general = faults.pop("", []) + faults.pop("method", [])
    context: dict[str, Any] = {
        "statement": statement,
        "statement_url": _statement_url(statement),
        "contract_title": contract_title(statement),
        "summary": None if content is None else summary_of(statement, content),
        "digest": digest_of(statement),
        "refusal": "" if refusal is None else refusal.message,
        "is_signable": refusal is None,
        "ways": {one.key: one for one in ways},
        "options": _ask(request, statement, ways),
        "sentence": actions.sentence_of(person, statement),
        "signatures": signature_rows(statement),
        "failed": way,
        "general": [text for text in general if refusal is None or text != refusal.message],
        "faults": faults,
        "typed": {name: request.POST.get(name, "") for name in ("names", "printed")},
        "can_confirm": can_confirm(person),
        "is_confirmed": is_confirmed(request, datetime.now(UTC)),
        "accepted": ACCEPTED,
        "largest": MOST_BYTES,
        "longest_names": LONGEST_NAMES,
        "printed_characters": PRINTED_CHARACTERS,
    }
    return render(request, "appraisal/signing/sign.html", context, status=status)


def _ask(request: PageRequest, statement: Statement, ways: list[Way]) -> str:
    """What the browser is asked for; "" where one cannot sign by passkey."""
    if not any(way.key == "passkey" and way.is_open for way in ways):
        return ""
    now, person = datetime.now(UTC), cast(Person, request.user)
    side = request.viewer.organisation_kind
    document, options = actions.ask_passkey(person, statement, side, site_of(request), now)
    keep_asked(request.session, document, now)
    return options


def _statement_url(statement: Statement) -> str:
    try:
        return reverse("appraisal:statement", args=[statement.number])
    except NoReverseMatch:
        return ""
