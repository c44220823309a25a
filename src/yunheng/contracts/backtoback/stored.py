"""Checks back to back of stored versions: for whom, and computed once per process."""

from datetime import datetime
from functools import lru_cache

from django.db import connection
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import NotFound

from ..models import Contract, ContractVersion
from ..queries import access_contract, terms_of_version, version_at
from ..reading import access_version, reads_all
from .checking import BackToBack, back_to_back


def access_inner_promises(viewer: Viewer, key: str) -> Contract:
    """A contract of which the viewer reads what suppliers and the provider itself promise (docs/adr/0010).

    Raises NotFound for everybody else.
    """
    contract = access_contract(viewer, key)
    if not reads_all(viewer, contract.pk):
        raise NotFound(_("There is no such page."))
    return contract


def examined_version(contract: Contract, number: int | None, now: datetime) -> ContractVersion | None:
    """The version asked for, else the one in force, else the newest; None where there is none. Raises NotFound."""
    if number is not None:
        return access_version(contract, number)
    current = version_at(contract.pk, now)
    if current is not None:
        return ContractVersion.objects.get(pk=current.pk)
    return contract.versions.order_by("-number").first()


def checks_of_version(version_id: int) -> BackToBack:
    """What was found in a version; it never changes. Raises NotFound."""
    return _found(connection.alias, str(connection.settings_dict["NAME"]), version_id)


@lru_cache(maxsize=64)
def _found(_alias: str, _database: str, version_id: int) -> BackToBack:
    return back_to_back(terms_of_version(version_id))
