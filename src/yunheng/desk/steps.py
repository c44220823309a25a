"""Steps that can be made with many tickets at once: those that ask for no more than a team, a person and a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import QueryDict

from yunheng.accounts.models import Organisation
from yunheng.foundation import statements
from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import label_text
from yunheng.logic.flow import Transition

from .processes import ticket_processes

ASSIGN: Final = "assign"
_TEXTS: Final = frozenset({"note", "reason"})  #: fields that the one text of the form fills
_SIMPLE: Final = _TEXTS | {"team", "assignee"}
_WHOLE: Final = frozenset({"close_without_word"})  #: what the system does by itself


@dataclass(frozen=True, slots=True)
class Step:
    """A transition for many: its key and label, and whether it wants a text."""

    key: str
    label: str
    fields: frozenset[str]
    needs_text: bool


def steps_for(viewer: Viewer) -> list[Step]:
    """Steps that the viewer may make in some contract, in the order of the processes; none for clients' people."""
    if viewer.organisation_kind == "client":
        return []
    found: dict[str, Step] = {}
    for process in ticket_processes():
        for transition in process.transitions.values():
            if transition.key in found or transition.key in _WHOLE or not _is_simple(transition):
                continue
            if viewer.may_somewhere(transition.permission):
                names = frozenset(spec.name for spec in transition.form)
                needs_text = any(spec.is_required and spec.name in _TEXTS for spec in transition.form)
                label = label_text(transition.label)
                found[transition.key] = Step(transition.key, label, names & _SIMPLE, needs_text)
    return list(found.values())


def form_of(step: Step, values: QueryDict) -> dict[str, Any]:
    """The transition's form as it was filled in for all tickets."""
    form: dict[str, Any] = {}
    for name in step.fields:
        value = values.get("note" if name in _TEXTS else name, "")
        if value.strip():
            form[name] = value
    return form


@dataclass(frozen=True, slots=True)
class TeamOffered:
    """A team to choose, with its active people by name; people as (UUID, name), as choices are."""

    uuid: str
    name: str
    people: Sequence[tuple[str, str]]


def teams_offered(viewer: Viewer) -> Sequence[TeamOffered]:
    """Teams that the viewer may choose in filters and steps, each with its active people (1 query).

    The provider's people see their own teams and those of suppliers, a supplier's people their own, clients none.
    """
    own = viewer.organisation_id
    is_provider = viewer.organisation_kind == Organisation.Kind.PROVIDER
    if own is None or not (is_provider or viewer.organisation_kind == Organisation.Kind.SUPPLIER):
        return []
    found: dict[tuple[bool, str, str], list[tuple[str, str]]] = {}
    rows = statements.fetch_all(_TEAMS, [own, is_provider])
    for organisation_id, team, name, person, person_name in rows:
        people = found.setdefault((organisation_id != own, name, str(team)), [])
        if person is not None:
            people.append((str(person), person_name))
    return [TeamOffered(uuid, name, people) for (_is_other, name, uuid), people in sorted(found.items())]


_TEAMS: Final = """
    SELECT team.organisation_id, team.uuid, team.name, person.uuid, person.name
    FROM (
        SELECT team.* FROM team JOIN organisation ON organisation.id = organisation_id
        WHERE organisation_id = %s OR (%s AND organisation.kind = 'supplier') LIMIT 500
    ) team
    LEFT JOIN team_person ON team_person.team_id = team.id
    LEFT JOIN person ON person.id = team_person.person_id AND person.is_active
    ORDER BY person.name
"""


def _is_simple(transition: Transition) -> bool:
    """Whether its required fields can be filled in once for many: a choice is asked for ticket by ticket."""
    return all(
        spec.name in _SIMPLE and (spec.name not in _TEXTS or str(spec.kind) == "text")
        for spec in transition.form
        if spec.is_required
    )
