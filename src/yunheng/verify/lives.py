"""What the facts of one ticket say of its life, and which indicators it belongs to: a plain reading, one by one.

The product draws its samples with numpy (`logic.vector.samples`); this says the same without it, so that a verifier
needs nothing but the standard library. A test holds both equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from yunheng.logic.clock import Fact
from yunheng.logic.facts import FactKind

DAY = 86_400


@dataclass(slots=True)
class Life:
    """Instants and marks of a ticket; None and "" where there is none. What a reopening undid is None again."""

    opened: int | None = None
    responded: int | None = None
    restored: int | None = None
    resolved: int | None = None
    first_resolved: int | None = None
    closed: int | None = None
    cancelled: int | None = None
    failed: int | None = None
    reopened_after: int | None = None  #: fewest seconds from an end to the reopening that undid it
    reopenings: int = 0
    waits: int = 0
    teams: list[str] = field(default_factory=list)
    profile: str = ""
    classification: str = ""
    line: str = ""
    is_left_out: bool = False
    _ended: int | None = None
    _last: tuple[int, str] | None = None  #: the last resolution, whatever came after

    def take(self, fact: Fact) -> None:
        """Go on by one fact; they come in their order."""
        kind, at = fact.kind, fact.at
        if kind is FactKind.OPENED:
            self.opened = at if self.opened is None else self.opened
        elif kind is FactKind.RESPONDED:
            self.responded = at if self.responded is None else self.responded
        elif kind is FactKind.FAILED:
            self.failed = at if self.failed is None else self.failed
        elif kind is FactKind.RESTORED:
            self.restored = at
        elif kind is FactKind.RESOLVED:
            self._last, self._ended = (at, fact.term), at
            self.resolved, self.line = self._last
            self.first_resolved = at if self.first_resolved is None else self.first_resolved
        elif kind is FactKind.CLOSED:
            self.closed = self._ended = at
            if (
                self._last is not None
            ):  # closing without a new resolution says that the last one holds after all
                self.resolved, self.line = self._last
        elif kind is FactKind.REOPENED:
            self._reopen(at)
        elif kind is FactKind.CANCELLED:
            self.cancelled = at
        elif kind is FactKind.ASSIGNED:
            if not self.teams or self.teams[-1] != fact.term:
                self.teams.append(fact.term)
        elif kind is FactKind.WAIT_BEGAN:
            self.waits += 1
        elif kind is FactKind.PROFILED:
            self.profile = fact.term
        elif kind is FactKind.CLASSIFIED:
            self.classification = fact.term
        elif kind in (FactKind.LEFT_OUT, FactKind.TAKEN_BACK):
            self.is_left_out = kind is FactKind.LEFT_OUT

    def _reopen(self, at: int) -> None:
        self.reopenings += 1
        if self._ended is not None:
            after = at - self._ended
            self.reopened_after = after if self.reopened_after is None else min(after, self.reopened_after)
            self._ended = None
        self.resolved = self.closed = self.restored = None
        self.line = ""

    @property
    def works_again(self) -> int | None:
        """The restoration that stands, else the resolution."""
        return self.resolved if self.restored is None else self.restored

    @property
    def failure(self) -> int | None:
        """When the failure began, as far as it is known."""
        return self.opened if self.failed is None else self.failed


def life_of(facts: Iterable[Fact], before: int | None = None) -> Life:
    """The life that facts in their order tell; those at or after `before` are as if not there."""
    life = Life()
    for fact in facts:
        if before is None or fact.at < before:
            life.take(fact)
    return life


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of an indicator: the period, and the numbers that the contract sets."""

    start: int
    end: int
    within_seconds: int
    days: int
    of: str
    duration: Callable[[int, int], int]

    def holds(self, at: int | None) -> bool:
        """Whether an instant lies in the period."""
        return at is not None and self.start <= at < self.end


@dataclass(slots=True)
class Drawn:
    """Members of an indicator by number: hits, misses, members without a value, and durations of the hits."""

    hits: dict[str, int | None] = field(default_factory=dict)
    misses: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)

    def add(self, number: str, is_hit: bool) -> None:
        """A member that counts for the value or against it."""
        if is_hit:
            self.hits[number] = None
        else:
            self.misses.add(number)

    def span(self, number: str, begin: int | None, finish: int | None, asked: Asked) -> None:
        """A member with a duration; one that ends before it begins is listed apart, never averaged."""
        if begin is None or finish is None or finish < begin:
            self.waiting.add(number)
        else:
            self.hits[number] = asked.duration(begin, finish)


