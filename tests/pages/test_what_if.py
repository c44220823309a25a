"""What-if on the web: the form and what is wrong with a draft, the run in the background, its result, whose it is."""

import html
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation
from tests.pages.test_board import sign_in
from tests.pages.world import World, token

from yunheng.accounts import quotas
from yunheng.accounts.models import Usage
from yunheng.appraisal.models import BacktestRun
from yunheng.appraisal.whatif.actions import carry_out, forget_old
from yunheng.contracts.packs import contract_pack
from yunheng.foundation.models import Entry
from yunheng.foundation.sealing import seal
from yunheng.site.cli import contract as contract_command
from yunheng.site.cli import main

TEXT = contract_pack("with-supplier").decode()
#: Nobody answers within a minute.
TIGHT = TEXT.replace("respond: 15 min", "respond: 1 min").replace("respond: 30 min", "respond: 1 min")


@pytest.fixture(scope="module")
def alice(world: World) -> Client:
    seal()
    return sign_in(world, "alice")


@pytest.fixture(scope="module")
def bob(world: World) -> Client:
    return sign_in(world, "bob")


def month() -> str:
    return f"{datetime.now(UTC) + timedelta(hours=8):%Y-%m}"


def first() -> str:
    """The month of the world's oldest ticket, or the one before it: never after."""
    return f"{datetime.now(UTC) - timedelta(days=25):%Y-%m}"


def fields(**changes: Any) -> dict[str, Any]:
    return {"from": first(), "to": month(), "text": TIGHT, "draft": ""} | changes


def ask(client: Client, world: World, **changes: Any) -> BacktestRun:
    response = client.post(f"/contracts/{world.key}/what-if", fields(**changes))
    assert response.status_code == 303, response.content[:3000]
    run = BacktestRun.objects.latest("pk")
    assert response["Location"] == f"/contracts/{world.key}/what-if/{run.uuid}"
    return run


