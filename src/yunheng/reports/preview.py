"""What a report says, ready to be shown as a page: each number of the content gets a door to the items behind it."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from yunheng.appraisal.sparkline import Sparkline, draw_sparkline
from yunheng.foundation.wording import grouped

from .content.header import WRITTEN_SECTIONS
from .refusing import WRITTEN
from .rendering import CHAPTERS

#: Facts of a fault, in the order of the page.
FACTS: Final = (
    "grade",
    "kind",
    "service",
    "priority",
    "ci",
    "reporter",
    "reporter_unit",
    "started",
    "detected",
    "responded",
    "restored",
    "resolved",
    "duration",
)
#: Tables of shares, in the order of the page.
SLICES: Final = ("by_source", "by_kind", "by_priority", "by_service", "by_category", "by_cause")


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a small chart: its place in the drawing, and what it says."""

    x: float
    y: float
    width: float
    height: float
    label: str
    count: int
    is_named: bool  #: whether its label stands under it; not all of 24 fit
    href: str = ""

    @property
    def middle(self) -> float:
        """Where the label is centred."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Bars:
    """A small bar chart."""

    bars: Sequence[Bar]
    width: int
    height: int

    @property
    def story(self) -> str:
        """The same in words, for those who do not see it."""
        return ", ".join(f"{bar.label}: {bar.count}" for bar in self.bars)


def draw_bars(
    counts: Sequence[int],
    labels: Sequence[str],
    *,
    width: int,
    every: int = 1,
    height: int = 96,
    doors: Sequence[str] = (),
) -> Bars | None:
    """Bars over their labels, `every` n-th of which is written; None when there is nothing to show."""
    if not counts or not any(counts):
        return None
    step, most, floor = width / len(counts), max(counts), height - 16
    bars = []
    for place, count in enumerate(counts):
        tall = round(floor * count / most, 1)
        bars.append(
            Bar(
                round(place * step + step * 0.12, 1),
                round(floor - tall, 1),
                round(step * 0.76, 1),
                tall,
                labels[place],
                count,
                place % every == 0,
                doors[place] if doors and count else "",
            )
        )
    return Bars(bars, width, height)


@dataclass(frozen=True, slots=True)
class Doors:
    """Addresses behind the figures of one contract and month, as of the report's log position."""

    key: str
    period: str
    position: int = 0

    def items(self, indicator: str, **more: str) -> str:
        """The items behind an indicator; `part`, `by` and `group` narrow them."""
        return self._address("appraisal:items", indicator=indicator, **more)

    def members(self, what: str, key: str = "") -> str:
        """Tickets behind a number of the dashboard; "" where there is no page of them."""
        return self._address("appraisal:board_items", what=what, key=key)

    def figures(self, indicator: str = "") -> str:
        """The page of all figures of the month."""
        return self._address("appraisal:indicators", show=indicator)

    def _address(self, name: str, **asked: str) -> str:
        try:
            path = reverse(name, args=[self.key])
        except NoReverseMatch:
            return ""
        query = {"from": self.period, **asked, "as_of": str(self.position) if self.position > 0 else ""}
        return path + "?" + urlencode({name: value for name, value in query.items() if value})


def _number(text: object) -> Decimal | None:
    try:
        return Decimal(str(text)) if text not in (None, "") else None
    except InvalidOperation:
        return None


def _spark(line: Mapping[str, Any]) -> Sparkline | None:
    points = [
        (str(month.get("label", "")), _number(month.get("value")), None) for month in line.get("months", [])
    ]
    story = "; ".join(f"{month.get('label', '')}: {month.get('shown', '')}" for month in line["months"])
    return draw_sparkline(points, goal=_number(line.get("goal")), title=story)


def _of(row: Mapping[str, Any]) -> str:
    """What stands behind a figure, never a bare percentage: "412 / 441", of means and counts how many they are of."""
    whole = grouped(row["denominator"])
    return f"{grouped(row['numerator'])} / {whole}" if row.get("unit") == "%" else f"n = {whole}"


