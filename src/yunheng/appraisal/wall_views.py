"""The wall board: a page for a screen on the wall, its slides, and what an administrator makes such screens with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yunheng.contracts.models import Contract
from yunheng.contracts.reading import titles_of
from yunheng.foundation.access import Viewer
from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Invalid, NotFound

from .dashboard import promises
from .periods import month_of
from .presentation import Question
from .pressing import (
    behind_since,
    contracts_watched_by,
    counts_by_scope,
    heaps_of,
    pressing,
    waiting_heaps_of,
)
from .screens import (
    access_screen,
    contracts_with_walls,
    make_screen,
    revoke_screen,
    screen_by_secret,
    screens_of,
    viewer_of_screen,
)

COOKIE = "wall"
_COOKIE_SECONDS = 400 * 86_400  # browsers keep none longer
SECONDS_PER_SLIDE = 20
ROWS = 6


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who looks at a wall board: somebody who signed in, or a screen. Only people get doors and see titles anyhow."""

    viewer: Viewer
    contracts: Sequence[Contract]
    is_screen: bool
    has_titles: bool
    language: str


def _watcher(request: HttpRequest) -> Watcher | None:
    """None for a screen that was revoked, and for nobody. Raises NotFound for people without any board."""
    secret = request.COOKIES.get(COOKIE, "")
    if request.user.is_authenticated:
        viewer: Viewer = request.viewer  # type: ignore[attr-defined]
        return Watcher(viewer, contracts_watched_by(viewer), False, True, translation.get_language() or "")
    screen = screen_by_secret(secret, now=datetime.now(UTC)) if secret else None
    if screen is None:
        return None
    contracts = sorted(screen.contracts.all(), key=lambda one: one.scope.key)
    return Watcher(viewer_of_screen(screen), contracts, True, screen.has_titles, screen.language)


@require_safe
def wall(request: HttpRequest) -> HttpResponse:
    """The board: full screen, dark, one contract after the other; never open to the world."""
    watcher = _watcher(request)
    if watcher is None:
        if request.COOKIES.get(COOKIE):
            return HttpResponseRedirect(reverse("appraisal:wall_join"))
        target = urlencode({"next": request.get_full_path()})
        return HttpResponseRedirect(f"{resolve_url('sign_in')}?{target}")
    wanted = request.GET.get("contract", "")
    keys = [contract.scope.key for contract in watcher.contracts]
    if wanted and wanted not in keys:
        raise NotFound(_("There is nothing here."))
    slides = [wanted] if wanted else ["", *keys] if len(keys) > 1 else keys
    light = request.GET.get("look") == "light"
    with translation.override(watcher.language):
        context = {
            "slides": slides,
            "words": _words(),
            "is_screen": watcher.is_screen,
            "seconds": SECONDS_PER_SLIDE,
            "theme": "light" if light else "dark",
            "language": watcher.language,
            "slide": _slide(watcher, slides[0]),
            "look": "light" if light else "",
            "wanted": wanted,
        }
        return render(request, "appraisal/wall.html", context)


def _words() -> dict[str, str]:
    """What the script says; %(time)s is filled in by it."""
    return {
        "seen": _("as of %(time)s ago"),
        "live": _("live"),
        "lost": _(
            "No connection to the server for %(time)s. What stands below is old: nobody knows how it is now."
        ),
        "stale": _("These data are %(time)s old. Nobody knows how it is now."),
        "ended": _("This screen may no longer look: its token was revoked, or the person signed out."),
        "held": _("held"),
        "seconds": _("%(n)s s"),
    }


@require_safe
def wall_slide(request: HttpRequest) -> HttpResponse:
    """One slide as a fragment. A screen that was revoked, and somebody signed out, get 403 and no data."""
    watcher = _watcher(request)
    if watcher is None:
        return HttpResponse(status=403)
    with translation.override(watcher.language):
        return render(
            request, "appraisal/wall_slide.html", {"slide": _slide(watcher, request.GET.get("contract", ""))}
        )


