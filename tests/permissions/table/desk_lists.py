"""Workbench, lists, searches and views of the desk."""

from .rows import PROVIDER, Route, everyone, page

_UNKNOWN = "00000000-0000-7000-8000-000000000000"
#: Pages know no tokens.
_UNSIGNED = dict.fromkeys(("anonymous", "token", "stranger_token"), 302)
#: Who has steps that can be made with many tickets: a quality officer only looks.
_WORKING = ("provider_admin", "service_manager", "desk_agent", "engineer", "supplier_engineer")

ROUTES: dict[str, Route] = {
    "workbench": page("/workbench", (*PROVIDER, "supplier_engineer")),
    "tickets": everyone("/tickets", 200, **_UNSIGNED),
    "tickets/export": everyone("/tickets/export?format=csv", 200, **_UNSIGNED),
    "tickets/bulk": Route("/tickets/bulk", 404, dict.fromkeys(_WORKING, 422) | _UNSIGNED, "POST"),
    "search": everyone("/search?q=端口", 200, **_UNSIGNED),
    "palette": everyone("/palette?q=端口", 200, **_UNSIGNED),
    "views": everyone("/views", 200, **_UNSIGNED),
    "views/new": everyone("/views/new", 422, "POST", **_UNSIGNED),
    "views/<uuid:uuid>": everyone(f"/views/{_UNKNOWN}", 404, "POST", **_UNSIGNED),
    "views/<uuid:uuid>/delete": everyone(f"/views/{_UNKNOWN}/delete", 404, "POST", **_UNSIGNED),
}
