"""Versions and calendars of a contract that somebody already has access to."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from yunheng.foundation.refusals import NotFound

from .models import CalendarVersion, Contract, ContractVersion


def access_version(contract: Contract, number: int) -> ContractVersion:
    """One version by its number. Raises NotFound."""
    version = ContractVersion.objects.filter(contract=contract, number=number).first()
    if version is None:
        raise NotFound(_("The contract has no version %(number)s.") % {"number": number})
    return version


def calendars_of(version: ContractVersion) -> Sequence[CalendarVersion]:
    """Calendars of a version by key, without their materialised windows."""
    return list(CalendarVersion.objects.filter(contract_version=version).defer("open_time").order_by("key"))
