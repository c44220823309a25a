"""Answers a search over all contracts: one ticket by its whole number, or the newest that fit the words."""

from datetime import datetime

from yunheng.foundation.access import Viewer

from .listing import TicketPage, list_tickets
from .narrowing import TicketFilter
from .queries import visible_to
from .searching import narrow


def found_number(viewer: Viewer, text: str) -> str | None:
    """Our number of the one ticket that has this number, here or in the system it came from (at most 2 queries)."""
    text = text.strip()
    if len(text) > 100 or not any(letter.isdecimal() for letter in text):
        return None
    tickets = visible_to(viewer)
    if tickets.filter(number=text.upper()).exists():
        return text.upper()
    # Along the index of words: a source's number has no index of its own.
    known = narrow(viewer, tickets, text, only="shared").filter(source_number__in={text, text.upper()})
    numbers = list(known.values_list("number", flat=True)[:2])
    return str(numbers[0]) if len(numbers) == 1 else None


def found_tickets(viewer: Viewer, text: str, *, now: datetime, limit: int = 50) -> TicketPage:
    """The newest tickets in which the words are found. Raises listing.TooBroad."""
    return list_tickets(viewer, wanted=TicketFilter(text=text), limit=limit, now=now)
