"""Versions, calendars and titles of contracts that somebody already has access to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.foundation import statements
from yunheng.foundation.access import ALL, Viewer
from yunheng.foundation.refusals import NotFound

from .checking import digest
from .models import CalendarVersion, Contract, ContractVersion
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
    """The name of each contract in the reader's language, as its newest version gives it (1 query; none for none)."""
    named = {contract.pk: contract.title for contract in contracts}
    for scope_id, title in statements.fetch_all(_TITLES, [list(named)]) if named else ():
        named[scope_id] = _in_readers_language(title) or named[scope_id]
    return named


def _in_readers_language(title: object) -> str:
    return label_in(title, get_language() or "zh-hans") if isinstance(title, dict) else ""


_TITLES: Final = """
    SELECT DISTINCT ON (contract_id) contract_id, terms -> 'title'
    FROM contract_version WHERE contract_id = ANY(%s::bigint[])
    ORDER BY contract_id, number DESC
"""


class ContractName(NamedTuple):
    """A contract as lists of choices call it; `name` in the reader's language."""

    key: str
    scope_id: int
    name: str


def contract_names(viewer: Viewer, *, most: int) -> list[ContractName]:
    """The first contracts by key in which the viewer holds a role, `most` at most (1 query)."""
    scopes = viewer.scope_ids()
    where = None if scopes is ALL else sorted(scopes)
    return [
        ContractName(key, scope_id, _in_readers_language(title) or name)
        for key, scope_id, name, title in statements.fetch_all(_NAMES, [where, where, most])
    ]


_NAMES: Final = """
    SELECT scope.key, scope_id, contract.title, (
        SELECT terms -> 'title' FROM contract_version
        WHERE contract_id = scope_id ORDER BY number DESC LIMIT 1)
    FROM contract JOIN scope ON scope.id = scope_id
    WHERE %s::bigint[] IS NULL OR scope_id = ANY(%s::bigint[])
    ORDER BY scope.key LIMIT %s
"""


def only_contract(viewer: Viewer) -> ContractName | None:
    """The contract of a viewer who has just one; else None (1 query, none for who has roles in several)."""
    scopes = viewer.scope_ids()
    if scopes is not ALL and len(scopes) != 1:
        return None
    found = contract_names(viewer, most=2)
    return found[0] if len(found) == 1 else None


def title_of(contract: Contract) -> str:
    """The name of one contract in the reader's language (1 query)."""
    return titles_of([contract])[contract.pk]
