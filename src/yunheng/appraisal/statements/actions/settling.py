"""Settles what both sides signed, and puts a reversing statement in the place of the one before."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid

from ...models import Statement
from ..queries import difference_of, plain_difference_of
from ..resting import reversed_parts
from .basis import begin, name_of, now_or, number_text, scored, side_of, step, told
from .resting import mark_longer


@transaction.atomic
def settle_statement(
    viewer: Viewer, number: str, row_version: int, *, recorded_at: datetime | None = None
) -> Statement:
    """Settle a locked statement: what is payable of the fee, or for one that reverses another the difference to it,
    is recorded as settled. One that rests on a statement which was reversed since is settled as both signed it; the
    entry says so, and its own reversal settles the difference.

    Needs `appraisal.settle`. Writes "appraisal.settled". Raises NotFound, Forbidden, Conflict (code "wrong_state" for
    one that is not locked), Invalid where the scheme settles periods of another kind.
    """
    statement = begin(viewer, number, "appraisal.settle", row_version=row_version, states=["locked"])
    side_of(viewer)
    if statement.payable is None:
        raise Invalid(
            {"number": _("%(number)s settles no money: the scheme says so.") % {"number": statement.number}},
            code="nothing_to_settle",
        )
    now = now_or(recorded_at)
    found = difference_of(statement)
    due = statement.payable if found is None or found.money is None else found.money
    shared = {**told(statement), **scored(statement), "due": number_text(due)}
    if found is not None:
        shared["difference"] = plain_difference_of(statement)
    rests_on = reversed_parts([statement]).get(statement.pk)
    if rests_on:
        shared["rests_on_reversed"] = [one.number for one in rests_on]
    step(
        statement,
        "settle",
        "appraisal.settled",
        viewer=viewer,
        now=now,
        columns={"settled_at": now, "settled_by": name_of(viewer)},
        shared=shared,
    )
    return statement


def replace_reversed(viewer: Viewer, statement: Statement, now: datetime) -> None:
    """The statement that was signed by both takes the place of the one that it reverses."""
    older = statement.reverses
    assert older is not None
    older.scope = statement.scope
    changed = plain_difference_of(statement)
    shared = {**told(older), "reversed_by": statement.number, "difference": changed}
    step(older, "replace", "appraisal.reversed", viewer=viewer, now=now, columns={}, shared=shared)
    mark_longer(viewer, older, statement, now)
