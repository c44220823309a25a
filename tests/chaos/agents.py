"""Agents who work one queue through the API of a running Yunheng, and remember what was acknowledged to them.

`python -m tests.chaos.agents prepare COUNT` makes the contract, people with tokens and a queue, and prints them as
JSON; `… check` compares every ticket with its journal and verifies the log.
"""

import http.client
import json
import random
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.supervisor.running import PATIENCE_SECONDS

CONTRACT = "queue"
IN_QUEUE = 60
HOT = 3  #: tickets that everybody writes to


@dataclass
class Answer:
    """Status and document of an answer; status 0: none came."""

    status: int
    body: Any


class Caller:
    """One keep-alive connection with one token."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: object = None, *, key: str = "") -> Answer:
        """One request; status 0 when the connection breaks before the whole answer was read."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            self._connection.request(
                method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers
            )
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._connection = None
            return Answer(0, None)
        try:
            return Answer(response.status, json.loads(text) if text else None)
        except ValueError:
            return Answer(response.status, text[:300])

    def insist(self, method: str, path: str, body: object, *, deadline: float) -> tuple[Answer, str]:
        """Ask under one key, over broken connections and servers that are away, until there is an answer."""
        key = str(uuid.uuid4())
        while True:
            answer = self.ask(method, path, body, key=key)
            if answer.status not in {0, 502, 503} or time.monotonic() > deadline:
                return answer, key
            time.sleep(0.05)


def new_ticket(title: str) -> dict[str, object]:
    """The body that opens a ticket."""
    return {
        "kind": "incident",
        "title": title,
        "service": "mail",
        "impact": "high",
        "urgency": "low",
        "channel": "api",
    }


@dataclass
class Told:
    """What was acknowledged to the agents, all together."""

    accepted: Counter[str] = field(default_factory=Counter)
    replies: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)  # writes that raise the row version
    opened: list[str] = field(default_factory=list)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def met(self) -> int:
        """How often somebody was faster."""
        return self.statuses["accept", 409] + self.statuses["classify", 409]

    def note(self, what: str, answer: Answer, *, fine: tuple[int, ...]) -> bool:
        """Count an answer; True when it says that the thing was done."""
        with self.lock:
            self.statuses[what, answer.status] += 1
            if answer.status not in (200, 201, *fine):
                self.wrong.append(f"{what}: {answer.status} {str(answer.body)[:300]}")
        return answer.status in {200, 201}


class Agent(threading.Thread):
    """Takes the oldest new ticket and works it a step; now and then opens one, or writes to a hot one."""

    def __init__(
        self, port: int, token: str, hot: list[str], told: Told, seed: int, is_over: Callable[[], bool]
    ) -> None:
        super().__init__(daemon=True)
        self._caller = Caller(port, token)
        self._hot, self._told, self._is_over = hot, told, is_over
        self._chance = random.Random(seed)

    def run(self) -> None:
        """Work until it is over."""
        while not self._is_over():
            self._chance.choices((self._take, self._write, self._change, self._open), (6, 3, 3, 2))[0]()

    def _take(self) -> None:
        listed = self._caller.ask("GET", f"/contracts/{CONTRACT}/tickets?state=new&limit=5")
        if not self._told.note("list", listed, fine=()) or not listed.body["items"]:
            return
        row = listed.body["items"][-1]
        number = row["number"]
        body = {"transition": "accept", "expected_version": row["row_version"]}
        if not self._told.note("accept", self._post(number, body), fine=(409,)):
            return
        with self._told.lock:
            self._told.accepted[number] += 1
            self._told.changes[number] += 1
        done = self._caller.ask(
            "POST", f"/tickets/{number}/transitions", {"transition": "resolve", "form": _RESOLVED}
        )
        if self._told.note("resolve", done, fine=(409,)):
            with self._told.lock:
                self._told.changes[number] += 1

    def _post(self, number: str, body: Mapping[str, object]) -> Answer:
        return self._caller.ask("POST", f"/tickets/{number}/transitions", body)

    def _write(self) -> None:
        number = self._chance.choice(self._hot)
        answer = self._caller.ask("POST", f"/tickets/{number}/replies", {"text": "进展同步。"})
        if self._told.note("reply", answer, fine=()):
            with self._told.lock:
                self._told.replies[number] += 1

    def _change(self) -> None:
        number = self._chance.choice(self._hot)
        seen = self._caller.ask("GET", f"/tickets/{number}")
        if not self._told.note("read", seen, fine=()):
            return
        body = {"ci": f"CI-{self._chance.randrange(10**9)}", "expected_version": seen.body["row_version"]}
        answer = self._caller.ask("POST", f"/tickets/{number}/classification", body)
        if self._told.note("classify", answer, fine=(409,)):
            with self._told.lock:
                self._told.changes[number] += 1

    def _open(self) -> None:
        answer = self._caller.ask("POST", f"/contracts/{CONTRACT}/tickets", new_ticket("排队"))
        if self._told.note("open", answer, fine=()):
            with self._told.lock:
                self._told.opened.append(answer.body["number"])


_RESOLVED = {"resolution": "已处理", "cause": "software", "line": "first"}


def _prepare(count: int) -> None:
    from tests.desk.ground import make_ground

    from yunheng.accounts.actions import create_person, create_token, grant_membership
    from yunheng.accounts.models import Organisation
    from yunheng.accounts.queries import viewer_for_person
    from yunheng.desk.actions import open_ticket
    from yunheng.foundation.access import SYSTEM_VIEWER
    from yunheng.foundation.models import Scope

    make_ground(CONTRACT)
    scope = Scope.objects.get(key=CONTRACT)
    provider = Organisation.objects.get(key="alpha")
    tokens = []
    for place in range(count):
        person = create_person(
            viewer=SYSTEM_VIEWER, login=f"agent-{place}", name=f"坐席 {place}", organisation=provider
        )
        grant_membership(viewer=SYSTEM_VIEWER, person=person, role="desk_agent", scope=scope)
        viewer = viewer_for_person(person)
        tokens.append(create_token(viewer=viewer, person=person, name="t", scopes=("read", "write")).secret)
    numbers = [
        open_ticket(viewer=SYSTEM_VIEWER, scope_id=scope.pk, **new_ticket("排队")).ticket.number  # type: ignore[arg-type]
        for _place in range(IN_QUEUE + HOT)
    ]
    from yunheng.desk.actions import move_ticket

    for number in numbers[:HOT]:
        move_ticket(SYSTEM_VIEWER, number, "accept")
    print(json.dumps({"tokens": tokens, "hot": numbers[:HOT], "numbers": numbers}))


def _check() -> int:
    from yunheng.desk.models import Ticket
    from yunheng.desk.queries import differences_from_journal
    from yunheng.foundation.log_check import check_log
    from yunheng.foundation.models import Scope

    faults = [
        f"{it.number}: {fault}" for it in Ticket.objects.all() for fault in differences_from_journal(it)
    ]
    faults += [str(problem) for problem in check_log(Scope.objects.get(key=CONTRACT)).problems]
    print(*faults[:20], sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    import django

    django.setup()
    if sys.argv[1] == "prepare":
        _prepare(int(sys.argv[2]))
    else:
        raise SystemExit(_check())
