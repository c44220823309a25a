"""Signing a statement in each of the three ways, and every signature that is refused, with the words that say why."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import unescape
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation
from tests.pages.fixtures import world
from tests.pages.test_sign_in import SECRET, code_at
from tests.pages.world import PASSWORD, World, token
from tests.passkeys import USER_PRESENT, Device
from tests.signing import waiting_statement
from tests.undoing import undone

from yunheng.accounts.guessing import CODES
from yunheng.accounts.models import Person
from yunheng.accounts.passkeys import passkeys_of
from yunheng.accounts.second_factor import add_second_factor
from yunheng.appraisal.models import Signature, Statement
from yunheng.appraisal.signing.passkey_proof import verify_passkey
from yunheng.appraisal.signing.presentation import contract_title, signature_rows
from yunheng.foundation.attachments import content_of
from yunheng.foundation.models import Attachment, EntryBody
from yunheng.logic.canonical import canonical
from yunheng.notify.models import Delivery

__all__ = ["world"]

HOST = "localhost:8080"
ORIGIN = f"http://{HOST}"
NEW = "/me/security/passkeys/new"
PDF = b"%PDF-1.7\n1 0 obj\nendobj\ntrailer\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\0" * 40 + b"\x00\x00\x00\x00IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 40 + b"\xff\xd9"


@pytest.fixture(autouse=True)
def fresh(world: World, settings: Any) -> Iterator[None]:
    settings.MAIL_URL = "smtp://mail.example"
    with undone():
        AccessAttempt.objects.all().delete()
        for person in Person.objects.all():
            Person.objects.filter(pk=person.pk).update(language="en", email=f"{person.login}@example.com")
        yield


def signed_in(login: str, host: str = HOST) -> Client:
    client = Client(HTTP_HOST=host)
    assert client.post("/sign-in", {"login": login, "password": PASSWORD}).status_code == 302
    return client


def options_of(page: Any) -> str:
    found = re.search(r'data-passkey-options="([^"]+)"', page.content.decode())
    assert found, page.content.decode()
    return unescape(found[1])


def words(answer: Any) -> str:
    return " ".join(unescape(answer.content.decode()).split())


def enrolled(client: Client, **more: Any) -> Device:
    device = Device(**more)
    answer = device.create(options_of(client.get(NEW)), ORIGIN)
    assert client.post(NEW, {"name": "Laptop", "credential": answer}).status_code == 303
    return device


def place(statement: Statement, way: str = "") -> str:
    return f"/statements/{statement.number}/sign" + (f"/{way}" if way else "")


def digest(statement: Statement) -> str:
    return bytes(statement.digest or b"").hex()


def sign_by_passkey(client: Client, device: Device, statement: Statement, **wrong: Any) -> Any:
    answer = device.get(options_of(client.get(place(statement))), wrong.pop("origin", ORIGIN), **wrong)
    return client.post(place(statement, "passkey"), {"credential": answer})


def confirm(client: Client, statement: Statement, **changes: str) -> Any:
    typed = {"digest": digest(statement), "agree": "on", "answer": PASSWORD, **changes}
    return client.post(place(statement, "confirmation"), typed)


def upload(
    client: Client, statement: Statement, data: bytes = PDF, name: str = "signed.pdf", **changes: str
) -> Any:
    typed = {
        "digest": digest(statement),
        "names": "王海波 刘敏",
        "printed": digest(statement)[:16],
        **changes,
    }
    return client.post(place(statement, "scan"), {**typed, "files": SimpleUploadedFile(name, data)})


# --- the page


def test_the_page_says_what_is_signed_and_how(world: World) -> None:
    statement = waiting_statement(world)
    text = words(signed_in("bob").get(place(statement)))
    with translation.override("en"):
        title = contract_title(statement)
    for part in (
        statement.number,
        "October 2026",
        "示例运维服务有限公司",
        "示例客户",
        f"{title} · {world.key}",  # as other pages name it, and as the digest has it
        "92.5",
        "98,000.00 CNY",
    ):
        assert part in text
    assert f'href="/statements/{statement.number}"' in text
    groups = re.findall(r"<span>([0-9a-f]{8})</span>", text)
    assert "".join(groups) == digest(statement) and len(groups) == 8
    assert "You have no passkey yet." in text  # the way is shown, and why it is closed
    assert "Sign by confirmation" in text and "Sign with this scan" in text


def test_who_may_not_sign_reads_why_and_others_see_nothing(world: World) -> None:
    statement = waiting_statement(world)
    for login in ("role-appraiser", "role-auditor", "ken"):
        client = signed_in(login)
        page = client.get(place(statement))
        assert page.status_code == 200 and "but not sign it" in words(page)
        assert "Sign by confirmation" not in words(page)
        assert confirm(client, statement).status_code == 403
        assert upload(client, statement).status_code == 403
        assert client.post(place(statement, "passkey"), {"credential": "{}"}).status_code == 403
    for login in ("charlie", "dan", "sue"):
        client = signed_in(login)
        assert client.get(place(statement)).status_code == 404
        assert confirm(client, statement).status_code == 404
    assert Client().get(place(statement)).status_code == 302
    assert not Signature.objects.exists()


@pytest.mark.parametrize("state", ["drafted", "issued", "appealed", "locked", "replaced"])
def test_only_what_is_agreed_is_signed(world: World, state: str) -> None:
    statement, client = waiting_statement(world, state=state), signed_in("bob")
    page = client.get(place(statement))
    assert page.status_code == 200 and "signed once it is accepted" in words(page)
    refused = confirm(client, statement)
    assert refused.status_code == 409 and words(refused).count("signed once it is accepted") == 1
    assert upload(client, statement).status_code == 409


# --- by passkey


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_a_passkey_signs_and_its_proof_holds_without_us(world: World, algorithm: int) -> None:
    statement, client = waiting_statement(world), signed_in("bob")
    device = enrolled(client, algorithm=algorithm)
    answer = sign_by_passkey(client, device, statement)
    assert (answer.status_code, answer["Location"]) == (303, place(statement))
    row = Signature.objects.get(statement=statement)
    assert (row.side, row.method, row.person) == ("client", "passkey", "王海波")
    proof = json.loads(json.dumps(row.proof))
    assert verify_passkey(proof, digest(statement), statement=statement.number, side="client") == []
    assert proof["public_key"] == passkeys_of(world.people["bob"].pk)[0].public_key.hex()
    assert json.loads(proof["document"])["person"] == str(world.people["bob"].uuid)
    told = EntryBody.objects.get(pk=row.entry_id).shared
    assert told["proof_sha256"] == sha256(canonical(proof)).hexdigest()  # under the seal
    text = words(client.get(place(statement)))
    assert "by passkey" in text and "Anybody can check" in text and "has signed already" in text


def test_both_sides_lock_it_each_in_its_own_way(world: World) -> None:
    statement, bob, alice = waiting_statement(world), signed_in("bob"), signed_in("alice")
    assert sign_by_passkey(bob, enrolled(bob), statement).status_code == 303
    assert "the other side has signed it, too" in words(bob.get(place(statement)))
    again = confirm(bob, statement)
    assert again.status_code == 409 and "has signed already: 王海波" in words(again)
    statement.refresh_from_db()
    assert statement.state == "accepted"
    assert confirm(alice, statement).status_code == 303
    assert "both sides have signed it" in words(alice.get(place(statement)))
    statement.refresh_from_db()
    assert statement.state == "locked"
    rows = signature_rows(statement)
    assert [(row.way, row.is_sound) for row in rows] == [("confirmation", True), ("passkey", True)]


def test_an_arbitrated_statement_is_signed_too(world: World) -> None:
    assert confirm(signed_in("bob"), waiting_statement(world, state="arbitrated")).status_code == 303


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"type": "webauthn.create"},
        {"signature": b"0" * 70},
    ],
)
def test_a_wrong_answer_signs_nothing(world: World, wrong: dict[str, Any]) -> None:
    statement, client = waiting_statement(world), signed_in("bob")
    device = enrolled(client)
    refused = sign_by_passkey(client, device, statement, **wrong)
    assert refused.status_code == 422 and "does not fit" in words(refused)
    assert not Signature.objects.exists()
    assert sign_by_passkey(client, device, statement).status_code == 303


def test_the_holder_is_verified_when_it_signs(world: World) -> None:
    statement, client = waiting_statement(world), signed_in("bob")
    device = enrolled(client)
    device.flags = USER_PRESENT
    refused = sign_by_passkey(client, device, statement)
    assert refused.status_code == 422 and "nobody was verified" in words(refused)


def test_an_answer_counts_once_and_five_minutes(world: World) -> None:
    statement, other = waiting_statement(world), waiting_statement(world)
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        client = signed_in("bob")
        device = enrolled(client)
        late = device.get(options_of(client.get(place(statement))), ORIGIN)
        clock.move_to(now + timedelta(minutes=5, seconds=1))
        refused = client.post(place(statement, "passkey"), {"credential": late})
        assert refused.status_code == 422 and "more than five minutes" in words(refused)
        answer = device.get(options_of(client.get(place(statement))), ORIGIN)
        assert client.post(place(statement, "passkey"), {"credential": answer}).status_code == 303
        replayed = client.post(place(other, "passkey"), {"credential": answer})
        assert replayed.status_code == 422 and "used already" in words(replayed)
    assert Signature.objects.count() == 1


def test_what_was_asked_for_one_statement_signs_no_other(world: World) -> None:
    one, other = waiting_statement(world), waiting_statement(world)
    client = signed_in("bob")
    device = enrolled(client)
    answer = device.get(options_of(client.get(place(one))), ORIGIN)
    refused = client.post(place(other, "passkey"), {"credential": answer})
    assert refused.status_code == 422 and f"asked to sign {one.number}" in words(refused)
    first = device.get(options_of(client.get(place(one))), ORIGIN)
    client.get(place(other))  # the later page asks for something else
    crossed = client.post(place(other, "passkey"), {"credential": first})
    assert crossed.status_code == 422 and "does not fit" in words(crossed)
    assert not Signature.objects.exists()


def test_another_digest_than_the_statement_has_now_is_read_again_first(world: World) -> None:
    statement, client = waiting_statement(world), signed_in("bob")
    device = enrolled(client)
    answer = device.get(options_of(client.get(place(statement))), ORIGIN)
    session, seen = client.session, "ab" * 32
    kept = session["statement_signing"]
    kept["document"] = kept["document"].replace(digest(statement), seen)
    session["statement_signing"] = kept
    session.save()
    for refused in (
        client.post(place(statement, "passkey"), {"credential": answer}),
        confirm(client, statement, digest=seen),
        upload(client, statement, digest=seen, printed=seen[:16]),
    ):
        assert refused.status_code == 409 and "computed anew since you opened it" in words(refused)
    assert not Signature.objects.exists()


def test_a_passkey_of_somebody_else_or_of_nobody_signs_nothing(world: World) -> None:
    statement, bob, alice = waiting_statement(world), signed_in("bob"), signed_in("alice")
    hers = enrolled(alice)
    none = bob.post(place(statement, "passkey"), {"credential": "{}"})
    assert none.status_code == 422 and "You have no passkey yet." in words(none)
    enrolled(bob)
    answer = hers.get(options_of(bob.get(place(statement))), ORIGIN)
    refused = bob.post(place(statement, "passkey"), {"credential": answer})
    assert refused.status_code == 422 and "does not fit" in words(refused)
    his = options_of(bob.get(place(statement)))
    assert hers.credential_id.hex() not in his
    assert not Signature.objects.exists()


def test_a_passkey_signs_only_where_it_was_made(world: World) -> None:
    statement = waiting_statement(world)
    enrolled(signed_in("bob"))
    there = signed_in("bob", host="127.0.0.1:8080")
    page = there.get(place(statement))
    assert "for names only" in words(page) and "data-passkey" not in page.content.decode()
    assert there.post(place(statement, "passkey"), {"credential": "{}"}).status_code == 422


# --- by confirmation


def test_a_confirmation_mails_a_receipt_that_says_everything(world: World) -> None:
    statement, client = waiting_statement(world), signed_in("bob")
    assert confirm(client, statement).status_code == 303
    row = Signature.objects.get(statement=statement)
    mail = Delivery.objects.get(entry_id=row.entry_id, event="receipt")
    assert (mail.address, mail.subject_number, mail.status) == (
        "bob@example.com",
        statement.number,
        "waiting",
    )
    said = f"I sign statement {statement.number} with the digest {digest(statement)} for"
    for part in (statement.number, "92.5", "98,000.00 CNY", digest(statement), said, "UTC", place(statement)):
        assert part in mail.body
    assert row.proof["receipt_sha256"] == sha256(mail.body.encode()).hexdigest()
    assert row.proof["shown_by"] == "password"
    document = json.loads(row.proof["document"])
    assert document["digest"] == digest(statement) and document["sentence"].startswith(said)
    assert document["purpose"] == "yunheng.statement.confirmation"
    log = words(signed_in("role-provider-admin").get(f"/admin/deliveries?number={statement.number}"))
    assert "Receipt for a signature" in log


def test_a_confirmation_wants_tick_and_password(world: World) -> None:
    statement, client = waiting_statement(world), signed_in("bob")
    unticked = confirm(client, statement, agree="")
    assert unticked.status_code == 422 and "Tick the sentence" in words(unticked)
    empty = confirm(client, statement, answer="")
    assert empty.status_code == 422 and "Show once more that it is you" in words(empty)
    for _try in range(CODES.per_name_and_address):
        wrong = confirm(client, statement, answer="guess")
        assert wrong.status_code == 422 and "not your password" in words(wrong)
    assert confirm(client, statement).status_code == 429
    assert not Signature.objects.exists() and not Delivery.objects.filter(event="receipt").exists()


def test_a_code_confirms_too_and_is_used_up(world: World) -> None:
    statement, client, bob = waiting_statement(world), signed_in("bob"), world.people["bob"]
    then = datetime.now(UTC) - timedelta(hours=1)
    add_second_factor(bob, SECRET, code_at(then), then)
    code = code_at(datetime.now(UTC))
    assert confirm(client, statement, answer=code).status_code == 303
    assert Signature.objects.get(statement=statement).proof["shown_by"] == "code"
    assert confirm(client, waiting_statement(world), answer=code).status_code == 422


def test_without_address_or_mail_server_there_is_no_receipt_and_no_confirmation(
    world: World, settings: Any
) -> None:
    statement, client = waiting_statement(world), signed_in("bob")
    Person.objects.filter(login="bob").update(email="")
    assert "you have none here" in words(client.get(place(statement)))
    assert "you have none here" in words(confirm(client, statement))
    Person.objects.filter(login="bob").update(email="bob@example.com")
    settings.MAIL_URL = ""
    refused = confirm(client, statement)
    assert refused.status_code == 422 and "no mail server is set up" in words(refused)
    assert not Signature.objects.exists()
    settings.DEMONSTRATION = (
        True  # there the receipt stands in the delivery log, and says that it was not sent
    )
    assert confirm(client, statement).status_code == 303
    assert Delivery.objects.get(event="receipt").status == "not_sent"


# --- on paper


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [(PDF, "扫描件.pdf", "application/pdf"), (PNG, "a.PNG", "image/png"), (JPEG, "a.jpeg", "image/jpeg")],
)
def test_a_scan_is_kept_hashed_with_who_signed(world: World, data: bytes, name: str, kind: str) -> None:
    statement, client = waiting_statement(world), signed_in("bob")
    printed = " ".join((digest(statement)[:8].upper(), digest(statement)[8:16]))
    assert upload(client, statement, data, name, printed=printed).status_code == 303
    row = Signature.objects.get(statement=statement)
    assert row.proof["file"]["sha256"] == sha256(data).hexdigest() and row.proof["media_type"] == kind
    assert json.loads(row.proof["document"])["names"] == "王海波 刘敏"
    kept = Attachment.objects.get(entry_id=row.entry_id)
    assert content_of(kept) == data and not kept.is_internal
    told = EntryBody.objects.get(pk=row.entry_id).shared
    assert told["files"][0]["sha256"] == sha256(data).hexdigest()
    assert "王海波 刘敏" in words(client.get(place(statement)))


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"hello", "a.pdf", "is no PDF, JPEG or PNG"),
        (PDF[:-8], "a.pdf", "cut off"),
        (PNG[:30], "a.png", "cut off"),
        (PNG, "a.pdf", "something else than its ending says"),
        (b"MZ" + PDF, "a.exe", "kind of file is not taken"),
        (b"", "a.pdf", "is empty"),
    ],
)
def test_what_is_no_scan_is_refused(world: World, data: bytes, name: str, said: str) -> None:
    statement, client = waiting_statement(world), signed_in("bob")
    refused = upload(client, statement, data, name)
    assert refused.status_code == 422 and said in words(refused)
    assert not Signature.objects.exists() and not Attachment.objects.exists()


def test_the_paper_of_another_printout_is_refused_and_nothing_typed_is_lost(world: World) -> None:
    statement, client = waiting_statement(world), signed_in("bob")
    refused = upload(client, statement, printed="0123 4567 89ab cdef", names="")
    assert refused.status_code == 422
    text = words(refused)
    assert "not of this statement as it stands" in text and "Who signed the paper" in text
    assert 'value="0123 4567 89ab cdef"' in text
    short = upload(client, statement, printed=digest(statement)[:15])
    assert short.status_code == 422 and "The first 16 characters" in words(short)
    none = client.post(
        place(statement, "scan"),
        {"digest": digest(statement), "names": "王", "printed": digest(statement)[:16]},
    )
    assert none.status_code == 422 and "One file" in words(none)


# --- ways that the contract does not take, and programs


def test_a_way_that_the_contract_does_not_take_is_refused(world: World) -> None:
    statement = waiting_statement(world, appraisal={"signing": ["scan"]})
    client = signed_in("bob")
    device = enrolled(client)
    text = words(client.get(place(statement)))
    assert text.count("The contract does not take this way.") == 2 and "data-passkey" not in text
    for refused in (
        confirm(client, statement),
        client.post(
            place(statement, "passkey"),
            {"credential": device.get('{"publicKey":{"challenge":"AA","rpId":"localhost"}}', ORIGIN)},
        ),
    ):
        assert refused.status_code == 422 and "does not take this way" in words(refused)
    assert upload(client, statement).status_code == 303


def test_no_token_signs(world: World) -> None:
    statement = waiting_statement(world)
    address = f"/api/v1/statements/{statement.number}/sign"

    def post(login: str, *scopes: str) -> Any:
        bearer = {"Authorization": f"Bearer {token(world, login, *scopes)}"}
        headers = {**bearer, "Accept-Language": "en"}
        return Client().post(address, "{}", content_type="application/json", headers=headers)

    refused = post("bob", "write")
    assert refused.status_code == 403 and refused.json()["permission"] == "appraisal.sign"
    assert "token cannot sign" in refused.json()["detail"]
    assert post("charlie", "write").status_code == 404
    assert not Signature.objects.exists()
