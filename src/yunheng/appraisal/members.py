"""The tickets, or waiting periods, behind one number of a board, by keyset."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.desk.models import Ticket
from yunheng.foundation.refusals import Invalid
from yunheng.logic.facts import Party
from yunheng.logic.vector.milestones import NEVER, Milestones
from yunheng.sla.wording import party_name, reason_label

from .slicing import DIVISIONS, bands, division
from .spans import Span
from .waiting import Waiting, wait_keys, waiting_in

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

PAGE: Final = 50
#: Numbers that stand alone, and numbers with a key.
SINGLE: Final = ("opened", "resolved", "closed", "open_at_end", "left_out", "disputed", "undecided")
KEYED: Final = (*DIVISIONS, "hour", "weekday", "load", "backlog", "waits")


@dataclass(frozen=True, slots=True)
class Member:
    """A ticket behind a number: `at` put it there. Of a waiting period also for whom and why, until when, and the
    service time for which it held the client's resolution clock back.
    """

    subject_id: int
    number: str
    source_number: str
    title: str
    priority: str
    at: datetime | None
    party: str = ""
    reason: str = ""
    until: datetime | None = None
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """What stands behind a number, a page of it: `following` leads to the rest, `total` is the number itself."""

    page: list[Member]
    following: str | None
    total: int


def members(
    contract: Contract,
    start: date,
    end: date,
    *,
    what: str,
    key: str = "",
    after: str | None = None,
    limit: int = 50,
    position: int | None = None,
    now: datetime | None = None,
) -> Members:
    """The tickets (or waiting periods) behind one number of `volumes` or `waits`, the earliest first, at most `limit`.

    `what` is a number's name ("opened", "open_at_end", "disputed" …), or with `key` a slice's: a division ("cause",
    "hardware"), ("hour", "9"), ("weekday", "0"), ("load", "0-9"), ("backlog", "3-7"), ("waits", "client|reason").
    `following`, passed as `after`, leads to the rest. Raises Invalid naming what is none of these.
    """
    span = Span.of(contract, start, end, position, now)
    if what in {"waits", "disputed", "undecided"}:
        found = waiting_in(span)
        keep = _in_keys(span, found, key) if what == "waits" else found.is_standing(what)
        found = found.where(keep)
        listing = _Listing(span, found.waits.subject, found.waits.began_at, found)
    else:
        lives, row, at = _chosen(span, what, key)
        listing = _Listing(span, lives.subject[row], at[row], None)
    page, following = listing.page(after, limit)
    return Members(page, following, listing.total)


def _in_keys(span: Span, found: Waiting, key: str) -> Bool:
    keys, places = wait_keys(span, found)
    is_theirs: Bool = places == (keys.index(key) if key in keys else -1)
    return is_theirs


def _chosen(span: Span, what: str, key: str) -> tuple[Milestones, Int64, Int64]:
    """Lives, rows of the members among them, and the instants that put them there."""
    lives = span.study.lives
    single: dict[str, Callable[[], tuple[Milestones, Int64, Int64]]] = {
        "opened": lambda: (lives, span.opened(), lives.opened_at),
        "resolved": lambda: (lives, span.having(lives.resolved_at), lives.resolved_at),
        "closed": lambda: (lives, span.having(lives.closed_at), lives.closed_at),
        "left_out": lambda: (lives, span.left_out(), lives.opened_at),
        "open_at_end": partial(_of_stock, span),
    }
    if what in single:
        return single[what]()
    if what == "backlog":
        grouped, _names = bands(span)
        stock, _rows = span.stock()
        return stock, _one_of(grouped, key), stock.opened_at
    opened = span.opened()
    if what in DIVISIONS:
        grouped, _names = division(span, what, opened)
        return lives, grouped.get(key, np.empty(0, np.int64)), lives.opened_at
    if what in {"hour", "weekday", "load"}:
        place = span.places(lives.opened_at[opened])
        return lives, opened[_in_place(place, what, key)], lives.opened_at
    raise Invalid({"what": _("One of: %(choices)s.") % {"choices": ", ".join((*SINGLE, *KEYED))}})


def _of_stock(span: Span) -> tuple[Milestones, Int64, Int64]:
    lives, row = span.stock()
    return lives, row, lives.opened_at


def _one_of(grouped: Mapping[str, Int64], key: str) -> Int64:
    if key not in grouped:
        raise Invalid({"key": _("One of: %(choices)s.") % {"choices": ", ".join(grouped)}})
    return grouped[key]


def _in_place(place: Int64, what: str, key: str) -> Bool:
    day, hour = place // 24, place % 24
    parts = key.split("-")
    if not all(part.isascii() and part.isdecimal() and len(part) < 3 for part in parts):
        raise Invalid({"key": _("There is no group “%(group)s” here.") % {"group": key[:40]}})
    numbers = [int(part) for part in parts]
    found: Bool
    if what == "load" and len(numbers) == 2:
        found = (day == numbers[0]) & (hour == numbers[1])
    elif what != "load" and len(numbers) == 1:
        found = (hour if what == "hour" else day) == numbers[0]
    else:
        raise Invalid({"key": _("There is no group “%(group)s” here.") % {"group": key[:40]}})
    return found


@dataclass(frozen=True, slots=True)
class _Listing:
    """Members in the order (instant, ticket); a place in it is "instant~number~how many of the two the page held"."""

    span: Span
    subject: Int64
    at: Int64
    waiting: Waiting | None

    @property
    def total(self) -> int:
        """How many members there are."""
        return len(self.subject)

    def page(self, after: str | None, limit: int) -> tuple[list[Member], str | None]:
        order = np.lexsort((self.subject, self.at))
        begin = self._begin(order, after)
        chosen = order[begin : begin + limit]
        tickets = (
            Ticket.objects.filter(scope_id=self.span.study.scope_id)
            .only("id", "number", "title", "source_number", "priority")
            .in_bulk([int(self.subject[place]) for place in chosen])
        )
        page = [self._member(tickets[int(self.subject[place])], int(place)) for place in chosen]
        if begin + len(chosen) >= len(order) or not page:
            return page, None
        last = int(chosen[-1])
        is_same = (self.at[order] == self.at[last]) & (self.subject[order] == self.subject[last])
        held = int(is_same[: begin + len(chosen)].sum())
        return page, f"{int(self.at[last])}~{page[-1].number}~{held}"

    def _begin(self, order: Int64, after: str | None) -> int:
        if not after:
            return 0
        refusal = Invalid({"after": _("This is not a place in this list.")})
        parts = after.split("~")
        if len(parts) != 3 or not all(_is_number(part) for part in (parts[0], parts[2])):
            raise refusal
        known = Ticket.objects.filter(scope_id=self.span.study.scope_id, number=parts[1])
        subject = known.values_list("pk", flat=True).first()
        if subject is None:
            raise refusal
        at, of_order = int(parts[0]), self.subject[order]
        is_same = (self.at[order] == at) & (of_order == subject)
        is_before = (self.at[order] < at) | ((self.at[order] == at) & (of_order < subject))
        return int(is_before.sum()) + min(int(parts[2]), int(is_same.sum()))

    def _member(self, ticket: Ticket, place: int) -> Member:
        member = Member(
            subject_id=ticket.pk,
            number=ticket.number,
            source_number=ticket.source_number,
            title=ticket.title,
            priority=ticket.priority,
            at=_instant(int(self.at[place])),
        )
        if self.waiting is None:
            return member
        waits = self.waiting.waits
        reason = self.span.study.facts.terms.get(int(waits.term[place]), "")
        return replace(
            member,
            party=party_name(Party(int(waits.party[place]))),
            reason=reason_label(reason, self.span.terms, get_language() or "zh-hans"),
            until=_instant(int(waits.ended_at[place])),
            seconds=int(self.waiting.seconds[place]),
        )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _instant(at: int) -> datetime | None:
    return None if at == NEVER else datetime.fromtimestamp(at, UTC)
