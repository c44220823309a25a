"""Who is told what happens to a ticket, in whose words; and the webhooks of its contract."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from yunheng.accounts.holders import people_in_roles, people_with
from yunheng.accounts.models import Person
from yunheng.accounts.queries import viewer_for_person
from yunheng.contracts.queries import terms_of_version
from yunheng.contracts.terms import ContractTerms, label_in
from yunheng.foundation import statements, wording
from yunheng.foundation.access import Viewer
from yunheng.foundation.actor import SYSTEM
from yunheng.foundation.flow import UnknownProcessError, label_text, process_of
from yunheng.foundation.journal import EntryDraft, record
from yunheng.foundation.models import Entry, EntryBody
from yunheng.logic.flow import Process
from yunheng.notify.actions import Message, Telling, WebhookEvent, tell_all, tell_webhooks
from yunheng.notify.queries import scopes_with_webhooks
from yunheng.sla.queries import ContractTimeline, contract_timeline

from .models import Proposal, Ticket
from .processes import ticket_processes
from .queries import sees
from .rows import tickets_with_ids
from .wording import PLUMBING

__all__ = ["ANNOUNCED", "announce"]

#: Types of entries that somebody may want to hear of.
ANNOUNCED: Final = (
    "ticket.opened",
    "ticket.moved",
    "ticket.replied",
    "ticket.profile_changed",
    "ticket.classified",
    "ticket.time_corrected",
    "ticket.left_out",
    "ticket.taken_back",
    "pause.confirmed",
    "pause.disputed",
    "pause.upheld",
    "pause.rejected",
    "exclusion.agreed",
    "correction.proposed",
    "correction.approved",
    "correction.refused",
    "correction.withdrawn",
    "clock.warned",
    "clock.breached",
)
QUOTE_LENGTH: Final = 2_000
#: From this share of a goal on, a warning is worth a mail; earlier ones show on the workbench.
AT_RISK_SHARE: Final = 75

Write = Callable[[], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Notice:
    """An event for one person; `write` makes one line and a text in the language that is active."""

    person: Person
    event: str
    write: Write


@dataclass(frozen=True, slots=True)
class _Told:
    """An entry with everything that its notices are made of."""

    entry: Entry
    ticket: Ticket
    shared: Mapping[str, Any]
    data: Mapping[str, Any]
    process: Process | None
    terms: ContractTerms | None
    actor_id: str
    asked: "_Asked"

    @property
    def is_from_client(self) -> bool:
        return self.shared.get("side") == "client"


#: Types of which people may be told; of the others only webhooks hear.
_TOLD: Final = frozenset(ANNOUNCED) - {
    "ticket.opened",
    "ticket.profile_changed",
    "ticket.classified",
    "ticket.time_corrected",
    "ticket.left_out",
    "ticket.taken_back",
    "exclusion.agreed",
    "correction.withdrawn",
}


def _concerns_nobody(entry: Entry) -> bool:
    """Whether an entry is no step of which people are told, in whatever state its ticket is."""
    if entry.type not in _TOLD:
        return True
    return entry.type == "ticket.moved" and _is_quiet(entry.body.shared or {})


def _is_quiet(shared: Mapping[str, Any]) -> bool:
    """Whether nobody is told of a transition, by its states in any version of a process (see `_moved`)."""
    before, after = str(shared.get("from")), str(shared.get("to"))
    if shared.get("transition") == "assign":
        return False
    if before == after:
        return True
    heard = {"waiting", "resolved"}
    if shared.get("side") == "client" and _categories(before) & {"restored", "resolved"}:
        return False
    return not _categories(after) & heard


@cache
def _categories(state: str) -> frozenset[str]:
    """The categories that a state has in the processes; of one that no process knows people may be told."""
    found = {process.states[state].category for process in ticket_processes() if state in process.states}
    return frozenset(found or {"waiting", "resolved", "restored"})


def announce(entry_ids: Sequence[int], *, now: datetime) -> None:
    """Tell people and webhooks of entries. Safe to run again: nobody is told of one entry twice.

    What many entries have in common (versions of contracts, people, roles, preferences, webhooks) is asked once. The
    contract's escalation steps are carried out here (sla-semantics 21): each is an entry that says who was told.
    """
    with transaction.atomic():
        entries = _entries_with_ids(entry_ids)
        hooked = scopes_with_webhooks({entry.scope_id for entry in entries})
        heard = [entry for entry in entries if entry.scope_id in hooked or not _concerns_nobody(entry)]
        tickets = {ticket.pk: ticket for ticket in tickets_with_ids([entry.subject_id for entry in heard])}
        asked = _Asked()
        tellings: list[Telling] = []
        events: list[WebhookEvent] = []
        for entry in heard:
            ticket = tickets.get(entry.subject_id)
            if ticket is None or ticket.is_observed:
                continue
            told = _read(entry, ticket, asked)
            messages = _messages(told, now)
            if messages:
                tellings.append(Telling(messages, ticket.scope_id, ticket.number, entry.pk))
            # What is internal never leaves through a webhook.
            if entry.scope_id in hooked and entry.body.shared is not None:
                events.append(
                    WebhookEvent(
                        scope_id=ticket.scope_id,
                        entry_id=entry.pk,
                        entry_type=entry.type,
                        subject_number=ticket.number,
                        occurred_at=entry.occurred_at,
                        data=_webhook_data(told),
                    )
                )
        tell_all(tellings, now=now)
        tell_webhooks(events, now=now)


def _messages(told: _Told, now: datetime) -> list[Message]:
    """What each person is told of an entry, in their own words; carries out the escalation steps that it reaches."""
    notices = [notice for notice in _notices(told) if str(notice.person.uuid) != told.actor_id]
    notices = [notice for notice in notices if _may_see(told, notice.person)]
    for roles, people in list(_escalations(told)):
        notices += [_Notice(person, "escalated", _clock_text(told)) for person in people]
        _record_step(told, roles, people, now)
    return [_message(told, notice, now) for notice in _once(notices)]


class _Asked:
    """What was asked for one of many entries, for the others: as of this transaction, and gone with it."""

    def __init__(self) -> None:
        self._timelines: dict[int, ContractTimeline] = {}
        self._people: dict[int, list[Person]] = {}
        self._viewers: dict[int, Viewer] = {}

    def timeline(self, scope_id: int) -> ContractTimeline:
        """The versions of a contract (1 query for each)."""
        if scope_id not in self._timelines:
            self._timelines[scope_id] = contract_timeline(scope_id)
        return self._timelines[scope_id]

    def person(self, person_id: int | None) -> list[Person]:
        """The person with that id and their organisation, none where there is no id (1 query for each)."""
        if person_id is None:
            return []
        if person_id not in self._people:
            self._people[person_id] = list(Person.objects.select_related("organisation").filter(pk=person_id))
        return self._people[person_id]

    def viewer(self, person: Person) -> Viewer:
        """The person with their roles (1 query for each)."""
        if person.pk not in self._viewers:
            self._viewers[person.pk] = viewer_for_person(person)
        return self._viewers[person.pk]


_ENTRIES: Final = f"""
    SELECT {statements.columns_of(Entry)}, {statements.columns_of(EntryBody)}
    FROM entry JOIN entry_body ON entry_body.entry_id = entry.id WHERE entry.id = ANY(%s::bigint[]) ORDER BY entry.id
