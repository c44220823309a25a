"""What a check back to back found, in sentences and as plain data. No Django: the language comes with the speaker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from yunheng.logic.backtoback import Examination, Hour, Step, Trace
from yunheng.logic.clock import Goal

from ..problems import gettext_noop
from ..terms import label_in
from .checking import BackToBack, Check, Link, Verdict

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # marked for translation in contracts.wording
MINUTE = 60


@dataclass(frozen=True, slots=True)
class Speaker:
    """A language: how a sentence, a duration and a list are said in it, and what things of the contract are called."""

    translate: Callable[[str], str]
    duration: Callable[[int], str]
    listed: Callable[[Iterable[str]], str]
    zone: ZoneInfo
    names: Mapping[str, Mapping[str, str]]  #: by section ("clocks", "calendars", …) and key

    def name(self, section: str, key: str) -> str:
        """What something is called; its key where nothing names it."""
        return self.names[section].get(key, key)

    def say(self, message: str, **words: object) -> str:
        """A sentence of this module."""
        return self.translate(message) % words

    def goal(self, goal: Goal) -> str:
        """ "4 h", "2 working days"."""
        if goal.seconds is not None:
            return self.duration(goal.seconds)
        if goal.working_days == 1:
            return self.translate(gettext_noop("1 working day"))
        return self.say(gettext_noop("%(days)d working days"), days=goal.working_days)

    def link(self, link: Link) -> str:
        """A clock with its goal."""
        return self.say(
            gettext_noop("%(clock)s %(goal)s (%(calendar)s)"),
            clock=self.name("clocks", link.clock),
            goal=self.goal(link.goal),
            calendar=self.name("calendars", link.goal.calendar),
        )

    def instant(self, at: int) -> str:
        """ "Fri 2026-02-13 17:59", in the contract's zone; with seconds where it has some."""
        there = datetime.fromtimestamp(at, UTC).astimezone(self.zone)
        return self.say(
            gettext_noop("%(weekday)s %(date)s %(time)s"),
            weekday=self.weekday(there.weekday()),
            date=there.date().isoformat(),
            time=f"{there:%H:%M:%S}" if there.second else f"{there:%H:%M}",
        )

    def weekday(self, index: int) -> str:
        """0 is Monday."""
        return self.translate(WEEKDAYS[index])


def names_of(terms: Mapping[str, Any], language: str) -> dict[str, dict[str, str]]:
    """What the parts of a contract are called in a language, from its plain terms."""
    named = {
        section: {item["key"]: label_in(item["label"], language) for item in terms[section]}
        for section in ("clocks", "calendars", "priorities", "services")
    }
    named["suppliers"] = {item["key"]: item["name"] for item in terms["parties"]["suppliers"]}
    named["reasons"] = {
        item["code"]: label_in(item["label"], language) for item in terms["pauses"]["reasons"]
    }
    return named


def verdict_word(verdict: Verdict, translate: Callable[[str], str] = str) -> str:
    """A verdict in two or three words."""
    return translate(
        {
            Verdict.NOT_COVERED: gettext_noop("cannot be kept"),
            Verdict.NOTHING_PROMISED: gettext_noop("nothing promised"),
            Verdict.OPEN_ENDED: gettext_noop("no limit until the call"),
            Verdict.NOT_EXAMINED: gettext_noop("not examined"),
            Verdict.CLOCK_STOPS: gettext_noop("clock stops"),
            Verdict.COVERED: gettext_noop("covered"),
        }[verdict]
    )


def sentences(check: Check, by: Speaker) -> list[str]:
    """What was found, the most important first."""
    said = list(_VERDICTS[check.verdict](check, by))
    for clock in check.lacking:
        said.append(by.say(gettext_noop("“%(clock)s” has no goal here."), clock=by.name("clocks", clock)))
    if check.uncovered:
        said.append(
            by.say(
                gettext_noop(
                    "During “%(reasons)s”, “%(clock)s” runs and what should cover it stands still: "
                    "nobody answers for that time."
                ),
                reasons=by.listed(by.name("reasons", reason) for reason in check.uncovered),
                clock=by.name("clocks", check.promise.clock),
            )
        )
    if check.is_provisional and check.verdict is Verdict.NOT_COVERED:
        said.append(
            by.translate(gettext_noop("The worst case lies in a year whose holidays are not published yet."))
        )
    return said


def silence(supplier: str, by: Speaker) -> str:
    """A supplier without any clock."""
    return by.say(
        gettext_noop("%(supplier)s is a party to the contract and promises nothing in it."),
        supplier=by.name("suppliers", supplier),
    )


