"""The dashboard of a contract: promises, volumes, load and waiting of a month in words and pictures, each a door."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import terms_at
from yunheng.foundation import wording
from yunheng.foundation.access import Viewer

from .board import UNKNOWN, Division, Slice, Volumes, WaitRow, WaitTable, volumes, waits
from .figures import Row
from .indicators import INDICATORS
from .periods import Period
from .presentation import (
    TREND_MONTHS,
    FigureLine,
    Question,
    figure_line,
    headline_keys,
    number_text,
    unit_name,
)
from .pressing import Heap, Pressing, pressing
from .queries import trend
from .study import study_scope

#: Slices of one division that a page shows; the rest are one line together.
MOST_BARS: Final = 7
LEVELS: Final = 5  #: shades of the heat map


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure went since the month before. `direction`: better, worse or same; the arrow says up or down."""

    text: str
    arrow: str
    direction: str
    before: str


@dataclass(frozen=True, slots=True)
class Promise:
    """An indicator of the month beside that of the month before; `why` says why there is no value."""

    line: FigureLine
    before: FigureLine
    change: Change | None
    why: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A count of the month beside the month before."""

    key: str
    label: str
    count: int | None
    url: str
    before: str
    hint: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A part with its share of the longest one, in percent, for its picture."""

    label: str
    count: int
    share: str
    width: int
    url: str


@dataclass(frozen=True, slots=True)
class Bars:
    """One division of a whole; `rest` is folded away."""

    key: str
    title: str
    head: str
    bars: Sequence[Bar]
    rest: Sequence[Bar]
    hint: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour of one weekday."""

    hour: int
    count: int
    level: int
    url: str
    name: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One weekday."""

    label: str
    cells: Sequence[Cell]
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class WaitLine:
    """Waiting for one party and reason, in words."""

    row: WaitRow
    held: str
    share: str
    width: int
    url: str


@dataclass(frozen=True, slots=True)
class BoardPage:
    """All that the page shows."""

    period: Period
    question: Question
    promises: Sequence[Promise]
    volumes: Volumes
    flows: Sequence[Flow]
    backlog: Bars
    divisions: Sequence[Bars]
    heat: Sequence[HeatRow]
    hours: Sequence[int]
    busiest: str
    waits: WaitTable
    wait_lines: Sequence[WaitLine]
    held_total: str
    disputed_url: str
    undecided_url: str
    pressing: Pressing

    @property
    def own_turn(self) -> Heap | None:
        """Tickets that wait for the client."""
        return next((heap for heap in self.pressing.waiting if heap.key == "client"), None)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show at all: no ticket came, and none is open."""
        found = self.volumes
        return not (found.opened or found.resolved or found.closed or found.open_at_end)


def board_page(viewer: Viewer, contract: Contract, period: Period, *, now: datetime) -> BoardPage:
    """The dashboard of one month for whoever may look at the contract's figures (1 study). Raises Forbidden."""
    present = pressing(viewer, contract, now=now)
    question = Question(period, None, "events", None, "")
    found = volumes(contract, period.start, period.end, now=now)
    before = volumes(contract, period.before.start, period.before.end, now=now)
    table = waits(contract, period.start, period.end, now=now)
    opens = _opener(contract, period)
    wanted: tuple[tuple[Division, str, str], ...] = (
        ("cause", _("Causes"), _("Cause")),
        ("category", _("Categories"), _("Category")),
        ("service", _("Services"), _("Service")),
        ("priority", _("Priorities"), _("Priority")),
        ("source", _("How they came in"), _("Source")),
    )
    return BoardPage(
        period=period,
        question=question,
        promises=promises(contract, question, now=now),
        volumes=found,
        flows=_flows(found, before, opens),
        backlog=_bars(
            "backlog", _("Open by age"), _("Age"), found.backlog, opens, hint=_("days since the opening")
        ),
        divisions=[
            _bars(key, title, head, found.divided(key), opens, most=MOST_BARS) for key, title, head in wanted
        ],
        heat=_heat(found, opens),
        hours=found.hours,
        busiest=_busiest(found),
        waits=table,
        wait_lines=_wait_lines(table, opens),
        held_total=wording.duration(table.seconds),
        disputed_url=opens("disputed", ""),
        undecided_url=opens("undecided", ""),
        pressing=present,
    )


