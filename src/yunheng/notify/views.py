"""Pages: what I am told of, webhooks, the delivery log."""

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Invalid, NotFound

from . import actions, queries
from .models import Webhook
from .presentation import delivery_rows, family_choices, status_choices
from .sending import has_mail_server


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def preferences(request: PageRequest) -> HttpResponse:
    """Which events I am told of by mail, and my quiet hours."""
    faults: dict[str, list[str]] = {}
    typed: dict[str, Any] | None = None
    if request.method == "POST":
        typed = {
            "events": set(request.POST.getlist("events")),
            "begins": request.POST.get("begins", ""),
            "ends": request.POST.get("ends", ""),
            "urgent": "urgent" in request.POST,
        }
        try:
            begins, ends = _time("begins", typed["begins"]), _time("ends", typed["ends"])
            actions.choose_quiet_hours(
                viewer=request.viewer, begins=begins, ends=ends, are_urgent_let_through=typed["urgent"]
            )
            actions.choose_events(viewer=request.viewer, wanted=typed["events"])
        except Invalid as error:
            faults = error.fields
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("notify:preferences"))
    quiet = queries.quiet_hours_of(request.viewer)
    if typed is None:
        typed = {
            "events": {one.event.key for one in queries.choices_of(request.viewer) if one.is_wanted},
            "begins": f"{quiet.begins:%H:%M}" if quiet else "",
            "ends": f"{quiet.ends:%H:%M}" if quiet else "",
            "urgent": quiet.are_urgent_let_through if quiet else True,
        }
    context = {
        "choices": [one.event for one in queries.choices_of(request.viewer)],
        "typed": typed,
        "faults": faults,
        "has_mail_server": has_mail_server(),
    }
    return render(request, "notify/preferences.html", context, status=422 if faults else 200)


def _time(field: str, text: str) -> time | None:
    if not text:
        return None
    try:
        return time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        raise Invalid({field: _("A time of day like 22:00.")}) from None


def _require_some_scope(request: PageRequest) -> None:
    """Who looks after no contract's notifications finds nothing here."""
    if not queries.scopes_administered(request.viewer).exists() and not request.viewer.may(
        "admin.notify", None
    ):
        raise NotFound(_("There is nothing here."))


@require_safe
@signed_in
def deliveries(request: PageRequest) -> HttpResponse:
    """The delivery log, newest first, narrowed by state, way, ticket and webhook."""
    _require_some_scope(request)
    wanted = {name: request.GET.get(name, "") for name in ("status", "channel", "number")}
    hook = request.GET.get("webhook", "")
    page = queries.list_deliveries(
        request.viewer,
        status=wanted["status"],
        channel=wanted["channel"],
        number=wanted["number"],
        webhook=_uuid(hook),
        after=request.GET.get("after", ""),
    )
    query = request.GET.copy()
    query.pop("after", None)
    first = f"?{query.urlencode()}" if request.GET.get("after") else ""
    context = {
        "rows": delivery_rows(page.deliveries),
        "wanted": wanted,
        "webhook": hook,
        "is_narrowed": any(wanted.values()) or bool(hook),
        "statuses": status_choices(),
        "first": first,
        "following": _following(query, page.following),
        "has_mail_server": has_mail_server(),
    }
    return render(request, "notify/deliveries.html", context)


def _following(query: QueryDict, place: str) -> str:
    if not place:
        return ""
    query["after"] = place
    return f"?{query.urlencode()}"


