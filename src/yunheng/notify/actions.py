"""Books messages to people and webhooks, carries them out, and keeps what people chose."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from yunheng.accounts.models import Person
from yunheng.foundation.access import Viewer
from yunheng.foundation.journal import EntryDraft, record
from yunheng.foundation.models import Scope
from yunheng.foundation.refusals import Forbidden, Invalid

from . import sending
from .deciding import NO_ADDRESS, NO_MAIL_SERVER, Quiet, decide, next_try
from .events import EVENTS
from .models import Delivery, Preference, QuietHours, Webhook
from .reaching import UnreachableError, check_address
from .signing import new_secret

_log = logging.getLogger(__name__)

SCOPE_SUBJECT: Final = 0
#: A webhook that took nothing for so long is switched off.
SWITCH_OFF_AFTER: Final = timedelta(days=5)
#: Types of entries that a webhook may ask for, family by family.
FAMILIES: Final = ("ticket", "pause", "clock", "correction", "exclusion", "appraisal", "rectification")
CLAIM: Final = timedelta(minutes=5)  #: a try that takes longer was killed
MAILS_OUTSIDE_EVENTS: Final = ("invitation", "security", "test")


@dataclass(frozen=True, slots=True)
class Message:
    """What one person is told of: event key, one line, and a text, both in the person's language."""

    person: Person
    event: str
    subject: str
    text: str
    files: tuple[Mapping[str, Any], ...] = ()  # references to files that go with it, see `attaching`


@dataclass(frozen=True, slots=True)
class Telling:
    """Messages about one thing that happened to one subject; `entry_id` 0 for what is no entry."""

    messages: Sequence[Message]
    scope_id: int | None = None
    subject_number: str = ""
    entry_id: int = 0


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """An entry as webhooks of its contract are told of it."""

    scope_id: int
    entry_id: int
    entry_type: str
    subject_number: str
    occurred_at: datetime
    data: Mapping[str, Any]


def tell(
    messages: Iterable[Message],
    *,
    now: datetime,
    scope_id: int | None = None,
    subject_number: str = "",
    entry_id: int = 0,
) -> list[Delivery]:
    """Book mails to people; each person is told of an entry's event once, however often this runs.

    What is decided against is booked too, with its reason. Mails go out when their job runs.
    """
    return tell_all([Telling(tuple(messages), scope_id, subject_number, entry_id)], now=now)


@transaction.atomic
def tell_all(tellings: Sequence[Telling], *, now: datetime) -> list[Delivery]:
    """`tell` for many things that happened (4 queries and what starts the jobs, or none without messages)."""
    wanted = [(telling, message) for telling in tellings for message in telling.messages]
    if not wanted:
        return []
    people = {message.person.pk for _telling, message in wanted}
    events = {message.event for _telling, message in wanted}
    said = {
        (row.person_id, row.event): row.is_wanted
        for row in Preference.objects.filter(person__in=people, event__in=events)
    }
    quiet = {row.person_id: row for row in QuietHours.objects.filter(person__in=people)}
    booked = []
    for telling, message in wanted:
        event, person = EVENTS[message.event], message.person
        decision = decide(
            now=now,
            is_wanted=said.get((person.pk, event.key), event.is_on),
            address=person.email if person.is_active else "",
            has_server=sending.has_mail_server(),
            is_urgent=event.is_urgent,
            quiet=_quiet(quiet.get(person.pk), person),
        )
        delivery = Delivery(
            channel=Delivery.Channel.MAIL,
            event=event.key,
            scope_id=telling.scope_id,
            subject_number=telling.subject_number,
            entry_id=telling.entry_id,
            person=person,
            address=person.email,
            subject=message.subject[:300],
            body=message.text,
            files=[dict(reference) for reference in message.files],
            status=Delivery.Status.WAITING if decision.is_sent else Delivery.Status.NOT_SENT,
            reason=decision.reason,
            next_try_at=decision.at if decision.is_sent else None,
        )
        booked.append(delivery)
    return _book(booked)


