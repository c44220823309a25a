"""A line small enough to stand beside a figure, as SVG geometry. Months without a value are gaps, never zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Dot:
    """One value."""

    x: float
    y: float
    css: str


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Paths and dots within width × height."""

    width: int
    height: int
    path: str
    dots: tuple[Dot, ...]
    goal_y: float | None
    title: str


def draw_sparkline(
    points: Sequence[tuple[str, Decimal | None, bool | None]],
    *,
    goal: Decimal | None,
    title: str,
    width: int = 112,
    height: int = 28,
) -> Sparkline | None:
    """The line of (label, value, is_met), oldest first; None when there is no value at all.

    The scale runs from the smallest to the largest of values and goal, with a little air; lone values are dots.
    """
    values = [value for _label, value, _is_met in points if value is not None]
    if not values:
        return None
    known = [*values, *([goal] if goal is not None else [])]
    low, high = float(min(known)), float(max(known))
    air = (high - low) * 0.12 or max(abs(high) * 0.05, 1.0)
    low, high = low - air, high + air

    def y(value: Decimal) -> float:
        return round(height - 3 - (float(value) - low) / (high - low) * (height - 6), 1)

    step = (width - 8) / max(1, len(points) - 1)
    path, dots, pen_is_down = "", [], False
    last = max(place for place, (_label, value, _is_met) in enumerate(points) if value is not None)
    for place, (_label, value, is_met) in enumerate(points):
        if value is None:
            pen_is_down = False
            continue
        x = round(4 + place * step, 1)
        path += f"{'L' if pen_is_down else 'M'}{x} {y(value)}"
        follows = place + 1 < len(points) and points[place + 1][1] is not None
        if place == last or (not pen_is_down and not follows):
            css = "spark-dot-miss" if is_met is False else "spark-dot"
            dots.append(Dot(x, y(value), css if place == last else "spark-gap"))
        pen_is_down = True
    return Sparkline(width, height, path, tuple(dots), y(goal) if goal is not None else None, title)
