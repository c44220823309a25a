"""Versions, calendars and titles of contracts that somebody already has access to."""

from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.foundation.refusals import NotFound

from .models import CalendarVersion, Contract, ContractVersion
from .terms import label_in


def access_version(contract: Contract, number: int) -> ContractVersion:
    """One version by its number. Raises NotFound."""
    version = ContractVersion.objects.filter(contract=contract, number=number).first()
    if version is None:
        raise NotFound(_("The contract has no version %(number)s.") % {"number": number})
    return version


def calendars_of(version: ContractVersion) -> Sequence[CalendarVersion]:
    """Calendars of a version by key, without their materialised windows."""
    return list(CalendarVersion.objects.filter(contract_version=version).defer("open_time").order_by("key"))


def titles_of(contracts: Iterable[Contract]) -> Mapping[int, str]:
    """The name of each contract in the reader's language, as its newest version gives it (1 query)."""
    named = {contract.pk: contract.title for contract in contracts}
    newest = (
        ContractVersion.objects.filter(contract_id__in=named)
        .order_by("contract_id", "-number")
        .distinct("contract_id")
        .values_list("contract_id", "terms__title")
    )
    language = get_language() or "zh-hans"
    for scope_id, title in newest:
        if isinstance(title, dict):
            named[scope_id] = label_in(title, language) or named[scope_id]
    return named


def title_of(contract: Contract) -> str:
    """The name of one contract in the reader's language (1 query)."""
    return titles_of([contract])[contract.pk]
