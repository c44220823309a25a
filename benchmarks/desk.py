"""The desk over HTTP: a real `yunheng up` with many tickets, worked on through the API and read as pages.

Tickets are cloned set-wise (cloning, stories), every client keeps one connection alive and has a token of its own;
pages are read with the session of somebody who signed in. Clients and server share the machine. Sizes come from
YUNHENG_BENCH_TICKETS; without it they are 10,000, 100,000 and a million, which takes about twelve minutes.

Beside the time stands the processors' own: of the web processes, and of the whole system (worker and database with it),
for each call. It says what another machine would take, and what the load of this one added.
"""

import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
from tests.supervisor.running import Up, environment, new_data_folder

from benchmarks.asking import Browser, Caller, p95
from benchmarks.measuring import row

SIZES = tuple(
    int(size) for size in os.environ.get("YUNHENG_BENCH_TICKETS", "10000,100000,1000000").split(",")
)
ROUNDS = int(os.environ.get("YUNHENG_BENCH_ROUNDS", "40"))
TICK = os.sysconf("SC_CLK_TCK")
CLIENTS = 8
#: Clients, and lives through which each takes a ticket in a sitting; after each life a cloned ticket waits once.
LIVES = {1: 16, CLIENTS: 4}
#: Each with new connections: which web process they fall to is chance.
SITTINGS = 4
OLD = 480  #: cloned tickets that wait in turn, each once or twice: with every wait a ticket's clocks have more to read

LIFE: tuple[tuple[str, dict[str, str]], ...] = (
    ("accept", {}),
    ("assign", {"team": "second-line", "assignee": "ken"}),
    ("start", {}),
    ("wait_for_client", {"note": "请客户确认可中断 5 分钟进行更换。"}),
    ("resume", {}),
    ("resolve", {"resolution": "更换故障光模块,端口恢复。", "cause": "hardware", "line": "second"}),
)
NEW = {
    "kind": "incident",
    "title": "核心交换机端口闪断,产线间歇性断连",
    "description": "A3 机柜核心交换机 1/0/24 口每隔数分钟闪断一次。",
    "service": "server",
    "impact": "low",
    "urgency": "low",
    "channel": "phone",
}

#: What a list offers, and combinations that nobody prepared an index for.
OFFERED = {
    "newest": "",
    "open by due": "state=open&order=due",
    "open by priority": "state=open&order=priority",
    "one state": "state=waiting_client",
    "closed": "state=closed",
    "priority P1": "priority=P1",
    "a team": "state=open&team={team}",
    "mine": "state=open&assignee=me",
    "breached": "state=open&due=breached",
    "rare service": "service=line-control",
    "word in a tenth": "text=端口",
    "two words": "text=端口 磁盘",
    "rare word": "text={rare}",
    "word that none has": "text=紫外线",
    "word in all": "text=故障",
}
FREE = {
    "word in all, rare channel": "text=故障&channel=fax",
    "kind, P1, channel, word": "kind=service_request&priority=P1&channel=fax&text=端口",
    "requester, word, P1": "requester=王海波&text=端口&priority=P1",
    "rare service, team, closed, word": "service=line-control&team={team}&state=closed&text=端口",
    "word in all, by due": "text=故障&order=due",
}


def run() -> list[dict[str, Any]]:
    """Rows of the table for each size, and the ratios of the largest to the smallest."""
    rows: list[dict[str, Any]] = []
    by_size = {}
    for size in SIZES:
        with desk_with(size) as (up, world):
            by_size[size] = measure(up, world, size)
            rows += by_size[size]
    return rows + _ratios(by_size)


