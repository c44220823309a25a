"""Many people on one queue, and kill −9 while they work: nobody's work is lost, doubled or overwritten."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.chaos.agents import CONTRACT, Agent, Caller, Told, new_ticket
from tests.supervisor.running import PATIENCE_SECONDS, Up, environment, kill, new_data_folder, wait_for

SECONDS = float(os.environ.get("YUNHENG_AGENTS_SECONDS", "20"))
SEED = int(os.environ.get("YUNHENG_CHAOS_SEED", "20260401"))
AGENTS = 20

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    up = Up(new_data_folder())
    try:
        yield up.start()
    finally:
        up.clean()


@pytest.fixture(scope="module")
def world(up: Up) -> dict[str, Any]:
    """The contract with its queue: what `python -m tests.chaos.agents prepare` prints."""
    made: dict[str, Any] = json.loads(_run(up, "prepare", str(AGENTS)))
    return made


def _run(up: Up, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.agents", *arguments],
        env=environment(
            up.data, YUNHENG_DATABASE_URL=up.url("app"), DJANGO_SETTINGS_MODULE="yunheng.site.settings"
        ),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _rows(up: Up, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(up.url("owner")) as connection:
        return connection.execute(query).fetchall()  # type: ignore[call-overload,no-any-return]


def _counted(up: Up, query: str) -> Counter[str]:
    return Counter(dict(_rows(up, query)))


def test_twenty_agents_on_one_queue(up: Up, world: dict[str, Any]) -> None:
    told, begun = Told(), time.monotonic()

    def is_over() -> bool:
        """On a slow machine they work on until enough has happened."""
        passed = time.monotonic() - begun
        return passed > SECONDS and ((len(told.accepted) > 10 and told.met > 0) or passed > PATIENCE_SECONDS)

    agents = [
        Agent(up.port, token, world["hot"], told, SEED + place, is_over)
        for place, token in enumerate(world["tokens"])
    ]
    for agent in agents:
        agent.start()
    for agent in agents:
        agent.join(SECONDS + 2 * PATIENCE_SECONDS)
        assert not agent.is_alive()

    assert told.wrong == []  # no error of the server, no answer but done or "somebody was faster"
    assert len(told.accepted) > 10
    assert told.met > 0, "nobody ever met anybody"

    # No ticket was taken twice.
    assert max(told.accepted.values()) == 1
    accepted = _counted(
        up,
        "SELECT e.subject_number, count(*) FROM entry e JOIN entry_body b ON b.entry_id = e.id"
        " WHERE e.type = 'ticket.moved' AND b.shared->>'transition' = 'accept' GROUP BY 1",
    )
    assert {number: accepted[number] for number in told.accepted} == dict(told.accepted)
    # No reply is missing, none is there twice.
    replies = _counted(
        up, "SELECT subject_number, count(*) FROM entry WHERE type = 'ticket.replied' GROUP BY 1"
    )
    assert replies == told.replies
    # No change was overwritten: the version grew once for each that was acknowledged (the hot ones began at 2).
    versions = _counted(up, "SELECT number, row_version FROM ticket")
    for number, changes in told.changes.items():
        assert versions[number] == changes + (2 if number in world["hot"] else 1), number
    assert set(told.opened) <= set(versions)
    [(deadlocks,)] = _rows(up, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert deadlocks == 0
    _run(up, "check")


class _Opener(threading.Thread):
    """Opens tickets one after the other, each under a key of its own that is also its title."""

    def __init__(self, port: int, token: str, over: threading.Event, told: list[tuple[str, str]]) -> None:
        super().__init__(daemon=True)
        self._caller, self._over, self._told = Caller(port, token), over, told
        self.wrong: list[str] = []

    def run(self) -> None:
        count = 0
        while not self._over.is_set():
            count += 1
            title = f"{self.name}-{count}"
            answer, _key = self._caller.insist(
                "POST",
                f"/contracts/{CONTRACT}/tickets",
                new_ticket(title),
                deadline=time.monotonic() + PATIENCE_SECONDS,
            )
            if answer.status == 201:
                self._told.append((title, answer.body["number"]))
            else:
                self.wrong.append(f"{answer.status} {answer.body}")


def test_every_write_that_the_api_acknowledged_survives_kills(up: Up, world: dict[str, Any]) -> None:
    told: list[tuple[str, str]] = []
    over = threading.Event()
    openers = [_Opener(up.port, token, over, told) for token in world["tokens"][:6]]
    for opener in openers:
        opener.start()
    chance = random.Random(SEED)
    victims = ["postgres", "web process", "worker", "web", "postgres", "web process"]
    chance.shuffle(victims)
    for victim in victims:
        time.sleep(chance.uniform(0.5, 2.5))
        before = len(told)
        _kill(up, victim)
        wait_for(lambda n=before: len(told) > n + 5, what=f"writes go on after kill -9 of {victim}")
    wait_for(lambda: len(told) > 60, what="enough writes")
    over.set()
    for opener in openers:
        opener.join(PATIENCE_SECONDS)
        assert not opener.is_alive()

    assert [fault for opener in openers for fault in opener.wrong] == []
    assert len(told) > 60
    stored = Counter(title for (title,) in _rows(up, "SELECT title FROM ticket WHERE title LIKE 'Thread-%'"))
    assert max(stored.values()) == 1, "a repeated request was carried out twice"
    titles = dict(_rows(up, "SELECT number, title FROM ticket"))
    assert all(titles[number] == title for title, number in told)
    wait_for(lambda: not _rows(up, "SELECT entry_id FROM unsealed"), what="everything sealed")
    _run(up, "check")


def _kill(up: Up, victim: str) -> None:
    if victim == "postgres":
        pids = [up.cluster.pid()]
    elif victim == "web process":
        pids = up.children("web")[1:2]
    else:
        pids = up.children(victim)[:1]
    for pid in pids:
        if pid is not None:
            kill(pid)
