"""A ticket's whole life in a real browser, by the roles who live it: on the desk in Chinese, on a phone in English."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.browser.signing_in import sign_in
from tests.pages.world import World, open_one

from yunheng.desk.models import Proposal, Ticket
from yunheng.sla.models import Pause

pytestmark = pytest.mark.browser

#: What is noted of a refused or late form, and of a look-up that a later one or the next page cuts off; everything
#: else is a complaint.
EXPECTED = re.compile(r"status of (409|422)|^htmx:(sendAbort|afterRequest)\b")


def unexpected(complaints: list[str]) -> list[str]:
    return [line for line in complaints if not EXPECTED.search(line)]


def someone(open_page: Any, world: World, login: str, language: str, width: int) -> Any:
    """A person at their own browser."""
    person = world.people[login]
    type(person).objects.filter(pk=person.pk).update(language=language)
    page = open_page(width=width, language="zh-CN" if language == "zh-hans" else "en-GB")
    sign_in(page, login)
    return page


def act(page: Any, key: str, **fields: str) -> None:
    """Open the form of an act, fill it in and send it; whoever calls waits for what comes of it."""
    form = page.locator(f"#f-{key}")
    if not form.is_visible():
        page.locator(
            f"details:has(> .act-body #f-{key}) > summary, details:has(> #f-{key}) > summary"
        ).first.click()
    for name, value in fields.items():
        control = form.locator(f"[name={name}]")
        if control.evaluate("one => one.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    form.locator("button[type=submit]").click()


def click(page: Any, key: str) -> None:
    """An act that one click does; the page has followed when it offers it no longer."""
    page.click(f'#ticket-bar [data-click="move:{key}"]')
    page.wait_for_selector(f'#ticket-bar [data-click="move:{key}"]', state="detached")


def state(number: str) -> str:
    return Ticket.objects.values_list("state", flat=True).get(number=number)


def wait_for(page: Any, read: Callable[[], Any], wanted: Any) -> None:
    """Until the database says so: a click returns before the server has answered it."""
    for _try in range(600):
        if read() == wanted:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{read()!r} is not {wanted!r}; {page.url}: {page.inner_text('main')[:600]}")


def wait_for_state(page: Any, number: str, wanted: str) -> None:
    wait_for(page, lambda: state(number), wanted)


def wait_for_standing(page: Any, subject: int, wanted: str) -> None:
    """How the one pause of the ticket stands."""
    wait_for(page, lambda: Pause.objects.get(subject_id=subject).standing, wanted)


def no_sideways(page: Any, width: int) -> None:
    page.wait_for_load_state()  # with its style
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("language", "width"), [("zh-hans", 1440), ("en", 390)])
def test_a_whole_life(open_page: Any, world: World, complaints: list[str], language: str, width: int) -> None:
    alice = someone(open_page, world, "alice", language, width)
    alice.goto(f"/tickets/new?contract={world.key}")
    alice.select_option("#f-new [name=service]", "server")
    alice.select_option("#f-new [name=impact]", "high")
    alice.select_option("#f-new [name=urgency]", "medium")
    alice.wait_for_selector("#new-promises .promises time")  # what is promised, before it is sent
    alice.fill("#f-new [name=title]", "存储阵列又有硬盘告警")
    alice.wait_for_selector(f"#new-similar a[href='/tickets/{world.tickets['working']}']")  # is it this one?
    alice.fill("#f-new [name=caller]", world.people["dan"].name)
    alice.check(f"#new-requesters [value='{world.people['dan'].uuid}']")
    alice.fill("#f-new [name=description]", "来电:机房有蜂鸣声。")
    no_sideways(alice, width)
    alice.click("#f-new button[type=submit]")
    alice.wait_for_selector("#ticket-number")
    number = alice.inner_text("#ticket-number")
    ticket = Ticket.objects.select_related("requester").get(number=number)
    assert ticket.requester is not None and ticket.requester.login == "dan"

    click(alice, "accept")
    wait_for_state(alice, number, "accepted")
    alice.wait_for_selector("#f-move-assign", state="attached")
    alice.locator("details:has(> .act-body #f-move-assign) > summary").click()
    alice.select_option("#f-move-assign [name=team]", label="二线技术支持")
    alice.wait_for_selector("#f-move-assign-assignee option >> nth=3", state="detached")  # its people only
    alice.select_option("#f-move-assign [name=assignee]", label=world.people["ken"].name)
    alice.click("#f-move-assign button[type=submit]")
    alice.wait_for_selector(f"#ticket-head >> text={world.people['ken'].name}")

    ken = someone(open_page, world, "ken", language, width)
    ken.goto(f"/tickets/{number}")
    click(ken, "start")
    wait_for_state(ken, number, "in_progress")
    ken.fill("#say-text", "先记一条备注")
    ken.locator(".say-way-note").click()
    ken.click("#f-say button[type=submit]")
    ken.wait_for_selector(".timeline-said-internal >> text=先记一条备注")
    assert ken.input_value("#say-text") == ""
    act(ken, "move-wait_for_client", note="请开放机房门禁。")
    wait_for_state(ken, number, "waiting_client")
    no_sideways(ken, width)

    bob = someone(open_page, world, "bob", language, width)
    bob.goto(f"/tickets/{number}")  # the desk's address leads the client to its own page
    bob.wait_for_url(f"**/portal/requests/{number}")
    assert "先记一条备注" not in bob.inner_text("body")
    bob.locator(f"form[action$='/portal/requests/{number}/pauses/confirm'] .button-primary").click()
    wait_for_standing(bob, ticket.pk, "confirmed")

    ken.reload()
    click(ken, "resume")
    wait_for_state(ken, number, "in_progress")
    ken.wait_for_selector("#f-move-restore", state="attached")
    act(ken, "move-restore", measure="临时切换到备用盘")
    wait_for_state(ken, number, "restored")
    ken.wait_for_selector("#f-move-take_up_again", state="attached")
    act(ken, "move-resolve", resolution="", cause="hardware", line="second")
    ken.wait_for_selector("#f-move-resolve .error-text")  # beside its field, and nothing is lost
    assert ken.input_value("#f-move-resolve [name=cause]") == "hardware"
    act(ken, "move-resolve", resolution="更换硬盘,阵列重建完成。")
    wait_for_state(ken, number, "resolved")

    bob.reload()
    bob.locator("#reopen > summary").click()
    bob.locator(f"form[action$='/{number}/reopen'] [name=reason]").fill("蜂鸣声又响了。")
    bob.locator(f"form[action$='/{number}/reopen'] .form-actions button").click()
    wait_for_state(bob, number, "in_progress")
    ken.reload()
    act(ken, "move-resolve", resolution="更换背板。", cause="hardware", line="second")
    wait_for_state(ken, number, "resolved")
    bob.reload()
    bob.locator(f"form[action$='/{number}/confirm'] .form-actions button").click()
    wait_for_state(bob, number, "confirmed")
    alice.reload()
    click(alice, "close")
    wait_for_state(alice, number, "closed")
    alice.wait_for_selector(".timeline-item >> nth=10")
    no_sideways(alice, width)
    assert unexpected(complaints) == []


@pytest.mark.parametrize(("language", "width"), [("zh-hans", 1440), ("en", 390)])
def test_a_dispute_and_a_correction_need_two(
    open_page: Any, world: World, complaints: list[str], language: str, width: int
) -> None:
    number = world.tickets["waiting"]
    pk = Ticket.objects.values_list("pk", flat=True).get(number=number)
    bob = someone(open_page, world, "bob", language, width)
    bob.goto(f"/portal/requests/{number}")
    pause = bob.locator(f"form[action$='/portal/requests/{number}/pauses/confirm']")
    pause.locator("[name=text]").fill("早上就答复了。")
    pause.locator("button[formaction$='/dispute']").click()
    wait_for_standing(bob, pk, "disputed")

    alice = someone(open_page, world, "alice", language, width)
    alice.goto(f"/tickets/{number}")
    form = alice.locator("form[action$='/pauses/reject']")
    alice.locator("details:has(> form[action$='/pauses/reject']) > summary").click()
    form.locator("[name=text]").fill("邮件确实到了。")
    form.locator("button[type=submit]").click()
    alice.wait_for_selector("form[action$='/pauses/reject']", state="detached")
    wait_for_standing(alice, pk, "rejected")

    alice.locator("details:has(> details #f-propose-leave_out) > summary").click()
    act(alice, "propose-leave_out", reason="test", text="演练工单")
    alice.wait_for_selector("form[action$='/withdraw']", state="attached")
    assert alice.locator("form[action$='/approve']").count() == 0  # not by whoever proposed it
    bob.goto(f"/portal/requests/{number}")
    bob.locator("form[action*='/portal/proposals/'] button[value=approve]").click()
    wait_for(bob, lambda: Proposal.objects.get(ticket_id=pk).standing, "approved")
    alice.reload()
    alice.wait_for_selector("text=演练工单")
    alice.wait_for_selector("#f-propose-take_back", state="attached")
    assert unexpected(complaints) == []


def test_two_at_one_ticket(open_page: Any, world: World, complaints: list[str]) -> None:
    """What somebody else does is told while one looks; what one types survives it, and can be sent again."""
    number = world.tickets["working"]
    alice = someone(open_page, world, "alice", "zh-hans", 1440)
    ken = someone(open_page, world, "ken", "zh-hans", 1440)
    alice.goto(f"/tickets/{number}")
    ken.goto(f"/tickets/{number}")
    alice.fill("#say-text", "写到一半的回复")
    alice.locator("details:has(> .act-body #f-move-resolve) > summary").click()
    alice.fill("#f-move-resolve [name=resolution]", "写到一半的方案")
    ken.locator("details:has(> #f-classify) > summary").click()
    act(ken, "classify", ci="ARRAY-3")
    ken.wait_for_selector("#ticket-side >> text=ARRAY-3")

    alice.evaluate(  # no need to wait for the 20 seconds
        """const poll = document.querySelector("#ticket-poll");
           htmx.ajax("GET", poll.getAttribute("hx-get"), {target: "#ticket-poll", swap: "outerHTML"})"""
    )
    alice.wait_for_selector("#ticket-poll .banner-conflict")
    assert world.people["ken"].name in alice.inner_text("#ticket-poll")
    assert alice.input_value("#say-text") == "写到一半的回复"

    alice.select_option("#f-move-resolve [name=cause]", "hardware")
    alice.select_option("#f-move-resolve [name=line]", "first")
    alice.click("#f-move-resolve button[type=submit]")  # without having loaded it
    alice.wait_for_selector("#f-move-resolve .banner-conflict")
    assert alice.input_value("#f-move-resolve [name=resolution]") == "写到一半的方案"
    assert alice.input_value("#say-text") == "写到一半的回复"
    assert "ARRAY-3" in alice.inner_text("#ticket-side") and state(number) == "in_progress"
    alice.click("#f-move-resolve button[type=submit]")
    wait_for_state(alice, number, "resolved")
    alice.reload()
    assert alice.input_value("#say-text") == "写到一半的回复"  # the draft outlives a reload
    assert unexpected(complaints) == []


def test_what_was_chosen_last_outlives_a_refusal(open_page: Any, world: World, complaints: list[str]) -> None:
    """A draft from before the last choice does not undo it, when the answer is faster than the next draft."""
    alice = someone(open_page, world, "alice", "zh-hans", 1440)
    alice.goto(f"/tickets/{world.tickets['working']}")
    alice.locator("details:has(> .act-body #f-move-resolve) > summary").click()
    alice.fill("#f-move-resolve [name=resolution]", "重启")
    wait_for(alice, lambda: "move:resolve" in alice.evaluate("Object.keys(sessionStorage).join()"), True)
    assert "cause" not in alice.evaluate("Object.values(sessionStorage).join()")  # nobody chose one yet
    alice.evaluate(
        """() => {
             const real = setTimeout;
             window.setTimeout = (work, wait, ...more) => real(work, wait === 250 ? 3600000 : wait, ...more);
           }"""
    )
    act(alice, "move-resolve", resolution="", cause="hardware", line="second")
    alice.wait_for_selector("#f-move-resolve .error-text")
    seen = {
        name: alice.input_value(f"#f-move-resolve [name={name}]") for name in ("resolution", "cause", "line")
    }
    assert seen == {"resolution": "", "cause": "hardware", "line": "second"}
    assert alice.locator(".draft-note").count() == 0
    assert unexpected(complaints) == []


def test_the_keyboard_takes_and_replies(open_page: Any, world: World, complaints: list[str]) -> None:
    number = open_one(world, datetime.now(UTC) - timedelta(minutes=2), "键盘处理")
    alice = someone(open_page, world, "alice", "zh-hans", 1440)
    alice.goto(f"/tickets/{number}")
    alice.keyboard.press("a")
    alice.wait_for_selector(f"#ticket-head .ticket-marks >> text={world.people['alice'].name}")
    alice.keyboard.press("r")
    alice.keyboard.type("马上处理。")
    assert alice.input_value("#say-text") == "马上处理。"
    alice.keyboard.press("Escape")
    alice.keyboard.press("Control+k")
    alice.keyboard.insert_text("派单")  # every act of the ticket is in the palette, too
    alice.keyboard.press("Enter")
    alice.wait_for_selector("#f-move-assign [name=team]:focus")
    assert unexpected(complaints) == []
