"""What past and open tickets bring to each figure and kind of event that is read, for a forecast to draw from."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Literal

import numpy as np
import numpy.typing as npt

from yunheng.contracts.scoring.reading import EventSource, ValueSource
from yunheng.logic.forecast import Tally
from yunheng.logic.forecast.chances import LEAST_DONORS
from yunheng.logic.vector.ends import Pending, Track
from yunheng.logic.vector.milestones import NEVER
from yunheng.logic.vector.samples import Sample

from ..clock_events import clock_events
from ..frame import Frame
from ..indicators import INDICATORS, Indicator
from ..queries import groups_of
from ..spans import offsets_of
from ..study import Study
from .past import Past, Running, lateness_until

Int64 = npt.NDArray[np.int64]
Held = Literal["people", "stock", "reports", "later"]
_DAY = 86_400
_ANY = "*"  #: all profiles together


@dataclass(frozen=True, slots=True)
class ValueTrack:
    """One figure: what is drawn, and how it is put together again."""

    track: Track
    tally: Tally


@dataclass(frozen=True, slots=True)
class EventTrack:
    """One kind of events that follows from a clock. `quantities` ascend; `growing` are events that are late and still
    run, by key, with their quantity if they run until the period ends.
    """

    track: Track
    kind: str
    quantities: tuple[Fraction, ...]
    growing: tuple[tuple[str, Fraction], ...]


def frame_of(study: Study, past: Past) -> Frame:
    """All of the history and the present as one period."""
    return Frame(study, past.begin, past.now + 1, "events", False, past.zone)


def held_because(source: ValueSource, frame: Frame) -> Held | None:
    """Why a value is taken as it stands and not drawn; None when it is drawn."""
    indicator = INDICATORS.get(source.indicator)
    if indicator is None:
        return "people"
    if indicator.population == "open":
        return "stock"
    if indicator.population == "due":
        return "reports"
    spec = frame.spec(indicator)
    if (spec.of or "") == "logged":  # what is open counts as a miss and may yet become none
        return "later"
    return None


def value_track(
    study: Study, past: Past, source: ValueSource, running: Mapping[str, Sequence[Running]]
) -> ValueTrack:
    """What tickets brought to a figure, and what open ones may bring."""
    frame, indicator = frame_of(study, past), INDICATORS[source.indicator]
    sample, _left_out = frame.sample(indicator)
    if source.by:
        places = groups_of(frame, indicator, sample, source.by).get(source.group, np.empty(0, np.int64))
        sample = sample.take(places)
    known_at = _known_at(study, indicator, sample)
    if sample.seconds is not None:
        tally = Tally(source.reads, "mean", factor=1)
        amount = sample.seconds
    else:
        hits = int(sample.is_hit.sum())
        tally = Tally(source.reads, "share", "numerator" if 2 * hits < len(sample.row) else "rest")
        amount = (sample.is_hit if tally.rare == "numerator" else ~sample.is_hit).astype(np.int64)
    if indicator.population == "settled":
        pending = _of_clocks(frame, indicator, source, running, tally)
    else:
        pending = _of_ages(study, past, source, sample, known_at, amount, tally)
    opened = study.lives.opened_at[sample.row]
    opened_day, second = _local(opened, past)
    day, _second = _local(known_at, past)
    return ValueTrack(
        Track(
            source.reads,
            "mean" if tally.kind == "mean" else "share",
            opened_day,
            second,
            day,
            amount,
            pending,
        ),
        tally,
    )


def _local(at: Int64, past: Past) -> tuple[Int64, Int64]:
    """Day numbers and seconds of the day, by the wall clock of the contract's zone."""
    day, second = np.divmod(at + offsets_of(at, past.zone), _DAY)
    return day, second


def _known_at(study: Study, indicator: Indicator, sample: Sample) -> Int64:
    """When a member came to have its value: who is created in the period has none before the response."""
    lives = study.lives
    later = {"mtta": lives.responded_at, "first_contact_resolution": lives.resolved_at}.get(indicator.key)
    if later is None:
        return sample.at
    found: Int64 = np.maximum(sample.at, later[sample.row])  # NEVER lies before everything
    return found


def _of_clocks(
    frame: Frame,
    indicator: Indicator,
    source: ValueSource,
    running: Mapping[str, Sequence[Running]],
    tally: Tally,
) -> Pending:
    """Chances of the clocks that the indicator counts."""
    found = []
    for clock in frame.clocks(indicator):
        reigns = {id(reign) for reign in frame.reigns_of(indicator, clock)}
        found += [
            one
            for one in running.get(clock, ())
            if not one.is_late and id(one.reign) in reigns and _fits(one, source.by, source.group)
        ]
    bad, good = np.array([one.chance.bad for one in found]), np.array([one.chance.good for one in found])
    return Pending(good=good, bad=bad) if tally.rare == "rest" else Pending(good=bad, bad=good)


def _fits(one: Running, by: str | None, group: str) -> bool:
    return by is None or group == (one.priority if by == "priority" else one.service)


