"""What happened to a ticket, as a sentence: entries of the journal in the words of their process."""

from collections.abc import Mapping
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from yunheng.contracts.terms import ContractTerms, label_in
from yunheng.foundation import wording
from yunheng.foundation.flow import label_text
from yunheng.logic.flow import Process
from yunheng.sla.wording import reason_label

from .queries import TimelineEntry

TimelineMark = Literal["plain", "running", "paused", "met", "risk", "breached"]

#: The mark that a state carries, by its category.
CATEGORY_MARKS = {
    "open": "running",
    "waiting": "paused",
    "restored": "met",
    "resolved": "met",
    "closed": "plain",
    "cancelled": "na",
}
PLUMBING = frozenset(
    {"facts", "entry", "pause", "supersedes", "proposal"}
)  # what projections need: internal ids, never shown
#: Fields of a form or an entry that are read as text and quoted under the sentence.
_QUOTED = ("text", "note", "resolution", "reason", "measure", "opinion", "message", "answer")


def channel_name(key: str) -> str:
    """How a ticket came in."""
    return str(CHANNEL_NAMES.get(key, key))


#: Said in every row of a list: only the one that is asked for is looked up.
CHANNEL_NAMES = {
    "portal": gettext_lazy("portal"),
    "phone": gettext_lazy("phone"),
    "mail": gettext_lazy("e-mail"),
    "im": gettext_lazy("instant message"),
    "api": gettext_lazy("API"),
    "fax": gettext_lazy("fax"),
    "alert": gettext_lazy("alert"),
    "inspection": gettext_lazy("inspection"),
    "import": gettext_lazy("import"),
}
_KINDS = {"incident": gettext_lazy("Incident"), "service_request": gettext_lazy("Service request")}


def source_name(key: str) -> str:
    """Who says when it happened."""
    names = {
        "server": _("by the system"),
        "person": _("entered by hand"),
        "device": _("from a device"),
        "import": _("imported"),
    }
    return names.get(key, key)


def means_name(key: str) -> str:
    """How a reply reached the other side; "" for the page itself, which goes without saying."""
    names = {
        "phone": _("by phone"),
        "mail": _("by e-mail"),
        "im": _("by instant message"),
        "visit": _("in person"),
        "api": _("through the API"),
    }
    return names.get(key, "")


def link_words(kind: str, *, is_from_other: bool) -> str:
    """How a link reads from one of its ends, before the number of the other."""
    if is_from_other:
        names = {
            "duplicate_of": _("has the duplicate"),
            "caused_by": _("is the cause of"),
            "part_of": _("has the part"),
            "related_to": _("is related to"),
        }
    else:
        names = {
            "duplicate_of": _("is a duplicate of"),
            "caused_by": _("is caused by"),
            "part_of": _("is part of"),
            "related_to": _("is related to"),
        }
    return names.get(kind, kind)


def kind_name(key: str) -> str:
    """Kind of a ticket."""
    return str(_KINDS.get(key, key))


def entry_sentence(
    entry: TimelineEntry, process: Process | None, terms: ContractTerms | None, language: str
) -> str:
    """What happened, in one phrase."""
    shared = entry.shared or {}
    transition = process.transitions.get(str(shared.get("transition", ""))) if process else None
    if transition is not None and process is not None:
        name = label_text(transition.label)
        old, new = state_label(process, shared.get("from")), state_label(process, shared.get("to"))
        if old == new:
            return name
        return _("%(transition)s: %(old)s → %(new)s") % {"transition": name, "old": old, "new": new}
    if entry.type in {"clock.warned", "clock.breached"}:
        return _clock_sentence(entry, terms, language)
    if entry.type.startswith("correction."):
        return _correction_sentence(entry)
    if entry.type in {"ticket.linked", "ticket.unlinked"}:
        return _link_sentence(entry)
    if entry.type == "ticket.observed":
        return _observed_sentence(entry, terms, language)
    names = {
        "ticket.opened": _("Opened"),
        "source.asserted": _("What the source system claims"),
        "ticket.replied": _("Public reply"),
        "ticket.noted": _("Internal note"),
        "ticket.profile_changed": _("Service or priority changed"),
        "ticket.classified": _("Classified"),
        "ticket.process_changed": _("Moved to another version of the process"),
        "ticket.time_corrected": _("Time corrected"),
        "ticket.left_out": _("Left out of the indicators"),
        "ticket.taken_back": _("Taken back into the indicators"),
        "pause.confirmed": _("Pause confirmed"),
        "pause.disputed": _("Pause disputed"),
        "pause.upheld": _("Dispute settled: the pause stands"),
        "pause.rejected": _("Dispute settled: the pause counts as service time"),
        "exclusion.agreed": _("Time excluded by agreement"),
        "entry.redacted": _("Data erased, the record stays"),
    }
    return names.get(entry.type, entry.type)


