"""An appeal in a real browser, by both sides, in Chinese: from the draft to the signed correction; its deadlines."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.browser.appraising import agree_on_scoring
from tests.browser.test_ticket_life import no_sideways, someone, unexpected
from tests.browser.waiting import wait_until
from tests.pages.world import World

from yunheng.appraisal.models import Signature, Statement
from yunheng.appraisal.statements.actions import (
    draft_statement,
    enter_mark,
    enter_value,
    issue_statement,
    say_none_happened,
)
from yunheng.foundation.access import Viewer

pytestmark = pytest.mark.browser

PERIOD = "2026-10"


@pytest.fixture
def scored(world: World) -> World:
    """The world's contract says how a month is scored, and how long an appeal may take."""
    agree_on_scoring(world)
    return world


def open_details(page: Any, form: str) -> Any:
    """The form of an act, made visible."""
    found = page.locator(f"form:has(> input[name=act][value={form}])").first
    if not found.is_visible():
        page.locator(f"details:has(form > input[name=act][value={form}]) > summary").first.click()
    return found


def send(page: Any, form: str, **fields: str) -> None:
    """Fill a form in and send it; the answer is the page again."""
    found = open_details(page, form)
    for name, value in fields.items():
        control = found.locator(f"[name={name}]").first
        kind = control.evaluate("one => one.tagName + (one.type || '')")
        if kind.startswith("SELECT"):
            control.select_option(value)
        elif kind == "INPUTradio":
            found.locator(f"[name={name}][value={value}]").check()
        else:
            control.fill(value)
    found.locator("button.button-primary, button.button").last.click()
    page.wait_for_load_state("networkidle")


