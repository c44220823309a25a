"""Versions, calendars and titles of contracts that somebody already has access to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import NotFound

from .checking import digest
from .models import CalendarVersion, Contract, ContractVersion
from .queries import contracts_visible_to
from .terms import label_in
from .withheld import client_terms
from .writing import document_of


@dataclass(frozen=True, slots=True)
class VersionReading:
    """A version as far as a reader may see it (docs/adr/0010). `digest` is that of `terms`, in hex, as an entry of the
    contract has it under `terms_sha256` (the whole) or `client_terms_sha256`.
    """

    version: ContractVersion
    terms: Mapping[str, Any]
    document: str
    digest: str
    is_whole: bool


def reads_all(viewer: Viewer, scope_id: int) -> bool:
    """Whether the viewer may read what the provider promised itself, and had its suppliers promise."""
    return viewer.may("entry.internal", scope_id)


def digest_read_by(viewer: Viewer, version: ContractVersion) -> str:
    """Digest, in hex, of what the viewer reads of the terms; that of `reading_of`, without writing the document."""
    seen = version.terms if reads_all(viewer, version.contract_id) else client_terms(version.terms)
    return bytes(version.digest).hex() if seen is version.terms else digest(seen).hex()


def reading_of(viewer: Viewer, version: ContractVersion) -> VersionReading:
    """What the viewer reads of a version: all of it, or what concerns the client."""
    return reading_of_terms(viewer, version, version.terms, version.document)


def reading_of_terms(
    viewer: Viewer, version: ContractVersion, terms: Mapping[str, Any], document: str
) -> VersionReading:
    """The same for terms that are no version yet (a proposal); `version` tells whose they are."""
    seen = terms if reads_all(viewer, version.contract_id) else client_terms(terms)
    is_whole = seen is terms
    text = document if is_whole else document_of(seen, remark=_remark())
    return VersionReading(version, seen, text, digest(seen).hex(), is_whole)


def _remark() -> str:
    return _(
        "This is what the contract says to the client, in its normal form. What the provider agreed with itself and "
        "its suppliers is withheld, and with it the comments."
    )


def calendars_read_by(viewer: Viewer, version: ContractVersion) -> Sequence[CalendarVersion]:
    """Calendars of a version that the viewer's reading mentions (1 query)."""
    terms = version.terms if reads_all(viewer, version.contract_id) else client_terms(version.terms)
    shown = {calendar["key"] for calendar in terms["calendars"]}
    return [calendar for calendar in calendars_of(version) if calendar.key in shown]


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
    for scope_id, title in newest:
        named[scope_id] = _in_readers_language(title) or named[scope_id]
    return named


def _in_readers_language(title: object) -> str:
    return label_in(title, get_language() or "zh-hans") if isinstance(title, dict) else ""


def only_contract(viewer: Viewer) -> tuple[str, int, str] | None:
    """Key, scope and name of the contract of a viewer who has just one; else None (1 query)."""
    newest = ContractVersion.objects.filter(contract_id=OuterRef("pk")).order_by("-number")
    contracts = contracts_visible_to(viewer).annotate(named=Subquery(newest.values("terms__title")[:1]))
    found = contracts.values_list("scope__key", "pk", "scope__name", "named")[:2]
    if len(found) != 1:
        return None
    key, scope_id, name, title = found[0]
    return key, scope_id, _in_readers_language(title) or name


def title_of(contract: Contract) -> str:
    """The name of one contract in the reader's language (1 query)."""
    return titles_of([contract])[contract.pk]
