"""Keeps what a longer statement is made of, and tells both sides when a part of it is reversed afterwards."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import lock_subject

from ...models import Statement, StatementPart
from ..computing import SIGNED
from ..resting import resting_on
from ..telling import concerned, tell_of_part_reversed
from .basis import conflicting, told, write_entry


def hold_parts(parts: Sequence[Statement]) -> None:
    """Hold the statements that a longer one is about to be made of until its transaction ends: their reversal waits,
    and then finds the longer one. Raises Conflict where one of them was reversed since it was read.
    """
    wanted = {one.pk: one for one in parts}
    rows = Statement.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    for pk, state in rows.values_list("pk", "state"):
        if state not in SIGNED:
            raise conflicting(
                "reversed",
                _("%(number)s was reversed meanwhile. Look at the statement again, and issue it then.")
                % {"number": wanted[pk].number},
                state,
            )


def keep_parts(statement: Statement, parts: Sequence[Statement]) -> None:
    """Write down what an issued statement is made of."""
    StatementPart.objects.bulk_create(StatementPart(statement=statement, part=part) for part in parts)


def mark_longer(viewer: Viewer, older: Statement, newer: Statement, now: datetime) -> None:
    """A statement took the place of another: those of longer periods that rest on the old one stay as they were signed,
    and their people are told. Writes "appraisal.part_reversed" on each.
    """
    for longer, between in resting_on(older):
        lock_subject(longer)
        people = concerned(longer.scope_id)
        shared = {
            **told(longer),
            "part": older.number,
            "part_period": older.period,
            "reversed_by": newer.number,
            "through": None if between is None else between.number,
        }
        entry_id = write_entry(
            longer,
            "appraisal.part_reversed",
            viewer=viewer,
            now=now,
            shared=shared,
            personal={"told": [{"id": str(one.uuid), "name": one.name} for one in people]},
        )
        tell_of_part_reversed(longer, older, newer, people, entry_id, now)
