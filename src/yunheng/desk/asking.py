"""The address of a list: filter, order and columns as a query string, read and written in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from yunheng.foundation.refusals import Invalid

from .listing import NEWEST, ORDERS, TicketFilter

LONGEST: Final = 200  #: characters of one value
_DAYS: Final = ("opened_from", "opened_until")
_TEXTS: Final = tuple(one.name for one in fields(TicketFilter) if one.name not in _DAYS)

#: Columns that one can choose; the ticket itself (title and number) always stands first.
COLUMNS: Final = (
    *("contract", "state", "waiting", "priority", "due", "service", "kind", "team", "assignee", "requester"),
    *("channel", "ci", "category", "moved", "opened"),
)
#: The number begins with the contract's key, so that the contract needs no column of its own.
USUAL: Final = ("state", "priority", "due", "team", "assignee", "opened")
#: Columns that hold names of people; only for those who may see them.
NAMES: Final = frozenset({"assignee", "requester"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a list asks for. `days` are the days as they were typed, for the form."""

    wanted: TicketFilter = field(default_factory=TicketFilter)
    order: str = NEWEST
    columns: tuple[str, ...] = ()  # empty: what is usual for the person
    after: str = ""
    days: Mapping[str, str] = field(default_factory=dict)

    def query(self, **changes: str) -> str:
        """The query string, without the place in the list; `changes` are texts of the filter or the order."""
        return urlencode(self._pairs(changes))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Names and values of the query string, for hidden fields of a form."""
        return self._pairs({})

    def _pairs(self, changes: Mapping[str, str]) -> list[tuple[str, str]]:
        values = [(name, changes.get(name, getattr(self.wanted, name))) for name in _TEXTS]
        values += [(name, changes.get(name, self.days.get(name, ""))) for name in _DAYS]
        order = changes.get("order", self.order)
        values.append(("order", "" if order == NEWEST else order))
        values += [("columns", column) for column in self.columns]
        return [(name, value) for name, value in values if value]

    @property
    def is_narrow(self) -> bool:
        """Whether the filter narrows anything."""
        return self.wanted.is_narrow


def read_asked(values: QueryDict) -> Asked:
    """What a query string asks for; unknown names count for nothing. Raises Invalid for days, order, too long texts."""
    texts = {name: values.get(name, "").strip() for name in _TEXTS}
    too_long = [name for name, value in texts.items() if len(value) > LONGEST]
    if too_long:
        raise Invalid({name: _("At most %(count)d characters.") % {"count": LONGEST} for name in too_long})
    days = {name: values.get(name, "").strip() for name in _DAYS}
    instants = {
        "opened_from": _day("opened_from", days["opened_from"]),
        "opened_until": _day("opened_until", days["opened_until"], is_whole=True),
    }
    order = values.get("order", "") or NEWEST
    if order not in ORDERS:
        raise Invalid({"order": _("One of: %(choices)s.") % {"choices": ", ".join(ORDERS)}})
    chosen = set(values.getlist("columns"))
    return Asked(
        wanted=TicketFilter(**texts, **instants),  # type: ignore[arg-type]
        order=order,
        columns=tuple(column for column in COLUMNS if column in chosen),
        after=values.get("after", ""),
        days={name: day for name, day in days.items() if day},
    )


def read_query(query: str) -> Asked:
    """The same of a stored query string; what no longer means anything is left out."""
    try:
        return replace(read_asked(QueryDict(query)), after="")
    except Invalid:
        return Asked()


def _day(name: str, text: str, *, is_whole: bool = False) -> datetime | None:
    """The beginning of a day in the reader's zone; of the day after for the last day, which counts whole."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        if is_whole:
            day += timedelta(days=1)
    except (ValueError, OverflowError):
        raise Invalid({name: _("Give a day as in 2026-04-01.")}) from None
    return datetime.combine(day, time(), timezone.get_current_timezone())
