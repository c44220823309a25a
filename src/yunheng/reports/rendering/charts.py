"""Charts of the Word and PDF reports, drawn by matplotlib: the same content gives the same bytes.

Colours differ in lightness too, and what missed its goal is hatched, so that a grey print says the same.
"""

import io
import logging
import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from yunheng.reports.rendering.content import plain_number
from yunheng.reports.rendering.fonts import FAMILIES, font_files

Picture = Literal["svg", "png"]

INK: Final = "#1f2933"
QUIET: Final = "#6b7785"
LINE: Final = "#d5dbe1"
BLUE: Final = "#1d5a96"
AMBER: Final = "#e3a33b"

_WIDTH: Final = 6.69  #: inches: the width of the text, 170 mm
_DOTS: Final = 200  #: of an inch in a PNG
_MOST_PANELS: Final = 8
_MOST_BARS: Final = 10
_WIDE: Final = "wide-title"  #: marks titles that begin over the names of bars

_STYLE: Final[Any] = {
    "font.family": list(FAMILIES),
    "font.size": 8,
    "text.color": INK,
    "text.parse_math": False,  # a $ in a label is a dollar
    "axes.unicode_minus": False,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "hatch.linewidth": 0.8,
    "svg.fonttype": "path",  # no font is needed to show them
    "svg.hashsalt": "yunheng",
}


def draw_charts(content: Mapping[str, Any], pictures: Sequence[Picture]) -> dict[Picture, dict[str, bytes]]:
    """Every chart of a monthly report that has something to show: kind of picture -> name -> its bytes."""
    _load_fonts()
    drawn: dict[Picture, dict[str, bytes]] = {picture: {} for picture in pictures}
    with matplotlib.rc_context(_STYLE):
        for name, draw in _CHARTS.items():
            figure = draw(content)
            if figure is None:
                continue
            figure.draw_without_rendering()
            figure.set_layout_engine("none")  # it is laid out: not once more for each picture
            _move_wide_titles(figure)
            for picture in pictures:
                drawn[picture][name] = _saved(figure, picture)
    return drawn


def _load_fonts() -> None:
    """Only the fonts we ship, whatever the machine has."""
    # Set for our process, so that importing does not search the machine; from here on it would hide ours.
    os.environ.pop("MPL_IGNORE_SYSTEM_FONTS", None)
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # the smaller fonts have no bold
    manager = font_manager.fontManager
    manager.ttflist.clear()
    for path in font_files():
        manager.addfont(str(path))


def _saved(figure: Figure, picture: Picture) -> bytes:
    buffer = io.BytesIO()
    metadata: dict[str, None] = {"Date": None, "Creator": None} if picture == "svg" else {"Software": None}
    figure.savefig(buffer, format=picture, dpi=_DOTS, metadata=metadata, transparent=picture == "svg")
    return buffer.getvalue()


# --- trend: one panel for each indicator


def _draw_trend(content: Mapping[str, Any]) -> Figure | None:
    series = [
        one for one in content["attainment"]["trend"] if any(value is not None for value in _numbers(one))
    ][:_MOST_PANELS]
    if not series:
        return None
    figure, panels = _panels(len(series), height=1.5)
    for axes, one in zip(panels, series, strict=True):
        _draw_series(axes, one, content["words"])
    return figure


def _numbers(one: Mapping[str, Any]) -> list[float | None]:
    return [plain_number(month["value"]) for month in one["months"]]


