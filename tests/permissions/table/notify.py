"""Pages of notifications: everybody chooses for themselves; webhooks and the delivery log are for who looks after them.

Addresses of one webhook or delivery are tried with an id that nobody has; tests/notify tries real ones.
"""

from .rows import EVERY_ROLE, Route, page

_KEEPERS = ("provider_admin", "service_manager")
_UNKNOWN = "01890000-0000-7000-8000-000000000000"
_TO_SIGN_IN = dict.fromkeys(("anonymous", "token", "stranger_token"), 302)


def _post(path: str) -> Route:
    return Route(path, 404, _TO_SIGN_IN, "POST")


ROUTES: dict[str, Route] = {
    "me/notifications": page("/me/notifications", (*EVERY_ROLE, "stranger")),
    "admin/deliveries": page("/admin/deliveries", _KEEPERS),
    "admin/deliveries/<uuid:uuid>/again": _post(f"/admin/deliveries/{_UNKNOWN}/again"),
    "admin/webhooks": page("/admin/webhooks", _KEEPERS),
    "admin/webhooks/new": page("/admin/webhooks/new", _KEEPERS),
    "admin/webhooks/<uuid:uuid>": page(f"/admin/webhooks/{_UNKNOWN}", ()),
    "admin/webhooks/<uuid:uuid>/secret": _post(f"/admin/webhooks/{_UNKNOWN}/secret"),
    "admin/webhooks/<uuid:uuid>/test": _post(f"/admin/webhooks/{_UNKNOWN}/test"),
    "admin/webhooks/<uuid:uuid>/delete": _post(f"/admin/webhooks/{_UNKNOWN}/delete"),
}
