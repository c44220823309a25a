"""Pages of one's own account: everybody who signed in has one, and nobody has another's."""

from .rows import EVERY_ROLE, Route, page

_NOBODYS = "00000000-0000-7000-8000-000000000000"
_OWN = (*EVERY_ROLE, "stranger")


def own(path: str) -> Route:
    return page(path, _OWN)


def post(path: str, status: int) -> Route:
    named = dict.fromkeys(_OWN, status) | dict.fromkeys(("anonymous", "token", "stranger_token"), 302)
    return Route(path, status, named, "POST")


ROUTES: dict[str, Route] = {
    "me": own("/me"),
    "me/email": own("/me/email"),
    "me/confirm": own("/me/confirm"),
    "me/password": own("/me/password"),
    "me/security": own("/me/security"),
    "me/security/app": own("/me/security/app"),
    "me/security/codes": post("/me/security/codes", 422),  # no second factor to recover
    "me/security/off": post("/me/security/off", 303),
    "me/security/passkeys/new": own("/me/security/passkeys/new"),
    "me/security/passkeys/<uuid:uuid>/revoke": post(f"/me/security/passkeys/{_NOBODYS}/revoke", 404),
    "me/sessions": own("/me/sessions"),
    "me/sessions/others/end": post("/me/sessions/others/end", 303),
    "me/sessions/<uuid:uuid>/end": post(f"/me/sessions/{_NOBODYS}/end", 404),
    "me/tokens": own("/me/tokens"),
    "me/tokens/new": own("/me/tokens/new"),
    "me/tokens/<uuid:uuid>/revoke": post(f"/me/tokens/{_NOBODYS}/revoke", 404),
}
