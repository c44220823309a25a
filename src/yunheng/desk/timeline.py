"""The timeline of a ticket as a page shows it: one window of its entries in words, and what happened since somebody
looked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTransform
from django.utils.translation import gettext as _

from yunheng.contracts.terms import ContractTerms
from yunheng.foundation import wording
from yunheng.foundation.access import Viewer, visible_classes
from yunheng.foundation.models import Attachment, Entry
from yunheng.logic.flow import Process

from . import queries
from . import wording as desk_wording
from .models import Ticket
from .queries import TimelineEntry

WINDOW: Final = 100  #: entries shown at once
LATE_SECONDS: Final = 60
#: Kinds of entries that begin or end nothing people wait for: they are folded away where several follow each other.
_QUIET = frozenset({"clock.warned", "ticket.notified", "notification.sent"})


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file that came with an entry; `name` is "" when it was erased."""

    uuid: UUID
    name: str
    size: int  # bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One entry in words; `place` counts from 1 within the ticket and is what segments refer to."""

    entry: TimelineEntry
    place: int
    sentence: str
    mark: str
    icon: str
    quotes: tuple[tuple[str, bool], ...]
    details: tuple[tuple[str, str], ...]
    is_late: bool
    source: str
    is_new_day: bool
    is_minor: bool
    files: tuple[FileLine, ...] = ()
    means: str = ""  # how a reply reached the other side, where it was not the page

    @property
    def is_internal(self) -> bool:
        """Whether it is for the provider's eyes only."""
        return self.entry.internal is not None and not self.entry.shared

    @property
    def is_said(self) -> bool:
        """Whether somebody said something: a reply or a note, shown as words rather than as a step."""
        return self.entry.type in {"ticket.replied", "ticket.noted"}

    @property
    def side(self) -> str:
        """Side of who did it, for the colour of what is said."""
        return str((self.entry.shared or {}).get("side", "provider"))

    @property
    def has_facts(self) -> bool:
        """Whether its time is part of the record that clocks read, so that it can be corrected."""
        return bool((self.entry.shared or {}).get("facts"))

    @property
    def erased(self) -> tuple[str, ...]:
        """Classes whose data was erased, in words."""
        words = {"shared": _("shared data"), "internal": _("internal data"), "personal": _("personal data")}
        return tuple(words[name] for name in sorted(self.entry.erased))


@dataclass(frozen=True, slots=True)
class Fold:
    """Lines that follow each other: one to read, or several that are folded away."""

    lines: tuple[TimelineLine, ...]

    @property
    def is_folded(self) -> bool:
        """Whether there is nothing here that people wait for."""
        return len(self.lines) > 1


@dataclass(frozen=True, slots=True)
class Way:
    """What an entry says of the way through the process."""

    type: str
    from_state: str | None
    to_state: str | None
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Some of the entries of a ticket, oldest first, and where they stand among all of them."""

    entries: tuple[TimelineEntry, ...]
    first: int  # place of the first of them
    total: int
    places: Mapping[int, int]  # entry id → place, of all entries
    ways: tuple[Way, ...]  # of all entries
    names: Mapping[int, str] = field(default_factory=dict)  # entry id → public name, of the entries shown

    @property
    def last(self) -> int:
        """Place of the last of them; 0 where there is none."""
        return self.first + len(self.entries) - 1

    @property
    def older(self) -> int:
        """How many come before."""
        return max(self.first - 1, 0)

    @property
    def newer(self) -> int:
        """How many come after."""
        return max(self.total - self.last, 0)


def entries_for(viewer: Viewer, ticket: Ticket) -> "QuerySet[Entry]":
    """The ticket's entries that the viewer may know of."""
    entries = Entry.objects.filter(scope_id=ticket.scope_id, subject_id=ticket.pk)
    if "internal" in visible_classes(viewer, ticket.scope_id):
        return entries
    return entries.exclude(
        shared_digest=None
    )  # what is the provider's alone does not even show that it exists


def open_window(
    viewer: Viewer, ticket: Ticket, *, before: int | None = None, after: int | None = None
) -> Window:
    """A window of the timeline: the newest entries, or those before or after a place (1 query, 2 for long
    tickets).

    Places count the entries in the order in which they happened. Something dated back moves the places behind it.
    """
    classes = visible_classes(viewer, ticket.scope_id)
    whole = entries_for(viewer, ticket).order_by("occurred_at", "id")
    with_data = whole.select_related("body", "log_leaf")
    if before is None and after is None:
        found = list(with_data.reverse()[: WINDOW + 1])[::-1]
        if len(found) <= WINDOW:
            entries = tuple(queries._cut(entry, classes) for entry in found)
            return Window(
                entries,
                1,
                len(entries),
                {entry.id: place for place, entry in enumerate(entries, 1)},
                tuple(way_of(entry.type, entry.shared or {}) for entry in entries),
                {entry.pk: bytes(entry.leaf).hex() for entry in found},
            )
    rows = list(
        whole.annotate(
            way_from=KeyTransform("from", "body__shared"),
            way_to=KeyTransform("to", "body__shared"),
            way_facts=KeyTransform("facts", "body__shared"),
        ).values_list("id", "type", "way_from", "way_to", "way_facts")
    )
    if before is not None:
        end = min(max(before - 1, 0), len(rows))
        start = max(end - WINDOW, 0)
    elif after is not None:
        start = min(max(after, 0), len(rows))
        end = min(start + WINDOW, len(rows))
    else:
        start, end = max(len(rows) - WINDOW, 0), len(rows)
    by_id = {entry.pk: entry for entry in with_data.filter(pk__in=[row[0] for row in rows[start:end]])}
    return Window(
        tuple(queries._cut(by_id[row[0]], classes) for row in rows[start:end] if row[0] in by_id),
        start + 1,
        len(rows),
        {row[0]: place for place, row in enumerate(rows, 1)},
        tuple(way_of(row[1], {"from": row[2], "to": row[3], "facts": row[4]}) for row in rows),
        {entry.pk: bytes(entry.leaf).hex() for entry in by_id.values()},
    )