def _uuid(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise Invalid({"webhook": _("There is no such webhook.")}) from None


@require_POST
@signed_in
def send_again(request: PageRequest, uuid: UUID) -> HttpResponse:
    """Try again what was given up."""
    delivery = queries.access_delivery(request.viewer, uuid)
    actions.send_again(viewer=request.viewer, delivery=delivery, now=datetime.now(UTC))
    messages.success(request, _("It is tried again now."))
    return HttpResponseRedirect(reverse("notify:deliveries"))


@require_safe
@signed_in
def webhooks(request: PageRequest) -> HttpResponse:
    """Webhooks of the contracts that I look after."""
    _require_some_scope(request)
    return render(
        request, "notify/webhooks.html", {"webhooks": list(queries.webhooks_visible_to(request.viewer))}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_webhook(request: PageRequest) -> HttpResponse:
    """Add a webhook; the page that answers shows its secret, once."""
    _require_some_scope(request)
    scopes = list(queries.scopes_administered(request.viewer))
    typed, faults = _typed(request.POST), {}
    if request.method == "POST":
        scope = next((one for one in scopes if one.key == typed["contract"]), None)
        try:
            if scope is None:
                raise Invalid({"contract": _("Choose a contract.")})
            made = actions.create_webhook(
                viewer=request.viewer,
                scope=scope,
                name=typed["name"],
                url=typed["url"],
                events=typed["events"],
            )
        except Invalid as error:
            faults = error.fields
        else:
            return _webhook_page(request, made, secret=made.secret)
    else:
        typed["events"] = [event for event, _name in family_choices()]
    context = {"scopes": scopes, "typed": typed, "faults": faults, "families": family_choices()}
    return render(request, "notify/webhook_new.html", context, status=422 if faults else 200)


def _typed(post: QueryDict) -> dict[str, Any]:
    return {
        "contract": post.get("contract", ""),
        "name": post.get("name", ""),
        "url": post.get("url", ""),
        "events": post.getlist("events"),
        "is_active": "is_active" in post,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def webhook(request: PageRequest, uuid: UUID) -> HttpResponse:
    """One webhook: change it, see what became of its last deliveries."""
    found = queries.access_webhook(request.viewer, uuid)
    if request.method != "POST":
        return _webhook_page(request, found)
    typed = _typed(request.POST)
    try:
        actions.change_webhook(
            viewer=request.viewer,
            webhook=queries.access_webhook(request.viewer, uuid),
            name=typed["name"],
            url=typed["url"],
            events=typed["events"],
            is_active=typed["is_active"],
        )
    except Invalid as error:
        return _webhook_page(request, found, typed=typed, faults=error.fields)
    messages.success(request, _("Saved."))
    return HttpResponseRedirect(reverse("notify:webhook", args=[uuid]))


def _webhook_page(
    request: PageRequest,
    found: Webhook,
    *,
    secret: str = "",
    typed: dict[str, Any] | None = None,
    faults: dict[str, list[str]] | None = None,
) -> HttpResponse:
    page = queries.list_deliveries(request.viewer, webhook=found.uuid, limit=10)
    context = {
        "webhook": found,
        "secret": secret,
        "typed": typed
        or {"name": found.name, "url": found.url, "events": found.events, "is_active": found.is_active},
        "faults": faults or {},
        "families": family_choices(),
        "rows": delivery_rows(page.deliveries),
    }
    return render(request, "notify/webhook.html", context, status=422 if faults else 200)


@require_POST
@signed_in
def renew_secret(request: PageRequest, uuid: UUID) -> HttpResponse:
    """A new secret, shown once."""
    found = queries.access_webhook(request.viewer, uuid)
    return _webhook_page(request, found, secret=actions.renew_secret(viewer=request.viewer, webhook=found))


@require_POST
@signed_in
def try_webhook(request: PageRequest, uuid: UUID) -> HttpResponse:
    """Send a test message."""
    found = queries.access_webhook(request.viewer, uuid)
    actions.try_webhook(viewer=request.viewer, webhook=found, now=datetime.now(UTC))
    messages.success(
        request, _("A test message is on its way; its result stands in the list below in a moment.")
    )
    return HttpResponseRedirect(reverse("notify:webhook", args=[uuid]))


@require_POST
@signed_in
def delete_webhook(request: PageRequest, uuid: UUID) -> HttpResponse:
    """Remove it."""
    found = queries.access_webhook(request.viewer, uuid)
    actions.delete_webhook(viewer=request.viewer, webhook=found)
    messages.success(request, _("The webhook is removed."))
    return HttpResponseRedirect(reverse("notify:webhooks"))
