"""Calendars and logs of all contracts: the notice in one click or by hand, and verification, in the background."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from tests.pages.world import World

from yunheng.contracts import holidays_cn
from yunheng.contracts.actions import carry_out
from yunheng.contracts.models import CalendarVersion, ContractVersion, Errand
from yunheng.contracts.notice_text import read_notice, year_in
from yunheng.contracts.queries import version_at
from yunheng.foundation.models import Entry

OFFICIAL = """国务院办公厅关于2026年部分节假日安排的通知
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
节假日期间，各地区要妥善安排好值班和安全、保卫等工作，遇有重大突发事件，要按规定及时报告。
国务院办公厅
2025年11月4日"""
FOR_2027 = "2027年：国庆节10月1日（星期五）至7日（星期四）放假调休，共7天。9月26日（星期日）、10月9日（星期六）上班。"


def client(world: World, login: str = "alice") -> Client:
    made = Client()
    made.force_login(world.people[login])
    return made


# --- reading notices


def test_an_official_notice_is_read_as_the_library_has_it() -> None:
    notice = read_notice(OFFICIAL, 2026)
    known = holidays_cn.china_days(2026)
    assert notice.remarks == []
    assert notice.closed == known.holidays
    assert notice.worked == known.makeup
    assert year_in(OFFICIAL) == 2026  # and not the year in which it was signed
    assert year_in("2027-01-01 off\n2027-01-03 off\n2026-12-26 work") == 2027
    assert year_in("10月1日放假") is None


@pytest.mark.parametrize(
    ("text", "year", "closed", "worked"),
    [
        ("10月1日（星期四）至7日放假调休，共7天。9月27日（星期日）、10月10日（星期六）上班", 2026, 7, 2),
        ("元旦：2024年12月30日至2025年1月1日放假调休，共3天。2024年12月29日（星期日）上班", 2025, 3, 1),
        ("2027-01-01 - 2027-01-03 off\n2027-01-09 work\n2027/2/5..2027/2/11 closed", 2027, 10, 1),
        ("放假：10月1日至7日；上班：9月26日、10月9日", 2027, 7, 2),
        ("2027-10-01,放假\n2027-10-09,上班", 2027, 1, 1),
        ("１月１日放假１天", 2027, 1, 0),
    ],
)
def test_ways_to_write_a_notice(text: str, year: int, closed: int, worked: int) -> None:
    notice = read_notice(text, year)
    assert [remark.text() for remark in notice.remarks] == []
    assert (len(notice.closed), len(notice.worked)) == (closed, worked)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no day off"),
        ("2月30日放假", "2月30日"),
        ("4月4日（星期六）放假", "another year"),
        ("10月1日至7日放假，共8天", "8 are said"),
        ("10月1日放假。10月1日上班", "both off and worked"),
        ("10月4日上班", "no weekend day"),
        ("10月1日", "not said"),
        ("1月1日至12月31日放假", "no break"),
        ("2025-05-01 放假", "does not belong"),
        ("日" * 30_000, "characters"),
        ("(" * 19_000, "no day off"),
    ],
)
def test_what_cannot_be_right_is_said(text: str, word: str) -> None:
    notice = read_notice(text, 2027)
    assert not notice.is_sound
    assert any(word in remark.text() for remark in notice.remarks), [
        remark.text() for remark in notice.remarks
    ]


# --- the page


def run_errand(response: Any) -> Errand:
    assert response.status_code == 303, response.content[:500]
    errand = Errand.objects.latest("pk")
    carry_out(errand.uuid)
    errand.refresh_from_db()
    assert errand.state == "finished"
    return errand


def provisional(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contract that reaches into 2027, whose notice is not out."""
    from tests.contracts.documents import changed

    from yunheng.contracts.actions import apply_contract
    from yunheng.contracts.packs import contract_pack

    text = changed(
        ("to: 2027-01-01", "to: 2028-01-01"),
        ("zone: Asia/Shanghai", "effective: 2026-12-01\nzone: Asia/Shanghai"),
        document=contract_pack("with-supplier").decode(),
    )
    monkeypatch.setattr(holidays_cn, "newest_published_year", lambda: 2026)
    apply_contract(viewer=world.viewer("alice"), at=datetime.now(UTC), data=text.encode())


