"""The waiting periods of a ticket in words, and whose turn it is to answer them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.logic.clock import Standing
from yunheng.logic.facts import Party
from yunheng.sla.models import Pause
from yunheng.sla.queries import pauses_of
from yunheng.sla.wording import party_name, reason_label, standing_name

from .forms import Field, Form, Typed, fill
from .naming import names_of
from .queries import may_answer_pause, term_ends_at
from .story import TicketStory
from .voices import Voices, answering_sides, hear_all, voices_of


@dataclass(frozen=True, slots=True)
class Wait:
    """One waiting period: for whom, why, how it stands, and what the viewer may say to it."""

    pause: Pause
    reason: str
    party: str
    standing: str
    mark: str
    place: int  # of the entry that began it in the timeline, 0 when that is not to be seen
    answer_until: datetime | None  # silence until then confirms; None where nobody has to answer any more
    dispute_until: datetime | None  # somebody confirmed, and another side may still dispute it until then
    stops: tuple[str, ...]  # names of the viewer's clocks that this reason stops
    forms: tuple[Form, ...]

    @property
    def is_running(self) -> bool:
        """Whether it lasts."""
        return self.pause.ended_at is None


def waits_of(viewer: Viewer, story: TicketStory, typed: Typed | None = None) -> list[Wait]:
    """The ticket's waiting periods, the latest first (1 query, up to 3 for long timelines)."""
    ticket = story.ticket
    pauses = pauses_of(scope_id=ticket.scope_id, subject_id=ticket.pk)
    lapsed = _lapsed(story)
    terms = {pause.pk: term_ends_at(story.terms, ticket, pause) for pause in pauses}
    is_in_term = {pk: until is None or until > story.now for pk, until in terms.items()}
    open_ones = [
        pause
        for pause in pauses
        if pause.standing == Pause.Standing.DISPUTED
        or (pause.standing == Pause.Standing.PROPOSED and pause.pk not in lapsed)
        or (pause.standing != Pause.Standing.REJECTED and is_in_term[pause.pk])
    ]
    may_speak = not ticket.is_observed and (
        viewer.may("pause.answer", ticket.scope_id) or viewer.may("pause.settle", ticket.scope_id)
    )
    voices = _voices(story, open_ones) if open_ones else {}
    words = {
        pause.pk: _words_for(viewer, story, pause, voices[pause.pk], terms[pause.pk])
        for pause in open_ones
        if may_speak
    }
    names = _names(story, [pk for pk, found in words.items() if found])
    return [
        _wait(
            story,
            pause,
            is_lapsed=pause.pk in lapsed,
            until=terms[pause.pk] if is_in_term[pause.pk] else None,
            voices=voices.get(pause.pk, Voices()),
            forms=tuple(
                fill(_form(story, names[pause.pk], *word), typed) for word in words.get(pause.pk, ())
            ),
        )
        for pause in reversed(pauses)
    ]


def _voices(story: TicketStory, pauses: Sequence[Pause]) -> dict[int, Voices]:
    """What each side said to the waiting periods; asks the database only where the page does not hold all entries."""
    entries = story.window.entries
    if len(entries) < story.window.total:
        return voices_of(pauses)
    told = sorted((entry.id, entry.type, entry.shared) for entry in entries)
    return hear_all((pause.pk for pause in pauses), told)


def _names(story: TicketStory, pause_ids: Sequence[int]) -> dict[int, str]:
    """The public names of waiting periods."""
    known = {pk: story.window.names[pk] for pk in pause_ids if pk in story.window.names}
    missing = [pk for pk in pause_ids if pk not in known]
    return known | names_of(story.ticket, missing) if missing else known


def _lapsed(story: TicketStory) -> set[int]:
    """Waiting periods that nobody answered within the term, as the clocks see it."""
    return {
        segment.entry
        for clock in story.clocks
        if clock.explanation is not None
        for segment in clock.explanation.segments
        if segment.standing is Standing.LAPSED
    }


def _wait(
    story: TicketStory,
    pause: Pause,
    *,
    is_lapsed: bool,
    until: datetime | None,
    voices: Voices,
    forms: tuple[Form, ...],
) -> Wait:
    language = get_language() or ""
    terms = story.terms
    standing = Standing.LAPSED.value if is_lapsed else pause.standing
    reason = terms.pause_reasons.get(pause.reason) if terms else None
    labels = {clock.key: clock.label for clock in story.clocks}
    return Wait(
        pause=pause,
        reason=reason_label(pause.reason, terms, language),
        party=party_name(Party(pause.party)),
        standing=standing_name(standing),
        mark={"proposed": "provisional", "disputed": "risk", "rejected": "breached"}.get(standing, "met"),
        place=story.window.places.get(pause.pk, 0),
        answer_until=until if standing == Pause.Standing.PROPOSED else None,
        dispute_until=until
        if standing in {Pause.Standing.CONFIRMED, Pause.Standing.UPHELD}
        and answering_sides(story.ticket, pause, voices.beginner) - voices.words.keys()
        else None,
        stops=tuple(labels[key] for key in labels if reason is not None and key in reason.stops),
        forms=forms,
    )


#: What can be said: the word in the address, what the button says, whether a reason is wanted.
_Word = tuple[str, str, bool]


def _words_for(
    viewer: Viewer, story: TicketStory, pause: Pause, voices: Voices, until: datetime | None
) -> list[_Word]:
    """What the viewer may say: confirm or dispute what the other side began; of a dispute, give way."""
    ticket = story.ticket
    side = viewer.organisation_kind or "system"
    words: list[_Word] = []
    if may_answer_pause(viewer, ticket, pause, voices.beginner):
        if voices.may_confirm(side):
            words.append(("confirm", _("Confirm"), False))
        if voices.may_dispute(side, until=until, now=story.now):
            words.append(("dispute", _("Dispute"), True))
    if voices.disputing and viewer.may("pause.settle", ticket.scope_id):
        if side == voices.beginner:
            words.append(("reject", _("Give way: count it as service time"), True))
        elif side in voices.disputing and not words:
            words.append(("uphold", _("Give way: the pause stands"), True))
    return words


def _form(story: TicketStory, name: str, answer: str, label: str, is_required: bool) -> Form:
    return Form(
        key=f"pause:{answer}:{name[:12]}",
        url=reverse("desk:answer_pause", args=[story.ticket.number, answer]),
        label=label,
        button=label,
        look="main" if answer == "confirm" else "",
        fields=(
            Field("pause", "hidden", "", value=name),
            Field("text", "text", _("Why") if is_required else _("Remark"), is_required=is_required),
        ),
    )
