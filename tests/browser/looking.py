"""Looks at pages with axe-core for violations of impact serious or critical.

`PAGES` is the table: who looks, and at what. Add a row for every page; `{key}` and the names of the small world's
tickets ({closed}, {working}, {waiting}, {new}, and those of `add_states`) are filled in. Each row is looked at on a
desk and on a phone in light and, for what colours alone can break, on the desk in dark.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import axe_playwright_python
from tests.browser.conftest import PATIENCE
from tests.browser.signing_in import sign_in
from tests.pages.reporting import drafted, issued, quick_files, this_month
from tests.pages.world import HOUR, MINUTE, World, do, open_one, resolve
from tests.signing import waiting_statement

from yunheng.desk.actions import answer_pause, assign_ticket, propose
from yunheng.desk.models import Ticket
from yunheng.sla.models import Pause

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
WIDTHS = (1440, 390)
NOBODY = ""

#: login → addresses.
PAGES: dict[str, tuple[str, ...]] = {
    NOBODY: ("/sign-in", "/wall/join", "/account/forgotten", "/nothing-here"),
    "alice": (
        "/workbench",
        "/tickets",
        "/search?q=交换机",
        "/tickets/new",
        "/tickets/{closed}",
        "/tickets/{working}",
        "/tickets/{waiting}",
        "/tickets/{new}",
        "/tickets/{accepted}",
        "/tickets/{restored}",
        "/tickets/{resolved}",
        "/tickets/{confirmed}",
        "/tickets/{cancelled}",
        "/tickets/{disputed}",
        "/contracts",
        "/contracts/{key}",
        "/contracts/{key}/document",
        "/contracts/{key}/versions",
        "/contracts/{key}/versions/1",
        "/contracts/{key}/diff",
        "/contracts/{key}/tickets",
        "/contracts/{key}/indicators",
        "/contracts/{key}/items?indicator=sla_attainment",
        "/contracts/{key}/scorecard",
        "/contracts/{key}/scorecard?scheme=g",
        "/contracts/{key}/log",
        "/contracts/{key}/dashboard",
        "/contracts/{key}/dashboard?from=2026-01-01",
        "/contracts/{key}/dashboard/items?what=opened",
        "/contracts/{key}/dashboard/items?what=undecided",
        "/wall",
        "/reports",
        "/reports/new",
        "/contracts/{key}/reports/plan",
        "/contracts/{key}/reports/templates",
        "/tickets/{closed}/fault-report",
        "/reports/{draft}",
        "/reports/{fault}",
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
        "/me/security/passkeys/new",
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
        "/admin/walls",
    ),
    "root": (
        "/admin",
        "/admin/organisations/new",
        "/contracts/new",
        "/dashboard",
        "/wall",
        "/admin/people/{dan}",
        "/admin/people/{dan}/edit",
    ),
    "bob": (
        "/portal",
        "/portal/reports",
        "/portal/reports/{report}",
        "/portal/requests",
        "/portal/new",
        "/portal/requests/{closed}",
        "/portal/requests/{waiting}",
        "/portal/requests/{working}",
        "/portal/requests/{new}",
        "/portal/requests/{restored}",
        "/portal/requests/{resolved}",
        "/portal/requests/{disputed}",
        "/me",
        "/contracts",
        "/contracts/{key}",
        "/contracts/{key}/indicators",
        "/contracts/{key}/scorecard?scheme=b",
        "/contracts/{key}/dashboard",
        "/contracts/{key}/log",
        "/statements/{unsigned}/sign",
    ),
    "charlie": ("/portal", "/portal/requests"),  # who has nothing yet
    "dan": ("/portal", "/portal/requests", "/portal/requests/{waiting}"),
    "sue": ("/workbench", "/tickets", "/tickets/{waiting}"),
    "ken": ("/workbench", "/tickets/{working}", "/tickets/{restored}"),
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


def add_states(world: World) -> None:
    """A ticket in each state that the small world lacks, and one whose waiting is disputed."""
    opened = datetime.now(UTC) - 6 * HOUR

    def ticket(name: str) -> str:
        number = world.tickets[name] = open_one(world, opened, f"又一台服务器:{name}")
        do(world, number, "alice", "accept", opened + 5 * MINUTE)
        return number

    ticket("accepted")
    for name in ("restored", "resolved", "confirmed"):
        number = ticket(name)
        assign_ticket(
            world.viewer("alice"), number, team="second-line", assignee="ken", at=opened + 8 * MINUTE
        )
        do(world, number, "ken", "start", opened + 10 * MINUTE)
        if name == "restored":
            do(world, number, "ken", "restore", opened + HOUR, measure="切换备机")
        else:
            resolve(world, number, opened + HOUR)
    do(world, world.tickets["confirmed"], "bob", "confirm", opened + 2 * HOUR, opinion="好了。")
    do(world, ticket("cancelled"), "alice", "cancel", opened + HOUR, reason="duplicate")
    disputed = ticket("disputed")
    do(world, disputed, "alice", "wait_for_client", opened + 30 * MINUTE, note="请提供机房准入。")
    pause = Pause.objects.get(subject_id=Ticket.objects.get(number=disputed).pk)
    answer_pause(world.viewer("bob"), disputed, pause.pk, "dispute", text="早就答复了。")
    propose(world.viewer("alice"), disputed, kind="leave_out", data={"reason": "test"}, reason="演练工单")


def add_reports(world: World) -> None:
    """A draft of the month, one of a fault, and a report that the client was given."""
    with quick_files():  # only their pages are looked at
        world.tickets["draft"] = drafted(world, period=this_month()).number
        world.tickets["fault"] = drafted(world, "fault", ticket=world.tickets["closed"]).number
        world.tickets["report"] = issued(world, drafted(world)).number


def add_statement(world: World) -> None:
    """A statement that waits for signatures."""
    world.tickets["unsigned"] = waiting_statement(world).number


def violations(chromium: Any, world: World, live_site: str, logins: Iterable[str]) -> list[str]:
    """What is serious or critical on the pages of these people, at both widths, in dark on the desk: a line each."""
    axe = AXE.read_text(encoding="utf-8")
    add_states(world)
    add_reports(world)
    add_statement(world)
    people = {login: person.uuid for login, person in world.people.items() if login.isidentifier()}
    found: list[str] = []
    for login, width in product(logins, WIDTHS):
        # The policy of the pages forbids scripts from elsewhere; only here, axe is let in beside it.
        context = chromium.new_context(
            base_url=live_site,
            viewport={"width": width, "height": 900},
            locale="zh-CN",
            bypass_csp=True,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.set_default_navigation_timeout(PATIENCE)
        if login:
            sign_in(page, login)
        for address in PAGES[login]:
            path = address.format(key=world.key, **world.tickets, **people)
            name = f"{login or 'nobody'} {path} at {width}"
            page.emulate_media(color_scheme="light")
            answer = page.goto(path)
            page.wait_for_function("!document.querySelector('.htmx-request')")
            wanted = 404 if path == "/nothing-here" else 200
            if answer.status != wanted or ("/sign-in" in page.url and login):
                found.append(f"{name}: answered {answer.status} at {page.url}")
                continue
            page.evaluate(axe)
            for theme, rules in RULES.items():
                if theme == "dark" and width != WIDTHS[0]:
                    continue  # the colours are those of the desk
                page.emulate_media(color_scheme=theme)
                page.wait_for_function(f"matchMedia('(prefers-color-scheme: {theme})').matches")
                found += [f"{name} ({theme}) {line}" for line in page.evaluate(RUN, rules)]
        context.close()
    return found
