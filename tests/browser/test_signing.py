"""Signing in a real Chromium with its virtual authenticator: a passkey is enrolled, signs a statement, and is shown
instead of a code; the other side uploads the stamped paper.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.browser.signing_in import sign_in
from tests.pages.test_sign_in import SECRET, code_at
from tests.pages.world import World
from tests.signing import waiting_statement

from yunheng.accounts.passkeys import passkeys_of
from yunheng.accounts.second_factor import add_second_factor
from yunheng.appraisal.models import Signature, Statement
from yunheng.appraisal.signing.passkey_proof import verify_passkey

pytestmark = pytest.mark.browser

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def at_localhost(open_page: Any, world: World, live_site: str) -> Iterator[Callable[..., Any]]:
    """A browser at `localhost`, signed in; passkeys are made for names and not for 127.0.0.1."""
    site = f"http://localhost:{urlsplit(live_site).port}"
    for person in world.people.values():
        type(person).objects.filter(pk=person.pk).update(language="en")

    def make(login: str, **more: Any) -> Any:
        page = open_page(**more)
        page.site = site
        page.goto(f"{site}/sign-in")
        sign_in(page, login, is_there=True)
        return page

    yield make


def with_device(page: Any) -> tuple[Any, str]:
    """A virtual authenticator in the browser: the way to speak to it, and its name."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    made = tools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return tools, made["authenticatorId"]


def enrol(page: Any, name: str) -> None:
    page.goto(f"{page.site}/me/security")
    page.click("text=Enrol a passkey")
    page.wait_for_url("**/me/security/passkeys/new")
    page.fill("#id_name", name)
    page.click("main button:has-text('Enrol')")
    page.wait_for_url(re.compile(r"/me/security(#passkeys)?$"))
    page.wait_for_selector(f"td:has-text('{name}')")


def test_a_passkey_is_enrolled_and_signs(
    at_localhost: Any, world: World, complaints: list[str], tmp_path: Path
) -> None:
    statement = waiting_statement(world)
    page = at_localhost("bob")
    tools, device = with_device(page)
    enrol(page, "Office laptop")
    (kept,) = passkeys_of(world.people["bob"].pk)
    assert (kept.name, kept.rp_id) == ("Office laptop", "localhost")

    page.goto(f"{page.site}/statements/{statement.number}/sign")
    tools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.click("text=Sign by passkey")
    page.wait_for_selector("[data-passkey-problem=refused]:visible")  # nobody was verified: nothing is sent
    assert not Signature.objects.exists()
    tools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    page.click("text=Sign by passkey")
    page.wait_for_selector("text=Signed. The statement is locked when the other side has signed it, too.")
    row = Signature.objects.get()
    frozen = bytes(statement.digest or b"").hex()
    assert verify_passkey(row.proof, frozen, statement=statement.number, side="client") == []
    assert row.proof["public_key"] == kept.public_key.hex() and row.proof["origin"] == page.site
    page.wait_for_selector("text=has signed already")

    paper = tmp_path / "signed and stamped.pdf"
    paper.write_bytes(b"%PDF-1.7\n1 0 obj\nendobj\ntrailer\n%%EOF\n")
    other = at_localhost("alice", width=390)
    other.goto(f"{other.site}/statements/{statement.number}/sign")
    other.fill("#id_names", "林晓安")
    other.fill("#id_printed", "0" * 16)
    other.set_input_files("input[name=files]", str(paper))
    other.click("text=Sign with this scan")
    other.wait_for_selector("text=not of this statement as it stands")
    other.fill("#id_printed", frozen[:16])
    other.set_input_files("input[name=files]", str(paper))
    other.click("text=Sign with this scan")
    other.wait_for_selector("text=Signed. The statement is locked: both sides have signed it.")
    assert Statement.objects.get().state == "locked"
    assert [line for line in complaints if "422" not in line] == []


def test_a_passkey_is_shown_instead_of_a_code(at_localhost: Any, world: World, complaints: list[str]) -> None:
    page = at_localhost("bob", language="en-GB")
    with_device(page)
    enrol(page, "Phone")
    then = datetime.now(UTC) - timedelta(hours=1)
    add_second_factor(world.people["bob"], SECRET, code_at(then), then)
    page.goto(f"{page.site}/me")
    page.context.clear_cookies()
    page.goto(f"{page.site}/sign-in")
    sign_in(page, "bob", is_there=True)
    page.wait_for_url(re.compile("/account/code"))
    page.click("text=Use a passkey")
    page.wait_for_url(lambda url: "/account/code" not in url)
    page.goto(f"{page.site}/me/security")
    page.click("button:has-text('Revoke')")
    page.click("[data-confirm-yes]")
    page.wait_for_selector("text=The passkey “Phone” is revoked.")
    assert not passkeys_of(world.people["bob"].pk)
    assert complaints == []


def test_by_a_number_the_page_says_why_there_is_none(open_page: Any, world: World) -> None:
    type(world.people["bob"]).objects.update(language="en")
    page = open_page()
    sign_in(page, "bob")
    page.goto("/me/security")
    page.wait_for_selector("text=Browsers know passkeys for names only")
    assert page.locator("text=Enrol a passkey").count() == 0
