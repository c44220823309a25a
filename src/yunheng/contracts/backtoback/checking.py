"""From terms to chains of promises: what suppliers and our own people owe us, against what we owe the client (R49).

No Django. Which promise cannot be kept although everybody keeps theirs is found by `yunheng.logic.backtoback`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from yunheng.logic.backtoback import (
    Chain,
    DayPatterns,
    Examination,
    LocalDay,
    Promise,
    Trace,
    examine,
    local_days,
    trace,
)
from yunheng.logic.clock import ClockPolicy, Goal
from yunheng.logic.facts import FactKind, Party

from ..terms import ClockDetail, ContractTerms

#: Kinds of promises that hang on a supplier; the others are for our own people to keep.
SUPPLIED = ("arrive", "restore", "resolve")


class Verdict(StrEnum):
    """What becomes of a promise to the client."""

    NOT_COVERED = "not_covered"  #: it can be missed although everybody keeps theirs
    NOTHING_PROMISED = "nothing_promised"  #: the supplier promises nothing for it
    OPEN_ENDED = (
        "open_ended"  #: it fits if the supplier is called at once, and nothing says when it is called
    )
    NOT_EXAMINED = "not_examined"  #: goals that end after the calendars do
    CLOCK_STOPS = "clock_stops"  #: the client's clock stops while we wait for the supplier
    COVERED = "covered"  #: it is kept when everybody keeps theirs


@dataclass(frozen=True, slots=True)
class Link:
    """The goal of one clock."""

    clock: str
    goal: Goal


@dataclass(frozen=True, slots=True)
class Check:
    """One promise to the client against what one supplier (None: our own people alone) promised us.

    paths: the clocks that run one after the other until its end; of several the earliest decides. lacking: clocks that
    would close a gap and have no goal here. is_looser: the supplier has more time than the client was promised, in the
    same calendar. uncovered: reasons for waiting in which the client's clock runs and every clock within stands still.
    """

    services: tuple[str, ...]
    priority: str
    promise: Link
    supplier: str | None
    verdict: Verdict
    paths: tuple[tuple[Link, ...], ...] = ()
    examination: Examination | None = None
    worst: Trace | None = None
    is_at_once: bool = (
        False  #: examined as if the supplier were called when the clock starts: nothing says when it is
    )
    is_looser: bool = False
    is_provisional: bool = False  #: the worst case lies in a year whose holidays are not published
    lacking: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BackToBack:
    """All checks of a contract, in the order of its clocks, priorities and services.

    silent: suppliers that are parties and have no clock at all.
    """

    checks: tuple[Check, ...]
    silent: tuple[str, ...]

    def of(self, *verdicts: Verdict) -> tuple[Check, ...]:
        """The checks with one of these verdicts."""
        return tuple(check for check in self.checks if check.verdict in verdicts)


def back_to_back(terms: ContractTerms) -> BackToBack:
    """Check every promise to the client that has a goal, for every instant of the version's validity."""
    found: dict[Check, list[str]] = {}
    with_clock = {detail.supplier for detail in terms.clock_details.values()}
    silent = tuple(supplier for supplier in terms.suppliers if supplier not in with_clock)
    if not terms.clocks_for("internal") + terms.clocks_for("supplier"):
        return BackToBack((), silent)
    checker = _Checker(terms)
    for clock in terms.clocks_for("client"):
        for priority in terms.priorities:
            for service in terms.services:
                for check in checker.checks(service, priority, clock):
                    found.setdefault(check, []).append(service)
    return BackToBack(
        tuple(replace(check, services=tuple(services)) for check, services in found.items()), silent
    )


@dataclass(frozen=True, slots=True)
class _Profile:
    """One service and priority, as the clocks see it."""

    terms: ContractTerms
    name: str

    def link(self, clock: str) -> Link | None:
        goal = self.terms.clocks[clock].goals.get(self.name)
        return None if goal is None else Link(clock, goal)

    def links(self, clocks: Iterable[str]) -> list[Link]:
        return [link for clock in clocks if (link := self.link(clock)) is not None]


