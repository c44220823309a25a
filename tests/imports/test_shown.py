"""What the commands print of a preview and of a run."""

from argparse import Namespace

import pytest
from django.utils.translation import override

from yunheng.imports.actions import import_table
from yunheng.imports.mapping import read_mapping
from yunheng.site.cli.imports import _preview, _show


@pytest.fixture(autouse=True)
def _english():
    with override("en"):
        yield


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "desk.csv"
    rows = [
        "工单号,报障时间,优先级,状态,影响度",
        "T-1,2016-05-01 08:00,3,,",
        "T-2,2016-05-01 09:00,3,处理中,部门",
        "T-3,gestern,3,,",
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_a_preview_shows_times_in_the_contracts_zone(contract, table, capsys):
    mapping = table.with_name("map.yaml")
    options = Namespace(file=table, contract="uci", mapping=None, member=None, write=mapping)
    assert _preview(options) == 0
    assert "opened_at 2016-05-01 08:00:00+00:00" in capsys.readouterr().out
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace("zone: UTC", "zone: Asia/Shanghai"), encoding="utf-8")
    assert _preview(Namespace(**vars(options) | {"mapping": mapping, "write": None})) == 0
    printed = capsys.readouterr().out
    assert "opened_at 2016-05-01 00:00:00+00:00" in printed
    assert "row 3: 报障时间 “gestern”: is no date and time such as 2016-02-29 01:16" in printed


def test_the_latest_run_is_shown_with_its_counts_and_without_blanks(contract, table, capsys):
    columns = {
        "number": "工单号",
        "opened_at": "报障时间",
        "priority": "优先级",
        "state": "状态",
        "impact": "影响度",
    }
    mapping = read_mapping({"kind": "tickets", "columns": columns})
    import_table(contract=contract, path=table, mapping=mapping)
    assert _show(Namespace(run="latest", json=False)) == 0
    printed = capsys.readouterr().out
    assert "desk.csv: 3 rows read = 2 imported + 1 rejected + 0 repeated" in printed
    assert "rows by state: 处理中 1\n" in printed
    assert "  部门 × – → 3: 1, 1\n" in printed