def _slide(watcher: Watcher, key: str) -> dict[str, object]:
    """All contracts ("") or one of them, as of now. Raises NotFound for one that is not the watcher's."""
    now = datetime.now(UTC)
    shared = {"now": now, "stamp": int(now.timestamp()), "has_doors": not watcher.is_screen, "key": key}
    titles = titles_of(watcher.contracts)
    if not key:
        return shared | _all_slide(watcher, titles, now)
    contract = next((one for one in watcher.contracts if one.scope.key == key), None)
    if contract is None:
        raise NotFound(_("There is nothing here."))
    zone = ZoneInfo(contract.scope.zone)
    with timezone.override(zone):
        present = pressing(watcher.viewer, contract, now=now, limit=ROWS)
        period = month_of(now.astimezone(zone).date())
        question = Question(period, None, "events", None, "")
        return shared | {
            "contract": contract,
            "title": titles[contract.pk],
            "client": contract.client.name,
            "period": period,
            "promises": promises(contract, question, now=now),
            "pressing": present,
            "has_titles": watcher.has_titles,
            "behind_since": present.behind_since,
        }


def _all_slide(watcher: Watcher, titles: Mapping[int, str], now: datetime) -> dict[str, object]:
    ids = [contract.pk for contract in watcher.contracts]
    counts = counts_by_scope(watcher.viewer, ids, now=now)
    rows = [
        {
            "key": contract.scope.key,
            "title": titles[contract.pk],
            "client": contract.client.name,
            "heaps": heaps_of(counts, contract.pk, contract.scope.key),
            "waiting": waiting_heaps_of(counts, contract.pk, contract.scope.key),
        }
        for contract in watcher.contracts
    ]
    return {
        "rows": rows,
        "heads": [*heaps_of(counts, None, ""), *waiting_heaps_of(counts, None, "")],
        "behind_since": behind_since(ids, now=now),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def wall_join(request: HttpRequest) -> HttpResponse:
    """Where a screen says its token, once: typed, or brought by the link behind the “#” that no server log sees."""
    fault = ""
    if request.method == "POST":
        secret = request.POST.get("token", "").strip()
        screen = screen_by_secret(secret, now=datetime.now(UTC))
        if screen is not None:
            response = HttpResponseRedirect(reverse("appraisal:wall"), status=303)
            response.set_cookie(
                COOKIE,
                secret,
                max_age=_COOKIE_SECONDS,
                path=reverse("appraisal:wall"),
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Strict",
            )
            return response
        fault = _("This token is not known, or it was revoked. An administrator makes a new one.")
    return render(request, "appraisal/wall_join.html", {"fault": fault}, status=422 if fault else 200)


# --- administration


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def walls(request: PageRequest) -> HttpResponse:
    """The screens, and a form for another one; the page that answers shows its secret, once."""
    contracts = contracts_with_walls(request.viewer)
    typed: dict[str, Any] = {
        "name": "",
        "contracts": [contracts[0].scope.key] if len(contracts) == 1 else [],
        "has_titles": False,
    }
    typed["language"] = translation.get_language() or ""
    faults: dict[str, list[str]] = {}
    made = None
    if request.method == "POST":
        typed = {
            "name": request.POST.get("name", ""),
            "contracts": request.POST.getlist("contracts"),
            "has_titles": "has_titles" in request.POST,
            "language": request.POST.get("language", ""),
        }
        try:
            made = make_screen(viewer=request.viewer, **typed)
        except Invalid as error:
            faults = dict(error.fields)
    titles = titles_of(contracts)
    context = {
        "screens": list(screens_of(request.viewer)),
        "choices": [(one.scope.key, titles[one.pk]) for one in contracts],
        "languages": settings.LANGUAGES,
        "typed": typed,
        "faults": faults,
        "made": made,
        "link": request.build_absolute_uri(reverse("appraisal:wall_join")) + f"#{made.secret}"
        if made
        else "",
    }
    return render(request, "appraisal/walls.html", context, status=422 if faults else 200)


@require_POST
@signed_in
def revoke_wall(request: PageRequest, uuid: UUID) -> HttpResponse:
    """End a screen at once."""
    screen = access_screen(request.viewer, uuid)
    revoke_screen(viewer=request.viewer, screen=screen)
    messages.success(request, _("The screen “%(name)s” shows nothing from now on.") % {"name": screen.name})
    return HttpResponseRedirect(reverse("appraisal:walls"), status=303)