def test_a_notice_by_hand_with_preview_and_errand(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    if holidays_cn.newest_published_year() >= 2027:
        pytest.skip("the library holds the notice for 2027 by now")
    provisional(world, monkeypatch)
    before = ContractVersion.objects.filter(contract=world.contract).count()
    page = client(world).get("/admin/calendars").content.decode()
    assert "2027" in page
    preview = client(world).post("/admin/calendars", {"act": "preview", "text": FOR_2027})
    assert preview.status_code == 200
    assert "2027-10-07" in preview.content.decode()
    assert ContractVersion.objects.filter(contract=world.contract).count() == before
    wrong = client(world).post(
        "/admin/calendars", {"act": "preview", "text": FOR_2027.replace("星期五", "星期六")}
    )
    assert wrong.status_code == 422
    assert "星期六" in wrong.content.decode()  # what was typed is there
    sent = {"act": "enter", "text": FOR_2027, "contracts": [world.key]}
    assert client(world, "ken").post("/admin/calendars", sent).status_code == 404
    none = client(world).post("/admin/calendars", {**sent, "contracts": []})
    assert none.status_code == 422
    foreign = client(world).post("/admin/calendars", {**sent, "contracts": [world.other.scope.key]})
    assert foreign.status_code == 404
    errand = run_errand(client(world).post("/admin/calendars", sent))
    assert [result["is_done"] for result in errand.results] == [True]
    version = version_at(world.contract.pk, datetime(2027, 10, 1, tzinfo=UTC))
    assert version is not None
    calendar = CalendarVersion.objects.get(contract_version=version, key="extended")
    assert calendar.provisional_years == []
    assert "2027-10-07" in calendar.rules["holidays"] and calendar.rules["makeup"]["2027-10-09"] == 0
    document = ContractVersion.objects.get(pk=version.pk).document
    assert "notices:" in document and "# 对客户（SLA）" in document.replace("# 对客户 /", "# 对客户（SLA） /")
    entry = Entry.objects.filter(type="contract.calendar_refreshed").latest("pk")
    assert entry.body.shared["entered_years"] == [2027]
    assert "terms_sha256" not in entry.body.shared
    carry_out(errand.uuid)  # a job that comes twice does nothing twice
    count = ContractVersion.objects.filter(contract=world.contract).count()
    again = run_errand(client(world).post("/admin/calendars", sent))
    assert not again.results[0]["is_done"]
    assert ContractVersion.objects.filter(contract=world.contract).count() == count


def test_an_errand_is_its_askers(world: World) -> None:
    errand = run_errand(client(world).post("/admin/logs", {"contracts": [world.key]}))
    assert errand.results[0]["contract"] == world.key
    assert client(world).get(f"/admin/errands/{errand.uuid}").status_code == 200
    for login in ("ken", "bob", "role-service-manager"):
        assert client(world, login).get(f"/admin/errands/{errand.uuid}").status_code == 404
    page = client(world).get("/admin/logs").content.decode()
    assert world.key in page and world.other.scope.key not in page
    assert client(world).post("/admin/logs", {}).status_code == 422
    for login in ("ken", "bob", "charlie"):
        assert client(world, login).post("/admin/logs", {"contracts": [world.key]}).status_code == 404


def test_a_hand_entered_notice_wins_over_what_the_library_computes() -> None:
    from yunheng.contracts.calendars import rules_of

    calendar = {
        "always": False, "zone": "Asia/Shanghai", "weekly": [[day, 540, 1080] for day in range(5)], "holidays": "china",
        "makeup": 0, "makeup_days": {}, "exceptions": {},
        "notices": {"2031": {"closed": ["2031-10-06"], "worked": ["2031-10-11"]}},
    }  # fmt: skip
    rules = rules_of(calendar, date(2031, 1, 1), date(2032, 12, 31))
    assert {day for day in rules.holidays if day.year == 2031} == {date(2031, 10, 6)}
    assert {day for day in rules.makeup if day.year == 2031} == {date(2031, 10, 11)}
    assert rules.provisional_years == {2032}
    assert date(2032, 10, 1) in rules.holidays  # other years are computed as before
