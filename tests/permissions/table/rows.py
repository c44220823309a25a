"""Words for the permission table: who looks, and rows that say which status each of them gets."""

from collections.abc import Mapping
from dataclasses import dataclass

from yunheng.accounts.roles import ROLES

PROVIDER = ("provider_admin", "service_manager", "desk_agent", "engineer", "quality_officer")
CLIENT_WIDE = ("contact", "appraiser", "auditor")
WHOLE = (*PROVIDER, *CLIENT_WIDE)
EVERY_ROLE = tuple(ROLES)
#: Somebody with a role in another contract only; tokens of a service manager and of the stranger.
OTHERS = ("stranger", "token", "stranger_token")
VIEWERS = ("anonymous", *EVERY_ROLE, *OTHERS)


@dataclass(frozen=True)
class Route:
    """An address, and the status that each viewer gets; `default` for those who are not named."""

    path: str
    default: int
    named: Mapping[str, int]
    method: str = "GET"

    def expected(self, viewer: str) -> int:
        return self.named.get(viewer, self.default)


def everyone(path: str, status: int, method: str = "GET", **named: int) -> Route:
    return Route(path, status, named, method)


def page(path: str, seen_by: tuple[str, ...]) -> Route:
    """A page: pages know no tokens, so who comes with one is sent to sign in like anybody unknown."""
    named = dict.fromkeys(seen_by, 200) | dict.fromkeys(("anonymous", "token", "stranger_token"), 302)
    return Route(path, 404, named)


def api(path: str, seen_by: tuple[str, ...]) -> Route:
    return Route("/api/v1/" + path, 404, {**dict.fromkeys((*seen_by, "token"), 200), "anonymous": 401})


ALL_API = (*EVERY_ROLE, *OTHERS)
