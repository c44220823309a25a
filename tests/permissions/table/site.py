"""Pages of the site itself, and the steps of signing in: of django-allauth's addresses these are all that is open."""

from .rows import Route, everyone, page

_STRANGERS = ("anonymous", "token", "stranger_token")

ROUTES: dict[str, Route] = {
    "": everyone("/", 302),  # to the workbench, the portal, or to sign in
    "admin": page("/admin", ("provider_admin", "service_manager")),
    "sign-in": Route("/sign-in", 302, dict.fromkeys(_STRANGERS, 200)),
    "sign-out": everyone("/sign-out", 405),
    "language": everyone("/language", 405),
    "theme": everyone("/theme", 405),
    "account/code": everyone("/account/code", 302),  # somebody whose password was right, and nobody else
    "account/oidc/<slug:provider_id>/login": everyone("/account/oidc/company/login", 404),  # not configured
    "account/oidc/<slug:provider_id>/callback": everyone("/account/oidc/company/callback", 404),
    "account/forgotten": everyone("/account/forgotten", 404),  # no mail server
    "account/new-password": everyone("/account/new-password", 404),
    "healthz": everyone("/healthz", 200),
    "readyz": everyone("/readyz", 503),  # no worker runs beside the tests
}
