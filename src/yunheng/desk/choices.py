"""What there is to choose from in the desk's forms: contracts, teams and their people, people of a client."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils.translation import gettext as _

from yunheng.accounts.models import Membership, Organisation, Person, Team
from yunheng.contracts.models import Contract
from yunheng.contracts.queries import contracts_visible_to
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid
from yunheng.logic.words import words_of

from .effects import WORKING_ROLES
from .models import Ticket
from .queries import visible_to
from .story import process_known
from .wording import state_label

MOST_PEOPLE = 12
MOST_SIMILAR = 5


@dataclass(frozen=True, slots=True)
class TeamChoice:
    """A team that may take a ticket, with those of its people who may work on it."""

    team: Team
    people: tuple[Person, ...]


def contracts_to_open_in(viewer: Viewer) -> list[Contract]:
    """Contracts under which the viewer may open tickets, by key (1 query)."""
    return [
        contract for contract in contracts_visible_to(viewer) if viewer.may("ticket.open", contract.scope_id)
    ]


def teams_for(scope_id: int, supplier_keys: Sequence[str] = ()) -> list[TeamChoice]:
    """Teams of the contract's provider and of its suppliers, each with its people who work there (2 queries)."""
    works_here = Membership.objects.filter(
        Q(scope_id=scope_id) | Q(scope=None), person=OuterRef("pk"), role__in=WORKING_ROLES
    )
    people = Person.objects.filter(Exists(works_here), is_active=True).order_by("name", "pk")
    contract_provider = Contract.objects.filter(pk=scope_id).values("provider_id")
    teams = (
        Team.objects.filter(
            Q(organisation_id__in=contract_provider)
            | Q(organisation__key__in=list(supplier_keys), organisation__kind=Organisation.Kind.SUPPLIER)
        )
        .select_related("organisation")
        .prefetch_related(Prefetch("people", queryset=people, to_attr="working_people"))
    )
    found = [TeamChoice(team, tuple(team.working_people)) for team in teams]
    return sorted(
        found, key=lambda one: (one.team.organisation.kind != Organisation.Kind.PROVIDER, one.team.name)
    )


def own_team(viewer: Viewer, teams: Sequence[TeamChoice], current: Team | None) -> Team | None:
    """The team for which the viewer takes a ticket: the one that has it, else the viewer's first; None without one."""
    mine = [one.team for one in teams if any(person.pk == viewer.person_id for person in one.people)]
    return next((team for team in mine if current is not None and team.pk == current.pk), None) or next(
        iter(mine), None
    )


def find_requesters(viewer: Viewer, contract: Contract, text: str) -> list[Person]:
    """People of the contract's client by login, name or mail address, for somebody who may see names (1 query)."""
    wanted = text.strip()
    if not wanted or not viewer.may("entry.personal", contract.scope_id):
        return []
    return list(
        Person.objects.filter(organisation_id=contract.client_id, is_active=True)
        .filter(Q(name__icontains=wanted) | Q(login__icontains=wanted) | Q(email__icontains=wanted))
        .order_by("name", "pk")[:MOST_PEOPLE]
    )


def requester_of(viewer: Viewer, contract: Contract, uuid: str) -> Person | None:
    """The person of the client with that UUID, None for nothing. Raises Invalid for anybody else."""
    if not uuid:
        return None
    try:
        wanted = UUID(uuid)
    except ValueError:
        wanted = None
    person = (
        Person.objects.filter(uuid=wanted, organisation_id=contract.client_id, is_active=True).first()
        if wanted is not None and viewer.may("entry.personal", contract.scope_id)
        else None
    )
    if person is None:
        raise Invalid(
            {"requester": _("This is nobody of the client. Search again, or give the caller's name.")}
        )
    return person


def similar_tickets(
    viewer: Viewer, contract: Contract, *, service: str, requester: str, title: str
) -> list[Ticket]:
    """Open tickets that may be the same: of the same service, of the same requester or with like words (1 query).

    The likest first: those of the same requester, then those with words of the title, then the newest.
    """
    if not (service or requester or title.strip()):
        return []
    tickets = visible_to(viewer).filter(scope_id=contract.scope_id, closed_at=None, is_observed=False)
    if service:
        tickets = tickets.filter(service=service)
    found = list(
        tickets.select_related("requester")
        .order_by("-opened_at", "-id")
        .only(
            "number",
            "title",
            "state",
            "process_key",
            "process_version",
            "opened_at",
            "requester__uuid",
            "requester__name",
            "requester_name",
            "service",
            "priority",
        )[:200]
    )
    wanted = _pieces(title)

    def score(ticket: Ticket) -> float:
        own = _pieces(ticket.title)
        likeness = len(wanted & own) / max(min(len(wanted), len(own)), 1)
        is_same = bool(requester) and ticket.requester is not None and str(ticket.requester.uuid) == requester
        return likeness + (0.5 if is_same else 0)

    ranked = sorted(
        ((score(ticket), place, ticket) for place, ticket in enumerate(found)),
        key=lambda one: (-one[0], one[1]),
    )
    return [ticket for value, _place, ticket in ranked if value >= 0.3][:MOST_SIMILAR]


@dataclass(frozen=True, slots=True)
class SimilarTicket:
    """A ticket that may be the same, and its state in words."""

    ticket: Ticket
    state: str


def similar_in_words(tickets: Sequence[Ticket]) -> list[SimilarTicket]:
    """Tickets with their states as their processes call them."""
    return [SimilarTicket(ticket, state_label(process_known(ticket), ticket.state)) for ticket in tickets]


def _pieces(text: str) -> set[str]:
    """What titles are compared by: words, and pairs of neighbouring Chinese characters."""
    return {word for word in words_of(text) if len(word) > 1}
