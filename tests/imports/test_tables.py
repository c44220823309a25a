"""Tables of tickets and of events, as CSV and as workbooks, read by a mapping; and what a preview proposes."""

import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils.translation import override
from openpyxl import Workbook

from yunheng.accounts.models import Organisation, Team
from yunheng.contracts.actions import apply_contract
from yunheng.contracts.models import Contract
from yunheng.contracts.packs import contract_pack
from yunheng.desk.models import Ticket
from yunheng.foundation.access import Viewer
from yunheng.foundation.actor import SYSTEM
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Invalid
from yunheng.foundation.sealing import check_log
from yunheng.foundation.table_files import Sheet, write_workbook
from yunheng.imports.actions import import_table
from yunheng.imports.mapping import load_mapping, mapping_text, read_mapping
from yunheng.imports.preview import preview_table
from yunheng.imports.source import SourceError
from yunheng.imports.tables import open_table
from yunheng.logic.facts import FactKind
from yunheng.sla.actions import facts_in_journal
from yunheng.sla.models import LiveClock, Pause
from yunheng.sla.queries import facts_of

K = FactKind
HEADER = [
    "工单号",
    "报障时间",
    "响应时间",
    "解决时间",
    "关闭时间",
    "优先级",
    "标题",
    "处理组",
    "报障人",
    "备注",
]
ROWS = [
    [
        "T-1",
        "2016-05-01 08:00",
        "2016-05-01 08:10",
        "2016-05-01 11:00",
        "2016-05-02 09:00",
        "高",
        "打印机卡纸",
        "一线",
        "王喆",
        "x",
    ],
    ["T-2", "2016-05-01 09:00", "", "", "", "中", "网络不通", "二线", "李雷", ""],
]
MAPPING = {
    "kind": "tickets",
    "system": "old-desk",
    "zone": "Asia/Shanghai",
    "columns": {
        "number": "工单号",
        "opened_at": "报障时间",
        "responded_at": "响应时间",
        "resolved_at": "解决时间",
        "closed_at": "关闭时间",
        "priority": "优先级",
        "title": "标题",
        "team": "处理组",
        "requester": "报障人",
    },
    "values": {"priority": {"高": "2", "中": "3"}},
}
EVENTS = [
    ["number", "time", "action", "priority", "team"],
    ["E-1", "1/5/2016 08:00", "created", "3", "Desk"],
    ["E-1", "1/5/2016 08:30", "taken", "3", "Desk"],
    ["E-1", "1/5/2016 09:00", "asked user", "3", "Desk"],
    ["E-1", "1/5/2016 10:00", "answer", "2", "Network"],
    ["E-1", "1/5/2016 12:00", "fixed", "2", "Network"],
    ["E-1", "2/5/2016 12:00", "closed", "2", "Network"],
]
EVENT_MAPPING = {
    "kind": "events",
    "dates": "dmy",
    "columns": {"number": "number", "at": "time", "event": "action", "priority": "priority", "team": "team"},
    "values": {
        "event": {
            "created": "opened",
            "taken": "responded",
            "asked user": "waiting:waiting_client",
            "answer": "resumed",
            "fixed": "resolved",
        }
    },
}


@pytest.fixture(autouse=True)
def _english():
    with override("en"):
        yield


def as_csv(path: Path, rows, encoding="utf-8") -> Path:
    path.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding=encoding)
    return path


def as_workbook(path: Path, rows) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def bring(contract, path, mapping=MAPPING, **options):
    return import_table(contract=contract, path=path, mapping=read_mapping(mapping), **options)


def events(number):
    ticket = Ticket.objects.get(source_number=number)
    return [
        (fact.kind, datetime.fromtimestamp(fact.at, UTC).strftime("%d %H:%M"), fact.term)
        for fact in facts_of(scope_id=ticket.scope_id, subject_id=ticket.pk)
    ]


