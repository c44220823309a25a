"""Brings the rows of one ticket together, whatever order the file has, with bounded memory."""

import heapq
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from operator import itemgetter
from typing import IO, Final, TypeVar

from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from .source import Record, SourceError

MAX_GROUP: Final = 100_000  #: rows of one ticket
_RUN: Final = 100_000  #: records sorted in memory at a time
_FRAME: Final = 1_000

Group = tuple[str, list[Record]]
T = TypeVar("T")


def in_runs(records: Iterable[Record], column: int) -> Iterator[Group]:
    """Groups of neighbouring rows with the same number, for a file in which a ticket's rows stand together.

    A row that cannot be split into fields makes a group of its own, under the number "".
    """
    number = ""
    group: list[Record] = []
    for record in records:
        own = record.fields[column].strip() if len(record.fields) > column else ""
        if group and own == number and number:
            if len(group) >= MAX_GROUP:
                raise SourceError(
                    _("More than {limit:,} rows have the number {number}.").format(
                        limit=MAX_GROUP, number=number[:100]
                    )
                )
            group.append(record)
        else:
            if group:
                yield number, group
            number, group = own, [record]
    if group:
        yield number, group


def by_number(records: Iterable[Record], column: int) -> Iterator[Record]:
    """All records sorted by number, then row: sorted runs on disk, merged (bounded memory, same order each time)."""
    with ExitStack() as stack:
        runs: list[IO[bytes]] = []
        kept: list[tuple[str, Record]] = []
        for record in records:
            own = record.fields[column].strip() if len(record.fields) > column else ""
            kept.append((own, record))
            if len(kept) >= _RUN:
                runs.append(_spill(kept, stack))
                kept = []
        kept.sort(key=itemgetter(0))
        sources: list[Iterator[tuple[str, Record]]] = [_replay(run) for run in runs]
        for _number, record in heapq.merge(*sources, iter(kept), key=lambda pair: (pair[0], pair[1].row)):
            yield record


def _spill(kept: list[tuple[str, Record]], stack: ExitStack) -> IO[bytes]:
    kept.sort(key=itemgetter(0))  # stable: rows keep their order
    run: IO[bytes] = stack.enter_context(tempfile.TemporaryFile(prefix="yunheng-import-"))  # noqa: SIM115
    for start in range(0, len(kept), _FRAME):
        frame = [
            (number, record.row, record.fields, record.fault) for number, record in kept[start:][:_FRAME]
        ]
        pickle.dump(frame, run, pickle.HIGHEST_PROTOCOL)
    run.seek(0)
    return run


def _replay(run: IO[bytes]) -> Iterator[tuple[str, Record]]:
    while True:
        try:
            frame = pickle.load(run)  # noqa: S301 - our own unnamed temporary file
        except EOFError:
            return
        for number, row, fields, fault in frame:
            yield number, Record(row, fields, fault)


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, each made by another thread while the one before it is worked on."""
    language = get_language()

    def following() -> T | None:
        with override(language):  # a thread begins without one
            return next(items, None)

    with ThreadPoolExecutor(1, thread_name_prefix="import-reader") as pool:
        waiting = pool.submit(following)
        while (item := waiting.result()) is not None:
            waiting = pool.submit(following)
            yield item
