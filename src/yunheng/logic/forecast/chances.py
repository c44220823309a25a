"""The chance of a running clock to be missed, from how past clocks went on that had used as much of their time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Final

LEAST_DONORS: Final = 8  #: with fewer past clocks of the profile that came so far, all profiles speak


@dataclass(frozen=True, slots=True)
class PastClock:
    """A clock that ended: by whose goal it was judged, and which share of the goal it had used (above 1: missed)."""

    profile: str
    used: float


@dataclass(frozen=True, slots=True)
class Chance:
    """To end in the period, met (`good`) or missed (`bad`). The rest is the chance that it still runs when it ends."""

    good: float
    bad: float


class PastClocks:
    """Past clocks of one kind, ready to be asked. Empirical, so it supposes no shape of the time that work takes."""

    def __init__(self, clocks: Iterable[PastClock]) -> None:
        self._by_profile: dict[str, list[float]] = {}
        for clock in clocks:
            self._by_profile.setdefault(clock.profile, []).append(clock.used)
        for found in self._by_profile.values():
            found.sort()
        self._all = sorted(chain.from_iterable(self._by_profile.values()))  # of runs that ascend: fast

    def __len__(self) -> int:
        return len(self._all)

    def chance(self, profile: str, used: float, until: float) -> Chance:
        """Of a clock that has used the share `used` (below 1) and will have used `until` when the period ends.

        Both counts are of those past clocks that had used as much and still ran. One half more on either side keeps
        "never happened" from being "cannot happen".
        """
        found = self._by_profile.get(profile, [])
        if len(found) - bisect_right(found, used) < LEAST_DONORS:
            found = self._all
        after = bisect_right(found, used)
        still = len(found) - after
        missed = len(found) - max(bisect_right(found, 1.0), after)
        in_time = max(bisect_right(found, min(until, 1.0)) - after, 0)
        good = (in_time + (0.5 if until >= 1 else 0)) / (still + 1)
        bad = (missed + 0.5) / (still + 1) if until >= 1 else 0.0
        return Chance(good, bad)
