"""Writes the Excel file: a sheet for each chapter, native charts, and every item streamed in constant memory.

A text is always written as a text: no cell can begin a formula, a link or a number, now or when somebody edits it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from xlsxwriter.worksheet import Worksheet

from yunheng.reports.rendering.content import plain_number
from yunheng.reports.rendering.excel_letters import write_letter
from yunheng.reports.rendering.parcel import pack_file_stably
from yunheng.reports.rendering.rows import Row
from yunheng.reports.rendering.shape import MISS_COLUMNS
from yunheng.reports.rendering.workbook import (
    BLUE,
    FORMULA_STARTS,
    Book,
    Cell,
    as_cell,
    write_named,
    write_pairs,
)

MOST_ROWS: Final = 1_000_000  #: of a sheet; what is more goes on in another one
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # Excel knows no zones
_AMBER: Final = "#E3A33B"
_MOST_CHARTS: Final = 8


def write_workbook(content: Mapping[str, Any], rows: Iterable[Row], path: Path) -> None:
    """The Excel file of a report. `rows`: see `render`."""
    book = Book(path)
    report, words = content["report"], content["words"]
    book.workbook.set_properties(
        {
            "title": f"{report['title']} {report['period_label']}"[:250],
            "author": content["contract"]["provider"][:250],
            "created": _LONG_AGO,
        }
    )
    _write_front(book, content)
    if content["kind"] == "monthly":
        for name in content["sections"]:
            if name in _CHAPTERS:
                _CHAPTERS[name](book, content)
        if content["item_columns"]:
            _write_items(book, words["items"], content["item_columns"], rows)
    elif content["kind"] == "ledger":
        _write_items(book, words["ledger"], content["columns"], rows)
    elif content["kind"] == "fault":
        _write_fault(book, content)
    else:
        write_letter(book, content)
    _write_verify(book, content)
    book.workbook.close()
    pack_file_stably(path)


# --- front and back


def _write_front(book: Book, content: Mapping[str, Any]) -> None:
    w, report, contract = content["words"], content["report"], content["contract"]
    sheet = book.sheet(w["cover"], [26, 60])
    book.write(sheet, 0, 0, f"{report['title']} · {report['period_label']}", book.title)
    pairs = [
        (w["draft"], w["draft_note"] if report["is_draft"] else ""),
        (w["contract"], f"{contract['title']} · {contract['key']}"),
        (w["client"], contract["client"]),
        (w["provider"], contract["provider"]),
        (w["suppliers"], " · ".join(contract["suppliers"])),
        (w["period"], " – ".join(part for part in (report["start"], report["end"]) if part)),
        (w["zone"], report["zone"]),
        (w["number"], report["number"]),
        (w["edition"], report["edition_label"]),
        (w["made"], " · ".join(part for part in (report["made_on"], report["made_by"]) if part)),
        (w["issued"], " · ".join(part for part in (report["issued_on"], report["issued_by"]) if part)),
    ]
    if content["kind"] == "ledger":
        pairs.append((w["description"], content["note"]))
    write_pairs(book, sheet, 2, pairs)


def _write_verify(book: Book, content: Mapping[str, Any]) -> None:
    w, record = content["words"], content["record"]
    sheet = book.sheet(w["verify"], [30, 80])
    is_sealed = record["is_sealed"] and record["root"]
    pairs = [
        (w["number"], content["report"]["number"]),
        (w["log_position"], w["not_sealed"] if record["position"] is None else record["position"]),
        (w["root_hash"], record["root"] if is_sealed else w["not_sealed"]),
        (w["signed_at"], record["signed_at"]),
        (w["signing_key"], record["key_id"]),
        (w["content_hash"], record["content_sha256"]),
        (w["how_to_check"], record["checked_by"]),
    ]
    book.write(sheet, 0, 0, w["verify_intro"], book.line)
    write_pairs(book, sheet, 2, pairs)


# --- every item


def _write_items(book: Book, name: str, columns: Sequence[Mapping[str, Any]], rows: Iterable[Row]) -> None:
    """All rows, streamed: each is written to disk before the next is read."""
    titles = [column["label"] for column in columns]
    kinds = [column["kind"] for column in columns]
    widths = [column["width"] or 14 for column in columns]
    stream = iter(rows)
    first: list[Row] = list(islice(stream, 1))
    while True:
        sheet = book.sheet(name, widths)
        for column, title in enumerate(titles):
            book.write(sheet, 0, column, title, book.head)
        sheet.freeze_panes(1, 1)
        last = 0
        for last, row in enumerate(_chained(first, islice(stream, MOST_ROWS - len(first))), 1):
            _write_item(book, sheet, last, row, kinds)
        if titles:
            sheet.autofilter(0, 0, last, len(titles) - 1)
            sheet.repeat_rows(0)
        first = list(islice(stream, 1))
        if not first:
            return


def _chained(first: Iterable[Row], rest: Iterable[Row]) -> Iterator[Row]:
    yield from first
    yield from rest


def _write_item(book: Book, sheet: Worksheet, place: int, row: Row, kinds: Sequence[str]) -> None:
    for column, (value, kind) in enumerate(zip(row, kinds, strict=False)):
        if value is None or value == "":
            continue
        if isinstance(value, int) and not isinstance(value, bool):
            if kind == "hours":
                sheet.write_number(place, column, value / 86_400, book.hours)
            else:
                sheet.write_number(place, column, value, book.number)
        else:
            text = as_cell(str(value))
            is_risky = text.startswith(FORMULA_STARTS)
            sheet.write_string(place, column, text, book.guarded_line if is_risky else book.line)


# --- chapters of the monthly report


def _write_summary(book: Book, content: Mapping[str, Any]) -> None:
    w, summary = content["words"], content["summary"]
    sheet = book.sheet(w["summary"], [34, 16, 16, 16, 24])
    top = book.table(
        sheet,
        0,
        [w["indicator"], w["this_period"], w["goal"], w["state"], w["change"]],
        [
            [row["label"], row["value"], row["goal"], row["state"], row["change"]]
            for row in summary["headline"]
        ],
    )
    for text in (*summary["sentences"], content["comments"]["summary"]):
        top += 1
        book.write(sheet, top, 0, text, book.guarded_line if text.startswith(FORMULA_STARTS) else book.line)


def _write_scope(book: Book, content: Mapping[str, Any]) -> None:
    w, scope = content["words"], content["scope"]
    sheet = book.sheet(w["scope"], [28, 28, 40, 24])
    top = book.table(
        sheet,
        0,
        [w["service"], w["service_hours"], w["description"]],
        [[row["label"], row["hours"], row["description"]] for row in scope["services"]],
    )
    top = book.table(
        sheet,
        top + 1,
        [w["service"], w["priority"], w["clock"], w["within"]],
        [[row["service"], row["priority"], row["clock"], row["within"]] for row in scope["goals"]],
    )
    book.table(
        sheet,
        top + 1,
        [w["role"], w["people_count"], w["names"]],
        [[row["role"], row["count"], " · ".join(row["names"])] for row in scope["people"]],
    )


def _write_attainment(book: Book, content: Mapping[str, Any]) -> None:
    w, attainment = content["words"], content["attainment"]
    sheet = book.sheet(w["attainment"], [28, 14, 14, 14, 14, 18, 10, 10, 10, 10, 12, 60])
    sheet.freeze_panes(1, 1)
    book.table(
        sheet,
        0,
        [
            w["indicator"], w["this_period"], w["goal"], w["state"], w["last_period"], w["change"], w["numerator"],
            w["denominator"], w["excluded"], w["still_waiting"], w["provisional"], w["definition"],
        ],
        [
            [
                row["label"], row["value"], row["goal"], row["state"], row["last_value"], row["change"],
                row["numerator"], row["denominator"], row["excluded"], row["waiting"],
                w["provisional"] if row["is_provisional"] else "", row["definition"],
            ]
            for row in attainment["rows"]
        ],
    )  # fmt: skip
    _write_trend(book, content)
    _write_groups(book, content)


def _write_trend(book: Book, content: Mapping[str, Any]) -> None:
    """Months down, indicators and their goals across; a line chart for each."""
    w = content["words"]
    trend = [one for one in content["attainment"]["trend"] if one["months"]]
    if not trend:
        return
    sheet = book.sheet(w["trend"], [14] + [16] * (2 * len(trend)))
    labels: dict[str, str] = {}
    for one in trend:
        labels |= {month["month"]: month["label"] for month in one["months"]}
    months = sorted(labels)
    values = [{month["month"]: plain_number(month["value"]) for month in one["months"]} for one in trend]
    titles = [w["month"]]
    for one in trend:
        titles += [one["label"] + (f" ({one['unit']})" if one["unit"] else ""), w["goal"]]
    rows: list[list[Cell]] = []
    for month in months:
        row: list[Cell] = [labels[month]]
        for one, known in zip(trend, values, strict=True):
            row += [known.get(month), plain_number(one["goal"])]
        rows.append(row)
    below = book.table(sheet, 0, titles, rows) + 1
    for place, one in enumerate(trend[:_MOST_CHARTS]):
        chart = book.workbook.add_chart({"type": "line"})
        column = 1 + 2 * place
        series = [(column, BLUE, "solid")]
        if plain_number(one["goal"]) is not None:
            series.append((column + 1, _AMBER, "dash"))
        for at, colour, dash in series:
            chart.add_series(
                {
                    "name": [sheet.get_name(), 0, at],
                    "categories": [sheet.get_name(), 1, 0, len(months), 0],
                    "values": [sheet.get_name(), 1, at, len(months), at],
                    "line": {"color": colour, "width": 1.75, "dash_type": dash},
                    **(
                        {"marker": {"type": "circle", "size": 4, "fill": {"color": colour}}}
                        if dash == "solid"
                        else {}
                    ),
                }
            )
        _dress(chart, sheet, 0, column)
        chart.set_legend({"position": "bottom"})
        sheet.insert_chart(below + 15 * (place // 2), 5 * (place % 2), chart)


def _write_groups(book: Book, content: Mapping[str, Any]) -> None:
    """Group after group; a bar chart beside each that has numbers."""
    w = content["words"]
    groups = [group for group in content["attainment"]["groups"] if group["rows"]]
    if not groups:
        return
    sheet = book.sheet(w["by_groups"], [30, 14, 14, 10, 14])
    by = {"priority": w["by_priority"], "service": w["by_service"]}
    top = 0
    for place, group in enumerate(groups):
        title = " · ".join(part for part in (group["label"], by.get(group["by"], group["by"])) if part)
        rows = [
            [row["label"], row["value"], plain_number(row["number"]), row["n"], row["state"]]
            for row in group["rows"]
        ]
        after = book.table(sheet, top, [title, w["value"], w["value"], "n", w["state"]], rows)
        if place < _MOST_CHARTS and any(row[2] is not None for row in rows):
            chart = book.workbook.add_chart({"type": "bar"})
            _add_bars(chart, sheet, top + 1, after - 1, 2)
            _dress(chart, sheet, top, 0)
            chart.set_x_axis({"reverse": True})  # the first row on top
            chart.set_y_axis({"min": 0, "crossing": "max", "major_gridlines": {"visible": False}})
            sheet.insert_chart(top, 6, chart)
            after = max(after, top + 14)
        top = after + 1


def _write_tickets(book: Book, content: Mapping[str, Any]) -> None:
    w, tickets = content["words"], content["tickets"]
    sheet = book.sheet(w["tickets"], [34, 12, 12])
    top = book.table(
        sheet, 0, [w["volumes"], w["count"]], [[row["label"], row["value"]] for row in tickets["counts"]]
    )
    for name in ("by_source", "by_kind", "by_priority", "by_service", "by_category", "by_cause", "backlog"):
        if tickets[name]:
            rows = [[row["label"], row["count"], row.get("share", "")] for row in tickets[name]]
            top = book.table(sheet, top + 1, [w[name], w["count"], w["share"]], rows)
    hours = [[f"{hour:02d}:00", count] for hour, count in enumerate(tickets["hours"])]
    weekdays = [list(pair) for pair in zip(w["weekdays"].split(), tickets["weekdays"], strict=False)]
    at = 0
    for name, rows in (("by_hour", hours), ("by_weekday", weekdays)):
        if rows:
            begin = top + 2
            top = book.table(sheet, top + 1, [w[name], w["count"]], rows)
            chart = book.workbook.add_chart({"type": "column"})
            _add_bars(chart, sheet, begin, top - 1, 1)
            _dress(chart, sheet, begin - 1, 0)
            sheet.insert_chart(at, 5, chart)
            at += 16


def _write_major(book: Book, content: Mapping[str, Any]) -> None:
    names = (
        "number",
        "title",
        "priority",
        "opened",
        "responded",
        "restored",
        "resolved",
        "duration",
        "cause",
    )
    rows = [[*(one[name] for name in names), "\n".join(f"{line['at']} {line['text']}" for line in one["lines"])]
            for one in content["major"]]  # fmt: skip
    write_named(book, content, "major", (*names, "timeline"), rows, [26, 50, 8, 17, 17, 17, 17, 12, 24, 80])


def _write_waiting(book: Book, content: Mapping[str, Any]) -> None:
    w, waiting = content["words"], content["waiting"]
    sheet = book.sheet(w["waiting"], [24, 34, 10, 18, 10])
    top = book.table(
        sheet,
        0,
        [w["party"], w["reason"], w["count"], w["held_back"], w["share"]],
        [
            [row["party"], row["reason"], row["count"], row["duration"], row["share"]]
            for row in waiting["rows"]
        ],
    )
    for name in ("disputed", "undecided"):
        top += 1
        book.write(sheet, top, 0, w[name])
        book.write(sheet, top, 2, waiting[name])


def _write_exclusions(book: Book, content: Mapping[str, Any]) -> None:
    rows = [[row["label"], row["count"], row["reason"], row["agreed_by"]] for row in content["exclusions"]]
    write_named(book, content, "exclusions", ("item", "count", "reason", "agreed_by"), rows, [30, 10, 50, 30])


def _write_satisfaction(book: Book, content: Mapping[str, Any]) -> None:
    rows = [[row["label"], row["value"]] for row in content["satisfaction"]["rows"]]
    write_named(book, content, "satisfaction", ("item", "value"), rows, [34, 24])


def _write_misses(book: Book, content: Mapping[str, Any]) -> None:
    rows = [[row[name] for name in MISS_COLUMNS] for row in content["misses"]["rows"]]
    titles = ("ticket", *MISS_COLUMNS[1:])
    write_named(book, content, "misses", titles, rows, [26, 50, 10, 8, 20, 17, 17, 17, 12, 14, 28])


def _write_calendars(book: Book, content: Mapping[str, Any]) -> None:
    rows = [
        [
            row["label"],
            row["zone"],
            row["hours"],
            row["tzdata"],
            ", ".join(map(str, row["provisional_years"])),
        ]
        for row in content["calendars"]
    ]
    titles = ("calendar", "zone", "service_hours", "tzdata", "provisional_years")
    write_named(book, content, "calendars", titles, rows, [24, 18, 50, 16, 18])


def _write_fault(book: Book, content: Mapping[str, Any]) -> None:
    w, ticket = content["words"], content["ticket"]
    sheet = book.sheet(w["facts"], [30, 90])
    names = {"number": "ticket"}
    top = write_pairs(
        book, sheet, 0, [(w[names.get(name, name)], value) for name, value in ticket.items() if name in w]
    )
    written = [
        (w[f"written_{name}"], text) for name, text in content["written"].items() if f"written_{name}" in w
    ]
    write_pairs(book, sheet, top + 1, written)
    effects = [
        [row["clock"], row["due"], row["done"], row["state"], row["text"]] for row in content["effects"]
    ]
    write_named(
        book,
        content,
        "effects",
        ("clock", "due", "done", "state", "description"),
        effects,
        [16, 18, 18, 14, 70],
    )
    lines = [[row["at"], row["who"], row["text"]] for row in content["timeline"]]
    write_named(book, content, "timeline", ("time", "who", "what"), lines, [18, 20, 90])
    actions = [[row["what"], row["owner"], row["due"]] for row in content["actions"]]
    write_named(book, content, "corrective_actions", ("action", "owner", "due"), actions, [80, 20, 16])


# --- charts


def _add_bars(chart: Any, sheet: Worksheet, first: int, last: int, column: int) -> None:
    name = sheet.get_name()
    chart.add_series(
        {
            "categories": [name, first, 0, last, 0],
            "values": [name, first, column, last, column],
            "fill": {"color": BLUE},
            "gap": 60,
        }
    )
    chart.set_legend({"none": True})


def _dress(chart: Any, sheet: Worksheet, row: int, column: int) -> None:
    """The title is that of a cell: as a text of its own it could be taken for a reference."""
    chart.set_title(
        {"name": [sheet.get_name(), row, column], "name_font": {"size": 11, "bold": True}, "overlay": False}
    )
    chart.set_size({"width": 520, "height": 270})
    chart.set_y_axis({"major_gridlines": {"visible": True, "line": {"color": "#D5DBE1"}}})
    chart.show_blanks_as("gap")


_CHAPTERS: Final = {
    "summary": _write_summary,
    "scope": _write_scope,
    "attainment": _write_attainment,
    "tickets": _write_tickets,
    "major": _write_major,
    "waiting": _write_waiting,
    "exclusions": _write_exclusions,
    "satisfaction": _write_satisfaction,
    "misses": _write_misses,
    "calendars": _write_calendars,
}
