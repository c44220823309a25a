"""Decides appeals: each side casts a vote, what both want alike is the decision; then the score is computed anew."""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.accounts.holders import people_in_roles, people_with
from yunheng.contracts.models import Contract
from yunheng.contracts.scoring.grammar import PARTIES
from yunheng.foundation.access import SYSTEM_VIEWER, Viewer
from yunheng.foundation.flow import update_subject
from yunheng.foundation.refusals import Invalid
from yunheng.logic.appraisal import Ballot, Change, agreed, faults_of_change
from yunheng.logic.appraisal.decisions import VERDICTS
from yunheng.logic.score import reads_of

from ...models import Appeal, AppealVote, Statement
from ...scored_period import read_scored_period
from ..computing import Computed, compute, head_of
from ..contesting import targets_of
from ..freezing import freeze
from ..inputs import entered_of
from ..queries import access_statement, appeals_of, frozen_of
from ..telling import tell_of_decision, tell_of_escalation
from .answering import access_appeal
from .basis import (
    begin,
    conflicting,
    name_of,
    now_or,
    organisation_of,
    require_state,
    required_text,
    scored,
    side_of,
    step,
    told,
    write_entry,
)
from .drafting import columns_of


@transaction.atomic
def vote(
    viewer: Viewer,
    number: str,
    uuid: UUID,
    decision: str,
    change: Mapping[str, Any],
    reason: str,
    *,
    recorded_at: datetime | None = None,
) -> Appeal:
    """Say for one's side how an appeal is to be decided; it may be said anew until both sides want the same.

    `decision` is upheld, partly or rejected. `change` is what it changes: of an event {"drop": true}, {"quantity":
    "2"} or {"party": "client"}; of an item {"value": "98.5"} or, where people rate, {"mark": "4"}; {} for a rejected
    one. Needs `appraisal.arbitrate`. Writes "appraisal.voted", and with the second side's agreement
    "appraisal.decided". Raises NotFound, Forbidden, Conflict, Invalid for "decision", "change" and "reason".
    """
    why = required_text("reason", reason)
    if decision not in VERDICTS:
        raise Invalid({"decision": _("One of: %(choices)s.") % {"choices": ", ".join(VERDICTS)}})
    statement = begin(viewer, number, "appraisal.arbitrate", states=["appealed"])
    side = side_of(viewer)
    row = access_appeal(statement, uuid)
    if row.decision:
        raise conflicting("decided", _("This appeal is decided already."), statement.state)
    wanted = _change(statement, row, decision, change)
    now = now_or(recorded_at)
    AppealVote.objects.update_or_create(
        appeal=row,
        side=side,
        defaults={
            "decision": decision,
            "change": wanted.plain(),
            "reason": why,
            "voted_by": name_of(viewer),
            "voted_for": organisation_of(viewer),
            "voted_at": now,
        },
    )
    update_subject(statement, {}, viewer=viewer)
    about = _about(statement, row)
    shared = {**about, "side": side, "decision": decision, "change": wanted.plain(), "reason": why}
    write_entry(statement, "appraisal.voted", viewer=viewer, now=now, shared=shared)
    outcome = agreed(
        [
            Ballot(one.side, one.decision, Change.of(one.change))  # type: ignore[arg-type]
            for one in AppealVote.objects.filter(appeal=row)
        ]
    )
    if outcome is not None:
        row.decision, row.change, row.decided_at = outcome.verdict, outcome.change.plain(), now
        row.save(update_fields=["decision", "change", "decided_at"])
        shared = {**about, "decision": row.decision, "change": row.change}
        write_entry(statement, "appraisal.decided", viewer=viewer, now=now, shared=shared)
    return row


def close_arbitration(viewer: Viewer, number: str, *, recorded_at: datetime | None = None) -> Statement:
    """Close the arbitration when every appeal is decided: the score is computed anew from the decisions, at the log
    position of before, and frozen anew. Needs `appraisal.arbitrate`. Writes "appraisal.arbitrated".

    Raises NotFound, Forbidden, Conflict, Invalid for "appeals" naming what is not decided.
    """
    statement = access_statement(viewer, number)
    viewer.require("appraisal.arbitrate", statement.scope_id)
    side_of(viewer)
    require_state(statement, ["appealed"])
    _require_decided(statement)
    seen = statement.row_version
    now = now_or(recorded_at)
    columns = _outcome(statement, now)
    with transaction.atomic():
        statement = begin(viewer, number, "appraisal.arbitrate", row_version=seen, states=["appealed"])
        _close(viewer, statement, columns, now)
    return statement


def let_stand(statement: Statement, now: datetime) -> Statement:
    """The term of the arbitration went by, and by the contract what is not decided stands as it was issued: those
    appeals are rejected, and the arbitration is closed with what was decided. For the sweep, which holds the row.

    Writes "appraisal.decided" for each, with "is_overdue", then "appraisal.arbitrated".
    """
    for row in appeals_of(statement):
        if row.decision:
            continue
        row.decision, row.change, row.decided_at = "rejected", {}, now
        row.save(update_fields=["decision", "change", "decided_at"])
        shared = {**_about(statement, row), "decision": row.decision, "change": {}, "is_overdue": True}
        write_entry(statement, "appraisal.decided", viewer=SYSTEM_VIEWER, now=now, shared=shared)
    return _close(SYSTEM_VIEWER, statement, _outcome(statement, now), now, is_overdue=True)


