"""A random sample that anybody can draw again: what is drawn follows from a seed that nobody could choose."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from hashlib import sha256
from math import ceil

from yunheng.logic.measure import Number

_PREFIX = b"yunheng/sample/1\n"


def draw(seed: str, members: Iterable[str], count: int) -> tuple[str, ...]:
    """`count` of the members, in alphabetical order: those whose SHA-256 over seed and name comes first.

    It does not depend on the order in which they are given, each member is as likely as any other, and a larger sample
    by the same seed holds the smaller one. Raises ValueError for a count that is negative or more than there are.
    """
    names = set(members)
    if not 0 <= count <= len(names):
        raise ValueError(f"{count} of {len(names)}")
    return tuple(sorted(sorted(names, key=lambda name: (_rank(seed, name), name))[:count]))


def sample_size(population: int, share: Number) -> int:
    """How many `share` per cent are: rounded up, and at least one where there is one."""
    if population < 0 or not 0 < share <= 100:
        raise ValueError(f"{share} % of {population}")
    return ceil(Fraction(share) * population / 100)


def _rank(seed: str, name: str) -> bytes:
    return sha256(_PREFIX + seed.encode() + b"\n" + name.encode()).digest()
