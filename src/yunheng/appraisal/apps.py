"""Django's registration of the package."""

from django.apps import AppConfig


class AppraisalConfig(AppConfig):
    name = "yunheng.appraisal"
    label = "appraisal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let no version of a contract reach back over what both sides have signed, and let statements that wait for
        somebody stand on their first page.
        """
        from yunheng.contracts import backdating  # models are there only after the registration
        from yunheng.desk import awaited

        from .statements.awaited import awaited_statements
        from .statements.locking import locked_since

        backdating.register_lock(locked_since)
        awaited.register(awaited_statements)
