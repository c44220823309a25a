"""Django's registration of the package."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "yunheng.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
