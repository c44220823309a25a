"""The places one can go to from everywhere: laid into every page's context."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from . import errors

_CONTRACT_PLACES = (
    ("indicators", "appraisal:indicators", "indicators", "i"),
    ("tickets", "desk:tickets", "tickets", "t"),
    ("log", "contracts:log", "log", "l"),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Language, theme, and the links of the contract that the page is about (`request.contract_key`)."""
    match = request.resolver_match
    here = match.view_name if match else ""
    key = getattr(request, "contract_key", "") or (match.kwargs.get("key", "") if match else "")
    links = []
    if key:
        labels = {"indicators": _("Indicators"), "tickets": _("Tickets"), "log": _("Sealed log")}
        places = getattr(request, "contract_places", {"indicators", "tickets", "log"})
        links = [
            {
                "label": labels[name],
                "url": reverse(view, args=[key]),
                "icon": icon,
                "go": letter,
                "is_here": here == view
                or (name == "indicators" and here == "appraisal:items")
                or (name == "tickets" and here == "desk:ticket"),
            }
            for name, view, icon, letter in _CONTRACT_PLACES
            if name in places
        ]
    return {
        "language": getattr(request, "LANGUAGE_CODE", "zh-hans"),
        "theme": errors.theme_of(request),
        "contract_links": links,
        "contract_key": key,
        "is_start": here == "start",
    }
