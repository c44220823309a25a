"""Request Tracker 5 from Debian and Yunheng, side by side: the same operations, ticket counts and clients in one run.

`make bench-peers`. RT stands on a PostgreSQL cluster of its own in a temporary folder, with Starman and 4 workers, as
Debian ships it (stock scrips, mail to a file); nothing of it runs afterwards, its packages stay installed. RT is asked
with a session cookie (a token costs it a bcrypt on every request), Yunheng with a token. A new connection per request
for both. Root is needed: for apt, and to run each server as its own user.
"""

import argparse
import http.client
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import psycopg
from tests.supervisor.running import free_port, wait_for

from benchmarks.asking import Browser, p95
from benchmarks.desk import NEW, desk_with

PACKAGES: Final = (
    *("request-tracker5", "rt5-db-postgresql", "rt5-standalone", "starman", "libfcgi-perl", "postgresql"),
    "msmtp-mta",  # a mailer that is no service
)
ANSWERS: Final = ("dbconfig-install", "webserver-setup", "install-cronjobs")
LIBEXEC: Final = Path("/usr/share/request-tracker5/libexec")
WORKERS: Final = 4
CLIENTS: Final = (1, 8)
OPEN_SHARE: Final = 0.1
FIELDS: Final = "Subject,Status,Queue,Owner,Due,Priority,Created,LastUpdated"
OPEN: Final = "Status = '__Active__'"

Ask = Callable[[random.Random], object]


