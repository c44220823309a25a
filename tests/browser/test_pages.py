"""The way through the pages in a real browser, on the desk and on a phone, in both languages, without one complaint."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.browser.signing_in import sign_in
from tests.browser.waiting import wait_until
from tests.pages.world import World

from yunheng.accounts.models import Team
from yunheng.accounts.queries import administration

pytestmark = pytest.mark.browser


def test_from_sign_in_through_a_figure_to_its_ticket(
    open_page: Any, world: World, complaints: list[str]
) -> None:
    page = open_page()
    page.goto("/sign-in")
    page.fill("#login", "alice")
    page.fill("#password", "wrong")
    page.press("#password", "Enter")
    page.wait_for_selector("text=账号与密码不符")
    assert page.input_value("#login") == "alice"
    complaints.clear()  # the refused form is answered with 422, which the browser notes

    sign_in(page, is_there=True)
    page.wait_for_url("**/workbench")
    page.goto("/contracts")
    page.wait_for_selector(".contract-figures .tile-value")  # the figures come after the page
    page.click(f".contract-doors a[href='/contracts/{world.key}/indicators']")
    page.wait_for_url("**/indicators")
    now = datetime.now(UTC)  # in the first days of a month its closed ticket lies in the one before
    page.goto(f"{page.url}?from={now - timedelta(days=25):%Y-%m}&to={now + timedelta(hours=8):%Y-%m}")
    page.wait_for_selector("[data-chart] canvas >> nth=1")
    assert page.locator("[data-chart] canvas").count() == 2
    page.click("section[aria-labelledby=all-title] a.figure >> nth=0")
    page.wait_for_url("**/items?**")
    page.click("a[data-row-link] >> nth=0")
    page.wait_for_url("**/tickets/**")
    assert page.locator("svg.band").count() >= 1
    assert page.locator(".process-node-here").count() == 1

    page.goto(f"/tickets/{world.tickets['closed']}")
    sums = page.eval_on_selector_all(
        "article.clock",
        """clocks => clocks.map(clock => {
            const seconds = text => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
            const cells = [...clock.querySelectorAll("td.counted")];
            const counted = cells.reduce((sum, cell) => sum + seconds(cell.textContent), 0);
            return [counted, Number(clock.querySelector("[data-counted]").dataset.counted)];
        })""",
    )
    assert sums and all(counted == total for counted, total in sums)

    page.click(".person-menu > summary")
    page.click(".person-menu button[name=language][value=en]")
    page.wait_for_selector("text=Clocks, second by second")
    assert complaints == []


def test_phone_shows_cards_and_nothing_is_cut_off(
    open_page: Any, world: World, complaints: list[str]
) -> None:
    page = open_page(width=390, theme="dark", language="en-GB")
    sign_in(page)
    page.goto("/contracts")
    page.wait_for_selector(".contract-figures .tile-value")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for path in ("indicators", "items?indicator=sla_attainment", "tickets", "log"):
        page.goto(f"/contracts/{world.key}/{path}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.goto(f"/contracts/{world.key}/tickets")
    assert page.eval_on_selector("table.rows td.title", "one => getComputedStyle(one).display") == "block"
    assert page.eval_on_selector("table.rows thead", "one => one.offsetWidth") <= 1  # each cell says its name
    small = page.eval_on_selector_all(
        "a[data-row-link], .tabs-bottom a, .filters .button, .top button",
        """all => all.filter(one => one.offsetParent && one.getBoundingClientRect().height < 44)
            .map(one => one.outerHTML)""",
    )
    assert small == []
    page.click("a[data-row-link] >> nth=0")
    page.wait_for_url("**/tickets/**")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints == []


def test_keyboard_alone_leads_everywhere(open_page: Any, world: World, complaints: list[str]) -> None:
    page = open_page(language="en-GB")
    sign_in(page)
    page.goto(f"/contracts/{world.key}/indicators")
    page.wait_for_selector("[data-chart] canvas")
    page.keyboard.type("gt")  # in one call: the second key has to come soon
    page.wait_for_url("**/tickets")
    page.keyboard.press("/")
    page.keyboard.type("核心交换机")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=**")
    page.wait_for_selector("[data-row]")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/tickets/{world.tickets['closed']}")
    assert complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(open_page: Any, world: World, theme: str) -> None:
    """Contrast of text on its ground, as WCAG AA counts it: 4.5 : 1, for the marks above all."""
    page = open_page(theme=theme)
    sign_in(page)
    page.goto(f"/tickets/{world.tickets['closed']}")
    poor = page.evaluate(
        """() => {
            const parts = text => text.match(/[\\d.]+/g).map(Number);
            const linear = c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
            const light = ([r, g, b]) => [r, g, b].map(c => linear(c / 255))
                .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
            const ground = one => {
                for (; one; one = one.parentElement) {
                    const colour = parts(getComputedStyle(one).backgroundColor);
                    if (colour.length === 3 || colour[3] > 0.5) return colour;
                }
                return [255, 255, 255];
            };
            const poor = [];
            const seen = ".state, .side-link, .clock-detail, .crumbs a, .timeline-meta span, .rows th, .rows td";
            for (const one of document.querySelectorAll(seen)) {
                if (!one.textContent.trim() || !one.offsetParent) continue;
                const [a, b] = [light(parts(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
                const words = one.className + ": " + one.textContent.trim().slice(0, 30);
                if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(words);
            }
            return [...new Set(poor)];
        }"""
    )
    assert poor == []


def test_whoever_is_found_and_ticked_stays_for_the_next_look(
    open_page: Any, world: World, complaints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A team of an organisation with too many people to list."""
    monkeypatch.setattr(administration, "MOST_OFFERED", 1)
    team = Team.objects.get(key="second-line")
    team.people.set([world.people["ken"]])
    page = open_page()
    page.goto("/sign-in")
    sign_in(page, "root", is_there=True)
    page.wait_for_url("**/workbench")
    page.goto(f"/admin/teams/{team.uuid}")
    found, wanted = page.locator("#found-people"), {str(world.people["ken"].uuid)}
    for login in ("alice", "role-engineer"):
        person = world.people[login]
        page.fill("input[name=find]", login)
        found.locator(f"input[value='{person.uuid}']").check()
        page.locator(f"#members input[value='{person.uuid}']").wait_for()
        assert found.locator(f"input[value='{person.uuid}']").count() == 0
        wanted.add(str(person.uuid))
    address = page.url
    page.fill("input[name=find]", "alice")
    again = found.locator(f"input[value='{world.people['alice'].uuid}']:checked:disabled")
    again.wait_for()
    chosen = page.locator(f"#members input[value='{world.people['alice'].uuid}']")
    chosen.uncheck()
    found.locator("input:not(:checked):enabled").wait_for()
    chosen.check()
    again.wait_for()
    page.press("input[name=find]", "Enter")
    page.fill("input[name=find]", "nobody is called so")
    again.wait_for(state="detached")
    assert page.url == address
    assert team.people.count() == 1
    page.click("form .button-primary")
    wait_until(lambda: {str(uuid) for uuid in team.people.values_list("uuid", flat=True)} == wanted)
    assert complaints == []
