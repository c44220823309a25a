"""`yunheng person`, `membership`, `token`, `ticket` and `process` as their user meets them."""

import argparse
import io
import json
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.desk.ground import MORNING, Ground, opened

from yunheng.accounts.models import Membership, Person
from yunheng.accounts.queries import viewer_for_token
from yunheng.desk.actions import move_ticket
from yunheng.desk.models import Ticket
from yunheng.site.cli import main, people, ticket


@pytest.fixture(autouse=True)
def in_this_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands use the test's database, and speak English."""
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setattr(people, "open_database", nullcontext)
    monkeypatch.setattr(ticket, "open_database", nullcontext)


def create(monkeypatch: pytest.MonkeyPatch, login: str, password: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    words = ["person", "create", login, "--name", "Li", "--organisation", "alpha", "--password-stdin"]
    return main(words)


def test_somebody_is_created_given_a_role_and_a_token(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert create(monkeypatch, "li", "correct horse battery") == 0
    person = Person.objects.get(login="li")
    assert person.check_password("correct horse battery")
    assert main(["membership", "grant", "li", "engineer", "--contract", "acme"]) == 0
    assert Membership.objects.get(person=person).scope == ground.scope
    capsys.readouterr()
    assert main(["token", "create", "li", "--name", "laptop", "--scope", "read"]) == 0
    secret = capsys.readouterr().out.strip()
    viewer = viewer_for_token(secret, MORNING)
    assert viewer is not None and viewer.person_id == person.pk
    assert main(["person", "list", "--json"]) == 0
    rows = {row["login"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["li"]["roles"] == [{"role": "engineer", "contract": "acme"}]
    assert main(["person", "disable", "li"]) == 0
    assert viewer_for_token(secret, MORNING) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["membership", "grant", "acme-contact", "engineer", "--contract", "acme"], "role"),
        (["membership", "grant", "acme-engineer", "wizard", "--contract", "acme"], "role"),
        (["membership", "grant", "acme-engineer", "desk_agent", "--contract", "nowhere"], "nowhere"),
        (["membership", "grant", "acme-engineer", "engineer", "--everywhere"], "scope"),
        (["membership", "revoke", "acme-engineer", "auditor", "--contract", "acme"], "auditor"),
        (["person", "disable", "nobody"], "nobody"),
        (["organisation", "create", "acme", "--name", "Acme", "--kind", "client"], "key"),
        (["token", "revoke", "not-a-uuid"], "not-a-uuid"),
        (["ticket", "show", "ACME-INC-20260401-0001"], "ACME-INC-20260401-0001"),
        (["process", "show", "chess"], "chess"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    ground: Ground, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(words) == 1
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith(f"yunheng {words[0]}: ") and said in streams.err


def test_a_weak_password_is_refused(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert create(monkeypatch, "li", "12345") == 1
    assert "password: " in capsys.readouterr().err
    assert not Person.objects.filter(login="li").exists()


def test_teams(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    people.register(parser.add_subparsers(dest="command"))
    words = [
        "team",
        "create",
        "night",
        "--organisation",
        "alpha",
        "--name",
        "Night",
        "--people",
        "acme-engineer",
    ]
    assert people.run(parser.parse_args(words)) == 0
    assert people.run(parser.parse_args(["team", "list", "--json"])) == 0
    rows = json.loads(capsys.readouterr().out.split("\n", 1)[1])
    assert {row["key"]: row["people"] for row in rows}["night"] == ["acme-engineer"]


def worked_on(ground: Ground) -> Ticket:
    made = opened(ground).ticket
    move_ticket(
        ground.viewer("desk_agent"), made.number, "accept", recorded_at=MORNING + timedelta(minutes=5)
    )
    return made


def test_a_ticket_is_shown_with_segments_that_add_up(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    number = worked_on(ground).number
    assert main(["ticket", "show", number]) == 0
    text = capsys.readouterr().out
    assert "ticket.opened" in text and "accept" in text and "No mail" in text
    assert main(["ticket", "show", number, "--clock", "respond", "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    (clock,) = document["clocks"]
    counted = sum(segment["seconds"] for segment in clock["segments"] if segment["is_counted"])
    assert (clock["kind"], clock["elapsed_seconds"], clock["is_met"]) == ("respond", 300, True)
    assert counted == clock["elapsed_seconds"]
    assert main(["ticket", "show", number, "--clock", "sun"]) == 1


def test_an_imported_ticket_is_found_by_the_number_it_had(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    ticket = worked_on(ground)
    Ticket.objects.filter(pk=ticket.pk).update(source_system="old", source_number="INC001")
    assert main(["ticket", "show", "INC001"]) == 0
    assert ticket.number in capsys.readouterr().out
    other = opened(ground).ticket
    Ticket.objects.filter(pk=other.pk).update(source_system="older", source_number="INC001")
    assert main(["ticket", "show", "INC001"]) == 1
    assert other.number in capsys.readouterr().err
    assert main(["ticket", "show", "INC002"]) == 1


def test_a_ticket_that_was_tampered_with_is_found(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    made = worked_on(ground)
    assert main(["ticket", "verify", made.number]) == 0
    Ticket.objects.filter(pk=made.pk).update(priority="p3")
    assert main(["ticket", "verify", made.number]) == 1
    assert "priority" in capsys.readouterr().err


def test_processes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["process", "lint"]) == 0
    assert main(["process", "list", "--json"]) == 0
    assert main(["process", "show", "incident"]) == 0
    capsys.readouterr()
    wrong = tmp_path / "wrong.yaml"
    for text, said in (("a: [", "no YAML"), ("key: Wrong!", "states"), ("- 1", "mapping")):
        wrong.write_text(text)
        assert main(["process", "lint", str(wrong)]) == 1
        assert said in capsys.readouterr().err
    assert main(["process", "lint", str(tmp_path / "none.yaml")]) == 1
