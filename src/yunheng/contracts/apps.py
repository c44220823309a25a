"""Django's registration of the package."""

from django.apps import AppConfig


class ContractsConfig(AppConfig):
    name = "yunheng.contracts"
    label = "contracts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell accounts who is party to which contract."""
        from yunheng.accounts import parties

        from .parties import parties_of

        parties.register(parties_of)
