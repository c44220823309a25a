"""Notify as a Django app."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    """Mail and webhooks, whom they go to and when, and what became of each."""

    name = "yunheng.notify"
    label = "notify"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Carry the letters of the package below: invitations and links to a new password."""
        from datetime import UTC, datetime

        from yunheng.accounts import letters
        from yunheng.accounts.models import Person

        from .actions import send_mail
        from .sending import has_mail_server

        def send(person: Person, subject: str, text: str) -> None:
            send_mail(person=person, subject=subject, text=text, now=datetime.now(UTC))

        letters.register(send, has_mail_server)
