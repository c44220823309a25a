"""The forecast on one line: the scale of scores with its tiers, where the period stands, and where it may end."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from .queries import PointsLeft

WIDTH, HEIGHT = 640, 64
_MARGIN = 24


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a grade or coefficient begins: `x` on the picture, and the score."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """How often scores near here came out of the draws."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Strip:
    """Geometry within width × height. `now` is None without a score."""

    width: int
    height: int
    low: float
    high: float
    median: float
    now: float | None
    edges: tuple[Edge, ...]
    bars: tuple[Bar, ...]
    base: float


def draw_strip(left: PointsLeft) -> Strip | None:
    """The picture of a forecast; None where there is none, or no score to be expected."""
    if left.forecast is None:
        return None
    outlook = left.forecast.outlook
    if outlook.low is None or outlook.median is None or outlook.high is None:
        return None
    now = left.card.score.value
    shown = [value for value in (*outlook.scores, now) if value is not None]
    lowest, highest = min(shown), max(shown)
    edges = sorted(_edges(left))
    below = [edge for edge in edges if edge <= lowest]
    lowest = (
        below[-1] if below and highest > below[-1] and lowest - below[-1] < (highest - below[-1]) else lowest
    )
    air = (highest - lowest) / 20 or Decimal(1)
    first, last = lowest - air, highest + air

    def x(value: Decimal) -> float:
        return round(_MARGIN + float((value - first) / (last - first)) * (WIDTH - 2 * _MARGIN), 1)

    base = HEIGHT - 22.0
    return Strip(
        WIDTH,
        HEIGHT,
        low=x(outlook.low),
        high=x(outlook.high),
        median=x(outlook.median),
        now=None if now is None else x(now),
        edges=tuple(Edge(x(edge), f"{edge.normalize():f}") for edge in edges if first <= edge <= last),
        bars=tuple(_bars(outlook.scores, x, base)),
        base=base,
    )


def _edges(left: PointsLeft) -> set[Decimal]:
    """Lower edges of grades, else of coefficients of the same period."""
    scheme = left.card.rules.scheme
    intervals = [grade.interval for grade in scheme.grades]
    if not intervals and scheme.settlement is not None and scheme.settlement.period == scheme.period:
        intervals = [band.interval for band in scheme.settlement.coefficients]
    return {interval.low for interval in intervals if interval.low is not None}


def _bars(scores: Mapping[Decimal, int], x: Callable[[Decimal], float], base: float) -> Iterator[Bar]:
    """Scores in slices of a fixed width."""
    slices: dict[int, int] = {}
    step = 8.0
    for value, count in scores.items():
        place = int((x(value) - _MARGIN) // step)
        slices[place] = slices.get(place, 0) + count
    most = max(slices.values(), default=1)
    for place, count in sorted(slices.items()):
        height = round(float(Fraction(count, most)) * (base - 8), 1)
        yield Bar(round(_MARGIN + place * step, 1), round(base - height, 1), step - 1, height)
