"""Django app of the demonstration."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Installed everywhere, because its mark must be found wherever it is; without the mark it shows nothing."""

    name = "yunheng.demo"
    label = "demo"
