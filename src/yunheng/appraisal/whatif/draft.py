"""The draft that history is replayed under: a document that was checked, a pack, or an earlier version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from yunheng.contracts.actions import ContractFaulty
from yunheng.contracts.calendars import open_time_of, span
from yunheng.contracts.checking import check, validity
from yunheng.contracts.compile import compile_terms
from yunheng.contracts.models import Contract, ContractVersion
from yunheng.contracts.packs import PREFIX, contract_pack, contract_packs, newest_processes
from yunheng.contracts.queries import terms_of_version
from yunheng.contracts.scoring.reading import Rules, rules_of
from yunheng.contracts.terms import ContractTerms
from yunheng.foundation.refusals import Invalid

from ..study import Study

_VERSION: Final = re.compile(r"version:(?P<number>[0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Draft:
    """A contract that could be. `stored` are its terms as a version keeps them; `warnings` is how many the check has.

    `version` is the row of the contract version that it is, None for a document.
    """

    name: str
    stored: Mapping[str, Any]
    warnings: int = 0
    version: int | None = None

    @property
    def rules(self) -> Rules | None:
        """How it scores a period; None: it does not."""
        return rules_of(self.stored["scoring"]) if "scoring" in self.stored else None

    def terms_for(self, study: Study) -> ContractTerms:
        """The terms compiled to hold for as long as the contract did, its calendars materialised far enough.

        A stored version keeps the calendars that were materialised with it. Number and row are 0 for a document.
        """
        begin, end = (
            datetime.fromtimestamp(instant, UTC) for instant in (study.reigns[0].begin, study.reigns[-1].end)
        )
        if self.version is not None:
            return replace(terms_of_version(self.version), valid_from=begin, valid_to=end)
        zone = ZoneInfo(self.stored["zone"])
        own_begin, own_end = validity(self.stored)
        first = min(begin, own_begin).astimezone(zone).date()
        last = max(end, own_end).astimezone(zone).date()
        start, horizon = span(first, last, study.evaluated_at.astimezone(zone).date())
        return compile_terms(
            self.stored,
            version_id=0,
            number=0,
            scope_id=study.scope_id,
            valid_from=begin,
            valid_to=end,
            calendars={
                calendar["key"]: open_time_of(calendar, start, min(horizon, date(9998, 12, 31)))
                for calendar in self.stored["calendars"]
            },
        )


def read_draft(name: str, data: bytes) -> Draft:
    """A document as `yunheng contract check` reads it. Raises ContractFaulty with every error.

    Anybody who reads figures may try a draft, and a server waits for this: so the longest of the checks, which finds
    warnings only, is left out.
    """
    checked = check(data, newest_processes(), is_back_to_back=False)
    if checked.terms is None:
        raise ContractFaulty(checked.errors)
    return Draft(name, checked.terms, warnings=len(checked.warnings))


def pack_draft(name: str) -> Draft:
    """A contract that ships, by its name. Raises Invalid naming those there are."""
    try:
        return read_draft(f"{PREFIX}{name}", contract_pack(name))
    except LookupError:
        text = _("There is no pack “%(name)s”. There are: %(known)s.")
        raise Invalid({"draft": text % {"name": name[:40], "known": ", ".join(contract_packs())}}) from None


def version_draft(contract: Contract, number: int) -> Draft:
    """A version that the contract had, or has. Raises Invalid where there is none of that number."""
    version = ContractVersion.objects.filter(contract=contract, number=number).defer("document").first()
    if version is None:
        text = _("The contract has no version %(number)s.") % {"number": number}
        raise Invalid({"draft": text})
    return Draft(f"{contract.scope.key}@{number}", version.terms, version=version.pk)


def named_draft(contract: Contract, name: str) -> Draft:
    """A pack ("pack:NAME") or a version of the contract ("version:N"). Raises Invalid for anything else."""
    if name.startswith(PREFIX):
        return pack_draft(name.removeprefix(PREFIX))
    match = _VERSION.fullmatch(name)
    if match is None:
        raise Invalid({"draft": _("Name a pack (pack:NAME) or a version of the contract (version:N).")})
    return version_draft(contract, int(match["number"]))
