"""API of points left: how far the next tier of the running period is, what decides it, and the forecast."""

from datetime import UTC, datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema

from yunheng.contracts.queries import access_contract
from yunheng.foundation.answers import viewer_of

from .document import document_of
from .queries import points_left

router = Router(tags=["indicators"])


class WayOut(Schema):
    """What brings a tier about: so many more of it. Of "slow", `count` is the minutes that one more item takes."""

    kind: Literal["late", "miss", "event", "slow", "good"]
    subject: str = Field(description="Clock, what an item reads, or kind of event")
    priority: str
    service: str
    count: int
    text: str
    value_then: str | None


class ApproachOut(Schema):
    """A tier and the ways to it, the fewest first. `nearest`: the fewest; null where nothing known leads there."""

    kind: Literal["grade", "coefficient", "trigger", "veto"]
    key: str
    text: str
    row: int = Field(description="Of a trigger: periods in a row that are within it already")
    times: int = Field(description="Of a trigger: how many in a row it takes")
    nearest: int | None
    chance: str | None = Field(description="That the period ends there, by the forecast, 0 to 1")
    ways: list[WayOut]


class OpenTicketOut(Schema):
    """A clock that still decides something, and the score if it is missed (or is late by one unit more)."""

    number: str
    title: str
    clock: str
    priority: str
    service: str
    due_at: datetime | None
    is_paused: bool
    is_late: bool
    chance: str | None = Field(description="Of being missed, by past clocks, 0 to 1")
    value_then: str | None


class ForecastOut(Schema):
    """How the period may end: of `draws` ends 80 % lie within `low` to `high`. Shares are of all draws."""

    draws: int
    months: int
    median: str | None
    low: str | None
    high: str | None
    none: str = Field(description="Share of ends without a score")
    grades: dict[str, str]
    method: str
    cautions: list[str]


class PointsLeftOut(Schema):
    """Points left of the period that runs; exact numbers as text."""

    contract: str
    period: str
    kind: Literal["month", "quarter", "year"]
    ends_at: datetime
    zone: str
    value_so_far: str | None = Field(description="The score if nothing more happens")
    grade_so_far: str | None
    full: str
    notices: list[str]
    worse: list[ApproachOut]
    better: ApproachOut | None
    tickets: list[OpenTicketOut]
    ticket_count: int
    due_count: int
    value_if_all_late: str | None
    months_of_history: int
    forecast: ForecastOut | None
    position: int
    unsealed: int
    evaluated_at: datetime


@router.get(
    "/contracts/{key}/points-left", response=PointsLeftOut, summary="Points left of the running period"
)
def read_points_left(request: HttpRequest, key: str) -> dict[str, Any]:
    """For the provider's people alone. 404 where the contract says nothing of scores."""
    viewer = viewer_of(request)
    contract = access_contract(viewer, key)
    for permission in ("kpi.view", "entry.internal"):
        viewer.require(permission, contract.pk)
    return document_of(points_left(contract, now=datetime.now(UTC)))
