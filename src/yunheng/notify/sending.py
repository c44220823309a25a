"""Sends one message: mail through the installation's server, a webhook signed to its address."""

import json
import time
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext as _

from .attaching import attached
from .models import Delivery
from .reaching import UnreachableError, post
from .signing import sign

__all__ = ["NotDeliveredError", "has_mail_server", "send", "webhook_body"]

USER_AGENT: Final = "Yunheng-Webhooks/1"
SUBJECT_LENGTH: Final = 200


class NotDeliveredError(Exception):
    """This try failed; the message says why. `is_final`: another try would be pointless."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message[:300])
        self.is_final = is_final


def has_mail_server() -> bool:
    """Whether `YUNHENG_MAIL_URL` names a mail server."""
    return bool(settings.MAIL_URL)


def send(delivery: Delivery) -> None:
    """Send a delivery now. Raises NotDeliveredError; in a demonstration nothing is ever sent."""
    if settings.DEMONSTRATION:
        raise NotDeliveredError(_("Demonstration: nothing leaves this machine."), is_final=True)
    if delivery.channel == Delivery.Channel.MAIL:
        _send_mail(delivery)
    else:
        _post(delivery)


def _send_mail(delivery: Delivery) -> None:
    """One plain-text mail, with its files. Its Message-ID follows from the delivery: a second copy is known as one."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    message = EmailMessage(
        subject=" ".join(delivery.subject.split())[:SUBJECT_LENGTH],
        body=delivery.body,
        to=[delivery.address],
        headers={
            "Message-ID": f"<{delivery.uuid}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
        connection=get_connection(timeout=15),
    )
    for reference in delivery.files:
        file = attached(reference)
        if file is None:
            raise NotDeliveredError(_("A file that goes with it is not there any more."), is_final=True)
        message.attach(file.name, file.data, file.media_type)
    try:
        sent = message.send()
    except Exception as error:  # whatever the transport raises: refused, timed out, not resolved, TLS
        raise NotDeliveredError(f"{type(error).__name__}: {error}") from None
    if not sent:
        raise NotDeliveredError(_("The mail server took nothing."))


def _post(delivery: Delivery) -> None:
    webhook = delivery.webhook
    if webhook is None or not webhook.is_active:
        raise NotDeliveredError(_("The webhook is switched off."), is_final=True)
    body, timestamp = delivery.body.encode(), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": str(delivery.uuid),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(
            webhook.secret, message_id=str(delivery.uuid), timestamp=timestamp, body=body
        ),
    }
    try:
        answer = post(webhook.url, body, headers, trusted=settings.WEBHOOK_HOSTS)
    except UnreachableError as error:
        raise NotDeliveredError(str(error)) from None
    if answer.status == 410:
        raise NotDeliveredError(_("The other side answered 410: it wants no more of these."), is_final=True)
    if not answer.is_success:
        raise NotDeliveredError(_("The other side answered %(status)d.") % {"status": answer.status})


def webhook_body(kind: str, occurred_at: str, data: dict[str, Any]) -> str:
    """The JSON that a webhook gets, exactly as it is signed."""
    return json.dumps({"type": kind, "timestamp": occurred_at, "data": data}, ensure_ascii=False, default=str)
