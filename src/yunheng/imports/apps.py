"""Django's registration of the package."""

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "yunheng.imports"
    label = "imports"
    default_auto_field = "django.db.models.BigAutoField"
