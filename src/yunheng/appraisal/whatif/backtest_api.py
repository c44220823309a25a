"""API of backtests: ask for one, and read what came of it."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from yunheng.contracts.document import MAX_BYTES
from yunheng.foundation.answers import LARGEST_SIZE, Input, viewer_of

from .actions import request_backtest
from .answer import STEPS
from .models import BacktestRun
from .presentation import note_text
from .queries import run_of

router = Router(tags=["indicators"])
Name = dict[str, str]


class BacktestIn(Input):
    """A draft and the days over which history is to be replayed. Give `document` or `draft`."""

    document: str = Field("", max_length=MAX_BYTES, description="The draft as YAML")
    draft: str = Field("", max_length=150, description="pack:NAME or version:N")
    start: str = Field(alias="from", max_length=10, description="First day YYYY-MM-DD, or month YYYY-MM")
    end: str = Field(alias="to", max_length=10, description="Last day (included), or month")
    as_of: int | None = Field(
        None, ge=1, le=LARGEST_SIZE, description="Log position; default: all that is recorded"
    )
    recomputes_priority: bool = Field(
        False, description="Work out priorities anew from impact and urgency, by the draft's matrix"
    )
    fee: str = Field(
        "", max_length=20, description="Per month, on both sides; default: what each side agrees"
    )
    contract_value: str = Field(
        "", max_length=20, description="On both sides; default: what each side agrees"
    )


class BacktestFigureOut(Schema):
    """A figure on one side. Decimals are strings; `value` is null where it is not applicable."""

    value: str | None
    numerator: int
    denominator: int
    goal: str | None
    goal_comparison: Literal["at_least", "at_most"] | None
    is_met: bool | None
    excluded: int
    waiting: int
    is_provisional: bool


class BacktestFigurePairOut(Schema):
    """A figure under the contract as it was (old) and under the draft (new)."""

    period: str = Field(description="YYYY-MM; empty: all of it")
    old: BacktestFigureOut
    new: BacktestFigureOut


class BacktestIndicatorPairOut(Schema):
    """An indicator on both sides."""

    key: str
    label: Name
    unit: Literal["%", "h", "tickets"]
    is_better_high: bool
    is_in_contract: bool
    is_in_draft: bool
    rows: list[BacktestFigurePairOut]


class BacktestLackingPartOut(Schema):
    """What people enter, and a replay does not know."""

    what: str
    key: str
    text: Name


class BacktestScoreSideOut(Schema):
    """A score on one side, and what is paid by it."""

    value: str | None
    full: str
    grade: str | None
    grade_label: Name
    vetoes: list[str]
    is_complete: bool
    is_running: bool
    is_provisional: bool
    lacking: list[BacktestLackingPartOut]
    fee: str | None
    payable: str | None
    deducted: str | None
    currency: str


class BacktestScorePairOut(Schema):
    """The score of a period on both sides; null where a side scores no such period."""

    period: str = Field(description="2016-04, 2016-Q2 or 2016")
    old: BacktestScoreSideOut | None
    new: BacktestScoreSideOut | None


class BacktestPaidOut(Schema):
    """What is payable in all."""

    fee: str
    payable: str
    deducted: str
    currency: str
    periods: int


class BacktestMoneyOut(Schema):
    """What is payable in all on both sides; null where nothing is settled."""

    old: BacktestPaidOut | None
    new: BacktestPaidOut | None


class BacktestDifferenceOut(Schema):
    """How many tickets come out otherwise for a clock, or for a share of tickets."""

    of: Literal["clock", "indicator"]
    key: str
    label: Name
    counts: dict[str, int] = Field(description="By kind: missed, met, counted, dropped, moved")
    total: int


class BacktestChangeOut(Schema):
    """One ticket that comes out otherwise."""

    of: Literal["clock", "indicator"]
    key: str
    change: Literal["missed", "met", "counted", "dropped", "moved"]
    ticket: str
    old: Literal["met", "missed"] | None
    new: Literal["met", "missed"] | None
    old_at: datetime | None
    new_at: datetime | None
    old_late_seconds: int
    new_late_seconds: int
    old_profile: str
    new_profile: str


class BacktestNoteOut(Schema):
    """What could not be replayed, or is to be known before the numbers are believed."""

    code: str
    params: dict[str, str | int]
    text: str


class BacktestDraftOut(Schema):
    """The draft that was tried."""

    name: str
    title: Name
    sha256: str = Field(description="Of its terms")
    warnings: int


class BacktestOut(Schema):
    """What came of a replay."""

    contract: str
    draft: BacktestDraftOut
    start: date = Field(alias="from")
    end: date = Field(alias="to")
    zone: str
    draft_zone: str
    position: int
    is_live: bool
    unsealed: int
    evaluated_at: datetime
    contract_versions: list[int]
    recomputes_priority: bool
    is_unchanged: bool
    is_withheld: bool = Field(description="Clocks that are no promise to the client are not in it")
    tickets: int
    months: list[str]
    clocks: dict[str, Name]
    indicators: list[BacktestIndicatorPairOut]
    scores: list[BacktestScorePairOut]
    money: BacktestMoneyOut
    differences: list[BacktestDifferenceOut]
    changes: list[BacktestChangeOut] = Field(description="The first ones of each kind")
    notes: list[BacktestNoteOut]


class BacktestRunOut(Schema):
    """A replay that was asked for; the result is kept for a day, for the asker alone."""

    uuid: UUID
    state: Literal["waiting", "running", "finished", "failed"]
    done: int
    total: int
    problem: str
    created_at: datetime
    finished_at: datetime | None
    result: BacktestOut | None


@router.post(
    "/contracts/{key}/backtests",
    response={202: BacktestRunOut},
    by_alias=True,
    summary="Replay history under a draft",
)
def ask_for_backtest(request: HttpRequest, key: str, wanted: BacktestIn) -> Any:
    """A job replays; nothing is written to the record. 422 names every error of a draft by line and column."""
    run = request_backtest(
        viewer_of(request),
        key,
        document=wanted.document,
        draft=wanted.draft,
        start=wanted.start,
        end=wanted.end,
        position=wanted.as_of,
        recomputes_priority=wanted.recomputes_priority,
        fee=wanted.fee,
        contract_value=wanted.contract_value,
    )
    return Status(202, _run(run))


@router.get(
    "/contracts/{key}/backtests/{uuid:uuid}",
    response=BacktestRunOut,
    by_alias=True,
    summary="What came of a backtest",
)
def read_backtest(request: HttpRequest, key: str, uuid: UUID) -> dict[str, Any]:
    """Its state, and the result when it is there."""
    return _run(run_of(viewer_of(request), key, uuid))


def _run(run: BacktestRun) -> dict[str, Any]:
    result = run.result
    if result is not None:
        notes = [{**note, "text": note_text(note, result["clocks"])} for note in result["notes"]]
        result = {**result, "notes": notes}
    return {
        "uuid": run.uuid,
        "state": run.state,
        "done": run.done,
        "total": STEPS + 1,
        "problem": run.problem,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
        "result": result,
    }
