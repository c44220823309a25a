"""Finds tickets by number and by words; keeps the words with every entry, each visibility class apart.

What somebody may not read does not help them find: a search looks only into the classes that the viewer reads.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from django.contrib.postgres.search import SearchVectorField
from django.db import connection, transaction
from django.db.models import Lookup, Q, QuerySet

from yunheng.foundation.access import ALL, EntryClass, Viewer, visible_classes
from yunheng.foundation.journal import Rider
from yunheng.foundation.models import Entry
from yunheng.logic.words import normalised, number_words, queries, texts_in, vector, words_of

from .models import Ticket, TicketWords

#: A ticket with more words takes no further ones: a tsvector has an end (1 MB), a ticket has none.
FULL: Final = 12_000
CLASSES: Final[tuple[EntryClass, ...]] = ("shared", "internal", "personal")
#: Rows that are named to the server one by one: it guesses that the beginning of a word stands in many tickets.
RARE: Final = 1_000
COPY_WORDS: Final = "COPY ticket_words (subject_id, visibility, words) FROM STDIN"

_NUMBER: Final = re.compile(r"[a-z0-9][a-z0-9-]*-[a-z]{2,6}-\d{4,8}(-\d*)?")
_COLUMNS: Final = ("title", "description", "resolution", "ci", "category", "cause")
_REMEMBER: Final = """
    INSERT INTO ticket_words AS kept (subject_id, visibility, words)
    SELECT %s::bigint, u.visibility, u.words FROM written, unnest(%s::text[], %s::tsvector[]) AS u (visibility, words)
    ON CONFLICT (subject_id, visibility) DO UPDATE SET words = kept.words || excluded.words
    WHERE length(kept.words) < %s
"""


class _Matches(Lookup):
    """`words__matches="'端口' & 'sw':*"`: the text of a tsquery, cast and not parsed."""

    lookup_name = "matches"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} @@ %s::tsquery", [*left_params, self.rhs]


SearchVectorField.register_lookup(_Matches)


# --- looking


def number_prefix(text: str) -> str:
    """The beginning of one of our numbers that the text is, in capitals, or "" when it is words."""
    folded = normalised(text).strip()
    return folded.upper() if _NUMBER.fullmatch(folded) else ""


def narrow(
    viewer: Viewer, tickets: QuerySet[Ticket], text: str, *, only: EntryClass | None = None
) -> QuerySet[Ticket]:
    """The tickets whose number begins with the text, or in which all its parts are found (see logic.words).

    Several parts may be found in different places of a ticket. Text without letters and digits finds nothing. `only`
    looks for words in one class alone.
    """
    number = number_prefix(text)
    if number and only is None:
        return tickets.filter(_among(Ticket.objects.filter(number__startswith=number).values("pk")))
    wanted = queries(text)
    if not wanted:
        return tickets.none()
    groups = _classes_by_scope(viewer)
    if only is not None:
        readable = [scopes for classes, scopes in groups.items() if only in classes]
        if not readable:
            return tickets.none()
        groups = {(only,): [] if [] in readable else [one for scopes in readable for one in scopes]}
    if len(groups) == 1:
        (classes,) = groups
        scopes = groups[classes]
        if only is not None and scopes:
            tickets = tickets.filter(scope_id__in=scopes)
        return tickets.filter(_all_of(wanted, classes))
    condition = Q(pk__in=())
    for classes, scopes in groups.items():
        condition |= Q(scope_id__in=scopes) & _all_of(wanted, classes)
    return tickets.filter(condition)


def _all_of(wanted: Sequence[str], classes: tuple[EntryClass, ...]) -> Q:
    # With one class there is one row to look into: one question. With several, each part may be in another row.
    parts = [" & ".join(wanted)] if len(classes) == 1 else wanted
    condition = Q()
    for part in parts:
        rows = TicketWords.objects.filter(words__matches=part)
        if set(classes) != set(CLASSES):
            rows = rows.filter(visibility__in=classes)
        condition &= _among(rows.values("subject_id"))
    return condition


def _among(found: QuerySet[Any, Any]) -> Q:
    """The tickets with these ids: by name where they are few, else by the question itself (1 query)."""
    ids = [next(iter(row.values())) for row in found[: RARE + 1]]
    return Q(pk__in=ids if len(ids) <= RARE else found)


def _classes_by_scope(viewer: Viewer) -> dict[tuple[EntryClass, ...], list[int]]:
    """The viewer's scopes by what may be read in them; one group without scopes for who sees all of them."""
    if viewer.is_system:
        return {CLASSES: []}
    groups: dict[tuple[EntryClass, ...], list[int]] = defaultdict(list)
    scopes = viewer.scope_ids()
    if scopes is ALL:
        # What is held in every scope counts everywhere; a role in one scope adds to it there.
        everywhere = tuple(name for name in CLASSES if name == "shared" or viewer.may(f"entry.{name}", None))
        return {everywhere: []}
    for scope_id in sorted(scopes):
        groups[visible_classes(viewer, scope_id)].append(scope_id)
    return groups or {("shared",): []}


