"""API of what people want to be told, of webhooks, and of what became of every message."""

from datetime import UTC, datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from yunheng.foundation.access import Viewer
from yunheng.foundation.answers import LARGEST_PAGE, PAGE, Input, Page, viewer_of
from yunheng.foundation.idempotency import keep_no_answer
from yunheng.foundation.models import Scope
from yunheng.foundation.refusals import NotFound

from .actions import (
    change_webhook,
    choose_events,
    choose_quiet_hours,
    create_webhook,
    delete_webhook,
    renew_secret,
    send_again,
    try_webhook,
)
from .models import Delivery, Webhook
from .queries import (
    access_delivery,
    access_webhook,
    choices_of,
    list_deliveries,
    quiet_hours_of,
    scopes_administered,
    webhooks_visible_to,
)

router = Router(tags=["notifications"])


#: A time of day as people say it: no seconds, no zone.
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["22:00"])]


class EventOut(Schema):
    """Something one can be told of."""

    key: str
    is_wanted: bool


class QuietHoursOut(Schema):
    """When not to be disturbed, by the clock of one's own zone."""

    begins: ClockTime
    ends: ClockTime
    are_urgent_let_through: bool


class PreferencesOut(Schema):
    """What one wants to be told, and when not."""

    events: list[EventOut]
    quiet_hours: QuietHoursOut | None


class QuietHoursIn(Input):
    """When not to be disturbed; may cross midnight."""

    begins: ClockTime
    ends: ClockTime
    are_urgent_let_through: bool = True


class PreferencesIn(Input):
    """All events that are wanted; the others are not. `quiet_hours` null: none."""

    wanted: list[str] = Field(max_length=200)
    quiet_hours: QuietHoursIn | None


class WebhookChange(Input):
    """Where it goes, and what it tells."""

    name: str
    url: str = Field(examples=["https://hooks.example.com/yunheng"])
    events: list[str] = Field(max_length=100, examples=[["ticket.*", "clock.breached"]])


class WebhookIn(WebhookChange):
    """A new webhook."""

    contract: str = Field(description="Key")


class WebhookPut(WebhookChange):
    """A webhook as it is to be."""

    is_active: bool


class WebhookOut(Schema):
    """An address that is told what happens under one contract."""

    uuid: UUID
    contract: str
    name: str
    url: str
    events: list[str]
    is_active: bool
    created_at: datetime
    failing_since: datetime | None
    switched_off_because: str


class WebhookWithSecret(WebhookOut):
    """A webhook with the secret that signs what it sends, shown once."""

    secret: str


class DeliveryOut(Schema):
    """One message, and what became of it."""

    uuid: UUID
    channel: Literal["mail", "webhook"]
    event: str
    contract: str | None
    ticket: str = Field(description="Number of what it is about")
    address: str
    webhook: UUID | None
    status: Literal["waiting", "sent", "failed", "not_sent"]
    reason: str
    attempts: int
    last_error: str
    created_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None


def _webhook(found: Webhook) -> dict[str, Any]:
    shown = {name: getattr(found, name) for name in WebhookOut.model_fields if name != "contract"}
    return {**shown, "contract": found.scope.key}


def _delivery(found: Delivery) -> dict[str, Any]:
    return {
        "uuid": found.uuid,
        "channel": found.channel,
        "event": found.event,
        "contract": found.scope.key if found.scope else None,
        "ticket": found.subject_number,
        "address": found.address,
        "webhook": found.webhook.uuid if found.webhook else None,
        "status": found.status,
        "reason": found.reason,
        "attempts": found.attempts,
        "last_error": found.last_error,
        "created_at": found.created_at,
        "next_try_at": found.next_try_at,
        "sent_at": found.sent_at,
    }


def _preferences(viewer: Viewer) -> dict[str, Any]:
    quiet = quiet_hours_of(viewer)
    return {
        "events": [{"key": one.event.key, "is_wanted": one.is_wanted} for one in choices_of(viewer)],
        "quiet_hours": quiet
        and {
            "begins": f"{quiet.begins:%H:%M}",
            "ends": f"{quiet.ends:%H:%M}",
            "are_urgent_let_through": quiet.are_urgent_let_through,
        },
    }


@router.get("/me/notifications", response=PreferencesOut, tags=["me"], summary="What I am told")
def read_preferences(request: HttpRequest) -> dict[str, Any]:
    """Every event that can reach the reader, and the quiet hours."""
    return _preferences(viewer_of(request))


