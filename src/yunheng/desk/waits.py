"""The waiting periods of a ticket in words, and whose turn it is to answer them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.contracts.terms import ContractTerms
from yunheng.foundation.access import Viewer
from yunheng.foundation.models import EntryBody
from yunheng.logic.clock import Standing
from yunheng.logic.facts import Party
from yunheng.logic.worktime import HorizonError
from yunheng.sla.models import Pause
from yunheng.sla.queries import pauses_of
from yunheng.sla.wording import party_name, reason_label, standing_name

from .forms import Field, Form, Typed, fill
from .naming import names_of
from .queries import disputing_side, may_answer_pause
from .story import TicketStory


@dataclass(frozen=True, slots=True)
class Wait:
    """One waiting period: for whom, why, how it stands, and what the viewer may say to it."""

    pause: Pause
    reason: str
    party: str
    standing: str
    mark: str
    place: int  # of the entry that began it in the timeline, 0 when that is not to be seen
    answer_until: datetime | None  # None where nobody has to answer any more
    stops: tuple[str, ...]  # names of the viewer's clocks that this reason stops
    forms: tuple[Form, ...]

    @property
    def is_running(self) -> bool:
        """Whether it lasts."""
        return self.pause.ended_at is None

    @property
    def is_turn(self) -> bool:
        """Whether the viewer has something to say to it."""
        return bool(self.forms)


def waits_of(viewer: Viewer, story: TicketStory, typed: Typed | None = None) -> list[Wait]:
    """The ticket's waiting periods, the latest first (1 query, up to 3 for long timelines)."""
    ticket = story.ticket
    pauses = pauses_of(scope_id=ticket.scope_id, subject_id=ticket.pk)
    lapsed = _lapsed(story)
    open_ones = [
        pause
        for pause in pauses
        if pause.standing == Pause.Standing.DISPUTED
        or (pause.standing == Pause.Standing.PROPOSED and pause.pk not in lapsed)
    ]
    may_speak = not ticket.is_observed and (
        viewer.may("pause.answer", ticket.scope_id) or viewer.may("pause.settle", ticket.scope_id)
    )
    sides = _sides(story, [pause.pk for pause in open_ones]) if open_ones and may_speak else {}
    words = {
        pause.pk: _words_for(viewer, story, pause, sides[pause.pk])
        for pause in open_ones
        if pause.pk in sides
    }
    names = _names(story, [pk for pk, found in words.items() if found])
    return [
        _wait(
            story,
            pause,
            is_lapsed=pause.pk in lapsed,
            forms=tuple(
                fill(_form(story, names[pause.pk], *word), typed) for word in words.get(pause.pk, ())
            ),
        )
        for pause in reversed(pauses)
    ]


def _sides(story: TicketStory, pause_ids: Sequence[int]) -> dict[int, str]:
    """The side that began each waiting period; the provider where its entry no longer says."""
    told: dict[int, Mapping[str, Any] | None] = {
        entry.id: entry.shared for entry in story.window.entries if entry.id in pause_ids
    }
    missing = [pk for pk in pause_ids if pk not in told]
    if missing:
        told |= dict(EntryBody.objects.filter(pk__in=missing).values_list("pk", "shared"))
    return {pk: str((told.get(pk) or {}).get("side", "provider")) for pk in pause_ids}


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


def _wait(story: TicketStory, pause: Pause, *, is_lapsed: bool, forms: tuple[Form, ...]) -> Wait:
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
        answer_until=answer_until(pause, terms) if standing == Pause.Standing.PROPOSED else None,
        stops=tuple(labels[key] for key in labels if reason is not None and key in reason.stops),
        forms=forms,
    )


def answer_until(pause: Pause, terms: ContractTerms | None) -> datetime | None:
    """When silence begins to count as a yes: the contract's working days after the wait began (sla-semantics 13)."""
    if terms is None:
        return None
    calendars: Mapping[str, object] = terms.calendars
    key = terms.confirm_calendar
    if key is None:
        stops = (
            terms.pause_reasons[pause.reason].stops if pause.reason in terms.pause_reasons else frozenset()
        )
        goals = [
            goal.calendar
            for clock in terms.clocks
            if clock in stops
            for goal in terms.clocks[clock].goals.values()
        ]
        key = goals[0] if goals else None
    if key is None or key not in calendars:
        return None
    if terms.confirm_days < 1:
        return pause.began_at
    try:
        end = terms.calendars[key].end_of_working_day(int(pause.began_at.timestamp()), terms.confirm_days)
    except HorizonError:
        return None
    return datetime.fromtimestamp(end, UTC)


#: What can be said: the word in the address, what the button says, whether a reason is wanted.
_Word = tuple[str, str, bool]


def _words_for(viewer: Viewer, story: TicketStory, pause: Pause, beginner: str) -> list[_Word]:
    """What the viewer may say: confirm or dispute what the other side began; of a dispute, give way."""
    ticket = story.ticket
    side = viewer.organisation_kind or "system"
    may_answer = may_answer_pause(viewer, ticket, pause, beginner)
    words: list[_Word] = []
    if pause.standing == Pause.Standing.PROPOSED and may_answer:
        words += [("confirm", _("Confirm"), False), ("dispute", _("Dispute"), True)]
    elif pause.standing == Pause.Standing.DISPUTED:
        is_own_dispute = disputing_side(ticket, pause) == side
        if is_own_dispute and may_answer:
            words.append(("confirm", _("Confirm"), False))
        elif viewer.may("pause.settle", ticket.scope_id):
            if side == beginner:
                words.append(("reject", _("Give way: count it as service time"), True))
            elif is_own_dispute:
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
