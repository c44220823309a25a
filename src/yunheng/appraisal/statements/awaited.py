"""What of statements, their appeals and rectification orders waits for somebody's side, and is theirs to do."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, Final

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

from ..models import Appeal, AppealVote, Rectification, Side, Signature, Statement
from .listing import title_of_statement
from .queries import visible_orders, visible_statements

SHOWN: Final = 10  #: rows; the list of all statements has the others


def awaited_statements(viewer: Viewer, now: datetime) -> AwaitedList | None:
    """The statements and orders in which the next word is the viewer's, the first due first; None where none is.

    A statement is issued by the client, accepted or contested by the provider, its appeals are decided, it is signed
    by both, and either settles what it makes payable; an order is carried out by the provider and verified by the
    client. (At most 2 queries, and 2 more for the terms of a version, once per process; none for who may do nothing
    of it.)
    """
    side = viewer.organisation_kind
    if side not in Side.values:
        return None
    found: list[Any] = [*_statements(viewer, side, now), *_orders(viewer, side)]
    if not found:
        return None
    found.sort(key=lambda one: (one.until is None, one.until or now, -one.pk))
    return AwaitedList(
        heading=_("Statements to deal with"),
        noun=_("Statement"),
        rows=_rows(viewer, side, found[:SHOWN], now),
        all_url=reverse("appraisal:statements"),
        all_text=_("All statements"),
        has_more=len(found) > SHOWN,
    )


def _statements(viewer: Viewer, side: str, now: datetime) -> list[Statement]:
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
    return _most_urgent(statements.filter(reduce(or_, possible)))


def _orders(viewer: Viewer, side: str) -> list[Rectification]:
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
    return _most_urgent(visible_orders(viewer).annotate(until=until).filter(step))


def _most_urgent(found: QuerySet[Any]) -> list[Any]:
    return list(found.order_by(F("until").asc(nulls_last=True), "-pk")[: SHOWN + 1])


def _may(viewer: Viewer, permission: str, condition: Q) -> Q | None:
    """The condition where the viewer holds the permission; None where they hold it nowhere."""
    scopes = viewer.scopes_where(permission)
    if scopes is None:
        return condition
    return condition & Q(scope_id__in=scopes) if scopes else None


def _open_appeals(*conditions: Any, **equal: str) -> Exists:
    """Whether a statement has undecided appeals that fulfil the conditions."""
    return Exists(Appeal.objects.filter(*conditions, statement=OuterRef("pk"), decision="", **equal))


def _rows(viewer: Viewer, side: str, found: Sequence[Any], now: datetime) -> list[Awaited]:
    days: dict[int, WorkingDays] = {}
    rows = []
    for subject in found:
        is_order = isinstance(subject, Rectification)
        statement = subject.statement if is_order else subject
        terms = terms_of_version(statement.contract_version_id)
        title = title_of_statement(statement)
        calendar = terms.calendars.get(terms.appraised_by.calendar or "")
        rows.append(
            Awaited(
                number=subject.number,
                title=_("Rectification · %(about)s") % {"about": title} if is_order else title,
                contract=label_in(terms.title, get_language() or "zh-hans") or subject.scope.name,
                what=_order_words(subject) if is_order else _statement_words(viewer, side, subject),
                url=reverse("appraisal:statement", args=[statement.number]) + ("#orders" if is_order else ""),
                due_at=subject.until,
                is_late=subject.until is not None and subject.until < now,
                left=_left(calendar, now, subject.until, days),
            )
        )
    return rows


def _order_words(order: Rectification) -> str:
    return {"ordered": _("Rectify it and report it done"), "reported": _("Verify the rectification")}[
        order.state
    ]


def _statement_words(viewer: Viewer, side: str, statement: Any) -> str:
    if statement.state == "appealed":
        return " · ".join(_appeal_words(viewer, side, statement))
    return {
        "drafted": _("Complete and issue it"),
        "issued": _("Accept it or appeal"),
        "locked": _("Settle it"),
    }.get(statement.state) or _("Sign it")


def _appeal_words(viewer: Viewer, side: str, statement: Any) -> list[str]:
    """What is to be done about the appeals, by who may do what."""
    words = []
    may_reply = side == Side.CLIENT and viewer.may("appraisal.issue", statement.scope_id)
    if statement.has_unanswered and may_reply:
        words.append(_("Reply to the appeals"))
    if not viewer.may("appraisal.arbitrate", statement.scope_id):
        return words
    if statement.has_unvoted:
        words.append(_("Vote on the appeals"))
    elif statement.has_differing:
        words.append(_("Agree on the appeals: the sides voted differently"))
    elif not statement.has_undecided:
        words.append(_("Close the arbitration: every appeal is decided"))
    return words


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