@dataclass(frozen=True, slots=True)
class Gap:
    """Promises of the same clock for which a supplier promises nothing, with all their priorities and services."""

    check: Check  #: one of them
    priorities: tuple[str, ...]
    services: tuple[str, ...]


def gaps(found: BackToBack) -> list[Gap]:
    """What suppliers promise nothing for: alike together."""
    services: dict[tuple[str | None, str, tuple[str, ...]], dict[str, list[str]]] = {}
    first: dict[tuple[str | None, str, tuple[str, ...]], Check] = {}
    for check in found.of(Verdict.NOTHING_PROMISED):
        key = check.supplier, check.promise.clock, check.lacking
        first.setdefault(key, check)
        services.setdefault(key, {}).setdefault(check.priority, []).extend(check.services)
    grouped = []
    for key, by_priority in services.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for priority, concerned in by_priority.items():
            alike.setdefault(tuple(concerned), []).append(priority)
        grouped += [Gap(first[key], tuple(priorities), where) for where, priorities in alike.items()]
    return grouped


def fitting_seconds(found: Examination) -> int | None:
    """The largest goal of the last promise that always fits, down to the whole minute; None where none does."""
    seconds = found.fitting_seconds
    if seconds >= MINUTE:
        seconds -= seconds % MINUTE
    return seconds if seconds > 0 else None


def _not_covered(check: Check, by: Speaker) -> Iterator[str]:
    found, worst = check.examination, check.worst
    assert found is not None and worst is not None, "what is broken was examined"
    words = {
        "excess": by.duration(found.excess_seconds),
        "calendar": by.name("calendars", check.promise.goal.calendar),
        "supplier": by.name("suppliers", check.supplier or ""),
    }
    path = check.paths[worst.path]
    if check.supplier is None:
        message = gettext_noop("Up to %(excess)s late (%(calendar)s), although our own people keep theirs.")
    elif check.is_at_once:
        message = gettext_noop(
            "Up to %(excess)s late (%(calendar)s), although %(supplier)s keeps theirs, called at once."
        )
    else:
        message = gettext_noop("Up to %(excess)s late (%(calendar)s), although everybody keeps theirs.")
    yield by.say(message, **words)
    yield from _worst_case(check, worst, by)
    yield by.say(
        gettext_noop("It can happen on %(broken)d of %(days)d days."),
        broken=found.broken_days,
        days=found.days,
    )
    if check.is_looser:
        yield by.say(
            gettext_noop("“%(inner)s” has more time than “%(outer)s”, in the same calendar."),
            inner=by.name("clocks", path[-1].clock),
            outer=by.name("clocks", check.promise.clock),
        )
    last = check.paths[0][-1]
    fitting = fitting_seconds(found)
    inner, calendar = by.name("clocks", last.clock), by.name("calendars", last.goal.calendar)
    if fitting is None:
        yield by.say(
            gettext_noop("No goal for “%(inner)s” counted in “%(calendar)s” would fit."),
            inner=inner,
            calendar=calendar,
        )
    else:
        yield by.say(
            gettext_noop("It would fit with at most %(goal)s for “%(inner)s” (%(calendar)s)."),
            goal=by.duration(fitting),
            inner=inner,
            calendar=calendar,
        )


def _worst_case(check: Check, worst: Trace, by: Speaker) -> Iterator[str]:
    yield by.say(
        gettext_noop("Worst case: “%(clock)s” starts %(at)s and is due %(due)s."),
        clock=by.name("clocks", check.promise.clock),
        at=by.instant(worst.at),
        due=by.instant(worst.outer.due_at),
    )
    for link, step in zip(check.paths[worst.path], worst.steps, strict=True):
        yield by.say(
            gettext_noop("“%(clock)s”, from %(at)s on, may last until %(until)s."),
            clock=by.name("clocks", link.clock),
            at=by.instant(step.from_at),
            until=by.instant(step.kept_until),
        )


def _nothing_promised(check: Check, by: Speaker) -> Iterator[str]:
    yield by.say(
        gettext_noop("%(supplier)s promises nothing for “%(clock)s”."),
        supplier=by.name("suppliers", check.supplier or ""),
        clock=by.name("clocks", check.promise.clock),
    )


def _open_ended(check: Check, by: Speaker) -> Iterator[str]:
    supplier = by.name("suppliers", check.supplier or "")
    yield by.say(
        gettext_noop("No internal goal says by when %(supplier)s is called."),
        supplier=supplier,
    )
    yield by.say(
        gettext_noop("Called at once, %(left)s are left in the worst case (%(calendar)s)."),
        left=by.duration(_left(check)),
        calendar=by.name("calendars", check.promise.goal.calendar),
    )


