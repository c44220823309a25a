"""Transactions of actions: a savepoint only where something may go on after a refusal.

A write of the API is one transaction that is undone as a whole whenever its answer is an error. An action inside of it
needs no savepoint of its own: two statements less. Who catches refusals and goes on says so (`apart`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from django.db import connection, transaction

P = ParamSpec("P")
R = TypeVar("R")

_is_whole: Final[ContextVar[bool]] = ContextVar("is_whole", default=False)


@contextmanager
def whole() -> Iterator[None]:
    """A transaction that whoever opens it undoes as a whole when anything in it fails, whatever is caught meanwhile."""
    with transaction.atomic():
        told = _is_whole.set(True)
        try:
            yield
        finally:
            _is_whole.reset(told)


@contextmanager
def apart() -> Iterator[None]:
    """Actions in here are undone by themselves when they fail; what comes after them goes on."""
    told = _is_whole.set(False)
    try:
        yield
    finally:
        _is_whole.reset(told)


def action(run: Callable[P, R]) -> Callable[P, R]:
    """Run in a transaction: a new one, or the one that is open, with a savepoint unless that is undone as a whole."""
    in_atomic = transaction.atomic(run)

    @wraps(run)
    def in_transaction(*values: P.args, **named: P.kwargs) -> R:
        if _is_whole.get() and connection.in_atomic_block:
            return run(*values, **named)
        return in_atomic(*values, **named)

    return in_transaction
