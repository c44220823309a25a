"""How a page answers what was done: on to the next page, with and without htmx."""

from django.http import HttpResponse

from yunheng.foundation.pages import PageRequest


def gone_to(request: PageRequest, address: str) -> HttpResponse:
    """303 to an address; for htmx a full-page redirect."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponse(status=303, headers={"Location": address})
