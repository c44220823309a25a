"""The shell in a real browser: palette, keys, drafts, countdowns, choosing rows, questions, files, and no complaint."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.template import engines
from django_cotton.cotton_loader import Loader as CottonLoader
from tests.browser import parts
from tests.browser.conftest import PATIENCE
from tests.browser.signing_in import sign_in
from tests.browser.waiting import wait_until
from tests.pages.world import World

from yunheng.site import navigation

pytestmark = pytest.mark.browser


@pytest.fixture
def parts_page(
    open_page: Any, world: World, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """A browser on the page of all parts, as Alice, in English."""
    settings.ROOT_URLCONF = "tests.browser.parts"
    dirs = engines["django"].engine.dirs
    dirs.append(parts.TEMPLATES)
    forget_templates()
    monkeypatch.setattr(navigation.Shell, "palette_url", "/parts/palette")
    parts.asked.clear()
    parts.sent.clear()

    def make(path: str = "/parts", **more: Any) -> Any:
        page = open_page(**more)
        read_in(world, "en")
        sign_in(page)
        page.goto(path)
        return page

    yield make
    dirs.remove(parts.TEMPLATES)
    forget_templates()


def forget_templates() -> None:
    """The loader of components reads the list of folders once for each process: have it read again."""
    CottonLoader.get_dirs.cache_clear()
    for loader in engines["django"].engine.template_loaders:
        loader.reset()


def read_in(world: World, language: str) -> None:
    type(world.people["alice"]).objects.update(language=language)


def wait_for_draft(page: Any, text: str) -> None:
    """Drafts are kept a quarter of a second after the last key."""
    kept = "() => Object.entries(sessionStorage).filter(([key]) => key.startsWith('draft:')).map(([, one]) => one)"
    wait_until(lambda: any(text in draft for draft in page.evaluate(kept)))


def reload(page: Any) -> None:
    page.wait_for_timeout(400)  # longer than drafts wait
    page.reload()


def test_palette_is_driven_by_keys_and_asks_the_server(parts_page: Any, complaints: list[str]) -> None:
    page = parts_page()
    page.keyboard.press("Control+k")
    box = page.locator("#palette input")
    assert box.evaluate("element => element === document.activeElement")
    assert box.get_attribute("role") == "combobox"
    first = page.locator("#palette [role=option][aria-selected=true]")
    assert first.count() == 1 and first.get_attribute("id") == box.get_attribute("aria-activedescendant")
    page.keyboard.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == "palette-1"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")  # from the first to the last
    count = page.locator("#palette [role=option]").count()
    assert box.get_attribute("aria-activedescendant") == f"palette-{count - 1}"

    page.keyboard.insert_text("edit")  # an action of the page, by its hotkey's words
    assert "Edit it" in page.inner_text("#palette-list")
    page.wait_for_selector("text=Ticket edit")  # what the server found stands first
    assert parts.asked == ["edit"]
    page.keyboard.press("Enter")
    page.wait_for_url("**/parts/edit")

    page.goto("/parts")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    assert not page.locator("#palette").is_visible()
    assert complaints == []


def test_palette_waits_for_input_methods(parts_page: Any) -> None:
    page = parts_page()
    page.keyboard.press("Control+k")
    press = """([key, composing]) => document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", {key, isComposing: composing, bubbles: true, cancelable: true}))"""
    say = """text => {
        const box = document.activeElement;
        box.dispatchEvent(new CompositionEvent("compositionstart", {bubbles: true}));
        box.value = text;
        box.dispatchEvent(new InputEvent("input", {bubbles: true, isComposing: true}));
    }"""
    page.evaluate(say, "jiaohuanji")
    page.evaluate(press, ["Enter", True])  # chooses the word of the input method, nothing else
    page.wait_for_timeout(350)
    assert parts.asked == [] and page.url.endswith("/parts") and page.locator("#palette").is_visible()
    page.evaluate(
        """() => {
            document.activeElement.value = "交换机";
            document.activeElement.dispatchEvent(new CompositionEvent("compositionend", {bubbles: true}));
        }"""
    )
    page.wait_for_selector("text=Ticket 交换机")
    assert parts.asked == ["交换机"]
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/parts/%E4%BA%A4"))


