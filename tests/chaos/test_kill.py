"""kill −9 of everything, at seeded points, under load: what was acknowledged is there, sealed, and told of once."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from tests.supervisor.running import (
    PATIENCE_SECONDS,
    Up,
    environment,
    kill,
    new_data_folder,
    process_is_alive,
    wait_for,
)

SEED = int(os.environ.get("YUNHENG_CHAOS_SEED", "20260401"))
WAIT_SECONDS = (0.5, 2.5)  # from the sealer's first seal to the kill
UNTOLD = """
    SELECT entry_id FROM follow_up
    UNION ALL SELECT id FROM procrastinate_jobs WHERE task_name LIKE 'desk:announce%' AND status IN ('todo', 'doing')
"""
CHECK = """
from yunheng.site.cli.database import open_database
with open_database():
    from yunheng.foundation.log_check import check_log
    from yunheng.foundation.models import Scope
    check = check_log(Scope.objects.get(key="chaos"))
    print(*check.problems, sep="\\n")
    raise SystemExit(0 if check.is_sound else 1)
"""

pytestmark = pytest.mark.chaos


@pytest.fixture
def up() -> Iterator[Up]:
    up = Up(new_data_folder())
    try:
        yield up.start()
    finally:
        up.clean()


class Load:
    """The load process, and what was acknowledged to it."""

    def __init__(self, up: Up) -> None:
        self.acknowledged: list[tuple[str, int]] = []
        self._process = _start(up, "run")
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(PATIENCE_SECONDS) == 0
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            number, entry = line.split()
            self.acknowledged.append((number, int(entry)))


def _start(up: Up, *arguments: str) -> "subprocess.Popen[str]":
    surroundings = environment(
        up.data, YUNHENG_DATABASE_URL=up.url("app"), DJANGO_SETTINGS_MODULE="yunheng.site.settings"
    )
    command = [sys.executable, "-m", "tests.chaos.load", *arguments]
    return subprocess.Popen(
        command, env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _kill(up: Up, victim: str, seal: "subprocess.Popen[str]") -> None:
    if victim == "postgres":
        pids = [up.cluster.pid()]
    elif victim == "sealer":
        pids = [seal.pid]
    elif victim == "web process":
        pids = up.children("web")[1:2]
    else:
        pids = up.children(victim)[:1]
    for pid in pids:
        if pid is not None:
            kill(pid)


def _gone(seal: "subprocess.Popen[str] | None") -> None:
    if seal is not None:
        seal.kill()
        seal.wait()


def _column(up: Up, query: str) -> list[object]:
    with psycopg.connect(up.url("owner")) as connection:
        return [row[0] for row in connection.execute(query).fetchall()]  # type: ignore[call-overload]


def test_no_acknowledged_write_is_lost_and_all_are_sealed_and_told_of_once(up: Up) -> None:
    chance = random.Random(SEED)
    assert _start(up, "prepare").wait(PATIENCE_SECONDS) == 0
    victims = ["postgres", "worker", "web", "web process", "sealer", "postgres"]
    chance.shuffle(victims)
    load = Load(up)
    wait_for(lambda: load.acknowledged, what="first acknowledged write")
    seal = None
    for victim in victims:
        if seal is None:
            seal = _start(up, "seal")
            assert seal.stdout is not None and seal.stdout.readline() == "sealing\n"
        time.sleep(chance.uniform(*WAIT_SECONDS))
        before = len(load.acknowledged)
        _kill(up, victim, seal)
        if victim in {"sealer", "postgres"}:  # without its server the sealer ends, too
            _gone(seal)
            seal = None
        wait_for(lambda n=before: len(load.acknowledged) > n, what=f"writes go on after kill -9 of {victim}")
    wait_for(lambda: len(load.acknowledged) > 50, what="enough writes")
    _gone(seal)
    load.end()

    # The supervisor too, at the end: what it left behind is adopted.
    assert up.process is not None
    left = [*up.children("web"), *up.children("worker")]
    up.stop(signal.SIGKILL)
    wait_for(lambda: not any(map(process_is_alive, left)), what="children gone")
    up.start()
    wait_for(lambda: not _column(up, "SELECT entry_id FROM unsealed"), what="everything sealed")
    wait_for(lambda: not _column(up, UNTOLD), what="everything told")

    numbers = [number for number, _entry in load.acknowledged]
    entries = {entry for _number, entry in load.acknowledged}
    assert len(entries) == len(load.acknowledged) > 50
    stored = _column(up, "SELECT number FROM ticket")
    assert set(numbers) <= set(stored)
    assert len(set(stored)) == len(stored)
    sealed = _column(up, "SELECT entry_id FROM log_leaf")
    assert entries <= set(sealed)
    assert sorted(sealed) == sorted(_column(up, "SELECT id FROM entry"))  # type: ignore[type-var]
    opened = _column(up, "SELECT id FROM entry WHERE type = 'ticket.opened' ORDER BY id")
    assert opened == _column(up, "SELECT entry_id FROM delivery ORDER BY entry_id")
    order = _column(up, 'SELECT entry_id FROM log_leaf ORDER BY "index"')
    assert order != sorted(order), "nobody committed late: the test does not show what it should"  # type: ignore[type-var]
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        env=environment(up.data),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
