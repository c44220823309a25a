"""API of the dashboard: volumes and waiting of a period, what presses now, the tickets behind every number, screens."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract
from yunheng.foundation.access import Viewer
from yunheng.foundation.answers import LARGEST_PAGE, LARGEST_SIZE, PAGE, Page, viewer_of

from .board import Slice, WaitTable, members, volumes, waits
from .models import WallScreen
from .periods import read_period
from .pressing import Heap, pressing
from .screens import access_screen, revoke_screen, screens_of

router = Router(tags=["dashboard"])

What = Literal[
    "opened", "resolved", "closed", "open_at_end", "left_out", "disputed", "undecided",
    "source", "kind", "priority", "service", "category", "cause", "hour", "weekday", "load", "backlog", "waits",
]  # fmt: skip
_FROM = Query(
    "",
    alias="from",
    description="First day (2016-03-01) or month (2016-03); default: month of the newest ticket",
)
_TO = Query("", alias="to", description="Last day, inclusive, or month")
_AS_OF = Query(None, ge=1, le=LARGEST_SIZE, description="Log position; default: all that is recorded now")


class SliceOut(Schema):
    """A part of a whole; `share` in percent, null of nothing. The key "-" is what nobody has stated."""

    key: str
    label: str
    count: int
    share: Decimal | None


class WaitRowOut(Schema):
    """Waiting periods for one party and reason, with the service time that they held the client's resolution clock."""

    key: str
    party: str
    party_label: str
    reason: str
    reason_label: str
    count: int
    seconds: int
    share: Decimal | None


class WaitsOut(Schema):
    """Who waited for whom in the period; `clock` names what was held back, "" where no resolution is promised."""

    rows: list[WaitRowOut]
    count: int
    seconds: int
    disputed: int
    undecided: int
    clock: str


class BoardOut(Schema):
    """How much came and went in a period, what was open at its end, when it came, and who waited for whom.

    With `is_to_come` nothing is known of the period yet, and its zeros mean nothing.
    """

    contract: str
    start: date
    end: date = Field(description="Last day, inclusive")
    zone: str
    position: int = Field(description="Log position")
    is_live: bool
    evaluated_at: datetime
    is_to_come: bool
    opened: int
    resolved: int
    closed: int
    open_at_end: int
    left_out: int
    by_source: list[SliceOut]
    by_kind: list[SliceOut]
    by_priority: list[SliceOut]
    by_service: list[SliceOut]
    by_category: list[SliceOut]
    by_cause: list[SliceOut]
    load: list[list[int]] = Field(
        description="Tickets that came in: seven weekdays, Monday first, of 24 local hours"
    )
    backlog: list[SliceOut]
    waits: WaitsOut


class BoardMemberOut(Schema):
    """A ticket behind a number; of a waiting period also for whom, why, until when, and what it held back."""

    number: str
    source_number: str
    title: str
    priority: str
    at: datetime | None
    party: str
    reason: str
    until: datetime | None
    seconds: int | None


class HeapOut(Schema):
    """Tickets that are alike, counted; `query` is that of the list of tickets that holds just them."""

    key: str
    label: str
    count: int
    query: str


class PressingOut(Schema):
    """The present. `behind_since`: clocks that were to be looked at since then were not, so breaches may be missing."""

    contract: str
    heaps: list[HeapOut]
    waiting: list[HeapOut]
    tickets: list[str] = Field(description="Numbers of those that press most")
    behind_since: datetime | None
    evaluated_at: datetime


class WallScreenOut(Schema):
    """A screen on the wall with a token that reads the boards of its contracts and nothing else."""

    uuid: UUID
    name: str
    hint: str
    contracts: list[str]
    has_titles: bool
    language: str
    created_at: datetime
    seen_at: datetime | None
    revoked_at: datetime | None


def _contract(request: HttpRequest, key: str) -> tuple[Viewer, Contract]:
    viewer = viewer_of(request)
    contract = access_contract(viewer, key)
    viewer.require("kpi.view", contract.pk)
    return viewer, contract


