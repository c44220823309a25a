"""Reads the facts of a subject into phases, pauses and laps of one clock, without looking at a calendar."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from yunheng.logic.clock.policy import ClockPolicy, Fact, Goal
from yunheng.logic.clock.state import Standing
from yunheng.logic.facts import FactKind, Party

_BEGAN = {FactKind.WAIT_BEGAN: False, FactKind.EXCLUSION_BEGAN: True}
_ENDED = {FactKind.WAIT_ENDED: False, FactKind.EXCLUSION_ENDED: True}
_STANDINGS = {
    FactKind.PAUSE_CONFIRMED: Standing.CONFIRMED,
    FactKind.PAUSE_DISPUTED: Standing.DISPUTED,
    FactKind.PAUSE_UPHELD: Standing.UPHELD,
    FactKind.PAUSE_REJECTED: Standing.REJECTED,
}


@dataclass(slots=True)
class Phase:
    """From start or reopening to stop or cancellation; `to_at` is None while it lasts."""

    from_at: int
    order: int
    entry: int
    to_at: int | None = None
    to_order: int = 0
    to_entry: int = 0
    is_cancelled: bool = False


@dataclass(slots=True)
class Pause:
    """A wait or an exclusion; `to_at` is None while it lasts. `can_stop`: the contract lets its reason stop
    the clock.
    """

    from_at: int
    order: int
    ref: int
    reason: str
    party: Party
    entry: int
    is_exclusion: bool
    can_stop: bool
    to_at: int | None = None
    to_order: int = 0
    to_entry: int = 0
    standing: Standing | None = None

    def is_stopping(self, *, undisputed: bool = False) -> bool:
        """Whether it stops the clock; with `undisputed`, as if open disputes were settled for the pause."""
        if not self.can_stop or self.standing is None:
            return self.can_stop
        return not self.standing.is_running or (undisputed and self.standing is Standing.DISPUTED)


@dataclass(slots=True)
class Profile:
    at: int
    order: int
    term: str
    entry: int


@dataclass(slots=True)
class Lap:
    """A stretch over which elapsed time accumulates towards one goal. A reset or a goal change
    ("from_change") ends it.

    `entry` is that of the fact that began it.
    """

    from_at: int
    to_at: int
    goal: Goal | None
    order: int
    entry: int
    is_reset: bool = False  #: ended by a reset; an earlier lap that is not was ended by a goal change


@dataclass(slots=True)
class History:
    """All that the facts up to now say about one clock."""

    end_at: int  #: the final stop or cancellation, else now
    phases: list[Phase] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)  #: in the order in which they began
    laps: list[Lap] = field(default_factory=list)
    profile: str = ""

    @property
    def is_ended(self) -> bool:
        return bool(self.phases) and self.phases[-1].to_at is not None

    @property
    def is_cancelled(self) -> bool:
        return bool(self.phases) and self.phases[-1].is_cancelled


def read_history(facts: Iterable[Fact], policy: ClockPolicy, now: int) -> History:
    """Sort the facts by (at, seq), leave out those after `now`, and read them for one policy.

    - The first start fact starts the clock; later ones change nothing.
    - A running clock ends with the first stop or cancel fact (cancel, if a kind is both). REOPENED lets it
      run again if the policy is reopenable; otherwise its first end is final.
    - A pause is the stretch from a WAIT_BEGAN to the next WAIT_ENDED with its ref. A beginning while it
      lasts, and an end without a beginning, change nothing. Exclusions likewise, with refs of their own.
    - The last standing fact for a ref decides on the pause, whenever it came.
    - The profile is the last one set before the clock ended for good: what is changed on a resolved ticket
      does not change how it was resolved. If none was set before the end, the first one set after it is
      taken.
    """
    heard = (fact for fact in facts if fact.at <= now and policy.hears(fact.kind, fact.term))
    ordered = sorted(heard, key=lambda fact: (fact.at, fact.seq))
    history = History(end_at=now)
    phases = history.phases
    in_force: dict[tuple[bool, int], Pause] = {}
    standings: dict[int, Standing] = {}
    profiles: list[Profile] = []
    resets: list[tuple[int, int, int]] = []
    for order, fact in enumerate(ordered):
        kind = fact.kind
        if not phases:
            if kind in policy.start:
                phases.append(Phase(fact.at, order, fact.entry))
        elif phases[-1].to_at is None:
            if kind in policy.cancel or kind in policy.stop:
                phase = phases[-1]
                phase.to_at, phase.to_order, phase.to_entry = fact.at, order, fact.entry
                phase.is_cancelled = kind in policy.cancel
            elif kind in policy.reset:
                resets.append((order, fact.at, fact.entry))
        elif kind == FactKind.REOPENED and policy.is_reopenable:
            phases.append(Phase(fact.at, order, fact.entry))

        if kind == FactKind.PROFILED:
            profiles.append(Profile(fact.at, order, fact.term, fact.entry))
        elif kind in _BEGAN:
            key = (_BEGAN[kind], fact.ref)
            if key not in in_force:
                pause = Pause(
                    from_at=fact.at,
                    order=order,
                    ref=fact.ref,
                    reason=fact.term,
                    party=fact.party,
                    entry=fact.entry,
                    is_exclusion=key[0],
                    can_stop=key[0] or fact.term in policy.pause_reasons,
                )
                in_force[key] = pause
                history.pauses.append(pause)
        elif kind in _ENDED:
            ended = in_force.pop((_ENDED[kind], fact.ref), None)
            if ended is not None:
                ended.to_at, ended.to_order, ended.to_entry = fact.at, order, fact.entry
        elif kind in _STANDINGS:
            standings[fact.ref] = _STANDINGS[kind]

    for pause in history.pauses:
        if not pause.is_exclusion:
            pause.standing = standings.get(pause.ref, Standing.PROPOSED)
    if phases:
        last = phases[-1]
        if last.to_at is not None:
            history.end_at = last.to_at
            profiles = [it for it in profiles if it.order < last.to_order] or profiles[:1]
        history.laps = _laps(history, policy, profiles, resets)
    if profiles:
        history.profile = profiles[-1].term
    return history


def _laps(
    history: History, policy: ClockPolicy, profiles: Sequence[Profile], resets: Sequence[tuple[int, int, int]]
) -> list[Lap]:
    """Cut the clock's time at resets and, if the contract wants it, at goal changes.

    A profile that is set for the first time, or that has the same goal as the one before, is no goal change.
    """
    start = history.phases[0]
    from_change = policy.goal_change == "from_change"
    cuts = {order: (at, entry, True) for order, at, entry in resets}
    if from_change:
        for before, after in pairwise(profiles):
            is_change = policy.goals.get(before.term) != policy.goals.get(after.term)
            if is_change and after.order > start.order:
                cuts.setdefault(after.order, (after.at, after.entry, False))

    def goal_at(order: int) -> Goal | None:
        if not profiles:
            return None
        if not from_change:
            return policy.goals.get(profiles[-1].term)
        in_force = [it for it in profiles if it.order <= order] or profiles[:1]
        return policy.goals.get(in_force[-1].term)

    laps = [Lap(start.from_at, history.end_at, goal_at(start.order), start.order, start.entry)]
    for order in sorted(cuts):
        at, entry, is_reset = cuts[order]
        laps[-1].to_at, laps[-1].is_reset = at, is_reset
        laps.append(Lap(at, history.end_at, goal_at(order), order, entry))
    return laps
