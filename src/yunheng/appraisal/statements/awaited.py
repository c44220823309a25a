"""What of statements, their appeals and rectification orders waits for somebody's side, and is theirs to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Any, Final, Literal

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from yunheng.contracts.queries import terms_of_version
from yunheng.contracts.terms import label_in
from yunheng.desk.awaited import Awaited, AwaitedList
from yunheng.foundation import wording
from yunheng.foundation.access import Viewer
from yunheng.logic.worktime import HorizonError, OpenTime, WorkingDays

from ..models import Appeal, AppealVote, Rectification, Side, Signature
from .listing import title_of_statement
from .queries import visible_orders, visible_statements

__all__ = ["SHOWN", "Step", "Waiting", "awaited_statements", "waiting_for"]

SHOWN: Final = 10  #: rows; the list of all statements has the others

Step = Literal["issue", "answer", "reply", "vote", "agree", "close", "sign", "settle", "rectify", "verify"]

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A statement or an order with the steps that it waits for and the viewer may make, and their term."""

    subject: Any
    steps: Sequence[Step]

    @property
    def until(self) -> datetime | None:
        """When the term of the step ends; None where it has none."""
        until: datetime | None = self.subject.until
        return until


def waiting_for(viewer: Viewer, *, now: datetime, most: int) -> tuple[list[Waiting], bool]:
    """The statements and orders in which the next word is the viewer's, the first due first, and whether there are more
    than `most`.

    A statement is issued by the client, accepted or contested by the provider, its appeals are decided, it is signed
    by both, and either settles what it makes payable; an order is carried out by the provider and verified by the
    client. (At most 2 queries; none for who may do nothing of it.)
    """
    side = viewer.organisation_kind
    if side not in Side.values:
        return [], False
    found = [*_statements(viewer, side, now, most), *_orders(viewer, side, most)]
    found.sort(key=lambda one: (one.until is None, one.until or _NEVER, -one.subject.pk))
    return found[:most], len(found) > most


def awaited_statements(viewer: Viewer, now: datetime) -> AwaitedList | None:
    """The first of them as the first page shows them; None where none is. (2 queries more for the terms of a version,
    once per process.)
    """
    found, has_more = waiting_for(viewer, now=now, most=SHOWN)
    if not found:
        return None
    return AwaitedList(
        heading=_("Statements to deal with"),
        noun=_("Statement"),
        rows=_rows(found, now),
        all_url=reverse("appraisal:statements"),
        all_text=_("All statements"),
        has_more=has_more,
    )


def _statements(viewer: Viewer, side: str, now: datetime, most: int) -> list[Waiting]:
    """Statements in a state in which the viewer's side has something to do that the viewer may do."""
    votes = AppealVote.objects.filter(appeal=OuterRef("pk"))
    has_own, has_other = Exists(votes.filter(side=side)), Exists(votes.exclude(side=side))
    is_next = Q(has_undecided=False) | Q(has_unvoted=True) | Q(has_differing=True)
    steps = [_may(viewer, "appraisal.arbitrate", Q(state="appealed") & is_next)]
    if viewer.token_scopes is None:  # a token signs nothing
        to_sign = Q(state__in=("accepted", "arbitrated"), has_signed=False)
        steps.append(_may(viewer, "appraisal.sign", to_sign))
    steps.append(_may(viewer, "appraisal.settle", Q(state="locked", payable__isnull=False)))
    if side == Side.CLIENT:
        steps.append(_may(viewer, "appraisal.issue", Q(state="drafted", ends_at__lte=now)))
        steps.append(_may(viewer, "appraisal.issue", Q(state="appealed", has_unanswered=True)))
    else:
        steps.append(_may(viewer, "appraisal.answer", Q(state="issued")))
    possible = [step for step in steps if step is not None]
    if not possible:
        return []
    statements = visible_statements(viewer).annotate(
        has_signed=Exists(Signature.objects.filter(statement=OuterRef("pk"), side=side)),
        has_undecided=_open_appeals(),
        has_unvoted=_open_appeals(~has_own),
        has_unanswered=_open_appeals(~has_own, reply=""),
        has_differing=_open_appeals(has_own, has_other),
        until=Case(
            When(state="drafted", then=F("issue_due_at")),
            When(state="issued", then=F("answer_due_at")),
            When(state="appealed", then=F("arbitration_due_at")),
        ),
    )
    found = _most_urgent(statements.filter(reduce(or_, possible)), most)
    return [Waiting(one, _steps_of_statement(viewer, side, one)) for one in found]


