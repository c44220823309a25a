"""What people enter for a draft: values, marks, events, that there was none; and the withdrawal of it.

Nobody changes what somebody entered: it is withdrawn, and entered anew. Evidence comes as files with the entry.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.contracts.queries import terms_of_version
from yunheng.contracts.scoring.grammar import PARTIES
from yunheng.contracts.scoring.reading import Rules
from yunheng.desk.models import Ticket
from yunheng.foundation import wording
from yunheng.foundation.access import Viewer
from yunheng.foundation.attachments import FileDraft
from yunheng.foundation.flow import update_subject
from yunheng.foundation.identity import uuid7
from yunheng.foundation.refusals import Forbidden, Invalid, NotFound
from yunheng.logic.canonical import instant
from yunheng.logic.score import Banded, Item, PassFail, Rating, text_of

from ...entered import Entered, check_entered, is_entered
from ...models import Statement, StatementInput
from ...score_words import ScoreWords
from ..computing import rules_in
from ..inputs import entered_from, rated_items, standing_inputs
from ..raters import rating_roles
from ..wording import rater_name
from .basis import (
    begin,
    conflicting,
    name_of,
    now_or,
    number_text,
    organisation_of,
    required_text,
    short_text,
    side_of,
    told,
    write_entry,
)

Kind = StatementInput.Kind
_MOST_FIGURES: Final = 12  #: before the point
_PLACES: Final = 6  #: decimal places that are kept


@transaction.atomic
def enter_value(
    viewer: Viewer,
    number: str,
    item: str,
    value: Decimal | str | None,
    note: str = "",
    files: Sequence[FileDraft] = (),
    *,
    recorded_at: datetime | None = None,
) -> StatementInput:
    """Enter what an item reads that is not measured, in its own unit: per cent, seconds, or a number.

    None means "not applicable" and needs a note; of an item that people rate, that there is nothing to rate. Needs
    `appraisal.enter`. Writes "appraisal.value_entered". Raises NotFound, Forbidden, Conflict, Invalid naming the
    field.
    """
    statement, rules = _draft(viewer, number, "appraisal.enter")
    found = _item(rules, item)
    is_rated = isinstance(found.rule, Rating)
    if not is_rated and not is_entered(found, rules):
        raise Invalid(
            {
                "item": _("The value of “%(item)s” is not entered: it is measured, or there is none.")
                % {"item": item}
            }
        )
    if is_rated and value is not None:
        raise Invalid({"item": _("“%(item)s” is rated by people: enter marks.") % {"item": item}})
    number_given = None if value is None else _number("value", value)
    if number_given is not None:
        _check_unit(rules, found, number_given)
    kept = required_text("note", note) if value is None else short_text("note", note)
    row = StatementInput(kind=Kind.VALUE, key=item, value=number_given, note=kept)
    _refuse_twice(statement, "item", [Kind.VALUE, Kind.MARK] if is_rated else [Kind.VALUE], item)
    return _keep(viewer, statement, rules, row, "appraisal.value_entered", files, recorded_at)


@transaction.atomic
def enter_mark(
    viewer: Viewer,
    number: str,
    item: str,
    role: str,
    value: Decimal | str,
    reason: str = "",
    files: Sequence[FileDraft] = (),
    *,
    rater: str = "",
    recorded_at: datetime | None = None,
) -> StatementInput:
    """Rate an item in one of the raters' words of the scheme, or enter the mark of somebody who is named (`rater`).

    Somebody rates in a word that the contract gives to one of their roles; marks of others are entered by who holds
    such a role. A mark below the scheme's bound needs a reason. Needs `appraisal.rate`. Writes "appraisal.marked".
    Raises NotFound, Forbidden, Conflict, Invalid naming the field.
    """
    statement, rules = _draft(viewer, number, "appraisal.rate")
    found = _item(rules, item)
    rule = found.rule
    if not isinstance(rule, Rating):
        raise Invalid({"item": _("“%(item)s” is not rated by people.") % {"item": item}})
    words = [one.role for one in rule.raters]
    if role not in words:
        raise Invalid(
            {
                "role": _("“%(role)s” does not rate here. Who rates: %(roles)s.")
                % {"role": role[:40], "roles": ", ".join(map(rater_name, words))}
            }
        )
    allowed = rating_roles(terms_of_version(statement.contract_version_id), role)
    if not allowed & viewer.roles_in(statement.scope_id):
        raise Forbidden(
            _("Marks as “%(role)s” are entered by: %(roles)s.")
            % {"role": rater_name(role), "roles": ", ".join(rater_name(one) for one in sorted(allowed))},
            permission="appraisal.rate",
        )
    mark = _number("value", value)
    if not rule.low <= mark <= rule.high:
        raise Invalid(
            {
                "value": _("A mark lies between %(low)s and %(high)s.")
                % {"low": text_of(rule.low), "high": text_of(rule.high)}
            }
        )
    why = short_text("reason", reason)
    if rule.reason_below is not None and mark < rule.reason_below and not why:
        raise Invalid(
            {"reason": _("A mark below %(bound)s needs a reason.") % {"bound": text_of(rule.reason_below)}},
            code="reason_missing",
        )
    who = short_text("rater", rater)[:150] or name_of(viewer)
    _refuse_twice(statement, "item", [Kind.VALUE], item)
    if _standing(statement).filter(kind=Kind.MARK, key=item, rater=who).exists():
        raise conflicting(
            "rated_twice",
            _("%(rater)s has rated “%(item)s” already. Withdraw that mark first.")
            % {"rater": who, "item": ScoreWords(rules).item(item)},
            statement.state,
        )
    row = StatementInput(kind=Kind.MARK, key=item, value=mark, reason=why, role=role, rater=who)
    return _keep(viewer, statement, rules, row, "appraisal.marked", files, recorded_at)


@transaction.atomic
def enter_event(
    viewer: Viewer,
    number: str,
    kind: str,
    occurred_at: datetime,
    quantity: Decimal | str = Decimal(1),
    party: str = "provider",
    note: str = "",
    subject: str = "",
    files: Sequence[FileDraft] = (),
    *,
    recorded_at: datetime | None = None,
) -> StatementInput:
    """Propose an event of a kind that the scheme knows and that no clock brings, with the party liable for it.

    `quantity` is in the unit of the kind, `subject` the number of a ticket it is about. Needs `appraisal.enter`.
    Writes "appraisal.event_proposed". Raises NotFound, Forbidden, Conflict, Invalid naming the field: an instant
    outside the period, a kind or party that is not known, a ticket that is not of the contract.
    """
    statement, rules = _draft(viewer, number, "appraisal.enter")
    _require_kind(rules, kind)
    now = now_or(recorded_at)
    _check_instant(statement, occurred_at, now)
    amount = _number("quantity", quantity)
    if amount <= 0:
        raise Invalid({"quantity": _("More than 0.")})
    if party not in PARTIES:
        raise Invalid({"party": _("One of: %(choices)s.") % {"choices": ", ".join(PARTIES)}})
    about = short_text("subject", subject)
    if about and not Ticket.objects.filter(scope_id=statement.scope_id, number=about).exists():
        raise Invalid({"subject": _("The contract has no ticket %(number)s.") % {"number": about[:64]}})
    text = required_text("note", note)
    _refuse_twice(statement, "kind", [Kind.NONE_HAPPENED], kind)
    row = StatementInput(
        kind=Kind.EVENT,
        key=kind,
        event_key=f"{kind}/{uuid7()}",
        quantity=amount,
        party=party,
        occurred_at=occurred_at,
        note=text,
        subject=about,
    )
    return _keep(viewer, statement, rules, row, "appraisal.event_proposed", files, recorded_at)


@transaction.atomic
def say_none_happened(
    viewer: Viewer, number: str, kind: str, note: str = "", *, recorded_at: datetime | None = None
) -> StatementInput:
    """Say that there was no event of a kind in the period: what nobody says is lacking. Needs `appraisal.enter`.

    Writes "appraisal.none_happened". Raises NotFound, Forbidden, Conflict, Invalid for "kind".
    """
    statement, rules = _draft(viewer, number, "appraisal.enter")
    _require_kind(rules, kind)
    _refuse_twice(statement, "kind", [Kind.NONE_HAPPENED, Kind.EVENT], kind)
    row = StatementInput(kind=Kind.NONE_HAPPENED, key=kind, note=short_text("note", note))
    return _keep(viewer, statement, rules, row, "appraisal.none_happened", (), recorded_at)


@transaction.atomic
def withdraw_input(
    viewer: Viewer, number: str, uuid: UUID, reason: str, *, recorded_at: datetime | None = None
) -> StatementInput:
    """Withdraw what was entered; it stays to be read, and counts no more. For those who entered it on their side, and
    for whoever issues the statement. Needs `appraisal.enter`. Writes "appraisal.input_withdrawn".

    Raises NotFound, Forbidden, Conflict, Invalid for "reason".
    """
    why = required_text("reason", reason)
    statement = begin(viewer, number, "appraisal.enter", states=["drafted"])
    row = StatementInput.objects.filter(statement=statement, uuid=uuid).first()
    if row is None:
        raise NotFound(_("There is no such input."))
    if row.withdrawn_at is not None:
        raise conflicting("withdrawn", _("This was withdrawn already."), statement.state)
    if row.side != side_of(viewer) and not viewer.may("appraisal.issue", statement.scope_id):
        raise Forbidden(_("Only the side that entered it, or who issues the statement, may withdraw it."))
    now = now_or(recorded_at)
    row.withdrawn_at, row.withdrawn_by, row.why_withdrawn = now, name_of(viewer), why
    row.save(update_fields=["withdrawn_at", "withdrawn_by", "why_withdrawn"])
    shared = {
        **told(statement),
        "input": str(row.uuid),
        "kind_of_input": row.kind,
        "key": row.key,
        "reason": why,
    }
    update_subject(statement, {}, viewer=viewer)
    write_entry(statement, "appraisal.input_withdrawn", viewer=viewer, now=now, shared=shared)
    return row


# --- inside ---------------------------------------------------------------------------------------------------------


def _draft(viewer: Viewer, number: str, permission: str) -> tuple[Statement, Rules]:
    statement = begin(viewer, number, permission, states=["drafted"])
    rules = rules_in(terms_of_version(statement.contract_version_id))
    if statement.kind != rules.scheme.period:
        raise Invalid(
            {
                "number": _("%(number)s is made of signed statements; nothing is entered for it.")
                % {"number": number}
            }
        )
    return statement, rules


def _standing(statement: Statement) -> Any:
    return StatementInput.objects.filter(statement=statement, withdrawn_at=None)


def _item(rules: Rules, key: str) -> Item:
    found = next((item for item in rules.scheme.items() if item.key == key), None)
    if found is None:
        known = ", ".join(item.key for item in rules.scheme.items())
        text = _("The scheme has no item “%(item)s”. It has: %(known)s.")
        raise Invalid({"item": text % {"item": key[:40], "known": known}})
    return found


def _require_kind(rules: Rules, kind: str) -> None:
    by_clock = {source.kind for source in rules.event_sources()}
    known = [one for one in rules.scheme.events if one not in by_clock]
    if kind in by_clock:
        text = _("Events of the kind “%(kind)s” follow from clocks and are not entered.")
        raise Invalid({"kind": text % {"kind": ScoreWords(rules).event_kind(kind)}})
    if kind not in known:
        text = _("The scheme knows no events of the kind “%(kind)s”. It knows: %(known)s.")
        raise Invalid({"kind": text % {"kind": kind[:40], "known": ", ".join(known) or "–"}})


def _number(field: str, value: Decimal | str) -> Decimal:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise Invalid({field: _("“%(text)s” is no number.") % {"text": str(value)[:40]}}) from None
    exponent = number.as_tuple().exponent if number.is_finite() else None
    if (
        not isinstance(exponent, int) or number.adjusted() >= _MOST_FIGURES
    ):  # no arithmetic with a huge exponent
        raise Invalid({field: _("“%(text)s” is no number that can be used.") % {"text": str(value)[:40]}})
    if exponent < -_PLACES:
        raise Invalid({field: _("At most %(count)d decimal places.") % {"count": _PLACES}})
    return number


def _check_unit(rules: Rules, item: Item, value: Decimal) -> None:
    """Raise Invalid for "value" unless it is one of the item's unit, and its rule knows what to do with it."""
    unit = rules.value_sources()[item.reads].unit
    if isinstance(item.rule, PassFail) and value not in (0, 1):
        raise Invalid({"value": _("1 for passed, 0 for failed.")}, code="unit")
    if unit == "percent" and not 0 <= value <= 100:
        raise Invalid({"value": _("A share lies between 0 and 100 per cent.")}, code="unit")
    if value < 0:
        raise Invalid({"value": _("Not less than 0.")}, code="unit")
    if isinstance(item.rule, Banded) and not any(value in band.interval for band in item.rule.bands):
        raise Invalid(
            {"value": _("No band of “%(item)s” holds this value.") % {"item": item.key}}, code="unit"
        )