def _add_doors_to_figures(page: dict[str, Any], doors: Doors) -> None:
    attainment = page.get("attainment", {})
    rows = {row["key"]: row for row in attainment.get("rows", [])}
    keys = {row["label"]: row["key"] for row in attainment.get("rows", [])}
    for one in page.get("summary", {}).get("headline", []):
        key = one.get("key") or keys.get(one["label"], "")
        one["href"] = doors.items(key) if key else doors.figures()
        one["of"] = _of(rows[key]) if key in rows else ""
    sparks = {line["key"]: _spark(line) for line in attainment.get("trend", [])}
    for row in attainment.get("rows", []):
        key = row["key"]
        row["href"] = doors.items(key)
        row["of"] = _of(row)
        if not str(row.get("value", ""))[-1:].isdecimal():  # it names its unit itself, or there is no value
            row["unit"] = ""
        row["excluded_href"] = doors.items(key, part="excluded")
        row["waiting_href"] = doors.items(key, part="waiting")
        row["spark"] = sparks.get(key)
    for group in attainment.get("groups", []):
        key = group.get("key") or keys.get(group["label"], "")
        for row in group.get("rows", []):
            if key:
                row["href"] = doors.items(key, by=group.get("by", ""), group=row.get("key", ""))


def _add_doors_to_tickets(page: dict[str, Any], doors: Doors, may_open_tickets: bool) -> None:
    tickets = page.get("tickets", {})
    for one in tickets.get("counts", []):
        one["href"] = doors.members(one["key"]) if one.get("key") else ""
    for name in SLICES:
        rows = tickets.get(name, [])
        total = sum(one.get("count", 0) for one in rows)
        for one in rows:
            one["href"] = (
                doors.members(name.removeprefix("by_"), one.get("key", "")) if one.get("key") else ""
            )
            one["width"] = round(100 * one.get("count", 0) / total) if total else 0
    for one in tickets.get("backlog", []):
        one["href"] = doors.members("backlog", one["key"]) if one.get("key") else ""
    waiting = page.get("waiting", {})
    for row in waiting.get("rows", []):
        if row.get("party_key") is not None:
            row["href"] = doors.members("waits", f"{row['party_key']}|{row.get('reason_key', '')}")
    waiting["doors"] = {name: doors.members(name) for name in ("disputed", "undecided")}
    for name in ("major", "misses"):
        part = page.get(name, [])
        for row in part["rows"] if isinstance(part, dict) else part:
            row["href"] = reverse("desk:ticket", args=[row["number"]]) if may_open_tickets else ""


def _lay_out_fault(page: dict[str, Any], may_open_tickets: bool) -> None:
    words, ticket, written = page.get("words", {}), page.get("ticket", {}), page.get("written", {})
    page["ticket_facts"] = [
        (words.get(name, name), ticket[name]) for name in FACTS if ticket.get(name) not in (None, "")
    ]
    page["written_parts"] = [(words.get(f"written_{name}", name), written.get(name, "")) for name in WRITTEN]
    number = ticket.get("number", "")
    page["ticket_href"] = reverse("desk:ticket", args=[number]) if number and may_open_tickets else ""


def preview(content: Mapping[str, Any], doors: Doors, *, may_open_tickets: bool = True) -> dict[str, Any]:
    """The content with doors, drawings and its parts in order. The content itself stays as it is."""
    page: dict[str, Any] = copy.deepcopy(dict(content))
    if page.get("kind") == "monthly":
        _add_doors_to_figures(page, doors)
        _add_doors_to_tickets(page, doors, may_open_tickets)
        tickets, words = page.get("tickets", {}), page.get("words", {})
        weekdays = str(words.get("weekdays", "1 2 3 4 5 6 7")).split()
        misses = page.get("misses", {})
        if misses.get("total", 0) > len(misses.get("rows", [])):
            page["misses_cut"] = str(words.get("misses_cut", "")).format(
                shown=len(misses["rows"]), total=misses["total"]
            )
        page["hour_bars"] = draw_bars(
            tickets.get("hours", []),
            [f"{hour}:00" for hour in range(24)],
            width=480,
            every=3,
            doors=[doors.members("hour", str(hour)) for hour in range(24)],
        )
        page["weekday_bars"] = draw_bars(
            tickets.get("weekdays", []),
            weekdays,
            width=240,
            doors=[doors.members("weekday", str(day)) for day in range(7)],
        )
        page["slices"] = [
            {"title": words.get(name, name), "rows": tickets[name]} for name in SLICES if tickets.get(name)
        ]
    if page.get("kind") == "fault":
        _lay_out_fault(page, may_open_tickets)
    shown = [name for name in CHAPTERS if name in page.get("sections", ())]
    comments = page.get("comments", {})
    page["parts"] = [
        {
            "name": name,
            "title": page.get("words", {}).get(name, name),
            "template": f"reports/preview/{'written' if name in WRITTEN_SECTIONS else name}.html",
            "text": comments.get(WRITTEN_SECTIONS[name], "") if name in WRITTEN_SECTIONS else "",
        }
        for name in shown
    ]
    return page
