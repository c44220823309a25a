"""A real Chromium on the product, served from a database with real commits."""

import ctypes
import os
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from build_hook import compile_translations
from django.db import connections
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.conftest import TestDatabase, fresh_database
from tests.pages.world import PASSWORD, World, build_world

from yunheng.accounts.actions import create_person, grant_membership
from yunheng.accounts.queries import organisation_by_key
from yunheng.foundation.access import SYSTEM_VIEWER

#: How long a page may take on a machine that does other things, too (milliseconds).
PATIENCE = 60_000

compile_translations()  # both languages are tested, also in a checkout that was never installed


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser; tests are skipped where it is not installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: install Debian's chromium-headless-shell, or chromium")
    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError:
        pytest.skip("libatomic.so.1 is missing, which playwright needs: install Debian's package libatomic1")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
        "1"  # playwright's loop lives in this thread; the tests themselves are not async
    )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        browser.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")


@pytest.fixture(scope="module")
def built(migrated_template: TestDatabase, django_db_blocker: Any) -> Iterator[tuple[TestDatabase, World]]:
    """A database with the small world and an administrator of everything ("root"), committed and sealed."""
    from yunheng.foundation.sealing import seal

    with fresh_database(migrated_template, django_db_blocker) as database:
        made = _sealed(build_world, seal)
        connections.close_all()
        with django_db_blocker.block():
            yield database, made


@pytest.fixture
def committed_db(built: tuple[TestDatabase, World], django_db_blocker: Any) -> Iterator[TestDatabase]:
    """The test's own copy of it."""
    with fresh_database(built[0], django_db_blocker) as database:
        yield database


@pytest.fixture
def world(built: tuple[TestDatabase, World], committed_db: TestDatabase) -> World:
    """Who and what is in the test's database."""
    return deepcopy(built[1])


def _sealed(build: Any, seal: Any) -> World:
    made: World = build()
    root = create_person(
        viewer=SYSTEM_VIEWER,
        login="root",
        name="唐敏",
        organisation=organisation_by_key("provider"),
        password=PASSWORD,
    )
    grant_membership(viewer=SYSTEM_VIEWER, person=root, role="provider_admin", scope=None)
    made.people["root"] = root
    seal()
    return made


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains of: violations of the policy, errors of scripts, failed loads."""
    return []


@pytest.fixture
def open_page(chromium: Any, world: World, live_site: str, complaints: list[str]) -> Iterator[Any]:
    """`open_page(width=1440, theme="light", language="zh-CN")`: a fresh browser window."""
    contexts = []

    def make(*, width: int = 1440, theme: str = "light", language: str = "zh-CN") -> Any:
        context = chromium.new_context(
            base_url=live_site,
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            locale=language,
            has_touch=width < 500,
            timezone_id="Asia/Shanghai",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.set_default_navigation_timeout(PATIENCE)
        page.on(
            "console",
            lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "response",
            lambda answer: (
                complaints.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None
            ),
        )
        return page

    yield make
    for context in contexts:
        context.close()
