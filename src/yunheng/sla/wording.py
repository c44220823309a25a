"""Clocks in words: statuses, reasons and parties, and the one sentence that says how a clock stands."""

from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from yunheng.contracts.terms import ContractTerms, label_in
from yunheng.foundation import wording
from yunheng.logic.clock import ClockState, ClockStatus, Segment, Standing, Why
from yunheng.logic.facts import Party

from .queries import BEYOND_CALENDAR, CONTRACT_EXPIRED, NO_CONTRACT, NO_TARGET

#: The marks of ui.md rule 4.
Mark = Literal["running", "risk", "breached", "met", "paused", "na", "plain"]
RISK_PERCENT = 75


def party_name(party: Party) -> str:
    """Whom something is attributed to, or "" for nobody."""
    return str(_PARTIES[party])


#: Said in every row of a list: only the one that is asked for is looked up.
_PARTIES = {
    Party.NONE: "",
    Party.PROVIDER: gettext_lazy("provider"),
    Party.CLIENT: gettext_lazy("client"),
    Party.SUPPLIER: gettext_lazy("supplier"),
    Party.FORCE_MAJEURE: gettext_lazy("force majeure"),
}


def standing_name(standing: Standing | str | None) -> str:
    """How a pause stands between the parties, or "" where there is no standing."""
    if standing is None:
        return ""
    return {
        Standing.PROPOSED: _("not answered yet"),
        Standing.CONFIRMED: _("confirmed"),
        Standing.LAPSED: _("not answered in time"),
        Standing.DISPUTED: _("disputed"),
        Standing.UPHELD: _("upheld"),
        Standing.REJECTED: _("rejected"),
    }[Standing(standing)]


def why_name(why: Why) -> str:
    """Why a stretch of time is counted or is not."""
    return {
        Why.COUNTED: _("Service time"),
        Why.WAITING_COUNTED: _("Waiting that does not stop this clock"),
        Why.DISPUTE_COUNTED: _("Disputed pause, counted"),
        Why.REOPENED_COUNTED: _("Between resolution and reopening, counted"),
        Why.OFF_HOURS: _("Outside service hours"),
        Why.PAUSE: _("Paused"),
        Why.EXCLUSION: _("Agreed exclusion"),
        Why.AFTER_RESOLUTION: _("Between resolution and reopening"),
        Why.BEFORE_GOAL_CHANGE: _("Before the goal changed"),
        Why.BEFORE_RESET: _("Earlier cycle"),
        Why.NO_TARGET: _("No goal in the contract"),
    }[why]


def reason_label(code: str, terms: ContractTerms | None, language: str) -> str:
    """A pause or exclusion reason as the contract calls it, else its code."""
    if terms is not None:
        for known in (terms.pause_reasons, terms.exclusions):
            if code in known:
                return label_in(known[code].label, language)
    return code


def segment_reason(segment: Segment, terms: ContractTerms | None, language: str) -> str:
    """Why, in one phrase: "Paused: waiting for client"."""
    why = why_name(segment.why)
    reason = reason_label(segment.reason, terms, language) if segment.reason else ""
    return _("%(why)s: %(reason)s") % {"why": why, "reason": reason} if reason else why


def no_clock_text(reason: str) -> str:
    """Why there is no clock where one could be expected (sla-semantics 16)."""
    return {
        NO_CONTRACT: _("No contract covers this ticket, so there is no clock."),
        CONTRACT_EXPIRED: _("The contract had expired when this clock would have started."),
        NO_TARGET: _("The contract sets no goal for this service and priority."),
        BEYOND_CALENDAR: _("The calendar of the contract does not reach this far."),
    }.get(reason, reason)


def mark_of(
    status: ClockStatus | str, *, is_met: bool | None, is_breached: bool, used_percent: int | None
) -> Mark:
    """Which mark a clock carries. A clock that is late carries it whether it runs, waits or stands still."""
    status = ClockStatus(status)
    if status is ClockStatus.NOT_STARTED:
        return "plain"
    if status is ClockStatus.NO_TARGET:
        return "na"
    if is_breached or is_met is False:
        return "breached"
    if status is ClockStatus.CANCELLED:
        return "na"
    if status is ClockStatus.STOPPED:
        return "met"
    if status is ClockStatus.PAUSED:
        return "paused"
    return "risk" if used_percent is not None and used_percent >= RISK_PERCENT else "running"


def mark_name(mark: Mark, status: ClockStatus | str) -> str:
    """The word beside the mark."""
    if status == ClockStatus.CANCELLED and mark != "breached":
        return _("cancelled")
    return str(_MARKS[mark])


_MARKS = {
    "running": gettext_lazy("running"),
    "risk": gettext_lazy("at risk"),
    "breached": gettext_lazy("breached"),
    "met": gettext_lazy("met"),
    "paused": gettext_lazy("paused"),
    "na": gettext_lazy("no goal"),
    "plain": gettext_lazy("not started"),
}


def used_percent(elapsed: int, goal: int | None) -> int | None:
    """Share of the goal that is used up, whole per cent rounded down; None without a goal."""
    return None if not goal else elapsed * 100 // goal


def clock_sentence(state: ClockState, *, now: datetime, waits_for: Party = Party.NONE) -> str:
    """Time said fully: what is left, until when, or how it ended."""
    elapsed, goal = state.elapsed_seconds, state.goal_seconds
    took = wording.duration(elapsed)
    if state.status is ClockStatus.NOT_STARTED:
        return _("Its start has not come yet.")
    if goal is None:
        return no_clock_text(NO_TARGET)
    values = {"elapsed": took, "goal": wording.duration(goal)}
    if state.status is ClockStatus.CANCELLED:
        return _("Called off after %(elapsed)s of %(goal)s.") % values
    over = wording.duration(elapsed - goal)
    if state.status is ClockStatus.STOPPED:
        values["at"] = wording.instant(state.stopped_at, now=now)
        if state.is_met is False:
            return _("%(elapsed)s of service time, goal %(goal)s: %(over)s over · stopped %(at)s") % {
                **values,
                "over": over,
            }
        return _("%(elapsed)s of service time, goal %(goal)s · stopped %(at)s") % values
    if state.breached_at is not None:
        values |= {"over": over, "at": wording.instant(state.breached_at, now=now)}
        return _("%(over)s of service time over the goal of %(goal)s · late since %(at)s") % values
    left = {"left": wording.duration(goal - elapsed), "at": wording.instant(state.due_at, now=now)}
    if state.status is ClockStatus.PAUSED:
        who = party_name(waits_for)
        if who:
            return _("waiting for %(party)s · %(left)s of service time left when it goes on") % {
                **left,
                "party": who,
            }
        return _("stands still · %(left)s of service time left when it goes on") % left
    return _("due %(at)s · %(left)s of service time left") % left
