"""The map of addresses."""

from django.urls import URLPattern, URLResolver, include, path

from . import api_docs, errors, health, sign_in, views
from .api import api


def _comes_later(address: URLPattern | URLResolver) -> bool:
    """Addresses are compared one after the other: tickets, which are worked on all day, come first."""
    return str(address.pattern).split("/", 1)[0] != "tickets"


_api_addresses, _api_app, _api_names = api.urls

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/docs", api_docs.api_docs, name="api_docs"),
    path("api/v1/", (sorted(_api_addresses, key=_comes_later), _api_app, _api_names)),
    path("", views.start, name="start"),
    path("sign-in", sign_in.sign_in, name="sign_in"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    path("language", sign_in.set_language, name="set_language"),
    path("theme", sign_in.set_theme, name="set_theme"),
    path("", include(([path("admin", views.admin, name="admin")], "site"))),
    path("", include("yunheng.notify.urls")),
    path("", include("yunheng.site.account.urls")),
    path("", include("yunheng.appraisal.urls")),
    path("", include("yunheng.reports.urls")),
    path("", include("yunheng.desk.urls")),
    path("", include("yunheng.contracts.urls")),
    path("", include("yunheng.imports.urls")),
    path("", include("yunheng.accounts.urls")),
    path("", include("yunheng.demo.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
