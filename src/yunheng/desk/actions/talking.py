"""What people say on a ticket: public replies and internal notes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from yunheng.foundation.access import Viewer
from yunheng.foundation.attachments import FileDraft
from yunheng.foundation.facts import FactDraft
from yunheng.foundation.flow import lock_subject
from yunheng.foundation.transactions import action
from yunheng.logic.facts import FactKind
from yunheng.sla.queries import has_fact

from .basis import begin, check_outcome, fold_clocks, required_text, side_of, write_entry
from .files import keep_files, told_files
from .moving import Done

#: How a reply reached the other side.
MEANS: Final = ("portal", "phone", "mail", "im", "api", "visit")


@action
def reply(
    viewer: Viewer,
    number: str,
    text: str,
    *,
    means: str = "portal",
    is_automatic: bool = False,
    files: Sequence[FileDraft] = (),
    at: datetime | None = None,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Done:
    """Say something that both sides read; a logged call is a reply by `means` "phone".

    From a human of the provider it is a progress update, and the first response if there was none yet
    (sla-semantics 9); an automatic reply is neither. Needs `ticket.reply`.
    """
    ticket, instants = begin(viewer, number, permission="ticket.reply", at=at, recorded_at=recorded_at)
    words = required_text("text", text)
    lock_subject(ticket)
    facts = []
    if side_of(viewer) == "provider" and not is_automatic:
        if not has_fact(scope_id=ticket.scope_id, subject_id=ticket.pk, kind=FactKind.RESPONDED):
            facts.append(FactDraft(FactKind.RESPONDED, instants.seconds))
        facts.append(FactDraft(FactKind.UPDATED, instants.seconds))
    entry_id = write_entry(
        ticket,
        "ticket.replied",
        viewer=viewer,
        instants=instants,
        source=source,
        shared={
            "text": words,
            "side": side_of(viewer),
            "means": means,
            "is_automatic": is_automatic,
            **told_files(files),
        },
        facts=facts,
    )
    keep_files(viewer, ticket, entry_id, files)
    clocks = fold_clocks(ticket, instants) if facts else []
    check_outcome(viewer, ticket, entry_id, instants, clocks)
    return Done(ticket, entry_id, clocks)


@action
def note(
    viewer: Viewer,
    number: str,
    text: str,
    *,
    files: Sequence[FileDraft] = (),
    at: datetime | None = None,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Done:
    """Write something that stays with the provider, files included. Needs `ticket.note`; no clock sees it."""
    ticket, instants = begin(viewer, number, permission="ticket.note", at=at, recorded_at=recorded_at)
    entry_id = write_entry(
        ticket,
        "ticket.noted",
        viewer=viewer,
        instants=instants,
        source=source,
        internal={"text": required_text("text", text), **told_files(files)},
    )
    keep_files(viewer, ticket, entry_id, files, is_internal=True)
    return Done(ticket, entry_id, [])
