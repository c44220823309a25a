"""Pages of the site itself."""

from .rows import Route, everyone

ROUTES: dict[str, Route] = {
    "": Route("/", 200, dict.fromkeys(("anonymous", "token", "stranger_token"), 302)),
    "sign-in": Route("/sign-in", 302, dict.fromkeys(("anonymous", "token", "stranger_token"), 200)),
    "sign-out": everyone("/sign-out", 405),
    "language": everyone("/language", 405),
    "theme": everyone("/theme", 405),
    "healthz": everyone("/healthz", 200),
    "readyz": everyone("/readyz", 503),  # no worker runs beside the tests
}
