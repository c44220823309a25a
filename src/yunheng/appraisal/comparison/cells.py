"""What stands in a cell of a comparison: a figure in words, or which kind of none it is."""

from dataclasses import dataclass

from ..sparkline import Sparkline


@dataclass(frozen=True, slots=True)
class Trend:
    """How a figure went since the period before. `direction`: better, worse or same."""

    text: str
    arrow: str
    direction: str
    before: str


@dataclass(frozen=True, slots=True)
class ShareCell:
    """A share of a period: `value` "" where there is none, and `why` says which kind of none it is."""

    value: str
    of: str
    why: str
    url: str
    goal: str
    has_missed: bool
    has_met: bool
    few: str
    is_provisional: bool
    trend: Trend | None


@dataclass(frozen=True, slots=True)
class ScoreCell:
    """A score with its scheme, its grade and how it went; `why` says why there is none."""

    value: str
    full: str
    grade: str
    why: str
    standing: str
    url: str
    scheme: str
    vetoed: str
    trend: Trend | None
    other_scheme: str
    spark: Sparkline | None
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class MoneyCell:
    """What is payable, and how it comes about; `why` says why nothing is."""

    payable: str
    how: str
    why: str
    url: str


@dataclass(frozen=True, slots=True)
class CountCell:
    """A count of a whole: `count` None where there is no whole to count in, `why` says so."""

    count: str
    of: str
    why: str
    url: str


def no_share(why: str) -> ShareCell:
    """A share that there is none of, and why."""
    return ShareCell("", "", why, "", "", False, False, "", False, None)
