"""Volumes and waiting of a contract in a period: what dashboards and reports show beside the indicators.

All of it is a function of the log position: the same position gives the same numbers. `members` opens each of them.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import numpy as np
from django.utils.translation import get_language

from yunheng.contracts.models import Contract
from yunheng.contracts.terms import label_in
from yunheng.sla.wording import reason_label

from .members import Member, Members, members
from .slicing import DIVISIONS, UNKNOWN, Division, Slice, bands, division, share_of, slices_of
from .spans import Span
from .waiting import party_label, resolution_clocks, wait_keys, waiting_in

__all__ = [
    "DIVISIONS",
    "UNKNOWN",
    "Division",
    "Member",
    "Members",
    "Slice",
    "Volumes",
    "WaitRow",
    "WaitTable",
    "members",
    "volumes",
    "waits",
]


@dataclass(frozen=True, slots=True)
class Volumes:
    """How much came and went in the local days `start` to `end`, and what was open at its end (or is, until then).

    Tickets that left the population with reason and approval are counted in `left_out` alone. What is divided are the
    tickets opened in the period, by local hour and weekday (Monday first) of the opening, too. With `is_to_come`
    nothing is known of the period yet: its zeros mean nothing.
    """

    start: date
    end: date
    zone: str
    position: int
    is_live: bool
    evaluated_at: datetime
    is_to_come: bool
    opened: int
    resolved: int
    closed: int
    open_at_end: int
    left_out: int
    by_source: tuple[Slice, ...]
    by_kind: tuple[Slice, ...]
    by_priority: tuple[Slice, ...]
    by_service: tuple[Slice, ...]
    by_category: tuple[Slice, ...]
    by_cause: tuple[Slice, ...]
    load: tuple[tuple[int, ...], ...]  #: 7 weekdays × 24 hours
    backlog: tuple[Slice, ...]  #: by days since opening, all bands

    @property
    def hours(self) -> tuple[int, ...]:
        """Tickets by local hour of the day."""
        return tuple(sum(day[hour] for day in self.load) for hour in range(24))

    @property
    def weekdays(self) -> tuple[int, ...]:
        """Tickets by local weekday, Monday first."""
        return tuple(sum(day) for day in self.load)

    def divided(self, by: Division) -> tuple[Slice, ...]:
        """The slices of one division."""
        found: tuple[Slice, ...] = getattr(self, f"by_{by}")
        return found


@dataclass(frozen=True, slots=True)
class WaitRow:
    """Waiting periods for one party and reason. `seconds`: service time for which they held the client's resolution
    clock back within the period; `share` in percent of all such time, None where there was none.
    """

    party: str
    party_label: str
    reason: str
    reason_label: str
    count: int
    seconds: int
    share: Decimal | None

    @property
    def key(self) -> str:
        """What `members` calls it."""
        return f"{self.party}|{self.reason}"


@dataclass(frozen=True, slots=True)
class WaitTable:
    """Waiting periods that began or lasted in the period: who waited for whom, the longest first.

    `disputed` of them are disputed now, `undecided` were not answered yet. `clock` names what they held back: "" where
    the contract promises the client no resolution, and then no seconds are known.
    """

    rows: tuple[WaitRow, ...]
    count: int
    seconds: int
    disputed: int
    undecided: int
    clock: str
    position: int
    is_live: bool


def volumes(
    contract: Contract, start: date, end: date, *, position: int | None = None, now: datetime | None = None
) -> Volumes:
    """How much came and went in the local days `start` to `end`, both inclusive, of the contract's zone.

    `position`: as of that log position (default: all that is recorded now). Raises Invalid for a period that ends
    before it begins, and for a position without a signed head. (1 study, 1 query more, 2 at a position.)
    """
    span = Span.of(contract, start, end, position, now)
    return span.study.derived(("volumes", start, end, get_language()), lambda: _volumes(span))


def _volumes(span: Span) -> Volumes:
    lives, opened = span.study.lives, span.opened()
    load = np.bincount(span.places(lives.opened_at[opened]), minlength=7 * 24).reshape(7, 24)
    _stock, open_rows = span.stock()
    divided = {f"by_{by}": slices_of(*division(span, by, opened), len(opened)) for by in DIVISIONS}
    return Volumes(
        start=span.first,
        end=span.last,
        zone=span.zone.key,
        position=span.study.position,
        is_live=span.study.is_live,
        evaluated_at=span.study.evaluated_at,
        is_to_come=span.is_to_come,
        opened=len(opened),
        resolved=len(span.having(lives.resolved_at)),
        closed=len(span.having(lives.closed_at)),
        open_at_end=len(open_rows),
        left_out=len(span.left_out()),
        load=tuple(tuple(int(count) for count in day) for day in load),
        backlog=slices_of(*bands(span), len(open_rows), is_whole=True),
        **divided,
    )


def waits(
    contract: Contract, start: date, end: date, *, position: int | None = None, now: datetime | None = None
) -> WaitTable:
    """Who waited for whom in the local days `start` to `end`, and how long that held the client's resolution clock.

    Raises Invalid as `volumes` does. (1 study.)
    """
    span = Span.of(contract, start, end, position, now)
    return span.study.derived(("waits", start, end, get_language()), lambda: _waits(span))


def _waits(span: Span) -> WaitTable:
    found = waiting_in(span)
    keys, places = wait_keys(span, found)
    whole = int(found.seconds.sum())
    language = get_language() or "zh-hans"
    rows = []
    for place, key in enumerate(keys):
        party, _bar, reason = key.partition("|")
        chosen = places == place
        seconds = int(found.seconds[chosen].sum())
        rows.append(
            WaitRow(
                party=party,
                party_label=party_label(party),
                reason=reason,
                reason_label=reason_label(reason, span.terms, language),
                count=int(chosen.sum()),
                seconds=seconds,
                share=share_of(seconds, whole),
            )
        )
    rows.sort(key=lambda row: (-row.seconds, -row.count, row.key))
    clocks = resolution_clocks(span.terms)
    return WaitTable(
        rows=tuple(rows),
        count=len(places),
        seconds=whole,
        disputed=int(found.is_standing("disputed").sum()),
        undecided=int(found.is_standing("undecided").sum()),
        clock=label_in(span.terms.clock_details[clocks[0]].label, language) if clocks else "",
        position=span.study.position,
        is_live=span.study.is_live,
    )