"""  # noqa: S608 - columns of our own models


def _entries_with_ids(entry_ids: Sequence[int]) -> list[Entry]:
    """The entries with their bodies, in order (1 query). Raises Entry.DoesNotExist for one that is missing."""
    size = len(statements.names_of(Entry))
    entries = []
    for row in statements.fetch_all(_ENTRIES, [list(entry_ids)]):
        entry = statements.made_of(Entry, row[:size])
        entry.body = statements.made_of(EntryBody, row[size:])
        entries.append(entry)
    missing = set(entry_ids) - {entry.pk for entry in entries}
    if missing:
        raise Entry.DoesNotExist(min(missing))
    return entries


def _read(entry: Entry, ticket: Ticket, asked: _Asked) -> _Told:
    shared = entry.body.shared or {}
    try:
        process = process_of(ticket.process_key, ticket.process_version)
    except UnknownProcessError:
        process = None
    version_id = asked.timeline(ticket.scope_id).version_at(int(ticket.opened_at.timestamp()))
    actor = (
        ((entry.body.personal or {}).get("actor") or {}) if entry.actor_kind in {"person", "token"} else {}
    )
    return _Told(
        entry,
        ticket,
        shared,
        shared or entry.body.internal or {},
        process,
        terms_of_version(version_id) if version_id else None,
        str(actor.get("id", "")),
        asked,
    )


# --- who


def _notices(told: _Told) -> Iterator[_Notice]:
    kind = told.entry.type
    if kind == "ticket.moved":
        yield from _moved(told)
    elif kind == "ticket.replied":
        to = _working(told) if told.is_from_client else _asking(told)
        yield from _to(to, "replied", told, _replied)
    elif kind in {"pause.confirmed", "pause.disputed", "pause.upheld", "pause.rejected"}:
        yield from _to(_working(told), "pause_answered", told, _pause_answered)
    elif kind == "correction.proposed":
        yield from _to(_approvers(told), "proposal_to_answer", told, _proposed)
    elif kind in {"correction.approved", "correction.refused"}:
        yield from _to(_proposer(told), "proposal_answered", told, _proposal_answered)
    elif kind == "clock.breached" or (
        kind == "clock.warned" and int(told.data.get("share") or 0) >= AT_RISK_SHARE
    ):
        event = "breached" if kind == "clock.breached" else "at_risk"
        for person in _working(told):
            if _concerns(told, person):
                yield _Notice(person, event, _clock_text(told))


def _moved(told: _Told) -> Iterator[_Notice]:
    ticket, shared, process = told.ticket, told.shared, told.process
    if shared.get("transition") == "assign":
        if not _is_still_assigned(told):  # somebody else has it by now; of that a later entry tells
            return
        if ticket.assignee_id is not None:
            yield from _to(told.asked.person(ticket.assignee_id), "assigned_to_me", told, _assigned)
        elif ticket.team is not None:
            people = ticket.team.people.select_related("organisation").filter(is_active=True)
            yield from _to(people, "assigned_to_team", told, _assigned)
        return
    states = process.states if process else {}
    old, new = states.get(str(shared.get("from"))), states.get(str(shared.get("to")))
    if new is None or old is new:
        return
    if new.category == "waiting" and new.party is not None and new.party.name.lower() == "client":
        people = people_with(ticket.scope_id, "pause.answer", kind="client")
        yield from _to(people, "pause_to_answer", told, _waiting)
    elif new.category == "resolved" and (old is None or old.category != "resolved"):
        yield from _to(_asking(told), "resolved", told, _resolved)
    elif told.is_from_client and old is not None and old.category in {"restored", "resolved"}:
        yield from _to(_working(told), "reopened", told, _reopened)


def _is_still_assigned(told: _Told) -> bool:
    """Whether the ticket is with whom the entry gave it to, as far as the entry still says that."""
    personal = told.entry.body.personal
    if personal is None or "assignee" not in (changes := personal.get("changes") or {}):
        return True
    now = [str(person.uuid) for person in told.asked.person(told.ticket.assignee_id)]
    return now == ([] if changes["assignee"] is None else [changes["assignee"]])


def _working(told: _Told) -> list[Person]:
    """Who works on the ticket: its assignee, else the people of its team."""
    if told.ticket.assignee_id is not None:
        return told.asked.person(told.ticket.assignee_id)
    if told.ticket.team is None:
        return []
    return list(told.ticket.team.people.select_related("organisation").filter(is_active=True))


def _asking(told: _Told) -> list[Person]:
    """Who asked for it."""
    return told.asked.person(told.ticket.requester_id)


def _proposal(told: _Told) -> Proposal | None:
    number = told.shared.get("proposal")
    rows = Proposal.objects.select_related("proposed_by__organisation").filter(ticket=told.ticket)
    if told.entry.type == "correction.proposed":
        return rows.filter(entry_id=told.entry.pk).first()
    return rows.filter(entry_id=number).first() if isinstance(number, int) else None


def _approvers(told: _Told) -> Iterable[Person]:
    proposal = _proposal(told)
    if proposal is None:
        return []
    if proposal.needs_client:
        return people_with(told.ticket.scope_id, "pause.answer", kind="client")
    return people_with(told.ticket.scope_id, "ticket.correct_time", kind="provider")


def _proposer(told: _Told) -> list[Person]:
    proposal = _proposal(told)
    return [proposal.proposed_by] if proposal is not None else []


def _concerns(told: _Told, person: Person) -> bool:
    """Whether a clock is the person's business: all for the provider, one's own promises for others."""
    if person.organisation.kind == "provider":
        return True
    detail = told.terms.clock_details.get(str(told.data.get("clock"))) if told.terms else None
    return detail is not None and detail.audience == person.organisation.kind


def _may_see(told: _Told, person: Person) -> bool:
    """Whether the person sees the ticket: whoever lost the role, or works with a team elsewhere, does not
    read by mail what no page shows them.
    """
    return sees(told.asked.viewer(person), told.ticket)


def _escalations(told: _Told) -> Iterator[tuple[tuple[str, ...], list[Person]]]:
    """Steps of the contract's ladder that this entry reaches; one that was carried out already is left out."""
    if told.terms is None or told.entry.type not in {"clock.warned", "clock.breached"}:
        return
    reached = 100 if told.entry.type == "clock.breached" else int(told.data.get("share") or 0)
    for step in told.terms.escalation:
        if step.clock != told.data.get("clock") or step.share != reached:
            continue
        if _was_carried_out(told, step.roles):
            continue
        holders = people_in_roles(told.ticket.scope_id, step.roles)
        yield step.roles, [it for it in holders if _concerns(told, it) and _may_see(told, it)]


