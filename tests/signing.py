"""Statements that wait for signatures, written by hand: only what signing reads of them."""

from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from tests.pages.world import World

from yunheng.appraisal.models import Statement
from yunheng.contracts.models import ContractVersion
from yunheng.foundation.flow import process_of
from yunheng.logic.canonical import canonical


def content_of(world: World, number: str, **more: Any) -> dict[str, Any]:
    """What the statement froze, as far as a signer reads it."""
    return {
        "v": 1,
        "statement": number,
        "edition": 1,
        "reverses": None,
        "contract": world.key,
        "period": {"kind": "month", "name": "2026-10", "start": "2026-10-01", "end": "2026-10-31"},
        "parties": {
            "provider": {"key": "provider", "name": "示例运维服务有限公司"},
            "client": {"key": "supplied-client", "name": "示例客户"},
        },
        "rules": {"contract_version": 1, "scheme": {}, "appraisal": more.pop("appraisal", None)},
        "score": {"value": "92.5", "grade": "good", "vetoes": []},
        "settlement": {"payable": "98000.00", "currency": "CNY"},
        **more,
    }


def waiting_statement(world: World, *, state: str = "accepted", **more: Any) -> Statement:
    """A statement in a state in which it is signed, or in another."""
    month = 1 + Statement.objects.filter(scope=world.contract.scope).count()
    number = f"{world.key.upper()}-APR-20261101-{month:04d}"
    frozen = canonical(content_of(world, number, **more))
    version = ContractVersion.objects.filter(contract=world.contract).latest("number")
    process = process_of("appraisal")
    now = datetime.now(UTC)
    is_draft = state == "drafted"
    return Statement.objects.create(
        scope=world.contract.scope,
        number=number,
        state=state,
        process_key=process.key,
        process_version=process.version,
        opened_at=now,
        kind="month",
        period=f"{1990 + month}-10",
        begins_at=datetime(2026, 9, 30, 16, tzinfo=UTC),
        ends_at=datetime(2026, 10, 31, 16, tzinfo=UTC),
        contract_version=version,
        evaluated_at=now,
        frozen=None if is_draft else frozen,
        digest=None if is_draft else sha256(frozen).digest(),
        value=Decimal("92.5"),
        grade="good",
        payable=Decimal("98000"),
        currency="CNY",
        drafted_at=now,
    )
