"""Takes the manual's screenshots (`make screenshots`): a real Yunheng on a world of its own, a real
Chromium, both languages.

Writes docs/manual/images/<language>/<name>.png; the manual's pages name them, and a test looks that each exists.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser.chromium import CHROMIUM, FLAGS
from tests.supervisor.running import Up, environment, new_data_folder

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "manual" / "images"
LANGUAGES = {"zh": "zh-hans", "en": "en"}
DESKTOP, PHONE = (1200, 800), (390, 780)

MAKE_WORLD = """
import json, django
django.setup()
from tests.browser.appraising import add_statements
from tests.pages.world import PASSWORD, build_world
from yunheng.foundation.sealing import seal
world = build_world()
seal()
add_statements(world)
print(json.dumps({"key": world.key, "password": PASSWORD, **world.tickets}))
"""


@dataclass(frozen=True)
class Shot:
    """One picture: who looks, where, and what is clicked before."""

    name: str
    login: str
    path: str
    size: tuple[int, int] = DESKTOP
    click: str = ""
    keys: str = ""
    is_whole: bool = False


#: What opens the form of an appeal, and of a vote on one.
APPEAL = "details:has(> form > input[name=act][value=appeal]) > summary"
VOTE = "details:has(> form > input[name=act][value=vote]) > summary"

SHOTS = (
    Shot("workbench", "ken", "/workbench"),
    Shot("queue", "alice", "/tickets"),
    Shot("new-ticket", "alice", "/tickets/new", is_whole=True),
    Shot("ticket", "alice", "/tickets/{working}"),
    Shot("ticket-phone", "ken", "/tickets/{working}", PHONE),
    Shot("palette", "alice", "/workbench", keys="Control+k"),
    Shot("portal", "bob", "/portal"),
    Shot("portal-phone", "bob", "/portal", PHONE),
    Shot("portal-new", "dan", "/portal/new"),
    Shot("portal-request", "bob", "/portal/requests/{closed}"),
    Shot("contract", "bob", "/contracts/{key}"),
    Shot("statement", "alice", "/statements/{issued}"),
    Shot("appeal-file", "alice", "/statements/{issued}", click=APPEAL),
    Shot("appeal-room", "bob", "/statements/{appealed}#appeals"),
    Shot("appeal-vote", "bob", "/statements/{appealed}#appeals", PHONE, click=VOTE),
    Shot("people", "admin", "/admin/people"),
    Shot("admin", "admin", "/admin"),
    Shot("imports", "admin", "/imports/new"),
    Shot("calendars", "admin", "/admin/calendars"),
    Shot("webhook", "admin", "/admin/webhooks/new"),
    Shot("account", "ken", "/me"),
)
#: Names for people of the world who have none that a reader would like to see.
LOGINS = {"admin": "role-provider-admin"}


def main() -> int:
    """Take them all, or those named on the command line."""
    from playwright.sync_api import sync_playwright

    wanted = set(sys.argv[1:])
    up = Up(new_data_folder()).start()
    try:
        surroundings = environment(
            up.data, YUNHENG_DATABASE_URL=up.url("app"), DJANGO_SETTINGS_MODULE="yunheng.site.settings"
        )
        made = subprocess.run(
            [sys.executable, "-c", MAKE_WORLD],
            env=surroundings,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        world = json.loads(made.stdout.splitlines()[-1])
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
            for folder, language in LANGUAGES.items():
                (FOLDER / folder).mkdir(parents=True, exist_ok=True)
                for shot in SHOTS:
                    if not wanted or shot.name in wanted:
                        _take(browser, up, shot, folder, language, world)
            browser.close()
    finally:
        up.clean()
    return 0


def _take(browser: Any, up: Up, shot: Shot, folder: str, language: str, world: dict[str, str]) -> None:
    width, height = shot.size
    context = browser.new_context(
        base_url=up.address,
        viewport={"width": width, "height": height},
        locale="zh-CN" if folder == "zh" else "en-GB",
        timezone_id="Asia/Shanghai",
        color_scheme="light",
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("input[name=login]", LOGINS.get(shot.login, shot.login))
    page.fill("input[name=password]", world["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state("networkidle")
    token = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "csrftoken")
    context.request.post(
        "/language",
        form={"language": language, "csrfmiddlewaretoken": token, "next": "/"},
        headers={"Referer": up.address},
    )
    page.goto(shot.path.format(**world))
    page.wait_for_load_state("networkidle")
    if shot.click:
        page.click(shot.click)
    if shot.keys:
        page.keyboard.press(shot.keys)
        page.wait_for_timeout(400)
    page.screenshot(path=str(FOLDER / folder / f"{shot.name}.png"), full_page=shot.is_whole)
    print(f"{folder}/{shot.name}.png")
    context.close()


if __name__ == "__main__":
    raise SystemExit(main())