def main() -> int:
    """Measure both at each size and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.request_tracker", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[1_500, 10_000], metavar="TICKETS")
    parser.add_argument(
        "--rounds", type=int, default=30, help="requests of each client (default %(default)s)"
    )
    args = parser.parse_args()
    if os.geteuid() != 0:
        print(
            "This installs Request Tracker with apt and runs servers as users of their own: run it as root."
        )
        return 1
    if not _install():
        return 1
    for size in args.sizes:
        with request_tracker(size) as theirs, _yunheng(size) as ours:
            print(f"\n{size:,} tickets; load {os.getloadavg()[0]:.1f}; ms p50 / p95", flush=True)
            print(f"{'operation':<32}{'Request Tracker':>20}{'Yunheng':>20}{'p50 ×':>8}{'p95 ×':>8}")
            for name in ours:
                for clients in CLIENTS:
                    _compare(name, clients, theirs[name], ours[name], args.rounds)
    return 0


def _compare(name: str, clients: int, theirs: Ask, ours: Ask, rounds: int) -> None:
    each = max(4, rounds // (2 if clients > 1 else 1))
    found = [_taken(ask, clients, each) for ask in (theirs, ours)]
    shown = [f"{statistics.median(one):,.0f} / {p95(one):,.0f}" for one in found]
    ratios = [of(found[0]) / of(found[1]) for of in (statistics.median, p95)]
    who = f"{name}, {clients} client{'s' if clients > 1 else ''}"
    print(f"{who:<32}{shown[0]:>20}{shown[1]:>20}{ratios[0]:>8.1f}{ratios[1]:>8.1f}", flush=True)


def _taken(ask: Ask, clients: int, rounds: int) -> list[float]:
    taken: list[float] = []
    failures: list[Exception] = []
    ask(random.Random(99))  # the first one fills caches

    def work(place: int) -> None:
        chance = random.Random(place)
        try:
            for _ in range(rounds):
                began = time.perf_counter()
                ask(chance)
                taken.append((time.perf_counter() - began) * 1000)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=[place], daemon=True) for place in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return taken


class _Circle:
    """Tickets in turn, each with the change that leads it on from where it stands; no two clients share one."""

    def __init__(self, items: Sequence[Any], changes: Sequence[Any]) -> None:
        self._waiting = [(item, 0) for item in items]
        self._changes = changes
        self._lock = threading.Lock()

    @contextmanager
    def next(self) -> Iterator[tuple[Any, Any]]:
        """A ticket and its change; afterwards it waits for its next turn."""
        with self._lock:
            item, step = self._waiting.pop(0)
        yield item, self._changes[step % len(self._changes)]
        with self._lock:
            self._waiting.append((item, step + 1))


# --- Yunheng


@contextmanager
def _yunheng(size: int) -> Iterator[dict[str, Ask]]:
    with desk_with(size) as (up, world):
        headers = {"Authorization": f"Bearer {world['tokens'][0]}", "Content-Type": "application/json"}
        browser = Browser(up.port)
        browser.sign_in(world["login"], world["password"])
        session = {"Cookie": browser.cookie}

        def api(method: str, path: str, body: object = None) -> Any:
            return json.loads(_ask(up.port, method, f"/api/v1{path}", headers, body))

        def create(_chance: random.Random) -> str:
            return str(api("POST", f"/contracts/{world['contract']}/tickets", NEW)["number"])

        made = [create(random.Random()) for _ in range(20)]
        for number in made:
            api("POST", f"/tickets/{number}/transitions", {"transition": "accept", "form": {}})
        circle = _Circle(
            made,
            [
                {"transition": "wait_for_client", "form": {"note": "请客户确认。"}},
                {"transition": "resume", "form": {}},
            ],
        )

        def change(_chance: random.Random) -> None:
            with circle.next() as (number, body):
                api("POST", f"/tickets/{number}/transitions", body)

        def listed(_chance: random.Random) -> None:
            assert len(api("GET", "/tickets?state=open&order=due&limit=50")["items"]) == 50

        yield {
            "create": create,
            "change of status": change,
            "list by due, API": listed,
            "list by due, page": lambda _chance: _ask(
                up.port, "GET", "/tickets?state=open&order=due", session
            ),
            "ticket page": lambda chance: _ask(
                up.port, "GET", f"/tickets/{chance.choice(world['seen'])}", session
            ),
        }


# --- Request Tracker


def _install() -> bool:
    """The packages, with questions answered beforehand and no service started. False says why not."""
    if LIBEXEC.exists() and shutil.which("starman") and shutil.which("runuser"):
        return True
    if shutil.which("apt-get") is None:
        print("Request Tracker is installed with apt, which this system does not have.")
        return False
    print(f"Installing {' '.join(PACKAGES)} ...", flush=True)
    answers = "".join(f"request-tracker5 request-tracker5/{name} boolean false\n" for name in ANSWERS)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command, given in (
        (["debconf-set-selections"], answers),
        (["apt-get", "update", "-qq"], None),
        (["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES], None),
    ):
        done = subprocess.run(
            command, input=given, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"{' '.join(command[:2])} failed:\n{done.stderr.strip()[-1500:]}")
            return False
    return True


@contextmanager
def request_tracker(size: int) -> Iterator[dict[str, Ask]]:
    """RT with so many tickets, a tenth of them open and due; what can be asked of it."""
    folder = Path(tempfile.mkdtemp(prefix="rt-bench-"))
    folder.chmod(0o755)
    database, port = free_port(), free_port()
    web: subprocess.Popen[bytes] | None = None
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]
    data = folder / "postgres"
    data.mkdir()
    shutil.chown(data, "postgres", "postgres")
    _run(
        "postgres",
        [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
    )
    options = f"-p {database} -c listen_addresses=127.0.0.1 -k {data}"
    try:
        _run(
            "postgres",
            [str(programs / "pg_ctl"), "-D", str(data), "-o", options, "-l", f"{data}/log", "-w", "start"],
        )
        environment = _configure(folder, database, port)
        _run(
            "root",
            ["rt-setup-database-5", "--action", "init", "--dba", "postgres", "--dba-password", "x"],
            environment,
        )
        log = (folder / "web.log").open("wb")
        web = subprocess.Popen(
            [
                *("runuser", "-u", "www-data", "--", str(LIBEXEC / "rt-server"), "--server", "Starman"),
                *("--port", str(port), "--workers", str(WORKERS)),
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
        )
        wait_for(lambda: _answers(port), seconds=120, what="Request Tracker")
        yield _operations(port, f"host=127.0.0.1 port={database} user=postgres dbname=rt5", size)
    finally:
        if web is not None:
            os.killpg(web.pid, signal.SIGTERM)
            web.wait(20)
        _run("postgres", [str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path, database: int, port: int) -> dict[str, str]:
    mail, mason = folder / "mail", folder / "mason"
    for place in (mail, mason):
        place.mkdir()
        shutil.chown(place, "www-data", "www-data")
    config = folder / "RT_SiteConfig.pm"
    config.write_text(
        f"""