@pytest.mark.parametrize("kind", ["csv", "gb18030", "xlsx"])
def test_a_row_a_ticket(contract, tmp_path, kind):
    table = [HEADER, *ROWS]
    if kind == "xlsx":
        path = as_workbook(tmp_path / "desk.xlsx", table)
    else:
        path = as_csv(tmp_path / "desk.csv", table, "utf-8" if kind == "csv" else kind)
    report = bring(contract, path)
    assert (report.counts.imported, report.summary["tickets"]) == (2, 2)
    assert events("T-1") == [
        (K.OPENED, "01 00:00", ""),
        (K.PROFILED, "01 00:00", "it-support|2"),
        (K.ASSIGNED, "01 00:00", "一线"),
        (K.RESPONDED, "01 00:10", ""),
        (K.RESOLVED, "01 03:00", ""),
        (K.CLOSED, "02 01:00", ""),
    ]
    ticket = Ticket.objects.get(source_number="T-1")
    assert (ticket.state, ticket.title, ticket.source_system) == ("closed", "打印机卡纸", "old-desk")
    assert Ticket.objects.get(source_number="T-2").state == "new"
    body = Entry.objects.filter(type="ticket.observed").order_by("id")[0].body
    assert "王喆" not in str(body.shared)
    assert body.personal["fields"] == {
        "报障人": "王喆",
        "备注": "x",
    }  # what is not named is taken for personal
    assert LiveClock.objects.filter(kind="resolve", is_met=True).count() == 1
    assert not check_log(contract.scope).problems


def test_a_row_a_ticket_again_and_changed(contract, tmp_path):
    path = as_csv(tmp_path / "desk.csv", [HEADER, *ROWS])
    bring(contract, path)
    assert bring(contract, path).counts.repeated == 2
    later = [*ROWS[1]]
    later[2], later[3] = "2016-05-01 10:00", "2016-05-01 12:00"
    report = bring(contract, as_csv(tmp_path / "later.csv", [HEADER, ROWS[0], later]))
    assert (report.counts.imported, report.counts.repeated) == (1, 1)
    assert events("T-2")[-2:] == [(K.RESPONDED, "01 02:00", ""), (K.RESOLVED, "01 04:00", "")]
    later[3] = "2016-05-01 13:00"
    bring(contract, as_csv(tmp_path / "corrected.csv", [HEADER, ROWS[0], later]))
    assert events("T-2")[-2:] == [(K.RESPONDED, "01 02:00", ""), (K.RESOLVED, "01 05:00", "")]
    assert Ticket.objects.get(source_number="T-2").resolved_at == datetime(2016, 5, 1, 5, tzinfo=UTC)
    ticket = Ticket.objects.get(source_number="T-2")
    stated = [fact for fact, by in facts_in_journal(scope_id=ticket.scope_id, subject_id=ticket.pk) if not by]
    assert len(stated) == len(events("T-2"))


