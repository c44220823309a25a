"""Pages of contracts, of their versions and logs, and of what is administered over all of them."""

from .rows import EVERY_ROLE, PROVIDER, WHOLE, Route, page

LEADS = ("provider_admin", "service_manager")
NOBODY = "00000000-0000-7000-8000-000000000000"

ROUTES: dict[str, Route] = {
    "contracts": page("/contracts", (*EVERY_ROLE, "stranger")),
    "contracts/new": page("/contracts/new", ()),  # takes the permission in every scope
    "contracts/<slug:key>": page("/contracts/{key}", WHOLE),
    "contracts/<slug:key>/document": page("/contracts/{key}/document", WHOLE),
    "contracts/<slug:key>/versions": page("/contracts/{key}/versions", WHOLE),
    "contracts/<slug:key>/versions/<int:number>": page("/contracts/{key}/versions/1", WHOLE),
    "contracts/<slug:key>/versions/<int:number>/<str:form>": page(
        "/contracts/{key}/versions/1/contract.json", WHOLE
    ),
    "contracts/<slug:key>/diff": page("/contracts/{key}/diff", WHOLE),
    "contracts/<slug:key>/proposals/<uuid:uuid>": page("/contracts/{key}/proposals/" + NOBODY, ()),
    "contracts/<slug:key>/back-to-back": page("/contracts/{key}/back-to-back", PROVIDER),
    "contracts/<slug:key>/log": page("/contracts/{key}/log", WHOLE),
    "admin/calendars": page("/admin/calendars", LEADS),
    "admin/logs": page("/admin/logs", LEADS),
    "admin/errands/<uuid:uuid>": page("/admin/errands/" + NOBODY, ()),  # one's own only
}
