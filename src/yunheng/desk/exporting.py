"""Writes a list of tickets as CSV or Excel, row by row from a cursor of the server; no cell can start a formula."""

import csv
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from xlsxwriter import Workbook

from yunheng.foundation import wording
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid

from .asking import Asked
from .listing import NEWEST, TicketPage, ordered, rows_in_batches
from .narrowing import is_open, narrowed
from .presentation import TicketRow, terms_by_scope, ticket_rows
from .queries import visible_to

MOST: Final = 50_000  #: rows of one file
FORMATS: Final = ("csv", "xlsx")
#: Full-width signs too: in Chinese and Japanese settings they begin a formula as well.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_SPOOL: Final = 8 * 1024 * 1024  #: bytes kept in memory before the file goes to the disk


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written; whoever takes it closes it."""

    file: IO[bytes]
    rows: int
    is_cut: bool  #: there were more than MOST


def safe_cell(text: str) -> str:
    """The text as a cell of CSV: with an apostrophe before what a spreadsheet would read as a formula.

    (CWE-1236.) Blanks before it do not help an attacker: some programs trim them.
    """
    return "'" + text if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def export_tickets(
    viewer: Viewer,
    asked: Asked,
    *,
    columns: Sequence[tuple[str, str]],
    file_format: str,
    scope_id: int | None = None,
    now: datetime,
    most: int = MOST,
) -> Exported:
    """The list that was asked for, newest first or by priority, `most` rows at most, with these columns (key, head).

    Instants are in the reader's zone. Raises Invalid for an unknown format and what `list_tickets` refuses.
    """
    if file_format not in FORMATS:
        raise Invalid({"format": _("One of: %(choices)s.") % {"choices": ", ".join(FORMATS)}})
    tickets = visible_to(viewer) if scope_id is None else visible_to(viewer).filter(scope_id=scope_id)
    tickets = narrowed(viewer, tickets, asked.wanted, now=now)
    if asked.order != NEWEST:  # the same tickets as the list has
        tickets = tickets.filter(is_open())
    heads = [_("Ticket"), _("Source number"), _("Title"), *(head for _key, head in columns)]
    keys = [key for key, _head in columns]
    count = 0

    def cells() -> Iterator[list[str | datetime]]:
        nonlocal count
        with transaction.atomic():
            for page in rows_in_batches(viewer, ordered(tickets, asked.order), most=most + 1):
                for row in _rows(page, viewer, now):
                    count += 1
                    if count <= most:
                        ticket = row.ticket
                        yield [
                            ticket.number,
                            ticket.source_number,
                            ticket.title,
                            *(_cell(row, key) for key in keys),
                        ]
        if count > most:
            yield [_("Cut off: only the first %(count)d rows are here. Narrow the list.") % {"count": most}]

    write: Callable[[IO[bytes], Sequence[str], Iterator[list[str | datetime]]], None]
    write = _write_csv if file_format == "csv" else _write_excel
    file = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # noqa: SIM115 - the answer closes it
    try:
        write(file, heads, cells())
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Exported(file, min(count, most), count > most)


def _rows(page: TicketPage, viewer: Viewer, now: datetime) -> list[TicketRow]:
    terms = terms_by_scope({ticket.scope_id for ticket in page.tickets}, now)
    return ticket_rows(page, terms, viewer, now=now)


def _cell(row: TicketRow, column: str) -> str | datetime:
    ticket = row.ticket
    if column == "due":
        if row.clock is None:
            return ""
        told = f"{row.clock.label}: {row.clock.mark_label}"
        return f"{told} · {row.clock.due}" if row.clock.due else told
    if column in {"opened", "moved"}:
        return ticket.opened_at if column == "opened" else ticket.moved_at or ticket.opened_at
    told_by_row = {
        "contract": ticket.scope.key,
        "team": ticket.team.name if ticket.team else "",
        "ci": ticket.ci,
        "category": ticket.category,
    }
    return told_by_row[column] if column in told_by_row else str(getattr(row, column))


def _write_csv(file: IO[bytes], heads: Sequence[str], rows: Iterator[list[str | datetime]]) -> None:
    """RFC 4180 in UTF-8 with a byte order mark, which Excel wants to see."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe_cell(head) for head in heads])
    for row in rows:
        writer.writerow(
            [
                f"{wording.local(cell):%Y-%m-%d %H:%M:%S}" if isinstance(cell, datetime) else safe_cell(cell)
                for cell in row
            ]
        )
    text.flush()
    text.detach()


def _write_excel(file: IO[bytes], heads: Sequence[str], rows: Iterator[list[str | datetime]]) -> None:
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "remove_timezone": True,
    }
    book: Any = Workbook(file, options)
    sheet = book.add_worksheet(_("Tickets"))
    bold = book.add_format({"bold": True})
    instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.freeze_panes(1, 1)
    for place, head in enumerate(heads):
        sheet.set_column(place, place, 48 if place == 2 else 20)
        sheet.write_string(0, place, head, bold)
    zone = timezone.get_current_timezone()
    for number, row in enumerate(rows, start=1):
        for place, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(number, place, cell.astimezone(zone), instant)
            else:
                sheet.write_string(number, place, cell)
    sheet.autofilter(0, 0, 0, len(heads) - 1)
    book.close()
