"""Statements of the busiest paths: bound by the server and kept prepared on each connection.

Django binds on the client, so that the server plans every statement anew; of small ones planning is the largest part.
A statement written here has a fixed text and few kinds of parameters: each combination is prepared once for itself.
Lists, whose best plan depends on what is asked for, are no matter for this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models import Model
from django.db.models.base import ModelState

__all__ = ["columns_of", "fetch_all", "fetch_one", "made_of", "names_of", "new_of", "run"]

#: With a threshold psycopg prepares what it is told to; it must not begin to choose by itself.
_NEVER_BY_ITSELF: Final = 2**31


M = TypeVar("M", bound=Model)
_AnyCursor: Any = ServerBindingCursor  # its types say nothing of psycopg's cursor


class _PreparedCursor(_AnyCursor):
    """Prepares what it executes; answers come in binary form, which costs least to read."""

    _query: Any

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        made = super().execute(query, params, prepare=True, binary=True, **options)
        if self._query is None:  # psycopg keeps it for what is not prepared; Django tells it to who watches
            self._query = _Said(str(query).encode())
        return made


@dataclass(frozen=True, slots=True)
class _Said:
    """The text of a statement that was sent by its name."""

    query: bytes


def fetch_one(statement: str, params: Sequence[Any] | Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The first row, or None."""
    with _executed(statement, params) as cursor:
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def fetch_all(statement: str, params: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows."""
    with _executed(statement, params) as cursor:
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def run(statement: str, params: Sequence[Any] | Mapping[str, Any]) -> int:
    """How many rows it changed."""
    with _executed(statement, params) as cursor:
        count: int = cursor.rowcount
        return count


def columns_of(model: type[Model], alias: str = "") -> str:
    """The columns of a model as a SELECT names them, in the order in which `made_of` takes them."""
    place = f"{alias or model._meta.db_table}."
    return ", ".join(f"{place}{field.column}" for field in model._meta.concrete_fields)


@cache
def names_of(model: type[Model]) -> tuple[str, ...]:
    """Names of all attributes of a model that are columns, in the same order."""
    return tuple(field.attname for field in model._meta.concrete_fields)


def made_of(model: type[M], row: Sequence[Any], names: Sequence[str] | None = None) -> M:
    """An instance from its columns, as a query set makes it but for the signals; with `names` only these, the others
    are read when they are asked for.
    """
    made = model.__new__(model)
    made._state = state = ModelState()
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    made.__dict__.update(zip(names or names_of(model), row, strict=True))
    return made


def new_of(model: type[M], **values: Any) -> M:
    """A new instance with these columns and None in the others: of many that are made for one statement, without what
    a model's own making costs (signals, defaults, checks of names).
    """
    made = made_of(model, [None] * len(names_of(model)))
    made._state.adding = True
    made.__dict__.update(values)
    return made


class _executed:  # noqa: N801 - a context manager
    """The cursor of a statement, with what it answers; errors are Django's.

    Where nobody watches, one cursor of each connection is used again and again: to make one as Django does, in three
    layers, takes as long as to execute with it.
    """

    __slots__ = ("_cursor", "_errors", "_is_kept")

    def __init__(self, statement: str, params: Sequence[Any] | Mapping[str, Any]) -> None:
        database: Any = connections[DEFAULT_DB_ALIAS]
        database.close_if_health_check_failed()
        if database.connection is None:
            database.ensure_connection()
        raw = database.connection
        if raw.prepare_threshold is None:
            raw.prepare_threshold = _NEVER_BY_ITSELF
        self._is_kept = not (database.execute_wrappers or database.queries_logged)
        self._errors = database.wrap_database_errors
        with self._errors:
            if self._is_kept:
                database.validate_thread_sharing()
                database.validate_no_broken_transaction()
                self._cursor = _kept_cursor(database, raw)
            else:
                self._cursor = database._prepare_cursor(_PreparedCursor(raw))
            self._cursor.execute(statement, params)

    def __enter__(self) -> Any:
        return self._cursor

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        if not self._is_kept:
            self._cursor.close()
        if kind is not None:
            self._errors.__exit__(kind, value, trace)


def _kept_cursor(database: Any, raw: Any) -> Any:
    """The cursor of a connection that statements share: each has read its answer when the next one begins."""
    kept, cursor = getattr(database, "_kept_cursor", (None, None))
    if kept is not raw:
        cursor = _PreparedCursor(raw)
        database._kept_cursor = raw, cursor
    return cursor
