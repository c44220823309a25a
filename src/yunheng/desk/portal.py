"""What the client's portal shows: what waits for an answer, and requests in plain words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from django.db.models import Q, QuerySet
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from yunheng.contracts.queries import contracts_visible_to, terms_of_version
from yunheng.contracts.reading import titles_of
from yunheng.contracts.terms import ContractTerms, label_in
from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import UnknownProcessError, label_text, offered, process_for
from yunheng.foundation.models import Attachment, EntryBody
from yunheng.foundation.refusals import Invalid, NotFound
from yunheng.logic.facts import Party
from yunheng.logic.flow import Transition
from yunheng.sla.queries import contract_timeline

from . import wording as desk_wording
from .actions import contract_for
from .listing import PAGE, TooBroad, clocks_of_page, is_open, limited
from .models import Proposal, Ticket
from .naming import names_by_scope
from .queries import (
    WaitingPause,
    access_ticket,
    attachments_of,
    may_answer_proposal,
    pauses_waiting_for,
    proposals_of,
    proposals_waiting_for,
    scopes_where,
    visible_to,
)
from .searching import narrow
from .story import ClockStory, TicketStory, TimelineLine, tell_ticket

Whose = Literal["mine", "all"]
CLIENT: Final = "client"
#: What a client decides about a request, by the transition of its process.
STEPS: Final = ("confirm", "reopen", "approve", "decline", "cancel")
_FEW: Final = 20  #: rows of each part of the first page
_SILENT: Final = frozenset({"clock.warned", "clock.breached", "ticket.classified", "ticket.notified"})


def require_client(viewer: Viewer) -> None:
    """The portal is for people of a client; to others it does not exist. Raises NotFound."""
    if viewer.organisation_kind != CLIENT:
        raise NotFound(_("There is nothing of this name here."))


def sees_all_somewhere(viewer: Viewer) -> bool:
    """Whether the viewer sees requests of colleagues, too."""
    return any(role != "requester" for role, _scope in viewer.grants)


def may_open_somewhere(viewer: Viewer) -> bool:
    """Whether the viewer may ask for something under some contract."""
    return any(viewer.may("ticket.open", scope_id) for _role, scope_id in viewer.grants)


# --- requests in plain words


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request in a list: where it stands, and what is promised next."""

    ticket: Ticket
    words: str
    mark: str
    service: str
    promise: str = ""  # name of the next promise, "" where none is running
    due_at: datetime | None = None
    is_late: bool = False
    contract: str = ""


def standing_words(ticket: Ticket) -> str:
    """Where a request stands, as one says it to who asked."""
    try:
        state = process_for(ticket).states.get(ticket.state)
    except UnknownProcessError:
        state = None
    if state is None:
        return desk_wording.state_label(None, ticket.state)
    by_key = {
        "new": _("Received. The service desk will take it up."),
        "accepted": _("Taken up. Work on it begins soon."),
        "in_progress": _("Somebody is working on it."),
        "waiting_client": _("We need something from your side to go on."),
        "waiting_supplier": _("The manufacturer is at it; we wait for them."),
        "waiting_parts": _("We wait for a spare part."),
        "awaiting_approval": _("It waits for your approval."),
        "restored": _("It works again; we still look for the cause."),
        "resolved": _("Solved, as we see it. Please tell us whether it works."),
        "fulfilled": _("Done, as we see it. Please tell us whether it is what you wanted."),
        "confirmed": _("The solution is confirmed; the service desk will close it."),
        "closed": _("Closed."),
        "cancelled": _("Cancelled."),
    }
    return by_key.get(state.key) or label_text(state.label)


def _mark(ticket: Ticket) -> str:
    try:
        state = process_for(ticket).states.get(ticket.state)
    except UnknownProcessError:
        state = None
    if state is None:
        return "plain"
    if state.category == "waiting" and state.party is Party.CLIENT:
        return "risk"
    return desk_wording.CATEGORY_MARKS.get(state.category, "plain")


