"""Files that go with mails. Packages above keep them and register here what turns a reference into a file."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

__all__ = ["AttachedFile", "attached", "register"]


class AttachedFile(NamedTuple):
    """A file as a mail carries it."""

    name: str
    media_type: str
    data: bytes


Source = Callable[[Mapping[str, Any]], AttachedFile | None]

_sources: Final[dict[str, Source]] = {}


def register(kind: str, source: Source) -> None:
    """Let `source` find the files of references that have a key `kind`; None: there is no such file any more."""
    _sources[kind] = source


def attached(reference: Mapping[str, Any]) -> AttachedFile | None:
    """The file behind a reference, or None."""
    for kind, source in _sources.items():
        if kind in reference:
            return source(reference)
    return None