class desk_with:  # noqa: N801 - a context manager
    """`yunheng up` on a new data folder with so many tickets; removed afterwards."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._up = Up(new_data_folder())

    def __enter__(self) -> tuple[Up, dict[str, Any]]:
        try:
            self._up.start(seconds=300)
            return self._up, prepare(self._up, self._size)
        except BaseException:
            self._up.clean()
            raise

    def __exit__(self, *_raised: object) -> None:
        self._up.clean()


def prepare(up: Up, size: int) -> dict[str, Any]:
    """Contracts, people and tickets, made in a process of its own; gives tokens and numbers to work with."""
    began = time.perf_counter()
    with psycopg.connect(up.url("superuser"), autocommit=True) as superuser:
        for name, value in _WHILE_FILLED.items():
            superuser.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        superuser.execute("SELECT pg_reload_conf()")
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.desk", str(size)],
            env=environment(
                up.data,
                YUNHENG_DATABASE_URL=up.url("app"),
                YUNHENG_BENCH_SUPERUSER=up.url("superuser"),
                DJANGO_SETTINGS_MODULE="yunheng.site.settings",
            ),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        for name in _WHILE_FILLED:
            superuser.execute(f"ALTER SYSTEM RESET {name}")
        superuser.execute("SELECT pg_reload_conf()")
        superuser.execute("ANALYZE")
        superuser.execute("CHECKPOINT")  # with fsync again, and all of it
        os.sync()  # is on the disk
        assert superuser.execute("SHOW fsync").fetchone() == ("on",)
    world: dict[str, Any] = json.loads(done.stdout)
    world["seconds"] = time.perf_counter() - began
    return world


#: Of a database that is filled once and thrown away; what is measured runs with the settings of the product.
_WHILE_FILLED = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "6GB", "autovacuum": "off"}


def measure(up: Up, world: dict[str, Any], size: int) -> list[dict[str, Any]]:
    """Every figure at one size."""
    chance = random.Random(7)
    rows: list[dict[str, Any]] = []

    def tell(name: str, taken: Sequence[float], note: str) -> None:
        text = f"p50 {statistics.median(taken):.1f}; n {len(taken)}; {note}".rstrip("; ")
        rows.append(row(f"{size:,}: {name}", p95(taken), "ms p95", text))
        print(f"{rows[-1]['name']:58} {rows[-1]['value']:8.1f} ms  {text}", file=sys.stderr, flush=True)

    print(f"{size:,} tickets, made in {world['seconds']:.0f} s", file=sys.stderr, flush=True)
    with psycopg.connect(up.url("owner")) as owner:
        [(worked,)] = owner.execute("SELECT count(*) FROM entry")  # type: ignore[misc]
    rows.append(row(f"{size:,}: making the tickets", world["seconds"], "s", f"{worked:,} entries", digits=0))

    # Every web process fills its caches, and each of its connections prepares its statements, before anything is
    # measured: as after some minutes of a day.
    old = itertools.cycle(world["old"])
    for _sitting in range(2):
        _all_at_once(_agents(up, world, CLIENTS, old))
    for count, budget in ((1, 25), (CLIENTS, 60)):
        agents: list[_Agent] = []
        began, worked_before = time.perf_counter(), _worked(up)
        for _sitting in range(SITTINGS):
            these = _agents(up, world, count, old)
            _all_at_once(these)
            agents += these
        duration = time.perf_counter() - began
        who = "1 client" if count == 1 else f"{count} clients"
        moves = [taken for agent in agents for taken in agent.moves]
        rate = f"{sum(len(agent.every) for agent in agents) / duration:.0f} requests/s in all"
        tell(f"transition, {who}", moves, f"goal < {budget}; {rate}")
        calls = sum(len(agent.every) for agent in agents)
        web, system = (
            (after - before) * 1000 / calls for before, after in zip(worked_before, _worked(up), strict=True)
        )
        note = f"of processors for a call of these clients, {system:.1f} with worker and database"
        rows.append(row(f"{size:,}: web, {who}", web, "ms CPU", note))
        print(f"{rows[-1]['name']:58} {web:8.1f} ms  {note}", file=sys.stderr, flush=True)
        tell(f"create, {who}", [taken for agent in agents for taken in agent.creates], "")
        tell(f"reply, {who}", [taken for agent in agents for taken in agent.replies], "")

    api = Caller(up.port, world["tokens"][0])
    listed = "/tickets?state=open&order=due&limit=50"
    tell("API: 50 open by due, 1 client", _timed(lambda: api.ask("GET", listed), ROUNDS), "goal < 100")
    numbers = world["seen"]
    tell(
        "API: a ticket, 1 client",
        _timed(lambda: api.ask("GET", f"/tickets/{chance.choice(numbers)}"), ROUNDS),
        "",
    )

    browser = Browser(up.port)
    browser.sign_in(world["login"], world["password"])

    def page(path: str) -> Callable[[], object]:
        return lambda: browser.get(path, fine=(200, 400, 422))

    for kind, goal, wanted in (("offered", 100, OFFERED), ("free", 400, FREE)):
        for name, query in wanted.items():
            path = "/tickets?" + query.format(team=world["team"], rare=world["rare"])
            page(path)()
            taken = _timed(page(path), ROUNDS // 2 if kind == "free" else ROUNDS)
            tell(f"list page, {name}", taken, f"goal < {goal}{browser.said}")
    tell("ticket page", _timed(lambda: browser.get(f"/tickets/{chance.choice(numbers)}"), ROUNDS), "")
    tell("workbench", _timed(page("/workbench"), ROUNDS // 2), "")
    browsers = [Browser(up.port, browser.cookie) for _ in range(CLIENTS)]
    for name, path in (("list page, open by due", "/tickets?state=open&order=due"), ("ticket page", "")):
        taken = [one for reader in _read_at_once(browsers, path, numbers) for one in reader]
        tell(f"{name}, {CLIENTS} clients", taken, "")
    return rows


class _Agent(threading.Thread):
    """Opens tickets and takes each through its life; lets an old one wait after each, and resumes it. Keeps what each
    call took.
    """

    def __init__(self, port: int, world: dict[str, Any], place: int, old: Iterator[str], lives: int) -> None:
        super().__init__(daemon=True)
        self._caller = Caller(port, world["tokens"][place])
        self._contract, self._old, self._lives = world["contract"], old, lives
        self.moves: list[float] = []
        self.creates: list[float] = []
        self.replies: list[float] = []
        self.failure: Exception | None = None

    @property
    def every(self) -> list[float]:
        """Of all calls."""
        return self.moves + self.creates + self.replies

    def run(self) -> None:
        """All of it once."""
        try:
            for _life in range(self._lives):
                self._live()
                old = next(self._old)
                self._move(old, "wait_for_client", {"note": "请客户确认。"})
                self._move(old, "resume", {})
        except Exception as error:
            self.failure = error

    def _live(self) -> None:
        opened = self._ask(self.creates, f"/contracts/{self._contract}/tickets", NEW)
        for transition, form in LIFE:
            self._move(opened["number"], transition, form)
            if transition == "start":
                self._ask(self.replies, f"/tickets/{opened['number']}/replies", {"text": "已定位,准备更换。"})

    def _move(self, number: str, transition: str, form: dict[str, str]) -> None:
        self._ask(self.moves, f"/tickets/{number}/transitions", {"transition": transition, "form": form})

    def _ask(self, kept: list[float], path: str, body: object) -> Any:
        began = time.perf_counter()
        answer = self._caller.ask("POST", path, body)
        kept.append((time.perf_counter() - began) * 1000)
        return answer


def _agents(up: Up, world: dict[str, Any], count: int, old: Iterator[str]) -> list[_Agent]:
    """So many clients, who take the old tickets in turn."""
    return [_Agent(up.port, world, place, old, LIVES[count]) for place in range(count)]


def _worked(up: Up) -> tuple[float, float]:
    """Seconds of processors that the web processes took until now, and those of the whole system."""
    web = up.children("web")
    every = {*web, *up.children("worker")}
    database = up.cluster.pid()
    if database is not None:
        every |= {database, *(int(pid) for pid in _children(database))}
    return sum(map(_seconds_of, web)), sum(map(_seconds_of, every))


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _seconds_of(pid: int) -> float:
    """Of a process and of its children that ended and were waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) / TICK


