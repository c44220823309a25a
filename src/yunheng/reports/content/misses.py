"""The goals that were missed, at most 500 of them one by one, and what left the figures by agreement."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.appraisal.figures import Item, Row
from yunheng.appraisal.queries import items
from yunheng.appraisal.waiting import party_label
from yunheng.contracts.terms import ContractTerms, label_in
from yunheng.desk.models import Proposal
from yunheng.desk.wording import leaving_reason
from yunheng.foundation import wording
from yunheng.foundation.models import EntryBody
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.vector.milestones import NEVER
from yunheng.logic.worktime import HorizonError
from yunheng.sla.wording import reason_label

from .source import Source

LIMIT: Final = 500

#: The instant of a ticket's life that ends a clock of a kind; of other kinds a life does not tell it.
_ENDS: Final = {
    "respond": "responded_at",
    "restore": "restored_at",
    "resolve": "resolved_at",
    "closeout": "closed_at",
}


def misses(source: Source, row: Row) -> dict[str, Any]:
    """Clocks promised to the client that were missed in the month: when due, when done, over by how much, and for whom
    the ticket waited longest. `row` is the figure that they stand behind.
    """
    total = row.denominator - row.numerator
    found: list[Item] = []
    if total:
        found, _more = items(
            source.contract,
            key=row.key,
            start=source.month.first,
            end=source.month.last,
            part="misses",
            limit=LIMIT,
            **source.asked,
        )
    waits = _longest_waits(source, [item.subject_id for item in found])
    return {
        "rows": [_line(source, item, waits.get(item.subject_id)) for item in found],
        "total": total,
        "limit": LIMIT,
    }


def _line(source: Source, item: Item, wait: tuple[str, str] | None) -> dict[str, str]:
    language = get_language() or "zh-hans"
    study, lives = source.study, source.study.lives
    place = int(np.searchsorted(lives.subject, item.subject_id))
    terms = study.terms_at(int(lives.opened_at[place]))
    profile = study.facts.terms.get(int(lives.profile[place]), "")
    service, _bar, priority = profile.partition("|")
    due = int(item.at.timestamp()) if item.at is not None else None
    detail = terms.clock_details.get(item.clock)
    end = _ENDS.get(detail.kind if detail else "", "")
    done = _ended_at(end, lives, place, due) if end else None
    cut_off = min(study.now, int(source.month.end_at.timestamp()))
    party, reason = wait or ("", "")
    return {
        "number": item.number,
        "title": item.title,
        "clock": label_in(detail.label, language) if detail else item.clock,
        "priority": label_in(terms.priorities[priority].label, language)
        if priority in terms.priorities
        else priority,
        "service": label_in(terms.services[service].label, language)
        if service in terms.services
        else service,
        "opened": wording.instant(int(lives.opened_at[place])),
        "due": wording.instant(due),
        "done": wording.instant(done) if done is not None or not end else _("not yet"),
        "over": _over(terms, item.clock, profile, due, done or cut_off) if end else "",
        "party": party_label(party) if party else "",
        "reason": reason_label(reason, terms, language) if reason else "",
    }


def _ended_at(name: str, lives: Any, place: int, due: int | None) -> int | None:
    """When what was promised was done, as the facts have it now; None: not yet."""
    at = int(getattr(lives, name)[place])
    if at == NEVER and name == "restored_at":
        at = int(lives.resolved_at[place])
    if at == NEVER or (due is not None and at < due):
        return None  # a resolution that was undone, or of a cycle before
    return at


def _over(terms: ContractTerms, clock: str, profile: str, due: int | None, end: int) -> str:
    """By how much it was passed in the goal's own time; of what is not done yet, up to the end of the month."""
    policy = terms.clocks.get(clock)
    goal = policy.goals.get(profile) if policy is not None else None
    if due is None or goal is None or end < due:
        return ""
    calendar = terms.calendars[goal.calendar]
    try:
        return wording.duration(calendar.elapsed(due, min(end, calendar.last_at)))
    except HorizonError:
        return ""