def correction_name(kind: str) -> str:
    """A kind of correction of the record."""
    names = {
        "correct_time": _("Correct the time of an entry"),
        "leave_out": _("Leave it out of the indicators"),
        "take_back": _("Take it back into the indicators"),
        "exclude_window": _("Exclude a stretch of time"),
    }
    return names.get(kind, kind)


def leaving_reason(key: str) -> str:
    """Why a ticket leaves the indicators."""
    names = {
        "duplicate": _("a duplicate"),
        "test": _("a test"),
        "withdrawn": _("withdrawn"),
        "not_liable": _("not the provider's to answer for"),
    }
    return names.get(key, key)


def proposal_standing(standing: str) -> str:
    """How a proposal stands."""
    names = {
        "proposed": _("proposed"),
        "approved": _("approved"),
        "refused": _("refused"),
        "withdrawn": _("withdrawn"),
    }
    return names.get(standing, standing)


def _correction_sentence(entry: TimelineEntry) -> str:
    kind = {"kind": correction_name(str((entry.shared or {}).get("kind", "")))}
    names = {
        "correction.proposed": _("Correction proposed: %(kind)s"),
        "correction.approved": _("Correction approved: %(kind)s"),
        "correction.refused": _("Correction refused: %(kind)s"),
        "correction.withdrawn": _("Correction withdrawn: %(kind)s"),
    }
    return names[entry.type] % kind if entry.type in names else entry.type


def _link_sentence(entry: TimelineEntry) -> str:
    data = entry.internal or entry.shared or {}
    words = link_words(str(data.get("kind", "")), is_from_other=bool(data.get("is_from_other")))
    if entry.type == "ticket.linked":
        return _("Linked: %(words)s %(number)s") % {"words": words, "number": data.get("other", "")}
    return _("Link taken back: %(words)s %(number)s") % {"words": words, "number": data.get("other", "")}


def facts_in(entry: TimelineEntry) -> list[tuple[str, str]]:
    """What the entry told the clocks: kind of the fact in lower case, and its term."""
    facts = (entry.shared or {}).get("facts")
    if not isinstance(facts, list):
        return []
    return [
        (str(fact.get("fact", "")), str(fact.get("term", ""))) for fact in facts if isinstance(fact, Mapping)
    ]


def _observed_sentence(entry: TimelineEntry, terms: ContractTerms | None, language: str) -> str:
    """What a record of another system says: the facts in it, else that something was updated there."""
    names = {
        "opened": _("Opened"),
        "responded": _("First response"),
        "updated": _("Progress reported"),
        "dispatched": _("Sent on site"),
        "arrived": _("Arrived on site"),
        "restored": _("Service restored"),
        "resolved": _("Resolution recorded"),
        "reopened": _("Reopened"),
        "confirmed": _("Confirmed by the user"),
        "closed": _("Closure recorded"),
        "cancelled": _("Cancellation recorded"),
        "wait_ended": _("Waiting ended"),
        "pause_confirmed": _("Waiting period confirmed"),
        "pause_disputed": _("Waiting period disputed"),
        "pause_upheld": _("Dispute settled: the waiting period stands"),
        "pause_rejected": _("Dispute settled: the waiting period does not stand"),
    }
    words = []
    for kind, term in facts_in(entry):
        if kind == "assigned":
            words.append(_("Assigned to %(team)s") % {"team": term})
        elif kind == "wait_began":
            words.append(_("Waiting began: %(reason)s") % {"reason": reason_label(term, terms, language)})
        elif kind in names:
            words.append(names[kind])
    return " · ".join(words) or _("Updated in the source system")


