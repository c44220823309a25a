"""What the clocks of a ticket would promise: of one that is not opened yet, or one whose priority would change."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import get_language, ngettext

from yunheng.contracts.terms import ContractTerms, label_in
from yunheng.foundation import wording
from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import process_of
from yunheng.logic.clock import ClockState, ClockStatus, Fact, Goal, fold
from yunheng.logic.facts import FactKind
from yunheng.logic.worktime import HorizonError
from yunheng.sla.queries import PlannedClock, facts_of, plan_clocks
from yunheng.sla.wording import Mark, mark_of, no_clock_text, used_percent

from .listing import is_clock_for
from .models import Ticket


@dataclass(frozen=True, slots=True)
class Promise:
    """One clock as it would be. `due_at` is None where it has not begun, stands still, or is over."""

    key: str
    label: str
    audience: str
    goal: str
    calendar: str
    due_at: datetime | None
    was_due_at: datetime | None = None
    mark: Mark = "running"
    note: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether it would be due at another time than now."""
        return self.due_at != self.was_due_at


def goal_text(goal: Goal | None) -> str:
    """ "30 min", "3 working days"; a dash where there is no goal."""
    if goal is None:
        return wording.DASH
    if goal.working_days is not None:
        return ngettext("%(n)s working day", "%(n)s working days", goal.working_days) % {
            "n": goal.working_days
        }
    return wording.duration(goal.seconds)


def promises_of_new(
    viewer: Viewer,
    scope_id: int,
    *,
    kind: str,
    terms: ContractTerms,
    service: str,
    priority: str,
    at: datetime,
) -> list[Promise]:
    """The clocks of a ticket that would be opened at an instant, those with a goal (1 query)."""
    seconds = int(at.timestamp())
    specs = process_of(kind).opening.facts
    facts = [Fact(seconds, place, spec.kind, spec.term) for place, spec in enumerate(specs)]
    facts.append(Fact(seconds, len(facts), FactKind.PROFILED, terms.profile(service, priority)))
    promises = []
    for planned in plan_clocks(scope_id, facts):
        detail = planned.detail
        if detail is None or not (viewer.may("entry.internal", scope_id) or detail.audience == "client"):
            continue
        promise = _promise(planned, facts, seconds)
        if promise is not None:
            promises.append(promise)
    return promises


def promises_changed(
    viewer: Viewer, ticket: Ticket, *, service: str, priority: str, now: datetime
) -> list[Promise]:
    """The clocks of a ticket if it had another service and priority from now on, beside what they are (2 queries)."""
    seconds = int(now.timestamp())
    facts = facts_of(scope_id=ticket.scope_id, subject_id=ticket.pk)
    last = max((fact.seq for fact in facts), default=0) + 1
    changed = [*facts, Fact(seconds, last, FactKind.PROFILED, f"{service}|{priority}")]
    promises = []
    for planned in plan_clocks(ticket.scope_id, facts):
        if planned.detail is None or not is_clock_for(viewer, ticket, planned.detail):
            continue
        promise = _promise(planned, changed, seconds, before=facts)
        if promise is not None:
            promises.append(promise)
    return promises


def _promise(
    planned: PlannedClock, facts: list[Fact], now: int, before: list[Fact] | None = None
) -> Promise | None:
    """The clock under those facts; None where it has neither a goal nor a reason for having none."""
    terms, policy, detail = planned.terms, planned.policy, planned.detail
    assert terms is not None and detail is not None
    label = label_in(detail.label, get_language() or "")
    if planned.reason or policy is None:
        return Promise(
            planned.kind,
            label,
            detail.audience,
            wording.DASH,
            "",
            None,
            None,
            "na",
            no_clock_text(planned.reason),
        )
    try:
        state = fold(facts, policy, terms.calendars, now)
        old = fold(before, policy, terms.calendars, now) if before is not None else None
    except HorizonError:
        return None
    goal = policy.goals.get(state.profile)
    if goal is None and (old is None or old.goal_seconds is None):
        return None
    return Promise(
        key=planned.kind,
        label=label,
        audience=detail.audience,
        goal=goal_text(goal),
        calendar=goal.calendar if goal else "",
        due_at=_due(state),
        was_due_at=_due(old) if old is not None else None,
        mark=_mark(state),
        note=no_clock_text("no_target") if goal is None else "",
    )


def _due(state: ClockState) -> datetime | None:
    is_going = state.status in {ClockStatus.RUNNING, ClockStatus.PAUSED}
    return datetime.fromtimestamp(state.due_at, UTC) if is_going and state.due_at is not None else None


def _mark(state: ClockState) -> Mark:
    return mark_of(
        state.status,
        is_met=state.is_met,
        is_breached=state.breached_at is not None,
        used_percent=used_percent(state.elapsed_seconds, state.goal_seconds),
    )