def escalate(statement: Statement, roles: Sequence[str], now: datetime) -> None:
    """The term of the arbitration went by, and by the contract those in these roles are told (none: whoever
    arbitrates). For the sweep, which holds the row. Writes "appraisal.escalated".
    """
    people = list(
        people_in_roles(statement.scope_id, roles)
        if roles
        else people_with(statement.scope_id, "appraisal.arbitrate")
    )
    shared = {
        **told(statement),
        "roles": list(roles),
        "open": sum(not one.decision for one in appeals_of(statement)),
    }
    entry_id = write_entry(
        statement,
        "appraisal.escalated",
        viewer=SYSTEM_VIEWER,
        now=now,
        shared=shared,
        personal={"told": [{"id": str(one.uuid), "name": one.name} for one in people]},
    )
    tell_of_escalation(statement, people, entry_id, now)


def _outcome(statement: Statement, now: datetime) -> dict[str, Any]:
    """What the statement's row becomes when its decisions are carried out."""
    computed = recomputed(statement)
    columns = columns_of(computed)
    after = copy(statement)
    for name, value in columns.items():
        setattr(after, name, value)
    frozen = freeze(after, computed)
    return columns | {
        "frozen": frozen.data,
        "digest": frozen.digest,
        "arbitrated_at": now,
        "next_check_at": None,
    }


def _close(
    viewer: Viewer,
    statement: Statement,
    columns: Mapping[str, Any],
    now: datetime,
    *,
    is_overdue: bool = False,
) -> Statement:
    before = {"value": statement.value, "payable": statement.payable}
    for name, value in columns.items():
        setattr(statement, name, value)
    shared = {
        **told(statement),
        **scored(statement),
        "size": len(columns["frozen"]),
        "before": {name: None if one is None else f"{one:f}" for name, one in before.items()},
        **({"is_overdue": True} if is_overdue else {}),
    }
    entry_id = step(
        statement,
        "arbitrate",
        "appraisal.arbitrated",
        viewer=viewer,
        now=now,
        columns=columns,
        shared=shared,
    )
    tell_of_decision(statement, entry_id, now, is_overdue=is_overdue)
    return statement


def _about(statement: Statement, row: Appeal) -> dict[str, Any]:
    return {**told(statement), "appeal": str(row.uuid), "item": row.item, "event": row.event or None}


def recomputed(statement: Statement) -> Computed:
    """A statement computed once more at the log position that it was issued at, with what was decided since."""
    contract = Contract.objects.select_related("scope", "provider", "client").get(pk=statement.scope_id)
    return compute(
        contract,
        read_scored_period(statement.period),
        entered=entered_of(statement),
        now=statement.evaluated_at,
        head=head_of(statement),
        before=statement.reverses,
    )


def _require_decided(statement: Statement) -> None:
    open_ones = [row for row in appeals_of(statement) if not row.decision]
    if open_ones:
        raise Invalid(
            {
                "appeals": [
                    _("“%(item)s” is not decided yet.") % {"item": row.event or row.item} for row in open_ones
                ]
            },
            code="undecided",
        )


def _change(statement: Statement, row: Appeal, decision: str, change: Mapping[str, Any]) -> Change:
    """The change that is asked for. Raises Invalid for "change"."""
    try:
        wanted = Change.of(change)
    except ValueError as error:
        raise Invalid({"change": str(error)}) from error
    faults = faults_of_change(
        decision,  # type: ignore[arg-type]
        wanted,
        is_event=bool(row.event),
        parties=PARTIES,
    )
    if faults:
        raise Invalid({"change": [_fault_text(fault) for fault in faults]})
    if not row.event and decision != "rejected":
        _check_item(statement, row, wanted)
    return wanted


def _check_item(statement: Statement, row: Appeal, wanted: Change) -> None:
    """An item that people rate has another mark on its scale, any other another value in its unit."""
    content = frozen_of(statement)
    targets = targets_of(content)
    terms = targets.items[row.item]
    if targets.rule(row.item) == "rating":
        scale = terms["rating"]["scale"]
        if wanted.mark is None:
            raise Invalid({"change": _("“%(item)s” is rated: decide on a mark.") % {"item": row.item}})
        if not Decimal(scale["from"]) <= wanted.mark <= Decimal(scale["to"]):
            raise Invalid(
                {
                    "change": _("A mark lies between %(low)s and %(high)s.")
                    % {"low": scale["from"], "high": scale["to"]}
                }
            )
        return
    if wanted.value is None:
        raise Invalid({"change": _("“%(item)s” reads a value: decide on another one.") % {"item": row.item}})
    unit = next(one["unit"] for one in content["measurements"] if one["reads"] == reads_of(terms))
    if wanted.value < 0 or (unit == "percent" and wanted.value > 100):
        raise Invalid({"change": _("This is no value of “%(item)s”.") % {"item": row.item}})


def _fault_text(fault: str) -> str:
    return {
        "needed": _("Say what changes; else reject the appeal."),
        "not_wanted": _("A rejected appeal changes nothing."),
        "one_only": _("One change at a time."),
        "not_of_event": _("An event is dropped, or has another quantity or liable party."),
        "not_of_item": _("An item has another value or mark."),
        "party": _("This is no party."),
        "no_number": _("Not less than 0."),
    }[fault]
