"""What may be laid side by side: kinds told apart, changes of like things alone, small numbers, an order by score."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

#: A share of fewer than so many is marked: one more or less moves it by a fifth and more.
FEW: Final = 5


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many. Of nothing there is no share: neither 0 nor 100 %."""

    numerator: int
    denominator: int

    @property
    def fraction(self) -> Fraction | None:
        """The share from 0 to 1, exact."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None

    @property
    def missed(self) -> int:
        """How many are not among the so many."""
        return self.denominator - self.numerator

    @property
    def is_few(self) -> bool:
        """Whether it rests on so few that it says little; of nothing there is no share to doubt."""
        return 0 < self.denominator < FEW

    def __add__(self, other: Share) -> Share:
        """Both together: sums are added, never shares averaged (indicators.md 3)."""
        return Share(self.numerator + other.numerator, self.denominator + other.denominator)


@dataclass(frozen=True, slots=True)
class Scored:
    """A score under a scheme; `scheme` tells schemes apart. `value` None: nothing was asked for."""

    scheme: Hashable
    value: Decimal | None


def change(now: Scored | None, before: Scored | None) -> Decimal | None:
    """How a score went since the one before; None unless both have a value under the same scheme."""
    if now is None or before is None or now.value is None or before.value is None:
        return None
    return now.value - before.value if now.scheme == before.scheme else None


def numbered(kinds: Iterable[Hashable | None]) -> tuple[int | None, ...]:
    """The kinds by number, from 1 in the order in which they first appear; None stays None."""
    known: dict[Hashable, int] = {}
    return tuple(None if kind is None else known.setdefault(kind, len(known) + 1) for kind in kinds)


def differ(values: Iterable[Hashable | None]) -> bool:
    """Whether there are two that are not alike; None says nothing."""
    return len({value for value in values if value is not None}) > 1


def by_score(rows: Sequence[Scored | None]) -> tuple[int, ...]:
    """Places of the rows, the best score first, scheme by scheme: scores of two schemes are never ranked together.

    The scheme with the most rows leads, then the one that appears first. Equal scores keep their order; who has no
    score stands last in the scheme, who is not scored last of all.
    """
    schemes = numbered(None if row is None else row.scheme for row in rows)
    sizes = {scheme: sum(1 for one in schemes if one == scheme) for scheme in schemes}

    def place(at: int) -> tuple[bool, int, int, bool, Decimal]:
        row, scheme = rows[at], schemes[at]
        if row is None or scheme is None:
            return True, 0, 0, False, Decimal(0)
        return False, -sizes[scheme], scheme, row.value is None, -(row.value or Decimal(0))

    return tuple(sorted(range(len(rows)), key=place))


def union_seconds(spans: Iterable[tuple[int, int]]) -> int:
    """Seconds that lie in at least one of the spans [from, to); a second that two share counts once."""
    total, reached = 0, None
    for begin, end in sorted(spans):
        if reached is not None:
            begin = max(begin, reached)
        if end > begin:
            total += end - begin
            reached = end
    return total


__all__ = ["FEW", "Scored", "Share", "by_score", "change", "differ", "numbered", "union_seconds"]