def text_at(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.content[:2000]
    return html.unescape(response.content.decode())


def test_from_the_form_to_the_tickets(world: World, alice: Client) -> None:
    form = text_at(alice, f"/contracts/{world.key}/what-if")
    assert "key: with-supplier" in form  # one begins with what is in force
    entries = Entry.objects.count()
    run = ask(alice, world, fee="1000")
    address = f"/contracts/{world.key}/what-if/{run.uuid}"
    waiting = text_at(alice, address)
    assert "Waits for a worker" in waiting
    assert "You can leave this page" in waiting
    assert str(run.uuid) in text_at(alice, f"/contracts/{world.key}/what-if")  # left, and found again
    poll = alice.get(address, headers={"HX-Request": "true", "HX-Target": "backtest-run"})
    assert poll.status_code == 200
    carry_out(run.uuid)
    carry_out(run.uuid)  # a job that runs twice does no harm
    poll = alice.get(address, headers={"HX-Request": "true", "HX-Target": "backtest-run"})
    assert poll.headers["HX-Refresh"] == "true"
    run.refresh_from_db()
    counts = {one["key"]: one["counts"] for one in run.result["differences"]}
    assert counts["respond"]["missed"] > 0
    page = text_at(alice, address)
    number = next(one["ticket"] for one in run.result["changes"] if one["change"] == "missed")
    assert f'href="/tickets/{number}"' in page
    assert "met → missed" in page
    assert "missed by" in page
    file = alice.get(f"{address}/changes.csv", headers={"Accept-Encoding": "identity"})
    lines = file.content.decode().splitlines()
    assert len(lines) == 1 + sum(sum(kinds.values()) for kinds in counts.values())
    assert any(line.startswith(f"respond,missed,{number},met,") for line in lines)
    packed = alice.get(f"{address}/changes.csv", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert Entry.objects.count() == entries


def test_the_contract_as_it_is_makes_no_difference(world: World, alice: Client) -> None:
    run = ask(alice, world, text="", draft="version:1")
    carry_out(run.uuid)
    page = text_at(alice, f"/contracts/{world.key}/what-if/{run.uuid}")
    assert "The draft would have made no difference." in page
    assert "No ticket would have come out otherwise" in page


def test_a_result_is_its_askers_alone(world: World, alice: Client, bob: Client) -> None:
    run = ask(alice, world)
    carry_out(run.uuid)
    for client in (bob, sign_in(world, "ken")):
        for path in ("", "/changes.csv"):
            assert client.get(f"/contracts/{world.key}/what-if/{run.uuid}{path}").status_code == 404
    assert str(run.uuid) not in text_at(bob, f"/contracts/{world.key}/what-if")


def test_a_client_may_try_a_draft_and_sees_no_internal_goal(world: World, bob: Client) -> None:
    form = text_at(bob, f"/contracts/{world.key}/what-if")
    assert "audience: internal" not in form
    run = ask(bob, world, text=TIGHT)
    carry_out(run.uuid)
    run.refresh_from_db()
    assert run.result["is_withheld"]
    page = text_at(bob, f"/contracts/{world.key}/what-if/{run.uuid}")
    assert "met → missed" in page
    hidden = {"ola_assign", "uc_arrive"} | {
        key for key in run.result["clocks"] if key.startswith(("ola", "uc"))
    }
    assert not any(key in json.dumps(run.result) for key in hidden)


@pytest.mark.parametrize(
    ("changes", "says", "status"),
    [
        ({"text": TEXT.replace("respond: 15 min", "respond: 15 minits", 1)}, "line ", 422),
        ({"text": ""}, "Write or choose a draft", 422),
        ({"from": "soon"}, "“soon” is not a date", 422),
        ({"from": "2026-02", "to": "2026-01"}, "ends before it begins", 422),
        ({"from": "2001-01", "to": "2026-01"}, "ten years at most", 422),
        ({"fee": "-1"}, "An amount is a number", 422),
        ({"fee": "a lot"}, "An amount is a number", 422),
        ({"draft": "pack:nothing", "text": ""}, "There is no pack “nothing”", 422),
        ({"as_of": "99999999"}, "", 303),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    world: World, alice: Client, changes: dict[str, str], says: str, status: int
) -> None:
    BacktestRun.objects.all().delete()
    response = alice.post(f"/contracts/{world.key}/what-if", fields(**changes))
    assert response.status_code == status
    page = html.unescape(response.content.decode())
    if status == 422:
        assert says in page
        assert (changes.get("text", TIGHT).strip().splitlines() or [""])[-1] in page
        assert f'value="{changes.get("from", first())}"' in page
        assert not BacktestRun.objects.exists()
        return
    run = BacktestRun.objects.get()  # a position beyond the log is known only when the log is read
    carry_out(run.uuid)
    assert "has the positions 1 to" in text_at(alice, f"/contracts/{world.key}/what-if/{run.uuid}")


def test_an_uploaded_draft_counts_and_stays_in_the_form(world: World, alice: Client) -> None:
    file = SimpleUploadedFile("draft.yaml", b"key: nothing else", content_type="application/yaml")
    response = alice.post(f"/contracts/{world.key}/what-if", fields(file=file))
    assert response.status_code == 422
    assert "key: nothing else" in response.content.decode()
    run = ask(alice, world, text="", file=SimpleUploadedFile("draft.yaml", TIGHT.encode()))
    assert run.document == TIGHT


def test_drafts_that_are_tried_are_counted_whatever_is_wrong_with_them(
    world: World, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server checks each of them, and anybody who reads figures may try one."""
    monkeypatch.setattr(quotas, "DRAFTS", quotas.Quota("drafts_tried", 1, timedelta(hours=1)))
    Usage.objects.all().delete()
    assert bob.post(f"/contracts/{world.key}/what-if", fields(text="key: nothing else")).status_code == 422
    stopped = bob.post(f"/contracts/{world.key}/what-if", fields(text="key: nothing else"))
    assert stopped.status_code == 409
    assert "tries at most 1 drafts an hour" in html.unescape(stopped.content.decode())
    assert "key: nothing else" in stopped.content.decode()  # nothing typed is lost


def test_not_too_many_at_once_and_none_for_longer_than_a_day(world: World, alice: Client) -> None:
    BacktestRun.objects.all().delete()
    runs = [ask(alice, world) for _again in range(3)]
    response = alice.post(f"/contracts/{world.key}/what-if", fields())
    assert response.status_code == 409
    assert "let one of them end first" in html.unescape(response.content.decode())
    now = datetime.now(UTC)
    assert forget_old(now + timedelta(hours=23)) == 0
    assert forget_old(now + timedelta(hours=25)) == 3
    carry_out(runs[0].uuid)  # its job comes too late, and finds nothing


def test_what_breaks_is_told_after_the_last_try(
    world: World, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ask(alice, world)

    def broken(*args: Any, **named: Any) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr("yunheng.appraisal.whatif.actions.backtest", broken)
    for is_last_try, state in ((False, "running"), (True, "failed")):
        with pytest.raises(RuntimeError):
            carry_out(run.uuid, is_last_try=is_last_try)
        run.refresh_from_db()
        assert run.state == state
    assert "could not be replayed" in text_at(alice, f"/contracts/{world.key}/what-if/{run.uuid}")


def test_the_same_by_the_api(world: World, alice: Client) -> None:
    BacktestRun.objects.all().delete()
    bearer = {"Authorization": f"Bearer {token(world, 'alice', 'write')}"}
    address = f"/api/v1/contracts/{world.key}/backtests"
    client = Client()
    wanted = {"document": TIGHT, "from": first(), "to": month(), "fee": "1000.50"}
    asked = client.post(address, wanted, content_type="application/json", headers=bearer)
    assert asked.status_code == 202, asked.content
    uuid = asked.json()["uuid"]
    assert (asked.json()["state"], asked.json()["result"]) == ("waiting", None)
    carry_out(uuid)
    told = client.get(f"{address}/{uuid}", headers=bearer).json()
    assert told["state"] == "finished"
    assert told["result"]["from"] == f"{first()}-01"
    assert sum(one["total"] for one in told["result"]["differences"]) > 0
    assert all(note["text"] for note in told["result"]["notes"])
    faulty = {**wanted, "document": TEXT.replace("respond: 15 min", "respond: 15 minits", 1)}
    refused = client.post(address, faulty, content_type="application/json", headers=bearer)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert TEXT.splitlines()[error["line"] - 1][error["column"] - 1 :].startswith("15 min")
    other = {"Authorization": f"Bearer {token(world, 'ken', 'read')}"}
    assert client.get(f"{address}/{uuid}", headers=other).status_code == 404


def test_the_command_line(
    world: World,
    alice: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("YUNHENG_LANGUAGE", "en")
    monkeypatch.setattr(contract_command, "open_database", lambda: translation.override("en"))
    draft, table = tmp_path / "draft.yaml", tmp_path / "all.csv"
    draft.write_text(TIGHT, encoding="utf-8")
    asked = ["contract", "backtest", str(draft), "--against", world.key, "--from", first(), "--to", month()]
    assert main([*asked, "--json", "--limit", "0", "--csv", str(table)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["changes"]) == sum(one["total"] for one in told["differences"]) > 0
    assert len(table.read_text(encoding="utf-8").splitlines()) == 1 + len(told["changes"])
    assert main(asked) == 0
    printed = capsys.readouterr().out
    assert "met → missed" in printed
    assert told["changes"][0]["ticket"] in printed
    assert main(["contract", "backtest", f"{world.key}@1", *asked[3:]]) == 0
    assert "The draft would have made no difference." in capsys.readouterr().out
    draft.write_text(TEXT.replace("respond: 15 min", "respond: 15 minits", 1), encoding="utf-8")
    assert main(asked) == 1
    assert f"{draft}:" in capsys.readouterr().out
    for wrong in ("datacentre-24x7@1", f"{world.key}@9"):
        assert main(["contract", "backtest", wrong, *asked[3:]]) == 2
    assert main([*asked[:2], "pack:uci", *asked[3:6], "soon", *asked[7:]]) == 1
    assert "is not a date" in capsys.readouterr().err
