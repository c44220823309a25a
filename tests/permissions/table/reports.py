"""Pages of reports. Whoever makes them sees drafts, too; a client reads in its portal what was issued.

Addresses of one report are tried with a number that nobody has; tests/pages/test_reports.py tries real ones.
"""

from .rows import CLIENT_WIDE, PROVIDER, Route, page

LEADS = ("provider_admin", "service_manager")
#: Requesters read no reports, and neither do people of suppliers.
CLIENTS = ("requester", *CLIENT_WIDE, "stranger")
NOBODY = "00000000-0000-7000-8000-000000000000"


def console(path: str, seen_by: tuple[str, ...]) -> Route:
    """A page of the console: people of a client are led to their portal."""
    return Route(path, 404, {**page(path, seen_by).named, **dict.fromkeys(CLIENTS, 302)})


ROUTES: dict[str, Route] = {
    "reports": console("/reports", PROVIDER),
    "reports/new": page("/reports/new", LEADS),
    "reports/runs/<uuid:uuid>": page(f"/reports/runs/{NOBODY}", ()),
    "reports/<str:number>": console("/reports/NOPE", ()),
    "reports/<str:number>/<str:language>.<slug:form>": page("/reports/NOPE/en.pdf", ()),
    "contracts/<slug:key>/reports": console("/contracts/{key}/reports", PROVIDER),
    "contracts/<slug:key>/reports/plan": page("/contracts/{key}/reports/plan", LEADS),
    "contracts/<slug:key>/reports/templates": page("/contracts/{key}/reports/templates", LEADS),
    "contracts/<slug:key>/reports/templates/<slug:kind>/<str:language>/<slug:what>": page(
        "/contracts/{key}/reports/templates/monthly/en/standard", LEADS
    ),
    # Fault reports of the closed ticket; the client finds its reports in the portal.
    "tickets/<str:number>/fault-report": page("/tickets/{closed}/fault-report", PROVIDER),
    "portal/reports": page("/portal/reports", (*CLIENT_WIDE, "stranger")),
    "portal/reports/<str:number>": page("/portal/reports/NOPE", ()),
}
