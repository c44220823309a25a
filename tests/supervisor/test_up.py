"""`yunheng up`: ready when it says so, alone on its data, tended, and gone without a trace when asked."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from tests.supervisor.running import (
    PATIENCE_SECONDS,
    Up,
    command,
    new_data_folder,
    process_is_alive,
    wait_for,
)

from yunheng.foundation.supervisor.embedded import borrow
from yunheng.foundation.supervisor.lease import FileLock


@pytest.fixture(scope="module")
def running() -> Iterator[Up]:
    up = Up(new_data_folder())
    try:
        yield up.start()
    finally:
        up.clean()


def test_it_is_ready_when_it_says_so(running: Up) -> None:
    status, body = running.get("/readyz")
    assert (status, body["ready"]) == (200, True), body
    assert running.get("/healthz") == (200, {"alive": True})


def test_it_tells_how_to_create_the_first_administrator_and_has_no_default_password(running: Up) -> None:
    def is_told() -> bool:
        while not running._arrived.empty():
            running.lines.append(running._arrived.get())
        return "yunheng person create" in "".join(running.lines)

    wait_for(is_told, what="the first steps")
    with psycopg.connect(running.url("owner")) as connection:
        assert connection.execute("SELECT count(*) FROM person").fetchone() == (0,)


def test_static_files_are_served_with_long_caching(running: Up) -> None:
    import urllib.request

    with urllib.request.urlopen(running.address + "/static/django_htmx/htmx-2.min.js", timeout=60) as answer:
        assert answer.status == 200
        assert "max-age" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/api/v1/tickets/1/replies", "application/json", 401),
        ("/sign-in", "application/x-www-form-urlencoded", 403),
        ("/imports", "multipart/form-data; boundary=A", 403),
        ("/no-such-page", "application/octet-stream", 404),
    ],
)
def test_whoever_sends_much_in_vain_is_told_why(running: Up, path: str, kind: str, status: int) -> None:
    """And does not see a connection that breaks while it is still sending."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE_SECONDS)
    connection.request("POST", path, b"x" * 70_000_000, {"Content-Type": kind, "Authorization": "Bearer no"})
    answer = connection.getresponse()
    assert answer.status == status, answer.read()[:500]
    assert answer.read()
    connection.close()


def test_whoever_stops_sending_holds_up_nobody_else(running: Up) -> None:
    """More callers than the server has threads: each announces a body and sends none of it."""
    head = b"POST /no-such-page HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"
    with contextlib.ExitStack() as stack:
        callers = []
        for _number in range(40):
            caller = socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE_SECONDS)
            callers.append(stack.enter_context(caller))
            caller.sendall(head)
        assert running.get("/healthz") == (200, {"alive": True})
        callers[0].sendall(b"x" * 1000)
        assert callers[0].recv(12) == b"HTTP/1.1 404"


def test_it_speaks_no_http_2_which_nobody_in_front_of_it_needs(running: Up) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE_SECONDS) as caller:
        caller.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        assert caller.recv(12) in {b"", b"HTTP/1.1 400"}  # never a frame of settings


def test_every_request_has_an_id_that_its_log_line_carries(running: Up) -> None:
    import urllib.request

    request = urllib.request.Request(
        running.address + "/no-such-page", headers={"X-Request-ID": "test-4711-abcd"}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)
    assert caught.value.headers["X-Request-ID"] == "test-4711-abcd"
    log = running.folder.logs / "yunheng.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines() if "test-4711-abcd" in line]
    (row,) = [
        row for row in rows if row.get("request") == "test-4711-abcd" and row["logger"] == "yunheng.access"
    ]
    assert (row["status"], row["path"], row["process"]) == (404, "/no-such-page", "web")


def test_a_second_one_on_the_same_data_is_refused_with_process_and_address(running: Up) -> None:
    done = command(running.data, "up", "--port", "1")
    assert done.returncode == 1
    assert running.process is not None
    assert f"process {running.process.pid}" in done.stderr
    assert running.address in done.stderr
    assert running.get("/readyz")[0] == 200