def test_a_row_an_event(contract, tmp_path):
    report = bring(contract, as_csv(tmp_path / "events.csv", EVENTS), EVENT_MAPPING)
    assert report.counts.imported == 6
    assert events("E-1") == [
        (K.OPENED, "01 08:00", ""),
        (K.PROFILED, "01 08:00", "it-support|3"),
        (K.ASSIGNED, "01 08:00", "desk"),
        (K.RESPONDED, "01 08:30", ""),
        (K.WAIT_BEGAN, "01 09:00", "waiting_client"),
        (K.PROFILED, "01 10:00", "it-support|2"),
        (K.ASSIGNED, "01 10:00", "network"),
        (K.WAIT_ENDED, "01 10:00", ""),
        (K.RESOLVED, "01 12:00", ""),
        (K.CLOSED, "02 12:00", ""),
    ]
    assert Ticket.objects.get().state == "closed"
    assert Pause.objects.get().ended_at == datetime(2016, 5, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("cut", [2, 3, 4, 5])
def test_events_that_come_later_go_on(contract, tmp_path, cut):
    bring(contract, as_csv(tmp_path / "first.csv", EVENTS[: cut + 1]), EVENT_MAPPING)
    report = bring(contract, as_csv(tmp_path / "all.csv", EVENTS), EVENT_MAPPING)
    assert (report.counts.imported, report.counts.repeated) == (6 - cut, cut)
    assert [kind for kind, _at, _term in events("E-1")].count(K.WAIT_ENDED) == 1
    assert Pause.objects.get().ended_at is not None
    assert Ticket.objects.get().state == "closed"


def test_rows_that_the_contract_has_no_word_for_are_rejected(contract, tmp_path):
    rows = [
        [*ROWS[0][:5], "特急", *ROWS[0][6:]],
        ["T-3", "2016-05-01 08:00", "2016-05-01 07:00", "", "", "高", "a", "b", "c", ""],
        ["T-4", "gestern", "", "", "", "高", "a", "b", "c", ""],
        ["", "2016-05-01 08:00", "", "", "", "高", "a", "b", "c", ""],
        ROWS[1],
        [*ROWS[1][:7], "三线", *ROWS[1][8:]],
    ]
    report = bring(contract, as_csv(tmp_path / "desk.csv", [HEADER, *rows]))
    assert (report.counts.imported, report.counts.rejected) == (1, 5)
    found = {one.row: (one.field, one.reason) for one in report.first_rejections}
    assert found[1] == ("优先级", "is none of the contract's: 1, 2, 3, 4")
    assert found[2] == ("响应时间", "lies before the opening")
    assert found[3][0] == "报障时间"
    assert found[4] == ("工单号", "is missing")
    assert found[6][0] == "工单号"


def test_formulas_are_not_evaluated(contract, tmp_path):
    path = as_workbook(
        tmp_path / "desk.xlsx", [HEADER, [*ROWS[0][:6], '=HYPERLINK("http://x")', *ROWS[0][7:]]]
    )
    bring(contract, path)
    assert Ticket.objects.get().title == "T-1"  # a formula without a kept result is an empty cell


def test_a_workbook_that_is_none_is_refused(contract, tmp_path):
    path = as_workbook(tmp_path / "desk.xlsx", [HEADER, *ROWS])
    path.write_bytes(path.read_bytes().replace(b"xl/workbook.xml", b"xl/workbokk.xml"))
    with pytest.raises(SourceError, match=r"desk\.xlsx"):
        bring(contract, path)


def test_a_table_without_the_columns_of_the_mapping_is_refused(contract, tmp_path):
    with pytest.raises(SourceError, match="解决时间"):
        bring(contract, as_csv(tmp_path / "desk.csv", [["工单号", "报障时间"], ["1", "2016-05-01 08:00"]]))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "rows"}, "kind"),
        ({"columns": {"number": "工单号"}}, "columns"),
        ({"columns": {"number": "a", "opened_at": "b", "colour": "c"}}, "columns.colour"),
        ({"values": {"state": {"a": "b"}}}, "values.state"),
        ({"dates": "dym"}, "dates"),
        ({"ticket_kind": "problem"}, "ticket_kind"),
        ({"system": ""}, "system"),
        ({"shared": "备注"}, "shared"),
        ({"zone": 8}, "zone"),
        ({"colours": {}}, "colours"),
        ({"defaults": ["a"]}, "defaults"),
    ],
)
def test_a_mapping_with_a_fault_names_the_field(change, field):
    with pytest.raises(Invalid) as caught:
        read_mapping(MAPPING | change)
    assert field in caught.value.fields


@pytest.mark.parametrize("text", ["a: [", "a: &a [x]\nb: *a\n", "- just\n- a list\n", "\xff"])
def test_a_mapping_that_is_no_table_is_refused(tmp_path, text):
    path = tmp_path / "map.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(Invalid):
        load_mapping(path)


