"""The table of tickets as HTML: its heads, and each row with the columns that are shown.

A list has hundreds of cells, and a template takes ten times as long for them.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from yunheng.foundation.markup import (
    countdown_html,
    escaped,
    html_made,
    instant_html,
    priority_html,
    state_html,
)

from .asking import COLUMNS
from .presentation import ClockCell, TicketRow, column_heads


@dataclass(frozen=True, slots=True)
class TicketTable:
    """What the template lays out: heads of the columns, and whole rows."""

    heads: Sequence[str]
    rows: Sequence[SafeString]


def ticket_table(
    rows: Sequence[TicketRow], shown: Collection[str], *, has_boxes: bool, now: datetime | None = None
) -> TicketTable:
    """The table of these rows with the columns of `shown`, in their usual order; with boxes for a step for many."""
    heads = column_heads()
    columns = [column for column in COLUMNS if column in shown]
    layout = _Layout(columns, has_boxes=has_boxes, now=now or datetime.now(UTC))
    return TicketTable([heads[column] for column in columns], [layout.row(row) for row in rows])


class _Layout:
    """How the rows of one table are written; what they share is made once."""

    def __init__(self, columns: Sequence[str], *, has_boxes: bool, now: datetime) -> None:
        heads = {**column_heads(), "due": _("Clock")}
        self._cells = [(_opening(column, heads[column]), _CELLS[column]) for column in columns]
        self._tickets = reverse("desk:ticket", args=["-"]).removesuffix("-")
        self._choose = _("Choose %(number)s")
        self._has_boxes = has_boxes
        self.now = now
        self.waits_for = _("waits for %(party)s")

    def row(self, row: TicketRow) -> SafeString:
        """A ticket as <tr>."""
        return html_made(f"<tr data-row>{''.join(self._parts(row))}</tr>")

    def _parts(self, row: TicketRow) -> Iterator[str]:
        ticket = row.ticket
        number = escaped(ticket.number)
        if self._has_boxes:
            yield (
                f'<td class="row-check"><input type="checkbox" name="number" value="{number}"'
                f' aria-label="{escaped(self._choose % {"number": ticket.number})}">'
                f'<input type="hidden" name="version" value="{number}:{ticket.row_version}"></td>'
            )
        source = f" · {escaped(ticket.source_number)}" if ticket.source_number else ""
        yield (
            f'<td class="title"><a class="row-title" data-row-link href="{self._tickets}{number}">'
            f'{escaped(ticket.title)}</a><div class="ticket-number">{number}{source}</div></td>'
        )
        for opening, cell in self._cells:
            yield f"{opening}{escaped(cell(row, self))}</td>"


def _opening(column: str, label: str) -> str:
    """The beginning of a cell; on a phone its label stands before it."""
    wraps = column in {"priority", "service", "ci", "category"}
    look = "" if wraps else ' class="nowrap"'
    return f'<td{look} data-label="{escaped(label)}">'


def _clock(row: TicketRow, clock: ClockCell, layout: _Layout) -> SafeString:
    """How the clock that presses most stands, which it is, and until when it runs or for whom it waits."""
    if clock.due_at is not None:
        mark = countdown_html(clock.due_at, clock.warn_at, now=layout.now)
    else:
        mark = state_html(clock.mark, clock.mark_label)
    more = clock.due or (layout.waits_for % {"party": row.waiting} if row.waiting else "")
    text = f"{clock.label} · {more}" if more else clock.label
    return html_made(f'{mark}<span class="due-line">{escaped(text)}</span>')


_Cell = Callable[[TicketRow, _Layout], str]  #: escaped where it is no SafeString

_CELLS: Final[dict[str, _Cell]] = {
    "contract": lambda row, _layout: html_made(f'<span class="quiet">{escaped(row.ticket.scope.key)}</span>'),
    "state": lambda row, _layout: state_html(row.state_mark, row.state),
    "waiting": lambda row, _layout: row.waiting,
    "priority": lambda row, _layout: priority_html(row.rank, row.priority),
    "due": lambda row, layout: _clock(row, row.clock, layout) if row.clock else "",
    "service": lambda row, _layout: row.service,
    "kind": lambda row, _layout: row.kind,
    "team": lambda row, _layout: row.ticket.team.name if row.ticket.team else "",
    "assignee": lambda row, _layout: row.assignee,
    "requester": lambda row, _layout: row.requester,
    "channel": lambda row, _layout: row.channel,
    "ci": lambda row, _layout: row.ticket.ci,
    "category": lambda row, _layout: row.ticket.category,
    "moved": lambda row, layout: instant_html(row.ticket.moved_at or row.ticket.opened_at, now=layout.now),
    "opened": lambda row, layout: instant_html(row.ticket.opened_at, now=layout.now),
}
