"""The same transition for many tickets: each wholly or not at all, through the same action as for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import OperationalError
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid, Refusal
from yunheng.foundation.transactions import apart

from .moving import move_ticket

MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Pick:
    """A ticket as it was picked from a list: its number, and the row version that the person saw (None: any)."""

    number: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one ticket; `fields` says what is wrong, empty when it was done. `code` is that of the refusal."""

    number: str
    state: str = ""
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    code: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the transition was made."""
        return not self.fields

    @property
    def reasons(self) -> list[str]:
        """Why not, as sentences."""
        return [text for texts in self.fields.values() for text in texts]


def move_many(
    viewer: Viewer, picks: Sequence[Pick], transition: str, form: Mapping[str, Any] | None = None
) -> list[Outcome]:
    """Make a transition ("assign" is one) of each ticket; what fails says why and touches nothing of the others.

    In the order of the picks, each number once. Each ticket is a transaction of its own or, where the caller has one
    open as the API has, a savepoint in it.
    Raises Invalid for the field "number" when nothing or more than MOST tickets were picked.
    """
    unique = {pick.number: pick for pick in picks}
    if not unique:
        raise Invalid({"number": _("Pick at least one ticket.")})
    if len(unique) > MOST:
        raise Invalid({"number": _("At most %(count)d tickets at once.") % {"count": MOST}})
    return [_move_one(viewer, pick, transition, form or {}) for pick in unique.values()]


def _move_one(viewer: Viewer, pick: Pick, transition: str, form: Mapping[str, Any]) -> Outcome:
    try:
        with apart():
            done = move_ticket(viewer, pick.number, transition, form, expected_version=pick.row_version)
    except Invalid as refusal:
        return Outcome(pick.number, fields=refusal.fields, code=refusal.code)
    except Refusal as refusal:
        return Outcome(pick.number, fields={"": [refusal.message]}, code=refusal.code)
    except OperationalError:  # no lock in time, a deadlock: this ticket alone was not changed
        busy = _("Somebody was working on it at that very moment. Try it again.")
        return Outcome(pick.number, fields={"": [busy]}, code="busy")
    return Outcome(pick.number, state=done.ticket.state)
