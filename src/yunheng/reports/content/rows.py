"""Every ticket of a month as a row, streamed: instants from the study, texts through a server-side cursor."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

from yunheng.appraisal.slicing import cause_name
from yunheng.appraisal.study import Study, outcome_of
from yunheng.contracts.models import Contract
from yunheng.contracts.terms import label_in
from yunheng.desk.models import Ticket
from yunheng.desk.wording import channel_name, kind_name, leaving_reason
from yunheng.foundation.log_queries import head_of_size
from yunheng.logic.vector.milestones import NEVER

from ..models import Kind
from ..period import Month
from .columns import CLOCK
from .source import Source, speaking

Int64 = npt.NDArray[np.int64]
Cell = str | int | None

CHUNK: Final = 2000
_QUARTER: Final = (
    900  #: seconds; offsets of zones change by whole quarters of an hour, so within one they stand
)
LONGEST_CELL: Final = 2000  #: of a resolution in the ledger

_TEXTS: Final = (
    *("id", "number", "source_number", "title", "kind", "service", "priority", "category", "ci", "cause"),
    *("channel", "resolution"),
)
_PLACE: Final = {name: place for place, name in enumerate(_TEXTS)}


def rows_for(scope_id: int, content: Mapping[str, Any], position: int | None) -> Iterator[list[Cell]]:
    """The rows beside a content, under its "item_columns"; none beside a fault report."""
    if content["kind"] == Kind.FAULT:
        return iter(())
    contract = Contract.objects.select_related("scope", "provider", "client").get(pk=scope_id)
    head = None if position is None else head_of_size(scope_id, position)
    month = Month(str(content["report"]["period"]), contract.scope.zone)
    source = Source(contract=contract, month=month, head=head, now=datetime.now(UTC))
    return stream(
        source, str(content["language"]), [str(column["key"]) for column in content["item_columns"]]
    )


def touched(source: Source) -> Int64:
    """Rows of the study's lives that the month has to do with: opened before its end, and not over when it began."""
    lives, start, end = source.study.lives, _seconds(source.month.start_at), _seconds(source.month.end_at)
    over = np.where(lives.closed_at != NEVER, lives.closed_at, lives.cancelled_at)
    found: Int64 = np.flatnonzero(
        (lives.opened_at != NEVER) & (lives.opened_at < end) & ((over == NEVER) | (over >= start))
    )
    return found


def stream(source: Source, language: str, columns: list[str]) -> Iterator[list[Cell]]:
    """One row per ticket of the month, in the order of opening, in constant memory beside the study's columns."""
    study = source.study
    is_wanted = np.zeros(len(study.lives), np.bool_)
    is_wanted[touched(source)] = True
    with speaking(language, source.month.zone):
        cells = _Cells(source, language)
        makers = [cells.maker(key) for key in columns]
    found = (
        Ticket.objects.filter(scope_id=source.contract.pk, opened_at__lt=source.month.end_at)
        .order_by("opened_at", "id")
        .values_list(*_TEXTS)
        .iterator(chunk_size=CHUNK)
    )
    subjects, serial = study.lives.subject, 0
    for texts in found:
        place = int(np.searchsorted(subjects, texts[0]))
        if place >= len(subjects) or int(subjects[place]) != texts[0] or not is_wanted[place]:
            continue
        serial += 1
        yield [make(texts, place, serial) for make in makers]


Maker = Callable[[tuple[Any, ...], int, int], Cell]