# --- keeping


def words_along(subject_id: int, texts: Mapping[str, Iterable[str]]) -> list[Rider]:
    """The words of texts by visibility class, to go along with the entry that tells them; none without words."""
    return _along(
        subject_id, {name: (word for text in told for word in words_of(text)) for name, told in texts.items()}
    )


def first_words_along(ticket: Ticket, **texts: Mapping[str, Any] | None) -> list[Rider]:
    """What the data of an entry tells, and what the ticket's row says by which it is found."""
    told = {
        name: [word for text in texts_in(data) for word in words_of(text)] for name, data in texts.items()
    }
    told.setdefault("shared", []).extend(_row_words(ticket))
    if ticket.requester_name:
        told.setdefault("personal", []).extend(words_of(ticket.requester_name))
    return _along(ticket.pk, told)


def rebuild(subject_ids: Sequence[int]) -> None:
    """Make the words of these tickets anew from their rows and entries, in the caller's transaction.

    For what was erased, and for tickets that were there before there were words. (4 statements.)
    """
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    with connection.cursor() as cursor:  # first: what is added from here on waits
        cursor.execute("DELETE FROM ticket_words WHERE subject_id = ANY(%s)", [list(subject_ids)])
    for ticket in Ticket.objects.filter(pk__in=subject_ids).only("number", "source_number", *_COLUMNS):
        found[ticket.pk, "shared"] += _row_words(ticket)
    bodies = Entry.objects.filter(
        subject_id__in=subject_ids, scope_id__in=Ticket.objects.filter(pk__in=subject_ids).values("scope_id")
    )
    for subject_id, *data in bodies.order_by("id").values_list(
        "subject_id", "body__shared", "body__internal", "body__personal"
    ):
        for visibility, one in zip(CLASSES, data, strict=True):
            found[subject_id, visibility] += (word for text in _texts_of_any(one) for word in words_of(text))
    with connection.cursor() as cursor, cursor.copy(COPY_WORDS) as copy:
        for (subject_id, name), words in found.items():
            if words:
                copy.write_row((subject_id, name, vector(words)))


@transaction.atomic
def rebuild_after(entry_id: int) -> None:
    """Make the words of the ticket that an entry belongs to anew, where it belongs to one (7 queries)."""
    subject_id = Entry.objects.values_list("subject_id", flat=True).get(pk=entry_id)
    if Ticket.objects.select_for_update(of=("self",)).filter(pk=subject_id).values_list("pk").first():
        rebuild([subject_id])


def copy_line(subject_id: int, visibility: str, words: Iterable[str]) -> str:
    """A line of COPY_WORDS, "" when there are no words."""
    made = vector(words)
    return f"{subject_id}\t{visibility}\t{made}\n" if made else ""


@lru_cache(maxsize=20_000)
def known_words(text: str) -> tuple[str, ...]:
    """`words_of` for the values of a log, which repeat: each is taken apart once."""
    return tuple(words_of(text)) if text else ()


def observed_words(number: str, source_number: str, texts: Iterable[str]) -> Iterator[str]:
    """The shared words of a ticket that comes from another system."""
    return chain(number_words(number), number_words(source_number), *map(known_words, texts))


def asking_names(personal: str) -> list[str]:
    """Names of who asked, in the personal fields of a source (a JSON object as text)."""
    if not personal:
        return []
    fields = json.loads(personal)
    return [str(fields[name]) for name in ("requester", "caller_id") if fields.get(name)]


def _texts_of_any(data: Mapping[str, Any] | None) -> Iterator[str]:
    """Texts of an entry, of another system's record too: there only who asked, the rest stands in the row."""
    yield from texts_in(data)
    fields = (data or {}).get("fields")
    if isinstance(fields, Mapping):
        yield from (str(fields[name]) for name in ("requester", "caller_id") if fields.get(name))


def _row_words(ticket: Ticket) -> Iterator[str]:
    yield from number_words(ticket.number)
    if ticket.source_number:
        yield from number_words(ticket.source_number)
    for name in _COLUMNS:
        yield from words_of(getattr(ticket, name))


def _along(subject_id: int, words: Mapping[str, Iterable[str]]) -> list[Rider]:
    vectors = {name: vector(told) for name, told in words.items()}
    kept = {name: text for name, text in vectors.items() if text}
    return [Rider(_REMEMBER, (subject_id, list(kept), list(kept.values()), FULL))] if kept else []
