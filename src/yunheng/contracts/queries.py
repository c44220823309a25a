"""Contracts as read by others: the terms in force at an instant, and who may see a contract."""

from datetime import datetime
from functools import lru_cache

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from yunheng.foundation.access import ALL, Viewer
from yunheng.foundation.refusals import NotFound
from yunheng.logic.worktime import OpenTime

from .compile import compile_terms
from .models import Contract, ContractVersion
from .terms import ContractTerms

__all__ = [
    "access_contract",
    "contract_by_key",
    "contracts_visible_to",
    "terms_at",
    "terms_of_version",
    "version_at",
    "versions_of",
]


def version_at(scope_id: int, at: datetime) -> ContractVersion | None:
    """The version in force at `at`, or None before the first and from the end on.

    Of the versions that had begun by then the latest recorded governs, its own end included: a version that
    ends the contract earlier is not overruled by an older one that would have run longer.
    """
    version = (
        ContractVersion.objects.defer("document", "terms")
        .filter(contract_id=scope_id, valid_from__lte=at)
        .order_by("-number")
        .first()
    )
    return version if version is not None and at < version.valid_to else None


def terms_at(scope_id: int, at: datetime) -> ContractTerms | None:
    """Terms in force at `at` (an aware datetime), or None: no contract yet, or expired (sla-semantics 16).

    A clock asks for the instant of its start and keeps the answer: amending touches no running clock (10).
    """
    version = version_at(scope_id, at)
    return None if version is None else terms_of_version(version.pk)


def terms_of_version(version_id: int) -> ContractTerms:
    """Terms of one version, compiled once per process: a version never changes. Raises NotFound."""
    return _compiled(connection.alias, str(connection.settings_dict["NAME"]), version_id)


@lru_cache(maxsize=64)
def _compiled(alias: str, database: str, version_id: int) -> ContractTerms:
    version = (
        ContractVersion.objects.using(alias)
        .defer("document")
        .prefetch_related("calendars")
        .filter(pk=version_id)
        .first()
    )
    if version is None:
        raise NotFound(_("There is no such contract version."))
    return compile_terms(
        version.terms,
        version_id=version.pk,
        number=version.number,
        scope_id=version.contract_id,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        calendars={
            calendar.key: OpenTime.from_document(calendar.open_time) for calendar in version.calendars.all()
        },
    )


def contracts_visible_to(viewer: Viewer) -> QuerySet[Contract]:
    """Contracts of the scopes in which the viewer holds a role."""
    contracts = Contract.objects.select_related("scope", "provider", "client").order_by("scope__key")
    scopes = viewer.scope_ids()
    return contracts if scopes is ALL else contracts.filter(scope_id__in=scopes)


def access_contract(viewer: Viewer, key: str) -> Contract:
    """The contract with that key. Raises NotFound alike when it is missing and when the viewer may not see it."""
    contract = contracts_visible_to(viewer).filter(scope__key=key).first()
    if contract is None or not viewer.may("contract.view", contract.pk):
        raise NotFound(_("There is no contract “%(key)s”.") % {"key": key})
    return contract


def contract_by_key(key: str) -> Contract:
    """The contract with that key, for the command line and jobs of the owner. Raises NotFound."""
    contract = Contract.objects.select_related("scope", "provider", "client").filter(scope__key=key).first()
    if contract is None:
        raise NotFound(_("There is no contract “%(key)s”.") % {"key": key})
    return contract


def versions_of(contract: Contract) -> QuerySet[ContractVersion]:
    """All versions in the order they were recorded."""
    return contract.versions.order_by("number")
