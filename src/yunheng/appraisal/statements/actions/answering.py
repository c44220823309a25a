"""The provider's answer to a statement: accepted, or contested item by item; and the client's reply to an appeal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation import wording
from yunheng.foundation.access import SYSTEM_VIEWER, Viewer
from yunheng.foundation.attachments import FileDraft
from yunheng.foundation.flow import update_subject
from yunheng.foundation.refusals import Invalid, NotFound

from ...models import Appeal, Statement
from ..contesting import targets_of
from ..queries import frozen_of
from ..telling import tell_of_answer, tell_of_appeal, tell_of_reply
from .basis import (
    begin,
    conflicting,
    name_of,
    now_or,
    organisation_of,
    require_side,
    required_text,
    short_text,
    step,
    told,
    write_entry,
)
from .deadlines import agreement_of, ends_at_of, next_check


@dataclass(frozen=True, slots=True)
class Claim:
    """What is contested: an item, or one event within it, why, and what is asked for."""

    item: str
    argument: str
    claim: str
    event: str = ""


@transaction.atomic
def accept_statement(
    viewer: Viewer, number: str, row_version: int, opinion: str = "", *, recorded_at: datetime | None = None
) -> Statement:
    """Accept a statement for the provider; also after the term, where silence has not accepted it yet.

    Needs `appraisal.answer`. Writes "appraisal.accepted". Raises NotFound, Forbidden, Conflict, Invalid.
    """
    text = short_text("opinion", opinion)
    statement = begin(viewer, number, "appraisal.answer", row_version=row_version, states=["issued"])
    require_side(viewer, "provider")
    return _accept(viewer, statement, text, now_or(recorded_at), is_silence=False)


def accept_by_silence(statement: Statement, now: datetime) -> Statement:
    """The term went by without a word, and by the contract that accepts. For the sweep, which holds the row."""
    return _accept(SYSTEM_VIEWER, statement, "", now, is_silence=True)


@transaction.atomic
def appeal(
    viewer: Viewer,
    number: str,
    row_version: int,
    claims: Sequence[Claim],
    files: Sequence[FileDraft] = (),
    *,
    recorded_at: datetime | None = None,
) -> list[Appeal]:
    """Contest a statement for the provider: one appeal for each claim, all in one filing, within the contract's term.

    The evidence comes as files with the filing. Needs `appraisal.answer`. Writes "appraisal.appealed". Raises
    NotFound, Forbidden, Conflict, and Invalid: code "appeal_late" after the term, "claims" for something that is not
    in the statement, is named twice, or lacks argument or claim.
    """
    statement = begin(viewer, number, "appraisal.answer", row_version=row_version, states=["issued"])
    require_side(viewer, "provider")
    now = now_or(recorded_at)
    if statement.answer_due_at is not None and now > statement.answer_due_at:
        raise Invalid(
            {
                "number": _("The term for an appeal against %(number)s ended at %(at)s.")
                % {"number": statement.number, "at": wording.exact_instant(statement.answer_due_at)}
            },
            code="appeal_late",
        )
    kept = _checked(statement, claims)
    terms, agreed = agreement_of(statement)
    columns: dict[str, Any] = {
        "answered_by": name_of(viewer),
        "answered_for": organisation_of(viewer),
        "answered_at": now,
        "arbitration_due_at": ends_at_of(terms, agreed.arbitration_within, now),
    }
    rows = [
        Appeal(
            statement=statement,
            item=claim.item,
            event=claim.event,
            argument=claim.argument,
            claim=claim.claim,
            filed_by=name_of(viewer),
            filed_for=columns["answered_for"],
            filed_at=now,
        )
        for claim in kept
    ]
    shared = {
        **told(statement),
        "appeals": [
            {
                "appeal": str(row.uuid),
                "item": row.item,
                "event": row.event or None,
                "argument": row.argument,
                "claim": row.claim,
            }
            for row in rows
        ],
    }
    statement.answered_at, statement.arbitration_due_at = now, columns["arbitration_due_at"]
    columns["next_check_at"] = next_check(statement, state="appealed")
    entry_id = step(
        statement,
        "appeal",
        "appraisal.appealed",
        viewer=viewer,
        now=now,
        columns=columns,
        shared=shared,
        files=files,
    )
    for row in rows:
        row.entry_id = entry_id
        row.save(force_insert=True)
    tell_of_appeal(statement, len(rows), entry_id, now)
    return rows


@transaction.atomic
def answer_appeal(
    viewer: Viewer,
    number: str,
    uuid: UUID,
    text: str,
    files: Sequence[FileDraft] = (),
    *,
    recorded_at: datetime | None = None,
) -> Appeal:
    """Reply to an appeal for the client, once; before it is decided. Needs `appraisal.issue`.

    Writes "appraisal.appeal_answered". Raises NotFound, Forbidden, Conflict, Invalid for "text".
    """
    reply = required_text("text", text)
    statement = begin(viewer, number, "appraisal.issue", states=["appealed"])
    require_side(viewer, "client")
    row = access_appeal(statement, uuid)
    if row.decision:
        raise conflicting("decided", _("This appeal is decided already."), statement.state)
    if row.reply:
        raise conflicting("answered", _("This appeal was answered already."), statement.state)
    now = now_or(recorded_at)
    update_subject(statement, {}, viewer=viewer)
    shared = {**told(statement), "appeal": str(row.uuid), "item": row.item, "reply": reply}
    entry_id = write_entry(
        statement, "appraisal.appeal_answered", viewer=viewer, now=now, shared=shared, files=files
    )
    row.reply, row.replied_by, row.replied_for = reply, name_of(viewer), organisation_of(viewer)
    row.replied_at, row.reply_entry_id = now, entry_id
    row.save(update_fields=["reply", "replied_by", "replied_for", "replied_at", "reply_entry_id"])
    tell_of_reply(statement, entry_id, now)
    return row


def access_appeal(statement: Statement, uuid: UUID) -> Appeal:
    """An appeal against the statement. Raises NotFound."""
    row = Appeal.objects.filter(statement=statement, uuid=uuid).first()
    if row is None:
        raise NotFound(_("There is no such appeal."))
    return row


def _accept(
    viewer: Viewer, statement: Statement, opinion: str, now: datetime, *, is_silence: bool
) -> Statement:
    columns = {
        "answered_by": name_of(viewer),
        "answered_for": organisation_of(viewer),
        "answered_at": now,
        "answer": opinion,
        "is_accepted_by_silence": is_silence,
        "next_check_at": None,
    }
    entry_id = step(
        statement,
        "accept",
        "appraisal.accepted",
        viewer=viewer,
        now=now,
        columns=columns,
        shared={**told(statement), "is_silence": is_silence},
        form={"opinion": opinion} if opinion else {},
    )
    tell_of_answer(statement, entry_id, now)
    return statement


def _checked(statement: Statement, claims: Sequence[Claim]) -> list[Claim]:
    """The claims with their texts cleaned. Raises Invalid for "claims", naming the place of each faulty one."""
    if not claims:
        raise Invalid({"claims": _("Name at least one item.")})
    content = frozen_of(statement)
    if content["results"] is None:
        raise Invalid(
            {"claims": _("This is made of signed statements; what is in them was contested there.")}
        )
    targets = targets_of(content)
    faults: list[str] = []
    kept: list[Claim] = []
    seen: set[tuple[str, str]] = set()
    for place, claim in enumerate(claims, 1):
        try:
            cleaned = Claim(
                claim.item,
                required_text("argument", claim.argument),
                required_text("claim", claim.claim),
                claim.event,
            )
        except Invalid as refusal:
            faults.append(_("%(place)d: %(problem)s") % {"place": place, "problem": refusal.message})
            continue
        problem = targets.problem(claim.item, claim.event)
        if not problem and (claim.item, claim.event) in seen:
            problem = _("This is contested twice.")
        if problem:
            faults.append(_("%(place)d: %(problem)s") % {"place": place, "problem": problem})
        seen.add((claim.item, claim.event))
        kept.append(cleaned)
    if faults:
        raise Invalid({"claims": faults})
    return kept