def _was_carried_out(told: _Told, roles: Sequence[str]) -> bool:
    steps = Entry.objects.filter(
        scope_id=told.ticket.scope_id,
        subject_id=told.ticket.pk,
        pk__gt=told.entry.pk,
        type="escalation.carried_out",
    ).select_related("body")
    return any(
        (it.body.internal or {}).get("entry") == told.entry.pk
        and (it.body.internal or {}).get("roles") == list(roles)
        for it in steps
    )


def _record_step(told: _Told, roles: Sequence[str], people: Sequence[Person], now: datetime) -> None:
    """The step as an entry: for which clock and share, which roles, and whom that reached by mail."""
    record(
        EntryDraft(
            scope_id=told.ticket.scope_id,
            scope_key=told.ticket.scope.key,
            subject_id=told.ticket.pk,
            subject_number=told.ticket.number,
            type="escalation.carried_out",
            occurred_at=now.replace(microsecond=0),
            actor=SYSTEM,
            source="server",
            internal={
                "entry": told.entry.pk,
                "clock": str(told.data.get("clock", "")),
                "share": 100 if told.entry.type == "clock.breached" else int(told.data.get("share") or 0),
                "roles": list(roles),
                "told": len(people),
                **({} if people else {"reason": "nobody_holds_the_role"}),
            },
            personal={"told": [{"id": str(it.uuid), "name": it.name} for it in people]},
        ),
        recorded_at=now,
    )


