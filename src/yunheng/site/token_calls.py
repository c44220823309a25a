"""Calls of the API with a token of ours go past what only browsers need: session, CSRF, messages, second factor, htmx.

Such a call brings no cookie that counts: it is the token's holder who asks, or nobody (401).
"""

import threading

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from yunheng.accounts.actions import TOKEN_PREFIX

from .middleware import Handler, Reader, WrongTokens

_BEARER = f"Bearer {TOKEN_PREFIX}"
_NOBODY = AnonymousUser()
_built = threading.local()  # the view's handler, while the chain of a process is built from its end


def is_token_call(request: HttpRequest) -> bool:
    """Whether the request brings one of our tokens to the API. Other tokens a proxy in front may have added."""
    given: str = request.META.get("HTTP_AUTHORIZATION", "")
    return given.startswith(_BEARER) and request.path_info.startswith("/api/")


class View:
    """The last in the chain: tells `TokenCalls` what comes after it, and adds nothing."""

    def __init__(self, get_response: Handler) -> None:
        _built.view = get_response
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return self._get_response(request)


class TokenCalls:
    """Leads calls with a token straight to the view, in the language that they ask for."""

    def __init__(self, get_response: Handler) -> None:
        self._browsers = get_response
        self._calls = Reader(WrongTokens(_built.view))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        if not is_token_call(request):
            return self._browsers(request)
        request.user = _NOBODY  # by a session; who asks is `request.auth`
        return self._calls(request)