def test_keys_work_and_rest_while_one_types(parts_page: Any, complaints: list[str]) -> None:
    page = parts_page()
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("e")  # under a dialogue keys do nothing
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible() and page.url.endswith("/parts")

    page.focus("#id_text")
    page.keyboard.type("j k x e ? g t /")
    assert page.input_value("#id_text") == "j k x e ? g t /" and page.url.endswith("/parts")
    page.keyboard.press("Escape")

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == "T-1"
    assert page.is_checked("input[value=T-2]") and not page.is_checked("input[value=T-1]")
    page.keyboard.press("o")
    page.wait_for_url("**/parts/T-1")
    page.goto("/parts")
    page.keyboard.press("e")
    page.wait_for_url("**/parts/edit")
    page.goto("/parts")
    page.keyboard.type("gi")
    page.wait_for_url("**/indicators")
    assert complaints == []


def test_what_was_typed_outlives_reload_refusal_conflict_and_failure(
    parts_page: Any, complaints: list[str]
) -> None:
    page = parts_page()
    page.fill("#id_title", "bad")
    page.fill("#id_text", "三行\n说明")
    page.select_option("#id_kind", "b")
    page.check("input[name=way][value='2']")
    reload(page)
    assert page.input_value("#id_text") == "三行\n说明" and page.input_value("#id_kind") == "b"
    assert page.is_checked("input[name=way][value='2']")
    assert "is back" in page.inner_text("#plain .draft-note")

    page.click("text=Send")
    page.wait_for_selector("#id_title_error")
    page.wait_for_load_state()
    assert "Type another." in page.inner_text("#id_title_error")
    assert page.evaluate("document.activeElement.id") == "id_title"  # the first wrong field
    assert set(str(page.get_attribute("#id_title", "aria-describedby")).split()) == {
        "id_title_helptext",
        "id_title_error",
    }
    assert page.get_attribute("#id_title", "aria-invalid") == "true"
    assert page.input_value("#id_text") == "三行\n说明"
    page.goto("/parts")  # away and back: the refused text was not thrown away
    assert page.input_value("#id_title") == "bad"

    page.fill("#id_title", "late")
    page.click("text=Send")
    page.wait_for_selector(".banner-conflict")
    page.wait_for_load_state()
    assert page.input_value("[name=row_version]") == "409"  # hidden fields are the server's
    page.fill("#id_title", "boom")
    page.click("text=Send")
    page.wait_for_selector("[data-error-page]")
    page.wait_for_load_state()
    page.goto("/parts")
    assert page.input_value("#id_title") == "boom"

    page.fill("#id_title", "fine")
    page.click("text=Send")
    page.wait_for_selector(".toast-success > span:nth-of-type(2) >> text='Sent <b>well</b>.'")
    assert parts.sent[-1]["text"] == "三行\r\n说明"
    assert page.input_value("#id_title") == "" and page.locator(".draft-note").count() == 0
    reload(page)
    assert page.input_value("#id_text") == ""
    expected = re.compile("status of (422|409|500)|^500 |boom")
    assert [line for line in complaints if not expected.search(line)] == []


def test_an_expired_session_leads_back_to_the_form(parts_page: Any) -> None:
    page = parts_page()
    page.fill("#id_title", "fine")
    page.fill("#id_note", "a long note")
    wait_for_draft(page, "a long note")
    page.evaluate("fetch('/parts/expire')")
    page.click("text=Add")  # by htmx
    page.wait_for_url("**/sign-in?**")
    sign_in(page, is_there=True)
    page.wait_for_url("**/parts")
    assert page.input_value("#id_note") == "a long note"
    assert page.input_value("#id_title") == "fine"
    page.evaluate("fetch('/parts/expire')")
    page.click("text=Send")  # as a plain form
    page.wait_for_url("**/sign-in?**")
    sign_in(page, is_there=True)
    page.wait_for_url("**/parts")
    assert page.input_value("#id_title") == "fine"


def test_drafts_belong_to_one_person_and_go_with_the_sign_out(parts_page: Any) -> None:
    page = parts_page()
    page.fill("#id_text", "mine alone")
    wait_for_draft(page, "mine alone")
    page.evaluate("fetch('/parts/expire')")
    page.goto("/sign-in")
    sign_in(page, "ken", is_there=True)
    page.goto("/parts")
    assert page.input_value("#id_text") == ""
    page.fill("#id_text", "Ken's")
    wait_for_draft(page, "Ken's")
    page.click(".person-menu summary")
    page.click(".person-menu form[data-sign-out] button")
    page.wait_for_url("**/sign-in**")
    left = page.evaluate("Object.keys(sessionStorage)")
    assert [key for key in left if key.startswith(("draft:", "sent:"))] == []