def test_a_preview_proposes_a_mapping_that_works(contract, tmp_path):
    rows = [[*row[:5], priority, *row[6:]] for row, priority in zip(ROWS, ("2 高", "3 中"), strict=True)]
    path = as_csv(tmp_path / "desk.csv", [HEADER, *rows])
    preview = preview_table(path, contract=contract)
    assert preview.mapping.columns == MAPPING["columns"]
    assert preview.mapping.values["priority"] == {"2 高": "2", "3 中": "3"}
    assert (preview.mapping.dates, preview.missing, preview.rejected, len(preview.taken)) == ("ymd", [], 0, 2)
    written = tmp_path / "map.yaml"
    written.write_text(mapping_text(preview.mapping), encoding="utf-8")
    report = import_table(contract=contract, path=path, mapping=load_mapping(written))
    assert report.counts.imported == 2


def test_a_preview_knows_english_headers_day_first_dates_and_events(contract, tmp_path):
    rows = [
        ["Ticket ID", "Created", "Resolved", "Priority", "Summary"],
        ["7", "29/2/2016 01:00", "", "1", "down"],
    ]
    preview = preview_table(as_csv(tmp_path / "desk.csv", rows), contract=contract)
    assert preview.mapping.columns["opened_at"] == "Created"
    assert preview.mapping.dates == "dmy"
    preview = preview_table(as_csv(tmp_path / "events.csv", EVENTS), contract=contract)
    assert preview.mapping.kind == "events"
    assert preview.rejected == 5  # only "closed" is a word of ours; the others must be translated
    assert "values.event" in preview.rejections[0].reason


def test_a_preview_says_which_column_it_misses(contract, tmp_path):
    preview = preview_table(as_csv(tmp_path / "x.csv", [["工单号", "颜色"], ["1", "red"]]), contract=contract)
    assert preview.missing == ["opened_at"]


@pytest.fixture
def office(db):
    """The contract `office-8x5` as shipped, with one team."""
    viewer = Viewer(actor=SYSTEM, is_system=True)
    apply_contract(viewer=viewer, at=datetime.now(UTC), data=contract_pack("office-8x5"))
    contract = Contract.objects.select_related("scope").get(scope__key="office-8x5")
    Team.objects.create(organisation_id=contract.provider_id, key="net", name="网络组")
    return contract


DESK_HEADER = [
    *(
        "工单编号",
        "提交时间",
        "首次响应时间",
        "解决时间",
        "关闭时间",
        "服务项",
        "优先级",
        "影响范围",
        "紧急程度",
    ),
    *("标题", "处理团队", "处理人", "报修人", "状态"),
]
DESK_ROWS = [
    [
        *("WX-001", "2026/3/2 09:05", "2026/3/2 09:12", "2026/3/2 11:00", "2026/3/3 10:00"),
        *("桌面与外设", "P2 高", "部门", "工作中断", "打印机卡纸", "桌面组", "张三", "李四", "已关闭"),
    ],
    [
        *("WX-002", "2026/3/2 10:00", "2026/3/2 10:20", "", "", "办公网络", "p1", "全单位", "工作中断"),
        *("核心交换机断电", "网络组", "王五", "赵六", "处理中"),
    ],
    [
        *("WX-003", "2026/3/4 14:00", "", "", "", "Business application  SUPPORT", "中", "One person"),
        *("Ｗork is impaired", "报表打不开", "NET", "", "钱七", "新建"),
    ],
    [
        *("WX-004", "2026/3/5 09:00", "", "", "", "network", "P4-低", "low", "low"),
        *("申请网口", "网络组", "", "孙八", "新建"),
    ],
    [
        *("WX-005", "2026/3/5 09:30", "", "", "", "厨房", "P3 中", "个人", "可以等待"),
        *("咖啡机", "网络组", "", "孙八", "新建"),
    ],
]


