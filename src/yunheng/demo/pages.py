"""What a demonstration lays around every page, and the guard that answers this machine only."""

from collections.abc import Callable
from functools import cached_property
from ipaddress import ip_address
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from yunheng.accounts.wording import role_label
from yunheng.foundation.pages import PageRequest

from . import mark
from .models import Demonstration
from .tour import TourStep, current_step

_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")


class OnlyThisMachine:
    """Refuses whoever comes from elsewhere, also through a proxy: everybody can read the passwords."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer people at this machine."""
        if not _is_here(request.META.get("REMOTE_ADDR", "")) or any(
            name in request.META for name in _FORWARDED
        ):
            return HttpResponseForbidden(
                _("A demonstration answers on its own machine only."),
                content_type="text/plain; charset=utf-8",
            )
        return self._get_response(request)


def _is_here(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return not address  # a socket file


class Around:
    """What templates read: `mark`, and as far as it is asked for the accounts, the age and the tour's step."""

    def __init__(self, request: HttpRequest, found: Demonstration | None) -> None:
        self._request = request
        self.mark = found

    @cached_property
    def is_ready(self) -> bool:
        """Whether everything has been prepared."""
        return self.mark is not None and self.mark.state == Demonstration.State.READY

    @cached_property
    def is_failed(self) -> bool:
        """Whether preparing ended with an error."""
        return self.mark is not None and self.mark.state == Demonstration.State.FAILED

    @cached_property
    def share(self) -> int:
        """Per cent of the preparing that is done."""
        return 100 if self.is_ready else mark.share(self.mark) if self.mark else 0

    @cached_property
    def step_text(self) -> str:
        """What is being prepared."""
        return mark.step_text(self.mark) if self.mark else _("Beginning")

    @cached_property
    def age(self) -> str:
        """How old it is, "" on its first day."""
        return mark.age_text(self.mark) if self.mark else ""

    @cached_property
    def password(self) -> str:
        """Of all accounts on the sign-in page."""
        return self.mark.password if self.mark else ""

    @cached_property
    def accounts(self) -> list[dict[str, str]]:
        """Those whom the sign-in page offers."""
        return [
            {
                "login": one.login,
                "name": one.name,
                "role": str(role_label(one.role)),
                "organisation": one.organisation,
            }
            for one in mark.accounts()
        ]

    @cached_property
    def tour(self) -> TourStep | None:
        """The step of the tour that the reader is at."""
        if not self.is_ready or not hasattr(self._request, "viewer"):
            return None
        return current_step(cast(PageRequest, self._request).viewer, self._request.path)


def around(request: HttpRequest) -> dict[str, Any]:
    """Context of every page of a demonstration, and of no other. (One query where a template asks.)"""

    def look() -> Around | None:
        found = mark.mark()
        return None if found is None and mark.is_inhabited() else Around(request, found)

    return {"demonstration": SimpleLazyObject(look)}