def _draw_series(axes: Axes, one: Mapping[str, Any], words: Mapping[str, str]) -> None:
    values = _numbers(one)
    places = [float(place) for place in range(len(values))]
    gaps = [float("nan") if value is None else value for value in values]
    unit = f"({one['unit']})" if one["unit"] else ""
    axes.set_title(" ".join(part for part in (_shortened(one["label"], 34), unit) if part))
    axes.plot(places, gaps, color=BLUE, linewidth=1.6, marker="o", markersize=3, clip_on=False, zorder=3)
    goal = plain_number(one["goal"])
    known = [value for value in values if value is not None] + ([goal] if goal is not None else [])
    low, high = min(known), max(known)
    room = (high - low) * 0.18 or max(abs(high) * 0.05, 1)
    floor = max(low - room, 0) if low >= 0 else low - room
    ceiling = max(high, 100) if one["unit"] == "%" and high <= 100 < high + room else high + room
    axes.set_ylim(floor, ceiling)
    if goal is not None:
        axes.axhline(goal, color=AMBER, linewidth=1.3, linestyle=(0, (4, 2)), zorder=2)
        axes.set_title(
            _shortened(f"{words['goal']} {one['goal']}", 18),
            loc="right",
            fontsize=7.5,
            fontweight="normal",
            color="#8a5a00",
        )
    _name_last(axes, one, values)
    _name_months(axes, one["months"])
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="y", color=LINE, linewidth=0.5)


def _name_last(axes: Axes, one: Mapping[str, Any], values: Sequence[float | None]) -> None:
    """Write the last value beside its point; the others are in the table."""
    for place in reversed(range(len(values))):
        value = values[place]
        if value is not None:
            shown = one["months"][place]["shown"] or one["months"][place]["value"]
            axes.annotate(
                _shortened(str(shown), 14),
                (place, value),
                xytext=(0, 5),
                textcoords="offset points",
                ha="right" if place else "left",
                fontsize=8,
                fontweight="bold",
                color=BLUE,
                bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
                zorder=4,
            )
            return


