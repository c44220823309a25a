"""The ground of import tests: the shipped contract for the public log, and small logs written for each test."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from yunheng.contracts.actions import apply_contract
from yunheng.contracts.models import Contract
from yunheng.contracts.packs import contract_pack
from yunheng.foundation.access import Viewer
from yunheng.foundation.actor import SYSTEM

HEADER = (
    *(
        "number",
        "incident_state",
        "active",
        "reassignment_count",
        "reopen_count",
        "sys_mod_count",
        "made_sla",
    ),
    *("caller_id", "opened_by", "opened_at", "sys_created_by", "sys_created_at", "sys_updated_by"),
    *("sys_updated_at", "contact_type", "location", "category", "subcategory", "u_symptom", "cmdb_ci"),
    *("impact", "urgency", "priority", "assignment_group", "assigned_to", "knowledge"),
    *("u_priority_confirmation", "notify", "problem_id", "rfc", "vendor", "caused_by", "closed_code"),
    *("resolved_by", "resolved_at", "closed_at"),
)
USUAL = {
    "active": "true",
    "reassignment_count": "0",
    "reopen_count": "0",
    "made_sla": "true",
    "caller_id": "Caller 7",
    "opened_by": "Opened by 8",
    "sys_updated_by": "Updated by 9",
    "category": "Category 55",
    "subcategory": "Subcategory 170",
    "u_symptom": "Symptom 72",
    "impact": "2 - Medium",
    "urgency": "2 - Medium",
    "priority": "3 - Moderate",
    "assignment_group": "Group 56",
    "opened_at": "29/2/2016 01:16",
}


def log_row(number: str, state: str, at: str, **fields: str) -> dict[str, str]:
    """One row of an audit log; fields that are not given are usual or missing."""
    row = (
        dict.fromkeys(HEADER, "?") | USUAL | {"number": number, "incident_state": state, "sys_updated_at": at}
    )
    assert fields.keys() <= row.keys()
    return row | fields


def log_text(rows: Sequence[dict[str, str]], *, delimiter: str = ",") -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def life(number: str, **fields: str) -> list[dict[str, str]]:
    """An incident with a wait, a resolution, a reopening and an end; claims on every row, as such logs have them."""
    claims = {
        "resolved_at": "1/3/2016 12:00",
        "closed_at": "6/3/2016 10:00",
        "closed_code": "code 5",
    } | fields
    return [
        log_row(number, "New", "29/2/2016 01:23", **claims),
        log_row(number, "Active", "29/2/2016 02:00", **claims | {"assigned_to": "Resolver 31"}),
        log_row(number, "Awaiting User Info", "29/2/2016 03:00", **claims),
        log_row(number, "Active", "29/2/2016 05:00", **claims),
        log_row(number, "Resolved", "29/2/2016 06:00", **claims),
        log_row(number, "Active", "29/2/2016 08:00", **claims | {"reopen_count": "1"}),
        log_row(number, "Resolved", "1/3/2016 12:00", **claims | {"reopen_count": "1", "made_sla": "false"}),
        log_row(number, "Closed", "6/3/2016 10:00", **claims | {"reopen_count": "1", "made_sla": "false"}),
    ]


def applied_contract() -> Contract:
    apply_contract(
        viewer=Viewer(actor=SYSTEM, is_system=True), at=datetime.now(UTC), data=contract_pack("uci")
    )
    return Contract.objects.select_related("scope").get(scope__key="uci")


@pytest.fixture
def contract(db: Any) -> Contract:
    """The contract `uci`, as shipped."""
    return applied_contract()


@pytest.fixture
def write_log(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as a CSV file."""

    def write(rows: Sequence[dict[str, str]], name: str = "log.csv") -> Path:
        path = tmp_path / name
        path.write_text(log_text(rows), encoding="utf-8")
        return path

    return write
