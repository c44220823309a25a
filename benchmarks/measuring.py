"""What the benchmarks share: a row of the table, a stopwatch, and a database of their own."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def row(
    name: str,
    value: float,
    unit: str,
    note: str = "",
    *,
    peer: str | None = None,
    peer_value: float | None = None,
    digits: int = 1,
) -> dict[str, Any]:
    """A row of the table; the ratio is ours to the peer's, both measured in this run."""
    return {
        "name": name,
        "value": round(value, digits),
        "unit": unit,
        "peer": peer,
        "peer_value": None if peer_value is None else round(peer_value, digits),
        "ratio": round(value / peer_value, 2) if peer_value else None,
        "note": note,
    }


def seconds(
    work: Callable[[], object], *, rounds: int = 1, clock: Callable[[], float] = time.perf_counter
) -> float:
    """The shortest of so many rounds, in seconds of `clock`."""
    best = float("inf")
    for _round in range(rounds):
        began = clock()
        work()
        best = min(best, clock() - began)
    return best


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Say on stderr how long a step of the preparation took."""
    began = time.perf_counter()
    yield
    print(f"    {name}: {time.perf_counter() - began:.1f} s", file=sys.stderr, flush=True)


@contextmanager
def database() -> Iterator[Any]:
    """A migrated, durable database in a temporary folder, reached as the application's role; gives the cluster."""
    from yunheng.foundation.supervisor.account import service_account
    from yunheng.foundation.supervisor.embedded import borrow
    from yunheng.foundation.supervisor.folder import DataFolder
    from yunheng.site.cli.database import connected_to, set_up_django

    path = Path(tempfile.mkdtemp(prefix="yunheng-bench-"))
    kept = os.environ.get("YUNHENG_DATA")
    os.environ["YUNHENG_DATA"] = str(path)
    try:
        folder = DataFolder(path, service_account(path), path)
        folder.prepare()  # makes the key that the settings read
        set_up_django()
        from django.conf import settings
        from django.core.management import call_command

        settings.DATA = path
        with borrow(folder) as embedded:
            with connected_to(embedded.owner_url):
                call_command("migrate", interactive=False, verbosity=0)
            with connected_to(embedded.app_url):
                yield embedded
    finally:
        if kept is None:
            os.environ.pop("YUNHENG_DATA", None)
        else:
            os.environ["YUNHENG_DATA"] = kept
        shutil.rmtree(path, ignore_errors=True)
