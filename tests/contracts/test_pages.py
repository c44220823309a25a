"""Pages of contracts: what each side reads, the document as it is written, versions, and proposals of two."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from tests.contracts.documents import changed
from tests.pages.world import World, in_force

from yunheng.contracts.checking import check
from yunheng.contracts.holidays_cn import newest_published_year
from yunheng.contracts.models import ContractVersion, VersionProposal
from yunheng.contracts.packs import contract_pack, newest_processes, scheme_pack
from yunheng.contracts.withheld import client_terms
from yunheng.foundation.models import Entry

NOW = datetime.now(UTC)
PACK = in_force(NOW).decode()
SECRETS = ("ola_restore", "uc_arrive", "uc_restore", "（OLA）", "厂商到场", "Internal restore")


def client(world: World, login: str) -> Client:
    made = Client()
    made.force_login(world.people[login])
    return made


def coming(days: int) -> str:
    """A day so many days ahead; behind, where they are negative."""
    return str((NOW + timedelta(days=days)).date())


def next_month(day: int = 1) -> str:
    """That day of the month that comes, for the contract; on the last of a month, of the one after it."""
    there = datetime.now(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=1)  # the run may go past midnight
    return str((there.replace(day=1) + timedelta(days=31)).replace(day=day))


def amended(day: str, *replacements: tuple[str, str]) -> str:
    return changed(
        ("zone: Asia/Shanghai", f"effective: {day}\nzone: Asia/Shanghai"), *replacements, document=PACK
    )


def post(
    world: World, act: str, text: str, *, login: str = "alice", newest: int | None = None, **more: str
) -> Any:
    if newest is None:
        newest = ContractVersion.objects.filter(contract=world.contract).count()
    return client(world, login).post(
        f"/contracts/{world.key}/document", {"act": act, "text": text, "newest": str(newest), **more}
    )


def versions(world: World) -> int:
    return ContractVersion.objects.filter(contract=world.contract).count()


PAGES = (
    "",
    "/document",
    "/versions",
    "/versions/1",
    "/diff",
    "/versions/1/contract.yaml",
    "/versions/1/contract.json",
)


@pytest.mark.parametrize("path", PAGES)
def test_internal_and_suppliers_goals_are_for_the_provider(world: World, path: str) -> None:
    address = f"/contracts/{world.key}{path}"
    own = client(world, "alice").get(address).content.decode()
    seen = client(world, "bob").get(address)
    assert seen.status_code == 200
    assert not [secret for secret in SECRETS if secret in seen.content.decode()]
    if path in ("/document", "/versions/1/contract.yaml", "/versions/1/contract.json"):
        assert "ola_restore" in own
    elif path in ("", "/versions/1"):
        assert "（OLA）" in own


def test_the_client_can_check_what_it_reads_against_the_log(world: World) -> None:
    data = client(world, "bob").get(f"/contracts/{world.key}/versions/1/contract.json").content
    entry = Entry.objects.filter(type="contract.applied", scope_id=world.contract.pk).order_by("pk").first()
    assert entry is not None
    assert hashlib.sha256(data).hexdigest() == entry.body.shared["client_terms_sha256"]
    whole = client(world, "alice").get(f"/contracts/{world.key}/versions/1/contract.json").content
    assert "terms_sha256" not in entry.body.shared  # it would let a withheld goal be guessed
    assert hashlib.sha256(whole).hexdigest() == entry.body.internal["terms_sha256"]


def test_the_clients_document_is_a_contract_that_says_the_same(world: World) -> None:
    text = client(world, "bob").get(f"/contracts/{world.key}/versions/1/contract.yaml").content
    terms = check(text, newest_processes()).terms
    original = check(PACK.encode(), newest_processes()).terms
    assert terms is not None and original is not None
    seen = json.loads(json.dumps(client_terms(original)))
    for part in ("targets", "clocks", "pauses", "services", "matrix", "indicators", "escalation", "desk"):
        assert terms[part] == seen[part], part
    assert terms["targets"] != original["targets"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_page_says_the_goals_in_sentences(world: World, language: str) -> None:
    person = world.people["bob"]
    person.language = language
    made = Client()
    made.force_login(person)
    type(person).objects.filter(pk=person.pk).update(language=language)
    text = made.get(f"/contracts/{world.key}?month={NOW.year}-10").content.decode()
    assert "P1" in text and "<strong>15" in text
    assert "day-holiday" in text  # National Day, and a Saturday that is worked once the year's notice is out
    assert ("day-makeup" in text) is (newest_published_year() >= NOW.year)
    assert text.count('<th scope="col">') >= 7  # weekdays above the days
    assert made.get(f"/contracts/{world.key}?month=2026-13").status_code == 422
    type(person).objects.filter(pk=person.pk).update(language="zh-hans")


def test_problems_have_line_column_path_and_a_remedy(world: World) -> None:
    text = amended(coming(9), ("respond: 15 min", "respond: 1 day"))
    response = post(world, "check", text)
    assert response.status_code == 200
    line = next(at for at, words in enumerate(text.split("\n"), start=1) if "respond: 1 day" in words)
    page = response.content.decode()
    assert f'data-line="{line}"' in page and "targets.all.P1.respond" in page
    assert "respond: 1 day" in page  # what was typed is there
    assert post(world, "apply", text, is_confirmed="yes").status_code == 422
    assert versions(world) == 1


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "a: &a [*a]", "<script>alert(1)</script>", "key: [" * 200, "- " * 5000, "🀄" * 70_000],
)
def test_hostile_documents_are_answered(world: World, text: str) -> None:
    for act in ("check", "compare", "apply"):
        response = post(world, act, text, is_confirmed="yes")
        assert response.status_code in (200, 422)
        assert b"<script>alert" not in response.content
    assert versions(world) == 1


def test_applying_needs_the_word_and_the_permission(world: World) -> None:
    text = amended(coming(3), ("P1: {respond: 15 min", "P1: {respond: 12 min"))
    compared = post(world, "compare", text).content.decode()
    assert "P1 respond" in compared and 'value="apply"' in compared
    assert versions(world) == 1
    for login in ("ken", "bob", "charlie", "dan"):
        assert post(world, "apply", text, login=login, is_confirmed="yes").status_code == 404
    assert post(world, "apply", text).status_code == 422  # the box was not ticked
    assert versions(world) == 1
    done = post(world, "apply", text, is_confirmed="yes")
    assert done.status_code == 303
    assert versions(world) == 2
    entry = Entry.objects.filter(type="contract.applied", scope_id=world.contract.pk).latest("pk")
    assert entry.body.shared["changes"] == ["P1 respond: 15 min → 12 min"]
    page = client(world, "bob").get(f"/contracts/{world.key}/diff").content.decode()
    assert "P1 respond" in page


def test_internal_changes_stay_internal(world: World) -> None:
    text = amended(
        coming(5),
        ("ola_restore: 2 h", "ola_restore: 1 h"),
        ("P1: {respond: 15 min", "P1: {respond: 12 min"),
    )
    assert post(world, "apply", text, is_confirmed="yes").status_code == 303
    entry = Entry.objects.filter(type="contract.applied", scope_id=world.contract.pk).latest("pk")
    assert entry.body.shared["changes"] == []
    assert any("ola_restore" in line for line in entry.body.internal["changes"])
    assert "ola_restore" not in json.dumps(entry.body.shared)


def test_somebody_was_faster(world: World) -> None:
    text = amended(coming(6), ("P1: {respond: 15 min", "P1: {respond: 9 min"))
    before = versions(world)
    response = post(world, "apply", text, newest=before - 1, is_confirmed="yes")
    assert response.status_code == 409
    page = response.content.decode()
    assert "林晓安" in page and "respond: 9 min" in page
    assert f'name="newest" value="{before}"' in page  # the next try is against what is there now
    assert versions(world) == before


def test_the_document_of_another_contract_is_refused(world: World) -> None:
    text = contract_pack("datacentre-24x7").decode()
    response = post(world, "apply", text, is_confirmed="yes")
    assert response.status_code == 422
    assert "datacentre-24x7" in response.content.decode()


def propose(world: World, text: str, reason: str = "会议纪要 2026-11-20") -> Any:
    return post(world, "propose", text, reason=reason)


def backdated(minutes: int) -> str:
    return amended(coming(-6), ("P1: {respond: 15 min", f"P1: {{respond: {minutes} min"))


def test_a_version_that_begins_in_the_past_takes_both(world: World) -> None:
    text, before = backdated(11), versions(world)
    assert 'value="propose"' in post(world, "compare", text).content.decode()
    refused = post(world, "apply", text, is_confirmed="yes", accepted_by_both="both, trust me")
    assert refused.status_code == 422
    assert 'value="propose"' in refused.content.decode()
    assert propose(world, text, "  ").status_code == 422
    answer = propose(world, text)
    assert answer.status_code == 303
    address = answer["Location"]
    assert propose(world, backdated(10)).status_code == 409  # one at a time
    assert versions(world) == before
    assert "P1 respond" in client(world, "bob").get(address).content.decode()
    assert client(world, "charlie").get(address).status_code == 404
    accepting = {"act": "accept", "is_confirmed": "yes"}
    for login in ("alice", "ken", "role-auditor"):  # not the proposer, and nobody without the word
        assert client(world, login).post(address, accepting).status_code == 404
    assert client(world, "bob").post(address, {"act": "accept"}).status_code == 422
    assert versions(world) == before
    assert client(world, "bob").post(address, accepting).status_code == 303
    assert versions(world) == before + 1
    accepted = Entry.objects.select_related("body").get(
        type="contract.backdating_accepted", scope_id=world.contract.pk
    )
    assert accepted.body.personal["actor"]["name"] == "王海波"
    applied = Entry.objects.filter(type="contract.applied", scope_id=world.contract.pk).latest("pk")
    assert applied.body.personal["actor"]["name"] == "林晓安"
    assert client(world, "bob").post(address, accepting).status_code == 409


def test_declining_takes_words_and_withdrawing_the_provider(world: World) -> None:
    before = versions(world)
    address = propose(world, backdated(8))["Location"]
    assert client(world, "bob").post(address, {"act": "decline", "text": " "}).status_code == 422
    assert client(world, "bob").post(address, {"act": "decline", "text": "未商定"}).status_code == 303
    assert "未商定" in client(world, "alice").get(address).content.decode()
    second = propose(world, backdated(7))["Location"]
    assert client(world, "bob").post(second, {"act": "withdraw"}).status_code == 404
    assert client(world, "alice").post(second, {"act": "withdraw"}).status_code == 303
    assert versions(world) == before
    assert not VersionProposal.objects.filter(state="waiting").exists()


def test_a_proposal_that_was_overtaken_is_a_conflict(world: World) -> None:
    address = propose(world, backdated(6))["Location"]
    assert (
        post(
            world,
            "apply",
            amended(coming(7), ("P1: {respond: 15 min", "P1: {respond: 5 min")),
            is_confirmed="yes",
        ).status_code
        == 303
    )
    before = versions(world)
    response = client(world, "bob").post(address, {"act": "accept", "is_confirmed": "yes"})
    assert response.status_code == 409
    assert versions(world) == before
    client(world, "alice").post(address, {"act": "withdraw"})


def test_a_new_contract_takes_the_permission_everywhere(world: World) -> None:
    from yunheng.accounts.actions import grant_membership
    from yunheng.foundation.access import SYSTEM_VIEWER

    assert client(world, "alice").get("/contracts/new").status_code == 404
    grant_membership(
        viewer=SYSTEM_VIEWER, person=world.people["role-provider-admin"], role="provider_admin", scope=None
    )
    admin = client(world, "role-provider-admin")
    page = admin.get("/contracts/new?pack=office-8x5").content.decode()
    assert "key: office-8x5" in page
    text = contract_pack("office-8x5").decode()
    sent = {"act": "apply", "text": text, "newest": "0", "is_confirmed": "yes"}
    assert (
        admin.post(
            "/contracts/new", {**sent, "text": text.replace("key: office-8x5", "key: new", 1)}
        ).status_code
        == 422
    )
    assert admin.post("/contracts/new", sent).status_code == 303
    assert admin.get("/contracts/office-8x5").status_code == 200
    assert admin.post("/contracts/new", sent).status_code == 409  # it is there by now
    assert client(world, "alice").get("/contracts/office-8x5").status_code == 404


def test_an_uploaded_file_stands_in_the_editor(world: World) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    sent = {"act": "compare", "newest": str(versions(world)), "text": "lost?"}
    address = f"/contracts/{world.key}/document"
    good = SimpleUploadedFile("a.yaml", amended(coming(9)).encode())
    assert (
        f"effective: {coming(9)}"
        in client(world, "alice").post(address, {**sent, "file": good}).content.decode()
    )
    bad = SimpleUploadedFile("a.yaml", b"\xff\xfe\x00")
    response = client(world, "alice").post(address, {**sent, "file": bad})
    assert response.status_code == 422
    assert "lost?" in response.content.decode()


def test_how_a_period_is_scored_stands_on_the_page(world: World) -> None:
    """From the first of a month on, and for the client, too."""
    scheme = scheme_pack("c").decode()
    refused = post(world, "apply", amended(next_month(2)) + scheme, is_confirmed="yes")
    assert refused.status_code in (409, 422)
    before = versions(world)
    assert post(world, "apply", amended(next_month()) + scheme, is_confirmed="yes").status_code == 303
    entry = Entry.objects.filter(type="contract.applied", scope_id=world.contract.pk).latest("pk")
    assert "scoring: new" in entry.body.shared["changes"]
    for login in ("alice", "bob"):
        page = client(world, login).get(f"/contracts/{world.key}/versions/{before + 1}").content.decode()
        assert (
            'id="scoring"' in page
            and "市级及以上通报批评" in page
            and "≥ 75, ≤ 89" in page.replace("、", ", ")
        )
