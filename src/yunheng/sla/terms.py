"""The dictionary of the short texts that facts carry: text ↔ integer, cached per process (a term never
changes).
"""

from collections.abc import Iterable, Mapping

from django.db import connection, transaction

from .models import Term

_ids: dict[str, int] = {"": 0}
_texts: dict[int, str] = {0: ""}


def term_ids(texts: Iterable[str]) -> Mapping[str, int]:
    """Ids of the texts; unknown ones are added (one statement for all that are missing, safe between
    writers).
    """
    wanted = set(texts)
    found = {text: _ids[text] for text in wanted if text in _ids}
    missing = sorted(wanted - found.keys())
    if not missing:
        return found
    known = dict(Term.objects.filter(text__in=missing).values_list("text", "id"))
    _remember(known)
    found |= known
    fresh = [text for text in missing if text not in known]
    if fresh:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO term (text) SELECT unnest(%s::text[]) ON CONFLICT (text) DO NOTHING", [fresh]
            )
        added = dict(Term.objects.filter(text__in=fresh).values_list("text", "id"))
        _remember(added)
        found |= added
    return found


def term_texts(ids: Iterable[int]) -> Mapping[int, str]:
    """Texts of the ids. Raises KeyError for an id that does not exist."""
    wanted = set(ids)
    found = {key: _texts[key] for key in wanted if key in _texts}
    missing = wanted - found.keys()
    if missing:
        known = dict(Term.objects.filter(pk__in=missing).values_list("id", "text"))
        absent = missing - known.keys()
        if absent:
            raise KeyError(f"terms {sorted(absent)} do not exist")
        _remember({text: key for key, text in known.items()})
        found |= known
    return found


def forget_terms() -> None:
    """Empty the cache (tests that clone or restore databases call it)."""
    _ids.clear()
    _texts.clear()
    _ids[""] = 0
    _texts[0] = ""


def _remember(known: Mapping[str, int]) -> None:
    """Cache the pairs once they are certain to stay: at commit, since this transaction may have written
    them.
    """

    def keep() -> None:
        for text, key in known.items():
            _ids[text] = key
            _texts[key] = text

    transaction.on_commit(keep)  # runs at once outside a transaction
