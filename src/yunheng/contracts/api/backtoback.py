"""API of checks back to back: which promise cannot be kept although everybody keeps theirs; for the provider."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Schema

from yunheng.foundation.answers import LARGEST_VERSION, viewer_of
from yunheng.foundation.refusals import NotFound

from ..backtoback.checking import Verdict
from ..backtoback.presentation import speaker
from ..backtoback.sentences import plain
from ..backtoback.stored import access_inner_promises, checks_of_version, examined_version
from .routing import router


class PromiseGoalOut(Schema):
    """A goal: open seconds of a calendar, or working days."""

    seconds: int | None
    working_days: int | None
    calendar: str


class PromiseLinkOut(Schema):
    """A clock and its goal."""

    clock: str
    goal: PromiseGoalOut


class PromiseStepOut(Schema):
    """A clock in the worst case."""

    clock: str
    starts_at: datetime
    due_at: datetime
    kept_until: datetime = Field(
        description="The last instant at which its goal is kept: after the due, the next opening"
    )


class WorstStartOut(Schema):
    """A start with the worst outcome, followed to its end."""

    promise: PromiseStepOut
    steps: list[PromiseStepOut]
    ends_at: datetime


class StartHourOut(Schema):
    """Starts in one hour of one weekday. A negative excess is what is left."""

    excess_seconds: int
    at: datetime = Field(description="A start with that excess")
    broken_days: int
    days: int


class PromiseCheckOut(Schema):
    """One promise to the client against what one supplier (null: our own people alone) promised."""

    clock: str
    priority: str
    services: list[str]
    supplier: str | None
    verdict: str = Field(
        description="not_covered, nothing_promised, open_ended, not_examined, clock_stops or covered"
    )
    goal: PromiseGoalOut
    paths: list[list[PromiseLinkOut]] = Field(
        description="Clocks that run one after the other; of several paths the earliest end decides"
    )
    excess_seconds: int | None = Field(
        description="At worst, in open seconds of the goal's calendar; negative: what is left"
    )
    fitting_seconds: int | None = Field(description="Largest goal of the first path's last clock that fits")
    broken_days: int | None
    days: int | None
    is_looser: bool
    is_provisional: bool
    lacking: list[str]
    uncovered_reasons: list[str]
    worst: WorstStartOut | None
    hours: list[list[StartHourOut | None]] | None = Field(description="By weekday (0 is Monday) and hour")
    sentences: list[str]


class BackToBackOut(Schema):
    """A version checked back to back."""

    version: int
    zone: str
    valid_from: datetime
    valid_to: datetime
    can_be_kept: bool
    checks: list[PromiseCheckOut]
    silent_suppliers: list[str]


@router.get(
    "/contracts/{key}/back-to-back",
    response=BackToBackOut,
    summary="Promises that cannot be kept although everybody keeps theirs",
)
def read_back_to_back(
    request: HttpRequest, key: str, version: int | None = Query(None, ge=1, le=LARGEST_VERSION)
) -> dict[str, Any]:
    """The version asked for, else the one in force, else the newest; for readers of internal goals only."""
    contract = access_inner_promises(viewer_of(request), key)
    examined = examined_version(contract, version, datetime.now(UTC))
    if examined is None:
        raise NotFound(_("The contract has no terms yet."))
    found = checks_of_version(examined.pk)
    return {
        "version": examined.number,
        "zone": examined.terms["zone"],
        "valid_from": examined.valid_from,
        "valid_to": examined.valid_to,
        "can_be_kept": not found.of(Verdict.NOT_COVERED),
        **plain(found, speaker(examined.terms)),
    }
