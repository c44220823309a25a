"""The places one can go to from everywhere: laid into every page's context."""

from typing import Any, cast

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from yunheng.foundation.pages import PageRequest

from . import errors

#: Name, view, icon, key after "g", and what one must be able to do to go there.
_CONTRACT_PLACES = (
    ("indicators", "appraisal:indicators", "indicators", "i", ("contract.view", "kpi.view")),
    ("tickets", "desk:tickets", "tickets", "t", ()),
    ("log", "contracts:log", "log", "l", ("contract.view", "log.view")),
)
_ALSO_HERE = {"appraisal:items": "appraisal:indicators", "desk:ticket": "desk:tickets"}


def frame(request: HttpRequest) -> dict[str, Any]:
    """Language, theme, and the places of the contract that the page is about, as far as the viewer may go there."""
    match = request.resolver_match
    here = match.view_name if match else ""
    key, scope_id = getattr(request, "contract_key", ""), getattr(request, "contract_id", None)
    links = []
    if key and scope_id is not None:
        viewer = cast(PageRequest, request).viewer
        labels = {"indicators": _("Indicators"), "tickets": _("Tickets"), "log": _("Sealed log")}
        links = [
            {
                "label": labels[name],
                "url": reverse(view, args=[key]),
                "icon": icon,
                "go": letter,
                "is_here": _ALSO_HERE.get(here, here) == view,
            }
            for name, view, icon, letter, needs in _CONTRACT_PLACES
            if all(viewer.may(permission, scope_id) for permission in needs)
        ]
    return {
        "language": getattr(request, "LANGUAGE_CODE", "zh-hans"),
        "theme": errors.theme_of(request),
        "contract_links": links,
        "contract_key": key,
        "is_start": here == "start",
    }
