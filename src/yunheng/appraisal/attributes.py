"""What tickets are besides their clocks: kind, channel and category of all of a scope, as columns beside a study."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db import connection

from .study import Study

Int64 = npt.NDArray[np.int64]

#: Entries that may say of which category a ticket is.
_TELLING = ("ticket.opened", "ticket.classified", "ticket.observed")

# A thousand groups of ids are read in a tenth of the time of a hundred thousand rows.
_GROUPED = """
    SELECT kind, channel, category, string_agg(int8send(id), ''::bytea)
    FROM ticket WHERE scope_id = %s GROUP BY kind, channel, category"""

_CATEGORY_AT = """
    WITH later AS (
        SELECT entry.subject_id FROM log_leaf leaf JOIN entry ON entry.id = leaf.entry_id
        WHERE leaf.scope_id = %(scope)s AND leaf.index >= %(position)s AND entry.type = ANY(%(types)s)
        UNION
        SELECT entry.subject_id FROM unsealed JOIN entry ON entry.id = unsealed.entry_id
        WHERE unsealed.scope_id = %(scope)s AND entry.type = ANY(%(types)s)
    )
    SELECT later.subject_id, coalesce(told.category, '')
    FROM later LEFT JOIN LATERAL (
        SELECT body.shared -> 'changes' ->> 'category' AS category
        FROM entry
        JOIN entry_body body ON body.entry_id = entry.id
        JOIN log_leaf leaf ON leaf.entry_id = entry.id AND leaf.index < %(position)s
        WHERE entry.scope_id = %(scope)s AND entry.subject_id = later.subject_id
          AND body.shared -> 'changes' ? 'category'
        ORDER BY entry.id DESC LIMIT 1
    ) told ON true"""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of all tickets of a study: `code` by row of its lives points into `texts`; texts[0] is ""."""

    texts: Sequence[str]
    code: Int64


@dataclass(frozen=True, slots=True)
class Attributes:
    """Kind and channel never change; the category is that of the study's log position."""

    kind: Attribute
    channel: Attribute
    category: Attribute


def attributes_of(study: Study) -> Attributes:
    """Read the attributes once for each study (1 query, 1 more at a log position)."""
    return study.derived("attributes", lambda: _read(study))


def _read(study: Study) -> Attributes:
    subjects = study.lives.subject
    with connection.cursor() as cursor:
        cursor.execute(_GROUPED, [study.scope_id])
        groups = cursor.fetchall()
        told: list[tuple[int, str]] = []
        if not study.is_live:
            cursor.execute(
                _CATEGORY_AT, {"scope": study.scope_id, "position": study.position, "types": list(_TELLING)}
            )
            told = cursor.fetchall()
    texts: list[dict[str, int]] = [{"": 0}, {"": 0}, {"": 0}]
    codes = [np.zeros(len(subjects), np.int64) for _attribute in texts]
    for *values, packed in groups:
        ids = np.frombuffer(packed, ">i8").astype(np.int64)
        row = rows_of(subjects, ids)
        for known, code, value in zip(texts, codes, values, strict=True):
            code[row] = known.setdefault(value.strip(), len(known))
    if told:
        ids = np.array([subject_id for subject_id, _category in told], np.int64)
        is_known = np.isin(ids, subjects)
        for subject_id, category in zip(ids[is_known], np.array(told, object)[is_known, 1], strict=True):
            codes[2][np.searchsorted(subjects, subject_id)] = texts[2].setdefault(
                category.strip(), len(texts[2])
            )
    return Attributes(*(Attribute(tuple(known), code) for known, code in zip(texts, codes, strict=True)))


def rows_of(subjects: Int64, ids: Int64) -> Int64:
    """Rows of the ids among the subjects, which are sorted; those that are not there are left out."""
    place = np.minimum(np.searchsorted(subjects, ids), max(len(subjects) - 1, 0))
    found: Int64 = place[subjects[place] == ids] if len(subjects) else np.empty(0, np.int64)
    return found
