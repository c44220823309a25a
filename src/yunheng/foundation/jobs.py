"""Background jobs on Procrastinate, deferred in the caller's transaction."""

from procrastinate import App


def configure(app: App) -> None:
    """Called when the job application is ready; periodic tasks are registered here."""