@transaction.atomic
def send_mail(
    *,
    person: Person,
    subject: str,
    text: str,
    now: datetime,
    kind: str = "security",
    scope_id: int | None = None,
    subject_number: str = "",
    entry_id: int = 0,
) -> Delivery:
    """Book a mail that no preference and no quiet hours hold back: an invitation, a changed password, a receipt.

    The text of an invitation or of what touches an account leaves the delivery log once it is sent, since it may hold a
    link that opens the account; a receipt's stays. A receipt names the contract, the subject and the entry it is of.
    """
    has_server = sending.has_mail_server()
    reason = "" if person.email and has_server else NO_ADDRESS if not person.email else NO_MAIL_SERVER
    delivery = Delivery(
        channel=Delivery.Channel.MAIL,
        event=kind,
        scope_id=scope_id,
        subject_number=subject_number,
        entry_id=entry_id,
        person=person,
        address=person.email,
        subject=subject[:300],
        body="" if reason and kind in MAILS_OUTSIDE_EVENTS else text,
        status=Delivery.Status.NOT_SENT if reason else Delivery.Status.WAITING,
        reason=reason,
        next_try_at=None if reason else now,
    )
    return _book([delivery])[0]


@transaction.atomic
def tell_webhooks(events: Sequence[WebhookEvent], *, now: datetime) -> list[Delivery]:
    """Book entries for every webhook of their contracts that asked for their types; each gets each once."""
    if not events:
        return []
    hooks: dict[int, list[Webhook]] = {}
    scopes = {event.scope_id for event in events}
    for hook in Webhook.objects.filter(scope__in=scopes, is_active=True).order_by("pk"):
        hooks.setdefault(hook.scope_id, []).append(hook)
    return _book(
        [
            Delivery(
                channel=Delivery.Channel.WEBHOOK,
                event=event.entry_type,
                scope_id=event.scope_id,
                subject_number=event.subject_number,
                entry_id=event.entry_id,
                webhook=hook,
                address=hook.url,
                body=sending.webhook_body(event.entry_type, _stamp(event.occurred_at), dict(event.data)),
                next_try_at=now,
            )
            for event in events
            for hook in hooks.get(event.scope_id, ())
            if {event.entry_type, event.entry_type.partition(".")[0] + ".*"} & set(hook.events)
        ]
    )


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _book(deliveries: list[Delivery]) -> list[Delivery]:
    """Store deliveries and start a job for each that may go now. What was booked before is left as it is."""
    if not deliveries:
        return []
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    stored = {row.uuid: row for row in Delivery.objects.filter(uuid__in=[it.uuid for it in deliveries])}
    now = datetime.now(UTC)
    for row in stored.values():
        if row.status == Delivery.Status.WAITING and row.next_try_at and row.next_try_at <= now:
            _start(row)
    return list(stored.values())


def _start(delivery: Delivery) -> None:
    """Start the job of a delivery in this transaction; by name, since jobs stand above actions."""
    app.configure_task("notify:deliver", allow_unknown=True).defer(delivery=str(delivery.uuid))


def carry_out(uuid: UUID, *, now: datetime) -> str:
    """Try to send one delivery, unless somebody else does or its time has not come; returns its status.

    The try is claimed by a conditional update that is committed before anything is sent: a worker killed in between
    leaves it waiting, and the sweep tries again.
    """
    claimed = (
        Delivery.objects.filter(uuid=uuid, status=Delivery.Status.WAITING)
        .filter(Q(next_try_at=None) | Q(next_try_at__lte=now))
        .update(attempts=F("attempts") + 1, next_try_at=now + CLAIM)
    )
    if claimed != 1:
        return ""
    delivery = Delivery.objects.select_related("webhook", "person").get(uuid=uuid)
    try:
        sending.send(delivery)
    except sending.NotDeliveredError as error:
        again = None if error.is_final else next_try(delivery.attempts, now)
        delivery.status = Delivery.Status.WAITING if again else Delivery.Status.FAILED
        delivery.next_try_at, delivery.last_error = again, str(error)
    else:
        delivery.status, delivery.next_try_at, delivery.sent_at = Delivery.Status.SENT, None, now
        delivery.last_error = ""
    if delivery.status != Delivery.Status.WAITING and delivery.event in MAILS_OUTSIDE_EVENTS:
        delivery.body = ""
    delivery.save(update_fields=["status", "next_try_at", "last_error", "sent_at", "body"])
    if delivery.webhook is not None:
        _note_health(delivery.webhook, delivery, now)
    return delivery.status