def enter(page: Any, what: str, key: str, **fields: str) -> None:
    """Fill in what an item or a kind of events asks for."""
    form = page.locator(f"form:has(> input[value={what}]):has(> input[name=place][value={key}])").first
    page.locator(f"details:has(form > input[name=place][value={key}]) > summary").first.click()
    for name, value in fields.items():
        control = form.locator(f"[name={name}]")
        if control.evaluate("one => one.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    form.locator("button.button-primary").click()
    page.wait_for_load_state("networkidle")


def confirm(page: Any, form: str) -> None:
    """An act that asks once more before it is done; afterwards it is offered no more."""
    page.wait_for_load_state()  # a script asks
    asking = f"form:has(> input[name=act][value={form}])"
    page.locator(f"{asking} button").first.click()
    page.click("[data-confirm-yes]")
    page.wait_for_selector(asking, state="detached")


def sign(page: Any, number: str, name: str, paper: Path) -> None:
    """Sign with a scan of the stamped paper, as both sides may."""
    page.goto(f"/statements/{number}/sign")
    frozen = bytes(Statement.objects.get(number=number).digest or b"").hex()
    page.fill("#id_names", name)
    page.fill("#id_printed", frozen[:16])
    page.set_input_files("input[name=files]", str(paper))
    signatures = Signature.objects.filter(statement__number=number)
    count = signatures.count()
    page.locator("form:has(#id_printed) button").last.click()
    wait_until(lambda: signatures.count() > count)
    page.wait_for_selector("text=已签署")


def state(number: str) -> str:
    return Statement.objects.values_list("state", flat=True).get(number=number)


def test_from_the_draft_over_an_appeal_to_the_signed_correction(
    open_page: Any, scored: World, complaints: list[str], tmp_path: Path
) -> None:
    paper = tmp_path / "盖章件.pdf"
    paper.write_bytes(b"%PDF-1.7\n1 0 obj\nendobj\ntrailer\n%%EOF\n")
    bob = someone(open_page, scored, "bob", "zh-hans", 390)
    alice = someone(open_page, scored, "alice", "zh-hans", 1440)

    bob.goto(f"/contracts/{scored.key}/statements")
    bob.click("[data-dialog-open=new-statement] >> nth=0")
    bob.fill("#new-statement [name=period]", PERIOD)
    bob.click("#new-statement .button-primary")
    bob.wait_for_url("**/statements/*-APR-*")
    number = bob.url.rsplit("/", 1)[-1]
    no_sideways(bob, 390)
    bob.wait_for_selector("text=待录入")
    enter(bob, "value", "tidy", value="90", note="现场抽查 10 间机房")
    enter(bob, "mark", "attitude", role="contact", value="4")
    enter(bob, "mark", "attitude", role="users", value="5", rater="用户代表 郑军")
    enter(
        bob,
        "event",
        "absent",
        occurred_at="2026-10-14T09:00",
        quantity="2",
        note="两次例行巡检未到场，门禁无记录。",
    )
    bob.locator("form:has(> input[value=none]):has(> input[value=praise]) button").click()
    bob.wait_for_selector("text=内容已齐")
    confirm(bob, "issue")
    bob.wait_for_selector("text=待服务商认可或申诉")
    before = Statement.objects.get(number=number)
    assert before.state == "issued"

    alice.goto(f"/statements/{number}")
    no_sideways(alice, 1440)
    target = (
        alice.locator("select[name=target]")
        .first.locator("option", has_text="巡检到场")
        .get_attribute("value")
    )
    form = open_details(alice, "appeal")
    form.locator("[name=target]").first.select_option(target)
    form.locator("[name=claim]").first.fill("撤销扣分。")
    form.locator("button.button-primary").click()  # without an argument
    alice.wait_for_selector(".banner-error")
    form = open_details(alice, "appeal")
    assert form.locator("[name=claim]").first.input_value() == "撤销扣分。"  # nothing typed is lost
    form.locator("[name=argument]").first.fill("10 月 14 日客户机房停电检修，通知我方不必到场，见邮件。")
    form.locator("input[type=file]").set_input_files(str(paper))
    form.locator("button.button-primary").click()
    alice.wait_for_selector("#appeals >> text=停电检修")

    bob.goto(f"/statements/{number}")
    send(bob, "reply", text="停电只在上午，下午可以到场。")
    bob.wait_for_selector("#appeals >> text=下午可以到场")
    no_sideways(bob, 390)
    for page in (alice, bob):
        page.goto(f"/statements/{number}")
        send(page, "vote", decision="partly", change="quantity", quantity="1", reason="按半天计，记一次。")
    bob.wait_for_selector("#appeals >> text=数量改为 1")
    send(bob, "close")
    bob.wait_for_selector(f"a[href$='/{number}/sign']")
    after = Statement.objects.get(number=number)
    assert before.value is not None
    assert (after.state, after.value) == (
        "arbitrated",
        before.value,
    )  # two events of one visit each: by quantity

    sign(bob, number, "王海波", paper)
    assert state(number) == "arbitrated"
    sign(alice, number, "林晓安", paper)
    assert state(number) == "locked"

    alice.goto(f"/statements/{number}")
    send(alice, "reverse", reason="巡检次数重复登记，双方同意更正。")
    alice.wait_for_url(lambda url: not url.endswith(number))
    corrected = alice.url.rsplit("/", 1)[-1]
    alice.wait_for_selector("text=巡检次数重复登记")
    bob.goto(f"/statements/{corrected}")
    confirm(bob, "issue")
    alice.goto(f"/statements/{corrected}")
    send(alice, "accept", opinion="同意更正。")
    for page, name in ((alice, "林晓安"), (bob, "王海波")):
        sign(page, corrected, name, paper)
    assert (state(corrected), state(number)) == ("locked", "replaced")
    bob.goto(f"/statements/{number}")
    bob.wait_for_selector(f"text={corrected}")
    assert unexpected(complaints) == []


@pytest.mark.parametrize(
    ("issued_at", "due"),
    [
        # National Day, 1 to 7 October: 30 Sep, 8, 9, 10, 12 Oct
        (datetime(2026, 9, 29, 2, tzinfo=UTC), "10-12 20:00"),
        # Sunday, 20 September, is worked for the holiday (调休): 18, 19, 20, 21, 22
        (datetime(2026, 9, 17, 2, tzinfo=UTC), "09-22 20:00"),
    ],
)
def test_the_term_passes_over_holidays_and_counts_make_up_workdays(
    open_page: Any, scored: World, complaints: list[str], issued_at: datetime, due: str
) -> None:
    statement = _issued(scored.viewer("bob"), scored.key, issued_at)
    for login in ("bob", "alice"):
        page = someone(open_page, scored, login, "zh-hans", 1440)
        page.goto(f"/statements/{statement.number}")
        page.wait_for_selector(f"text={due}")
    form = open_details(page, "appeal")
    form.locator("[name=target]").first.select_option("tidy")
    form.locator("[name=argument]").first.fill("抽查口径有误。")
    form.locator("[name=claim]").first.fill("改为 95 %。")
    form.locator("button.button-primary").click()
    page.wait_for_selector(".banner-error")  # the term is over
    assert due.split()[0] in page.locator(".banner-error").first.inner_text()
    assert Statement.objects.get().state == "issued"
    assert unexpected(complaints) == []


def _issued(client: Viewer, key: str, at: datetime) -> Statement:
    number = draft_statement(client, key, "2026-08", recorded_at=at).number
    enter_value(client, number, "tidy", "90", recorded_at=at)
    enter_mark(client, number, "attitude", "contact", "4", recorded_at=at)
    enter_mark(client, number, "attitude", "users", "5", rater="郑军", recorded_at=at)
    for kind in ("absent", "praise"):
        say_none_happened(client, number, kind, recorded_at=at)
    version = Statement.objects.values_list("row_version", flat=True).get(number=number)
    return issue_statement(client, number, version, recorded_at=at)
