"""Django's registration of the package."""

from django.apps import AppConfig


class SlaConfig(AppConfig):
    name = "yunheng.sla"
    label = "sla"
    default_auto_field = "django.db.models.BigAutoField"