def test_a_chinese_workbook_in_the_contracts_own_words_is_taken_as_proposed(office, tmp_path):
    path = as_workbook(tmp_path / "台账.xlsx", [DESK_HEADER, *DESK_ROWS])
    preview = preview_table(path, contract=office)
    assert (preview.missing, preview.rejected) == ([], 1)
    assert (preview.rejections[0].row, preview.rejections[0].field) == (5, "服务项")
    assert preview.mapping.columns["team"] == "处理团队"
    assert preview.mapping.values == {
        "service": {
            "Business application  SUPPORT": "application",
            "办公网络": "network",
            "桌面与外设": "desktop",
        },
        "priority": {"P2 高": "P2", "P3 中": "P3", "P4-低": "P4", "p1": "P1", "中": "P3"},
        "impact": {"One person": "low", "个人": "low", "全单位": "high", "部门": "medium"},
        "urgency": {"Ｗork is impaired": "medium", "可以等待": "low", "工作中断": "high"},
    }
    written = tmp_path / "map.yaml"
    written.write_text(mapping_text(preview.mapping), encoding="utf-8")
    report = import_table(contract=office, path=path, mapping=load_mapping(written))
    assert (report.counts.read, report.counts.imported, report.counts.rejected) == (5, 4, 1)
    found = Ticket.objects.order_by("source_number").values_list(
        "service", "priority", "impact", "urgency", "team__key"
    )
    assert list(found[:2]) == [
        ("desktop", "P2", "medium", "high", "桌面组"),
        ("network", "P1", "high", "high", "net"),
    ]
    assert list(found[2:]) == [
        ("application", "P3", "low", "medium", "net"),
        ("network", "P4", "low", "low", "net"),
    ]
    assert sorted(Team.objects.values_list("key", flat=True)) == ["net", "桌面组"]


def test_words_past_the_rows_that_are_shown_are_proposed_too(office, tmp_path, monkeypatch):
    monkeypatch.setattr("yunheng.imports.preview.LOOKED_AT", 1)
    preview = preview_table(as_csv(tmp_path / "desk.csv", [DESK_HEADER, *DESK_ROWS]), contract=office)
    assert preview.looked_at == 1
    assert preview.mapping.values["priority"]["中"] == "P3"


def test_teams_of_other_organisations_are_not_used(office, tmp_path):
    Organisation.objects.get(key="office-client").teams.create(key="desk", name="桌面组")
    path = as_csv(tmp_path / "desk.csv", [DESK_HEADER, DESK_ROWS[0]])
    import_table(contract=office, path=path, mapping=preview_table(path, contract=office).mapping)
    assert Ticket.objects.get().team.organisation_id == office.provider_id


@pytest.mark.parametrize(
    ("dates", "example"),
    [("ymd", "2016-02-29 01:16"), ("dmy", "29/2/2016 01:16"), ("mdy", "2/29/2016 01:16")],
)
def test_a_bad_date_names_the_form_that_the_mapping_expects(contract, tmp_path, dates, example):
    path = as_csv(tmp_path / "desk.csv", [HEADER, ["T-4", "gestern", *ROWS[0][2:]]])
    report = bring(contract, path, MAPPING | {"dates": dates}, is_dry_run=True)
    assert report.first_rejections[0].reason == f"is no date and time such as {example}"


@pytest.mark.parametrize("dimension", ["A1:B999999999999", "A1:B2"])
def test_a_workbook_that_claims_endless_rows_is_refused_or_read_at_once(
    tmp_path: Path, dimension: str
) -> None:
    """Rows that are left out are made up: neither the file's own word nor a row 10¹² may make them for years."""
    book = Workbook()
    book.active.append(["number", "title"])
    book.active.append(["1", "printer"])
    plain, path = tmp_path / "plain.xlsx", tmp_path / "endless.xlsx"
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                data = data.replace(b'ref="A1:B2"', f'ref="{dimension}"'.encode())
                if dimension == "A1:B2":
                    data = data.replace(b'<row r="2"', b'<row r="999999999999"').replace(
                        b'"A2"', b'"A999999999999"'
                    )
                    data = data.replace(b'"B2"', b'"B999999999999"')
            target.writestr(name, data)
    if dimension == "A1:B2":
        with pytest.raises(SourceError):
            open_table(path, wanted=frozenset())
    else:
        assert open_table(path, wanted=frozenset()).rows == 1