@router.put("/me/notifications", response=PreferencesOut, tags=["me"], summary="Choose what I am told")
def put_preferences(request: HttpRequest, body: PreferencesIn) -> dict[str, Any]:
    """Events that are not named are not wanted."""
    viewer = viewer_of(request)
    choose_events(viewer=viewer, wanted=body.wanted)
    quiet = body.quiet_hours
    choose_quiet_hours(
        viewer=viewer,
        begins=time.fromisoformat(quiet.begins) if quiet else None,
        ends=time.fromisoformat(quiet.ends) if quiet else None,
        are_urgent_let_through=quiet.are_urgent_let_through if quiet else True,
    )
    return _preferences(viewer)


def _scope(viewer: Viewer, key: str) -> Scope:
    scope = scopes_administered(viewer).filter(key=key).first()
    if scope is None:
        raise NotFound(_("There is no contract “%(key)s”.") % {"key": key})
    return scope


@router.get("/webhooks", response=list[WebhookOut], summary="Webhooks")
def read_webhooks(request: HttpRequest) -> list[dict[str, Any]]:
    """Of the contracts under which the reader looks after them (`admin.notify`)."""
    return [_webhook(one) for one in webhooks_visible_to(viewer_of(request))]


@router.post("/webhooks", response={201: WebhookWithSecret}, summary="Add a webhook")
def post_webhook(request: HttpRequest, body: WebhookIn) -> dict[str, Any]:
    """The secret that signs is shown once."""
    viewer = viewer_of(request)
    scope = _scope(viewer, body.contract)
    keep_no_answer(request)
    made = create_webhook(viewer=viewer, scope=scope, name=body.name, url=body.url, events=body.events)
    return {**_webhook(made), "secret": made.secret}


@router.get("/webhooks/{uuid:uuid}", response=WebhookOut, summary="One webhook")
def read_webhook(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    """Without its secret."""
    return _webhook(access_webhook(viewer_of(request), uuid))


@router.put("/webhooks/{uuid:uuid}", response=WebhookOut, summary="Change a webhook")
def put_webhook(request: HttpRequest, uuid: UUID, body: WebhookPut) -> dict[str, Any]:
    """Or switch it off and on."""
    viewer = viewer_of(request)
    found = access_webhook(viewer, uuid)
    change_webhook(viewer=viewer, webhook=found, **body.model_dump())
    return _webhook(access_webhook(viewer, uuid))


@router.api_operation(["DELETE"], "/webhooks/{uuid:uuid}", response={204: None}, summary="Remove a webhook")
def remove_webhook(request: HttpRequest, uuid: UUID) -> None:
    """With its deliveries."""
    viewer = viewer_of(request)
    delete_webhook(viewer=viewer, webhook=access_webhook(viewer, uuid))


@router.post("/webhooks/{uuid:uuid}/secret", response=WebhookWithSecret, summary="Renew a webhook's secret")
def post_secret(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    """What is sent from now on is signed with it; it is shown once."""
    viewer = viewer_of(request)
    found = access_webhook(viewer, uuid)
    keep_no_answer(request)
    return {**_webhook(found), "secret": renew_secret(viewer=viewer, webhook=found)}


@router.post("/webhooks/{uuid:uuid}/test", response={202: DeliveryOut}, summary="Try a webhook")
def post_test(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    """Sends a test message; its result stands in the delivery log."""
    viewer = viewer_of(request)
    sent = try_webhook(viewer=viewer, webhook=access_webhook(viewer, uuid), now=datetime.now(UTC))
    return _delivery(access_delivery(viewer, sent.uuid))


@router.get("/deliveries", response=Page[DeliveryOut], summary="Delivery log")
def read_deliveries(
    request: HttpRequest,
    status: Literal["", "waiting", "sent", "failed", "not_sent"] = "",
    channel: Literal["", "mail", "webhook"] = "",
    ticket: str = Query("", max_length=64),
    webhook: UUID | None = None,
    after: str = Query("", max_length=36),
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """Newest first; also what was not sent stands here, with why. Nobody's text is shown."""
    page = list_deliveries(
        viewer_of(request),
        status=status,
        channel=channel,
        number=ticket,
        webhook=webhook,
        after=after,
        limit=limit,
    )
    return {"items": [_delivery(one) for one in page.deliveries], "next": page.following or None}


@router.post("/deliveries/{uuid:uuid}/retry", response={202: DeliveryOut}, summary="Send again")
def post_retry(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    """What was given up."""
    viewer = viewer_of(request)
    send_again(viewer=viewer, delivery=access_delivery(viewer, uuid), now=datetime.now(UTC))
    return _delivery(access_delivery(viewer, uuid))
