"""Who is at fault for a waiting period: the other sides confirm or dispute it, each for itself, and whoever gives way
settles a dispute.
"""

from datetime import datetime
from typing import Final, Literal

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation import wording
from yunheng.foundation.access import Viewer
from yunheng.foundation.facts import FactDraft
from yunheng.foundation.flow import lock_subject
from yunheng.foundation.refusals import Forbidden, Invalid, NotFound
from yunheng.logic.facts import FactKind
from yunheng.sla.models import Pause
from yunheng.sla.queries import facts_of

from ..models import Ticket
from ..queries import may_answer_pause, pause_terms
from ..voices import CONFIRMED, DISPUTED, REJECTED, UPHELD, Voices, voices_of
from .basis import Instants, begin, fold_clocks, required_text, side_of, write_entry
from .moving import Done

_STANDINGS: Final = frozenset(
    {FactKind.PAUSE_CONFIRMED, FactKind.PAUSE_DISPUTED, FactKind.PAUSE_UPHELD, FactKind.PAUSE_REJECTED}
)


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
    """Confirm or dispute a waiting period (sla-semantics 13, ADR 0003). Only another side than the one that began it
    answers: the client; for a pause on the supplier's account the supplier too; the provider where it did
    not begin it, and never for the client.

    Each side answers once, for itself alone: what one confirms another may still dispute, and while one disputes it the
    waiting period counts. A dispute says why, and comes before the contract's term has run out; silence until then
    confirms. What is disputed only the side that disputes it may confirm after all. Needs `pause.answer`.
    """
    ticket, instants = begin(viewer, number, permission="pause.answer", at=at, recorded_at=recorded_at)
    lock_subject(ticket)
    pause = _pause(ticket, pause_id)
    voices, side = voices_of([pause])[pause.pk], side_of(viewer)
    if not may_answer_pause(viewer, ticket, pause, voices.beginner):
        raise Forbidden(
            _("A waiting period is confirmed or disputed by the other side."), permission="pause.answer"
        )
    if answer == "confirm":
        if not voices.may_confirm(side):
            raise _not_yours_to_settle() if voices.disputing else _answered(pause)
        words = text.strip()
        standing = None if voices.disputing - {side} else FactKind.PAUSE_CONFIRMED
        if not voices.disputing and voices.confirming:
            standing = None  # another side has confirmed it already
        entry_type = CONFIRMED
    else:
        until = pause_terms(ticket, [pause])[pause.pk]
        if not voices.may_dispute(side, until=None, now=instants.recorded_at):
            raise _answered(pause)
        if not voices.may_dispute(side, until=until, now=instants.recorded_at):
            raise Invalid(
                {"answer": _("The term to dispute this waiting period has run out; it counts as confirmed.")},
                code="lapsed",
            )
        words = required_text("text", text)
        standing = None if voices.disputing else FactKind.PAUSE_DISPUTED
        entry_type = DISPUTED
    return _record(viewer, ticket, pause, instants, entry_type, words, standing, source=source)


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
    the side that disputed it to say, that it falls for the side that began it. Where another side disputes it as well,
    giving way ends one's own dispute only, and is recorded as a confirmation. Needs `pause.settle`.
    """
    ticket, instants = begin(viewer, number, permission="pause.settle", at=at, recorded_at=recorded_at)
    lock_subject(ticket)
    pause = _pause(ticket, pause_id)
    voices = voices_of([pause])[pause.pk]
    if pause.standing != Pause.Standing.DISPUTED:
        raise Invalid({"pause": _("Nobody disputes this waiting period.")}, code="not_disputed")
    giving_way = voices.disputing if is_upheld else {voices.beginner}
    if side_of(viewer) not in giving_way and not viewer.is_system:
        raise _not_yours_to_settle()
    words = required_text("text", text)
    entry_type, standing = (
        (UPHELD, FactKind.PAUSE_UPHELD) if is_upheld else (REJECTED, FactKind.PAUSE_REJECTED)
    )
    if is_upheld and not viewer.is_system and voices.disputing - {side_of(viewer)}:
        return _record(viewer, ticket, pause, instants, CONFIRMED, words, None, source=source)
    return _record(viewer, ticket, pause, instants, entry_type, words, standing, source=source)


def _record(
    viewer: Viewer,
    ticket: Ticket,
    pause: Pause,
    instants: Instants,
    entry_type: str,
    text: str,
    standing: FactKind | None,
    *,
    source: str | None,
) -> Done:
    """Write an answer, and the fact of the standing that follows from it where it changes.

    Folds take the last standing by instant: a fact is never dated before the one that it follows, however far back the
    answer is dated.
    """
    facts = []
    if standing is not None:
        earlier = [
            fact.at
            for fact in facts_of(scope_id=ticket.scope_id, subject_id=ticket.pk)
            if fact.ref == pause.pk and fact.kind in _STANDINGS
        ]
        facts = [FactDraft(standing, max([instants.seconds, *earlier]), ref=pause.pk)]
    entry_id = write_entry(
        ticket,
        entry_type,
        viewer=viewer,
        instants=instants,
        source=source,
        shared={"pause": pause.pk, "text": text, "side": side_of(viewer)},
        facts=facts,
    )
    return Done(ticket, entry_id, fold_clocks(ticket, instants))


def may_answer(
    viewer: Viewer, ticket: Ticket, pause: Pause, voices: Voices, *, until: datetime | None, now: datetime
) -> bool:
    """Whether the viewer may now confirm or dispute the waiting period, whose term ends at `until`."""
    if not may_answer_pause(viewer, ticket, pause, voices.beginner):
        return False
    side = side_of(viewer)
    return voices.may_confirm(side) or voices.may_dispute(side, until=until, now=now)


def _pause(ticket: Ticket, pause_id: int) -> Pause:
    pause = Pause.objects.filter(pk=pause_id, scope_id=ticket.scope_id, subject_id=ticket.pk).first()
    if pause is None:
        raise NotFound(_("The ticket has no such waiting period."))
    return pause


def _not_yours_to_settle() -> Forbidden:
    return Forbidden(_("A dispute is settled by the side that gives way."), permission="pause.settle")


def _answered(pause: Pause) -> Invalid:
    since = wording.instant(pause.began_at)
    return Invalid(
        {"answer": _("The waiting period since %(since)s was answered already.") % {"since": since}},
        code="answered",
    )