def _note_health(webhook: Webhook, delivery: Delivery, now: datetime) -> None:
    """Remember since when nothing arrives; switch off what took nothing for days, or wants no more."""
    if delivery.status == Delivery.Status.SENT:
        Webhook.objects.filter(pk=webhook.pk).exclude(failing_since=None).update(failing_since=None)
        return
    Webhook.objects.filter(pk=webhook.pk, failing_since=None).update(failing_since=now)
    since = webhook.failing_since or now
    is_unwanted = delivery.status == Delivery.Status.FAILED and delivery.attempts == 1
    if is_unwanted or now - since > SWITCH_OFF_AFTER:
        Webhook.objects.filter(pk=webhook.pk, is_active=True).update(
            is_active=False, switched_off_because=delivery.last_error[:200]
        )
        _log.warning("webhook.switched_off", extra={"webhook": str(webhook.uuid), "why": delivery.last_error})


def due_deliveries(*, now: datetime, limit: int = 200) -> list[UUID]:
    """Deliveries whose time has come: after quiet hours, for another try, or whose job was lost."""
    return list(
        Delivery.objects.filter(status=Delivery.Status.WAITING, next_try_at__lte=now)
        .order_by("next_try_at")
        .values_list("uuid", flat=True)[:limit]
    )


def forget_old_deliveries(*, now: datetime) -> int:
    """The delivery log is kept for 400 days, so that a year's service can be looked through."""
    count, _by_model = Delivery.objects.filter(created_at__lt=now - timedelta(days=400)).delete()
    return count


# --- what people choose


@transaction.atomic
def choose_events(*, viewer: Viewer, wanted: Collection[str]) -> None:
    """Say of every event that can reach the viewer whether it is wanted. Personal state; it writes no entry."""
    person_id = _oneself(viewer)
    known = {event.key for event in EVENTS.values() if viewer.organisation_kind in event.sides}
    unknown = set(wanted) - known
    if unknown:
        raise Invalid({"events": _("There is no event “%(event)s”.") % {"event": sorted(unknown)[0]}})
    for key in known:
        Preference.objects.update_or_create(
            person_id=person_id, event=key, defaults={"is_wanted": key in wanted}
        )


@transaction.atomic
def choose_quiet_hours(
    *, viewer: Viewer, begins: time | None, ends: time | None, are_urgent_let_through: bool = True
) -> None:
    """Keep quiet hours by the clock of the viewer's zone, or none. Raises Invalid when only one end is given."""
    person_id = _oneself(viewer)
    if begins is None and ends is None:
        QuietHours.objects.filter(person_id=person_id).delete()
        return
    if begins is None or ends is None:
        missing = "begins" if begins is None else "ends"
        raise Invalid({missing: _("Give both ends of the quiet hours, or neither.")})
    if begins == ends:
        raise Invalid({"ends": _("Quiet hours end at another time than they begin.")})
    QuietHours.objects.update_or_create(
        person_id=person_id,
        defaults={"begins": begins, "ends": ends, "are_urgent_let_through": are_urgent_let_through},
    )


# --- webhooks


@transaction.atomic
def create_webhook(
    *, viewer: Viewer, scope: Scope, name: str, url: str, events: Collection[str], at: datetime | None = None
) -> Webhook:
    """Add a webhook to a contract; its secret is on the returned object and shown once.

    The address is checked now, and again whenever something is sent. Needs `admin.notify` there. Writes
    "webhook.created". Raises Invalid per field.
    """
    viewer.require("admin.notify", scope.pk)
    _check_webhook(name, url, events)
    webhook = Webhook.objects.create(
        scope=scope, name=name.strip(), url=url.strip(), secret=new_secret(), events=sorted(set(events))
    )
    _record(viewer, scope, "webhook.created", webhook, at)
    return webhook


@transaction.atomic
def change_webhook(
    *,
    viewer: Viewer,
    webhook: Webhook,
    name: str,
    url: str,
    events: Collection[str],
    is_active: bool,
    at: datetime | None = None,
) -> None:
    """Change a webhook, or switch it off and on. Writes "webhook.changed". Raises Invalid per field."""
    viewer.require("admin.notify", webhook.scope_id)
    _check_webhook(name, url, events)
    webhook.name, webhook.url, webhook.events = name.strip(), url.strip(), sorted(set(events))
    if is_active and not webhook.is_active:
        webhook.failing_since, webhook.switched_off_because = None, ""
    webhook.is_active = is_active
    webhook.save()
    _record(viewer, webhook.scope, "webhook.changed", webhook, at)


