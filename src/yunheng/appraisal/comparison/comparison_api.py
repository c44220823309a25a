"""API of the comparison: contracts and suppliers of one period side by side."""

from datetime import UTC, date, datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from yunheng.foundation.answers import viewer_of

from .document import document_of
from .queries import asked_period, comparison

router = Router(tags=["indicators"])

PeriodKind = Literal["month", "quarter", "year"]


class ComparedPeriodOut(Schema):
    """The period; `end` is its last day."""

    name: str
    kind: PeriodKind
    start: date
    end: date


class ComparedPointOut(Schema):
    """A score in the line of a contract. Only scores of the same scheme are comparable with the newest."""

    period: str
    value: str | None
    is_frozen: bool
    is_of_same_scheme: bool


class ComparedStatementOut(Schema):
    """The statement of the period, a draft too."""

    number: str
    state: str
    edition: int


class ComparedMoneyOut(Schema):
    """What is payable of the fee; a null coefficient: by points deducted."""

    fee: str
    payable: str
    coefficient: str | None
    currency: str


class ComparedMarkOut(Schema):
    """People's marks for one item of the scheme, put together; exact numbers."""

    item: str
    mark: str
    low: str
    high: str
    raters: int


class ComparedFigureOut(Schema):
    """A share in per cent. `value` null: nothing in the population; not promised: nothing that it could measure."""

    is_promised: bool
    numerator: int
    denominator: int
    value: str | None
    before: str | None = Field(description="Value of the period before")
    goal: str | None
    goal_comparison: Literal["at_least", "at_most"] | None
    is_met: bool | None
    is_few: bool = Field(description="Fewer than five: one more or less changes much")
    is_provisional: bool
    is_frozen: bool = Field(description="As the statement froze it; else computed as of `position`")


class ComparedFiguresOut(Schema):
    """Shares of the contract's own promises."""

    response: ComparedFigureOut | None
    resolution: ComparedFigureOut | None
    attainment: ComparedFigureOut | None
    reopened: ComparedFigureOut | None


class ComparedContractOut(Schema):
    """A contract. With source "statement" score and money are frozen, and figures are as of its log position."""

    contract: str
    title: str
    client: str
    source: Literal[
        "statement", "computed", "unscored", "shorter", "longer", "not_in_force", "no_version", "failed"
    ]
    why_no_score: str
    scheme: int | None = Field(
        description="Tells the schemes of this answer apart; scores of two do not rank"
    )
    value: str | None
    full: str | None
    grade: str | None
    grade_label: str | None
    vetoes: list[str]
    is_whole: bool = Field(description="False: something that the scheme asks for is not known yet")
    is_provisional: bool
    change: str | None = Field(description="Since the period before; null unless under the same scheme")
    line: list[ComparedPointOut] = Field(description="Twelve periods, the one asked for last")
    statement: ComparedStatementOut | None
    money: ComparedMoneyOut | None
    marks: list[ComparedMarkOut]
    asks_for_marks: bool
    figures: ComparedFiguresOut
    position: int | None
    is_live: bool | None
    evaluated_at: datetime | None


class ComparedTargetOut(Schema):
    """Targets of a supplier of one kind that settled in the period."""

    kind: str
    met: int
    settled: int
    is_few: bool


class ComparedRecordOut(Schema):
    """How a supplier kept its own targets. Null is withheld: a supplier is not told of the client's promises."""

    targets: list[ComparedTargetOut]
    called: int = Field(description="Tickets for which it was called, open in the period")
    late: int = Field(description="Tickets on which it missed a target")
    late_for_client: int | None = Field(
        description="Of those, on how many the time promised to the client to restore or resolve was missed, too"
    )
    held_seconds: int | None = Field(description="Elapsed seconds for which tickets waited for it")
    open_seconds: int | None = Field(description="Elapsed seconds for which those tickets were open")
    pauses: dict[Literal["confirmed", "disputed", "rejected", "unanswered"], int]
    backdated: int = Field(description="Waiting periods whose beginning was dated back or corrected")


class ComparedServedOut(ComparedRecordOut):
    """The same in one contract."""

    contract: str
    title: str
    position: int | None
    is_live: bool | None
    evaluated_at: datetime | None


class ComparedSupplierOut(ComparedRecordOut):
    """A supplier over the contracts that it serves; with the key "" no entry says which one it was."""

    supplier: str
    name: str
    contracts: list[ComparedServedOut]


class ComparisonOut(Schema):
    """Contracts and suppliers side by side; exact numbers as text."""

    period: ComparedPeriodOut
    evaluated_at: datetime
    is_own: bool = Field(description="A supplier's own people: their company alone")
    schemes: int
    promises_differ: bool
    goals_differ: dict[Literal["response", "resolution", "attainment", "reopened"], bool]
    left_out: int
    notes: list[str]
    contracts: list[ComparedContractOut]
    suppliers: list[ComparedSupplierOut]


_PERIOD = Query("", max_length=20, description="2026-10, 2026-Q3 or 2026; default: the last whole one")
_KIND = Query("month", description="Of the last whole period, where none is named")


@router.get("/comparison", response=ComparisonOut, summary="Contracts and suppliers of a period side by side")
def read_comparison(request: HttpRequest, period: str = _PERIOD, kind: PeriodKind = _KIND) -> dict[str, Any]:
    """As far as the caller may see them. 404 for somebody who may see neither figures nor a supplier's own work."""
    now = datetime.now(UTC)
    return document_of(comparison(viewer_of(request), asked_period(period, kind, now=now), now=now))
