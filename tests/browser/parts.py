"""A page of the shell's components and behaviours for the browser tests; the product does not have it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path

from yunheng.foundation.pages import signed_in
from yunheng.site import urls

TEMPLATES = Path(__file__).parent / "templates"
FOUND = """<div role="group" aria-label="Tickets"><div class="palette-group" aria-hidden="true">Tickets</div>
<a role="option" href="/parts/{q}"><span class="palette-text">Ticket {q}</span></a></div>"""

asked: list[str] = []  #: what the palette asked for
sent: list[dict[str, object]] = []  #: what arrived


def now() -> datetime:
    """The moment from which the page's rows are due; a test may hold it still."""
    return datetime.now(UTC)


def _page(request: HttpRequest, status: int = 200, **more: object) -> HttpResponse:
    moment = now()
    rows = [
        {
            "number": f"T-{index}",
            "due": moment + timedelta(minutes=minutes),
            "warn": moment + timedelta(minutes=minutes - 30),
        }
        for index, minutes in enumerate((-12.5, 10.5, 42.5, 192.5), 1)
    ]
    return render(request, "parts.html", {"rows": rows, "row_version": status, **more}, status=status)


@signed_in
def parts(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request)
    typed = {key: request.POST[key] for key in ("title", "text", "kind")}
    if typed["title"] == "bad":
        return _page(request, 422, errors={"title": ["This is no title.", "Type another."]}, **typed)
    if typed["title"] == "late":
        return _page(request, 409, is_conflict=True, **typed)
    if typed["title"] == "boom":
        raise RuntimeError("boom")
    sent.append({**typed, "files": [file.name for file in request.FILES.getlist("files")]})
    messages.success(request, "Sent <b>well</b>.")
    return HttpResponseRedirect("/parts")


@signed_in
def quick(request: HttpRequest) -> HttpResponse:
    note = request.POST["note"]
    if note == "and away":
        return HttpResponse(status=204, headers={"HX-Redirect": "/parts/away"})
    context = {"note": note, "errors": {"note": "Too short."}} if len(note) < 3 else {"note": ""}
    return render(request, "quick.html", context, status=422 if len(note) < 3 else 200)


@signed_in
def boom(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("boom")


@signed_in
def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        status=204, headers={"HX-Trigger": json.dumps({"toast": {"text": "Hello", "kind": "info"}})}
    )


@signed_in
def stop(request: HttpRequest) -> HttpResponse:
    sent.append({"stop": True})
    return HttpResponseRedirect("/parts")


@signed_in
def bulk(request: HttpRequest) -> HttpResponse:
    sent.append({"numbers": request.POST.getlist("number")})
    return HttpResponseRedirect("/parts")


@signed_in
def palette(request: HttpRequest) -> HttpResponse:
    asked.append(request.GET["q"])
    return HttpResponse(FOUND.format(q=request.GET["q"]))


def expire(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponse("gone")


@signed_in
def one(request: HttpRequest, name: str) -> HttpResponse:
    return _page(request)


urlpatterns = [
    path("parts", parts),
    path("parts/quick", quick),
    path("parts/boom", boom),
    path("parts/hello", hello),
    path("parts/stop", stop),
    path("parts/bulk", bulk),
    path("parts/palette", palette),
    path("parts/expire", expire),
    path("parts/<str:name>", one),
    *urls.urlpatterns,
]
handler400, handler403, handler404, handler500 = (
    urls.handler400,
    urls.handler403,
    urls.handler404,
    urls.handler500,
)
