"""`yunheng log`: what it prints, what it refuses, and evidence that verifies without the system."""

import json
from contextlib import nullcontext

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection, transaction
from django.utils import translation
from tests.foundation.ground import ALICE, make_draft, make_scope

from yunheng.desk.models import Ticket
from yunheng.foundation import keys
from yunheng.foundation.journal import record, record_many
from yunheng.foundation.log_status import weaknesses
from yunheng.foundation.models import SigningKey
from yunheng.logic.canonical import canonical
from yunheng.logic.leaf import discloses, leaf_hash
from yunheng.logic.merkle import verify_inclusion
from yunheng.site import cli
from yunheng.site.cli import journal
from yunheng.site.cli.database import connected_to


@pytest.fixture
def log(db, monkeypatch, capsys, tmp_path, settings):
    """`yunheng log …` on the test's database: returns (status, standard output or error)."""
    settings.DATA = tmp_path
    monkeypatch.setenv("YUNHENG_LANGUAGE", "en")
    monkeypatch.setattr(journal, "open_database", nullcontext)

    def run(*arguments):
        with translation.override("en"):
            status = cli.main(["log", *arguments])
        printed = capsys.readouterr()
        return status, printed.out or printed.err

    return run


@pytest.fixture
def two_logs(log):
    """Three entries of one ticket in one log, one in another."""
    scope, other = make_scope(), make_scope("other")
    record_many([make_draft(scope, 7) for _ in range(3)])
    record(make_draft(other))
    return scope


def test_status_before_and_after(log, two_logs):
    status, said = log("status")
    assert status == 0
    assert "Log acme\n  entries sealed: 0; waiting: 3\n  never verified" in said
    assert log("seal") == (0, "4 entries sealed.\n")
    assert log("check")[0] == 0
    document = json.loads(log("status", "--contract", "acme", "--json")[1])
    assert [one["log"] for one in document["logs"]] == ["acme"]
    assert (document["logs"][0]["size"], document["logs"][0]["problems"]) == (3, 0)
    assert document["weaknesses"] == []


def test_check_names_what_is_wrong_and_ends_with_status_one(log, two_logs):
    log("seal")
    pk = record(make_draft(two_logs))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM unsealed WHERE entry_id = %s", [pk])
    status, said = log("check")
    assert status == 1
    assert f"entry {pk} of ACME-INC-20260401-0007 (ticket.opened): it stands in no log" in said
    assert "Log acme is NOT sound: 1 problems" in said
    assert "Log other is sound: 1 leaves" in said
    status, said = log("check", "--new", "--json", "--contract", "acme")
    assert (status, json.loads(said)["logs"][0]["problems"][0]["entry"]) == (1, pk)


def test_heads_are_listed_newest_first(log, two_logs):
    log("seal")
    record(make_draft(two_logs))
    log("seal")
    heads = json.loads(log("heads", "--contract", "acme", "--json")[1])["heads"]
    assert [head["size"] for head in heads] == [4, 3]
    assert len(log("heads", "--limit", "1")[1].splitlines()) == 2  # one of each log


def test_an_unknown_contract_or_ticket_is_said_to_be_unknown(log, two_logs):
    assert log("status", "--contract", "nope") == (1, "yunheng log: There is no contract nope.\n")
    assert log("prove", "NOPE-INC-20260401-0001") == (1, "yunheng log: There is no NOPE-INC-20260401-0001.\n")


