"""The page of a check back to back: what cannot be kept with its week of hours, gaps, and what is covered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext as _

from yunheng.foundation import wording as words
from yunheng.logic.backtoback import Hour

from .. import wording
from ..models import ContractVersion
from .checking import BackToBack, Check, Verdict
from .sentences import Speaker, gaps, names_of, sentences, silence, verdict_word

LEVELS: Final = 5  #: shades of the table
HOUR_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class HourCell:
    """One hour of one weekday: how late at worst. level 0: in time."""

    text: str
    level: int
    name: str


@dataclass(frozen=True, slots=True)
class WeekdayRow:
    """The hours of one weekday."""

    label: str
    cells: Sequence[HourCell]


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check in words. `state` is the kind of its badge."""

    verdict: str
    state: str
    priorities: str
    services: str
    promise: str
    chain: Sequence[Sequence[str]]  #: paths, each with its clocks and goals
    sentences: Sequence[str]
    week: Sequence[WeekdayRow]


@dataclass(frozen=True, slots=True)
class BackToBackView:
    """Everything that the page shows."""

    first: date
    last: date
    zone: str
    broken: Sequence[CheckView]
    gaps: Sequence[CheckView]
    kept: Sequence[CheckView]
    silent: Sequence[str]
    examined: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to check."""
        return not (self.broken or self.gaps or self.kept or self.silent)


def speaker(terms: Mapping[str, Any]) -> Speaker:
    """The reader's language, and the names of the contract in it."""
    return Speaker(
        gettext,
        lambda seconds: words.duration(seconds, is_exact=True),
        wording.listed,
        ZoneInfo(terms["zone"]),
        names_of(terms, get_language() or "zh-hans"),
    )


def back_to_back_view(version: ContractVersion, found: BackToBack) -> BackToBackView:
    """What was found in a version, for people."""
    terms = version.terms
    by = speaker(terms)
    unclear = found.of(Verdict.OPEN_ENDED, Verdict.NOT_EXAMINED)
    return BackToBackView(
        first=version.valid_from.astimezone(by.zone).date(),
        last=version.valid_to.astimezone(by.zone).date() - timedelta(days=1),
        zone=terms["zone"],
        broken=[_view(check, by) for check in found.of(Verdict.NOT_COVERED)],
        gaps=[
            *(_view(gap.check, by, gap.priorities, gap.services) for gap in gaps(found)),
            *(_view(check, by) for check in unclear),
        ],
        kept=[_view(check, by) for check in found.of(Verdict.CLOCK_STOPS, Verdict.COVERED)],
        silent=[silence(supplier, by) for supplier in found.silent],
        examined=sum(check.examination is not None for check in found.checks),
    )


_STATES = {
    Verdict.NOT_COVERED: "breached",
    Verdict.NOTHING_PROMISED: "risk",
    Verdict.OPEN_ENDED: "risk",
    Verdict.NOT_EXAMINED: "na",
    Verdict.CLOCK_STOPS: "paused",
    Verdict.COVERED: "met",
}


def _view(
    check: Check, by: Speaker, priorities: Sequence[str] = (), services: Sequence[str] = ()
) -> CheckView:
    is_gap = check.verdict is Verdict.NOTHING_PROMISED
    return CheckView(
        verdict=verdict_word(check.verdict, gettext),
        state=_STATES[check.verdict],
        priorities=by.listed(by.name("priorities", key) for key in priorities or (check.priority,)),
        services=by.listed(by.name("services", key) for key in services or check.services),
        promise=by.name("clocks", check.promise.clock) if is_gap else by.link(check.promise),
        chain=[[by.link(link) for link in path] for path in check.paths],
        sentences=sentences(check, by),
        week=_week(check, by) if check.verdict is Verdict.NOT_COVERED else (),
    )


def _week(check: Check, by: Speaker) -> list[WeekdayRow]:
    assert check.examination is not None, "what cannot be kept was examined"
    most = check.examination.excess_seconds
    return [
        WeekdayRow(
            by.weekday(weekday), [_cell(cell, weekday, hour, most, by) for hour, cell in enumerate(row)]
        )
        for weekday, row in enumerate(check.examination.hours)
    ]


def _cell(cell: Hour | None, weekday: int, hour: int, most: int, by: Speaker) -> HourCell:
    when = {"day": by.weekday(weekday), "hour": hour, "until": hour + 1}
    if cell is None or cell.excess_seconds <= 0:
        return HourCell("", 0, _("%(day)s %(hour)02d:00–%(until)02d:00: in time") % when)
    late = cell.excess_seconds
    return HourCell(
        text=str(-(-late // HOUR_SECONDS)),
        level=1 + min(LEVELS - 1, LEVELS * late // (most + 1)),
        name=_(
            "%(day)s %(hour)02d:00–%(until)02d:00: up to %(late)s late, on %(broken)d of %(days)d days, "
            "such as %(at)s"
        )
        % {
            **when,
            "late": by.duration(late),
            "broken": cell.broken_days,
            "days": cell.days,
            "at": by.instant(cell.at),
        },
    )
