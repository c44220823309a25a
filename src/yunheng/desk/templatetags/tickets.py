"""The table of tickets, and the fields of their forms, in templates."""

from collections.abc import Collection, Sequence
from typing import Any

from django import template

from yunheng.desk.controls import control_html
from yunheng.desk.presentation import TicketRow
from yunheng.desk.tables import ticket_table

register = template.Library()
register.simple_tag(control_html, name="control")


@register.inclusion_tag("desk/ticket_rows.html")
def tickets(rows: Sequence[TicketRow], shown: Collection[str], *, has_boxes: bool = False) -> dict[str, Any]:
    """Rows of a list with the columns of `shown`; with boxes to choose some for a step."""
    return {"table": ticket_table(rows, shown, has_boxes=has_boxes), "has_boxes": has_boxes}