@transaction.atomic
def renew_secret(*, viewer: Viewer, webhook: Webhook, at: datetime | None = None) -> str:
    """Give a webhook a new secret, returned once; what is sent from now on is signed with it."""
    viewer.require("admin.notify", webhook.scope_id)
    webhook.secret = new_secret()
    webhook.save(update_fields=["secret"])
    _record(viewer, webhook.scope, "webhook.secret_renewed", webhook, at)
    return webhook.secret


@transaction.atomic
def delete_webhook(*, viewer: Viewer, webhook: Webhook, at: datetime | None = None) -> None:
    """Remove a webhook with its deliveries. Writes "webhook.deleted"."""
    viewer.require("admin.notify", webhook.scope_id)
    _record(viewer, webhook.scope, "webhook.deleted", webhook, at)
    webhook.delete()


@transaction.atomic
def try_webhook(*, viewer: Viewer, webhook: Webhook, now: datetime) -> Delivery:
    """Send a test message; its result stands in the delivery log."""
    viewer.require("admin.notify", webhook.scope_id)
    if not webhook.is_active:
        raise Invalid({"webhook": _("The webhook is switched off.")})
    body = sending.webhook_body("test", _stamp(now), {"contract": webhook.scope.key, "webhook": webhook.name})
    return _book(
        [
            Delivery(
                channel=Delivery.Channel.WEBHOOK,
                event="test",
                scope_id=webhook.scope_id,
                webhook=webhook,
                address=webhook.url,
                body=body,
                next_try_at=now,
            )
        ]
    )[0]


@transaction.atomic
def send_again(*, viewer: Viewer, delivery: Delivery, now: datetime) -> None:
    """Try a delivery again that was given up. Needs `admin.notify` there; everywhere for one of no contract."""
    viewer.require("admin.notify", delivery.scope_id)
    if delivery.status != Delivery.Status.FAILED or delivery.event in MAILS_OUTSIDE_EVENTS:
        raise Invalid({"delivery": _("Only what was given up can be sent again.")})
    Delivery.objects.filter(pk=delivery.pk, status=Delivery.Status.FAILED).update(
        status=Delivery.Status.WAITING, attempts=0, next_try_at=now, last_error=""
    )
    _start(delivery)


def _check_webhook(name: str, url: str, events: Collection[str]) -> None:
    faults: dict[str, str | list[str]] = {}
    if not name.strip() or len(name.strip()) > 100:
        faults["name"] = _("Between 1 and %(count)d characters.") % {"count": 100}
    if len(url) > 500:
        faults["url"] = _("At most %(count)d characters.") % {"count": 500}
    else:
        try:
            check_address(url.strip(), trusted=settings.WEBHOOK_HOSTS)
        except UnreachableError as error:
            faults["url"] = str(error)
    wrong = [event for event in events if event.partition(".")[0] not in FAMILIES or "." not in event]
    if not events or wrong or any(len(event) > 60 for event in events):
        faults["events"] = _("At least one of: %(choices)s.") % {
            "choices": ", ".join(f"{family}.*" for family in FAMILIES)
        }
    if faults:
        raise Invalid(faults)


def _record(viewer: Viewer, scope: Scope, entry_type: str, webhook: Webhook, at: datetime | None) -> None:
    now = datetime.now(UTC)
    record(
        EntryDraft(
            scope_id=scope.pk,
            scope_key=scope.key,
            subject_id=SCOPE_SUBJECT,
            subject_number=scope.key.upper(),
            type=entry_type,
            occurred_at=at or now,
            actor=viewer.actor,
            source="server" if viewer.is_system else "person",
            internal={"name": webhook.name, "url": _without_keys(webhook.url), "events": webhook.events},
        ),
        recorded_at=now,
    )


def _without_keys(url: str) -> str:
    """The address without its query, in which many receivers want a key: an entry stays for good, and many read it."""
    return url.partition("#")[0].partition("?")[0]


def _quiet(row: QuietHours | None, person: Person) -> Quiet | None:
    if row is None:
        return None
    return Quiet(row.begins, row.ends, person.zone, row.are_urgent_let_through)


def _oneself(viewer: Viewer) -> int:
    if viewer.person_id is None:
        raise Forbidden(_("Only a person can choose this."))
    return viewer.person_id
