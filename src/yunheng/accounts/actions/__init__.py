"""Creates and changes organisations, people, teams, memberships and tokens.

Roles given and taken, and passwords and access changed by somebody else, are entries in the logs of the scopes they
are for: who could see and do what is part of the proof. What belongs to no scope goes to the structured log.
"""

from .memberships import grant_many, grant_membership, revoke_many, revoke_membership
from .organisations import (
    LINES,
    change_team,
    create_organisation,
    create_team,
    rename_organisation,
    set_team_people,
)
from .passwords import INVITATION_DAYS, accept_invitation, invited_person, make_invitation, set_password
from .people import change_person, create_person, disable_person, enable_person
from .telling import SCOPE_SUBJECT
from .tokens import TOKEN_PREFIX, NewToken, create_token, revoke_token

__all__ = [
    "INVITATION_DAYS",
    "LINES",
    "SCOPE_SUBJECT",
    "TOKEN_PREFIX",
    "NewToken",
    "accept_invitation",
    "change_person",
    "change_team",
    "create_organisation",
    "create_person",
    "create_team",
    "create_token",
    "disable_person",
    "enable_person",
    "grant_many",
    "grant_membership",
    "invited_person",
    "make_invitation",
    "rename_organisation",
    "revoke_many",
    "revoke_membership",
    "revoke_token",
    "set_password",
    "set_team_people",
]
