"""Notify as a Django app."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    """Mail and webhooks, whom they go to and when, and what became of each."""

    name = "yunheng.notify"
    label = "notify"
    default_auto_field = "django.db.models.BigAutoField"