def test_small_actions_show_refusals_in_place_and_failures_as_messages(parts_page: Any) -> None:
    page = parts_page()
    page.fill("#id_note", "x")
    page.click("text=Add")
    page.wait_for_selector("#id_note_error")
    assert page.input_value("#id_note") == "x"
    page.click("#hello")
    page.wait_for_selector(".toast >> text=Hello")

    page.click("#boom")
    page.click("dialog [data-confirm-yes]")
    page.wait_for_selector(".toast-error")
    assert (
        "Reference number" in page.inner_text(".toast-error") and page.locator("h1").inner_text() == "Parts"
    )
    page.click(".toast-error [data-toast-close]")

    page.context.set_offline(True)
    page.fill("#id_note", "still here")
    page.click("text=Add")
    page.wait_for_selector(".toast-error >> text=No connection")
    assert page.input_value("#id_note") == "still here"
    page.context.set_offline(False)
    page.click("text=Add")
    wait_until(lambda: page.input_value("#id_note") == "")  # the pages' policy forbids `wait_for_function`
    page.fill("#id_note", "and away")
    page.click("text=Add")
    page.wait_for_url("**/parts/away")
    assert page.input_value("#id_note") == ""  # what arrived is no draft any more


def test_a_question_is_asked_before_and_no_means_no(parts_page: Any, complaints: list[str]) -> None:
    page = parts_page()
    page.click("#stop button")
    asked = page.locator("dialog[role=alertdialog]")
    assert "Really stop 12 tickets?" in asked.inner_text()
    assert page.evaluate("document.activeElement.matches('[data-confirm-no]')")  # Enter alone does no harm
    page.keyboard.press("Escape")
    page.click("#stop button")
    page.click("[data-confirm-no]")
    asked.wait_for(state="detached")
    assert parts.sent == []
    page.click("#stop button")
    page.click("text=Stop them")
    wait_until(lambda: parts.sent == [{"stop": True}])
    page.wait_for_url("**/parts")
    assert complaints == []


def test_rows_are_chosen_together(parts_page: Any, complaints: list[str]) -> None:
    page = parts_page()
    bar = page.locator("[data-bulk-bar]")
    assert not bar.is_visible()
    page.check("input[value=T-1]")
    page.click("input[value=T-3]", modifiers=["Shift"])
    assert page.inner_text("[data-bulk-count]") == "3 selected"
    assert page.evaluate("document.querySelector('[data-bulk-all]').indeterminate")
    page.click("[data-bulk-clear]")
    assert not bar.is_visible()
    page.check("[data-bulk-all]")
    assert page.inner_text("[data-bulk-count]") == "4 selected"
    page.uncheck("input[value=T-4]")
    page.click("text=Take")
    wait_until(lambda: parts.sent == [{"numbers": ["T-1", "T-2", "T-3"]}])
    assert complaints == []


def test_countdowns_tick_and_turn_at_the_moment(
    parts_page: Any, monkeypatch: pytest.MonkeyPatch, complaints: list[str]
) -> None:
    page = parts_page("/parts/blank")
    moment = datetime.now(UTC)
    monkeypatch.setattr(parts, "now", lambda: moment)
    page.clock.install(time=moment - timedelta(hours=1))
    page.clock.pause_at(moment)  # however long the page takes to come
    page.goto("/parts")
    marks = page.locator("[data-countdown]")
    assert [one.strip() for one in marks.all_inner_texts()] == [
        "12 min past due",
        "due in 10 min",
        "due in 42 min",
        "due in 3 h 12 min",
    ]
    looks = "all => all.map(one => [...one.classList].find(name => /^state-/.test(name)).slice(6))"
    assert page.eval_on_selector_all("[data-countdown]", looks) == ["breached", "risk", "running", "running"]
    assert marks.first.get_attribute("aria-live") == "off"
    page.clock.fast_forward(int(timedelta(minutes=13).total_seconds()) * 1000)
    assert page.eval_on_selector_all("[data-countdown]", looks) == ["breached", "breached", "risk", "running"]
    assert page.locator("[data-countdown] .icon").nth(1).get_attribute("class") == "icon icon-breached"
    assert marks.nth(1).inner_text().strip() == "2 min past due"
    assert marks.nth(3).inner_text().strip() == "due in 2 h 59 min"
    assert complaints == []


