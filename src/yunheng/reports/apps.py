"""Django's registration of the package."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "yunheng.reports"
    label = "reports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let mails carry the files of reports."""
        from yunheng.notify import attaching

        from .mailing import attached_report

        attaching.register("report", attached_report)