def request_rows(viewer: Viewer, tickets: Sequence[Ticket]) -> list[RequestRow]:
    """Requests as rows (2 queries, and one per contract)."""
    page = clocks_of_page(viewer, tickets)
    scope_ids = {ticket.scope_id for ticket in tickets}
    timelines = {scope_id: contract_timeline(scope_id) for scope_id in scope_ids}
    contracts = _titles(viewer)
    language = get_language() or ""
    rows = []
    for ticket in tickets:
        at = int(ticket.opened_at.timestamp())
        version_id = timelines[ticket.scope_id].version_at(at) or timelines[ticket.scope_id].last_before(at)
        terms = terms_of_version(version_id) if version_id is not None else None
        running = [
            clock
            for clock in page.clocks[ticket.pk]
            if clock.status == "running" and clock.due_at is not None and _is_promise(terms, clock.kind)
        ]
        following = min(running, key=lambda clock: clock.due_at, default=None)  # type: ignore[arg-type,return-value]
        detail = terms.clock_details[following.kind] if terms and following else None
        service = terms.services.get(ticket.service) if terms else None
        rows.append(
            RequestRow(
                ticket=ticket,
                words=standing_words(ticket),
                mark=_mark(ticket),
                service=label_in(service.label, language) if service else ticket.service,
                promise=label_in(detail.label, language) if detail else "",
                due_at=following.due_at if following else None,
                is_late=bool(following and following.breached_at is not None),
                contract=contracts.get(ticket.scope_id, "") if len(contracts) > 1 else "",
            )
        )
    return rows


def _is_promise(terms: ContractTerms | None, kind: str) -> bool:
    detail = terms.clock_details.get(kind) if terms else None
    return detail is not None and detail.audience == CLIENT


def _titles(viewer: Viewer) -> Mapping[int, str]:
    return titles_of(list(contracts_visible_to(viewer)))


# --- the first page


@dataclass(frozen=True, slots=True)
class WaitingAnswer:
    """A waiting period to confirm or dispute, in words; `name` is its public name."""

    waiting: WaitingPause
    name: str
    reason: str

    @property
    def short(self) -> str:
        """The beginning of its name, for ids within a page."""
        return self.name[:12]


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A correction of the record that was proposed, in words."""

    proposal: Proposal
    what: str
    facts: tuple[tuple[str, Any], ...]  # name and value; instants are datetimes
    may_answer: bool

    @property
    def short(self) -> str:
        """The end of its UUID, for ids within a page."""
        return self.proposal.uuid.hex[-12:]

    @property
    def form(self) -> str:
        """Name of its form."""
        return f"proposal-{self.proposal.uuid}"


@dataclass(frozen=True, slots=True)
class Home:
    """The portal's first page. What waits for an answer stands there a few at a time: `not_shown` waiting periods and
    corrections follow as soon as some are answered; requests to decide have a list of their own.
    """

    pauses: list[WaitingAnswer]
    proposals: list[ProposalView]
    not_shown: int
    to_decide: list[RequestRow]
    has_more_to_decide: bool
    open_requests: list[RequestRow]
    has_more: bool
    sees_all: bool
    may_open: bool

    @property
    def waiting_count(self) -> int:
        """How many things wait for the viewer's answer."""
        return len(self.pauses) + len(self.proposals) + len(self.to_decide)


def tell_home(viewer: Viewer, *, now: datetime) -> Home:
    """What waits for the viewer, and the viewer's open requests, the newest first."""
    mine = _requests(viewer).filter(is_open())
    if not _is_only_reader(viewer):
        mine = mine.filter(requester_id=viewer.person_id)
    found = list(mine.order_by("-opened_at", "-id")[: _FEW + 1])
    deciding = (
        _requests(viewer)
        .filter(scopes_where(viewer, "ticket.confirm"), state__in=_DECIDED_BY_CLIENT, is_observed=False)
        .order_by("-opened_at", "-id")[: _FEW + 1]
    )
    to_decide, pauses, proposals = (
        list(deciding),
        pauses_waiting_for(viewer, now=now),
        proposals_waiting_for(viewer),
    )
    return Home(
        pauses=_answers(pauses[:_FEW]),
        proposals=[proposal_view(viewer, it) for it in proposals[:_FEW]],
        not_shown=max(0, len(pauses) - _FEW) + max(0, len(proposals) - _FEW),
        to_decide=request_rows(viewer, to_decide[:_FEW]),
        has_more_to_decide=len(to_decide) > _FEW,
        open_requests=request_rows(viewer, found[:_FEW]),
        has_more=len(found) > _FEW,
        sees_all=sees_all_somewhere(viewer),
        may_open=may_open_somewhere(viewer),
    )