def test_evidence_verifies_without_the_system(log, two_logs):
    draft = make_draft(two_logs)
    ticket = Ticket.objects.create(
        scope=two_logs, number=draft.subject_number, state="new", process_key="incident", process_version=1,
        opened_at=draft.occurred_at, kind="incident", title="x", channel="phone", service="lan", priority="p2",
    )  # fmt: skip
    record_many([make_draft(two_logs, subject_id=ticket.pk, type=f"ticket.step{step}") for step in "abc"])
    status, said = log("prove", ticket.number)
    assert (status, said) == (
        1,
        f"yunheng log: The newest entries of {ticket.number} are not sealed yet: yunheng log seal\n",
    )
    log("seal")
    assert "under the head at 6 leaves" in log("prove", ticket.number)[1]
    document = json.loads(log("prove", ticket.number, "--json")[1])
    head = document["head"]
    signed = {name: head[name] for name in ("v", "kind", "log", "size", "root", "at")}
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(head["key"])).verify(
        bytes.fromhex(head["signature"]), canonical(signed)
    )
    assert len(document["entries"]) == 3
    for entry in document["entries"]:
        leaf = leaf_hash(entry["header"])
        assert leaf.hex() == entry["leaf"]
        path = [bytes.fromhex(part) for part in entry["path"]]
        assert verify_inclusion(leaf, entry["index"], head["size"], path, bytes.fromhex(head["root"]))
        assert discloses(entry["header"], "shared", bytes.fromhex(entry["shared_salt"]), entry["shared"])
    assert "端口抖动" not in json.dumps(document, ensure_ascii=False)  # internal
    assert ALICE.name not in json.dumps(document, ensure_ascii=False)  # personal


def test_rotation_and_a_lost_key(log, two_logs):
    log("seal")
    assert log("rotate-key")[0] == 0
    assert log("rotate-key", "--lost") == (1, "yunheng log: The old key is not lost; leave --lost out.\n")
    keys.key_path(SigningKey.objects.order_by("-pk")[0].key_id).unlink()
    record(make_draft(two_logs))
    status, said = log("seal")
    assert status == 1
    assert "is missing. Bring it back" in said
    assert json.loads(log("rotate-key", "--lost", "--json")[1])["is_endorsed"] is False
    assert log("seal") == (0, "1 entry sealed.\n")


def test_weak_protection_is_told(committed_db, tmp_path, settings):
    settings.DATA = tmp_path
    with transaction.atomic():
        record(make_draft(make_scope()))
        keys.current_key()
    with translation.override("en"):
        assert weaknesses() == []
        (tmp_path / "keys").chmod(0o755)
        assert "can reach" in weaknesses()[0]
        (tmp_path / "keys").chmod(0o700)
        with connected_to(committed_db.owner_url):
            assert "owns entry, entry_body" in weaknesses()[0]
        with committed_db.connect("owner") as session:
            session.execute("ALTER TABLE entry DISABLE TRIGGER entry_keeps_rows")
            session.execute("GRANT UPDATE ON tree_head TO yunheng_app")
        said = weaknesses()
        assert said[0] == "The role yunheng_app has the right to change tree_head."
        assert said[1] == "The triggers that keep entry append-only are off or gone."
        with connected_to(committed_db.superuser_url):
            assert "is a superuser" in weaknesses()[0]


def test_a_head_kept_outside_shows_a_rewritten_history(log, two_logs, tmp_path):
    """The operator has database and key, and makes all of it fit: only the client's head does not."""
    log("seal")
    file = tmp_path / "head.json"
    file.write_text(log("heads", "--json")[1])
    record(make_draft(two_logs))
    log("seal")
    status, said = log("check", "--head", str(file))
    assert (status, said) == (
        0,
        "Log acme has grown from the head at 3 leaves.\nLog other has grown from the head at 1 leaves.\n",
    )
    heads = json.loads(file.read_text())["heads"]
    private = keys.current_key()[1]
    for change, words, expected in (
        ({"root": "00" * 32}, "history was changed", 1),
        ({"size": 9}, "fewer than the 9 leaves", 1),
    ):
        head = heads[0] | change
        signed = {name: head[name] for name in ("v", "kind", "log", "size", "root", "at")}
        file.write_text(json.dumps(head | {"signature": private.sign(canonical(signed)).hex()}))
        status, said = log("check", "--head", str(file))
        assert (status, words in said) == (expected, True)
    for broken, words in (
        (heads[0] | {"size": 2}, "signature of this head is not valid"),
        ({"log": "acme", "size": 3}, "no signed head"),
        (heads[0] | {"log": "nope"}, "There is no contract nope"),
    ):
        file.write_text(json.dumps(broken))
        status, said = log("check", "--head", str(file))
        assert (status, words in said) == (1, True)
    file.write_text("{")
    assert log("check", "--head", str(file))[0] == 1