def test_a_busy_port_is_told() -> None:
    data = new_data_folder()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = command(data, "up", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "--port" in done.stderr
    assert not (data / "postgres").exists()
    shutil.rmtree(data)


def test_asked_to_stop_while_it_waits_for_the_database_it_ends_well() -> None:
    up = Up(new_data_folder())
    try:
        up.folder.prepare()
        with FileLock(up.folder.run / "gate", up.folder.account):
            up.launch()
            lock = FileLock(up.folder.run / "up", up.folder.account)
            wait_for(lambda: '"pid"' in lock.read(), what="its lock")
            assert up.stop() == 0
    finally:
        up.clean()


def test_commands_use_the_running_database_and_leave_it_running(running: Up) -> None:
    pid = running.cluster.pid()
    assert command(running.data, "migrate").returncode == 0
    assert running.cluster.pid() == pid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can step down")
def test_as_root_nothing_that_stays_runs_as_root(running: Up) -> None:
    from pathlib import Path

    assert running.process is not None
    pids = [running.process.pid, *running.children("web"), *running.children("worker"), running.cluster.pid()]
    assert len(pids) >= 6
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in pids}
    assert owners == {running.folder.account.uid}
    assert 0 not in owners


def test_dead_children_come_back(running: Up) -> None:
    for name in ("web", "worker"):
        before = running.children(name)[0]
        os.kill(before, signal.SIGKILL)
        wait_for(lambda b=before, n=name: (running.children(n) or [b])[0] != b, what=f"{name} restarted")
    wait_for(lambda: running.get("/readyz")[0] == 200, what="ready again")


def test_readyz_names_the_database_when_it_is_gone_and_it_comes_back(running: Up) -> None:
    assert running.process is not None
    running.process.send_signal(signal.SIGSTOP)  # so that it does not mend things at once
    try:
        pid = running.cluster.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

        def is_told() -> bool:  # by each of the web's processes in its own time
            status, body = running.get("/readyz")
            return status == 503 and body["checks"]["database"]["ok"] is False  # type: ignore[index]

        wait_for(is_told, what="not ready, and why")
        assert running.get("/healthz")[0] == 200
    finally:
        running.process.send_signal(signal.SIGCONT)
    wait_for(lambda: running.get("/readyz")[0] == 200, what="ready again")


def test_a_change_of_this_version_is_applied_at_the_next_start(running: Up) -> None:
    running.stop()
    with borrow(running.folder) as embedded, embedded.cluster.connect("yunheng_owner") as owner:
        mark = owner.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'yunheng'"
        )
        assert str(mark.fetchone()).startswith("('yunheng ")
        owner.execute("COMMENT ON DATABASE yunheng IS 'yunheng of an older version'")
        assert owner.execute("DELETE FROM django_migrations WHERE app = 'sessions'").rowcount == 1
        owner.execute("DROP TABLE django_session")
    running.start()
    assert running.get("/readyz")[0] == 200


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_whatever_ends_it_nothing_stays_and_it_starts_again(running: Up, number: signal.Signals) -> None:
    """Runs last in this module: it stops what the others use."""
    pids = [*running.children("web"), *running.children("worker")]
    assert len(pids) >= 4
    status = running.stop(number)
    if number == signal.SIGKILL:
        assert status == -signal.SIGKILL
        wait_for(
            lambda: not any(map(process_is_alive, pids)),
            what="children gone with their supervisor",
        )
    else:
        assert status == 0
        assert not any(map(process_is_alive, pids))
        assert running.cluster.pid() is None
    running.start()
    assert running.get("/readyz")[0] == 200


def test_a_children_crash_at_start_is_told(running: Up) -> None:
    running.stop()
    from tests.supervisor.running import PROGRAM, environment, free_port

    broken = environment(
        running.data, YUNHENG_HOSTS="localhost", DJANGO_SETTINGS_MODULE="yunheng.no_such_settings"
    )
    done = subprocess.run(
        [*PROGRAM, "up", "--port", str(free_port())],
        env=broken,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "yunheng up:" in done.stderr
    assert running.cluster.pid() is None
