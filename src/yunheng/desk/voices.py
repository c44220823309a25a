"""Who has said what to a waiting period: each side speaks for itself and ends no right but its own (ADR 0003)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from yunheng.foundation.models import Entry
from yunheng.logic.facts import Party
from yunheng.sla.models import Pause

from .models import Ticket

CONFIRMED: Final = "pause.confirmed"
DISPUTED: Final = "pause.disputed"
UPHELD: Final = "pause.upheld"
REJECTED: Final = "pause.rejected"
ANSWERS: Final = (CONFIRMED, DISPUTED, UPHELD, REJECTED)


@dataclass(slots=True)
class Voices:
    """The side that began a waiting period ("provider" where its entry no longer says), and the last word of each
    side that answered: one of `ANSWERS`.
    """

    beginner: str = "provider"
    words: dict[str, str] = field(default_factory=dict)
    is_rejected: bool = False

    @property
    def disputing(self) -> frozenset[str]:
        """Sides whose dispute is open: the waiting period counts as service time until none is left."""
        if self.is_rejected:
            return frozenset()
        return frozenset(side for side, word in self.words.items() if word == DISPUTED)

    @property
    def confirming(self) -> frozenset[str]:
        """Sides that agree: who confirmed, and who gave way in a dispute."""
        return frozenset(side for side, word in self.words.items() if word in {CONFIRMED, UPHELD})

    def may_confirm(self, side: str) -> bool:
        """Whether a side that answers may confirm: once, or after all what it disputes itself; nobody confirms away
        what another side disputes.
        """
        if side in self.disputing:
            return True
        return not (self.is_rejected or self.disputing or side in self.words)

    def may_dispute(self, side: str, *, until: datetime | None, now: datetime) -> bool:
        """Whether a side that answers may dispute: once, until the contract's term ends, whatever others said."""
        return not self.is_rejected and side not in self.words and (until is None or now < until)

    def hear(self, entry_type: str, shared: Mapping[str, Any]) -> None:
        """Add what an entry says, in the order of the entries."""
        if entry_type == REJECTED:
            self.is_rejected = True
        else:
            self.words[str(shared.get("side", ""))] = entry_type


def answering_sides(ticket: Ticket, pause: Pause, beginner: str) -> frozenset[str]:
    """Sides for which a waiting period is to answer that the side `beginner` began.

    The client answers every one; the supplier that has the ticket what is on its own account; the provider what its
    supplier began, but never for the client: else the two of them could agree that the client kept them waiting.
    """
    sides = {"client"}
    if pause.party != Party.CLIENT:
        sides.add("provider")
    if pause.party == Party.SUPPLIER and ticket.supplier_id is not None:
        sides.add("supplier")
    return frozenset(sides - {beginner})


def voices_of(pauses: Sequence[Pause]) -> dict[int, Voices]:
    """What was said to each of the waiting periods (1 query)."""
    answered = [pause for pause in pauses if pause.standing != Pause.Standing.PROPOSED]
    if not pauses:
        return {}
    columns = ("id", "type", "body__shared")
    beginnings = Entry.objects.filter(pk__in=[pause.pk for pause in pauses])
    answers = Entry.objects.filter(
        scope_id__in={pause.scope_id for pause in answered},
        subject_id__in={pause.subject_id for pause in answered},
        type__in=ANSWERS,
    )
    rows = beginnings.values_list(*columns).union(answers.values_list(*columns), all=True).order_by("id")
    return hear_all((pause.pk for pause in pauses), rows)


def hear_all(
    pause_ids: Iterable[int], entries: Iterable[tuple[int, str, Mapping[str, Any] | None]]
) -> dict[int, Voices]:
    """What (id, type, shared) of entries, in the order of their ids, say to each waiting period. What was erased says
    nothing.
    """
    voices = {pause_id: Voices() for pause_id in pause_ids}
    for entry_id, entry_type, shared in entries:
        if shared is None:
            continue
        if entry_id in voices:
            voices[entry_id].beginner = str(shared.get("side", "provider"))
        elif entry_type in ANSWERS and shared.get("pause") in voices:
            voices[shared["pause"]].hear(entry_type, shared)
    return voices
