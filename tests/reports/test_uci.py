"""The report on April 2016 of the public incident log: what it says is what `yunheng kpi` says."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.golden.test_uci import LOG

pytestmark = pytest.mark.data

START, END = date(2016, 4, 1), date(2016, 4, 30)


def test_the_report_on_april_2016(
    committed_db: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if not LOG.exists():
        pytest.skip(f"the incident log is not beside the project ({LOG})")
    from yunheng.appraisal.queries import figures
    from yunheng.contracts.queries import contract_by_key
    from yunheng.reports.actions import seal_all
    from yunheng.reports.content import Source, build, newest_head, rows_for, stamp_with
    from yunheng.reports.content.header import Header
    from yunheng.reports.content.source import speaking
    from yunheng.reports.period import Month
    from yunheng.site.cli import main

    monkeypatch.setenv("YUNHENG_DATABASE_URL", committed_db.app_url)
    monkeypatch.setenv("YUNHENG_DATABASE_OWNER_URL", committed_db.owner_url)
    monkeypatch.setenv("YUNHENG_DATA", str(tmp_path))
    monkeypatch.setenv("YUNHENG_LANGUAGE", "en")
    assert main(["contract", "apply", "pack:uci"]) == 0
    assert main(["import", "servicenow", str(LOG), "--contract", "uci", "--zone", "UTC"]) == 0
    capsys.readouterr()

    seal_all()
    contract = contract_by_key("uci")
    month = Month("2016-04", contract.scope.zone)
    source = Source(contract=contract, month=month, head=newest_head(contract), now=datetime.now(UTC))
    with speaking("en", month.zone):
        content = stamp_with(build("monthly", source, "en"), Header())
        found = figures(contract, start=START, end=END, position=source.position)
    rows = {row["key"]: row for row in content["attainment"]["rows"]}
    totals = [row for row in found.rows if not row.group]
    assert len(totals) == len(rows) > 5
    for row in totals:
        line = rows[row.key]
        assert (line["numerator"], line["denominator"]) == (row.numerator, row.denominator), row.key
        assert row.value is None or f"{row.value:,f}" in line["value"]

    assert (
        main(["kpi", "--contract", "uci", "--period", "2016-04", "--as-of", str(source.position), "--json"])
        == 0
    )
    printed = {row["key"]: row for row in json.loads(capsys.readouterr().out)["rows"] if not row["group"]}
    for key, line in rows.items():
        assert (line["numerator"], line["denominator"]) == (
            printed[key]["numerator"],
            printed[key]["denominator"],
        )
    assert len(content["misses"]["rows"]) == min(content["misses"]["total"], 500)
    keys = [column["key"] for column in content["item_columns"]]
    count = sum(1 for row in rows_for(contract.pk, content, source.position) if len(row) == len(keys))
    assert count >= rows["mtta"]["denominator"] if "mtta" in rows else count > 0
