"""Guards and effects that the process packs of tickets may name, and how their forms name people and teams."""

from datetime import UTC, datetime, timedelta
from typing import Final, cast
from uuid import UUID

from django.utils.translation import gettext as _

from yunheng.accounts.models import Organisation, Person, Team
from yunheng.accounts.roles import ROLES
from yunheng.contracts.queries import terms_of_version
from yunheng.foundation import statements, wording
from yunheng.foundation.facts import FactDraft
from yunheng.foundation.flow import Outcome, Resolved, Step, effect, guard, resolver
from yunheng.foundation.models import Entry, SubjectBase
from yunheng.foundation.refusals import Invalid
from yunheng.logic.canonical import instant
from yunheng.logic.facts import FactKind
from yunheng.sla.queries import contract_timeline

from .models import Ticket

WORKING_ROLES = frozenset(key for key, role in ROLES.items() if "ticket.work" in role.permissions)


# --- guards


@guard("has_assignee")
def has_assignee(step: Step) -> str | None:
    """Somebody, or at least a team, has the ticket."""
    ticket = cast(Ticket, step.subject)
    if ticket.assignee_id is None and ticket.team_id is None:
        return _("Assign the ticket to a team or a person first.")
    return None


@guard("has_resolution")
def has_resolution(step: Step) -> str | None:
    """What was done is written down."""
    if not cast(Ticket, step.subject).resolution.strip():
        return _("The ticket has no resolution yet.")
    return None


@guard("confirmation_term_passed")
def confirmation_term_passed(step: Step) -> str | None:
    """The contract lets a resolved ticket close by itself after so many days of silence, and they have
    passed.
    """
    ticket = cast(Ticket, step.subject)
    closes_at = silent_until(ticket)
    if closes_at is None:
        return _("The contract lets no ticket close without the user's word.")
    if step.at < closes_at:
        return _("The user may still answer until %(until)s.") % {"until": wording.instant(closes_at)}
    return None


def silent_until(ticket: Ticket) -> datetime | None:
    """When the ticket may close without the user's word: the contract's days after the resolution or the
    last reply.

    None when the ticket is not resolved or the contract has no such term.
    """
    if ticket.resolved_at is None:
        return None
    timeline = contract_timeline(ticket.scope_id)
    opened = int(ticket.opened_at.timestamp())
    version_id = timeline.version_at(opened) or timeline.last_before(opened)
    if version_id is None:
        return None
    terms = terms_of_version(version_id)
    if terms.auto_close_days is None:
        return None
    last_reply = (
        Entry.objects.filter(scope_id=ticket.scope_id, subject_id=ticket.pk, type="ticket.replied")
        .order_by("-occurred_at")
        .values_list("occurred_at", flat=True)
        .first()
    )
    since = max(ticket.resolved_at, last_reply or ticket.resolved_at)
    if terms.auto_close_calendar is None:
        return since + timedelta(days=terms.auto_close_days)
    calendar = terms.calendars[terms.auto_close_calendar]
    end = calendar.end_of_working_day(int(since.timestamp()), terms.auto_close_days)
    return datetime.fromtimestamp(end, UTC)


# --- effects


@effect("set_assignee")
def set_assignee(step: Step, outcome: Outcome) -> None:
    """Give the ticket to a team and, where named, one of its people. A supplier's team brings the supplier
    in.
    """
    ticket = cast(Ticket, step.subject)
    team: Team = step.values["team"]
    assignee: Person | None = step.values.get("assignee")
    if assignee is not None and not statements.fetch_one(
        "SELECT 1 FROM team_person WHERE team_id = %s AND person_id = %s", [team.pk, assignee.pk]
    ):
        raise Invalid(
            {
                "assignee": _("%(person)s does not belong to the team %(team)s.")
                % {"person": assignee.name, "team": team.name}
            }
        )
    outcome.set("team", team, team.key)
    outcome.set("assignee", assignee, None if assignee is None else str(assignee.uuid), is_personal=True)
    organisation = team.organisation
    if organisation.kind == Organisation.Kind.SUPPLIER and ticket.supplier_id != organisation.pk:
        outcome.set("supplier", organisation, organisation.key)
        outcome.facts.append(FactDraft(FactKind.DISPATCHED, int(step.at.timestamp()), organisation.key))


@effect("record_resolution")
def record_resolution(step: Step, outcome: Outcome) -> None:
    """Keep what was done and, where the form asks for it, the cause."""
    ticket = cast(Ticket, step.subject)
    outcome.set("resolution", step.values["resolution"], step.values["resolution"])
    cause = step.values.get("cause")
    if cause is not None:
        outcome.set("cause", cause, cause)
        term = f"{ticket.ci}|{cause}"
        outcome.facts.append(FactDraft(FactKind.CLASSIFIED, int(step.at.timestamp()), term))