#: States in which the next word is the client's.
_DECIDED_BY_CLIENT: Final = ("resolved", "fulfilled", "awaiting_approval")


def _is_only_reader(viewer: Viewer) -> bool:
    """Whether somebody asks for nothing themselves, and so has no requests of their own."""
    return sees_all_somewhere(viewer) and not may_open_somewhere(viewer)


def _requests(viewer: Viewer) -> "QuerySet[Ticket]":
    return visible_to(viewer).select_related("scope", "requester").defer("description", "resolution")


def _answers(waiting: Iterable[WaitingPause]) -> list[WaitingAnswer]:
    language = get_language() or ""
    rows = list(waiting)
    names = names_by_scope((one.ticket.scope_id, one.pause.pk) for one in rows)
    found = []
    for one in rows:
        name = names.get(one.pause.pk, "")
        reason = label_in(one.reason, language) if one.reason else one.pause.reason
        found.append(WaitingAnswer(one, name, reason))
    return found


def proposal_view(viewer: Viewer, proposal: Proposal) -> ProposalView:
    """A proposal in words for who has to judge it."""
    names = {
        "correct_time": _("Correct when something happened"),
        "leave_out": _("Leave this request out of the indicators"),
        "take_back": _("Count this request in the indicators again"),
        "exclude_window": _("Do not count a period of time"),
    }
    facts: list[tuple[str, Any]] = []
    data = proposal.data
    if proposal.kind == "correct_time":
        old = EntryBody.objects.filter(pk=data["entry"]).values_list("entry__occurred_at", flat=True).first()
        facts = [(_("Recorded as"), old), (_("Should be"), datetime.fromisoformat(data["new_at"]))]
    elif proposal.kind == "exclude_window":
        facts = [
            (_("From"), datetime.fromisoformat(data["from_at"])),
            (_("Until"), datetime.fromisoformat(data["to_at"])),
        ]
    if "reason" in data:
        reasons = {
            "duplicate": _("Duplicate"),
            "test": _("Test or drill"),
            "withdrawn": _("Withdrawn"),
            "not_liable": _("Not the provider's responsibility"),
        }
        facts.insert(0, (_("Because"), reasons.get(data["reason"]) or _exclusion(proposal, data["reason"])))
    return ProposalView(
        proposal,
        names[proposal.kind],
        tuple(facts),
        proposal.standing == Proposal.Standing.PROPOSED and may_answer_proposal(viewer, proposal),
    )


def _exclusion(proposal: Proposal, code: str) -> str:
    terms, _reason = contract_for(proposal.scope_id, proposal.ticket.opened_at)
    known = terms.exclusions.get(code)
    return label_in(known.label, get_language() or "") if known else code


