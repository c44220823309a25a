"""The members behind every measured value of a scorecard, by ticket number, so that a figure can be counted again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from yunheng.contracts.models import Contract
from yunheng.logic.facts import FactKind
from yunheng.logic.score import text_of
from yunheng.logic.vector.samples import Sample

from ..deliverables import settled_in
from ..figures import Row
from ..indicators import INDICATORS, Indicator
from ..queries import Frame, _in_group, groups_of
from ..scorecard import Scorecard, Value
from ..study import Study, study_scope
from ..ticket_numbers import ticket_numbers

Int64 = npt.NDArray[np.int64]


def measurements(contract: Contract, card: Scorecard, study: Study) -> list[dict[str, Any]]:
    """Every value that the scheme reads, with its members: those that count for it, and those that do not.

    `hits` and `misses` are ticket numbers, "NUMBER/clock" where the indicator counts clocks; of a duration all
    members are in `hits`, and `seconds` has one for each. Values that people enter have no members. (1 query for all
    numbers, 1 for what was left out.)
    """
    found = [_Members.of(study, card, value) for value in card.values.values()]
    numbers = _numbers(study, found)
    reasons = _left_out(study, np.unique(np.concatenate([_NONE, *(one.left_out for one in found)])))
    return [one.plain(numbers, reasons) for one in found]


_NONE: Int64 = np.empty(0, np.int64)


class _Members:
    """One value with the subjects behind it."""

    def __init__(self, value: Value, row: Row | None) -> None:
        self.value = value
        self.row = row
        self.hits: Int64 = _NONE
        self.misses: Int64 = _NONE
        self.waiting: Int64 = _NONE
        self.left_out: Int64 = _NONE
        self.hit_clocks: Sequence[str] | None = None
        self.miss_clocks: Sequence[str] | None = None
        self.seconds: list[int] | None = None
        self.names: tuple[list[str], list[str]] | None = None  # of reports, which are no tickets

    @classmethod
    def of(cls, study: Study, card: Scorecard, value: Value) -> "_Members":
        members = cls(value, value.row)
        source = value.source
        if source.indicator not in INDICATORS:
            return members
        indicator = INDICATORS[source.indicator]
        frame = Frame.of(study, card.period.start, card.period.end, "events", False)
        if indicator.population == "due":
            found = settled_in(study, frame.start, frame.end)
            members.names = (
                [f"{one.kind}/{one.period}" for one in found if one.is_on_time],
                [f"{one.kind}/{one.period}" for one in found if not one.is_on_time],
            )
            return members
        sample, left_out = frame.sample(indicator)
        if source.by:
            grouped = groups_of(frame, indicator, sample, source.by)
            waiting = groups_of(frame, indicator, sample.without_value(), source.by)
            left = groups_of(frame, indicator, left_out, source.by)
            sample = _in_group(sample, grouped, waiting, source.group)
            left_out = _in_group(left_out, left, {}, source.group)
        members.fill(frame, indicator, sample, left_out)
        return members

    def fill(self, frame: Frame, indicator: Indicator, sample: Sample, left_out: Sample) -> None:
        subjects = frame.lives(indicator).subject
        order = np.argsort(subjects[sample.row], kind="stable")
        sample = sample.take(order, None if sample.waiting is None else np.arange(len(sample.waiting)))
        own = subjects[sample.row]
        is_hit = np.ones(len(own), np.bool_) if indicator.unit == "h" else sample.is_hit
        self.hits, self.misses = own[is_hit], own[~is_hit]
        if indicator.unit == "h" and sample.seconds is not None:
            self.seconds = [int(one) for one in sample.seconds]
        if sample.waiting is not None:
            self.waiting = np.sort(subjects[sample.waiting])
        self.left_out = np.unique(subjects[left_out.row])
        if sample.clock is not None:
            clocks = frame.clocks(indicator)
            names = np.array(clocks, dtype=object)[sample.clock]
            self.hit_clocks, self.miss_clocks = list(names[is_hit]), list(names[~is_hit])

    def subjects(self) -> Int64:
        """All subjects that are named."""
        return np.concatenate([self.hits, self.misses, self.waiting, self.left_out])

    def plain(self, numbers: Mapping[int, str], reasons: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
        source, measured, row = self.value.source, self.value.measured, self.row
        hits, misses = self.names or (
            _named(self.hits, numbers, self.hit_clocks),
            _named(self.misses, numbers, self.miss_clocks),
        )
        data: dict[str, Any] = {
            "reads": source.reads,
            "indicator": source.indicator or None,
            "by": source.by,
            "group": source.group or None,
            "unit": source.unit,
            "time_base": None if row is None else row.time_base,
            "calendar": (row.calendar or None) if row is not None else None,
            "population": None if row is None else row.population,
            "basis": None if row is None else row.basis,
            "numerator": None if row is None else row.numerator,
            "denominator": None if row is None else row.denominator,
            "value": None if measured.value is None else text_of(measured.value),
            "is_decided": self.value.is_decided,
            "is_provisional": row is not None and row.is_provisional,
            "hits": hits,
            "misses": misses,
            "waiting": _named(self.waiting, numbers, None),
            "excluded": [
                {"ticket": numbers[int(subject)], **reasons.get(int(subject), _UNKNOWN)}
                for subject in self.left_out
            ],
        }
        if self.seconds is not None:
            data["seconds"] = self.seconds
        return data


_UNKNOWN: Mapping[str, Any] = {"reason": "", "evidence": "", "approved_by": "", "entry": None}


def _named(subjects: Int64, numbers: Mapping[int, str], clocks: Sequence[str] | None) -> list[str]:
    if clocks is None:
        return [numbers[subject] for subject in subjects.tolist()]
    return [f"{numbers[subject]}/{clock}" for subject, clock in zip(subjects.tolist(), clocks, strict=True)]


def _numbers(study: Study, found: Iterable[_Members]) -> dict[int, str]:
    wanted = np.unique(np.concatenate([_NONE, *(one.subjects() for one in found)]))
    return ticket_numbers(study.scope_id, wanted.tolist())


def _left_out(study: Study, subjects: Int64) -> dict[int, dict[str, Any]]:
    """Why tickets were left out, by what evidence and with whose agreement: what the last such entry says."""
    if not len(subjects):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (fact.subject_id) fact.subject_id, leaf.index, coalesce(body.shared->>'reason', ''),
                coalesce(body.shared->>'evidence', ''), coalesce(body.shared->>'approver_side', '')
            FROM clock_fact fact
            LEFT JOIN entry_body body ON body.entry_id = fact.entry_id
            LEFT JOIN log_leaf leaf ON leaf.entry_id = fact.entry_id
            WHERE fact.scope_id = %s AND fact.subject_id = ANY(%s) AND fact.kind = %s AND fact.at <= %s
            ORDER BY fact.subject_id, fact.entry_id DESC""",
            [study.scope_id, subjects.tolist(), int(FactKind.LEFT_OUT), study.now],
        )
        rows = cursor.fetchall()
    return {
        subject: {"reason": reason, "evidence": evidence, "approved_by": side, "entry": index}
        for subject, index, reason, evidence, side in rows
    }


def study_for(contract: Contract, card: Scorecard) -> Study:
    """The study behind a card that is computed at a log position."""
    return study_scope(contract, now=card.evaluated_at, position=None if card.is_live else card.position)
