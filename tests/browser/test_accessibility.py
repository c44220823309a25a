"""No page has an accessibility violation of impact serious or critical, as axe-core finds them.

`PAGES` is the table: who looks, and at what. Add a row for every page; `{key}` and the names of the small world's
tickets ({closed}, {working}, {waiting}, {new}) are filled in. Each row is looked at on a desk and on a phone, in light
and, for what colours alone can break, in dark.
"""

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from tests.browser.signing_in import sign_in
from tests.pages.world import World

pytestmark = pytest.mark.browser

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
WIDTHS = (1440, 390)
NOBODY = ""

#: login → addresses.
PAGES: dict[str, tuple[str, ...]] = {
    NOBODY: ("/sign-in", "/nothing-here"),
    "alice": (
        "/workbench",
        "/tickets",
        "/search?q=交换机",
        "/tickets/new",
        "/tickets/{closed}",
        "/tickets/{working}",
        "/tickets/{waiting}",
        "/tickets/{new}",
        "/contracts",
        "/contracts/{key}",
        "/contracts/{key}/document",
        "/contracts/{key}/versions",
        "/contracts/{key}/tickets",
        "/contracts/{key}/indicators",
        "/contracts/{key}/items?indicator=sla_attainment",
        "/contracts/{key}/log",
        "/imports",
        "/imports/new",
        "/admin",
        "/admin/calendars",
        "/admin/logs",
        "/admin/deliveries",
        "/admin/webhooks",
        "/admin/webhooks/new",
        "/views",
        "/me",
        "/me/password",
        "/me/security",
        "/me/sessions",
        "/me/tokens",
        "/me/tokens/new",
        "/me/notifications",
    ),
    "role-provider-admin": (
        "/admin",
        "/admin/people",
        "/admin/people/new",
        "/admin/people/import",
        "/admin/organisations",
        "/admin/organisations/provider",
        "/admin/teams",
        "/admin/teams/new",
        "/admin/roles",
    ),
    "bob": (
        "/portal",
        "/portal/requests",
        "/portal/new",
        "/portal/requests/{closed}",
        "/portal/requests/{waiting}",
        "/contracts/{key}",
        "/contracts/{key}/indicators",
        "/contracts/{key}/log",
    ),
    "dan": ("/portal", "/portal/requests", "/portal/requests/{waiting}"),
    "sue": ("/workbench", "/tickets", "/tickets/{waiting}"),
}

#: What is looked for in each theme.
RULES = {
    "light": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "dark": {"type": "rule", "values": ["color-contrast"]},
}
RUN = """async rules => {
    const found = await axe.run(document, {resultTypes: ["violations"], runOnly: rules});
    return found.violations.filter(one => ["serious", "critical"].includes(one.impact))
        .flatMap(one => one.nodes.map(node => `${one.id}: ${node.target.join(" ")} — ${node.failureSummary}`));
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_serious_is_found(chromium: Any, world: World, live_site: str, width: int) -> None:
    axe = AXE.read_text(encoding="utf-8")
    violations: list[str] = []
    for login, addresses in PAGES.items():
        # The policy of the pages forbids scripts from elsewhere; only here, axe is let in beside it.
        context = chromium.new_context(
            base_url=live_site,
            viewport={"width": width, "height": 900},
            locale="zh-CN",
            bypass_csp=True,
            reduced_motion="reduce",
        )
        page = context.new_page()
        if login:
            sign_in(page, login)
        for address in addresses:
            path = address.format(key=world.key, **world.tickets)
            page.emulate_media(color_scheme="light")
            answer = page.goto(path)
            page.wait_for_load_state("networkidle")
            wanted = 404 if path == "/nothing-here" else 200
            if answer.status != wanted or ("/sign-in" in page.url and login):
                violations.append(f"{login} {path}: answered {answer.status} at {page.url}")
                continue
            page.evaluate(axe)
            for theme, rules in RULES.items():
                page.emulate_media(color_scheme=theme)
                page.wait_for_function(f"matchMedia('(prefers-color-scheme: {theme})').matches")
                found = page.evaluate(RUN, rules)
                violations += [f"{login or 'nobody'} {path} ({theme}) {line}" for line in found]
        context.close()
    assert not violations, "\n".join(violations)
