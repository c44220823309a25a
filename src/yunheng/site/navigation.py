"""The places one can go to from everywhere: laid into every page's context, worked out when a whole page is rendered.

A place whose address does not exist, or that the viewer may not open, is not offered.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, cast

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from yunheng.accounts.models import Organisation
from yunheng.appraisal.comparison.queries import may_compare
from yunheng.contracts.reading import only_contract
from yunheng.foundation.access import Viewer
from yunheng.foundation.pages import PageRequest

from . import errors


class _Row(NamedTuple):
    """A place in the tables below. `needs`: what one must be able to do there, all of it; `go`: the key after "g"."""

    view: str
    label: Any
    icon: str
    go: str = ""
    needs: tuple[str, ...] = ()
    about: Any = ""


_CONSOLE = (
    _Row("desk:workbench", gettext_lazy("Workbench"), "workbench", "w"),
    _Row("desk:queue", gettext_lazy("Tickets"), "tickets", "t"),
    _Row("appraisal:dashboard", gettext_lazy("Dashboard"), "chart", "b", ("kpi.view",)),
    _Row("contracts:contracts", gettext_lazy("Contracts"), "contract", "h"),
    _Row("appraisal:statements", gettext_lazy("Statements"), "signature", "k", ("appraisal.view",)),
    _Row("appraisal:comparison", gettext_lazy("Comparison"), "exchange"),
    _Row("reports:reports", gettext_lazy("Reports"), "file", "r", ("report.view",)),
    _Row("imports:runs", gettext_lazy("Imports"), "import", "m", ("import.run",)),
)
_PORTAL = (
    _Row("desk:portal", pgettext_lazy("portal", "Home"), "home", "w"),
    _Row("desk:portal_requests", pgettext_lazy("portal", "All requests"), "requests", "t"),
    _Row("appraisal:dashboard", gettext_lazy("Service overview"), "chart", "b", ("kpi.view",)),
    _Row("appraisal:statements", gettext_lazy("Statements"), "signature", "k", ("appraisal.view",)),
    _Row("appraisal:comparison", gettext_lazy("Comparison"), "exchange"),
    _Row("reports:portal", gettext_lazy("Service reports"), "file", "r", ("report.view",)),
    _Row("contracts:contracts", gettext_lazy("Contracts"), "contract", "h", ("contract.view",)),
)
_CONTRACT = (
    _Row("contracts:contract", gettext_lazy("Contract text"), "document", "d", ("contract.view",)),
    _Row("desk:tickets", gettext_lazy("Tickets"), "list", "q"),
    _Row("appraisal:board", gettext_lazy("Dashboard"), "chart", "o", ("contract.view", "kpi.view")),
    _Row(
        "appraisal:indicators", gettext_lazy("Indicators"), "indicators", "i", ("contract.view", "kpi.view")
    ),
    _Row("appraisal:scorecard", gettext_lazy("Scorecard"), "score", "s", ("contract.view", "kpi.view")),
    _Row(
        "appraisal:points_left",
        gettext_lazy("Points left"),
        "risk",
        "n",
        ("contract.view", "kpi.view", "entry.internal"),
    ),
    _Row(
        "appraisal:contract_statements",
        gettext_lazy("Statements"),
        "signature",
        needs=("contract.view", "appraisal.view", "entry.internal"),
    ),
    _Row(
        "reports:contract_reports",
        gettext_lazy("Reports"),
        "file",
        needs=("contract.view", "report.view", "entry.internal"),
    ),
    _Row("contracts:log", gettext_lazy("Sealed log"), "log", "l", ("contract.view", "log.view")),
)
_ADMINISTRATION = (
    _Row(
        "accounts:people",
        gettext_lazy("People"),
        "person",
        needs=("admin.people",),
        about=gettext_lazy("Accounts, roles in contracts, passwords, sessions"),
    ),
    _Row(
        "accounts:organisations",
        gettext_lazy("Organisations"),
        "organisation",
        needs=("admin.people",),
        about=gettext_lazy("Provider, clients and suppliers"),
    ),
    _Row(
        "accounts:teams",
        gettext_lazy("Teams"),
        "team",
        needs=("admin.people",),
        about=gettext_lazy("Who works together, and on which line"),
    ),
    _Row(
        "accounts:roles",
        gettext_lazy("Roles"),
        "role",
        needs=("admin.people",),
        about=gettext_lazy("What each role may do, and who holds it"),
    ),
    _Row(
        "accounts:people_import",
        gettext_lazy("People from a table"),
        "table",
        needs=("admin.people",),
        about=gettext_lazy("Many accounts at once, from Excel or CSV"),
    ),
    _Row(
        "contracts:calendars",
        gettext_lazy("Calendars"),
        "calendar",
        needs=("contract.apply",),
        about=gettext_lazy("Service hours and holidays of every contract"),
    ),
    _Row(
        "contracts:logs",
        gettext_lazy("Sealed logs"),
        "log",
        needs=("contract.apply",),
        about=gettext_lazy("How far each contract's log is sealed"),
    ),
    _Row(
        "imports:runs",
        gettext_lazy("Imports"),
        "import",
        needs=("import.run",),
        about=gettext_lazy("Records from other systems: runs, mappings, rejected rows"),
    ),
    _Row(
        "appraisal:walls",
        gettext_lazy("Wall boards"),
        "device",
        needs=("admin.people",),
        about=gettext_lazy("Screens on the wall that show a board without a person signed in"),
    ),
    _Row(
        "notify:deliveries",
        gettext_lazy("Delivery log"),
        "mail",
        needs=("admin.notify",),
        about=gettext_lazy("Mail and webhooks that went out, wait, or failed"),
    ),
    _Row(
        "notify:webhooks",
        gettext_lazy("Webhooks"),
        "webhook",
        needs=("admin.notify",),
        about=gettext_lazy("What other systems are told, signed"),
    ),
)
#: Pages that belong to a place whose address is not the beginning of theirs.
_BELONGS_TO = {
    "appraisal:items": "appraisal:indicators",
    "appraisal:board_items": "appraisal:board",
    "appraisal:compared_tickets": "appraisal:comparison",
    "appraisal:what_if": "contracts:contract",
    "appraisal:backtest": "contracts:contract",
    "appraisal:verify": "contracts:log",
}
_ALL_CONTRACTS = "contracts:contracts"
#: Places of a contract that clients reach by other places of theirs.
_NOT_IN_PORTAL = {
    "desk:tickets": "desk:portal_requests",
    "appraisal:board": "appraisal:dashboard",
    "appraisal:contract_statements": "appraisal:statements",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to go."""

    view: str
    label: str
    url: str
    icon: str
    go: str = ""
    about: str = ""
    is_here: bool = False


