"""API of indicators: figures of a period, and the items behind each of them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract
from yunheng.foundation.answers import LARGEST_PAGE, LARGEST_SIZE, PAGE, Page, viewer_of

from .board_api import router as board_router
from .comparison.comparison_api import router as comparison_router
from .figures import Figures, Item, Row
from .periods import read_period
from .points_left.left_api import router as points_left_router
from .proof.proof_api import router as proof_router
from .queries import figures, items
from .scorecard_api import router as scorecard_router
from .signing.sign_api import router as signing_router
from .statements.statement_api import router as statements_router
from .whatif.backtest_api import router as what_if_router

router = Router(tags=["indicators"])

By = Literal["priority", "service", "team", "month"]
BasisName = Literal["events", "asserted"]
PartName = Literal["denominator", "numerator", "misses", "excluded", "waiting"]


class RowOut(Schema):
    """One figure of one group ("" = all). `value` is null where it is not applicable, never 0 or 100.

    Decimals are strings.
    """

    key: str
    label: str
    definition: str
    group: str
    group_label: str
    numerator: int
    denominator: int
    value: Decimal | None
    unit: Literal["%", "h", "tickets"]
    n: int
    mean: Decimal | None
    median: Decimal | None
    p90: Decimal | None
    p95: Decimal | None
    max: Decimal | None
    goal: Decimal | None
    goal_comparison: Literal["at_least", "at_most"] | None
    is_met: bool | None
    is_better_high: bool
    basis: BasisName
    population: str
    time_base: Literal["elapsed", "working"]
    calendar: str
    excluded: int
    waiting: int
    is_provisional: bool
    is_of_source: bool


class FiguresOut(Schema):
    """Figures of a period with all that is needed to compute them again."""

    contract: str
    start: date
    end: date = Field(description="Last day, inclusive")
    zone: str
    by: By | None
    basis: BasisName
    is_common: bool
    position: int = Field(description="Log position")
    is_live: bool
    unsealed: int
    evaluated_at: datetime
    contract_versions: list[int]
    rows: list[RowOut]


class ItemOut(Schema):
    """A member of a population."""

    number: str
    source_number: str
    title: str
    group: str
    clock: str
    part: Literal["hit", "miss", "excluded", "waiting"]
    reason: str
    seconds: int | None
    at: datetime | None


def _contract(request: HttpRequest, key: str) -> Contract:
    viewer = viewer_of(request)
    contract = access_contract(viewer, key)
    viewer.require("kpi.view", contract.pk)
    return contract


def _row(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in RowOut.model_fields}


def _figures(found: Figures) -> dict[str, Any]:
    return {
        "contract": found.contract_key,
        "start": found.start,
        "end": found.end,
        "zone": found.zone,
        "by": found.by,
        "basis": found.basis,
        "is_common": found.is_common,
        "position": found.position,
        "is_live": found.is_live,
        "unsealed": found.unsealed,
        "evaluated_at": found.evaluated_at,
        "contract_versions": list(found.contract_versions),
        "rows": [_row(row) for row in found.rows],
    }


def _item(item: Item) -> dict[str, Any]:
    return {name: getattr(item, name) for name in ItemOut.model_fields}


_FROM = Query(
    "",
    alias="from",
    description="First day (2016-03-01) or month (2016-03); default: month of the newest ticket",
)
_KEYS = Query([], description="Keys; default: what the contract names")
_TO = Query("", alias="to", description="Last day, inclusive, or month")


@router.get("/contracts/{key}/indicators", response=FiguresOut, summary="Figures of a contract")
def read_indicators(
    request: HttpRequest,
    key: str,
    start: str = _FROM,
    end: str = _TO,
    by: By | None = None,
    basis: BasisName = "events",
    as_of: int | None = Query(
        None, ge=1, le=LARGEST_SIZE, description="Log position; default: all that is recorded now"
    ),
    common: bool = Query(False, description="Only tickets whose resolution both bases know"),
    indicator: list[str] = _KEYS,
) -> dict[str, Any]:
    """One row per indicator, and below it one per group."""
    contract, now = _contract(request, key), datetime.now(UTC)
    period = read_period(contract, start, end, now)
    found = figures(
        contract,
        start=period.start,
        end=period.end,
        by=by,
        basis=basis,
        position=as_of,
        keys=indicator or None,
        is_common=common,
        now=now,
    )
    return _figures(found)


@router.get(
    "/contracts/{key}/indicators/{indicator}/items",
    response=Page[ItemOut],
    summary="Items behind a figure",
)
def read_items(
    request: HttpRequest,
    key: str,
    indicator: str,
    start: str = _FROM,
    end: str = _TO,
    group: str = "",
    by: By | None = None,
    part: PartName = "denominator",
    basis: BasisName = "events",
    as_of: int | None = Query(None, ge=1, le=LARGEST_SIZE),
    common: bool = False,
    after: str | None = Query(None, max_length=18),
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """In the order of their numbers."""
    contract, now = _contract(request, key), datetime.now(UTC)
    period = read_period(contract, start, end, now)
    found, following = items(
        contract,
        key=indicator,
        start=period.start,
        end=period.end,
        group=group,
        by=by,
        part=part,
        basis=basis,
        position=as_of,
        is_common=common,
        after=after,
        limit=limit,
        now=now,
    )
    return {"items": [_item(item) for item in found], "next": following}


router.add_router("", board_router)
router.add_router("", scorecard_router)
router.add_router("", points_left_router)
router.add_router("", comparison_router)
router.add_router("", signing_router)
router.add_router("", what_if_router)
router.add_router("", proof_router)
router.add_router("", statements_router)
