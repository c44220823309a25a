"""The embedded PostgreSQL: started when needed, left as found, adopted after a kill, closed to everybody else."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.supervisor.running import environment, new_data_folder, process_is_alive, wait_for

from yunheng.foundation.supervisor.account import service_account
from yunheng.foundation.supervisor.embedded import borrow
from yunheng.foundation.supervisor.folder import DataFolder, find_data_folder
from yunheng.foundation.supervisor.lease import FileLock
from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.foundation.supervisor.postgres import Cluster

BORROWER = """
import sys, time
from yunheng.foundation.supervisor.embedded import borrow
from yunheng.foundation.supervisor.folder import find_data_folder
with borrow(find_data_folder(), is_durable=False) as embedded:
    print(embedded.cluster.pid(), flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def made_once() -> Iterator[DataFolder]:
    """A data folder with a cluster in it, for copying: initdb is the slow part."""
    path = new_data_folder()
    made = DataFolder(path, service_account(path), path)
    with borrow(made, is_durable=False):
        pass
    yield made
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def new_folder() -> Iterator[DataFolder]:
    """A data folder without a cluster."""
    path = new_data_folder()
    yield DataFolder(path, service_account(path), path)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def folder(made_once: DataFolder, new_folder: DataFolder) -> DataFolder:
    """A data folder with a cluster that was stopped properly."""
    for name in ("postgres", "database.json"):
        subprocess.run(["cp", "-a", str(made_once.path / name), str(new_folder.path / name)], check=True)
    return new_folder


def _borrower(folder: DataFolder) -> tuple["subprocess.Popen[str]", int]:
    process = subprocess.Popen(
        [sys.executable, "-c", BORROWER], env=environment(folder.path), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_the_last_one_to_leave_stops_the_server(folder: DataFolder) -> None:
    with borrow(folder, is_durable=False) as first:
        pid = first.cluster.pid()
        assert pid is not None
        with borrow(folder, is_durable=False) as second:
            assert second.cluster.pid() == pid
        assert first.cluster.pid() == pid
    assert first.cluster.pid() is None
    wait_for(lambda: not process_is_alive(pid), what="the server's end")


def test_a_server_that_outlived_its_killed_user_is_adopted_and_stopped(folder: DataFolder) -> None:
    process, pid = _borrower(folder)
    process.kill()
    process.wait()
    assert process_is_alive(pid)
    with borrow(folder, is_durable=False) as embedded:
        assert embedded.cluster.pid() == pid
        with embedded.cluster.connect("yunheng_app") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    wait_for(lambda: not process_is_alive(pid), what="the server's end")


def test_a_server_that_another_process_uses_is_left_running(folder: DataFolder) -> None:
    process, pid = _borrower(folder)
    with borrow(folder, is_durable=False):
        pass
    assert process_is_alive(pid)
    process.kill()
    process.wait()
    with borrow(folder, is_durable=False):
        pass
    wait_for(lambda: not process_is_alive(pid), what="the server's end")


def test_a_killed_server_is_revived_with_what_was_committed(folder: DataFolder) -> None:
    with borrow(folder) as embedded:
        with embedded.cluster.connect("yunheng_owner") as connection:
            connection.execute("CREATE TABLE kept (a int)")
            connection.execute("INSERT INTO kept VALUES (1)")
        assert not embedded.revive()
        pid = embedded.cluster.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not process_is_alive(pid))
        assert embedded.revive()
        with embedded.cluster.connect("yunheng_app") as connection:
            assert connection.execute("SELECT a FROM kept").fetchone() == (1,)


def test_whoever_is_asked_to_stop_waits_no_longer(folder: DataFolder) -> None:
    with pytest.raises(SupervisorError, match="does not answer"):
        Cluster(folder, Path("/nowhere")).wait_ready(lambda: True)
    folder.prepare()
    with (
        FileLock(folder.run / "gate", folder.account),
        pytest.raises(SupervisorError, match="Asked to stop"),
        borrow(folder, is_given_up=lambda: True),
    ):
        pass
    with borrow(folder, is_durable=False) as embedded:
        assert embedded.cluster.pid() is not None


def test_a_pid_file_that_names_a_stranger_is_stale(folder: DataFolder) -> None:
    stranger = subprocess.Popen(["/bin/sleep", "60"])
    (folder.cluster / "postmaster.pid").write_text(f"{stranger.pid}\n{folder.cluster}\n")
    try:
        with borrow(folder, is_durable=False) as embedded:
            assert embedded.cluster.pid() not in {None, stranger.pid}
    finally:
        stranger.kill()
        stranger.wait()


def test_only_the_owner_reaches_the_server(folder: DataFolder) -> None:
    with borrow(folder, is_durable=False) as embedded:
        for private in (folder.path, folder.socket, folder.keys, folder.cluster):
            assert stat.S_IMODE(private.stat().st_mode) == 0o700, private
        assert stat.S_IMODE((folder.path / "database.json").stat().st_mode) == 0o600
        with embedded.cluster.connect("yunheng_app") as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        wrong = re.sub(r":[^:@/]+@", ":wrong@", embedded.app_url)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


def test_the_application_role_owns_nothing(folder: DataFolder) -> None:
    with borrow(folder, is_durable=False) as embedded:
        with embedded.cluster.connect("yunheng_owner") as owner:
            owner.execute("CREATE TABLE things (id bigserial, a int)")
        with embedded.cluster.connect("yunheng_app") as app:
            app.execute("INSERT INTO things (a) VALUES (1)")
            rights = "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls FROM pg_roles"
            assert app.execute(f"{rights} WHERE rolname = current_user").fetchone() == (False,)
            for refused in (
                "TRUNCATE things",
                "DROP TABLE things",
                "CREATE TABLE mine ()",
                "CREATE SCHEMA mine",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute(refused)


def test_chinese_is_folded_and_sorted_without_locales_of_the_machine(folder: DataFolder) -> None:
    with borrow(folder, is_durable=False) as embedded, embedded.cluster.connect("yunheng_app") as app:
        assert app.execute("SELECT upper('é运'), '运' < '衡' COLLATE \"C\"").fetchone() == ("É运", False)


def test_a_socket_folder_beyond_the_kernels_limit_is_replaced_by_a_short_private_one(
    folder: DataFolder,
) -> None:
    deep = folder.path / ("d" * 100)
    long = DataFolder(deep, folder.account, deep)
    long.prepare()
    for name in ("postgres", "database.json"):
        (folder.path / name).rename(deep / name)
    assert len(os.fsencode(long.socket)) < 80
    with borrow(long, is_durable=False) as embedded, embedded.cluster.connect("yunheng_app") as app:
        assert app.execute("SELECT 1").fetchone() == (1,)
    assert stat.S_IMODE(long.socket.stat().st_mode) == 0o700
    long.socket.chmod(0o755)
    with pytest.raises(SupervisorError, match="0700"):
        long.prepare()
    shutil.rmtree(long.socket)


def test_lost_passwords_are_told(folder: DataFolder) -> None:
    (folder.path / "database.json").unlink()
    with pytest.raises(SupervisorError, match=r"database\.json"), borrow(folder, is_durable=False):
        pass


def test_a_cluster_of_another_major_is_told(folder: DataFolder) -> None:
    (folder.cluster / "PG_VERSION").write_text("15\n")
    with pytest.raises(SupervisorError, match="PostgreSQL 15"), borrow(folder, is_durable=False):
        pass


def test_an_initdb_that_was_cut_off_is_done_again(new_folder: DataFolder) -> None:
    unfinished = new_folder.path / "postgres.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with borrow(new_folder, is_durable=False) as embedded:
        assert embedded.cluster.pid() is not None


def test_a_file_in_place_of_the_data_folder_is_told(folder: DataFolder) -> None:
    occupied = folder.path / "file"
    occupied.write_text("")
    with pytest.raises(SupervisorError, match="YUNHENG_DATA"):
        DataFolder(occupied, folder.account, occupied).prepare()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the service's user cannot reach")
def test_as_root_an_unreachable_data_folder_is_moved_and_parents_stay_closed(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = Path(tempfile.mkdtemp(prefix="yunheng-closed-", dir="/root"))
    try:
        monkeypatch.setenv("YUNHENG_DATA", str(closed / "data"))
        found = find_data_folder()
        assert found.is_moved
        assert found.path.is_relative_to("/var/lib/yunheng")
        assert found.account.uid != 0
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        monkeypatch.setenv("YUNHENG_DATA", str(folder.path))
        assert not find_data_folder().is_moved
    finally:
        closed.rmdir()
