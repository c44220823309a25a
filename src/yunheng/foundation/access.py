"""Who looks or acts: a viewer with grants per scope. What is visible and allowed follows from the viewer
alone.

The table of roles belongs to `accounts.roles`; a viewer carries it, so that this module knows the mechanism
and no role.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal

from django.utils.translation import gettext as _

from .actor import SYSTEM, Actor
from .refusals import Forbidden

EntryClass = Literal["shared", "internal", "personal"]

#: What one must be able to do to look; a token of any scope allows these (to somebody who has them).
READ_PERMISSIONS: Final = frozenset(
    {
        "kpi.view",
        "contract.view",
        "log.view",
        "report.view",
        "appraisal.view",
        "entry.internal",
        "entry.personal",
    }
)
#: What changes the installation rather than the work in it; needs the token scope "admin".
ADMIN_PERMISSIONS: Final = frozenset({"admin.people", "admin.notify", "contract.apply", "import.run"})
TOKEN_SCOPES: Final = ("read", "write", "admin")


class Everything(Enum):
    """Marker of "every scope", for installation administrators and the system itself."""

    ALL = "all"


ALL: Final = Everything.ALL


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person, a person's token, an import or the system, with roles per scope (None: in every scope).

    `token_scopes` is None for somebody who signed in; a token's scopes only narrow what the person may do:
    "read" allows looking, "write" looking and work, "admin" looking and administration.
    """

    actor: Actor
    person_id: int | None = None
    organisation_id: int | None = None
    organisation_kind: str = ""
    grants: frozenset[tuple[str, int | None]] = frozenset()
    token_scopes: frozenset[str] | None = None
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)
    is_system: bool = False

    def roles_in(self, scope_id: int) -> frozenset[str]:
        """Role keys held in the scope, those held everywhere included."""
        return frozenset(role for role, granted in self.grants if granted is None or granted == scope_id)

    def permissions(self, scope_id: int | None) -> frozenset[str]:
        """Permissions in the scope; for None those that hold in every scope."""
        held: set[str] = set()
        for role, granted in self.grants:
            if granted is None or granted == scope_id:
                held |= self.roles.get(role, frozenset())
        return frozenset(permission for permission in held if self._token_allows(permission))

    def may(self, permission: str, scope_id: int | None) -> bool:
        """True when the permission is held in the scope. The system may do everything."""
        if self.is_system:
            return True
        return self._token_allows(permission) and any(
            permission in self.roles.get(role, ())
            for role, granted in self.grants
            if granted is None or granted == scope_id
        )

    def may_somewhere(self, permission: str) -> bool:
        """Whether the permission is held in any scope at all."""
        return self.is_system or (
            self._token_allows(permission)
            and any(permission in self.roles.get(role, ()) for role in {role for role, _scope in self.grants})
        )

    def require(self, permission: str, scope_id: int | None) -> None:
        """Raise Forbidden, naming the permission, unless it is held in the scope."""
        if not self.may(permission, scope_id):
            raise Forbidden(
                _("You may not do this here: the permission “%(permission)s” is missing.")
                % {"permission": permission},
                permission=permission,
            )

    def scope_ids(self) -> frozenset[int] | Everything:
        """Scopes in which at least one role is held, or ALL."""
        if self.is_system or any(granted is None for _role, granted in self.grants):
            return ALL
        return frozenset(granted for _role, granted in self.grants if granted is not None)

    def scopes_where(self, permission: str) -> list[int] | None:
        """Scopes in which the permission is held; None means all."""
        if self.may(permission, None):
            return None
        scopes = {granted for _role, granted in self.grants if granted is not None}
        return sorted(scope for scope in scopes if self.may(permission, scope))

    def _token_allows(self, permission: str) -> bool:
        if self.token_scopes is None:
            return True
        if permission in READ_PERMISSIONS:
            return bool(self.token_scopes)
        if permission in ADMIN_PERMISSIONS:
            return "admin" in self.token_scopes
        return "write" in self.token_scopes


#: The system as a viewer: jobs, the sweep, the command line of the installation's owner.
SYSTEM_VIEWER: Final = Viewer(actor=SYSTEM, is_system=True)


def visible_classes(viewer: Viewer, scope_id: int) -> tuple[EntryClass, ...]:
    """Classes of entry data that the viewer may read in the scope; "shared" for everybody who sees the
    subject.
    """
    classes: list[EntryClass] = ["shared"]
    if viewer.may("entry.internal", scope_id):
        classes.append("internal")
    if viewer.may("entry.personal", scope_id):
        classes.append("personal")
    return tuple(classes)
