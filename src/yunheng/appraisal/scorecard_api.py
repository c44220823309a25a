"""API of scorecards: the score of a period with its whole explanation."""

from datetime import UTC, date, datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from yunheng.contracts.queries import access_contract
from yunheng.foundation.answers import LARGEST_SIZE, viewer_of

from .scorecard_page import Asked, asked_scorecard
from .scorecard_text import document_of

router = Router(tags=["indicators"])


class ScoreEventOut(Schema):
    """Something that happened and cost or brought points. `at`: epoch seconds UTC."""

    key: str
    kind: str
    at: int
    quantity: str
    party: str
    subject: str
    evidence: str
    proposer: str
    ruling: Literal["", "amended", "taken_out"] = Field(
        description="What both parties or arbitration made of it: one that was taken out does nothing"
    )


class ScoreMarkOut(Schema):
    """One person's mark."""

    rater: str
    role: str
    value: str
    reason: str
    evidence: str


class ScoreNodeOut(Schema):
    """A part of the explanation. `points` is exact, as text ("7/3" where a division does not end): the sum of `parts`.

    `say` and `params` are for programs, `text` is the sentence in the language of the request.
    """

    say: str
    points: str
    text: str
    key: str = ""
    params: dict[str, str | int | None] = {}
    event: ScoreEventOut | None = None
    mark: ScoreMarkOut | None = None
    parts: list["ScoreNodeOut"] = []


class ScoreLackingOut(Schema):
    """What people have not entered: the value or the marks of an item, or whether events of a kind happened."""

    what: Literal["value", "marks", "events"]
    key: str
    text: str


class ScoreValueOut(Schema):
    """What an item reads; exact numbers as text, null where it is not applicable. Durations are in seconds."""

    reads: str
    indicator: str
    by: Literal["priority", "service"] | None
    group: str
    unit: Literal["percent", "seconds", "number"]
    value: str | None
    numerator: str | None
    denominator: str | None
    is_decided: bool = Field(
        description="Whether agreement or arbitration put it in the place of what was measured"
    )


class ScorecardOut(Schema):
    """The score of a period with all that is needed to compute it again."""

    contract: str
    period: str = Field(description="2016-04, 2016-Q2 or 2016")
    kind: Literal["month", "quarter", "year"]
    start: date
    end: date = Field(description="Last day, inclusive")
    zone: str
    scheme: str = Field(description="Empty: the contract's own; else the scheme that was asked for")
    contract_version: int
    full: str
    value: str | None = Field(
        description="The score; null while it is not complete, or nothing was asked for"
    )
    grade: str | None
    value_so_far: str | None = Field(description="With what is lacking taken as not asked for")
    grade_so_far: str | None
    grade_label: str
    vetoes: list[str]
    is_complete: bool
    is_whole: bool = Field(description="Whether the scheme scores periods of this kind")
    is_running: bool = Field(description="Whether the period is not over")
    is_provisional: bool
    lacking: list[ScoreLackingOut]
    values: list[ScoreValueOut]
    position: int = Field(description="Log position")
    is_live: bool
    unsealed: int
    evaluated_at: datetime
    tree: ScoreNodeOut


@router.get("/contracts/{key}/scorecard", response=ScorecardOut, summary="Score of a contract")
def read_scorecard(
    request: HttpRequest,
    key: str,
    period: str = Query(
        "", max_length=10, description="2016-04, 2016-Q2 or 2016; default: the one of the newest ticket"
    ),
    scheme: str = Query("", max_length=40, description="For a look: a scheme that ships, a to g"),
    as_of: int | None = Query(
        None, ge=1, le=LARGEST_SIZE, description="Log position; default: all that is recorded now"
    ),
) -> dict[str, Any]:
    """From the total down to the ticket. 404 where the contract says nothing of scores, unless a scheme is named."""
    viewer = viewer_of(request)
    contract = access_contract(viewer, key)
    viewer.require("kpi.view", contract.pk)
    asked = Asked(period=period, scheme=scheme, position=as_of)
    return document_of(asked_scorecard(contract, asked, now=datetime.now(UTC)))
