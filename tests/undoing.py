"""Worlds that are built once for a module: what a test makes of them is taken back."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from yunheng.appraisal import study


@contextmanager
def undone() -> Iterator[None]:
    """What is written inside is checked and taken back at the end. May stand inside another one."""
    if not connection.in_atomic_block:
        transaction.set_autocommit(True)
    with transaction.atomic():
        yield
        connection.check_constraints()
        transaction.set_rollback(True)
    study._recent.clear()  # what is taken back may come again in the same second, with other tickets