def _to(
    people: Iterable[Person], event: str, told: _Told, write: Callable[[_Told], tuple[str, str]]
) -> Iterator[_Notice]:
    for person in people:
        yield _Notice(person, event, lambda: write(told))


def _once(notices: Iterable[_Notice]) -> list[_Notice]:
    """One notice per person and entry: the first, which says most."""
    found: dict[int, _Notice] = {}
    for notice in notices:
        found.setdefault(notice.person.pk, notice)
    return list(found.values())


# --- in which words: one line, and what happened


def _assigned(told: _Told) -> tuple[str, str]:
    return _("Assigned: %(title)s") % {"title": told.ticket.title}, _(
        "This ticket was assigned to you or your team."
    )


def _replied(told: _Told) -> tuple[str, str]:
    return _("Reply: %(title)s") % {"title": told.ticket.title}, _quote(told.shared.get("text"))


def _waiting(told: _Told) -> tuple[str, str]:
    text = _quote((told.shared.get("form") or {}).get("note"))
    return (
        _("We wait for you: %(title)s") % {"title": told.ticket.title},
        _("The service desk waits for your side. Please say whether that is right, or help us on.")
        + "\n\n"
        + text,
    )


def _resolved(told: _Told) -> tuple[str, str]:
    return (
        _("Please confirm: %(title)s") % {"title": told.ticket.title},
        _("Your request is resolved. Please try it and confirm, or reopen it.")
        + "\n\n"
        + _quote(told.ticket.resolution),
    )


