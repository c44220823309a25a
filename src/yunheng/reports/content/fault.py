"""The content of a fault report, drafted from one ticket's journal; and the major incidents of a monthly report."""

from datetime import datetime
from typing import Any, Final

import numpy as np
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.appraisal.slicing import cause_name
from yunheng.contracts.terms import ContractTerms, label_in
from yunheng.desk.models import Ticket
from yunheng.desk.queries import TimelineEntry
from yunheng.desk.wording import entry_sentence, is_minor, kind_name, quotes
from yunheng.foundation import wording
from yunheng.foundation.flow import UnknownProcessError, process_for
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Invalid
from yunheng.logic.flow import Process
from yunheng.logic.vector.milestones import NEVER
from yunheng.sla.queries import explain_clocks

from .source import Source, opening, speaking

MOST_MAJOR: Final = 20
MOST_LINES: Final = 200  #: of a fault report's timeline
MOST_MAJOR_LINES: Final = 20  #: of one incident in a monthly report
QUOTE_LENGTH: Final = 600
#: Entries that tell nothing of the fault: reminders, mails, what another system claims, words about the record itself.
_LEFT_OUT: Final = (
    "clock.warned",
    "ticket.notified",
    "notification.sent",
    "source.asserted",
    "ticket.escalated",
)


def fault(source: Source, language: str) -> dict[str, Any]:
    """The body of a fault report: the ticket's instants, what the promises came to, and what happened, line by line.

    Only shared data: what the provider wrote for itself and names of people stay where they are, but for who reported
    the fault, with the organisation (reference/reports.md).
    """
    ticket = source.ticket
    if ticket is None:
        raise Invalid({"ticket": _("Name the ticket that the fault report is about.")})
    with speaking(language, source.month.zone):
        content = opening(source, "fault", language, _("Fault report"))
        content["report"] |= {"period_label": f"{ticket.number} {ticket.title}"}
        lives = source.study.lives
        place = int(np.searchsorted(lives.subject, ticket.pk))
        if place >= len(lives) or int(lives.subject[place]) != ticket.pk:
            raise Invalid({"ticket": _("This ticket is not sealed yet; try again in a minute.")})
        terms = source.study.terms_at(int(lives.opened_at[place]))
        service, priority = _labels(ticket, terms)
        detected, ended = int(lives.opened_at[place]), _at(lives.resolved_at[place])
        started = _at(lives.failed_at[place]) or detected
        requester = ticket.requester
        restored = _at(lives.restored_at[place])
        until = restored or ended
        return {
            **content,
            "ticket": {
                "number": ticket.number,
                "title": ticket.title,
                "grade": _("Major · %(priority)s") % {"priority": priority} if ticket.is_major else priority,
                "kind": kind_name(ticket.kind),
                "service": service,
                "priority": priority,
                "ci": ticket.ci,
                "reporter": requester.name if requester else ticket.requester_name,
                "reporter_unit": requester.organisation.name if requester else "",
                "started": wording.instant(started),
                "detected": wording.instant(detected),
                "responded": wording.instant(_at(lives.responded_at[place])),
                "restored": wording.instant(restored),
                "resolved": wording.instant(ended),
                "duration": wording.duration(None if until is None else until - started),
                "cause": cause_name(ticket.cause) if ticket.cause else "",
            },
            "effects": _effects(source, ticket, terms),
            "timeline": [
                {"at": wording.instant(at, with_seconds=True), "who": who, "text": text}
                for at, who, text in _lines(source, ticket, terms, MOST_LINES, has_quotes=True)
            ],
            "written": {},
            "actions": [],
            "edition": "",
        }


def major_incidents(source: Source) -> list[dict[str, Any]]:
    """Major incidents that were opened in the month or went on in it, the earliest first; call it `speaking`."""
    month = source.month
    found = (
        Ticket.objects.filter(scope_id=source.contract.pk, is_major=True, opened_at__lt=month.end_at)
        .filter(Q(resolved_at=None) | Q(resolved_at__gte=month.start_at))
        .order_by("opened_at", "id")
    )
    lives, start = source.study.lives, int(month.start_at.timestamp())
    incidents: list[dict[str, Any]] = []
    for ticket in found:
        place = int(np.searchsorted(lives.subject, ticket.pk))
        if len(incidents) >= MOST_MAJOR or place >= len(lives) or int(lives.subject[place]) != ticket.pk:
            continue  # not there yet at this position
        cancelled = _at(lives.cancelled_at[place])
        if lives.is_left_out[place] or (cancelled is not None and cancelled < start):
            continue  # a duplicate, a test: no figure counts it; or taken back before the month began
        terms = source.study.terms_at(int(lives.opened_at[place]))
        _service, priority = _labels(ticket, terms)
        opened, resolved = int(lives.opened_at[place]), _at(lives.resolved_at[place])
        restored = _at(lives.restored_at[place])
        until = restored or resolved
        incidents.append(
            {
                "number": ticket.number,
                "title": ticket.title,
                "priority": priority,
                "opened": wording.instant(opened),
                "responded": wording.instant(_at(lives.responded_at[place])),
                "restored": wording.instant(restored),
                "resolved": wording.instant(resolved),
                "duration": wording.duration(None if until is None else until - opened),
                "cause": cause_name(ticket.cause) if ticket.cause else "",
                "lines": [
                    {"at": wording.instant(at), "text": text}
                    for at, _who, text in _lines(source, ticket, terms, MOST_MAJOR_LINES, has_quotes=False)
                ],
            }
        )
    return incidents