Set($rtname, 'bench'); Set($Organization, 'bench.example'); Set($Timezone, 'Asia/Shanghai');
Set($DatabaseType, 'Pg'); Set($DatabaseHost, '127.0.0.1'); Set($DatabaseRTHost, '127.0.0.1');
Set($DatabasePort, '{database}'); Set($DatabaseUser, 'rtuser'); Set($DatabasePassword, 'bench');
Set($DatabaseName, 'rt5'); Set($DatabaseAdmin, 'postgres');
Set($WebDomain, '127.0.0.1'); Set($WebPort, {port}); Set($WebPath, ''); Set($WebSecureCookies, 0);
Set($MailCommand, 'testfile'); Set($MasonDataDir, '{mason}');
Set($LogToSyslog, undef); Set($LogToSTDERR, 'error');
1;
"""
    )
    (folder / "none").mkdir()
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("YUNHENG_")},
        "RT_SITE_CONFIG": str(config),
        "RT_SITE_CONFIG_DIR": str(folder / "none"),
        "TMPDIR": str(mail),
    }


def _operations(port: int, database: str, size: int) -> dict[str, Ask]:
    cookie = _sign_in(port)
    headers = {
        "Cookie": cookie,
        "Content-Type": "application/json",
        "Referer": f"http://127.0.0.1:{port}/",
    }

    def rest(method: str, path: str, body: object = None) -> Any:
        return json.loads(_ask(port, method, f"/REST/2.0{path}", headers, body))

    def create(_chance: random.Random) -> int:
        body = {
            "Queue": "General",
            "Subject": NEW["title"],
            "Content": NEW["description"],
            "ContentType": "text/plain",
            "Requestor": "asker@bench.example",
        }
        return int(rest("POST", "/ticket", body)["id"])

    made = [create(random.Random()) for _ in range(20)]
    for number in made:
        rest("PUT", f"/ticket/{number}", {"Status": "open"})
    seen = _clone(database, made[0], size)
    circle = _Circle(made, [{"Status": "stalled"}, {"Status": "open"}])

    def change(_chance: random.Random) -> None:
        with circle.next() as (number, body):
            told = rest("PUT", f"/ticket/{number}", body)
            assert "changed from" in told[0], told

    asked = {"query": OPEN, "orderby": "Due", "order": "ASC", "per_page": 50, "fields": FIELDS}
    listed = f"/tickets?{urlencode(asked)}"
    page = f"/Search/Results.html?{urlencode({'Query': OPEN, 'OrderBy': 'Due', 'Order': 'ASC', 'Rows': 50})}"

    def by_due(_chance: random.Random) -> None:
        assert len(rest("GET", listed)["items"]) == 50

    def shown(chance: random.Random) -> None:
        number = chance.choice(seen)
        assert f"#{number}".encode() in _ask(port, "GET", f"/Ticket/Display.html?id={number}", headers)

    return {
        "create": create,
        "change of status": change,
        "list by due, API": by_due,
        "list by due, page": lambda _chance: _ask(port, "GET", page, headers),
        "ticket page": shown,
    }


def _clone(database: str, like: int, size: int) -> list[int]:
    """Make `size` tickets of one, with role groups, their members and transactions; gives some of their numbers."""
    with psycopg.connect(database, autocommit=True) as server:
        columns = {
            table: [
                name
                for (name,) in server.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
                    " AND column_name <> 'id' ORDER BY ordinal_position",
                    [table],
                )
            ]
            for table in (
                "tickets",
                "groups",
                "principals",
                "groupmembers",
                "cachedgroupmembers",
                "transactions",
            )
        }

        def copied(table: str, source: str, new: dict[str, str], *, own_id: str = "") -> None:
            names = columns[table]
            values = ", ".join(new.get(name, f"o.{name}") for name in names)
            ids, first = ("id, ", f"{own_id}, ") if own_id else ("", "")
            server.execute(
                f"INSERT INTO {table} ({ids}{', '.join(names)}) SELECT {first}{values} FROM {source}"
            )

        server.execute(
            f"CREATE TABLE made AS SELECT nextval('tickets_id_seq') AS id, n FROM generate_series(1, {size}) n"
        )
        at = f"date_trunc('second', now() at time zone 'utc') - interval '1000 days' * (1 - m.n / {size}.0)"
        is_open = f"m.n > {size * (1 - OPEN_SHARE)}"
        copied(
            "tickets",
            f"tickets o, made m WHERE o.id = {like}",
            {
                "effectiveid": "m.id",
                "subject": "o.subject || ' ' || m.n",
                "status": f"CASE WHEN {is_open} THEN 'open' ELSE 'resolved' END",
                "created": at,
                "lastupdated": at,
                "due": "date_trunc('second', now() at time zone 'utc') + (m.n % 480) * interval '1 hour'",
            },
            own_id="m.id",
        )
        server.execute(
            "CREATE TABLE made_group AS SELECT nextval('principals_id_seq') AS id, g.id AS old, m.id AS ticket"
            f" FROM groups g, made m WHERE g.domain = 'RT::Ticket-Role' AND g.instance = {like}"
        )
        copied("principals", "principals o JOIN made_group m ON m.old = o.id", {}, own_id="m.id")
        copied(
            "groups", "groups o JOIN made_group m ON m.old = o.id", {"instance": "m.ticket"}, own_id="m.id"
        )
        copied("groupmembers", "groupmembers o JOIN made_group m ON m.old = o.groupid", {"groupid": "m.id"})
        copied(
            "cachedgroupmembers",
            "cachedgroupmembers o JOIN made_group m ON m.old = o.groupid",
            {
                "groupid": "m.id",
                "memberid": "CASE WHEN o.memberid = o.groupid THEN m.id ELSE o.memberid END",
                "immediateparentid": "CASE WHEN o.immediateparentid = o.groupid THEN m.id"
                " ELSE o.immediateparentid END",
                "via": "0",
            },
        )
        server.execute(
            "UPDATE cachedgroupmembers c SET via = c.id FROM made_group m WHERE c.groupid = m.id AND c.via = 0"
        )
        copied(
            "transactions",
            f"transactions o, made m WHERE o.objecttype = 'RT::Ticket' AND o.objectid = {like}",
            {"objectid": "m.id"},
        )
        server.execute("VACUUM ANALYZE")
        rows = server.execute("SELECT id FROM made ORDER BY random() LIMIT 200").fetchall()
        server.execute("DROP TABLE made, made_group")
    return [number for (number,) in rows]


def _sign_in(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request(
        "POST",
        "/NoAuth/Login.html",
        urlencode({"user": "root", "pass": "password", "next": ""}),
        {"Content-Type": "application/x-www-form-urlencoded", "Connection": "close"},
    )
    response = connection.getresponse()
    text = response.read()
    cookie = response.headers.get("Set-Cookie", "").split(";", 1)[0]
    if not cookie:
        raise RuntimeError(f"Request Tracker's sign-in: {response.status} {text[:500]!r}")
    return cookie


def _answers(port: int) -> bool:
    try:
        _ask(port, "GET", "/", {})
    except OSError:
        return False
    return True


# --- both


def _ask(port: int, method: str, path: str, headers: dict[str, str], body: object = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    sent = json.dumps(body) if body is not None else None
    connection.request(method, quote(path, safe="/?&=%+'"), sent, {**headers, "Connection": "close"})
    response = connection.getresponse()
    text = response.read()
    connection.close()
    if response.status not in {200, 201}:
        raise RuntimeError(f"{method} {path}: {response.status} {text[:500]!r}")
    return text


def _run(user: str, command: Sequence[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        ["runuser", "-u", user, "--", *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd="/",
        close_fds=True,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stdout[-3000:]}")


if __name__ == "__main__":
    sys.exit(main())
