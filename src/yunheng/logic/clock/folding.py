"""Folds the facts of one subject into the state of one clock. Pure: `now` and the calendars are arguments."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from yunheng.logic.clock.history import History, Lap, Pause, read_history
from yunheng.logic.clock.policy import ClockPolicy, Fact, Goal
from yunheng.logic.clock.state import ClockState, ClockStatus, Cycle, Standing
from yunheng.logic.facts import Party
from yunheng.logic.worktime import OpenTime


def fold(
    facts: Iterable[Fact], policy: ClockPolicy, calendars: Mapping[str, OpenTime], now: int
) -> ClockState:
    """The state of one clock at `now`, from all facts of its subject in any order; facts after `now` are
    ignored.

    Semantics: sla-semantics 0 and 7-20, and `read_history`. Raises KeyError for a calendar that is not given
    and HorizonError when an instant lies outside what a calendar was materialised for.
    """
    return fold_history(read_history(facts, policy, now), policy, calendars, now)


def fold_history(
    history: History, policy: ClockPolicy, calendars: Mapping[str, OpenTime], now: int
) -> ClockState:
    """`fold` for facts that are read already."""
    if not history.phases:
        return _without_time(history, ClockStatus.NOT_STARTED)
    is_disputed = any(it.can_stop and it.standing is Standing.DISPUTED for it in history.pauses)
    runs = measure_laps(history, policy, calendars)
    run, breach = runs[-1], _first_breach(runs)
    undisputed_seconds, undisputed_breached = run.elapsed_seconds, breach is not None
    if is_disputed:
        others = measure_laps(history, policy, calendars, undisputed=True)
        undisputed_seconds, undisputed_breached = (
            others[-1].elapsed_seconds,
            _first_breach(others) is not None,
        )

    if history.is_cancelled:
        return _without_time(
            history,
            ClockStatus.CANCELLED,
            elapsed_seconds=run.elapsed_seconds,
            goal_seconds=run.goal_seconds,
            undisputed_elapsed_seconds=undisputed_seconds,
            waited_seconds=run.waited_seconds,
            is_provisional=_is_provisional(runs, None),
            breach=breach,
            undisputed_is_met=_is_met(undisputed_breached, False),
        )

    has_target = run.goal_seconds is not None
    stopped_at = history.end_at if history.is_ended else None
    is_paused = stopped_at is None and any(it.to_at is None and it.is_stopping() for it in history.pauses)
    if not has_target:
        status = ClockStatus.NO_TARGET
    elif stopped_at is not None:
        status = ClockStatus.STOPPED
    else:
        status = ClockStatus.PAUSED if is_paused else ClockStatus.RUNNING

    due_at = run.due_at(is_projected=not is_paused)
    settled_at = None
    if breach is not None:
        settled_at = breach.due_at(is_projected=False)
    elif stopped_at is not None and due_at is not None:
        settled_at = min(stopped_at, due_at)
    elif due_at is not None and due_at <= now:
        settled_at = due_at

    return ClockState(
        status=status,
        profile=history.profile,
        started_at=history.phases[0].from_at,
        stopped_at=stopped_at,
        elapsed_seconds=run.elapsed_seconds,
        goal_seconds=run.goal_seconds,
        due_at=due_at,
        breached_at=None if breach is None else breach.breached_at(),
        settled_at=settled_at,
        is_met=_is_met(breach is not None, has_target and stopped_at is not None),
        undisputed_elapsed_seconds=undisputed_seconds,
        undisputed_is_met=_is_met(undisputed_breached, has_target and stopped_at is not None),
        waited_seconds=run.waited_seconds,
        next_check_at=_next_check_at(history, policy, calendars, run, status, now),
        reached=tuple(run.reached(policy.warn_shares)),
        cycles=tuple(_cycles(history, runs)) if policy.reset else (),
        is_provisional=_is_provisional(runs, due_at),
    )


def standing_of(
    pause: Pause, history: History, policy: ClockPolicy, calendars: Mapping[str, OpenTime], now: int
) -> Standing | None:
    """The standing of a pause at `now`: a proposed one lapses when its confirmation term has run out."""
    if pause.standing is not Standing.PROPOSED or not pause.can_stop:
        return pause.standing
    lapses_at = _lapses_at(pause, history, policy, calendars)
    return Standing.LAPSED if lapses_at is not None and lapses_at <= now else pause.standing


@dataclass(slots=True)
class Run:
    """One lap measured on its calendar: the stretches that count, and what they add up to."""

    lap: Lap
    calendar: OpenTime | None
    goal_seconds: int | None
    elapsed_seconds: int
    spans: list[tuple[int, int, int]]  #: (from, to, open seconds) of the stretches in which the clock runs
    waited_seconds: dict[Party, int]

    @property
    def is_breached(self) -> bool:
        return self.goal_seconds is not None and self.elapsed_seconds > self.goal_seconds

    def instant_of(self, seconds: int) -> int:
        """Earliest instant at which so many seconds had elapsed; `seconds` is at most `elapsed_seconds`."""
        if seconds <= 0 or self.calendar is None:
            return self.lap.from_at
        rest = seconds
        for from_at, _, counted in self.spans:
            if rest <= counted:
                return self.calendar.add(from_at, rest)
            rest -= counted
        raise ValueError(f"only {self.elapsed_seconds} of {seconds} seconds have elapsed")

    def due_at(self, *, is_projected: bool) -> int | None:
        """Earliest instant with elapsed = goal. While short of it: as if the clock ran on from its end, or
        None.
        """
        if self.goal_seconds is None or self.calendar is None:
            return None
        if self.elapsed_seconds >= self.goal_seconds:
            return self.instant_of(self.goal_seconds)
        if not is_projected:
            return None
        return self.calendar.add(self.lap.to_at, self.goal_seconds - self.elapsed_seconds)

    def breached_at(self) -> int | None:
        """First whole second at which elapsed > goal."""
        if self.goal_seconds is None or not self.is_breached:
            return None
        return self.instant_of(self.goal_seconds + 1)

    def reached(self, shares: Iterable[int]) -> Iterator[tuple[int, int]]:
        if self.goal_seconds is None:
            return
        for share in sorted(set(shares)):
            seconds = seconds_of_share(self.goal_seconds, share)
            if seconds <= self.elapsed_seconds:
                yield share, self.instant_of(seconds)


def seconds_of_share(goal_seconds: int, share: int) -> int:
    """Whole seconds after which `share` per cent of the goal are used up (rounded up)."""
    return -(-goal_seconds * share // 100)


def measure_laps(
    history: History, policy: ClockPolicy, calendars: Mapping[str, OpenTime], *, undisputed: bool = False
) -> list[Run]:
    """Measure each lap on the calendar of its goal; with `undisputed`, as if open disputes were settled for
    the pause.
    """
    spans = running_phases(history, policy)
    pauses = list(owned_pauses(history, undisputed=undisputed))
    return [_measure_lap(lap, spans, pauses, calendars) for lap in history.laps]


def running_phases(history: History, policy: ClockPolicy) -> list[tuple[int, int]]:
    """Stretches in which the clock is neither stopped nor cancelled. "count" closes the gaps before
    reopenings.
    """
    if policy.reopen == "count":
        return [(history.phases[0].from_at, history.end_at)]
    return [
        (phase.from_at, history.end_at if phase.to_at is None else phase.to_at) for phase in history.phases
    ]


def owned_pauses(history: History, *, undisputed: bool = False) -> Iterator[tuple[int, int, Pause]]:
    """The merged pauses and exclusions that stop the clock: of several in force, the one that began first has
    the time.
    """
    covered_to = None
    for pause in history.pauses:
        if not pause.is_stopping(undisputed=undisputed):
            continue
        to_at = history.end_at if pause.to_at is None else pause.to_at
        from_at = pause.from_at if covered_to is None else max(pause.from_at, covered_to)
        if from_at < to_at:
            yield from_at, to_at, pause
            covered_to = to_at


def _measure_lap(
    lap: Lap,
    phases: list[tuple[int, int]],
    pauses: list[tuple[int, int, Pause]],
    calendars: Mapping[str, OpenTime],
) -> Run:
    if lap.goal is None:
        return Run(lap, None, None, 0, [], {})
    calendar = calendars[lap.goal.calendar]
    spans: list[tuple[int, int, int]] = []
    waited: dict[Party, int] = {}
    elapsed = 0
    for phase_from, phase_to in phases:
        at, end = max(phase_from, lap.from_at), min(phase_to, lap.to_at)
        if at >= end:
            continue
        for pause_from, pause_to, pause in pauses:
            if pause_to <= at:
                continue
            if pause_from >= end:
                break
            if at < pause_from:
                counted = calendar.elapsed(at, pause_from)
                spans.append((at, pause_from, counted))
                elapsed += counted
                at = pause_from
            resumed_at = min(pause_to, end)
            seconds = calendar.elapsed(at, resumed_at)
            if seconds:
                waited[pause.party] = waited.get(pause.party, 0) + seconds
            at = resumed_at
        if at < end:
            counted = calendar.elapsed(at, end)
            spans.append((at, end, counted))
            elapsed += counted
    return Run(lap, calendar, _goal_seconds(lap.goal, calendar, lap.from_at), elapsed, spans, waited)


def _goal_seconds(goal: Goal, calendar: OpenTime, from_at: int) -> int:
    if goal.seconds is not None:
        return goal.seconds
    assert goal.working_days is not None
    return calendar.elapsed(from_at, calendar.end_of_working_day(from_at, goal.working_days))


def _first_breach(runs: Iterable[Run]) -> Run | None:
    return next((run for run in runs if run.is_breached), None)


def _is_met(is_breached: bool, is_stopped: bool) -> bool | None:
    if is_breached:
        return False
    return True if is_stopped else None


def _is_provisional(runs: list[Run], due_at: int | None) -> bool:
    last = runs[-1]
    for run in runs:
        to_at = run.lap.to_at if due_at is None or run is not last else max(run.lap.to_at, due_at)
        if run.calendar is not None and run.calendar.is_provisional(run.lap.from_at, to_at):
            return True
    return False


def _lapses_at(
    pause: Pause, history: History, policy: ClockPolicy, calendars: Mapping[str, OpenTime]
) -> int | None:
    """When a proposed pause counts as confirmed. None without a calendar to count the days on."""
    goal = history.laps[-1].goal if history.laps else None
    name = policy.confirm_calendar or (goal.calendar if goal else None)
    if name is None:
        return None
    if policy.confirm_days < 1:
        return pause.from_at
    return calendars[name].end_of_working_day(pause.from_at, policy.confirm_days)


def _next_check_at(
    history: History,
    policy: ClockPolicy,
    calendars: Mapping[str, OpenTime],
    run: Run,
    status: ClockStatus,
    now: int,
) -> int | None:
    instants: list[int] = []
    if status is ClockStatus.RUNNING and run.goal_seconds is not None and run.calendar is not None:
        marks = [seconds_of_share(run.goal_seconds, share) for share in policy.warn_shares]
        marks.append(run.goal_seconds + 1)
        ahead = [mark for mark in marks if mark > run.elapsed_seconds]
        if ahead:
            instants.append(run.calendar.add(now, min(ahead) - run.elapsed_seconds))
    for pause in history.pauses:
        is_part = pause.from_at < history.end_at or not history.is_ended
        if is_part and pause.can_stop and pause.standing is Standing.PROPOSED:
            lapses_at = _lapses_at(pause, history, policy, calendars)
            if lapses_at is not None and lapses_at > now:
                instants.append(lapses_at)
    return min(instants, default=None)


def _cycles(history: History, runs: list[Run]) -> Iterator[Cycle]:
    """Cycles between resets. One in which the goal changed has the seconds since the change, and any breach
    in it.
    """
    from_at: int | None = None
    is_breached = False
    for run in runs:
        from_at = run.lap.from_at if from_at is None else from_at
        is_breached = is_breached or run.is_breached
        is_closed = run.lap.is_reset or (run is runs[-1] and history.is_ended)
        if is_closed or run is runs[-1]:
            has_target = run.goal_seconds is not None
            yield Cycle(
                from_at,
                run.lap.to_at if is_closed else None,
                run.elapsed_seconds,
                _is_met(is_breached, has_target and is_closed),
            )
            from_at, is_breached = None, False


def _without_time(
    history: History,
    status: ClockStatus,
    *,
    elapsed_seconds: int = 0,
    goal_seconds: int | None = None,
    undisputed_elapsed_seconds: int = 0,
    waited_seconds: Mapping[Party, int] | None = None,
    is_provisional: bool = False,
    breach: Run | None = None,
    undisputed_is_met: bool | None = None,
) -> ClockState:
    """A clock that did not start or was cancelled: nothing to check, and no result unless it was breached before."""
    return ClockState(
        status=status,
        profile=history.profile,
        started_at=history.phases[0].from_at if history.phases else None,
        stopped_at=None,
        elapsed_seconds=elapsed_seconds,
        goal_seconds=goal_seconds,
        due_at=None,
        breached_at=None if breach is None else breach.breached_at(),
        settled_at=None if breach is None else breach.due_at(is_projected=False),
        is_met=_is_met(breach is not None, False),
        undisputed_elapsed_seconds=undisputed_elapsed_seconds,
        undisputed_is_met=undisputed_is_met,
        waited_seconds=waited_seconds or {},
        next_check_at=None,
        reached=(),
        cycles=(),
        is_provisional=is_provisional,
    )