# --- lists


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A page of requests; `following` continues it, "" at the end."""

    rows: list[RequestRow]
    following: str


def list_requests(
    viewer: Viewer, *, whose: str, state: str, text: str, contract: str = "", after: str = ""
) -> RequestPage:
    """Requests of the viewer or of the whole organisation, newest first, by keyset. `state`: "open", "answer" (the
    client's word is next), "done", or "" for all. Raises Invalid for a place that is not in the list, TooBroad for a
    search that takes too long.
    """
    found = _requests(viewer)
    if whose == "mine" or not sees_all_somewhere(viewer):
        found = found.filter(requester_id=viewer.person_id)
    if contract:
        found = found.filter(scope__key=contract)
    if state == "open":
        found = found.filter(is_open())
    elif state == "answer":
        found = found.filter(state__in=_DECIDED_BY_CLIENT)
    elif state == "done":
        found = found.exclude(is_open())
    if text.strip():
        found = narrow(viewer, found, text[:200])
    if after:
        last = visible_to(viewer).filter(number=after).values_list("opened_at", "pk").first()
        if last is None:
            raise Invalid({"after": _("This place is not in the list.")})
        found = found.filter(
            Q(opened_at__lt=last[0]) | Q(opened_at=last[0], id__lt=last[1]), opened_at__lte=last[0]
        )
    with limited(
        lambda: TooBroad({"text": _("This takes too long. Search for more words, or for a number.")})
    ):
        tickets = list(found.order_by("-opened_at", "-id")[: PAGE + 1])
    following = tickets[PAGE - 1].number if len(tickets) > PAGE else ""
    return RequestPage(request_rows(viewer, tickets[:PAGE]), following)


# --- one request


@dataclass(frozen=True, slots=True)
class PublicLine:
    """An entry as clients read it: which side did it, what happened, what was said, and the files."""

    line: TimelineLine
    sentence: str
    who: str
    look: str  # "provider", "client", "own", "supplier", "system"
    files: tuple[Attachment, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that the viewer may decide: a transition with its form."""

    transition: Transition
    label: str

    @property
    def key(self) -> str:
        """Name in the address."""
        return self.transition.key


@dataclass(frozen=True, slots=True)
class RequestStory:
    """One request for somebody of the client."""

    story: TicketStory
    words: str
    mark: str
    waits_for: str
    promises: tuple[ClockStory, ...]
    lines: tuple[PublicLine, ...]
    steps: Mapping[str, Step]
    pauses: tuple[WaitingAnswer, ...]
    proposals: tuple[ProposalView, ...]
    may_reply: bool
    asked_by: str
    is_own: bool

    @property
    def ticket(self) -> Ticket:
        """Its row."""
        return self.story.ticket

    @property
    def cancel_reasons(self) -> list[tuple[str, str]]:
        """Reasons to cancel that one gives for oneself, as the process calls them."""
        step = self.steps.get("cancel")
        spec = next((it for it in step.transition.form if it.name == "reason"), None) if step else None
        return [(it.key, label_text(it.label)) for it in spec.choices] if spec else []

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        state = self.story.process.states.get(self.ticket.state) if self.story.process else None
        return state is not None and state.is_final

    @property
    def has_question(self) -> bool:
        """Whether something on the page waits for the viewer's answer."""
        return bool(
            self.pauses
            or {"confirm", "approve"} & self.steps.keys()
            or any(it.may_answer for it in self.proposals)
        )


def tell_request(viewer: Viewer, number: str, *, now: datetime) -> RequestStory:
    """One request as the portal shows it. Raises NotFound alike for missing and hidden."""
    story = tell_ticket(viewer, number, now=now)
    ticket = story.ticket
    files = attachments_of(viewer, ticket)
    lines = tuple(_public_lines(viewer, story, files))
    waiting = _answers(pauses_waiting_for(viewer, now=now, ticket=ticket))
    own = ticket.requester_id is not None and ticket.requester_id == viewer.person_id
    asked_by = ""
    if (
        not own
        and ticket.requester is not None
        and ticket.requester.organisation_id == viewer.organisation_id
    ):
        asked_by = ticket.requester.name
    elif not own and ticket.requester is None:
        asked_by = ticket.requester_name
    return RequestStory(
        story=story,
        words=standing_words(ticket),
        mark=_mark(ticket),
        waits_for=_waited_for(ticket, story),
        promises=tuple(clock for clock in story.clocks if clock.audience == CLIENT),
        lines=lines,
        steps={} if ticket.is_observed else _steps(viewer, ticket),
        pauses=tuple(waiting),
        proposals=tuple(proposal_view(viewer, it) for it in proposals_of(viewer, ticket)),
        may_reply=not ticket.is_observed and viewer.may("ticket.reply", ticket.scope_id),
        asked_by=asked_by,
        is_own=own,
    )


def _waited_for(ticket: Ticket, story: TicketStory) -> str:
    """What the provider wrote when it began to wait, while it waits for the client."""
    state = story.process.states.get(ticket.state) if story.process else None
    if state is None or state.category != "waiting" or state.party is not Party.CLIENT:
        return ""
    for line in reversed(story.lines):
        shared = line.entry.shared or {}
        if shared.get("to") == ticket.state:
            return str((shared.get("form") or {}).get("note", ""))
    return ""


def _steps(viewer: Viewer, ticket: Ticket) -> dict[str, Step]:
    """Decisions that lead on from where the request stands and are the viewer's to make."""
    try:
        ways = {way.key: way for way in offered(ticket, viewer)}
    except UnknownProcessError:
        return {}
    labels = {
        "confirm": _("Yes, it is solved"),
        "reopen": _("No, it is not over"),
        "approve": _("Approve"),
        "decline": _("Do not approve"),
        "cancel": _("Cancel this request"),
    }
    return {key: Step(ways[key], labels[key]) for key in STEPS if key in ways}


def _public_lines(
    viewer: Viewer, story: TicketStory, files: Mapping[int, Sequence[Attachment]]
) -> Iterable[PublicLine]:
    own = set(
        EntryBody.objects.filter(
            entry__scope_id=story.ticket.scope_id,
            entry__subject_id=story.ticket.pk,
            personal__actor__id=viewer.actor.id,
        ).values_list("pk", flat=True)
    )
    for line in story.lines:
        entry = line.entry
        if entry.type in _SILENT or (entry.shared is None and not entry.erased):
            continue
        shared = entry.shared or {}
        look = "system" if entry.actor_kind == "system" else str(shared.get("side", "provider"))
        if entry.id in own:
            look = "own"
        texts = tuple(text for text, _is_internal in line.quotes)
        yield PublicLine(
            line,
            _sentence(line, look),
            _side_name(look, entry.actor_kind),
            look,
            tuple(files.get(entry.id, ())),
            texts,
        )


def _side_name(look: str, actor_kind: str) -> str:
    """Who did it, by side: names of the provider's people are not for clients."""
    if actor_kind == "import":
        return _("imported")
    return {
        "own": pgettext("portal", "You"),
        "client": pgettext("portal", "Your organisation"),
        "supplier": _("Manufacturer"),
        "system": _("automatic"),
    }.get(look, _("Service desk"))


def _sentence(line: TimelineLine, look: str) -> str:
    shared = line.entry.shared or {}
    steps = {
        "record_confirmation": _("The service desk recorded that the solution was confirmed"),
        "accept": _("Taken up"),
        "assign": _("Given to those who work on it"),
        "start": _("Work begins"),
        "resume": _("Work goes on"),
        "wait_for_client": _("We wait for your side"),
        "wait_for_supplier": _("We wait for the manufacturer"),
        "wait_for_parts": _("We wait for a spare part"),
        "ask_approval": _("We ask for your approval"),
        "approve": pgettext("portal", "Approved"),
        "decline": pgettext("portal", "Not approved"),
        "restore": _("It works again"),
        "resolve": pgettext("portal", "Solved"),
        "confirm": _("Solution confirmed"),
        "reopen": _("Opened again"),
        "take_up_again": _("Opened again"),
        "close": pgettext("portal", "Closed"),
        "close_without_word": _("Closed, as nobody answered"),
        "cancel": pgettext("portal", "Cancelled"),
    }
    types = {
        "ticket.opened": _("Request received"),
        "ticket.replied": _("Reply"),
        "correction.proposed": _("A correction of the record was proposed"),
        "correction.approved": _("The correction was approved"),
        "correction.refused": _("The correction was refused"),
        "correction.withdrawn": _("The proposal was withdrawn"),
    }
    if line.entry.type == "ticket.moved":
        return steps.get(str(shared.get("transition", "")), line.sentence)
    return types.get(line.entry.type, line.sentence)


def ticket_of_step(viewer: Viewer, number: str) -> Ticket:
    """The request that something is done to. Raises NotFound."""
    require_client(viewer)
    return access_ticket(viewer, number, with_people=False)
