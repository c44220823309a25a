"""Django's registration of the package."""

from collections.abc import Mapping
from typing import Any

from django.apps import AppConfig

from yunheng.notify import attaching


class ReportsConfig(AppConfig):
    name = "yunheng.reports"
    label = "reports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let mails carry the files of reports."""
        attaching.register("report", _attached)


def _attached(reference: Mapping[str, Any]) -> attaching.AttachedFile | None:
    from .mailing import attached_report  # models are there only after the registration

    return attached_report(reference)