def address(view: str, *arguments: str) -> str:
    """The address of a page, or "" when there is none of that name."""
    try:
        return reverse(view, args=arguments)
    except NoReverseMatch:
        return ""


class Shell:
    """What the frame of a page shows around it, for one viewer and one page."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._viewer: Viewer = cast(PageRequest, request).viewer
        self.is_portal = self._viewer.organisation_kind == Organisation.Kind.CLIENT

    @cached_property
    def places(self) -> list[Place]:
        """The main navigation."""
        return [place for place in self._all if place.view not in _VIEWS_OF_CONTRACT]

    @cached_property
    def contract_places(self) -> list[Place]:
        """Places of the contract that the page is about; else of the only one that the viewer has."""
        return [place for place in self._all if place.view in _VIEWS_OF_CONTRACT]

    @cached_property
    def bar(self) -> list[Place]:
        """What the portal's bar shows beside the menu of a contract's places, which holds the way to all contracts."""
        return [place for place in self.places if not self.contract_places or place.view != _ALL_CONTRACTS]

    @cached_property
    def contract_menu(self) -> list[Place]:
        """The portal's menu: the places of the contract, and the way to all of them; empty without a contract."""
        if not self.contract_places:
            return []
        ways = [replace(one, label=_("All contracts")) for one in self.places if one.view == _ALL_CONTRACTS]
        return self.contract_places + ways

    @cached_property
    def is_in_contract_menu(self) -> bool:
        """Whether the page belongs to a place of that menu."""
        return any(place.is_here for place in self.contract_menu)

    @cached_property
    def contract_key(self) -> str:
        """Key of the contract whose places are offered, "" for none."""
        return self._contract[0]

    @cached_property
    def contract_name(self) -> str:
        """What stands over those places where the page itself does not name its contract."""
        return self._contract[2]

    @cached_property
    def new_url(self) -> str:
        """Where a new ticket or request is opened, for those who may."""
        if not self._viewer.may_somewhere("ticket.open"):
            return ""
        return address("desk:portal_new" if self.is_portal else "desk:new")

    @cached_property
    def search_url(self) -> str:
        """Where the search box leads to."""
        return address("desk:search")

    @cached_property
    def palette_url(self) -> str:
        """Where the command palette asks what there is."""
        return address("desk:palette")

    @cached_property
    def person_places(self) -> list[Place]:
        """What belongs to the person."""
        rows = (
            _Row("accounts:me", gettext_lazy("My account"), "person", "p"),
            _Row("notify:preferences", gettext_lazy("Notifications"), "bell"),
        )
        return list(self._resolved(rows, None))

    @cached_property
    def administration(self) -> list[Place]:
        """The administration pages that the viewer may open."""
        return list(self._resolved(_ADMINISTRATION, None))

    @cached_property
    def tabs(self) -> list[Place]:
        """At most four places for a phone's bar; everything else stands behind its last tab."""
        order = (
            "desk:workbench",
            "desk:portal",
            "desk:queue",
            "desk:portal_requests",
            *(["appraisal:statements"] if self.is_portal else []),
            "appraisal:indicators",
            "contracts:contracts",
        )
        by_view = {place.view: place for place in self._all}
        return [by_view[view] for view in order if view in by_view][:3]

    @cached_property
    def _contract(self) -> tuple[str, int | None, str]:
        key, scope_id = (
            getattr(self._request, "contract_key", ""),
            getattr(self._request, "contract_id", None),
        )
        if key and scope_id is not None:
            return key, scope_id, key
        return only_contract(self._viewer) or ("", None, "")

    @cached_property
    def _all(self) -> list[Place]:
        key, scope_id, _name = self._contract
        places = list(self._resolved(_PORTAL if self.is_portal else _CONSOLE, None))
        if not self.is_portal and self.administration and (url := address("site:admin")):
            places.append(Place("site:admin", _("Administration"), url, "admin", "a"))
        if scope_id is not None:
            rows = [row for row in _CONTRACT if not (self.is_portal and row.view in _NOT_IN_PORTAL)]
            places += self._resolved(rows, scope_id, key)
        match = self._request.resolver_match
        view = match.view_name if match else ""
        view = _BELONGS_TO.get(view, view)
        view = _NOT_IN_PORTAL.get(view, view) if self.is_portal else view
        inside = [place for place in places if place.view == view] or [
            place for place in places if f"{self._request.path}/".startswith(f"{place.url}/")
        ]
        here = max(inside, key=lambda place: len(place.url), default=None)
        return [replace(place, is_here=True) if place is here else place for place in places]

    def _resolved(self, rows: Iterable[_Row], scope_id: int | None, *arguments: str) -> Iterable[Place]:
        for row in rows:
            if not all(
                self._viewer.may_somewhere(need) if scope_id is None else self._viewer.may(need, scope_id)
                for need in row.needs
            ):
                continue
            if row.view == "appraisal:comparison" and not may_compare(self._viewer):
                continue
            if url := address(row.view, *arguments):
                yield Place(row.view, str(row.label), url, row.icon, row.go, str(row.about))


