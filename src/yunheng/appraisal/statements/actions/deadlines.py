"""When a term of a statement ends, by the contract's calendar, and when the sweep has to look at it next."""

from datetime import UTC, datetime, timedelta
from typing import Final

from yunheng.contracts.appraisal_section.agreement import AppraisalTerms
from yunheng.contracts.queries import terms_of_version
from yunheng.contracts.terms import ContractTerms
from yunheng.logic.appraisal import Deadline
from yunheng.logic.appraisal.deadlines import remind_at
from yunheng.logic.worktime import HorizonError

from ...models import Rectification, Statement

#: People are reminded so long before a term ends, if it is at least twice as long.
NEAR: Final = timedelta(days=2)


def ends_at_of(terms: ContractTerms, term: Deadline | None, begins_at: datetime) -> datetime | None:
    """When a term ends that begins then; None without a term, and where the calendar ends before it."""
    if term is None:
        return None
    begin = int(begins_at.timestamp())
    agreed = terms.appraised_by
    if agreed.calendar is None:
        days = (term.working_days or 0) * 86_400
        return datetime.fromtimestamp(begin + (term.seconds or days), UTC)
    try:
        due = term.due_at(begin, terms.calendars[agreed.calendar])
    except HorizonError:
        return None
    return datetime.fromtimestamp(due, UTC)


def agreement_of(statement: Statement) -> tuple[ContractTerms, AppraisalTerms]:
    """The terms by which a statement goes its way."""
    terms = terms_of_version(statement.contract_version_id)
    return terms, terms.appraised_by


def next_check(
    statement: Statement, after: datetime | None = None, *, state: str | None = None
) -> datetime | None:
    """When the sweep looks at a statement next, later than `after`: at the reminder, then right after the term's end.
    `state`: the one that the statement is about to enter.
    """
    running = running_term(statement, state or statement.state)
    if running is None:
        return None
    begin, due = running
    return _next(begin, due, after)


def running_term(statement: Statement, state: str) -> tuple[datetime, datetime] | None:
    """The term that runs in a state of the statement, from when and until when; None where none does."""
    if state == "drafted" and statement.issue_due_at is not None:
        return statement.ends_at, statement.issue_due_at
    if state == "issued" and statement.answer_due_at is not None and statement.issued_at is not None:
        return statement.issued_at, statement.answer_due_at
    if state == "appealed" and statement.arbitration_due_at is not None:
        return statement.answered_at or statement.drafted_at, statement.arbitration_due_at
    return None


def next_check_of_order(order: Rectification, after: datetime | None = None) -> datetime | None:
    """The same for a rectification order that is still to be carried out."""
    return _next(order.opened_at, order.due_at, after) if order.state == "ordered" else None


def _next(begin: datetime, due: datetime, after: datetime | None) -> datetime | None:
    near = remind_at(int(begin.timestamp()), int(due.timestamp()), near_seconds=int(NEAR.total_seconds()))
    looks = (datetime.fromtimestamp(near, UTC), due + timedelta(seconds=1))
    return next((at for at in looks if after is None or at > after), None)