def _check_instant(statement: Statement, occurred_at: datetime, now: datetime) -> None:
    if occurred_at.utcoffset() is None:
        raise Invalid({"occurred_at": _("Give the time zone too, for example 2026-04-01T09:30:00+08:00.")})
    if occurred_at > now:
        raise Invalid({"occurred_at": _("This lies in the future.")})
    if not statement.begins_at <= occurred_at < statement.ends_at:
        raise Invalid(
            {
                "occurred_at": _("This is not in the period, which runs from %(begin)s to %(end)s.")
                % {
                    "begin": wording.exact_instant(statement.begins_at),
                    "end": wording.exact_instant(statement.ends_at),
                }
            },
            code="outside_period",
        )


def _refuse_twice(statement: Statement, field: str, kinds: Sequence[str], key: str) -> None:
    there = _standing(statement).filter(kind__in=kinds, key=key).first()
    if there is not None:
        raise conflicting(
            "entered_already",
            _("%(who)s entered something for “%(key)s” already. Withdraw that first.")
            % {"who": there.entered_by, "key": key},
            statement.state,
        )


def _keep(
    viewer: Viewer,
    statement: Statement,
    rules: Rules,
    row: StatementInput,
    entry_type: str,
    files: Sequence[FileDraft],
    recorded_at: datetime | None,
) -> StatementInput:
    now = now_or(recorded_at)
    row.statement = statement
    row.side, row.entered_by, row.entered_for = side_of(viewer), name_of(viewer), organisation_of(viewer)
    row.entered_at = now
    _check_together(statement, rules, row)
    update_subject(statement, {}, viewer=viewer)
    shared = {**told(statement), **_said(row)}
    row.entry_id = write_entry(
        statement, entry_type, viewer=viewer, now=now, shared=shared, personal=_personal(row), files=files
    )
    row.save(force_insert=True)
    return row


def _check_together(statement: Statement, rules: Rules, row: StatementInput) -> None:
    """What is entered has to fit the scheme with all that was entered before."""
    entered: Entered = entered_from([*standing_inputs(statement), row], (), rated=rated_items(statement))
    check_entered(entered, rules)


def _said(row: StatementInput) -> dict[str, Any]:
    """What the entry says of an input: what it is, not the names."""
    data: dict[str, Any] = {
        "input": str(row.uuid),
        "kind_of_input": row.kind,
        "key": row.key,
        "side": row.side,
        "value": None if row.value is None else number_text(row.value),
    }
    if row.kind == Kind.EVENT:
        assert row.quantity is not None and row.occurred_at is not None
        data |= {
            "event": row.event_key,
            "quantity": number_text(row.quantity),
            "party": row.party,
            "at": instant(row.occurred_at),
            "ticket": row.subject or None,
        }
    for name in ("note", "reason", "role"):
        if getattr(row, name):
            data[name] = getattr(row, name)
    return data


def _personal(row: StatementInput) -> dict[str, Any] | None:
    return {"rater": row.rater} if row.rater else None
