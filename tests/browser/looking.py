"""Looks at pages with axe-core for violations of impact moderate, serious or critical.

`PAGES` is the table: who looks, and at what. Every page of the product has a row (a test compares it with the URL
configuration); `{key}` and the names of what `add_states` and its like make are filled in. Each row is loaded once and
looked at on a desk and on a phone in light and, for what colours alone can break, on the desk in dark.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import axe_playwright_python
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.browser.appraising import add_statements
from tests.browser.conftest import PATIENCE
from tests.browser.signing_in import sign_in
from tests.pages.reporting import drafted, issued, quick_files, this_month
from tests.pages.test_sign_in import SECRET, code_at
from tests.pages.world import HOUR, MINUTE, World, do, open_one, resolve

from yunheng.accounts.models import Team
from yunheng.accounts.second_factor import add_second_factor
from yunheng.appraisal.whatif.actions import carry_out as replay
from yunheng.appraisal.whatif.actions import request_backtest
from yunheng.contracts.actions import propose_version, start_errand
from yunheng.contracts.packs import contract_pack
from yunheng.desk.actions import answer_pause, assign_ticket, propose
from yunheng.desk.models import Ticket
from yunheng.imports.asking import start_import
from yunheng.imports.working import look
from yunheng.notify.models import Webhook
from yunheng.notify.signing import new_secret
from yunheng.reports.models import ReportRun
from yunheng.sla.models import Pause

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
NOBODY = ""

#: login → addresses.
PAGES: dict[str, tuple[str, ...]] = {
    NOBODY: (
        "/sign-in",
        "/wall/join",
        "/account/forgotten",
        "/account/new-password",
        "/invitation",
        "/nothing-here",
    ),
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
        "/contracts/{key}/points-left",
        "/contracts/{key}/back-to-back",
        "/contracts/{key}/what-if",
        "/contracts/{key}/what-if/{backtest}",
        "/contracts/{key}/verify",
        "/contracts/{key}/statements",
        "/contracts/{key}/proposals/{proposal}",
        "/statements",
        "/statements/{draft_month}",
        "/statements/{issued}",
        "/statements/{appealed}",
        "/statements/{unsigned}",
        "/statements/{settled}",
        "/statements/{correction}",
        "/comparison",
        "/comparison/tickets?contract={key}&supplier=hardware-vendor&what=called",
        "/contracts/{key}/log",
        "/contracts/{key}/dashboard",
        "/contracts/{key}/dashboard?from=2026-01-01",
        "/contracts/{key}/dashboard/items?what=opened",
        "/contracts/{key}/dashboard/items?what=undecided",
        "/wall",
        "/reports",
        "/reports/new",
        "/reports/runs/{report_run}",
        "/contracts/{key}/reports",
        "/contracts/{key}/reports/plan",
        "/contracts/{key}/reports/templates",
        "/tickets/{closed}/fault-report",
        "/reports/{draft}",
        "/reports/{fault}",
        "/imports",
        "/imports/new",
        "/imports/{import_run}",
        "/admin",
        "/admin/calendars",
        "/admin/logs",
        "/admin/deliveries",
        "/admin/webhooks",
        "/admin/webhooks/new",
        "/admin/webhooks/{webhook}",
        "/admin/errands/{errand}",
        "/views",
        "/me",
        "/me/password",
        "/me/email",
        "/me/confirm",
        "/me/security",
        "/me/security/app",
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
        "/admin/teams/{team}",
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
        "/admin/people/{dan}/password",
        "/api/docs",
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
        "/contracts/{key}/verify",
        "/contracts/{key}/what-if",
        "/statements",
        "/statements/{draft_month}",
        "/statements/{issued}",
        "/statements/{appealed}",
        "/statements/{settled}",
        "/statements/{unsigned}/sign",
    ),
    "role-auditor": ("/account/code",),  # has given the password, and not the code yet
    "charlie": ("/portal", "/portal/requests"),  # who has nothing yet
    "dan": ("/portal", "/portal/requests", "/portal/requests/{waiting}"),
    "sue": ("/workbench", "/tickets", "/tickets/{waiting}"),
    "ken": ("/workbench", "/tickets/{working}", "/tickets/{restored}"),
}

#: Routes that are no page of their own, beside those that are only posted to: where they lead, what they are part of.
NOT_PAGES = frozenset(
    {
        "",  # leads to the first page of whoever asks
        "sign-out",
        "language",
        "theme",
        "account/oidc/<slug:provider_id>/login",
        "account/oidc/<slug:provider_id>/callback",
        # answers to forms of pages that have a row
        "admin/people/<uuid:uuid>/roles",
        "admin/people/<uuid:uuid>/state",
        "admin/people/<uuid:uuid>/second-factor",
        "admin/people/<uuid:uuid>/invitation",
        "admin/people/<uuid:uuid>/tokens/<uuid:token>/revoke",
        "admin/people/import/confirm",
        "admin/people/import/rejected",
        "admin/people/roles",
        # pieces that pages fetch
        "admin/teams/<uuid:uuid>/people",
        "contracts/<slug:key>/dashboard/promises",
        "contracts/<slug:key>/headlines",
        "demonstration/progress",
        "palette",
        "portal/new/promise",
        "tickets/<str:number>/changes",
        "tickets/<str:number>/people",
        "tickets/<str:number>/preview",
        "tickets/<str:number>/timeline",
        "tickets/new/promises",
        "tickets/new/requesters",
        "tickets/new/similar",
        "wall/slide",
        # files and what machines read
        "admin/people/import/template",
        "attachments/<uuid:uuid>",
        "contracts/<slug:key>/reports/templates/<slug:kind>/<str:language>/<slug:what>",
        "contracts/<slug:key>/verify/head.json",
        "contracts/<slug:key>/verify/programs/<str:name>",
        "contracts/<slug:key>/versions/<int:number>/<str:form>",
        "contracts/<slug:key>/what-if/<uuid:uuid>/changes.csv",
        "imports/<uuid:uuid>/<str:form>",
        "reports/<str:number>/<str:language>.<slug:form>",
        "statements/<str:number>/documents/<slug:kind>.<slug:form>",
        "statements/<str:number>/evidence.zip",
        "statements/<str:number>/files/<uuid:uuid>",
        "comparison/export",
        "tickets/export",
        "healthz",
        "readyz",
    }
)
#: What the pages of those answer that are there to say no.
STATUSES = {"/nothing-here": 404, "/invitation": 404, "/account/new-password": 404}

_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_COLOURS = "color-contrast"  # the dearest rule, and one that no width changes
#: What is looked for, with which width and theme.
LOOKS: tuple[tuple[int, str, dict[str, Any]], ...] = (
    (1440, "light", {"runOnly": {"type": "tag", "values": _TAGS}}),
    (1440, "dark", {"runOnly": {"type": "rule", "values": [_COLOURS]}}),
    (390, "light", {"runOnly": {"type": "tag", "values": _TAGS}, "rules": {_COLOURS: {"enabled": False}}}),
)
RUN = """async options => {
    const found = await axe.run(document, {resultTypes: ["violations"], ...options});
    return found.violations.filter(one => ["moderate", "serious", "critical"].includes(one.impact))
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


def add_work(world: World) -> None:
    """What goes on in the background or waits for somebody: a replay, an import, a proposal, an errand, a webhook."""
    alice, now = world.viewer("alice"), datetime.now(UTC)
    month = f"{now:%Y-%m}"
    run = request_backtest(alice, world.key, draft="pack:with-supplier", start=month, end=month)
    replay(run.uuid)
    file = SimpleUploadedFile("工单.csv", "单号,标题,开单时间\n1,交换机端口闪断,2026-04-01 09:00\n".encode())
    read = start_import(viewer=alice, contract=world.key, file=file)
    look(read.uuid)
    proposal = propose_version(
        viewer=alice,
        at=now,
        contract=world.contract,
        data=contract_pack("with-supplier").replace(b"15 min", b"20 min") + b"\neffective: 2026-02-01\n",
        reason="双方在例会上商定。",
    )
    errand = start_errand(viewer=alice, kind="check", contracts=[world.key])
    webhook = Webhook.objects.create(  # by hand: whether the address can be reached is no matter here
        scope=world.contract.scope,
        name="值班群",
        url="https://hooks.example.com/yunheng",
        secret=new_secret(),
        events=["ticket.opened"],
    )
    made = {"backtest": run, "import_run": read, "proposal": proposal, "errand": errand, "webhook": webhook}
    world.tickets |= {name: str(one.uuid) for name, one in made.items()}
    add_second_factor(world.people["role-auditor"], SECRET, code_at(now), now)
    world.tickets["team"] = str(Team.objects.get(key="second-line").uuid)
    world.tickets["report_run"] = str(ReportRun.objects.latest("pk").uuid)


def violations(chromium: Any, world: World, live_site: str, logins: Iterable[str]) -> list[str]:
    """What is wrong on the pages of these people, as LOOKS looks at them: a line each."""
    axe = AXE.read_text(encoding="utf-8")
    add_states(world)
    add_reports(world)
    add_work(world)
    add_statements(world)
    people = {login: person.uuid for login, person in world.people.items() if login.isidentifier()}
    found: list[str] = []
    for login in logins:
        # The policy of the pages forbids scripts from elsewhere; only here, axe is let in beside it.
        context = chromium.new_context(
            base_url=live_site, locale="zh-CN", bypass_csp=True, reduced_motion="reduce"
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.set_default_navigation_timeout(PATIENCE)
        if login:
            sign_in(page, login)
        for address in PAGES[login]:
            path = address.format(key=world.key, **world.tickets, **people)
            found += [f"{login or 'nobody'} {line}" for line in _looked_at(page, path, bool(login), axe)]
        context.close()
    return found


def _looked_at(page: Any, path: str, is_known: bool, axe: str) -> Iterator[str]:
    width, height = LOOKS[0][0], 900
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="light")
    answer = page.goto(path)
    page.wait_for_function("!document.querySelector('.htmx-request')")
    if answer.status != STATUSES.get(path, 200) or ("/sign-in" in page.url and is_known):
        yield f"{path}: answered {answer.status} at {page.url}"
        return
    page.evaluate(axe)
    for width, theme, options in LOOKS:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(
            f"innerWidth === {width} && matchMedia('(prefers-color-scheme: {theme})').matches"
        )
        for line in page.evaluate(RUN, options):
            yield f"{path} at {width} ({theme}) {line}"