def _longest_waits(source: Source, subjects: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Party and reason of the waiting period that lasted longest, by ticket."""
    if not subjects:
        return {}
    facts = source.study.facts
    chosen = np.flatnonzero(np.isin(facts.subject, np.array(sorted(set(subjects)), dtype=np.int64)))
    begun: dict[tuple[int, int], tuple[int, int, int]] = {}
    longest: dict[int, tuple[int, str, str]] = {}
    for row in chosen:
        kind = int(facts.kind[row])
        key = (int(facts.subject[row]), int(facts.ref[row]))
        if kind == FactKind.WAIT_BEGAN:
            begun[key] = (int(facts.at[row]), int(facts.party[row]), int(facts.term[row]))
        elif kind == FactKind.WAIT_ENDED and key in begun:
            at, party, term = begun.pop(key)
            _longer(longest, key[0], int(facts.at[row]) - at, party, facts.terms.get(term, ""))
    for key, (at, party, term) in begun.items():
        _longer(longest, key[0], source.study.now - at, party, facts.terms.get(term, ""))
    return {subject: (party, reason) for subject, (_seconds, party, reason) in longest.items()}


def _longer(
    longest: dict[int, tuple[int, str, str]], subject: int, seconds: int, party: int, reason: str
) -> None:
    if subject not in longest or seconds > longest[subject][0]:
        longest[subject] = (seconds, Party(party).name.lower(), reason)


def exclusions(source: Source, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Tickets that left any of these figures with reason and approval, by reason and who agreed, each ticket once; then
    the windows of single tickets that both sides agreed to leave out of the clocks.
    """
    reasons: dict[int, str] = {}
    for key in keys:
        after: str | None = None
        while True:
            found, after = items(
                source.contract,
                key=key,
                start=source.month.first,
                end=source.month.last,
                part="excluded",
                after=after,
                limit=1000,
                **source.asked,
            )
            reasons.update({item.subject_id: item.reason for item in found})
            if after is None:
                break
    by_client = set(
        Proposal.objects.filter(
            scope_id=source.contract.pk,
            kind=Proposal.Kind.LEAVE_OUT,
            standing=Proposal.Standing.APPROVED,
            needs_client=True,
            ticket_id__in=list(reasons),
        ).values_list("ticket_id", flat=True)
    )
    counts = Counter((reason, subject in by_client) for subject, reason in reasons.items())
    return [
        {
            "key": reason,
            "label": _("Tickets"),
            "count": count,
            "reason": leaving_reason(reason),
            "agreed_by": source.contract.client.name if is_client else source.contract.provider.name,
        }
        for (reason, is_client), count in sorted(counts.items())
    ] + _windows(source)


def _windows(source: Source) -> list[dict[str, Any]]:
    """Agreed windows that lie in the month, by reason and who agreed, with their time in it by the wall clock."""
    facts, language = source.study.facts, get_language() or "zh-hans"
    start, end = int(source.month.start_at.timestamp()), int(source.month.end_at.timestamp())
    begun: dict[tuple[int, int], int] = {}
    found: list[tuple[str, int, int]] = []  # reason, entry, seconds
    kinds = (FactKind.EXCLUSION_BEGAN, FactKind.EXCLUSION_ENDED)
    for row in np.flatnonzero(np.isin(facts.kind, kinds)):
        key = (int(facts.subject[row]), int(facts.ref[row]))
        if int(facts.kind[row]) == FactKind.EXCLUSION_BEGAN:
            begun[key] = int(row)
        elif key in begun:
            first = begun.pop(key)
            seconds = min(int(facts.at[row]), end, source.study.now) - max(int(facts.at[first]), start)
            if seconds > 0:
                found.append((facts.terms.get(int(facts.term[first]), ""), int(facts.entry[first]), seconds))
    bodies = dict(
        EntryBody.objects.filter(pk__in=[entry for _, entry, _ in found]).values_list("pk", "shared")
    )
    together: dict[tuple[str, bool], list[int]] = {}
    for reason, entry, seconds in found:
        is_client = (bodies.get(entry) or {}).get("approver_side") == "client"
        together.setdefault((reason, is_client), []).append(seconds)
    known = source.terms.exclusions
    return [
        {
            "key": reason,
            "label": _("Agreed windows, %(time)s in all") % {"time": wording.duration(sum(each))},
            "count": len(each),
            "reason": label_in(known[reason].label, language) if reason in known else reason,
            "agreed_by": source.contract.client.name if is_client else source.contract.provider.name,
        }
        for (reason, is_client), each in sorted(together.items())
    ]
