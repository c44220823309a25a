"""Drafts a statement, brings a draft up to date, gives one up, and drafts the one that reverses another."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract
from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import process_of, update_subject
from yunheng.foundation.numbering import next_number

from ...entered import NOTHING
from ...models import Statement, StatementInput
from ...scored_period import ScoredPeriod, read_scored_period
from ..computing import SIGNED, Computed, bounds, compute, newest_head, seal_all
from ..inputs import entered_of
from ..queries import access_statement
from .basis import (
    KIND_CODE,
    begin,
    conflicting,
    name_of,
    now_or,
    require_state,
    required_text,
    scored,
    step,
    told,
    write_entry,
)
from .deadlines import ends_at_of, next_check


def draft_statement(
    viewer: Viewer,
    contract_key: str,
    period_name: str,
    *,
    recorded_at: datetime | None = None,
) -> Statement:
    """Draft the statement of a period ("2026-04", "2026-Q2", "2026") of a contract, at the newest signed head.

    The running period may be drafted; issuing comes after it. Needs `appraisal.draft`. Writes "appraisal.drafted".
    Raises NotFound, Forbidden, Unscored where the contract scores nothing, Invalid for "period", and Conflict (code
    "exists") where the period has a statement that was not given up.
    """
    contract = access_contract(viewer, contract_key)
    viewer.require("appraisal.draft", contract.pk)
    period = read_scored_period(period_name)
    _require_free(contract, period)
    seal_all()
    computed = compute(contract, period, entered=NOTHING, now=now_or(recorded_at), head=newest_head(contract))
    with transaction.atomic():
        _lock_contract(contract)
        _require_free(contract, period)
        return _create(viewer, computed, now_or(recorded_at))


def refresh_draft(
    viewer: Viewer, number: str, row_version: int, *, recorded_at: datetime | None = None
) -> Statement:
    """Compute a draft anew at the newest signed head, with what was entered since. Needs `appraisal.draft`.

    Writes "appraisal.drafted". Raises NotFound, Forbidden, Conflict.
    """
    statement = access_statement(viewer, number)
    viewer.require("appraisal.draft", statement.scope_id)
    require_state(statement, ["drafted"])
    computed = computed_now(statement, now_or(recorded_at))
    with transaction.atomic():
        statement = begin(viewer, number, "appraisal.draft", row_version=row_version, states=["drafted"])
        values = columns_of(computed)
        update_subject(statement, values, viewer=viewer)
        shared = {**told(statement), **scored(statement), "is_new": False}
        write_entry(statement, "appraisal.drafted", viewer=viewer, now=now_or(recorded_at), shared=shared)
    return statement


@transaction.atomic
def discard_statement(
    viewer: Viewer, number: str, row_version: int, reason: str, *, recorded_at: datetime | None = None
) -> Statement:
    """Give a draft up. Needs `appraisal.draft`. Writes "appraisal.discarded".

    Raises NotFound, Forbidden, Conflict, Invalid for "reason".
    """
    why = required_text("reason", reason)
    statement = begin(viewer, number, "appraisal.draft", row_version=row_version, states=["drafted"])
    step(
        statement,
        "discard",
        "appraisal.discarded",
        viewer=viewer,
        now=now_or(recorded_at),
        columns={"reverses": None, "next_check_at": None},  # what it would have reversed may get another one
        shared=told(statement),
        form={"reason": why},
    )
    return statement


def reverse_statement(
    viewer: Viewer, number: str, reason: str, *, recorded_at: datetime | None = None
) -> Statement:
    """Draft the statement that takes the place of a locked one, which stays as it is until both have signed the new
    one.

    What was entered comes along with its files, and decisions of appeals hold on. Needs `appraisal.draft`. Writes
    "appraisal.drafted", and "appraisal.reversal_drafted" on the one that is to be reversed. Raises NotFound, Forbidden,
    Conflict, Invalid for "reason".
    """
    why = required_text("reason", reason)
    older = access_statement(viewer, number)
    viewer.require("appraisal.draft", older.scope_id)
    require_state(older, SIGNED)
    _require_unreversed(older)
    contract = _contract_of(older)
    seal_all()
    now = now_or(recorded_at)
    with transaction.atomic():
        older = begin(viewer, number, "appraisal.draft", states=SIGNED)
        _require_unreversed(older)
        period = read_scored_period(older.period)
        computed = compute(
            contract, period, entered=entered_of(older), now=now, head=newest_head(contract), before=older
        )
        statement = _create(viewer, computed, now, reverses=older, why=why)
        _bring_along(older, statement)
        shared = {**told(older), "reversed_by": statement.number, "reason": why}
        write_entry(older, "appraisal.reversal_drafted", viewer=viewer, now=now, shared=shared)
    return statement


# --- what others use ------------------------------------------------------------------------------------------------


def computed_now(statement: Statement, now: datetime) -> Computed:
    """A draft computed at the newest signed head, after sealing what waits, with what was entered."""
    contract = _contract_of(statement)
    seal_all()
    return compute(
        contract,
        read_scored_period(statement.period),
        entered=entered_of(statement),
        now=now,
        head=newest_head(contract),
        before=statement.reverses,
    )


def columns_of(computed: Computed) -> dict[str, Any]:
    """What a statement's row keeps of what was computed."""
    settled = computed.settled
    wanted = computed.rules.scheme.settlement
    return {
        "contract_version_id": computed.terms.version_id,
        "position": None if computed.head is None else computed.head.size,
        "evaluated_at": computed.evaluated_at,
        "value": computed.score.value,
        "grade": computed.score.grade or "",
        "vetoes": list(computed.score.vetoes),
        "fee": None if settled is None else settled.fee,
        "payable": None if settled is None else settled.payable,
        "currency": "" if settled is None or wanted is None else settled.currency,
    }


