"""Pages of who administers people. Whoever administers nobody is told that there is no such page."""

from .rows import Route, everyone, page

ADMIN = ("provider_admin",)
#: Single people and teams are tried with real ones in tests/accounts/test_admin_pages.py; nobody has this UUID.
NOBODY = "00000000-0000-0000-0000-000000000000"
_PERSON = f"/admin/people/{NOBODY}"

ROUTES: dict[str, Route] = {
    "admin/people": page("/admin/people", ADMIN),
    "admin/people/new": page("/admin/people/new", ADMIN),
    "admin/people/roles": everyone("/admin/people/roles", 405),
    "admin/people/import": page("/admin/people/import", ADMIN),
    "admin/people/import/template": page("/admin/people/import/template", ADMIN),
    "admin/people/import/confirm": everyone("/admin/people/import/confirm", 405),
    "admin/people/import/rejected": everyone("/admin/people/import/rejected", 405),
    "admin/people/<uuid:uuid>": page(_PERSON, ()),
    "admin/people/<uuid:uuid>/edit": page(f"{_PERSON}/edit", ()),
    "admin/people/<uuid:uuid>/roles": everyone(f"{_PERSON}/roles", 405),
    "admin/people/<uuid:uuid>/state": everyone(f"{_PERSON}/state", 405),
    "admin/people/<uuid:uuid>/password": page(f"{_PERSON}/password", ()),
    "admin/people/<uuid:uuid>/second-factor": everyone(f"{_PERSON}/second-factor", 405),
    "admin/people/<uuid:uuid>/invitation": everyone(f"{_PERSON}/invitation", 405),
    "admin/people/<uuid:uuid>/tokens/<uuid:token>/revoke": everyone(f"{_PERSON}/tokens/{NOBODY}/revoke", 405),
    "admin/organisations": page("/admin/organisations", ADMIN),
    "admin/organisations/new": page("/admin/organisations/new", ()),  # for the installation's administrators
    "admin/organisations/<slug:key>": page("/admin/organisations/provider", ADMIN),
    "admin/teams": page("/admin/teams", ADMIN),
    "admin/teams/new": page("/admin/teams/new", ADMIN),
    "admin/teams/<uuid:uuid>": page(f"/admin/teams/{NOBODY}", ()),
    "admin/teams/<uuid:uuid>/people": page(f"/admin/teams/{NOBODY}/people", ()),
    "admin/roles": page("/admin/roles", ADMIN),
    "invitation": everyone("/invitation", 404),  # without a link that counts
}
