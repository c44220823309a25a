"""One question put to one study: the period, what narrows the population, and the sample that an indicator draws."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from yunheng.contracts.indicators import INDICATORS as CONTRACT_INDICATORS
from yunheng.contracts.terms import ContractTerms, IndicatorSpec
from yunheng.logic.vector.milestones import NEVER, Milestones
from yunheng.logic.vector.samples import ClockOutcome, Question, Sample, in_period
from yunheng.logic.vector.worktime import open_seconds

from .figures import Basis
from .indicators import Indicator, Material
from .periods import midnight
from .study import Reign, Study, outcome_of

Int64 = npt.NDArray[np.int64]

NOTHING: Int64 = np.empty(0, np.int64)
#: Digits of an indicator that the contract does not name.
_DIGITS = {"%": 2, "h": 4, "tickets": 0}


@dataclass(frozen=True, slots=True)
class Frame:
    """One question put to one study: the period in epoch seconds, and what narrows the population."""

    study: Study
    start: int
    end: int
    basis: Basis
    is_common: bool
    zone: ZoneInfo

    @classmethod
    def of(cls, study: Study, start: date, end: date, basis: Basis, is_common: bool) -> "Frame":
        zone = ZoneInfo(study.terms.zone)
        begin, finish = midnight(start, zone), midnight(end + timedelta(days=1), zone)
        return cls(study, begin, finish, basis, is_common, zone)

    def months(self) -> Iterator[tuple[str, "Frame"]]:
        """The calendar months of the period as frames of their own, clipped to it, by "YYYY-MM"."""
        month = datetime.fromtimestamp(self.start, self.zone).date().replace(day=1)
        while (begin := midnight(month, self.zone)) < self.end:
            following = (month + timedelta(days=32)).replace(day=1)
            end = min(midnight(following, self.zone), self.end)
            yield f"{month:%Y-%m}", replace(self, start=max(begin, self.start), end=end)
            month = following

    @property
    def terms(self) -> ContractTerms:
        """Terms by which figures of the period are judged: those in force at its end, or now."""
        return self.study.terms_at(min(self.end - 1, self.study.now))

    @property
    def cut_off(self) -> int:
        """The instant of which a stock is counted: the end of the period, or now."""
        return min(self.end, self.study.now)

    @property
    def is_to_come(self) -> bool:
        """Whether the period has not begun: nothing is known of it yet."""
        return self.start > self.study.now

    def lives(self, indicator: Indicator) -> Milestones:
        return self.study.open_lives_before(self.end) if indicator.population == "open" else self.study.lives

    def spec(self, indicator: Indicator) -> IndicatorSpec:
        return spec_of(self.terms, indicator)

    def basis_of(self, indicator: Indicator) -> Basis:
        """The basis asked for where the indicator has it, else events."""
        return self.basis if self.basis in indicator.bases else "events"

    def clocks(self, indicator: Indicator) -> tuple[str, ...]:
        """Clocks that the indicator counts under any version, the newest version's first."""
        reigns = reversed(self.study.reigns)
        return tuple(dict.fromkeys(key for reign in reigns for key in clocks_of(reign.terms, indicator)))

    def reigns_of(self, indicator: Indicator, clock: str) -> list[Reign]:
        """The versions that count the clock: that one decides under which the clock started."""
        return [reign for reign in self.study.reigns if clock in clocks_of(reign.terms, indicator)]

    def sample(self, indicator: Indicator) -> tuple[Sample, Sample]:
        """The sample as it counts, and the members that were left out of it with reason and approval."""
        lives, clocks = self.lives(indicator), self.clocks(indicator)
        outcomes: dict[str, ClockOutcome] = {
            clock: outcome_of(self.reigns_of(indicator, clock), clock) for clock in clocks
        }
        material = Material(lives=lives, outcomes=outcomes, terms=self.study.facts.terms)
        whole = Sample.joined(
            [
                indicator.draw(material, self._question(indicator, begin, end, terms), clocks)
                for begin, end, terms in self._pieces(indicator)
            ]
        )
        if self.is_common:
            has_both = (lives.asserted_resolved_at != NEVER) & (lives.first_resolved_at != NEVER)
            whole = whole.where(has_both)
        if self.is_to_come:
            whole = whole.take(NOTHING)
        is_left_out = (
            lives.is_left_out if lives is self.study.lives else self.study.is_left_out(lives.subject)
        )
        return whole.where(~is_left_out), whole.where(is_left_out)

    def part_of(self, sample: Sample) -> Sample:
        """Of a sample over a longer period, what came into this one."""
        question = Question(start=self.start, end=self.end)
        waiting = (
            None if sample.waiting_at is None else np.flatnonzero(in_period(sample.waiting_at, question))
        )
        part = sample.take(np.flatnonzero(in_period(sample.at, question)), waiting)
        return part.take(NOTHING) if self.is_to_come else part

    def _pieces(self, indicator: Indicator) -> Iterator[tuple[int, int, ContractTerms]]:
        """The period cut where another version begins to say how the indicator is measured."""
        if indicator.population in {"open", "settled"}:
            yield self.start, self.end, self.terms
            return
        begin, terms = self.start, self.study.terms_at(self.start)
        for reign in self.study.reigns:
            if not begin < reign.begin < self.end:
                continue
            if _measured_alike(spec_of(terms, indicator), spec_of(reign.terms, indicator)):
                continue
            yield begin, reign.begin, terms
            begin, terms = reign.begin, reign.terms
        yield begin, self.end, terms

    def _question(self, indicator: Indicator, begin: int, end: int, terms: ContractTerms) -> Question:
        spec = spec_of(terms, indicator)
        return Question(
            start=begin,
            end=self.cut_off if indicator.population == "open" else end,
            basis=self.basis_of(indicator),
            within_seconds=spec.within_seconds or 86_400,
            days=spec.days or 30,
            of=spec.of or "closed",
            duration=_duration(terms, spec),
        )


