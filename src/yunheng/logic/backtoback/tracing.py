"""One opening followed through a chain: who is due when, and until when each is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from yunheng.logic.backtoback.examining import Chain


@dataclass(frozen=True, slots=True)
class Step:
    """A promise that starts at `from_at`: when it is due, and the last instant at which it is still kept."""

    from_at: int
    due_at: int
    kept_until: int


@dataclass(frozen=True, slots=True)
class Trace:
    """A clock that starts at `at`: the outer promise, and the steps of the path that decides (`path` is its index)."""

    at: int
    outer: Step
    path: int
    steps: Sequence[Step]
    ends_at: int
    excess_seconds: int


def trace(chain: Chain, at: int) -> Trace:
    """Follow the opening at `at`. Raises HorizonError."""
    followed: list[list[Step]] = []
    for path in chain.paths:
        steps: list[Step] = []
        from_at = at
        for promise in path:
            steps.append(Step(from_at, promise.due_at(from_at), promise.kept_until(from_at)))
            from_at = steps[-1].kept_until
        followed.append(steps)
    index = min(range(len(followed)), key=lambda i: followed[i][-1].kept_until)
    return Trace(
        at=at,
        outer=Step(at, chain.outer.due_at(at), chain.outer.kept_until(at)),
        path=index,
        steps=tuple(followed[index]),
        ends_at=followed[index][-1].kept_until,
        excess_seconds=chain.excess(at),
    )
