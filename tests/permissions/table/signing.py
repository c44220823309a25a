"""Signing a statement. Tried with a number that nobody has; tests/appraisal/test_signing.py tries real ones by role."""

from .rows import Route, everyone, page

_NUMBER = "NOPE-APR-20261101-0001"


def sent(path: str) -> Route:
    """A form: whoever has not signed in is sent to do so."""
    return Route(path, 404, page(path, ()).named, "POST")


ROUTES: dict[str, Route] = {
    "statements/<str:number>/sign": page(f"/statements/{_NUMBER}/sign", ()),
    "statements/<str:number>/sign/passkey": sent(f"/statements/{_NUMBER}/sign/passkey"),
    "statements/<str:number>/sign/confirmation": sent(f"/statements/{_NUMBER}/sign/confirmation"),
    "statements/<str:number>/sign/scan": sent(f"/statements/{_NUMBER}/sign/scan"),
    # Refused for everybody who sees the statement: no token and no program signs.
    "api/v1/statements/<number>/sign": everyone(
        f"/api/v1/statements/{_NUMBER}/sign",
        404,
        "POST",
        anonymous=401,
        token=403,
        stranger_token=403,
    ),
}