def spec_of(terms: ContractTerms, indicator: Indicator) -> IndicatorSpec:
    """What the contract says of the indicator, else what a contract that merely named it would say."""
    spec = terms.indicators.get(indicator.key)
    kind = CONTRACT_INDICATORS.get(indicator.key)
    return spec or IndicatorSpec(
        key=indicator.key,
        label={},
        goal=None,
        time_base="elapsed",
        calendar=None,
        digits=_DIGITS[indicator.unit],
        within_seconds=kind.within_seconds if kind else None,
        days=kind.days if kind else None,
        of=kind.of[0] if kind and kind.of else None,
    )


def clocks_of(terms: ContractTerms, indicator: Indicator) -> tuple[str, ...]:
    """Clocks that the indicator counts: those the contract names, else the client's clocks of its kinds."""
    spec = terms.indicators.get(indicator.key)
    if spec is not None and spec.clocks:
        return spec.clocks
    if indicator.population != "settled":
        return ()
    details = terms.clock_details
    return tuple(
        clock
        for clock in terms.clocks_for("client")
        if not indicator.clocks or details[clock].kind in indicator.clocks
    )


def _measured_alike(one: IndicatorSpec, other: IndicatorSpec) -> bool:
    """Whether two versions measure an indicator the same way; a calendar is of its version alone."""
    return one.time_base == other.time_base == "elapsed" and (one.within_seconds, one.days, one.of) == (
        other.within_seconds,
        other.days,
        other.of,
    )


def _duration(terms: ContractTerms, spec: IndicatorSpec) -> Callable[[Int64, Int64], Int64]:
    if spec.time_base == "working" and spec.calendar:
        calendar = terms.calendars[spec.calendar]
        return lambda begin, finish: open_seconds(calendar, begin, finish)
    return lambda begin, finish: finish - begin
