"""The indicators that tickets and reports feed: name, definition, and how each one's sample is drawn (R32)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from django.utils.functional import Promise, lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from yunheng.contracts.indicators import INDICATORS as CONTRACT_INDICATORS
from yunheng.contracts.terms import label_in
from yunheng.logic.vector import samples
from yunheng.logic.vector.milestones import Milestones
from yunheng.logic.vector.samples import ClockOutcome, Question, Sample

Int64 = npt.NDArray[np.int64]
Unit = Literal["%", "h", "tickets"]

_SHARES_OF_BAD = frozenset({"reopen_rate", "recurrence", "source_reassigned", "source_reopened"})


@dataclass(frozen=True, slots=True)
class Material:
    """What samples are drawn from: milestones, outcomes by clock key, and the dictionary of terms."""

    lives: Milestones
    outcomes: Mapping[str, ClockOutcome]
    terms: Mapping[int, str]

    def term_ids(self, is_wanted: Callable[[str], bool]) -> Int64:
        """Ids of the terms for which `is_wanted(text)` holds."""
        return np.array([number for number, text in self.terms.items() if is_wanted(text)], dtype=np.int64)


def _contract_name(key: str) -> Promise | str:
    """What contracts call the indicator, in the reader's language."""
    kind = CONTRACT_INDICATORS[key]
    say = lazy(lambda: label_in({"zh-Hans": kind.zh, "en": kind.en}, get_language() or ""), str)
    return say()


