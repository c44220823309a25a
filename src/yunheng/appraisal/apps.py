"""Django's registration of the package."""

from django.apps import AppConfig


class AppraisalConfig(AppConfig):
    name = "yunheng.appraisal"
    label = "appraisal"
    default_auto_field = "django.db.models.BigAutoField"
