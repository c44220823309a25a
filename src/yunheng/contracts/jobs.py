"""Carries out what somebody asked for over several contracts."""

from uuid import UUID

from procrastinate import Blueprint

from .actions import carry_out

blueprint = Blueprint()


@blueprint.task(name="carry_out")
def carry_out_errand(errand: str) -> None:
    """Refresh calendars, enter a notice, or verify logs, contract by contract."""
    carry_out(UUID(errand))
