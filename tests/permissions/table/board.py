"""Dashboards and wall boards. A wall board is for whoever may look at some contract's figures, and for screens with a
token of their own (tests/pages/test_wall.py); nobody else learns that there is one.
"""

from .api import UUID, acts, administered
from .rows import WHOLE, Route, api, everyone, page

_WATCHERS = (*WHOLE, "stranger")
_TO_SIGN_IN = dict.fromkeys(("anonymous", "token", "stranger_token"), 302)
_NO_DATA = dict.fromkeys(("anonymous", "token", "stranger_token"), 403)
_CONTRACT = "contracts/<slug:key>/dashboard"
_API = "api/v1/contracts/<key>/board"

ROUTES: dict[str, Route] = {
    # who has just one contract is led to its own page
    "dashboard": Route("/dashboard", 404, {**_TO_SIGN_IN, **dict.fromkeys(_WATCHERS, 302)}),
    _CONTRACT: page("/contracts/{key}/dashboard", WHOLE),
    f"{_CONTRACT}/items": page("/contracts/{key}/dashboard/items?what=opened", WHOLE),
    f"{_CONTRACT}/promises": page("/contracts/{key}/dashboard/promises", WHOLE),
    "wall": page("/wall", _WATCHERS),
    "wall/slide": Route("/wall/slide", 404, {**_NO_DATA, **dict.fromkeys(_WATCHERS, 200)}),
    "wall/join": everyone("/wall/join", 200),
    "admin/walls": page("/admin/walls", ("provider_admin",)),
    "admin/walls/<uuid:uuid>/revoke": Route(f"/admin/walls/{UUID}/revoke", 404, _TO_SIGN_IN, "POST"),
    _API: api("contracts/{key}/board", WHOLE),
    f"{_API}/members": api("contracts/{key}/board/members?what=opened", WHOLE),
    f"{_API}/pressing": api("contracts/{key}/board/pressing", WHOLE),
    "api/v1/walls": administered("walls", "provider_admin"),
    "api/v1/walls/<uuidstr:uuid>/revoke": acts(f"walls/{UUID}/revoke"),
}
