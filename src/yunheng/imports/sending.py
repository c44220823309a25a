"""Sends the rows of a batch to the server in a thread of its own, so that the next rows are made meanwhile."""

from collections.abc import Callable, Iterable
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Any, Final, Self

from django.db import connection

_BLOCKS: Final = 32  #: made and not sent yet, at most: memory stays bounded when the server is slower


class _GivenUp(Exception):  # noqa: N818 - ends a COPY that nobody wants any more
    """Rows will follow no more, and those before them do not count."""


_Item = tuple[str, bytes] | None | _GivenUp


class Sender:
    """COPY statements in the caller's transaction, carried out in their order by another thread.

    Within the `with` block the connection belongs to that thread from the first `copy` until `finish`: nobody else
    may use it. Leaving the block finishes; a failure of the server is raised then (as Django's DatabaseError), and
    leaving it by an exception gives up what was not sent. Work that has to come after all rows is handed to
    `afterwards`, and done by the calling thread.
    """

    def __init__(self) -> None:
        self._queue: Queue[_Item] = Queue(_BLOCKS)
        self._thread: Thread | None = None
        self._error: BaseException | None = None
        self._later: list[Callable[[], None]] = []
        self._item: _Item = None  #: that the thread took last

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()
        elif self._thread is not None:
            self._end(_GivenUp())

    def copy(self, statement: str, blocks: Iterable[bytes]) -> None:
        """Send blocks of one COPY statement; returns before the server has them."""
        if self._thread is None:
            connection.ensure_connection()
            self._thread = Thread(
                target=self._send, args=(connection.connection,), name="import-sender", daemon=True
            )
            self._thread.start()
        for block in blocks:
            self._queue.put((statement, block))

    def afterwards(self, work: Callable[[], None]) -> None:
        """Do this when all rows are there."""
        self._later.append(work)

    def finish(self) -> None:
        """Wait until the server has taken all rows. Raises DatabaseError when it has not."""
        if self._thread is not None:
            self._end(None)
        if self._error is not None:
            with connection.wrap_database_errors:
                raise self._error
        later, self._later = self._later, []
        for work in later:
            work()

    def _end(self, item: _Item) -> None:
        assert self._thread is not None
        self._queue.put(item)
        self._thread.join()
        self._thread = None

    def _send(self, server: Any) -> None:
        self._item = self._queue.get()
        try:
            with server.cursor() as cursor:
                while isinstance(self._item, tuple):
                    self._send_statement(cursor, *self._item)
        except BaseException as error:
            self._error = error
            while isinstance(self._item, tuple):  # let the maker of rows go on to its end
                self._item = self._queue.get()

    def _send_statement(self, cursor: Any, statement: str, block: bytes) -> None:
        """Send blocks of one statement, as far as the first item that is none of them."""
        with cursor.copy(statement) as copy:
            copy.write(block)
            self._item = self._queue.get()
            while isinstance(self._item, tuple) and self._item[0] == statement:
                copy.write(self._item[1])
                self._item = self._queue.get()
            if isinstance(self._item, _GivenUp):
                raise self._item