def _all_at_once(agents: Sequence[_Agent]) -> None:
    for agent in agents:
        agent.start()
    for agent in agents:
        agent.join()
    for agent in agents:
        if agent.failure is not None:
            raise agent.failure


def _read_at_once(browsers: Sequence[Browser], path: str, numbers: Sequence[str]) -> Iterator[list[float]]:
    taken: list[list[float]] = [[] for _ in browsers]

    def read(place: int) -> None:
        chance = random.Random(place)
        for _ in range(ROUNDS // 2):
            wanted = path or f"/tickets/{chance.choice(numbers)}"
            taken[place] += _timed(lambda: browsers[place].get(wanted), 1)  # noqa: B023 - called at once

    readers = [threading.Thread(target=read, args=[place], daemon=True) for place in range(len(browsers))]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    yield from taken


def _timed(work: Callable[[], object], rounds: int) -> list[float]:
    taken = []
    for _round in range(rounds):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _ratios(by_size: dict[int, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """p95 at the largest size to that at the smallest, for what writes."""
    small, large = min(by_size), max(by_size)
    if small == large:
        return []
    found = []
    for first, last in zip(by_size[small], by_size[large], strict=True):
        name = first["name"].split(": ", 1)[1]
        if "transition" in name:
            ratio = last["value"] / first["value"]
            note = "p95; goal ≤ 1.3"
            found.append(row(f"{name}: {large:,} to {small:,}", ratio, "×", note, digits=2))
    return found


def _fill(size: int, superuser: str) -> None:
    import django

    django.setup()
    from tests.pages.world import PASSWORD, build_world

    from benchmarks.cloning import clone
    from benchmarks.stories import clone_stories
    from yunheng.accounts.actions import create_person, create_token, grant_membership
    from yunheng.accounts.models import Team
    from yunheng.accounts.queries import organisation_by_key, viewer_for_person
    from yunheng.desk.models import Ticket
    from yunheng.foundation.access import SYSTEM_VIEWER
    from yunheng.foundation.models import Scope

    world = build_world()
    clone(SimpleNamespace(superuser_url=superuser), size)
    clone_stories(superuser)
    agent = create_person(
        viewer=SYSTEM_VIEWER,
        login="agent",
        name="坐席",
        organisation=organisation_by_key("provider"),
        password=PASSWORD,
    )
    for scope in Scope.objects.all():
        for role in ("desk_agent", "engineer"):
            grant_membership(viewer=SYSTEM_VIEWER, person=agent, role=role, scope=scope)
    team = Team.objects.get(key="second-line")
    team.people.add(agent)
    viewer = viewer_for_person(agent)
    cloned = Ticket.objects.filter(title__contains="号机房").order_by("?")
    old = cloned.filter(state="in_progress", moved_at__lt=_hours_ago(3))
    print(
        json.dumps(
            {
                "contract": world.key,
                "login": agent.login,
                "password": PASSWORD,
                "team": str(team.uuid),
                "rare": str(size // 2),
                "tokens": [
                    create_token(
                        viewer=viewer, person=agent, name=f"bench {n}", scopes=("read", "write")
                    ).secret
                    for n in range(CLIENTS)
                ],
                "old": list(old.values_list("number", flat=True)[:OLD]),
                "seen": list(cloned.values_list("number", flat=True)[:200]),
            }
        )
    )


def _hours_ago(hours: int) -> Any:
    from datetime import UTC, datetime, timedelta

    return datetime.now(UTC) - timedelta(hours=hours)


if __name__ == "__main__":
    _fill(int(sys.argv[1]), os.environ["YUNHENG_BENCH_SUPERUSER"])
