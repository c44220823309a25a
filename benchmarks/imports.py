"""Import of history, end to end: an audit log with its entries, facts, tickets, resume keys, clocks and seals.

The log is made up here, as long and as wide as a real one; where the public log lies beside the project, it is taken
instead. Reading it again, when every row is known, is measured too.
"""

import csv
import os
import random
import resource
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measuring import database, row, seconds

INCIDENTS = 25_000
STATES = ("New", "Active", "Active", "Awaiting User Info", "Active", "Resolved", "Closed")
COLUMNS = (
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


def run() -> list[dict[str, Any]]:
    """Rows of the table: entries a second, goal 15 k."""
    with database(), tempfile.TemporaryDirectory() as folder:
        return _measure(_log(Path(folder)))


def _measure(path: Path) -> list[dict[str, Any]]:
    from yunheng.contracts.actions import apply_contract
    from yunheng.contracts.models import Contract
    from yunheng.contracts.packs import contract_pack
    from yunheng.foundation.access import Viewer
    from yunheng.foundation.actor import SYSTEM
    from yunheng.imports.actions import import_servicenow
    from yunheng.sla.models import LiveClock

    viewer = Viewer(actor=SYSTEM, is_system=True)
    apply_contract(viewer=viewer, at=datetime.now(UTC), data=contract_pack("uci"))
    contract = Contract.objects.select_related("scope").get(scope__key="uci")
    reports = []

    def bring() -> None:
        reports.append(import_servicenow(contract=contract, path=path))

    first, again = seconds(bring), seconds(bring)
    report = reports[0]
    assert report.counts.imported == report.counts.read == reports[1].counts.repeated
    assert LiveClock.objects.count() == 2 * report.summary["tickets"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    note = f"{path.name}: {report.counts.read:,} rows, {report.entries:,} entries in {first:.1f} s; goal ≥ 15 000"
    return [
        row("import, with clocks, keys and seals", report.entries / first, "entries/s", note, digits=0),
        row("the same file again, all known", report.counts.read / again, "rows/s", digits=0),
        row("peak memory of the importing process", peak, "MB", digits=0),
    ]


def _log(folder: Path) -> Path:
    shared = Path(os.environ.get("YUNHENG_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    real = shared / "data" / "uci_incident" / "incident_event_log.zip"
    return real if real.exists() else _made_up(folder / "made-up.csv")


def _made_up(path: Path) -> Path:
    chance = random.Random(7)
    begin = datetime(2016, 3, 1, tzinfo=UTC)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(INCIDENTS):
            at = begin + timedelta(minutes=chance.randrange(300 * 1440))
            life = dict.fromkeys(COLUMNS, "?") | {
                "number": f"INC{number:07d}",
                "opened_at": _day_first(at),
                "made_sla": "true",
                "caller_id": f"Caller {chance.randrange(5000)}",
                "location": f"Location {number % 200}",
                "category": f"Category {number % 50}",
                "u_symptom": f"Symptom {number % 500}",
                "impact": "2 - Medium",
                "urgency": "2 - Medium",
                "priority": "3 - Moderate",
                "assignment_group": f"Group {number % 70}",
                "reassignment_count": "0",
                "reopen_count": "0",
                "resolved_at": _day_first(at + timedelta(days=3)),
                "closed_at": _day_first(at),
            }
            for step, state in enumerate(STATES[: chance.choice((5, 6, 7))]):
                at += timedelta(minutes=chance.randrange(1, 600))
                life |= {
                    "incident_state": state,
                    "sys_updated_at": _day_first(at),
                    "sys_mod_count": str(step),
                }
                life |= {"sys_updated_by": f"Updated by {chance.randrange(800)}"}
                writer.writerow([life[name] for name in COLUMNS])
    return path


def _day_first(at: datetime) -> str:
    return f"{at.day}/{at.month}/{at.year} {at:%H:%M}"
