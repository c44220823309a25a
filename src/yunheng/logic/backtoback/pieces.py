"""Functions of whole seconds as straight pieces: composed, compared and subtracted without looking at each second."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple


class Piece(NamedTuple):
    """For every whole t with from_at ≤ t < to_at the function is value + slope · (t − from_at)."""

    from_at: int
    to_at: int
    value: int
    slope: int

    def at(self, t: int) -> int:
        """The value at `t`, which lies in the piece."""
        return self.value + self.slope * (t - self.from_at)


Pieces = Sequence[Piece]
"""Adjacent pieces in order, none empty."""

Walk = Callable[[int, int], Iterator[Piece]]
"""The pieces of a function over [a, b), b > a."""


def identity(a: int, b: int) -> Pieces:
    """f(t) = t over [a, b)."""
    return (Piece(a, b, a, 1),)


def composed(inner: Pieces, outer: Walk) -> Pieces:
    """outer(inner(t)). The slopes of `inner` are 0 or 1."""
    found: list[Piece] = []
    for from_at, to_at, value, slope in inner:
        if slope == 0:
            (constant,) = outer(value, value + 1)
            found.append(Piece(from_at, to_at, constant.value, 0))
            continue
        shift = from_at - value
        found += [
            Piece(piece.from_at + shift, piece.to_at + shift, piece.value, piece.slope)
            for piece in outer(value, value + to_at - from_at)
        ]
    return found


def difference(one: Pieces, other: Pieces) -> Pieces:
    """one(t) − other(t), over the same span."""
    return [Piece(a, b, x - y, p - q) for a, b, x, p, y, q in _aligned(one, other)]


def earliest(one: Pieces, other: Pieces) -> Pieces:
    """min(one(t), other(t)), over the same span; slopes of 0 and 1, so that they cross on a whole second."""
    found: list[Piece] = []
    for a, b, x, p, y, q in _aligned(one, other):
        if p != q and x != y and (x < y) == (p > q) and abs(x - y) < b - a:
            meet = a + abs(x - y)
            lower, upper = (Piece(a, meet, x, p), Piece(meet, b, y + q * (meet - a), q))
            if y < x:
                lower, upper = Piece(a, meet, y, q), Piece(meet, b, x + p * (meet - a), p)
            found += (lower, upper)
        else:
            is_first = x < y or (x == y and p <= q)
            found.append(Piece(a, b, x, p) if is_first else Piece(a, b, y, q))
    return found


def greatest(pieces: Iterable[Piece]) -> int:
    """The largest value; raises ValueError without a piece."""
    return max(max(piece.value, piece.at(piece.to_at - 1)) for piece in pieces)


def least(pieces: Iterable[Piece]) -> int:
    """The smallest value; raises ValueError without a piece."""
    return min(min(piece.value, piece.at(piece.to_at - 1)) for piece in pieces)


def _aligned(one: Pieces, other: Pieces) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Spans in which both are straight: (from, to, value and slope of one, value and slope of the other)."""
    i = j = 0
    at = one[0].from_at
    while i < len(one) and j < len(other):
        first, second = one[i], other[j]
        to_at = min(first.to_at, second.to_at)
        yield at, to_at, first.at(at), first.slope, second.at(at), second.slope
        at = to_at
        i += first.to_at == to_at
        j += second.to_at == to_at
