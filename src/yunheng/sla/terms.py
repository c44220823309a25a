"""The dictionary of the short texts that facts carry: text → integer, cached per process and database."""

from collections.abc import Iterable, Mapping

from django.db import connection, transaction

from .models import Term

#: By database what is certain about it: a term that was committed never changes.
_by_database: dict[tuple[str, str, str], dict[str, int]] = {}


def term_ids(texts: Iterable[str]) -> Mapping[str, int]:
    """Ids of the texts; unknown ones are added (one statement for all that are missing, safe between
    writers).
    """
    known = _known()
    wanted = set(texts)
    found = {text: known[text] for text in wanted if text in known}
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


def _known() -> dict[str, int]:
    settings = connection.settings_dict
    database = (str(settings["HOST"]), str(settings["PORT"]), str(settings["NAME"]))
    return _by_database.setdefault(database, {"": 0})


def _remember(known: dict[str, int], stored: Mapping[str, int]) -> None:
    """Cache the pairs once they are certain to stay: at commit, since this transaction may have written
    them.
    """
    transaction.on_commit(lambda: known.update(stored))  # runs at once outside a transaction
