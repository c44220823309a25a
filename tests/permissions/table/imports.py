"""Pages of imports."""

from .rows import Route, page

LEADS = ("provider_admin", "service_manager")
NOBODY = "00000000-0000-7000-8000-000000000000"

ROUTES: dict[str, Route] = {
    "imports": page("/imports", LEADS),
    "imports/new": page("/imports/new", LEADS),
    "imports/<uuid:uuid>": page("/imports/" + NOBODY, ()),  # there is no such run
    "imports/<uuid:uuid>/<str:form>": page(f"/imports/{NOBODY}/rejected.csv", ()),
}