# --- inside ---------------------------------------------------------------------------------------------------------


def _create(
    viewer: Viewer,
    computed: Computed,
    now: datetime,
    *,
    reverses: Statement | None = None,
    why: str = "",
) -> Statement:
    contract, period = computed.contract, computed.period
    process = process_of("appraisal")
    today = now.astimezone(ZoneInfo(contract.scope.zone)).date()
    begins_at, ends_at = bounds(contract, period)
    statement = Statement(
        scope=contract.scope,
        number=next_number(contract.scope, KIND_CODE, today),
        state=process.initial,
        process_key=process.key,
        process_version=process.version,
        opened_at=now,
        kind=period.kind,
        period=period.name,
        begins_at=begins_at,
        ends_at=ends_at,
        edition=1 if reverses is None else reverses.edition + 1,
        reverses=reverses,
        why_reversed=why,
        drafted_by=name_of(viewer),
        drafted_at=now,
        **columns_of(computed),
    )
    if reverses is None:
        term = computed.agreement.issue_within
        # The period ends on its last day, which is the day that a term in working days does not count.
        begin = ends_at - timedelta(seconds=1) if term is not None and term.working_days else ends_at
        statement.issue_due_at = ends_at_of(computed.terms, term, begin)
        statement.next_check_at = next_check(statement)
    statement.save(force_insert=True)
    shared = {**told(statement), **scored(statement), "is_new": True, **({"reason": why} if why else {})}
    write_entry(statement, "appraisal.drafted", viewer=viewer, now=now, shared=shared)
    return statement


def _bring_along(older: Statement, statement: Statement) -> None:
    """What was entered for the one before and not withdrawn, with the entries that its files hang on."""
    rows = StatementInput.objects.filter(statement=older, withdrawn_at=None).order_by("pk")
    copies = []
    for row in rows:
        names = [
            f.name for f in StatementInput._meta.concrete_fields if f.name not in ("id", "uuid", "statement")
        ]
        copies.append(StatementInput(statement=statement, **{name: getattr(row, name) for name in names}))
    StatementInput.objects.bulk_create(copies)


def _require_free(contract: Contract, period: ScoredPeriod) -> None:
    there = (
        Statement.objects.filter(scope_id=contract.pk, period=period.name)
        .exclude(state__in=("discarded", "replaced"))
        .order_by("-edition")
        .values_list("number", "state")
        .first()
    )
    if there is None:
        return
    number, state = there
    if state in SIGNED:
        text = _("%(period)s is locked by %(number)s. Only a statement that reverses it can change it.")
    else:
        text = _("%(period)s has a statement already: %(number)s.")
    raise conflicting("exists", text % {"period": period.label, "number": number}, state)


def _require_unreversed(older: Statement) -> None:
    newer = Statement.objects.filter(reverses=older).values_list("number", flat=True).first()
    if newer is not None:
        raise conflicting(
            "exists",
            _("%(number)s is being reversed already, by %(newer)s.")
            % {"number": older.number, "newer": newer},
            older.state,
        )


def _contract_of(statement: Statement) -> Contract:
    return Contract.objects.select_related("scope", "provider", "client").get(pk=statement.scope_id)


def _lock_contract(contract: Contract) -> None:
    """Two people who draft the same period at once: the second finds the first one's."""
    Contract.objects.select_for_update(of=("self",)).get(pk=contract.pk)
