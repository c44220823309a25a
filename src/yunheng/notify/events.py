"""The catalogue of what people can be told of: one place for labels, defaults and urgency."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

__all__ = ["EVENTS", "Event"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a person may be told. `sides` are the kinds of organisation whose people it can reach."""

    key: str
    label: str | Promise
    sides: frozenset[str]
    is_on: bool = True  # unless the person says otherwise
    is_urgent: bool = False  # may come in quiet hours, where the person lets it


_PROVIDER = frozenset({"provider"})
_WORKING = frozenset({"provider", "supplier"})
_CLIENT = frozenset({"client"})
_ALL = frozenset({"provider", "supplier", "client"})

EVENTS: Final[Mapping[str, Event]] = {
    event.key: event
    for event in (
        Event("assigned_to_me", gettext_lazy("A ticket is assigned to me"), _WORKING),
        Event(
            "assigned_to_team", gettext_lazy("A ticket is assigned to one of my teams"), _WORKING, is_on=False
        ),
        Event(
            "replied", gettext_lazy("The other side replies on a ticket that I asked for or work on"), _ALL
        ),
        Event(
            "resolved", gettext_lazy("A request of mine is resolved and waits for my confirmation"), _CLIENT
        ),
        Event("reopened", gettext_lazy("A ticket that I work on is reopened"), _WORKING),
        Event("pause_to_answer", gettext_lazy("A waiting period is booked on my side's account"), _CLIENT),
        Event(
            "pause_answered",
            gettext_lazy("A waiting period on a ticket of mine is confirmed or disputed"),
            _WORKING,
        ),
        Event("proposal_to_answer", gettext_lazy("A correction of the record waits for my agreement"), _ALL),
        Event("proposal_answered", gettext_lazy("A correction that I proposed is approved or refused"), _ALL),
        Event(
            "report_drafted", gettext_lazy("A planned report was drafted and waits for comments"), _PROVIDER
        ),
        Event("report_issued", gettext_lazy("A report is sent to me"), frozenset({"provider", "client"})),
        Event(
            "statement_to_answer",
            gettext_lazy("A statement waits for my side: to answer, decide or sign"),
            frozenset({"provider", "client"}),
        ),
        Event(
            "statement_moved",
            gettext_lazy("The other side did something to a statement"),
            frozenset({"provider", "client"}),
        ),
        Event(
            "rectification",
            gettext_lazy("Rectification is ordered, reported, verified or due"),
            frozenset({"provider", "client"}),
        ),
        Event(
            "log_head", gettext_lazy("The day's signed head of the log, to keep for verification"), _CLIENT
        ),
        Event("tier_near", gettext_lazy("One more breach would bring a lower tier of the score"), _PROVIDER),
        Event("at_risk", gettext_lazy("A goal of a ticket of mine comes near"), _WORKING, is_urgent=True),
        Event("breached", gettext_lazy("A goal of a ticket of mine is passed"), _WORKING, is_urgent=True),
        Event(
            "escalated",
            gettext_lazy("The contract names my role when a goal comes near or is passed"),
            _ALL,
            is_urgent=True,
        ),
    )
}