def _orders(viewer: Viewer, side: str, most: int) -> list[Waiting]:
    """Orders that the viewer's side is to carry out or to verify."""
    step = (
        _may(viewer, "appraisal.issue", Q(state="reported"))
        if side == Side.CLIENT
        else _may(viewer, "appraisal.answer", Q(state="ordered"))
    )
    if step is None:
        return []
    # The term is the provider's; the client's word has none.
    until = Case(When(state="ordered", then=F("due_at")))
    found = _most_urgent(visible_orders(viewer).annotate(until=until).filter(step), most)
    return [Waiting(one, ["rectify" if one.state == "ordered" else "verify"]) for one in found]


def _most_urgent(found: QuerySet[Any], most: int) -> list[Any]:
    return list(found.order_by(F("until").asc(nulls_last=True), "-pk")[: most + 1])


def _may(viewer: Viewer, permission: str, condition: Q) -> Q | None:
    """The condition where the viewer holds the permission; None where they hold it nowhere."""
    scopes = viewer.scopes_where(permission)
    if scopes is None:
        return condition
    return condition & Q(scope_id__in=scopes) if scopes else None


def _open_appeals(*conditions: Any, **equal: str) -> Exists:
    """Whether a statement has undecided appeals that fulfil the conditions."""
    return Exists(Appeal.objects.filter(*conditions, statement=OuterRef("pk"), decision="", **equal))


def _steps_of_statement(viewer: Viewer, side: str, statement: Any) -> list[Step]:
    if statement.state == "appealed":
        return _steps_of_appeals(viewer, side, statement)
    steps: dict[str, Step] = {"drafted": "issue", "issued": "answer", "locked": "settle"}
    return [steps.get(statement.state, "sign")]


def _steps_of_appeals(viewer: Viewer, side: str, statement: Any) -> list[Step]:
    """What is to be done about the appeals, by who may do what."""
    steps: list[Step] = []
    may_reply = side == Side.CLIENT and viewer.may("appraisal.issue", statement.scope_id)
    if statement.has_unanswered and may_reply:
        steps.append("reply")
    if not viewer.may("appraisal.arbitrate", statement.scope_id):
        return steps
    if statement.has_unvoted:
        steps.append("vote")
    elif statement.has_differing:
        steps.append("agree")
    elif not statement.has_undecided:
        steps.append("close")
    return steps


def _rows(found: Sequence[Waiting], now: datetime) -> list[Awaited]:
    days: dict[int, WorkingDays] = {}
    words = _words()
    rows = []
    for one in found:
        is_order = isinstance(one.subject, Rectification)
        statement = one.subject.statement if is_order else one.subject
        terms = terms_of_version(statement.contract_version_id)
        title = title_of_statement(statement)
        calendar = terms.calendars.get(terms.appraised_by.calendar or "")
        rows.append(
            Awaited(
                number=one.subject.number,
                title=_("Rectification · %(about)s") % {"about": title} if is_order else title,
                contract=label_in(terms.title, get_language() or "zh-hans") or one.subject.scope.name,
                what=" · ".join(words[step] for step in one.steps),
                url=reverse("appraisal:statement", args=[statement.number]) + ("#orders" if is_order else ""),
                due_at=one.until,
                is_late=one.until is not None and one.until < now,
                left=_left(calendar, now, one.until, days),
            )
        )
    return rows


def _words() -> dict[Step, str]:
    """What each step is called as something to do."""
    return {
        "issue": _("Complete and issue it"),
        "answer": _("Accept it or appeal"),
        "reply": _("Reply to the appeals"),
        "vote": _("Vote on the appeals"),
        "agree": _("Agree on the appeals: the sides voted differently"),
        "close": _("Close the arbitration: every appeal is decided"),
        "sign": _("Sign it"),
        "settle": _("Settle it"),
        "rectify": _("Rectify it and report it done"),
        "verify": _("Verify the rectification"),
    }


def _left(
    calendar: OpenTime | None, now: datetime, until: datetime | None, known: dict[int, WorkingDays]
) -> str:
    """The working time to the end of a term: whole days, or hours on its last one; "" where nothing counts it."""
    if calendar is None or until is None or until <= now:
        return ""
    begin, end = int(now.timestamp()), int(until.timestamp())
    try:
        whole = int(known.setdefault(id(calendar), WorkingDays(calendar)).between(begin, end))
        seconds = calendar.elapsed(begin, end)
    except HorizonError:
        return ""
    if whole:
        text = ngettext("%(count)d working day left", "%(count)d working days left", whole)
        return text % {"count": whole}
    return _("%(left)s of working time left") % {"left": wording.duration(seconds)} if seconds else ""
