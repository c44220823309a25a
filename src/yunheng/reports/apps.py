"""Django's registration of the package."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "yunheng.reports"
    label = "reports"
    default_auto_field = "django.db.models.BigAutoField"
