"""Schemes told apart: what a contract version scores by, without the words it is written in."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection

from yunheng.contracts.models import ContractVersion
from yunheng.contracts.scoring.reading import rules_of
from yunheng.contracts.terms import Label
from yunheng.logic.canonical import canonical
from yunheng.logic.score import items_rated

#: What changes nothing of the score itself: words, and what follows from it.
_WITHOUT = frozenset({"label", "settlement", "triggers"})


@dataclass(frozen=True, slots=True)
class SchemeView:
    """What is needed of a version's scheme. `digest` is alike for two that give equal results equal scores."""

    digest: str
    full: str
    period: str
    rollups: Mapping[str, str]  #: kind of period → of which shorter ones it is made
    grades: Mapping[str, Label]
    items: Mapping[str, Label]
    rated: tuple[str, ...]


def scheme_of_version(version_id: int) -> SchemeView | None:
    """The scheme of a contract version, read once per process: a version never changes. None: it scores nothing."""
    return _read(connection.alias, str(connection.settings_dict["NAME"]), version_id)


@lru_cache(maxsize=256)
def _read(alias: str, database: str, version_id: int) -> SchemeView | None:
    stored = ContractVersion.objects.using(alias).values_list("terms__scoring", flat=True).get(pk=version_id)
    if not stored:
        return None
    rules = rules_of(stored)
    scheme = rules.scheme
    return SchemeView(
        digest=hashlib.sha256(canonical(_bare(stored))).hexdigest(),
        full=f"{scheme.full:f}",
        period=scheme.period,
        rollups={one.period: one.of for one in scheme.rollups},
        grades=rules.labels("grades"),
        items=rules.item_labels(),
        rated=items_rated(scheme),
    )


def _bare(terms: Any) -> Any:
    if isinstance(terms, Mapping):
        return {name: _bare(one) for name, one in terms.items() if name not in _WITHOUT}
    if isinstance(terms, list | tuple):
        return [_bare(one) for one in terms]
    return terms
