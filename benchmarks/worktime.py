"""Working time: `elapsed` and `add` of one calendar, against libraries that other desks use, on the same spans.

Office hours 9:00–18:00 on weekdays in China's zone with the public holidays, without make-up days: the most
that all three can express. Answers are compared before speeds are.
"""

import random
import shutil
import statistics
import subprocess
import time as clock
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.measuring import row
from yunheng.contracts.holidays_cn import china_days
from yunheng.logic.worktime import CalendarRules, OpenTime, Window, materialise

ZONE = "Asia/Shanghai"
FIRST, LAST = date(2024, 1, 1), date(2026, 12, 31)
OWN_SPANS, PEER_SPANS = 100_000, 300
REPEATS = 3
GOAL_SECONDS = 8 * 3600

Span = tuple[int, int]

# Reads holidays, then "start end" lines; writes seconds for each run, then one answer a line.
PERL = r"""
use strict; use warnings; use Business::Hours; use Time::HiRes qw(time);
my ($what, $goal, $repeats) = @ARGV;
my %week = map { $_ => { Name => $_, Start => '9:00', End => '18:00' } } 1 .. 5;
$week{$_} = { Name => $_, Start => undef, End => undef } for (0, 6);
my $hours = Business::Hours->new();
$hours->business_hours(%week);
chomp(my $holidays = <STDIN>);
$hours->holidays(split / /, $holidays);
my @spans = map { [split] } <STDIN>;
my @answers;
for (1 .. $repeats) {
    my $began = time;
    @answers = $what eq 'add'
        ? map { $hours->add_seconds($_->[0], $goal) } @spans
        : map { $hours->for_timespan(Start => $_->[0], End => $_->[1] - 1)->cardinality } @spans;
    print time - $began, "\n";
}
print "$_\n" for @answers;
"""


def run() -> list[dict[str, Any]]:
    """Rows of the table of `make bench`: calls per second, median of three, one thread."""
    days_off = frozenset().union(*(china_days(year).holidays for year in range(FIRST.year, LAST.year + 1)))
    weekly = tuple(Window(day, 9 * 60, 18 * 60) for day in range(5))
    rules = CalendarRules(ZONE, weekly, holidays=days_off)
    calendar = materialise(rules, FIRST, LAST)
    spans = _spans(calendar)
    elapsed = _rate(lambda: [calendar.elapsed(a, b) for a, b in spans], len(spans))
    add = _rate(lambda: [calendar.add(a, GOAL_SECONDS) for a, _ in spans], len(spans))
    build = _rate(lambda: materialise(rules, FIRST, LAST), 1)

    some = spans[:PEER_SPANS]
    own_elapsed = [calendar.elapsed(a, b) for a, b in some]
    python, python_note = _business_duration(some, days_off, own_elapsed)
    perl, perl_note = _business_hours("elapsed", some, days_off, own_elapsed, calendar)
    own_add = [calendar.add(a, GOAL_SECONDS) for a, _ in some]
    perl_add, perl_add_note = _business_hours("add", some, days_off, own_add, calendar)
    unit = "calls/s"
    return [
        row(
            "working time: elapsed ≤ 20 days",
            elapsed,
            unit,
            python_note,
            peer="business-duration",
            peer_value=python,
        ),
        row(
            "working time: elapsed ≤ 20 days",
            elapsed,
            unit,
            perl_note,
            peer="Business::Hours",
            peer_value=perl,
        ),
        row("working time: add 8 h", add, unit, perl_add_note, peer="Business::Hours", peer_value=perl_add),
        row("working time: materialise 3 years", build, unit, "once for each version of a calendar"),
    ]


def _spans(calendar: OpenTime) -> list[Span]:
    """Whole-minute spans of up to 20 days, drawn evenly over the calendar, closed days included."""
    dice = random.Random(20260401)
    latest = (calendar.last_at - calendar.first_at) // 60 - 60 * 24 * 60
    starts = [calendar.first_at + 60 * dice.randrange(latest) for _ in range(OWN_SPANS)]
    return [(start, start + 60 * dice.randint(1, 20 * 24 * 60)) for start in starts]


def _rate(work: Callable[[], object], count: int) -> float:
    def seconds() -> float:
        began = clock.perf_counter()
        work()
        return clock.perf_counter() - began

    return count / statistics.median(seconds() for _ in range(REPEATS))


def _business_duration(
    spans: list[Span], days_off: frozenset[date], own: list[int]
) -> tuple[float | None, str]:
    try:
        from business_duration import businessDuration
    except ImportError:
        return None, "not installed"
    zone = ZoneInfo(ZONE)
    local = [
        (
            datetime.fromtimestamp(a, zone).replace(tzinfo=None),
            datetime.fromtimestamp(b, zone).replace(tzinfo=None),
        )
        for a, b in spans
    ]
    holidays = list(days_off)
    answers: list[float] = []

    def work() -> None:
        answers[:] = [businessDuration(a, b, time(9), time(18), [5, 6], holidays, "sec") for a, b in local]

    rate = _rate(work, len(spans))
    return rate, _agreement(answers, own)


def _business_hours(
    what: str, spans: list[Span], days_off: frozenset[date], own: list[int], calendar: OpenTime
) -> tuple[float | None, str]:
    perl = shutil.which("perl")
    probe = [perl or "", "-MBusiness::Hours", "-e1"]
    if perl is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        return None, "not installed (Debian package libbusiness-hours-perl)"
    question = "\n".join([" ".join(sorted(map(str, days_off))), *(f"{a} {b}" for a, b in spans)])
    done = subprocess.run(
        [perl, "-e", PERL, what, str(GOAL_SECONDS), str(REPEATS)],
        input=question,
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": ZONE},
    )
    numbers = done.stdout.split()
    rate = len(spans) / statistics.median(map(float, numbers[:REPEATS]))
    answers = [float(number) for number in numbers[REPEATS:]]
    note = _agreement(answers, own)
    if what == "add":
        moved = sum(x == calendar.next_open(y) != y for x, y in zip(answers, own, strict=True))
        note += f", {moved} due at closing time it moves to the next opening" if moved else ""
    return rate, note


def _agreement(answers: list[float], own: list[int]) -> str:
    equal = sum(x == y for x, y in zip(answers, own, strict=True))
    return f"{equal} of {len(own)} answers equal"


if __name__ == "__main__":
    for line in run():
        print(line)
