"""Who is party to a scope. Contracts know it and lie above this package: they register here what answers."""

from collections.abc import Callable, Collection
from typing import Final

Source = Callable[[Collection[int]], frozenset[int]]

_sources: Final[list[Source]] = []


def register(source: Source) -> None:
    """Ask `source` from now on; it maps scope ids to the ids of the organisations that are party to any of them."""
    if source not in _sources:
        _sources.append(source)


def parties_of(scope_ids: Collection[int]) -> frozenset[int]:
    """Ids of the organisations that are party to at least one of the scopes: provider, client, suppliers."""
    return frozenset().union(*(source(scope_ids) for source in _sources)) if scope_ids else frozenset()