def _of_ages(
    study: Study,
    past: Past,
    source: ValueSource,
    sample: Sample,
    known_at: Int64,
    amount: Int64,
    tally: Tally,
) -> Pending:
    """Open tickets by their age: of past ones as old that had not come in, how many did before the period was over."""
    lives, terms = study.lives, study.facts.terms
    is_open = (
        (lives.closed_at == NEVER)
        & (lives.cancelled_at == NEVER)
        & ~lives.is_left_out
        & (lives.opened_at != NEVER)
        & (lives.opened_at >= past.begin)
    )
    is_open[sample.row] = False
    group_of = [terms.get(int(code), "") for code in lives.profile.tolist()]
    if source.by:
        place = 0 if source.by == "service" else 1
        fits = [[*text.split("|"), "", ""][place] == source.group for text in group_of]
        is_open &= np.array(fits, np.bool_)
    rows = np.flatnonzero(is_open)
    lag = known_at - lives.opened_at[sample.row]
    order = np.argsort(lag, kind="stable")
    lags, amounts = lag[order], amount[order]
    of_lag = np.array([group_of[row] for row in sample.row[order].tolist()], dtype=object)
    ended = ~is_open & ~lives.is_left_out & (lives.opened_at >= past.begin) & (lives.opened_at < past.start)
    ended[sample.row] = False
    never = int(ended.sum())  # ended without ever coming in
    share_never = never / max(len(lags) + never, 1)
    pools: dict[
        str, tuple[Int64, Int64, int]
    ] = {}  # by profile: ages and amounts, ascending, and where they begin
    size = 0
    good, bad, begins, ends = [], [], [], []
    for row in rows.tolist():
        age, until = past.now - int(lives.opened_at[row]), past.end - int(lives.opened_at[row])
        for profile in (group_of[row], _ANY):
            if profile not in pools:
                own = np.arange(len(lags)) if profile == _ANY else np.flatnonzero(of_lag == profile)
                pools[profile] = (lags[own], amounts[own], size)
                size += len(own)
            ages, brought, begin = pools[profile]
            low, high = np.searchsorted(ages, [age, until], "right").tolist()
            if len(ages) - low >= LEAST_DONORS:
                break
        still = (len(ages) - low) / (1 - share_never) if share_never < 1 else 0.0
        chance = (high - low) / (still + 1)
        rare = float(brought[low:high].sum()) / (still + 1) if tally.kind == "share" else 0.0
        good.append(chance - rare)
        bad.append(rare)
        begins.append(begin + low)
        ends.append(begin + high)
    pool = [brought for _ages, brought, _begin in pools.values()]
    return Pending(
        good=np.array(good, np.float64),
        bad=np.array(bad, np.float64),
        pool_from=np.array(begins, np.int64),
        pool_to=np.array(ends, np.int64),
        pool=np.concatenate(pool) if pool else np.empty(0, np.int64),
    )


def event_track(study: Study, past: Past, source: EventSource, running: Sequence[Running]) -> EventTrack:
    """Late tickets of the past, those that run and may become late, and those that are late and grow later."""
    found = clock_events(study, source, past.begin, past.now + 1)
    events = found.events
    row = np.searchsorted(study.lives.subject, np.array(found.subjects, np.int64)).astype(np.int64)
    opened_day, second = _local(study.lives.opened_at[row], past)
    day, _second = _local(np.array([event.at for event in events], np.int64), past)
    sizes = [Fraction(event.quantity) for event in events]
    unit = lcm(*{size.denominator for size in sizes})
    whole = [size.numerator * (unit // size.denominator) for size in sizes]  # whole numbers are sorted fast
    order = sorted(range(len(events)), key=whole.__getitem__)
    rank = np.empty(len(events), np.int64)
    rank[order] = np.arange(len(events))
    quantities = tuple(sizes[place] for place in order)
    growing, begins = [], []
    fitting = [one for one in running if _is_of(one, source)]
    late = {one.row: one for one in fitting if one.is_late}
    for place, event in enumerate(events):
        one = late.get(int(row[place]))
        if one is not None and event.at >= past.start:
            growing.append((event.key, sizes[place] + lateness_until(study, past, one, source.unit)))
            begins.append(bisect_right(quantities, sizes[place]))
    bad = [one.chance.bad for one in fitting if not one.is_late]
    pending = Pending(
        good=np.zeros(len(bad)), bad=np.array(bad, np.float64), growing=np.array(begins, np.int64)
    )
    return EventTrack(
        Track(f"event/{source.kind}", "events", opened_day, second, day, rank, pending, len(quantities)),
        source.kind,
        quantities,
        tuple(growing),
    )


def _is_of(one: Running, source: EventSource) -> bool:
    return source.priority in ("", one.priority) and source.service in ("", one.service)


def clocks_read(
    study: Study, past: Past, sources: Sequence[ValueSource], events: Sequence[EventSource]
) -> dict[str, None]:
    """Kinds of clocks that anything which is read depends on, each once."""
    frame = frame_of(study, past)
    found: dict[str, None] = dict.fromkeys(source.clock for source in events)
    for source in sources:
        found |= dict.fromkeys(clocks_of(frame, source))
    return found


def clocks_of(frame: Frame, source: ValueSource) -> Iterator[str]:
    """Kinds of clocks that a value counts."""
    indicator = INDICATORS.get(source.indicator)
    if indicator is not None and indicator.population == "settled":
        yield from frame.clocks(indicator)