def _at(value: Any) -> int | None:
    at = int(value)
    return None if at == NEVER else at


def _labels(ticket: Ticket, terms: ContractTerms) -> tuple[str, str]:
    language = get_language() or "zh-hans"
    service, priority = terms.services.get(ticket.service), terms.priorities.get(ticket.priority)
    return (
        label_in(service.label, language) if service else ticket.service,
        label_in(priority.label, language) if priority else ticket.priority,
    )


def _effects(source: Source, ticket: Ticket, terms: ContractTerms) -> list[dict[str, Any]]:
    """What became of each clock promised to the client, folded at the position."""
    language = get_language() or "zh-hans"
    explained = explain_clocks(
        scope_id=source.contract.pk,
        subject_id=ticket.pk,
        now=source.study.now,
        as_of=source.position,
        kinds=frozenset(terms.clocks_for("client")),
    )
    lines = []
    for clock in terms.clocks_for("client"):
        found = explained.get(clock)
        if found is None or found.explanation is None or found.detail is None:
            continue
        state = found.explanation.state
        if state.goal_seconds is None:
            continue
        paused = sum(state.waited_seconds.values())
        text = _("%(used)s of %(goal)s used") % {
            "used": wording.duration(state.elapsed_seconds),
            "goal": wording.duration(state.goal_seconds),
        }
        if paused:
            text += " · " + _("%(time)s waited and not counted") % {"time": wording.duration(paused)}
        lines.append(
            {
                "clock": label_in(found.detail.label, language),
                "due": wording.instant(state.due_at),
                "done": wording.instant(state.stopped_at),
                "is_met": state.is_met,
                "text": text,
            }
        )
    return lines


def _lines(
    source: Source, ticket: Ticket, terms: ContractTerms, most: int, *, has_quotes: bool
) -> list[tuple[datetime, str, str]]:
    """Shared entries of the ticket below the position in words: when, which side, what (1 query)."""
    entries = (
        Entry.objects.filter(scope_id=source.contract.pk, subject_id=ticket.pk)
        .exclude(shared_digest=None)
        .exclude(type__in=_LEFT_OUT)
        .exclude(type__startswith="correction.")
        .select_related("body", "log_leaf")
        .order_by("occurred_at", "id")
    )
    if source.position is not None:
        entries = entries.filter(log_leaf__index__lt=source.position)
    process = _process(ticket)
    language = get_language() or "zh-hans"
    lines: list[tuple[datetime, str, str]] = []
    for entry in entries.iterator(chunk_size=most * 3):
        told = _told(entry)
        if told.shared is None or is_minor(told):
            continue
        text = entry_sentence(told, process, terms, language)
        if has_quotes:
            said = [words for words, is_internal in quotes(told) if not is_internal]
            text = "\n".join([text, *(_short(words) for words in said)])
        if len(lines) == most:  # what is not told is said to be there
            return [*lines, (entry.occurred_at, "", _("… The rest stands in the ticket's timeline."))]
        lines.append((entry.occurred_at, _side(source, told), text))
    return lines


def _told(entry: Entry) -> TimelineEntry:
    return TimelineEntry(
        id=entry.pk,
        type=entry.type,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        actor_kind=entry.actor_kind,
        actor_name="",
        source=entry.source,
        shared=entry.body.shared,
        internal=None,
        personal=None,
        erased=frozenset(),
        hidden=frozenset(),
        log_index=None,
    )


def _process(ticket: Ticket) -> Process | None:
    try:
        return process_for(ticket)
    except UnknownProcessError:
        return None


def _side(source: Source, entry: TimelineEntry) -> str:
    """Whose word it was, by organisation: names of people are not for everybody who reads a report."""
    side = str((entry.shared or {}).get("side", ""))
    names = {
        "provider": source.contract.provider.name,
        "client": source.contract.client.name,
        "supplier": _("supplier"),
        "system": _("system"),
    }
    if not side:
        return _("system") if entry.actor_kind in {"system", "import"} else ""
    return names.get(side, "")


def _short(text: str) -> str:
    return text if len(text) <= QUOTE_LENGTH else text[:QUOTE_LENGTH] + " …"
