"""What a contract's record gives for a period that is compared: attainment, breaches, reopenings, suppliers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

import numpy as np

from yunheng.contracts.terms import ContractTerms
from yunheng.logic.comparison import Share
from yunheng.logic.measure import round_half_up

from ..figures import Row
from ..frame import Frame
from ..indicators import INDICATORS
from ..queries import figures_of
from ..scored_period import ScoredPeriod
from ..study import Study
from .suppliers import SupplierRecord, records_of

RESPONSE: Final = "response_timeliness"
RESOLUTION: Final = "resolution_timeliness"
ATTAINMENT: Final = "sla_attainment"
REOPENED: Final = "reopen_rate"
KEYS: Final = (RESPONSE, RESOLUTION, ATTAINMENT, REOPENED)


@dataclass(frozen=True, slots=True)
class Figure:
    """One share of a period beside the one of the period before. `value` in percent with the contract's digits; None:
    nothing in the population. `is_promised`: the contract has a promise that it measures.
    """

    key: str
    share: Share
    value: Decimal | None
    before: Decimal | None
    goal: Decimal | None
    goal_comparison: str | None
    is_met: bool | None
    is_promised: bool
    is_provisional: bool
    digits: int
    is_frozen: bool = False  #: what a statement froze

    def frozen(self, share: Share) -> "Figure":
        """The same as a statement has it, which is not computed anew."""
        value = None if share.fraction is None else round_half_up(share.fraction * 100, self.digits)
        return replace(self, share=share, value=value, is_frozen=True)


@dataclass(frozen=True, slots=True)
class Measured:
    """All of it for one contract, as of a log position (`is_live`: of what is recorded now, `unsealed` of it entries).

    `lasts`: nothing of it changes until something is recorded. `goals` is what the client was promised, for telling
    whether two contracts promise the same. `is_in_force`: some version of the contract covers some of the period.
    """

    figures: Mapping[str, Figure]
    suppliers: Sequence[SupplierRecord]
    goals: frozenset[tuple[str, str, int | None, int | None]]
    version_id: int  #: of the contract version in force at the end of the period, or now
    position: int
    is_live: bool
    unsealed: int
    evaluated_at: datetime
    is_running: bool
    is_in_force: bool
    lasts: bool


def measure(study: Study, contract_key: str, period: ScoredPeriod) -> Measured:
    """Read a study that is at hand. (Of suppliers 1 query where there are waiting periods on their account.)"""
    frame = Frame.of(study, period.start, period.end, "events", False)
    this = _rows(study, contract_key, period)
    last = _rows(study, contract_key, period.before)
    is_running = frame.end > study.now
    return Measured(
        figures={key: _figure(frame, this[key], last[key]) for key in KEYS},
        suppliers=records_of(frame),
        goals=frozenset(_goals(frame.terms)),
        version_id=frame.terms.version_id,
        position=study.position,
        is_live=study.is_live,
        unsealed=study.unsealed,
        evaluated_at=study.evaluated_at,
        is_running=is_running,
        is_in_force=any(reign.begin < frame.end and reign.end > frame.start for reign in study.reigns),
        lasts=not is_running and not _has_open_misses(frame),
    )


def _rows(study: Study, contract_key: str, period: ScoredPeriod) -> dict[str, Row]:
    found = figures_of(study, contract_key, start=period.start, end=period.end, keys=KEYS)
    return {row.key: row for row in found.rows}


def _figure(frame: Frame, row: Row, last: Row) -> Figure:
    indicator = INDICATORS[row.key]
    return Figure(
        key=row.key,
        share=Share(row.numerator, row.denominator),
        value=row.value,
        before=last.value,
        goal=row.goal,
        goal_comparison=row.goal_comparison,
        is_met=row.is_met,
        is_promised=indicator.population != "settled" or bool(frame.clocks(indicator)),
        is_provisional=row.is_provisional,
        digits=frame.spec(indicator).digits,
    )


def _goals(terms: ContractTerms) -> Iterator[tuple[str, str, int | None, int | None]]:
    """The times that the client was promised, by kind of clock and priority, whatever the service."""
    for clock in terms.clocks_for("client"):
        for profile, goal in terms.clocks[clock].goals.items():
            priority = profile.partition("|")[2]
            yield terms.clock_details[clock].kind, priority, goal.seconds, goal.working_days


def _has_open_misses(frame: Frame) -> bool:
    """Whether a clock that was missed in the period still runs: how late it is grows with time."""
    for reign in frame.study.reigns:
        for clock, outcome in reign.outcomes.items():
            progress = reign.progress.get(clock)
            is_missed = outcome.is_met == 0
            is_inside = (outcome.settled_at >= frame.start) & (outcome.settled_at < frame.end)
            if progress is not None and bool(np.any(is_missed & is_inside & progress.is_open)):
                return True
    return False
