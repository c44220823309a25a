"""Explains a clock: segments from its start to its end, whose counted ones add up to the elapsed time."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from yunheng.logic.clock.folding import fold_history, standing_of
from yunheng.logic.clock.history import History, Lap, Pause, Phase, read_history
from yunheng.logic.clock.policy import ClockPolicy, Fact
from yunheng.logic.clock.state import Cause, Explanation, Segment, Why
from yunheng.logic.worktime import OpenTime


def explain(
    facts: Iterable[Fact], policy: ClockPolicy, calendars: Mapping[str, OpenTime], now: int
) -> Explanation:
    """`fold` with the reason for every second from the clock's start to its end or `now` (sla-semantics 19).

    Where several reasons hold, the first of these names the segment: an earlier goal or cycle, between stop
    and reopening, off hours, pause or exclusion, counted. A wait stays visible in each of them. Raises what
    `fold` raises.
    """
    history = read_history(facts, policy, now)
    state = fold_history(history, policy, calendars, now)
    if not history.phases:
        return Explanation(state, ())
    segments = _Explainer(history, policy, calendars, now).segments()
    return Explanation(state, tuple(_merged(segments)))


@dataclass(slots=True)
class _Explainer:
    history: History
    policy: ClockPolicy
    calendars: Mapping[str, OpenTime]
    now: int

    def segments(self) -> Iterator[Segment]:
        history = self.history
        causes = {
            id(pause): Cause(
                pause.party,
                pause.reason,
                pause.entry,
                standing_of(pause, history, self.policy, self.calendars, self.now),
            )
            for pause in history.pauses
        }
        beginnings = self._beginnings()
        begun_at = [at for at, _, _ in beginnings]
        laps = iter(history.laps)
        lap = next(laps)
        for from_at, to_at in self._stretches():
            while lap.to_at <= from_at and lap is not history.laps[-1]:
                lap = next(laps)
            in_force = [
                pause
                for pause in history.pauses
                if pause.from_at <= from_at and (pause.to_at is None or pause.to_at > from_at)
            ]
            owner = next((pause for pause in in_force if pause.is_stopping()), None)
            shown = [causes[id(pause)] for pause in ([owner] if owner else [])]
            shown += [causes[id(pause)] for pause in in_force if pause is not owner]
            began = beginnings[bisect_right(begun_at, from_at) - 1][2]
            plain = Segment(from_at, to_at, False, Why.COUNTED, entry=began)
            if shown:
                first = shown[0]
                plain = replace(
                    plain,
                    party=first.party,
                    reason=first.reason,
                    entry=first.entry,
                    standing=first.standing,
                    others=tuple(shown[1:]),
                )
            yield from self._cut(plain, lap, in_force, owner)

    def _cut(self, plain: Segment, lap: Lap, in_force: list[Pause], owner: Pause | None) -> Iterator[Segment]:
        """Name one stretch in which nothing but the calendar changes; cut it at opening and closing time."""
        is_gap = self._is_gap(plain.from_at)
        if lap is not self.history.laps[-1]:
            yield replace(plain, why=Why.BEFORE_RESET if lap.is_reset else Why.BEFORE_GOAL_CHANGE)
            return
        if is_gap and self.policy.reopen == "exclude":
            yield replace(plain, why=Why.AFTER_RESOLUTION)
            return
        if lap.goal is None:
            yield replace(plain, why=Why.NO_TARGET)
            return
        if owner is not None:
            why = Why.EXCLUSION if owner.is_exclusion else Why.PAUSE
        elif is_gap:
            why = Why.REOPENED_COUNTED
        elif any(pause.can_stop for pause in in_force):
            why = Why.DISPUTE_COUNTED
        else:
            why = Why.WAITING_COUNTED if in_force else Why.COUNTED
        in_service = replace(plain, why=why, is_counted=owner is None)
        closed = replace(plain, why=Why.OFF_HOURS, entry=plain.entry if in_force else 0)
        at = plain.from_at
        for open_from, open_to in self.calendars[lap.goal.calendar].open_between(plain.from_at, plain.to_at):
            if at < open_from:
                yield replace(closed, from_at=at, to_at=open_from)
            yield replace(in_service, from_at=open_from, to_at=open_to)
            at = open_to
        if at < plain.to_at:
            yield replace(closed, from_at=at)

    def _stretches(self) -> Iterator[tuple[int, int]]:
        """Neighbouring instants at which a phase, lap or wait begins or ends, from the clock's start to its
        end.
        """
        history = self.history
        start, end = history.phases[0].from_at, history.end_at
        instants = {start, end}
        things: list[Phase | Pause | Lap] = [*history.phases, *history.pauses, *history.laps]
        for thing in things:
            instants.add(thing.from_at)
            if thing.to_at is not None:
                instants.add(thing.to_at)
        inside = sorted(at for at in instants if start <= at <= end)
        return pairwise(inside)

    def _is_gap(self, at: int) -> bool:
        """Whether `at` lies between a stop and the reopening after it."""
        return not any(
            phase.from_at <= at and (phase.to_at is None or at < phase.to_at) for phase in self.history.phases
        )

    def _beginnings(self) -> list[tuple[int, int, int]]:
        """(instant, order, entry) of what started, stopped, changed or resumed the clock, in order."""
        history = self.history
        found = [(phase.from_at, phase.order, phase.entry) for phase in history.phases]
        found += [
            (phase.to_at, phase.to_order, phase.to_entry)
            for phase in history.phases
            if phase.to_at is not None
        ]
        found += [(lap.from_at, lap.order, lap.entry) for lap in history.laps[1:]]
        start = history.phases[0].from_at
        found += [
            (pause.to_at, pause.to_order, pause.to_entry)
            for pause in history.pauses
            if pause.to_at is not None and pause.to_at >= start
        ]
        return sorted(found)


def _merged(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Join neighbours that differ in nothing but their instants."""
    last: Segment | None = None
    for segment in segments:
        if last is not None and replace(segment, from_at=last.from_at) == replace(last, to_at=segment.to_at):
            last = replace(last, to_at=segment.to_at)
            continue
        if last is not None:
            yield last
        last = segment
    if last is not None:
        yield last