@dataclass(slots=True)
class _Checker:
    terms: ContractTerms
    days: Sequence[LocalDay] = field(init=False)
    patterns: DayPatterns = field(init=False)
    examined: dict[tuple[Link, tuple[tuple[Link, ...], ...]], Examination | None] = field(
        default_factory=dict
    )
    waiting: frozenset[str] = field(init=False)  #: reasons on a supplier's account

    def __post_init__(self) -> None:
        zone = ZoneInfo(self.terms.zone)
        last = self.terms.valid_to.astimezone(zone) - timedelta(microseconds=1)
        self.days = local_days(self.terms.zone, self.terms.valid_from.astimezone(zone).date(), last.date())
        self.patterns = DayPatterns(self.days)
        reasons = self.terms.pause_reasons.values()
        self.waiting = frozenset(reason.code for reason in reasons if reason.party is Party.SUPPLIER)

    # --- which clocks belong together

    def checks(self, service: str, priority: str, clock: str) -> Iterator[Check]:
        """The checks of one promise, without their service."""
        profile = _Profile(self.terms, self.terms.profile(service, priority))
        promise = profile.link(clock)
        if promise is None:
            return
        blank = Check((), priority, promise, None, Verdict.COVERED)
        own = self._internal(clock)
        paths = tuple(
            (*lead, link) for link in profile.links(own) for lead in self._before(clock, link.clock, profile)
        )
        if paths:
            yield self._judged(blank, paths, uncovered=self._stopping(clock, profile.links(own), is_own=True))
        for supplier in self.terms.suppliers:
            if self._takes_part(supplier, service):
                yield from self._supplied(replace(blank, supplier=supplier), clock, supplier, profile)

    def _takes_part(self, supplier: str, service: str) -> bool:
        """Whether the supplier promises anything for the service, at whatever priority."""
        return any(
            self.terms.profile(service, priority) in self.terms.clocks[key].goals
            for key, detail in self.terms.clock_details.items()
            for priority in self.terms.priorities
            if detail.supplier == supplier
        )

    def _supplied(self, blank: Check, clock: str, supplier: str, profile: _Profile) -> Iterator[Check]:
        theirs = [key for key, detail in self.terms.clock_details.items() if detail.supplier == supplier]
        alike = [key for key in theirs if self._is_alike(key, clock)]
        links = profile.links(alike)
        if not links and self.terms.clock_details[clock].kind not in SUPPLIED:
            return
        called = frozenset({FactKind.DISPATCHED}) if not links else self.terms.clocks[links[0].clock].start
        if self.waiting & self.terms.clocks[clock].pause_reasons:
            leads = self._until_called(clock, called, profile)
            check = self._judged(blank, leads) if leads else blank
            is_late = check.verdict in (Verdict.NOT_COVERED, Verdict.NOT_EXAMINED)
            yield check if is_late else replace(check, verdict=Verdict.CLOCK_STOPS)
            return
        if not links:
            wider = profile.links(key for key in theirs if self._ends(key) <= self._ends(clock))
            covering = self._chained(blank, clock, wider, profile) if wider else None
            if covering is not None and covering.verdict is Verdict.COVERED:
                yield covering  # what is resolved is restored, too
            else:
                lacking = tuple(key for key in alike if profile.link(key) is None)
                yield replace(blank, verdict=Verdict.NOTHING_PROMISED, lacking=lacking)
            return
        yield self._chained(blank, clock, links, profile)

    def _chained(self, blank: Check, clock: str, links: Sequence[Link], profile: _Profile) -> Check:
        """The supplier's clocks after what our own people may take until they call it."""
        paths = []
        for link in links:
            start = self.terms.clocks[link.clock].start
            if start & self.terms.clocks[clock].start:
                leads: tuple[tuple[Link, ...], ...] = ((),)
            else:
                leads = self._until_called(clock, start, profile)
            paths += [(*lead, link) for lead in leads]
        looser = any(_is_looser(link.goal, blank.promise.goal) for link in links)
        blank = replace(blank, is_looser=looser)
        uncovered = self._stopping(clock, [*links, *profile.links(self._internal(clock))])
        if paths:
            return self._judged(blank, tuple(paths), uncovered=uncovered)
        blank = replace(blank, is_at_once=True)
        at_once = self._judged(blank, tuple((link,) for link in links), uncovered=uncovered)
        if at_once.verdict is not Verdict.COVERED:
            return at_once
        limiting = [*self._ending_with(clock, self.terms.clocks[links[0].clock].start), *self._paused(clock)]
        return replace(
            at_once,
            verdict=Verdict.OPEN_ENDED,
            lacking=tuple(dict.fromkeys(key for key in limiting if profile.link(key) is None)),
        )

    def _until_called(
        self, clock: str, start: frozenset[FactKind], profile: _Profile
    ) -> tuple[tuple[Link, ...], ...]:
        """Internal clocks that say how long our own people may take until facts of `start`: those that end with it, and
        those of the same kind that stop while we wait for a supplier.
        """
        leads = list(self._leads(clock, start, profile, ()))
        for link in profile.links(self._paused(clock)):
            leads += [(*lead, link) for lead in self._before(clock, link.clock, profile)]
        return tuple(leads)

    def _leads(
        self, clock: str, wanted: frozenset[FactKind], profile: _Profile, seen: tuple[str, ...]
    ) -> Iterator[tuple[Link, ...]]:
        for link in profile.links(self._ending_with(clock, wanted)):
            if link.clock not in seen:
                for lead in self._before(clock, link.clock, profile, (*seen, link.clock)):
                    yield (*lead, link)

    def _before(
        self, clock: str, inner: str, profile: _Profile, seen: tuple[str, ...] = ()
    ) -> Iterator[tuple[Link, ...]]:
        """What runs from the start of `clock` until `inner` starts: nothing, where both start together."""
        start = self.terms.clocks[inner].start
        if start & self.terms.clocks[clock].start:
            yield ()
        else:
            yield from self._leads(clock, start, profile, seen)

    def _internal(self, clock: str) -> list[str]:
        """Internal clocks of the same kind."""
        return [key for key in self.terms.clocks_for("internal") if self._is_alike(key, clock)]

    def _paused(self, clock: str) -> list[str]:
        """Internal clocks of the same kind that stop while we wait for a supplier."""
        return [key for key in self._internal(clock) if self.terms.clocks[key].pause_reasons & self.waiting]

    def _ending_with(self, clock: str, facts: frozenset[FactKind]) -> list[str]:
        """Internal clocks that one of `facts` ends, and nothing else that does not end `clock`, too."""
        return [
            key
            for key in self.terms.clocks_for("internal")
            if (own := self._ends(key) - self._ends(clock)) and own <= facts
        ]

    def _is_alike(self, inner: str, outer: str) -> bool:
        """Whether the inner clock is of the outer one's kind, and its end ends the outer one."""
        ends = self._ends(inner)
        is_kind = self._detail(inner).kind == self._detail(outer).kind != "custom"
        return ends == self._ends(outer) or (is_kind and ends <= self._ends(outer))

    def _ends(self, clock: str) -> frozenset[FactKind]:
        policy: ClockPolicy = self.terms.clocks[clock]
        return policy.stop | policy.reset

    def _detail(self, clock: str) -> ClockDetail:
        return self.terms.clock_details[clock]

    def _stopping(self, clock: str, links: Sequence[Link], *, is_own: bool = False) -> tuple[str, ...]:
        """Reasons that stop every one of the clocks, and not the client's."""
        within = frozenset.intersection(*(self.terms.clocks[link.clock].pause_reasons for link in links))
        uncovered = within - self.terms.clocks[clock].pause_reasons
        if is_own and self.terms.suppliers:
            uncovered -= self.waiting  # the supplier's own checks tell of it
        return tuple(code for code in self.terms.pause_reasons if code in uncovered)

    # --- what becomes of them

    def _judged(
        self, blank: Check, paths: tuple[tuple[Link, ...], ...], *, uncovered: tuple[str, ...] = ()
    ) -> Check:
        chain = Chain(
            self._promise(blank.promise), tuple(tuple(self._promise(link) for link in path) for path in paths)
        )
        key = blank.promise, paths
        if key not in self.examined:
            self.examined[key] = examine(chain, self.days, self.patterns)
        found = self.examined[key]
        check = replace(blank, paths=paths, examination=found, uncovered=uncovered)
        if found is None:
            return replace(check, verdict=Verdict.NOT_EXAMINED)
        worst = trace(chain, found.at)
        until = max(worst.ends_at, worst.outer.due_at)
        calendars = {link.goal.calendar for path in (*paths, (blank.promise,)) for link in path}
        return replace(
            check,
            verdict=Verdict.NOT_COVERED if found.is_breakable else Verdict.COVERED,
            worst=worst,
            is_provisional=any(
                self.terms.calendars[name].is_provisional(found.at, until) for name in calendars
            ),
        )

    def _promise(self, link: Link) -> Promise:
        return Promise(link.goal, self.terms.calendars[link.goal.calendar])


def _is_looser(inner: Goal, outer: Goal) -> bool:
    if inner.calendar != outer.calendar:
        return False
    if inner.seconds is not None and outer.seconds is not None:
        return inner.seconds > outer.seconds
    return (inner.working_days or 0) > (outer.working_days or 0) > 0
