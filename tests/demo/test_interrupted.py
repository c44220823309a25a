"""kill −9 while a demonstration is prepared, and what is asked of one that runs: with real processes."""

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.supervisor.running import (
    PATIENCE_SECONDS,
    PROGRAM,
    Up,
    command,
    environment,
    free_port,
    new_data_folder,
    process_is_alive,
    wait_for,
)

from yunheng.demo.living import RUNNING
from yunheng.demo.mark import STEPS

pytestmark = pytest.mark.chaos

SCALE = {"YUNHENG_DEMO_SCALE": "0.02"}
PREPARING = "yunheng.site.cli.demo"  # the module of the process that prepares


class Demonstration(Up):
    """`yunheng demo`, small, in a folder beside a data folder of one's own."""

    def __init__(self) -> None:
        self.own = new_data_folder()
        super().__init__(Path(f"{self.own}-demo"))

    def start(self, seconds: float = PATIENCE_SECONDS, *options: str) -> "Demonstration":
        self.process = subprocess.Popen(
            [*PROGRAM, "demo", "--port", str(self.port), *options],
            env=environment(self.own, **SCALE),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, args=[self.process], daemon=True).start()
        wait_for(self._is_ready_or_over, seconds, "web")
        assert self.process.poll() is None, self.said()
        return self

    def _is_ready_or_over(self) -> bool:
        assert self.process is not None
        return self.process.poll() is not None or self.get("/readyz")[0] == 200

    def said(self) -> str:
        """What it wrote so far."""
        while not self._arrived.empty():
            self.lines.append(self._arrived.get())
        return "".join(self.lines)

    @property
    def state(self) -> str:
        """What the mark in the folder says."""
        return str(json.loads((self.data / "demonstration.json").read_text())["state"])

    def one(self, query: str) -> object:
        """The one value that the database answers; None while it cannot."""
        try:
            with psycopg.connect(self.url("owner")) as connection:
                row = connection.execute(query).fetchone()  # type: ignore[call-overload]
        except psycopg.Error:
            return None
        return row[0] if row else None

    def preparing(self) -> int:
        """The process that prepares."""
        return self.children(PREPARING)[0]

    def wait_for_step(self, step: str) -> None:
        """Until preparing has come to a step, or past it but not to the end."""
        late = STEPS[STEPS.index(step) : -1]
        wait_for(lambda: self.one("SELECT step FROM demonstration") in late, what=f"step {step}")

    def wait_until_prepared(self) -> None:
        wait_for(lambda: self.state == "ready", 2 * PATIENCE_SECONDS, "a prepared demonstration")

    def clean(self) -> None:
        super().clean()
        shutil.rmtree(self.own, ignore_errors=True)


@pytest.fixture
def demonstration() -> Iterator[Demonstration]:
    demonstration = Demonstration()
    try:
        yield demonstration
    finally:
        demonstration.clean()


def _assert_whole(demonstration: Demonstration) -> None:
    """One year, once: nothing of what was broken off is left."""
    assert demonstration.one("SELECT state FROM demonstration") == "ready"
    assert demonstration.one("SELECT count(*) FROM demonstration") == 1
    assert demonstration.one("SELECT count(*) FROM import_run") == 3
    assert demonstration.one("SELECT count(*) FROM import_run WHERE status <> 'finished'") == 0
    tickets = demonstration.one("SELECT count(*) FROM ticket WHERE is_observed")
    assert tickets == demonstration.one("SELECT tickets FROM demonstration")
    assert demonstration.one("SELECT count(*) FROM ticket WHERE NOT is_observed") == len(RUNNING)
    assert demonstration.one("SELECT count(*) FROM report WHERE state = 'accepted'") == 2


def test_killed_at_several_points_it_begins_anew_by_itself_and_ends_whole(
    demonstration: Demonstration,
) -> None:
    # The supervisor, as people are made: its children go with it, and the next start begins anew.
    demonstration.start()
    demonstration.wait_for_step("people")
    left = [demonstration.preparing(), *demonstration.children("web"), *demonstration.children("worker")]
    demonstration.stop(signal.SIGKILL)
    wait_for(lambda: not any(map(process_is_alive, left)), what="children gone with their supervisor")
    assert demonstration.state == "preparing"

    # Web and worker come back, and preparing goes on. The process that prepares: told, and the next start begins anew.
    demonstration.start()
    for name in ("web", "worker"):
        before = demonstration.children(name)[0]
        os.kill(before, signal.SIGKILL)
        wait_for(lambda b=before, n=name: (demonstration.children(n) or [b])[0] != b, what=f"{name} again")
    demonstration.wait_for_step("history-2")
    os.kill(demonstration.preparing(), signal.SIGKILL)
    assert demonstration.process is not None
    assert demonstration.process.wait(PATIENCE_SECONDS) == 1, demonstration.said()
    assert demonstration.state == "preparing"
    assert demonstration.cluster.pid() is None

    demonstration.start()
    demonstration.wait_until_prepared()
    wait_for(lambda: demonstration.get("/readyz")[0] == 200, what="ready again")
    _assert_whole(demonstration)

    # A second one on the same folder is refused, also to make it anew; what runs goes on.
    for options in (["demo"], ["demo", "--fresh"]):
        done = command(demonstration.own, *options, "--port", "1", **SCALE)
        assert done.returncode == 1
        assert demonstration.address in done.stderr
    _assert_whole(demonstration)

    # Killed while it is emptied for a new one, it is made anew all the same.
    assert demonstration.stop() == 0
    removed = demonstration.folder.cluster.with_name("postgres.old")
    demonstration.folder.cluster.rename(removed)
    (demonstration.data / "demonstration.json").write_text('{"state": "preparing"}')
    demonstration.start()
    assert not removed.exists()
    assert demonstration.one("SELECT count(*) FROM report") == 0


def test_it_listens_on_this_machine_only_and_leaves_ones_own_alone() -> None:
    own = new_data_folder()
    try:
        for more in ([], ["--fresh"]):
            done = command(own, "demo", "--host", "0.0.0.0", *more)
            assert done.returncode == 1
            assert "127.0.0.1" in done.stderr
        done = command(own, "demo", YUNHENG_DATABASE_URL="postgresql://me@db/mine")
        assert done.returncode == 1
        assert "YUNHENG_DATABASE_URL" in done.stderr
        done = command(own, "demo", YUNHENG_DEMO_SCALE="2")
        assert done.returncode == 1
        assert "YUNHENG_DEMO_SCALE" in done.stderr
        assert not Path(f"{own}-demo").exists()
        assert not (own / "postgres").exists()

        # A folder of one's own in the demonstration's place: left as it is, whatever is asked.
        theirs = Path(f"{own}-demo")
        (theirs / "postgres").mkdir(parents=True)
        (theirs / "postgres" / "PG_VERSION").write_text("18\n")
        for more in ([], ["--fresh"]):
            done = command(own, "demo", "--port", str(free_port()), *more)
            assert done.returncode == 1
            assert "left as it is" in done.stderr
            assert (theirs / "postgres" / "PG_VERSION").read_text() == "18\n"
            assert not (theirs / "demonstration.json").exists()
    finally:
        shutil.rmtree(own, ignore_errors=True)
        shutil.rmtree(f"{own}-demo", ignore_errors=True)
