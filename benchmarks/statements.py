"""A statement over a month of 100,000 tickets: computed, frozen with every member, and hashed."""

from datetime import UTC, datetime
from typing import Any

from benchmarks.figures import TICKETS, _fill
from benchmarks.measuring import database, row, seconds

SCHEME = """
scoring:
  full: 100
  events:
    late: {label: late, from: {clock: resolve}}
  sections:
    speed:
      label: Speed
      points: 10
      items:
        kept: {label: kept, points: 40, indicator: sla_attainment, ratio: {at_least: 100 %}}
        resolved: {label: resolved, points: 30, indicator: resolution_timeliness, ratio: {at_least: 100 %}}
        mean: {label: mean, points: 20, indicator: mttr, step: {at_most: 8 h, unit: 1 h, points: 1}}
        lateness: {label: lateness, occurrence: {of: [late], points: 0.01, cap: 10}}
  settlement:
    currency: CNY
    coefficients: [{from: 90, coefficient: 1}, {below: 90, coefficient: 0.9}]
appraisal:
  calendar: office
  fee: {amount: 100000, per: month}
"""


def run() -> list[dict[str, Any]]:
    """Rows of the table. The facts are put in as the projection holds them; no figure is."""
    with database():
        return _measure()


def _measure() -> list[dict[str, Any]]:
    from yunheng.appraisal import study
    from yunheng.appraisal.entered import NOTHING
    from yunheng.appraisal.models import Statement
    from yunheng.appraisal.scored_period import read_scored_period
    from yunheng.appraisal.statements.computing import bounds, compute
    from yunheng.appraisal.statements.freezing import Frozen, freeze
    from yunheng.contracts.actions import apply_contract
    from yunheng.contracts.packs import contract_pack
    from yunheng.contracts.queries import contract_by_key
    from yunheng.foundation.access import SYSTEM_VIEWER

    document = contract_pack("office-8x5") + SCHEME.encode()
    apply_contract(viewer=SYSTEM_VIEWER, at=datetime.now(UTC), data=document)
    contract = contract_by_key("office-8x5")
    facts = _fill(contract.pk)
    period, now = read_scored_period("2026-04"), datetime(2026, 6, 1, tzinfo=UTC)
    begins_at, ends_at = bounds(contract, period)

    def statement() -> Frozen:
        study._recent.clear()
        computed = compute(contract, period, entered=NOTHING, now=now, head=None)
        made = Statement(id=0, scope=contract.scope, number="X", begins_at=begins_at, ends_at=ends_at)
        return freeze(made, computed)

    took = seconds(statement, rounds=3)
    size = len(statement().data) / 1024 / 1024
    of = f"{TICKETS:,} tickets, {facts:,} facts"
    return [
        row("statement of a month", took, "s", f"{of}: computed, frozen, hashed; goal < 5 s", digits=2),
        row("frozen content", size, "MB", "every member of four figures by its number", digits=1),
    ]


if __name__ == "__main__":
    for line in run():
        print(line)