_VIEWS_OF_CONTRACT = frozenset(row.view for row in _CONTRACT)


def shell_words() -> dict[str, str]:
    """What the scripts say, in the reader's language; %(name)s is filled in by them."""
    return {
        "close": _("Close"),
        "cancel": _("Cancel"),
        "confirm": _("Yes, do it"),
        "confirm_title": _("Are you sure?"),
        "copied": _("Copied"),
        "copy_failed": _("The browser does not let us copy: select the text and press Ctrl-C."),
        "network_error": _(
            "No connection to the server. What you typed is still here: check the network, then send it again."
        ),
        "server_error": _(
            "Something went wrong on our side. What you typed is still here: try once more in a moment."
        ),
        "reference": _("Reference number %(reference)s"),
        "draft_restored": _("What you typed at %(time)s is back."),
        "draft_discard": _("Discard it"),
        "due_in": _("due in %(time)s"),
        "past_due": _("%(time)s past due"),
        "under_a_minute": _("less than a minute"),
        "days": pgettext("duration", "%(n)s d"),
        "hours": pgettext("duration", "%(n)s h"),
        "minutes": pgettext("duration", "%(n)s min"),
        "chosen": _("%(n)s selected"),
        "files_too_many": _("At most %(n)s files at once: the others were not added."),
        "file_too_large": _("“%(name)s” is larger than %(size)s."),
        "file_empty": _("“%(name)s” is empty."),
        "file_wrong_kind": _("Files like “%(name)s” are not accepted here."),
        "file_remove": _("Take out “%(name)s”"),
        "palette_places": _("Places and actions"),
        "palette_nothing": _("Nothing fits. Enter searches everywhere."),
        "palette_hint": _("Type a place, a ticket number, or words of a title."),
    }


def frame(request: HttpRequest) -> dict[str, Any]:
    """Language and theme; and for people who signed in the shell around the page."""
    known: dict[str, Any] = {
        "language": getattr(request, "LANGUAGE_CODE", "zh-hans"),
        "theme": errors.theme_of(request),
        "shell_words": shell_words,
    }
    if hasattr(request, "viewer"):
        known["shell"] = SimpleLazyObject(lambda: Shell(request))
    return known