def changed(plain: Path, path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """The workbook with one part rewritten."""
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, change(data) if name == part else data)
    return path


def test_a_workbook_with_too_many_different_texts_is_refused_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are all kept in memory, unlike the rows."""
    monkeypatch.setattr("yunheng.imports.tables.MAX_STRINGS", 1 << 20)
    path, same = tmp_path / "texts.xlsx", tmp_path / "same.xlsx"
    for target, texts in (
        (path, (f"{place}-{'x' * 100}" for place in range(12_000))),
        (same, ["x"] * 12_000),
    ):
        target.write_bytes(write_workbook([Sheet("Sheet", ["title"], ([text] for text in texts))]))
    with pytest.raises(SourceError, match=r"texts\.xlsx holds more than 1 MB of different texts.*CSV"):
        open_table(path, wanted=frozenset())
    assert open_table(same, wanted=frozenset()).rows == 12_000


def test_shared_and_formatted_texts_of_a_workbook_are_read(tmp_path: Path) -> None:
    path = tmp_path / "shared.xlsx"
    plain = tmp_path / "plain.xlsx"
    plain.write_bytes(write_workbook([Sheet("Sheet", ["number", "title"], [["1", "打印机"], ["2", "<&>"]])]))
    spoken = '<rPh sb="0" eb="1"><t>x</t></rPh>'
    rich = f'<si><r><rPr><b/></rPr><t>bold</t></r><r><t xml:space="preserve"> 打印机</t></r>{spoken}</si>'
    changed(
        plain,
        path,
        "xl/sharedStrings.xml",
        lambda data: data.replace("<si><t>打印机</t></si>".encode(), rich.encode()),
    )
    records = [record.fields for record in open_table(path, wanted=frozenset()).records()]
    assert records == [["1", "bold 打印机"], ["2", "<&>"]]


@pytest.mark.parametrize(
    ("part", "before", "piece"),
    [
        ("xl/worksheets/sheet1.xml", b"<sheetData>", b"<a/>"),  # before the rows
        ("xl/worksheets/sheet1.xml", b"</row>", b"<c/>"),  # one row without end
        ("xl/worksheets/sheet1.xml", b"</sheetData>", b'<row r="1"/>'),  # rows that are none
        ("xl/styles.xml", b"<cellXfs", b"<a/>"),
    ],
)
def test_a_part_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, before: bytes, piece: bytes
) -> None:
    monkeypatch.setattr("yunheng.imports.tables.MAX_PIECE", 2 << 20)
    monkeypatch.setattr("yunheng.imports.tables.MAX_RATIO", 100_000)
    plain = as_workbook(tmp_path / "plain.xlsx", [["number"], ["1"]])
    assert open_table(plain, wanted=frozenset()).rows == 1
    filling = piece * ((3 << 20) // len(piece))
    path = changed(
        plain, tmp_path / "full.xlsx", part, lambda data: data.replace(before, filling + before, 1)
    )
    with pytest.raises(SourceError, match="a row or a part of more than 2 MB"):
        open_table(path, wanted=frozenset())


def test_many_rows_together_may_be_larger_than_one_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yunheng.imports.tables.MAX_PIECE", 1 << 18)
    path = as_workbook(
        tmp_path / "long.xlsx", [["number", "title"], *([str(at), "x"] for at in range(20_000))]
    )
    assert open_table(path, wanted=frozenset()).rows == 20_000