Lives = Mapping[str, Life]
Draw = Callable[[Lives, Asked, Drawn], None]


def _durations(instant: Callable[[Life], int | None], begin: Callable[[Life], int | None]) -> Draw:
    """Members whose instant lies in the period, from `begin` to it."""

    def draw(lives: Lives, asked: Asked, drawn: Drawn) -> None:
        for number, life in lives.items():
            if asked.holds(instant(life)):
                drawn.span(number, begin(life), instant(life), asked)

    return draw


def _mtta(lives: Lives, asked: Asked, drawn: Drawn) -> None:
    for number, life in lives.items():
        if not asked.holds(life.opened):
            continue
        if life.responded is not None:
            drawn.span(number, life.opened, life.responded, asked)
        elif life.cancelled is None:
            drawn.waiting.add(number)


def _resolved_within(lives: Lives, asked: Asked, drawn: Drawn) -> None:
    for number, life in lives.items():
        if life.resolved is None or not asked.holds(life.resolved):
            continue
        responded = life.responded
        is_hit = responded is not None and asked.duration(responded, life.resolved) <= asked.within_seconds
        drawn.add(number, is_hit)


def _resolution_rate(lives: Lives, asked: Asked, drawn: Drawn) -> None:
    for number, life in lives.items():
        if asked.holds(life.closed if asked.of == "closed" else life.opened) and life.cancelled is None:
            drawn.add(number, life.resolved is not None)


def _reopen_rate(lives: Lives, asked: Asked, drawn: Drawn) -> None:
    for number, life in lives.items():
        if asked.holds(life.closed):
            after = life.reopened_after
            drawn.add(number, after is not None and after <= asked.days * DAY)


def _recurrence(lives: Lives, asked: Asked, drawn: Drawn) -> None:
    closed: dict[str, list[int]] = {}
    for life in lives.values():
        if life.closed is not None and all(life.classification.partition("|")[::2]):
            closed.setdefault(life.classification, []).append(life.closed)
    for number, life in lives.items():
        if not asked.holds(life.closed):
            continue
        if not all(life.classification.partition("|")[::2]) or life.opened is None:
            drawn.waiting.add(number)
            continue
        first, opened = life.opened - asked.days * DAY, life.opened
        drawn.add(number, any(first <= at < opened for at in closed[life.classification]))


def _dispatch_accuracy(lives: Lives, asked: Asked, drawn: Drawn) -> None:
    for number, life in lives.items():
        if asked.holds(life.resolved) and life.teams:
            drawn.add(number, len(life.teams) == 1)


def _first_contact(lives: Lives, asked: Asked, drawn: Drawn) -> None:
    for number, life in lives.items():
        if not asked.holds(life.opened) or life.cancelled is not None:
            continue
        is_resolved = life.resolved is not None
        if not (is_resolved and life.line) and not (asked.of == "logged" and not is_resolved):
            drawn.waiting.add(number)
            continue
        is_simple = len(life.teams) <= 1 and not life.waits and not life.reopenings
        drawn.add(number, is_resolved and life.line == "first" and is_simple)


def _backlog(lives: Lives, asked: Asked, drawn: Drawn) -> None:
    for number, life in lives.items():
        is_over = not (life.resolved is None and life.closed is None and life.cancelled is None)
        if life.opened is not None and not is_over:
            drawn.add(number, True)


DRAWS: Mapping[str, Draw] = {
    "mtta": _mtta,
    "mttr": _durations(lambda life: life.resolved, lambda life: life.opened),
    "mttr_first": _durations(lambda life: life.first_resolved, lambda life: life.opened),
    "mttc": _durations(lambda life: life.closed, lambda life: life.opened),
    "mtrs": _durations(lambda life: life.works_again, lambda life: life.failure),
    "resolved_24h": _resolved_within,
    "incident_resolution_rate": _resolution_rate,
    "reopen_rate": _reopen_rate,
    "recurrence": _recurrence,
    "dispatch_accuracy": _dispatch_accuracy,
    "first_contact_resolution": _first_contact,
    "backlog_age": _backlog,
}
"""How the members of each indicator are drawn that is measured on tickets and counts no clocks."""

__all__: Sequence[str] = ("DRAWS", "Asked", "Drawn", "Life", "life_of")