Opener = Callable[[str, str], str]


def _opener(contract: Contract, period: Period) -> Opener:
    """Addresses of the tickets behind a number."""
    base = reverse("appraisal:board_items", args=[contract.scope.key])

    def opens(what: str, key: str) -> str:
        asked = {"from": period.start.isoformat(), "to": period.end.isoformat(), "what": what, "key": key}
        return f"{base}?" + urlencode({name: value for name, value in asked.items() if value})

    return opens


# --- promises


def promises(contract: Contract, question: Question, *, now: datetime) -> list[Promise]:
    """The headline figures of the contract: this month, the month before, and the way there."""
    terms = terms_at(contract.pk, now)
    keys = headline_keys(list(terms.indicators) if terms else [])
    if not keys:
        return []
    study = study_scope(contract, now=now)
    end = question.period.end
    # A stock is counted anew for each month from all facts before its end: this month and the last one will do.
    stocks = [key for key in keys if key in INDICATORS and INDICATORS[key].population == "open"]
    flows = [key for key in keys if key not in stocks]

    def months() -> dict[str, list[Row]]:
        found = trend(contract, keys=flows, end=end, months=TREND_MONTHS, now=now) if flows else {}
        return found | (trend(contract, keys=stocks, end=end, months=2, now=now) if stocks else {})

    rows = study.derived(("promises", tuple(keys), end, get_language()), months)
    return [_promise(contract, question, rows[key]) for key in keys]


def _promise(contract: Contract, question: Question, months: Sequence[Row]) -> Promise:
    """Rows of a trend end with the month that is asked for."""
    this, last = (replace(row, group="", group_label="") for row in (months[-1], months[-2]))
    line = figure_line(contract, question, this, months, "")
    before = figure_line(contract, question.for_period(question.period.before), last, [], "")
    return Promise(line, before, _change(this, last), "" if this.value is not None else _why(this))


def _why(row: Row) -> str:
    if row.unit == "tickets":
        return _("This month has not begun.")
    if row.waiting:
        return ngettext(
            "%(n)s has no value yet.", "%(n)s have no value yet.", row.waiting
        ) % {"n": wording.grouped(row.waiting)}  # fmt: skip
    return {
        "settled": _("No clock has been decided in this month yet."),
        "created": _("Nothing came in this month yet."),
        "responded": _("Nothing was responded to in this month yet."),
        "resolved": _("Nothing was resolved in this month yet."),
        "restored": _("Nothing was restored in this month yet."),
        "closed": _("Nothing was closed in this month yet."),
    }.get(row.population, _("nothing in the population"))


def _change(this: Row, last: Row) -> Change | None:
    if this.value is None or last.value is None:
        return None
    difference = this.value - last.value
    before = f"{number_text(last)} {unit_name(last.unit)}".rstrip()
    if difference == 0:
        return Change(_("as last month"), "", "same", before)
    sign = "+" if difference > 0 else "−"
    size = abs(difference)
    if this.unit == "%":
        text = _("%(sign)s%(size)s points") % {"sign": sign, "size": wording.decimal_text(size)}
    elif this.unit == "h":
        text = f"{sign}{wording.duration(int(size * 3600))}"
    else:
        text = f"{sign}{wording.grouped(int(size))}"
    is_better = (difference > 0) == this.is_better_high
    return Change(text, "▲" if difference > 0 else "▼", "better" if is_better else "worse", before)


# --- volumes