def way_of(entry_type: str, shared: Mapping[str, object]) -> Way:
    """What an entry of that type says of the way, by its shared data."""
    old, new = shared.get("from"), shared.get("to")
    facts = shared.get("facts")
    return Way(
        entry_type,
        str(old) if isinstance(old, str) and entry_type != "ticket.process_changed" else None,
        str(new) if isinstance(new, str) and entry_type != "ticket.process_changed" else None,
        tuple(
            (str(fact.get("fact", "")), str(fact.get("term", "")))
            for fact in (facts if isinstance(facts, list) else ())
            if isinstance(fact, Mapping)
        ),
    )


def tell_lines(
    entries: Iterable[TimelineEntry],
    *,
    first: int,
    process: Process | None,
    terms: ContractTerms | None,
    language: str,
) -> Iterator[TimelineLine]:
    """Entries in words, the first of them at place `first`."""
    day = None
    for place, entry in enumerate(entries, first):
        mark, icon = desk_wording.entry_mark(entry, process)
        local_day = wording.local(entry.occurred_at).date()
        yield TimelineLine(
            entry=entry,
            place=place,
            sentence=desk_wording.entry_sentence(entry, process, terms, language),
            mark=mark,
            icon=icon,
            quotes=tuple(desk_wording.quotes(entry)),
            details=tuple(desk_wording.details(entry)),
            is_late=(entry.recorded_at - entry.occurred_at).total_seconds() > LATE_SECONDS,
            source=desk_wording.source_name(entry.source),
            is_new_day=local_day != day,
            is_minor=desk_wording.is_minor(entry) or entry.type in _QUIET,
            means=desk_wording.means_name(str((entry.shared or {}).get("means", "")))
            if entry.type == "ticket.replied"
            else "",
        )
        day = local_day


def with_files(
    lines: Iterable[TimelineLine], files: Mapping[int, Sequence[Attachment]]
) -> Iterator[TimelineLine]:
    """The lines with the files that came with their entries."""
    for line in lines:
        found = files.get(line.entry.id)
        yield replace(line, files=tuple(map(_file_line, found))) if found else line


def _file_line(file: Attachment) -> FileLine:
    return FileLine(file.uuid, file.name, file.size, bytes(file.digest).hex())


def fold_lines(lines: Iterable[TimelineLine]) -> list[Fold]:
    """Lines for the page: what nobody waits for is folded away where several follow each other on one day."""
    folds: list[Fold] = []
    quiet: list[TimelineLine] = []
    for line in lines:
        if line.is_minor and not (quiet and line.is_new_day):
            quiet.append(line)
            continue
        if quiet:
            folds.append(Fold(tuple(quiet)))
        quiet = [line] if line.is_minor else []
        if not line.is_minor:
            folds.append(Fold((line,)))
    if quiet:
        folds.append(Fold(tuple(quiet)))
    return folds


# --- what happened since somebody looked


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody had before their eyes: the ticket's row version, and how many of its entries."""

    version: int
    entries: int

    def __str__(self) -> str:
        return f"{self.version}.{self.entries}"


def read_seen(text: str) -> Seen | None:
    """What a form or the page says that it showed; None where that cannot be read."""
    version, _dot, entries = text.partition(".")
    if all(part.isascii() and part.isdecimal() and len(part) < 10 for part in (version, entries)):
        return Seen(int(version), int(entries))
    return None


def seen_now(viewer: Viewer, ticket: Ticket) -> Seen:
    """What somebody who looks now has before their eyes (1 query)."""
    return Seen(ticket.row_version, entries_for(viewer, ticket).count())


@dataclass(frozen=True, slots=True)
class Change:
    """Something that somebody did meanwhile."""

    who: str
    what: str
    at: datetime


MOST_CHANGES: Final = 5


def changes_since(
    viewer: Viewer,
    ticket: Ticket,
    seen: Seen,
    *,
    process: Process | None,
    terms: ContractTerms | None,
    language: str,
) -> list[Change]:
    """What was recorded since somebody looked, the latest first, at most five (1 query)."""
    classes = visible_classes(viewer, ticket.scope_id)
    rows = entries_for(viewer, ticket).select_related("body", "log_leaf").order_by("id")[seen.entries :]
    entries = [queries._cut(row, classes) for row in list(rows[:200])][::-1][:MOST_CHANGES]
    return [
        Change(
            entry.actor_name or actor_kind_name(entry.actor_kind),
            desk_wording.entry_sentence(entry, process, terms, language),
            entry.recorded_at,
        )
        for entry in entries
    ]


def actor_kind_name(kind: str) -> str:
    """Who did it, where no name is to be seen."""
    return {"system": _("system"), "import": _("import"), "token": _("API")}.get(kind, _("a person"))
