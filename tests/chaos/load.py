"""Load for the chaos test, in a process of its own: opens tickets and prints each number once it is acknowledged.

`python -m tests.chaos.load prepare` makes the contract; `… run` works with four threads, one of which commits late,
until its standard input is closed; `… seal` seals all the time, for being killed.
"""

import sys
import threading
import time
from collections.abc import Callable

import django


def _prepare() -> None:
    from tests.desk.ground import make_ground

    from yunheng.foundation.models import Scope
    from yunheng.notify.models import Webhook

    make_ground("chaos")
    # Nobody listens there: what is looked at afterwards is that each ticket was told of, and once.
    Webhook.objects.create(
        scope=Scope.objects.get(key="chaos"),
        name="chaos",
        url="https://127.0.0.1:1/",
        secret="whsec_AA==",
        events=["ticket.opened"],
    )


def _keep_on(is_over: threading.Event, write: Callable[[], tuple[str, int]]) -> None:
    """Write again and again, over lost connections, and print what the database has committed.

    Between writes there is a breath: what is tested is what happens at a kill, not how much the machine bears.
    """
    from django.db import DatabaseError, InterfaceError, connection, transaction

    while not is_over.is_set():
        try:
            with transaction.atomic():
                number, entry_id = write()
        except (DatabaseError, InterfaceError):
            connection.close()
            time.sleep(0.05)
        else:
            sys.stdout.write(f"{number} {entry_id}\n")
            sys.stdout.flush()
            time.sleep(0.2)


def _open_ticket() -> tuple[str, int]:
    from yunheng.desk.actions import open_ticket
    from yunheng.foundation.access import SYSTEM_VIEWER
    from yunheng.foundation.models import Scope

    opened = open_ticket(
        viewer=SYSTEM_VIEWER,
        scope_id=Scope.objects.get(key="chaos").pk,
        kind="incident",
        title="chaos",
        service="mail",
        impact="low",
        urgency="low",
        channel="phone",
    )
    return opened.ticket.number, opened.entry_id


def _note_late() -> tuple[str, int]:
    """Others are sealed before this commits, though its entry id is older than theirs."""
    from yunheng.desk.actions import note
    from yunheng.desk.models import Ticket
    from yunheng.foundation.access import SYSTEM_VIEWER

    first = Ticket.objects.order_by("pk").first()
    if first is None:
        return _open_ticket()
    done = note(SYSTEM_VIEWER, first.number, "late")
    time.sleep(1.5)
    return first.number, done.entry_id


def _run() -> None:
    is_over = threading.Event()
    writes = (_open_ticket, _open_ticket, _open_ticket, _note_late)
    threads = [threading.Thread(target=_keep_on, args=(is_over, write)) for write in writes]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    is_over.set()
    for thread in threads:
        thread.join()


def _seal() -> None:
    from django.db import OperationalError, connection

    from yunheng.foundation.sealing import seal

    for _attempt in range(2400):  # the server that was killed last may still be starting
        try:
            connection.ensure_connection()
            break
        except OperationalError:
            time.sleep(0.1)
    seal()
    print("sealing", flush=True)
    while True:
        seal()
        time.sleep(0.02)


if __name__ == "__main__":
    django.setup()
    step = sys.argv[1]
    if step == "prepare":
        _prepare()
    elif step == "run":
        _run()
    else:
        _seal()