def _flows(found: Volumes, before: Volumes, opens: Opener) -> list[Flow]:
    rows = (
        ("opened", _("Came in"), found.opened, before.opened, ""),
        (
            "resolved",
            pgettext("count", "Resolved"),
            found.resolved,
            before.resolved,
            _("the resolution stands"),
        ),
        ("closed", pgettext("count", "Closed"), found.closed, before.closed, ""),
        ("open_at_end", _("Open at the end"), found.open_at_end, before.open_at_end, _("not resolved")),
    )
    return [
        Flow(
            key=key,
            label=label,
            count=None if found.is_to_come else count,
            url=opens(key, ""),
            before=wording.grouped(last),
            hint=hint,
        )
        for key, label, count, last, hint in rows
    ]


def percent_text(share: Decimal | None) -> str:
    """ "12.3 %", or a dash where there is no whole."""
    return wording.DASH if share is None else f"{wording.decimal_text(share)} %"


def _bars(
    key: str,
    title: str,
    head: str,
    slices: Sequence[Slice],
    opens: Opener,
    *,
    most: int | None = None,
    hint: str = "",
) -> Bars:
    if most is None or len(slices) <= most + 1:
        shown, rest = list(slices), []
    else:  # what nobody stated stands last, and is never folded away
        last = [one for one in slices if one.key == UNKNOWN]
        known = [one for one in slices if one.key != UNKNOWN]
        shown, rest = known[:most] + last, known[most:]
    longest = max((one.count for one in shown), default=0)

    def bar(one: Slice) -> Bar:
        url = opens(key, one.key)
        return Bar(one.label, one.count, percent_text(one.share), _width(one.count, longest), url)

    return Bars(key, title, head, [bar(one) for one in shown], [bar(one) for one in rest], hint)


def _width(count: int, longest: int) -> int:
    """Percent of the longest; what is there at all can be seen."""
    return max(1, round(100 * count / longest)) if count and longest else 0


# --- load


def weekday_names() -> list[str]:
    """Short names, Monday first."""
    return [
        pgettext("weekday", "Mon"),
        pgettext("weekday", "Tue"),
        pgettext("weekday", "Wed"),
        pgettext("weekday", "Thu"),
        pgettext("weekday", "Fri"),
        pgettext("weekday", "Sat"),
        pgettext("weekday", "Sun"),
    ]


def _heat(found: Volumes, opens: Opener) -> list[HeatRow]:
    most = max((count for day in found.load for count in day), default=0)
    rows = []
    for day, (name, counts) in enumerate(zip(weekday_names(), found.load, strict=True)):
        cells = [
            Cell(
                hour=hour,
                count=count,
                level=_level(count, most),
                url=opens("load", f"{day}-{hour}") if count else "",
                name=_("%(day)s %(hour)02d:00–%(until)02d:00: %(count)s")
                % {"day": name, "hour": hour, "until": hour + 1, "count": wording.grouped(count)},
            )
            for hour, count in enumerate(counts)
        ]
        rows.append(HeatRow(name, cells, sum(counts), opens("weekday", str(day))))
    return rows


def _level(count: int, most: int) -> int:
    return 0 if not count else 1 + min(LEVELS - 1, LEVELS * count // (most + 1))


def _busiest(found: Volumes) -> str:
    """The busiest hour of the week, in words; "" when nothing came."""
    most = max((count for day in found.load for count in day), default=0)
    if not most:
        return ""
    day, hour = next((day, hour) for day in range(7) for hour in range(24) if found.load[day][hour] == most)
    return _("most on %(day)s %(hour)02d:00–%(until)02d:00") % {
        "day": weekday_names()[day],
        "hour": hour,
        "until": hour + 1,
    }


# --- waiting


def _wait_lines(table: WaitTable, opens: Opener) -> list[WaitLine]:
    longest = max((row.seconds for row in table.rows), default=0)
    return [
        WaitLine(
            row=row,
            held=wording.duration(row.seconds) if row.seconds else wording.DASH,
            share=percent_text(row.share),
            width=_width(row.seconds, longest),
            url=opens("waits", row.key),
        )
        for row in table.rows
    ]