def _slices(slices: tuple[Slice, ...]) -> list[dict[str, Any]]:
    return [{name: getattr(one, name) for name in SliceOut.model_fields} for one in slices]


def _waits(table: WaitTable) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(table, name) for name in WaitsOut.model_fields if name != "rows"}
    rows = [{name: getattr(row, name) for name in WaitRowOut.model_fields} for row in table.rows]
    return found | {"rows": rows}


@router.get("/contracts/{key}/board", response=BoardOut, summary="Volumes and waiting of a period")
def read_board(
    request: HttpRequest,
    key: str,
    start: str = _FROM,
    end: str = _TO,
    as_of: int | None = _AS_OF,
) -> dict[str, Any]:
    """The same log position gives the same numbers. Each of them opens under `board/members`."""
    _viewer, contract = _contract(request, key)
    now = datetime.now(UTC)
    period = read_period(contract, start, end, now)
    found = volumes(contract, period.start, period.end, position=as_of, now=now)
    table = waits(contract, period.start, period.end, position=as_of, now=now)
    plain = {
        name: getattr(found, name) for name in BoardOut.model_fields if name not in {"contract", "waits"}
    }
    sliced = {
        name: _slices(value)
        for name, value in plain.items()
        if name == "backlog" or name.startswith("by_")
    }  # fmt: skip
    load = [list(day) for day in found.load]
    return plain | sliced | {"contract": key, "load": load, "waits": _waits(table)}


@router.get(
    "/contracts/{key}/board/members",
    response=Page[BoardMemberOut],
    summary="Tickets behind a number of the board",
)
def read_board_members(
    request: HttpRequest,
    key: str,
    what: What,
    part: str = Query(
        "",
        max_length=200,
        description="Key of the part: “hardware” of cause, “0-9” of load (Monday, nine o'clock)",
    ),
    start: str = _FROM,
    end: str = _TO,
    as_of: int | None = _AS_OF,
    after: str | None = Query(None, max_length=100),
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """The earliest first."""
    _viewer, contract = _contract(request, key)
    now = datetime.now(UTC)
    period = read_period(contract, start, end, now)
    found = members(
        contract,
        period.start,
        period.end,
        what=what,
        key=part,
        after=after,
        limit=limit,
        position=as_of,
        now=now,
    )
    items = [{name: getattr(one, name) for name in BoardMemberOut.model_fields} for one in found.page]
    return {"items": items, "next": found.following}


@router.get("/contracts/{key}/board/pressing", response=PressingOut, summary="What presses now")
def read_pressing(request: HttpRequest, key: str) -> dict[str, Any]:
    """Broken promises and those due within four hours, and who waits for whom."""
    viewer, contract = _contract(request, key)
    found = pressing(viewer, contract)
    return {
        "contract": key,
        "heaps": [_heap(one) for one in found.heaps],
        "waiting": [_heap(one) for one in found.waiting],
        "tickets": [row.ticket.number for row in found.rows],
        "behind_since": found.behind_since,
        "evaluated_at": found.evaluated_at,
    }


def _heap(heap: Heap) -> dict[str, Any]:
    return {name: getattr(heap, name) for name in HeapOut.model_fields}


@router.get("/walls", response=list[WallScreenOut], summary="Screens on the wall")
def list_walls(request: HttpRequest) -> list[dict[str, Any]]:
    """Those whose contracts the caller administers. A screen is made by somebody who signed in, on the page."""
    return [_screen(screen) for screen in screens_of(viewer_of(request))]


@router.post("/walls/{uuid:uuid}/revoke", response=WallScreenOut, summary="End a screen on the wall")
def revoke_wall(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    """It shows nothing from that moment on."""
    viewer = viewer_of(request)
    revoke_screen(viewer=viewer, screen=access_screen(viewer, uuid))
    return _screen(access_screen(viewer, uuid))


def _screen(screen: WallScreen) -> dict[str, Any]:
    plain = {name: getattr(screen, name) for name in WallScreenOut.model_fields if name != "contracts"}
    return plain | {"contracts": [contract.scope.key for contract in screen.contracts.all()]}