def _not_examined(_check: Check, by: Speaker) -> Iterator[str]:
    yield by.translate(gettext_noop("These goals end after the calendars do: nothing was examined."))


def _clock_stops(check: Check, by: Speaker) -> Iterator[str]:
    yield by.say(
        gettext_noop("“%(clock)s” stops while we wait for %(supplier)s: that time does not count."),
        clock=by.name("clocks", check.promise.clock),
        supplier=by.name("suppliers", check.supplier or ""),
    )
    if check.examination is None:
        yield by.translate(gettext_noop("No internal goal limits the time of our own people."))
    else:
        yield _reserve(check, by)


def _covered(check: Check, by: Speaker) -> Iterator[str]:
    if check.supplier is None:
        yield by.translate(gettext_noop("Kept when our own people keep theirs."))
    else:
        yield by.translate(gettext_noop("Kept when everybody keeps theirs."))
    yield _reserve(check, by)


def _reserve(check: Check, by: Speaker) -> str:
    left = _left(check)
    if left == 0:
        return by.translate(gettext_noop("In the worst case nothing is left."))
    return by.say(
        gettext_noop("In the worst case %(left)s are left (%(calendar)s)."),
        left=by.duration(left),
        calendar=by.name("calendars", check.promise.goal.calendar),
    )


def _left(check: Check) -> int:
    """What is left in the worst case, down to the whole minute."""
    assert check.examination is not None, "what is covered was examined"
    left = max(0, -check.examination.excess_seconds)
    return left - left % MINUTE if left >= MINUTE else left


_VERDICTS: Mapping[Verdict, Callable[[Check, Speaker], Iterator[str]]] = {
    Verdict.NOT_COVERED: _not_covered,
    Verdict.NOTHING_PROMISED: _nothing_promised,
    Verdict.OPEN_ENDED: _open_ended,
    Verdict.NOT_EXAMINED: _not_examined,
    Verdict.CLOCK_STOPS: _clock_stops,
    Verdict.COVERED: _covered,
}


# --- as plain data


def plain(found: BackToBack, by: Speaker) -> dict[str, Any]:
    """Everything that was found as plain data, its sentences included; instants in the contract's zone."""
    return {
        "checks": [_plain_check(check, by) for check in found.checks],
        "silent_suppliers": list(found.silent),
    }


def _plain_check(check: Check, by: Speaker) -> dict[str, Any]:
    found = check.examination
    return {
        "clock": check.promise.clock,
        "priority": check.priority,
        "services": list(check.services),
        "supplier": check.supplier,
        "verdict": check.verdict.value,
        "goal": _plain_goal(check.promise),
        "paths": [
            [{"clock": link.clock, "goal": _plain_goal(link)} for link in path] for path in check.paths
        ],
        "excess_seconds": None if found is None else found.excess_seconds,
        "fitting_seconds": None if found is None else fitting_seconds(found),
        "broken_days": None if found is None else found.broken_days,
        "days": None if found is None else found.days,
        "is_looser": check.is_looser,
        "is_provisional": check.is_provisional,
        "lacking": list(check.lacking),
        "uncovered_reasons": list(check.uncovered),
        "worst": None if check.worst is None else _plain_trace(check, check.worst, by),
        "hours": None
        if found is None
        else [[None if cell is None else _plain_hour(cell, by) for cell in row] for row in found.hours],
        "sentences": sentences(check, by),
    }


def _plain_goal(link: Link) -> dict[str, Any]:
    goal = link.goal
    return {"seconds": goal.seconds, "working_days": goal.working_days, "calendar": goal.calendar}


def _plain_trace(check: Check, worst: Trace, by: Speaker) -> dict[str, Any]:
    def step(link: Link, at: Step) -> dict[str, Any]:
        return {
            "clock": link.clock,
            "starts_at": _iso(at.from_at, by),
            "due_at": _iso(at.due_at, by),
            "kept_until": _iso(at.kept_until, by),
        }

    return {
        "promise": step(check.promise, worst.outer),
        "steps": [step(*pair) for pair in zip(check.paths[worst.path], worst.steps, strict=True)],
        "ends_at": _iso(worst.ends_at, by),
    }


def _plain_hour(cell: Hour, by: Speaker) -> dict[str, Any]:
    return {
        "excess_seconds": cell.excess_seconds,
        "at": _iso(cell.at, by),
        "broken_days": cell.broken_days,
        "days": cell.days,
    }


def _iso(at: int, by: Speaker) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(by.zone).isoformat()