@effect("ensure_restored")
def ensure_restored(step: Step, outcome: Outcome) -> None:
    """What is resolved works again: note the restoration when nobody did before."""
    if cast(Ticket, step.subject).restored_at is None:
        outcome.set("restored_at", step.at, instant(step.at))
        outcome.facts.append(FactDraft(FactKind.RESTORED, int(step.at.timestamp())))


@effect("clear_resolution")
def clear_resolution(step: Step, outcome: Outcome) -> None:
    """The work goes on: what was resolved and restored is not."""
    outcome.set("resolution", "", "")
    outcome.set("resolved_at", None, None)
    outcome.set("restored_at", None, None)


def stamp(step: Step, outcome: Outcome) -> None:
    """What every transition of a ticket does, whatever its pack says: instants, counters, whose word it is."""
    ticket = cast(Ticket, step.subject)
    outcome.shared["side"] = step.viewer.organisation_kind or "system"
    kinds = {spec.kind for spec in step.transition.facts}
    if step.new.key != step.old.key:
        outcome.columns["moved_at"] = step.at
        if step.new.category == "restored" and step.old.category != "restored":
            outcome.set("restored_at", step.at, instant(step.at))
        if step.new.category == "resolved" and step.old.category != "resolved":
            outcome.set("resolved_at", step.at, instant(step.at))
        if step.new.is_final:
            outcome.set("closed_at", step.at, instant(step.at))
    if FactKind.REOPENED in kinds:
        count = ticket.reopen_count + 1
        outcome.set("reopen_count", count, count)
    if FactKind.RESPONDED in kinds and not is_response(step, ticket):
        outcome.withheld.add(FactKind.RESPONDED)


def is_response(step: Step, ticket: Ticket) -> bool:
    """An explicit acceptance responds when a human of the provider gives it and the contract says so
    (sla-semantics 9).
    """
    if step.viewer.is_system or step.viewer.organisation_kind != Organisation.Kind.PROVIDER:
        return False
    timeline = contract_timeline(ticket.scope_id)
    opened = int(ticket.opened_at.timestamp())
    version_id = timeline.version_at(opened) or timeline.last_before(opened)
    return version_id is None or terms_of_version(version_id).accepting_is_responding


# --- how a form names people, teams and suppliers


@resolver("team")
def resolve_team(value: str, subject: SubjectBase) -> Resolved:
    """A team of the provider or of a supplier, by UUID or by key (the provider's first)."""
    column, wanted = _named(value, "key")
    row = statements.fetch_one(_TEAM.format(column), [subject.scope_id, wanted])
    if row is None:
        raise ValueError(_("There is no team “%(team)s” that could take this.") % {"team": value})
    size = len(statements.names_of(Team))
    team = statements.made_of(Team, row[:size])
    team.organisation = statements.made_of(Organisation, row[size:])
    return Resolved(team, team.key)


_TEAM: Final = f"""
    SELECT {statements.columns_of(Team)}, {statements.columns_of(Organisation)}
    FROM team JOIN organisation ON organisation.id = team.organisation_id JOIN contract ON contract.scope_id = %s
    WHERE (organisation.id = contract.provider_id OR organisation.kind = 'supplier') AND team.{{}} = %s
    ORDER BY organisation.id <> contract.provider_id, team.id LIMIT 1
"""  # noqa: S608 - columns of our own models


@resolver("person")
def resolve_person(value: str, subject: SubjectBase) -> Resolved:
    """Somebody who may work in the subject's scope, by UUID or login."""
    column, wanted = _named(value, "login")
    row = statements.fetch_one(_PERSON.format(column), [wanted, subject.scope_id, sorted(WORKING_ROLES)])
    if row is None:
        raise ValueError(_("“%(person)s” does not work under this contract.") % {"person": value})
    person = statements.made_of(Person, row)
    return Resolved(person, {"id": str(person.uuid), "name": person.name})


_PERSON: Final = f"""
    SELECT {statements.columns_of(Person)} FROM person
    WHERE person.{{}} = %s AND person.is_active AND EXISTS (
        SELECT FROM membership WHERE person_id = person.id AND (scope_id = %s OR scope_id IS NULL) AND role = ANY(%s))
"""  # noqa: S608 - columns of our own models


@resolver("supplier")
def resolve_supplier(value: str, subject: SubjectBase) -> Resolved:
    """A supplier's organisation by UUID or key."""
    column, wanted = _named(value, "key")
    found = Organisation.objects.filter(kind=Organisation.Kind.SUPPLIER, **{column: wanted}).first()
    if found is None:
        raise ValueError(_("There is no supplier “%(supplier)s”.") % {"supplier": value})
    return Resolved(found, found.key)


def _named(value: str, key: str) -> tuple[str, UUID | str]:
    """Column and value by which a form names a row: its UUID, else the key."""
    try:
        return "uuid", UUID(value)
    except ValueError:
        return key, value
