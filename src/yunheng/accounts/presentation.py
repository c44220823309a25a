"""What the pages of the administration show, in words."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from .models import Membership, Person, Team
from .passkeys import passkeys_of
from .queries import PersonStory
from .roles import ROLES
from .second_factor import has_second_factor
from .wording import CHANGE_LABELS, PERMISSION_LABELS, SEES_LABELS, kind_label, line_label, role_label

ROLES_SHOWN: Final = 3  #: roles of a person that a row of the list names


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One row of the list of people."""

    person: Person
    kind: str
    roles: tuple[str, ...]
    more_roles: int
    state: str
    mark: str
    is_chosen: bool


def people_rows(people: Iterable[Person], *, chosen: Collection[str] = ()) -> list[PersonRow]:
    """Rows of people as `find_people` returns them."""
    rows = []
    for person in people:
        held: list[Membership] = person.roles_shown  # type: ignore[attr-defined]
        state, mark = _state(person)
        rows.append(
            PersonRow(
                person=person,
                kind=kind_label(person.organisation.kind),
                roles=tuple(_role(item) for item in held[:ROLES_SHOWN]),
                more_roles=max(0, len(held) - ROLES_SHOWN),
                state=state,
                mark=mark,
                is_chosen=str(person.uuid) in chosen,
            )
        )
    return rows


def _role(held: Membership) -> str:
    where = held.scope.key if held.scope else _("every contract")
    return f"{role_label(held.role)} · {where}"


def _state(person: Person) -> tuple[str, str]:
    """Whether somebody can sign in, in words and as a mark."""
    if not person.is_active:
        return _("disabled"), "na"
    if not person.has_usable_password():
        return _("no password yet"), "provisional"
    return _("active"), "met"


def story_context(story: PersonStory, *, now: datetime | None = None) -> dict[str, Any]:
    """What a person's page shows."""
    now = now or datetime.now(UTC)
    person = story.person
    givers = {
        (change.scope_key, change.role): change.by
        for change in reversed(story.history)
        if change.type == "membership.granted"
    }
    state, mark = _state(person)
    return {
        "story": story,
        "person": person,
        "kind": kind_label(person.organisation.kind),
        "state": state,
        "mark": mark,
        "has_second_factor": has_second_factor(person.pk),
        "passkeys": passkeys_of(person.pk),
        "memberships": [
            {
                "role": held.role,
                "label": role_label(held.role),
                "scope": held.scope,
                "since": held.created_at,
                "by": givers.get((held.scope.key, held.role), "") if held.scope else "",
            }
            for held in story.memberships
        ],
        "teams": [(team, line_label(team.line)) for team in story.teams],
        "tokens": [
            {
                "token": token,
                "is_over": token.revoked_at is not None
                or (token.expires_at is not None and token.expires_at <= now),
                "state": _("ended")
                if token.revoked_at
                else _("expired")
                if token.expires_at is not None and token.expires_at <= now
                else _("valid"),
            }
            for token in story.tokens
        ],
        "history": [
            {
                "change": change,
                "label": str(CHANGE_LABELS.get(change.type, change.type)),
                "role": role_label(change.role) if change.role else "",
            }
            for change in story.history
        ],
    }


def team_rows(teams: Iterable[Team]) -> list[dict[str, Any]]:
    """Rows of teams as `find_teams` returns them."""
    return [
        {"team": team, "line": line_label(team.line), "people": list(team.people.all())} for team in teams
    ]


def matrix() -> dict[str, Any]:
    """Roles × permissions in words, and what each role sees of the tickets."""
    roles = list(ROLES.values())
    return {
        "roles": [
            {
                "key": role.key,
                "label": role_label(role.key),
                "kind": kind_label(role.kind),
                "sees": str(SEES_LABELS[role.sees]),
                "permissions": [
                    str(label) for key, label in PERMISSION_LABELS.items() if key in role.permissions
                ],
            }
            for role in roles
        ],
        "permissions": [
            {"key": key, "label": str(label), "held": [key in role.permissions for role in roles]}
            for key, label in PERMISSION_LABELS.items()
        ],
    }