def _name_months(axes: Axes, months: Sequence[Mapping[str, Any]]) -> None:
    step = max(1, -(-len(months) // 6))
    shown = [place for place in range(len(months)) if (len(months) - 1 - place) % step == 0]
    axes.set_xticks(shown, [_shortened(str(months[place]["label"]), 10) for place in shown])
    axes.set_xlim(-0.3, max(len(months) - 1, 1) + 0.3)


# --- groups: bars for each indicator by priority or service


def _draw_groups(content: Mapping[str, Any]) -> Figure | None:
    groups = [
        group
        for group in content["attainment"]["groups"]
        if any(plain_number(row["number"]) is not None for row in group["rows"])
    ][:_MOST_PANELS]
    if not groups:
        return None
    rows = max(min(len(group["rows"]), _MOST_BARS) for group in groups)
    figure, panels = _panels(len(groups), height=0.62 + 0.24 * rows)
    by = {"priority": content["words"]["by_priority"], "service": content["words"]["by_service"]}
    for axes, group in zip(panels, groups, strict=True):
        shown = group["rows"][:_MOST_BARS]
        title = " · ".join(part for part in (group["label"], by.get(group["by"], group["by"])) if part)
        _set_wide_title(axes, _shortened(title, 56))
        _bars(
            axes,
            [row["label"] for row in shown],
            [plain_number(row["number"]) for row in shown],
            [row["value"] + (f" · n = {row['n']}" if row["n"] is not None else "") for row in shown],
            [row["is_met"] is not False for row in shown],
        )
    return figure


def _set_wide_title(axes: Axes, text: str) -> None:
    """A title that may be as wide as the panel: over the names of the bars, too."""
    title = axes.set_title(text)
    title.set_in_layout(False)
    title.set_gid(_WIDE)


def _move_wide_titles(figure: Figure) -> None:
    """Begin wide titles where the names of the bars begin; only now it is known where that is."""
    for axes in figure.axes:
        for title in axes.findobj(lambda one: one.get_gid() == _WIDE):
            left = min(label.get_window_extent().x0 for label in axes.get_yticklabels())
            title.set_x(axes.transAxes.inverted().transform((left, 0))[0])  # type: ignore[attr-defined]


# --- volumes


def _draw_slices(part: str) -> Callable[[Mapping[str, Any]], Figure | None]:
    def draw(content: Mapping[str, Any]) -> Figure | None:
        slices = [slice_ for slice_ in content["tickets"][part] if slice_["count"] >= 0][:_MOST_BARS]
        if not any(slice_["count"] for slice_ in slices):
            return None
        figure = Figure(figsize=(_WIDTH, 0.35 + 0.25 * len(slices)), layout="constrained")
        axes = figure.subplots()
        shown = [f"{one['count']}" + (f" · {one['share']}" if one.get("share") else "") for one in slices]
        _bars(axes, [one["label"] for one in slices], [float(one["count"]) for one in slices], shown)
        return figure

    return draw


def _draw_load(content: Mapping[str, Any]) -> Figure | None:
    tickets, words = content["tickets"], content["words"]
    hours, weekdays = tickets["hours"], tickets["weekdays"]
    if len(hours) != 24 or len(weekdays) != 7 or (not any(hours) and not any(weekdays)):
        return None
    figure = Figure(figsize=(_WIDTH, 1.9), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[2, 1])
    left.set_title(words["by_hour"])
    left.bar(range(24), hours, color=BLUE, width=0.72)
    left.set_xticks(range(0, 24, 3), [f"{hour:02d}:00" for hour in range(0, 24, 3)])
    right.set_title(words["by_weekday"])
    right.bar(range(7), weekdays, color=[BLUE] * 5 + ["#8fb3d6"] * 2, width=0.66)
    right.set_xticks(range(7), words["weekdays"].split())
    for axes in (left, right):
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_axisbelow(True)
        axes.grid(axis="y", color=LINE, linewidth=0.5)
    return figure


# --- what charts are made of


def _panels(count: int, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels, two in a row; `height` of one, in inches."""
    columns = 2 if count > 1 else 1
    lines = -(-count // columns)
    figure = Figure(figsize=(_WIDTH, height * lines), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.08)  # type: ignore[union-attr, call-arg]
    made = figure.subplots(lines, columns, squeeze=False).ravel().tolist()
    for spare in made[count:]:
        spare.set_visible(False)
    return figure, made[:count]


def _bars(
    axes: Axes,
    labels: Sequence[str],
    values: Sequence[float | None],
    shown: Sequence[str],
    good: Sequence[bool] | None = None,
) -> None:
    """Horizontal bars, the first on top, each with what is shown beside it; hatched amber where it is not good."""
    places = range(len(labels))
    good = good or [True] * len(labels)
    bars = axes.barh(
        places,
        [value or 0 for value in values],
        height=0.62,
        color=[BLUE if is_good else "#f6dfb4" for is_good in good],
        edgecolor=[BLUE if is_good else "#9a6400" for is_good in good],
        linewidth=0.6,
    )
    for bar, is_good, value in zip(bars, good, values, strict=True):
        if not is_good and value is not None:
            bar.set_hatch("////")
    axes.bar_label(bars, [_shortened(text, 26) for text in shown], padding=4, fontsize=7.5, color=INK)
    axes.set_yticks(places, [_on_two_lines(label, 24) for label in labels])
    axes.invert_yaxis()
    axes.set_xlim(0, max([value or 0 for value in values], default=0) * 1.32 or 1)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)


def _on_two_lines(text: str, most: int) -> str:
    """The text, broken between words where it is longer than so many columns; shortened where that is not enough."""
    text = " ".join(text.split())
    if _shortened(text, most) == text:
        return text
    breaks = [
        place for place, character in enumerate(text) if character == " " and _columns(text[:place]) <= most
    ]
    if not breaks:
        return _shortened(text, most + 2)
    return f"{text[: breaks[-1]]}\n{_shortened(text[breaks[-1] + 1 :], most)}"


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _shortened(text: str, most: int) -> str:
    """One line of at most so many columns; a Chinese character is two of them."""
    text = " ".join(text.split())
    width = 0
    for place, character in enumerate(text):
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if width > most:
            return text[:place].rstrip() + "…"
    return text


_CHARTS: Final[Mapping[str, Callable[[Mapping[str, Any]], Figure | None]]] = {
    "trend": _draw_trend,
    "groups": _draw_groups,
    "priorities": _draw_slices("by_priority"),
    "causes": _draw_slices("by_cause"),
    "load": _draw_load,
    "backlog": _draw_slices("backlog"),
}