def _reopened(told: _Told) -> tuple[str, str]:
    return (
        _("Reopened: %(title)s") % {"title": told.ticket.title},
        _("The client reopened this ticket.")
        + "\n\n"
        + _quote((told.shared.get("form") or {}).get("reason")),
    )


def _pause_answered(told: _Told) -> tuple[str, str]:
    names = {
        "pause.confirmed": _("Waiting period confirmed: %(title)s"),
        "pause.disputed": _("Waiting period disputed: %(title)s"),
        "pause.upheld": _("Dispute settled, the pause stands: %(title)s"),
        "pause.rejected": _("Dispute settled, the pause falls: %(title)s"),
    }
    return names[told.entry.type] % {"title": told.ticket.title}, _quote(told.shared.get("text"))


def _proposed(told: _Told) -> tuple[str, str]:
    proposal = _proposal(told)
    return (
        _("A correction waits for your agreement: %(title)s") % {"title": told.ticket.title},
        _quote(proposal.reason if proposal else ""),
    )


def _proposal_answered(told: _Told) -> tuple[str, str]:
    is_approved = told.entry.type == "correction.approved"
    line = _("Correction approved: %(title)s") if is_approved else _("Correction refused: %(title)s")
    proposal = _proposal(told)
    return line % {"title": told.ticket.title}, _quote(proposal.answer if proposal else "")


def _clock_text(told: _Told) -> Write:
    def write() -> tuple[str, str]:
        key = str(told.data.get("clock", ""))
        detail = told.terms.clock_details.get(key) if told.terms else None
        label = label_in(detail.label, translation.get_language() or "") if detail else key
        due = told.data.get("due_at")
        when = wording.instant(datetime.fromisoformat(str(due))) if due else wording.DASH
        if told.entry.type == "clock.breached":
            line = _("Goal passed (%(clock)s): %(title)s")
        else:
            line = _("Goal near (%(clock)s): %(title)s")
        return (
            line % {"clock": label, "title": told.ticket.title},
            _("%(clock)s is due %(when)s.") % {"clock": label, "when": when},
        )

    return write


def _message(told: _Told, notice: _Notice, now: datetime) -> Message:
    person, ticket = notice.person, told.ticket
    with translation.override(person.language), timezone.override(ZoneInfo(person.zone)):
        line, text = notice.write()
        state = told.process.states.get(ticket.state) if told.process else None
        lines = [text.strip(), "", f"{ticket.number}  {ticket.title}"]
        if state is not None:
            lines.append(_("State: %(state)s") % {"state": label_text(state.label)})
        lines.append(_link(ticket))
        lines += ["", "-- ", _("You can choose what you are told of in Yunheng, under “Notifications”.")]
    return Message(person, notice.event, f"[{ticket.number}] {line}", "\n".join(lines).strip() + "\n")


def _link(ticket: Ticket) -> str:
    if not settings.ORIGINS:
        return _("Open Yunheng and search for the number.")
    return f"{settings.ORIGINS[0].rstrip('/')}/tickets/{ticket.number}"


def _quote(text: object) -> str:
    words = str(text or "").strip()
    return words if len(words) <= QUOTE_LENGTH else words[:QUOTE_LENGTH] + " …"


def _webhook_data(told: _Told) -> dict[str, Any]:
    """What a webhook is told: the ticket as it is now, and the entry's shared data without internal ids."""
    ticket = told.ticket
    return {
        "contract": ticket.scope.key,
        "ticket": {
            "number": ticket.number,
            "kind": ticket.kind,
            "title": ticket.title,
            "state": ticket.state,
            "priority": ticket.priority,
            "service": ticket.service,
            "team": ticket.team.key if ticket.team else None,
        },
        "entry": {name: value for name, value in told.shared.items() if name not in PLUMBING},
    }
