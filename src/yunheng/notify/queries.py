"""What may be read of preferences, webhooks and the delivery log."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from yunheng.foundation import statements
from yunheng.foundation.access import ALL, Viewer
from yunheng.foundation.models import Scope
from yunheng.foundation.refusals import Invalid, NotFound

from .events import EVENTS, Event
from .models import Delivery, Preference, QuietHours, Webhook

PAGE = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """An event that can reach the viewer, and whether it is wanted."""

    event: Event
    is_wanted: bool


def choices_of(viewer: Viewer) -> list[Choice]:
    """Every event that can reach the viewer, in the order of the catalogue (1 query)."""
    said = dict(Preference.objects.filter(person_id=viewer.person_id or 0).values_list("event", "is_wanted"))
    return [
        Choice(event, said.get(event.key, event.is_on))
        for event in EVENTS.values()
        if viewer.organisation_kind in event.sides
    ]


def quiet_hours_of(viewer: Viewer) -> QuietHours | None:
    """The viewer's quiet hours."""
    return QuietHours.objects.filter(person_id=viewer.person_id or 0).first()


def scopes_administered(viewer: Viewer) -> QuerySet[Scope]:
    """Contracts under which the viewer may look after notifications, by key."""
    scopes = Scope.objects.order_by("key")
    held = viewer.scope_ids()
    if held is ALL:
        return scopes if viewer.may("admin.notify", None) else scopes.none()
    return scopes.filter(pk__in=[pk for pk in held if viewer.may("admin.notify", pk)])


def webhooks_visible_to(viewer: Viewer) -> QuerySet[Webhook]:
    """Webhooks of the contracts under which the viewer may look after them."""
    return (
        Webhook.objects.select_related("scope").filter(scope__in=scopes_administered(viewer)).order_by("pk")
    )


def scopes_with_webhooks(scope_ids: Collection[int]) -> set[int]:
    """Those of the scopes that have an active webhook (1 query)."""
    return {
        scope_id
        for (scope_id,) in statements.fetch_all(
            "SELECT DISTINCT scope_id FROM webhook WHERE scope_id = ANY(%s::bigint[]) AND is_active",
            [list(scope_ids)],
        )
    }


def access_webhook(viewer: Viewer, uuid: UUID) -> Webhook:
    """The webhook, for who may look after it. Raises NotFound alike for missing and hidden."""
    webhook = Webhook.objects.select_related("scope").filter(uuid=uuid).first()
    if webhook is None or not viewer.may("admin.notify", webhook.scope_id):
        raise NotFound(_("There is no such webhook."))
    return webhook


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """A page of the delivery log, newest first; `following` continues it, "" at the end."""

    deliveries: list[Delivery]
    following: str


def deliveries_visible_to(viewer: Viewer) -> QuerySet[Delivery]:
    """Deliveries under the contracts that the viewer looks after; of no contract for installation administrators."""
    condition = Q(scope__in=scopes_administered(viewer))
    if viewer.may("admin.notify", None):
        condition |= Q(scope=None)
    return Delivery.objects.select_related("person", "webhook", "scope").filter(condition)


def list_deliveries(
    viewer: Viewer,
    *,
    status: str = "",
    channel: str = "",
    number: str = "",
    webhook: UUID | None = None,
    after: str = "",
    limit: int = PAGE,
) -> DeliveryPage:
    """The delivery log, newest first. Raises Invalid for a place that is not in it."""
    rows = deliveries_visible_to(viewer)
    if status:
        rows = rows.filter(status=status)
    if channel:
        rows = rows.filter(channel=channel)
    if number.strip():
        rows = rows.filter(subject_number=number.strip().upper())
    if webhook is not None:
        rows = rows.filter(webhook__uuid=webhook)
    if after:
        try:
            last = deliveries_visible_to(viewer).filter(uuid=UUID(after)).values_list("pk", flat=True).first()
        except ValueError:
            last = None
        if last is None:
            raise Invalid({"after": _("This is not a place in this list.")})
        rows = rows.filter(pk__lt=last)
    found = list(rows.order_by("-pk")[: limit + 1])
    return DeliveryPage(found[:limit], str(found[limit - 1].uuid) if len(found) > limit else "")


def access_delivery(viewer: Viewer, uuid: UUID) -> Delivery:
    """One delivery. Raises NotFound alike for missing and hidden."""
    delivery = deliveries_visible_to(viewer).filter(uuid=uuid).first()
    if delivery is None:
        raise NotFound(_("There is no such delivery."))
    return delivery
