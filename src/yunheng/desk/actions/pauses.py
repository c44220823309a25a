"""Who is at fault for a waiting period: the other side confirms or disputes it, and whoever gives way
settles it.
"""

from datetime import UTC, datetime
from typing import Literal

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.facts import FactDraft
from yunheng.foundation.flow import lock_subject
from yunheng.foundation.refusals import Forbidden, Invalid, NotFound
from yunheng.logic.clock import Standing
from yunheng.logic.facts import FactKind
from yunheng.sla.models import Pause
from yunheng.sla.queries import explain_clocks

from ..models import Ticket
from ..queries import beginning_sides, disputing_side, may_answer_pause
from .basis import begin, fold_clocks, required_text, side_of, write_entry
from .moving import Done


@transaction.atomic
def answer_pause(
    viewer: Viewer,
    number: str,
    pause_id: int,
    answer: Literal["confirm", "dispute"],
    *,
    text: str = "",
    at: datetime | None = None,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Done:
    """Confirm or dispute a waiting period (sla-semantics 13). Only another side than the one that began it
    answers: the client; for a pause on the supplier's account the supplier too; the provider where it did
    not begin it, and never for the client.

    A dispute says why, and comes before the contract's term has run out; silence until then confirms. What is disputed
    only the side that disputes it may confirm after all. Needs `pause.answer`.
    """
    ticket, instants = begin(viewer, number, permission="pause.answer", at=at, recorded_at=recorded_at)
    lock_subject(ticket)
    pause = _pause(ticket, pause_id)
    _check_side(viewer, ticket, pause)
    if answer == "confirm":
        if pause.standing not in {Pause.Standing.PROPOSED, Pause.Standing.DISPUTED}:
            raise _answered(pause)
        if pause.standing == Pause.Standing.DISPUTED and disputing_side(ticket, pause) != side_of(viewer):
            raise _not_yours_to_settle()
        kind, entry_type, words = FactKind.PAUSE_CONFIRMED, "pause.confirmed", text.strip()
    else:
        if pause.standing != Pause.Standing.PROPOSED:
            raise _answered(pause)
        if has_lapsed(ticket, pause, int(instants.recorded_at.timestamp())):
            raise Invalid(
                {"answer": _("The term to dispute this waiting period has run out; it counts as confirmed.")},
                code="lapsed",
            )
        kind, entry_type, words = (
            FactKind.PAUSE_DISPUTED,
            "pause.disputed",
            required_text("text", text),
        )
    entry_id = write_entry(
        ticket,
        entry_type,
        viewer=viewer,
        instants=instants,
        source=source,
        shared={"pause": pause.pk, "text": words, "side": side_of(viewer)},
        facts=[FactDraft(kind, instants.seconds, ref=pause.pk)],
    )
    return Done(ticket, entry_id, fold_clocks(ticket, instants))


@transaction.atomic
def settle_pause(
    viewer: Viewer,
    number: str,
    pause_id: int,
    *,
    is_upheld: bool,
    text: str,
    at: datetime | None = None,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Done:
    """End the dispute over a waiting period. Nobody decides for themselves: that the pause stands is for
    the side that disputed it to say, that it falls for the side that began it. Needs `pause.settle`.
    """
    ticket, instants = begin(viewer, number, permission="pause.settle", at=at, recorded_at=recorded_at)
    lock_subject(ticket)
    pause = _pause(ticket, pause_id)
    if pause.standing != Pause.Standing.DISPUTED:
        raise Invalid({"pause": _("Nobody disputes this waiting period.")}, code="not_disputed")
    giving_way = disputing_side(ticket, pause) if is_upheld else beginning_sides([pause.pk])[pause.pk]
    if side_of(viewer) != giving_way and not viewer.is_system:
        raise _not_yours_to_settle()
    entry_id = write_entry(
        ticket,
        "pause.upheld" if is_upheld else "pause.rejected",
        viewer=viewer,
        instants=instants,
        source=source,
        shared={"pause": pause.pk, "text": required_text("text", text), "side": side_of(viewer)},
        facts=[
            FactDraft(
                FactKind.PAUSE_UPHELD if is_upheld else FactKind.PAUSE_REJECTED,
                instants.seconds,
                ref=pause.pk,
            )
        ],
    )
    return Done(ticket, entry_id, fold_clocks(ticket, instants))


def has_lapsed(ticket: Ticket, pause: Pause, at: int) -> bool:
    """Whether the contract's term to answer had run out by an instant, on any clock that the pause stops."""
    explained = explain_clocks(scope_id=ticket.scope_id, subject_id=ticket.pk, now=at)
    return any(
        segment.entry == pause.pk and segment.standing is Standing.LAPSED
        for clock in explained.values()
        if clock.explanation is not None
        for segment in clock.explanation.segments
    )


def may_answer(viewer: Viewer, ticket: Ticket, pause: Pause) -> bool:
    """Whether it is for the viewer to confirm or dispute the waiting period (whatever its standing)."""
    return may_answer_pause(viewer, ticket, pause, beginning_sides([pause.pk])[pause.pk])


def _check_side(viewer: Viewer, ticket: Ticket, pause: Pause) -> None:
    if not may_answer(viewer, ticket, pause):
        raise Forbidden(
            _("A waiting period is confirmed or disputed by the other side."), permission="pause.answer"
        )


def _pause(ticket: Ticket, pause_id: int) -> Pause:
    pause = Pause.objects.filter(pk=pause_id, scope_id=ticket.scope_id, subject_id=ticket.pk).first()
    if pause is None:
        raise NotFound(_("The ticket has no such waiting period."))
    return pause


def _not_yours_to_settle() -> Forbidden:
    return Forbidden(_("A dispute is settled by the side that gives way."), permission="pause.settle")


def _answered(pause: Pause) -> Invalid:
    since = f"{pause.began_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return Invalid(
        {"answer": _("The waiting period since %(since)s was answered already.") % {"since": since}},
        code="answered",
    )
