"""The dictionary of the short texts that facts carry: text ↔ integer, cached per process and database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db import connection, transaction

from .models import Term


@dataclass(slots=True)
class _Known:
    """What is certain about one database: a term that was committed never changes."""

    ids: dict[str, int] = field(default_factory=lambda: {"": 0})
    texts: dict[int, str] = field(default_factory=lambda: {0: ""})


_by_database: dict[tuple[str, str, str], _Known] = {}


def term_ids(texts: Iterable[str]) -> Mapping[str, int]:
    """Ids of the texts; unknown ones are added (one statement for all that are missing, safe between
    writers).
    """
    known = _known()
    wanted = set(texts)
    found = {text: known.ids[text] for text in wanted if text in known.ids}
    missing = sorted(wanted - found.keys())
    if not missing:
        return found
    stored = dict(Term.objects.filter(text__in=missing).values_list("text", "id"))
    fresh = [text for text in missing if text not in stored]
    if fresh:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO term (text) SELECT unnest(%s::text[]) ON CONFLICT (text) DO NOTHING", [fresh]
            )
        stored |= dict(Term.objects.filter(text__in=fresh).values_list("text", "id"))
    _remember(known, stored)
    return found | stored


def term_texts(ids: Iterable[int]) -> Mapping[int, str]:
    """Texts of the ids. Raises KeyError for an id that does not exist."""
    known = _known()
    wanted = set(ids)
    found = {key: known.texts[key] for key in wanted if key in known.texts}
    missing = wanted - found.keys()
    if not missing:
        return found
    stored = dict(Term.objects.filter(pk__in=missing).values_list("id", "text"))
    absent = missing - stored.keys()
    if absent:
        raise KeyError(f"terms {sorted(absent)} do not exist")
    _remember(known, {text: key for key, text in stored.items()})
    return found | stored


def _known() -> _Known:
    settings = connection.settings_dict
    database = (str(settings["HOST"]), str(settings["PORT"]), str(settings["NAME"]))
    return _by_database.setdefault(database, _Known())


def _remember(known: _Known, stored: Mapping[str, int]) -> None:
    """Cache the pairs once they are certain to stay: at commit, since this transaction may have written
    them.
    """

    def keep() -> None:
        for text, key in stored.items():
            known.ids[text] = key
            known.texts[key] = text

    transaction.on_commit(keep)  # runs at once outside a transaction
