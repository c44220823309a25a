"""What waits for somebody beside tickets. Packages above keep it, and register here who tells of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from yunheng.foundation.access import Viewer

__all__ = ["Awaited", "AwaitedList", "awaited_by", "register"]


@dataclass(frozen=True, slots=True)
class Awaited:
    """Something that waits for the viewer: what it is about, what is to be done, and until when.

    `left` says in words how much working time is left until `due_at`, "" where that is over or nobody counts it.
    """

    number: str
    title: str
    contract: str
    what: str
    url: str
    due_at: datetime | None = None
    is_late: bool = False
    left: str = ""


@dataclass(frozen=True, slots=True)
class AwaitedList:
    """Such things of one kind under their heading, the most urgent first. `all_url` leads to where all of them are;
    `has_more`: these are not all that wait.
    """

    heading: str
    noun: str
    rows: Sequence[Awaited]
    all_url: str
    all_text: str
    has_more: bool = False


Source = Callable[[Viewer, datetime], AwaitedList | None]

_sources: Final[list[Source]] = []


def register(source: Source) -> None:
    """Ask `source` from now on; it tells only of what the viewer may see, None where nothing waits."""
    if source not in _sources:
        _sources.append(source)


def awaited_by(viewer: Viewer, *, now: datetime) -> list[AwaitedList]:
    """What waits for the viewer beside tickets; [] where nothing does."""
    return [found for source in _sources if (found := source(viewer, now)) is not None]