def test_files_are_listed_checked_and_taken_out(
    parts_page: Any, tmp_path: Any, complaints: list[str]
) -> None:
    page = parts_page()
    good, other = tmp_path / "日志.txt", tmp_path / "second.txt"
    large, wrong = tmp_path / "large.txt", tmp_path / "run.exe"
    good.write_text("a")
    other.write_text("b")
    large.write_text("x" * 3000)
    wrong.write_text("x")
    page.set_input_files("#id_files", [good, large, wrong])
    assert "日志.txt" in page.inner_text("[data-files-list]")
    problems = page.locator("[data-files-list] .error-text").all_inner_texts()
    assert len(problems) == 2 and "larger than" in problems[0] and "run.exe" in problems[1]
    page.set_input_files("#id_files", other)  # adds to what is there
    names = "() => [...document.getElementById('id_files').files].map(file => file.name)"
    assert page.evaluate(names) == ["日志.txt", "second.txt"]
    page.click("[data-files-list] button >> nth=0")
    assert page.evaluate(names) == ["second.txt"]
    page.fill("#id_title", "fine")
    assert complaints == []


def test_dialogs_menus_and_copying(parts_page: Any, complaints: list[str]) -> None:
    page = parts_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("text=Box")
    assert page.locator("#box").is_visible()
    page.click("text=Leave")
    assert not page.locator("#box").is_visible()
    page.click("summary >> text=More acts")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "One"
    page.keyboard.press("Escape")
    assert not page.locator("a >> text=Two").is_visible()
    page.click("[data-copy]")
    page.wait_for_selector("text=Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "ACME-INC-1"
    assert complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_cards_and_large_targets(parts_page: Any, theme: str, complaints: list[str]) -> None:
    page = parts_page(width=390, theme=theme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    label = page.eval_on_selector("td[data-label]", "cell => getComputedStyle(cell, '::before').content")
    assert label == '"Left"'
    small = page.eval_on_selector_all(
        ".tabs-bottom a, .top button, .top summary, main .button, main select, main input:not([type=hidden], "
        "[type=checkbox], [type=radio]), main textarea, .tabs a, [data-row-link]",
        """all => all.filter(one => one.offsetParent && one.getBoundingClientRect().height < 44)
            .map(one => one.outerHTML)""",
    )
    assert small == []
    page.click(".tabs-bottom [data-dialog-open]")
    assert page.locator("#all-places a").first.is_visible()
    assert complaints == []


def test_the_portal_is_the_clients_frame(open_page: Any, world: World, complaints: list[str]) -> None:
    page = open_page()
    read_in(world, "en")
    sign_in(page, "bob")
    page.goto(f"/contracts/{world.key}/indicators")
    menu = page.locator(".frame-portal .top-places details")
    assert not menu.locator("a").first.is_visible()
    menu.locator("summary").click()
    assert menu.locator("a[aria-current=page]").inner_text().strip() == "Indicators"
    assert menu.locator("a").last.inner_text().strip() == "All contracts"
    assert page.locator(".side").count() == 0
    assert "Administration" not in page.inner_text("body")
    assert page.request.get("/admin").status == 404
    assert complaints == []


CUT = """() => [...document.querySelectorAll(".top > *, .top-places > *")].filter(one => one.offsetParent)
    .filter((one, at, all) => one.getBoundingClientRect().right > innerWidth || one.scrollWidth > one.clientWidth + 1
        || (all[at + 1]?.parentElement === one.parentElement
            && all[at + 1].getBoundingClientRect().left < one.getBoundingClientRect().right - 1))
    .map(one => one.outerHTML)"""


def test_the_portal_s_bar_shows_all_it_has(open_page: Any, world: World, complaints: list[str]) -> None:
    page = open_page()
    for language in ("zh-hans", "en"):
        read_in(world, language)
        if language == "zh-hans":
            sign_in(page, "bob")
        page.goto("/portal")
        for width in (1440, 1280, 1024, 821):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(CUT) == [], (language, width)
    page.keyboard.press("/")  # where the bar has no room for the field, the palette searches
    assert page.locator("#palette input").is_visible()
    assert complaints == []


def test_without_script_pages_still_work(chromium: Any, world: World, live_site: str) -> None:
    context = chromium.new_context(base_url=live_site, java_script_enabled=False, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/sign-in")
    sign_in(page, is_there=True)
    page.goto(f"/contracts/{world.key}/indicators#keys")
    assert page.locator("#keys").is_visible()  # a dialogue by its address
    page.goto(f"/contracts/{world.key}/indicators")
    page.click(".person-menu summary")
    page.click(".person-menu [data-sign-out] button")
    page.wait_for_url("**/sign-in**")
    context.close()
