"""Words of the delivery log and of webhooks."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from .actions import FAMILIES
from .events import EVENTS
from .models import Delivery

__all__ = ["DeliveryRow", "delivery_rows", "family_choices", "status_choices"]


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A line of the delivery log in words."""

    delivery: Delivery
    event: str
    status: str
    mark: str
    reason: str

    @property
    def may_be_sent_again(self) -> bool:
        """Given up, and its text is still there."""
        return self.delivery.status == Delivery.Status.FAILED and bool(self.delivery.body)


def status_choices() -> dict[str, str]:
    """Status → its name."""
    return {
        "waiting": _("Waiting"),
        "sent": _("Sent"),
        "failed": _("Given up"),
        "not_sent": _("Not sent"),
    }


def _reasons() -> dict[str, str]:
    return {
        "not_wanted": _("The person does not want to be told of this."),
        "no_address": _("The person has no mail address."),
        "no_mail_server": _("Demonstration: nothing leaves this machine.")
        if settings.DEMONSTRATION
        else _("No mail server is set up."),
        "quiet_hours": _("Held back until the quiet hours end."),
    }


_MARKS = {"waiting": "running", "sent": "met", "failed": "breached", "not_sent": "na"}


def delivery_rows(deliveries: list[Delivery]) -> list[DeliveryRow]:
    """A page of the delivery log in words."""
    names, reasons = status_choices(), _reasons()
    return [
        DeliveryRow(
            one,
            event_name(one.event),
            names.get(one.status, one.status),
            _MARKS.get(one.status, "plain"),
            reasons.get(one.reason, one.reason),
        )
        for one in deliveries
    ]


def event_name(key: str) -> str:
    """What a delivery tells of, in words; the type of an entry by its key, as programs know it."""
    own = {
        "invitation": _("Invitation"),
        "security": _("Security of an account"),
        "receipt": _("Receipt for a signature"),
        "test": _("Test"),
    }
    return own.get(key) or (str(EVENTS[key].label) if key in EVENTS else key)


def family_choices() -> list[tuple[str, str]]:
    """What a webhook may ask for: every family of entry types with its meaning."""
    names = {
        "ticket": _("Everything that happens to tickets"),
        "pause": _("Waiting periods confirmed, disputed and settled"),
        "clock": _("Goals that come near or are passed"),
        "correction": _("Corrections of the record proposed and answered"),
        "exclusion": _("Times that both sides agreed to leave out"),
        "appraisal": _("Statements, from the draft to the settlement"),
        "rectification": _("Rectification ordered, reported and verified"),
    }
    return [(f"{family}.*", names[family]) for family in FAMILIES]
