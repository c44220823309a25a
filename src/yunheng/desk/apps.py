"""Django's registration of the package."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "yunheng.desk"
    label = "desk"
    default_auto_field = "django.db.models.BigAutoField"