class _Cells:
    """How each column's cell is made; labels and words are said once, in the report's language."""

    def __init__(self, source: Source, language: str) -> None:
        self.study: Study = source.study
        self.lives = source.study.lives
        self.zone = ZoneInfo(source.month.zone)
        self.clocks = source.terms.clocks_for("client")
        self.met = {key: self._outcome(key) for key in self.clocks}
        self.result = {1: _("met"), 0: _("missed")}
        self.services: dict[str, str] = {}
        self.priorities: dict[str, str] = {}
        for reign in source.study.reigns:
            self.services |= {key: label_in(it.label, language) for key, it in reign.terms.services.items()}
            self.priorities |= {
                key: label_in(it.label, language) for key, it in reign.terms.priorities.items()
            }
        self.kinds = {kind: kind_name(kind) for kind in Ticket.Kind.values}
        self.language, self.zone_name = language, source.month.zone
        self.said: dict[tuple[str, str], str] = {}
        self.quarters: dict[
            int, tuple[str, int]
        ] = {}  # hour and minute there at which a quarter of an hour begins

    def _outcome(self, key: str) -> npt.NDArray[np.int8]:
        outcome = outcome_of(self.study.reigns, key)
        met = np.full(len(self.lives), -1, np.int8)
        met[outcome.row] = outcome.is_met
        return met

    def maker(self, key: str) -> Maker:
        """The maker of a column's cells."""
        if key.startswith(CLOCK):
            met = self.met.get(key.removeprefix(CLOCK))
            return lambda texts, place, serial: "" if met is None else self.result.get(int(met[place]), "")
        if key in {"opened", "responded", "restored", "resolved", "closed"}:
            column = getattr(self.lives, f"{key}_at")
            return lambda texts, place, serial: self._instant(int(column[place]))
        if key in {"to_response", "to_resolution"}:
            ends = self.lives.responded_at if key == "to_response" else self.lives.resolved_at
            return lambda texts, place, serial: self._between(place, int(ends[place]))
        found: dict[str, Maker] = {
            "serial": lambda texts, place, serial: serial,
            "reopenings": lambda texts, place, serial: int(self.lives.reopenings[place]),
            "left_out": lambda texts, place, serial: self._left_out(place),
            "result": lambda texts, place, serial: self._result(place),
            "kind": lambda texts, place, serial: self.kinds.get(texts[_PLACE["kind"]], ""),
            "service": lambda texts, place, serial: self.services.get(
                texts[_PLACE["service"]], texts[_PLACE["service"]]
            ),
            "priority": lambda texts, place, serial: self.priorities.get(
                texts[_PLACE["priority"]], texts[_PLACE["priority"]]
            ),
            "cause": lambda texts, place, serial: self._say("cause", texts[_PLACE["cause"]]),
            "source": lambda texts, place, serial: self._say("channel", texts[_PLACE["channel"]]),
            "resolution": lambda texts, place, serial: texts[_PLACE["resolution"]][:LONGEST_CELL],
        }
        return found.get(key) or (lambda texts, place, serial: texts[_PLACE[key]])

    def _instant(self, at: int) -> str:
        if at == NEVER:
            return ""
        quarter = at // _QUARTER
        found = self.quarters.get(quarter)
        if found is None:
            there = datetime.fromtimestamp(quarter * _QUARTER, self.zone)
            found = self.quarters[quarter] = (f"{there:%Y-%m-%d %H}", there.minute)
        return f"{found[0]}:{found[1] + at % _QUARTER // 60:02d}"

    def _between(self, place: int, end: int) -> int | None:
        return None if end == NEVER else end - int(self.lives.opened_at[place])

    def _left_out(self, place: int) -> str:
        return self._say("reason", self.study.facts.terms.get(int(self.lives.left_out[place]), ""))

    def _result(self, place: int) -> str:
        results = {int(met[place]) for met in self.met.values()}
        return self.result[0] if 0 in results else self.result[1] if 1 in results else ""

    def _say(self, what: str, key: str) -> str:
        """A word that needs the language, said once for each key."""
        if not key:
            return ""
        if (what, key) not in self.said:
            say = {"cause": cause_name, "channel": channel_name, "reason": leaving_reason}[what]
            with speaking(self.language, self.zone_name):
                self.said[what, key] = str(say(key))
        return self.said[what, key]


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