def is_minor(entry: TimelineEntry) -> bool:
    """Whether it changed nothing that clocks or readers care for: an observed update without facts."""
    return entry.type == "ticket.observed" and not facts_in(entry)


def _clock_sentence(entry: TimelineEntry, terms: ContractTerms | None, language: str) -> str:
    data = entry.shared or entry.internal or {}
    clock = str(data.get("clock") or data.get("kind") or "")
    label = clock
    if terms is not None and clock in terms.clock_details:
        label = label_in(terms.clock_details[clock].label, language)
    if entry.type == "clock.breached":
        return _("%(clock)s: goal passed") % {"clock": label}
    return _("%(clock)s: %(share)s %% of the goal used") % {"clock": label, "share": data.get("share", "")}


def entry_mark(entry: TimelineEntry, process: Process | None) -> tuple[TimelineMark, str]:
    """Mark and icon of an entry."""
    if entry.type == "clock.breached":
        return "breached", "breached"
    if entry.type == "clock.warned":
        return "risk", "risk"
    target = str((entry.shared or {}).get("to") or "")
    state = process.states.get(target) if process else None
    if state is not None and (entry.shared or {}).get("from") != target:
        if state.category == "waiting":
            return "paused", "paused"
        if state.category in {"restored", "resolved", "closed"}:
            return "met", "met"
        if state.category == "cancelled":
            return "plain", "cancelled"
        return "running", "running"
    for kind, _term in reversed(facts_in(entry)):
        if kind in {"resolved", "closed", "restored", "confirmed"}:
            return "met", "met"
        if kind == "wait_began":
            return "paused", "paused"
        if kind in {"reopened", "responded", "wait_ended"}:
            return "running", "running"
    icons = {"system": "system", "import": "import", "token": "token"}
    return "plain", icons.get(entry.actor_kind, "person")


def state_label(process: Process | None, key: object) -> str:
    """A state as its process calls it; "unmapped" and other foreign states by their key."""
    state = process.states.get(str(key)) if process else None
    if state is not None:
        return label_text(state.label)
    return _("unmapped") if key == "unmapped" else str(key or wording.DASH)


def quotes(entry: TimelineEntry) -> list[tuple[str, bool]]:
    """Texts that people wrote, each with whether it is for the provider only."""
    found: list[tuple[str, bool]] = []
    for data, is_internal in ((entry.shared, False), (entry.internal, True)):
        for holder in (data or {}, (data or {}).get("form") or {}):
            for name in _QUOTED:
                text = holder.get(name) if isinstance(holder, Mapping) else None
                if isinstance(text, str) and text.strip() and (text, is_internal) not in found:
                    found.append((text, is_internal))
    return found


def details(entry: TimelineEntry) -> list[tuple[str, str]]:
    """The rest of the data, name and value, for those who want to see exactly what is recorded."""
    rows: list[tuple[str, str]] = []
    for data in (entry.shared, entry.internal, entry.personal):
        rows += _flat(data or {}, "")
    return rows


def _flat(data: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in data.items():
        if name in PLUMBING:
            continue
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            for place, item in enumerate(value, 1):
                if isinstance(item, Mapping):
                    rows += _flat(item, f"{prefix}{name}.{place}.")
            plain = [str(item) for item in value if not isinstance(item, Mapping)]
            if plain:
                rows.append((prefix + name, ", ".join(plain)))
        elif value not in (None, ""):
            rows.append((prefix + name, str(value)))
    return rows
