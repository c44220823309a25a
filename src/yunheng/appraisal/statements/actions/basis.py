"""What every action on a statement begins and ends with: access, side, the entry, the files, the move."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.accounts.models import Organisation
from yunheng.accounts.quotas import spend_files
from yunheng.foundation.access import Viewer
from yunheng.foundation.attachments import FileDraft, check_files, describe, store
from yunheng.foundation.flow import Outcome, Step, conflict, label_text, lock_subject, move, process_for
from yunheng.foundation.journal import EntryDraft, record
from yunheng.foundation.models import SubjectBase
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid

from ...models import Rectification, Side, Statement
from ..queries import access_statement

KIND_CODE: Final = "APR"
RECTIFICATION_CODE: Final = "RCT"
LONGEST_TEXT: Final = 5_000  #: characters of a reason, an argument, an opinion

SideName = Literal["provider", "client"]


def now_or(recorded_at: datetime | None) -> datetime:
    """The instant of recording, in whole seconds."""
    return (recorded_at or datetime.now(UTC)).replace(microsecond=0)


def begin(
    viewer: Viewer,
    number: str,
    permission: str,
    *,
    row_version: int | None = None,
    states: Sequence[str] = (),
) -> Statement:
    """The statement for an action, its row held until the transaction ends.

    Raises NotFound, Forbidden, and Conflict when it is not as the caller saw it, or in none of the `states` (none:
    any).
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an action runs inside a transaction")
    statement = access_statement(viewer, number)
    viewer.require(permission, statement.scope_id)
    lock_subject(statement)
    statement = access_statement(viewer, number)  # as it is now that nobody else writes
    if row_version is not None and row_version != statement.row_version:
        raise conflict(statement, viewer)
    require_state(statement, states)
    return statement


def require_state(statement: Statement, states: Sequence[str]) -> None:
    """Raise Conflict unless the statement is in one of the states (none: any)."""
    if not states or statement.state in states:
        return
    named = process_for(statement).states
    raise conflicting(
        "wrong_state",
        _("%(number)s is “%(state)s”. This can be done while it is: %(wanted)s.")
        % {
            "number": statement.number,
            "state": label_text(named[statement.state].label),
            "wanted": ", ".join(f"“{label_text(named[state].label)}”" for state in states),
        },
        statement.state,
    )


def conflicting(code: str, message: str, state: str = "") -> Conflict:
    """A conflict with a code that programs can tell from others."""
    return Conflict(message, state=state, code=code)


def side_of(viewer: Viewer) -> SideName:
    """The side that somebody stands for. Raises Forbidden for those who stand for neither."""
    if viewer.organisation_kind == Side.PROVIDER:
        return "provider"
    if viewer.organisation_kind == Side.CLIENT:
        return "client"
    raise Forbidden(_("Only people of the provider and of the client have a word in a statement."))


def require_side(viewer: Viewer, side: SideName) -> None:
    """Raise Forbidden unless somebody stands for this side."""
    if side_of(viewer) != side:
        raise Forbidden(
            _("This is for the provider to do.") if side == "provider" else _("This is for the client to do.")
        )


def required_text(name: str, text: str) -> str:
    """A text that is there. Raises Invalid for the field."""
    kept = text.strip()
    if not kept:
        raise Invalid({name: _("This field is required.")})
    return short_text(name, kept)


def short_text(name: str, text: str) -> str:
    """A text of a length that people read. Raises Invalid for the field."""
    kept = text.strip()
    if len(kept) > LONGEST_TEXT:
        raise Invalid({name: _("At most %(count)d characters.") % {"count": LONGEST_TEXT}})
    if "\0" in kept:
        raise Invalid({name: _("This holds a character that cannot be kept.")})
    return kept


def name_of(viewer: Viewer) -> str:
    """The name that a statement carries of who did something; "" for the system."""
    return "" if viewer.is_system else viewer.actor.name[:150]


def organisation_of(viewer: Viewer) -> str:
    """The name of the organisation that somebody acts for."""
    if viewer.organisation_id is None:
        return ""
    return Organisation.objects.values_list("name", flat=True).get(pk=viewer.organisation_id)


def told(statement: Statement) -> dict[str, Any]:
    """What every entry says of the statement that it is about."""
    data: dict[str, Any] = {
        "kind": statement.kind,
        "period": statement.period,
        "edition": statement.edition,
    }
    if statement.digest is not None:
        data["digest"] = bytes(statement.digest).hex()
    if statement.reverses is not None:
        data["reverses"] = statement.reverses.number
    return data


def scored(statement: Statement) -> dict[str, Any]:
    """What an entry says of the score and the money."""
    return {
        "position": statement.position,
        "value": None if statement.value is None else number_text(statement.value),
        "grade": statement.grade or None,
        "payable": None if statement.payable is None else number_text(statement.payable),
        "currency": statement.currency or None,
    }


def number_text(number: Any) -> str:
    """A decimal number as text in one form, without zeros that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def told_files(files: Sequence[FileDraft]) -> dict[str, Any]:
    """What the entry says of the files that come with it. Raises Invalid for "files"."""
    check_files(files)
    return {"files": describe(files)} if files else {}


def keep_files(viewer: Viewer, subject: SubjectBase, entry_id: int, files: Sequence[FileDraft]) -> None:
    """Keep the files that the entry tells of."""
    if files:
        spend_files(viewer, sum(file.size for file in files))
        store(files, scope_id=subject.scope_id, subject_id=subject.pk, entry_id=entry_id, is_internal=False)


def write_entry(
    subject: Statement | Rectification,
    entry_type: str,
    *,
    viewer: Viewer,
    now: datetime,
    shared: Mapping[str, Any],
    personal: Mapping[str, Any] | None = None,
    files: Sequence[FileDraft] = (),
) -> int:
    """Record an entry with its files; returns its id."""
    entry_id = record(
        EntryDraft(
            scope_id=subject.scope_id,
            scope_key=subject.scope.key,
            subject_id=subject.pk,
            subject_number=subject.number,
            type=entry_type,
            occurred_at=now,
            actor=viewer.actor,
            source="server" if viewer.is_system else "person",
            shared={**shared, **told_files(files)},
            personal=dict(personal) if personal else None,
        ),
        recorded_at=now,
    )
    keep_files(viewer, subject, entry_id, files)
    return entry_id


def step(
    subject: Statement | Rectification,
    transition: str,
    entry_type: str,
    *,
    viewer: Viewer,
    now: datetime,
    columns: Mapping[str, Any],
    shared: Mapping[str, Any],
    form: Mapping[str, Any] | None = None,
    files: Sequence[FileDraft] = (),
) -> int:
    """Make a transition with its entry, columns and files; returns the entry's id."""

    def more(_step: Step, outcome: Outcome) -> None:
        outcome.columns.update(columns)
        outcome.shared.update({**shared, **told_files(files)})

    moved = move(
        subject,
        transition,
        viewer=viewer,
        at=now,
        recorded_at=now,
        form=dict(form or {}),
        entry_type=entry_type,
        source="server" if viewer.is_system else "person",
        more=more,
    )
    keep_files(viewer, subject, moved.entry_id, files)
    return moved.entry_id
