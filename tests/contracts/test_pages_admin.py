"""Calendars and logs of all contracts: the notice in one click or by hand, and verification, in the background."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from tests.pages.world import World, in_force

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
# Whose notice is not out, or so these tests have it; on the last day of a year the next has begun with its eve.
YEAR = (datetime.now(UTC) + timedelta(days=2)).year + 1


def notice_for(year: int) -> str:
    """National Day as a notice has it: a week off, the Sunday before it and the Saturday after it are worked."""
    first, last = date(year, 10, 1), date(year, 10, 7)
    sunday = first - timedelta(days=first.isoweekday() % 7 or 7)
    saturday = last + timedelta(days=(6 - last.isoweekday()) % 7 or 7)

    def said(day: date, *, has_month: bool = True) -> str:
        month = f"{day.month}月" if has_month else ""
        return f"{month}{day.day}日（星期{'一二三四五六日'[day.weekday()]}）"

    off = f"国庆节{said(first)}至{said(last, has_month=False)}放假调休，共7天。"
    return f"{year}年：{off}{said(sunday)}、{said(saturday)}上班。"


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
    """A new version that reaches into the year whose notice is not out; in December the contract did before."""
    from tests.contracts.documents import changed

    from yunheng.contracts.actions import apply_contract

    now = datetime.now(UTC)
    text = changed(
        ("Production shifts with nights", "Production shifts and nights"),
        ("zone: Asia/Shanghai", f"effective: {(now + timedelta(days=3)).date()}\nzone: Asia/Shanghai"),
        document=re.sub(r"to: \d{4}-01-01", f"to: {YEAR + 1}-01-01", in_force(now).decode()),
    )
    monkeypatch.setattr(holidays_cn, "newest_published_year", lambda: YEAR - 1)
    apply_contract(viewer=world.viewer("alice"), at=now, data=text.encode())


def test_a_notice_by_hand_with_preview_and_errand(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    if holidays_cn.newest_published_year() >= YEAR:
        pytest.skip(f"the library holds the notice for {YEAR} by now")
    typed = notice_for(YEAR)
    worked = next(day for day in read_notice(typed, YEAR).worked if day.month == 10)
    provisional(world, monkeypatch)
    before = ContractVersion.objects.filter(contract=world.contract).count()
    page = client(world).get("/admin/calendars").content.decode()
    assert world.key in page and 'name="text"' in page
    preview = client(world).post("/admin/calendars", {"act": "preview", "text": typed})
    assert preview.status_code == 200
    assert f"{YEAR}-10-07" in preview.content.decode()
    assert ContractVersion.objects.filter(contract=world.contract).count() == before
    true_day, wrong_day = ("一二三四五六日"[(date(YEAR, 10, 1).weekday() + more) % 7] for more in (0, 1))
    mistyped = typed.replace(f"10月1日（星期{true_day}）", f"10月1日（星期{wrong_day}）")
    wrong = client(world).post("/admin/calendars", {"act": "preview", "text": mistyped})
    assert wrong.status_code == 422
    assert mistyped[:20] in wrong.content.decode()  # what was typed is there
    sent = {"act": "enter", "text": typed, "contracts": [world.key]}
    assert client(world, "ken").post("/admin/calendars", sent).status_code == 404
    none = client(world).post("/admin/calendars", {**sent, "contracts": []})
    assert none.status_code == 422
    foreign = client(world).post("/admin/calendars", {**sent, "contracts": [world.other.scope.key]})
    assert foreign.status_code == 404
    errand = run_errand(client(world).post("/admin/calendars", sent))
    assert [result["is_done"] for result in errand.results] == [True]
    version = version_at(world.contract.pk, datetime(YEAR, 10, 1, tzinfo=UTC))
    assert version is not None
    calendar = CalendarVersion.objects.get(contract_version=version, key="extended")
    assert calendar.provisional_years == []
    assert f"{YEAR}-10-07" in calendar.rules["holidays"] and calendar.rules["makeup"][str(worked)] == 0
    document = ContractVersion.objects.get(pk=version.pk).document
    assert "notices:" in document and "# 对客户（SLA）" in document.replace("# 对客户 /", "# 对客户（SLA） /")
    entry = Entry.objects.filter(type="contract.calendar_refreshed").latest("pk")
    assert entry.body.shared["entered_years"] == [YEAR]
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