Draw = Callable[[Material, Question, Sequence[str]], Sample]


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator. `population` names the instant that puts an item in a period, `clocks` the kinds of clock."""

    key: str
    label: Promise | str
    definition: Promise | str
    population: Literal["settled", "created", "responded", "resolved", "restored", "closed", "open", "due"]
    unit: Unit
    draw: Draw
    bases: tuple[samples.Basis, ...] = ("events",)
    clocks: tuple[str, ...] = ()  #: clock kinds by default; a contract may name clocks of its own
    is_of_source: bool = False  #: another system's own claim, never our measurement

    @property
    def is_better_high(self) -> bool:
        """Whether more is better: shares are (except of bad things), durations and counts are not."""
        return self.unit == "%" and self.key not in {
            "reopen_rate",
            "recurrence",
            "source_reassigned",
            "source_reopened",
        }


def _on_lives(function: Callable[[Milestones, Question], Sample]) -> Draw:
    return lambda material, question, clocks: function(material.lives, question)


def _timeliness(material: Material, question: Question, clocks: Sequence[str]) -> Sample:
    return samples.timeliness(
        material.lives, [material.outcomes.get(key, samples.NO_OUTCOME) for key in clocks], question
    )


def _first_contact(material: Material, question: Question, clocks: Sequence[str]) -> Sample:
    return samples.first_contact_resolution(
        material.lives, question, material.term_ids(lambda text: text == "first")
    )


def _recurrence(material: Material, question: Question, clocks: Sequence[str]) -> Sample:
    return samples.recurrence(
        material.lives, question, material.term_ids(lambda text: all(text.partition("|")[::2]))
    )


def _source_made_sla(material: Material, question: Question, clocks: Sequence[str]) -> Sample:
    flag = material.lives.source_made_sla.astype(np.int64)
    return samples.source_flag(material.lives, question, flag, material.term_ids(lambda text: text == "true"))


def _is_positive(text: str) -> bool:
    return text.isdecimal() and int(text) > 0


def _source_reassigned(material: Material, question: Question, clocks: Sequence[str]) -> Sample:
    flag = material.lives.source_reassigned.astype(np.int64)
    return samples.source_flag(material.lives, question, flag, material.term_ids(_is_positive))


def _source_reopened(material: Material, question: Question, clocks: Sequence[str]) -> Sample:
    flag = material.lives.source_reopened.astype(np.int64)
    return samples.source_flag(material.lives, question, flag, material.term_ids(_is_positive))


def _no_tickets(material: Material, question: Question, clocks: Sequence[str]) -> Sample:
    """Of what is about no ticket; see `deliverables`."""
    return Sample(row=samples._NONE, at=samples._NONE, is_hit=np.empty(0, np.bool_))


def _backlog(material: Material, question: Question, clocks: Sequence[str]) -> Sample:
    return samples.backlog(material.lives, question.end)[0]


_BOTH: tuple[samples.Basis, ...] = ("events", "asserted")

_CATALOGUE = (
    Indicator(
        "response_timeliness",
        _contract_name("response_timeliness"),
        _("Response clocks that settled in the period: 1 − late / all. Automatic replies do not count."),
        "settled",
        "%",
        _timeliness,
        clocks=("respond",),
    ),
    Indicator(
        "resolution_timeliness",
        _contract_name("resolution_timeliness"),
        _("Resolution clocks that settled in the period: 1 − late / all. A reopening continues the clock."),
        "settled",
        "%",
        _timeliness,
        clocks=("resolve",),
    ),
    Indicator(
        "sla_attainment",
        _contract_name("sla_attainment"),
        _("All clocks promised to the client that settled in the period: met / due."),
        "settled",
        "%",
        _timeliness,
    ),
    Indicator(
        "resolved_24h",
        _contract_name("resolved_24h"),
        _(
            "Resolved in the period: resolved within the set time of the first response / all. No response is a miss."
        ),
        "resolved",
        "%",
        _on_lives(samples.resolved_within),
        bases=_BOTH,
    ),
    Indicator(
        "mtta",
        _contract_name("mtta"),
        _(
            "Created in the period: mean time from opening to first response. Without a response: listed apart."
        ),
        "created",
        "h",
        _on_lives(samples.time_to_respond),
        bases=_BOTH,
    ),
    Indicator(
        "mttr",
        _contract_name("mttr"),
        _("Resolved in the period: mean time from opening to the resolution that stands (the last one)."),
        "resolved",
        "h",
        _on_lives(samples.time_to_resolve),
        bases=_BOTH,
    ),
    Indicator(
        "mttr_first",
        _contract_name("mttr_first"),
        _(
            "First resolved in the period: mean time from opening to the first resolution, whatever came after."
        ),
        "resolved",
        "h",
        _on_lives(samples.time_to_first_resolution),
    ),
    Indicator(
        "mtrs",
        _contract_name("mtrs"),
        _("Restored in the period: mean time from the start of the failure to the service working again."),
        "restored",
        "h",
        _on_lives(samples.time_to_restore),
    ),
    Indicator(
        "mttc",
        _contract_name("mttc"),
        _("Closed in the period: mean time from opening to closing."),
        "closed",
        "h",
        _on_lives(samples.time_to_close),
        bases=_BOTH,
    ),
    Indicator(
        "incident_resolution_rate",
        _contract_name("incident_resolution_rate"),
        _("Resolved / closed in the period, or resolved / logged in the period, as the contract says."),
        "closed",
        "%",
        _on_lives(samples.resolution_rate),
        bases=_BOTH,
    ),
    Indicator(
        "first_contact_resolution",
        _contract_name("first_contact_resolution"),
        _(
            "Created in the period: resolved by the first line, one team, no wait, no reopening / all of known line."
        ),
        "created",
        "%",
        _first_contact,
    ),
    Indicator(
        "dispatch_accuracy",
        _contract_name("dispatch_accuracy"),
        _("Resolved in the period and dispatched to a team: resolved by the first team / dispatched."),
        "resolved",
        "%",
        _on_lives(samples.dispatch_accuracy),
    ),
    Indicator(
        "reopen_rate",
        _contract_name("reopen_rate"),
        _("Closed in the period: tickets reopened at least once within the set days / closed."),
        "closed",
        "%",
        _on_lives(samples.reopen_rate),
    ),
    Indicator(
        "recurrence",
        _contract_name("recurrence"),
        _(
            "Closed in the period, CI and cause known: the same two were closed within the set days before / closed."
        ),
        "closed",
        "%",
        _recurrence,
    ),
    Indicator(
        "backlog_age",
        _contract_name("backlog_age"),
        _("Open at the end of the period (neither resolved, closed nor cancelled), by days since opening."),
        "open",
        "tickets",
        _backlog,
    ),
    Indicator(
        "report_on_time",
        _contract_name("report_on_time"),
        _(
            "Reports whose term fell into the period: issued in time / due. "
            "Not issued is a miss; returned counts as late."
        ),
        "due",
        "%",
        _no_tickets,
    ),
    Indicator(
        "source_made_sla",
        _("SLA flag of the source system"),
        _("What the source system claims of its own contract. It is not our attainment."),
        "created",
        "%",
        _source_made_sla,
        bases=_BOTH,
        is_of_source=True,
    ),
    Indicator(
        "source_reassigned",
        _("Reassigned, by the source's counter"),
        _("Tickets whose reassignment counter in the source system is above zero / all."),
        "created",
        "%",
        _source_reassigned,
        bases=_BOTH,
        is_of_source=True,
    ),
    Indicator(
        "source_reopened",
        _("Reopened, by the source's counter"),
        _("Tickets whose reopening counter in the source system is above zero / all."),
        "created",
        "%",
        _source_reopened,
        bases=_BOTH,
        is_of_source=True,
    ),
)

INDICATORS: Mapping[str, Indicator] = {indicator.key: indicator for indicator in _CATALOGUE}
