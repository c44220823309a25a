"""What is valid but wrong, or seldom meant: goals out of order, dead reasons, clocks that nothing stops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any

from yunheng.logic.clock import ClockPolicy, Goal
from yunheng.logic.facts import FactKind
from yunheng.logic.flow import Process, Transition
from yunheng.logic.worktime import HorizonError, OpenTime, has_open_time, lint_rules

from .backtoback.checking import Check, Verdict, back_to_back
from .backtoback.sentences import fitting_seconds
from .calendars import rules_of
from .document import place_of
from .indicators import INDICATORS
from .normal import resolved_targets, weekly_windows
from .problems import START, Path, Problem, Severity, gettext_noop
from .scoring.checking import lint_scoring
from .terms import ContractTerms
from .values import show_seconds

#: Facts that an effect of a transition writes, before the transition's own (desk.effects).
EFFECT_FACTS = {"ensure_restored": FactKind.RESTORED}

_WEEK = 7 * 86_400
_SAMPLE_SECONDS = 5 * 3600 + 17  # walks through all hours of the day within a few days
_SAMPLES = 68  # two weeks


@dataclass
class Linter:
    """One contract under the lens: terms as data and compiled, the document's values and places, the processes."""

    raw: Mapping[str, Any]
    terms: Mapping[str, Any]
    compiled: ContractTerms
    places: dict[Path, Any]
    processes: Mapping[str, Process] | None  #: None: unknown, nothing is said of reasons and states
    problems: list[Problem] = field(default_factory=list)
    sources: dict[tuple[str, str, str], Path] = field(default_factory=dict)
    samples: dict[Goal, list[int | None]] = field(default_factory=dict)

    @cached_property
    def said(self) -> frozenset[tuple[str, str, str]]:
        """(service, priority, clock) of which the targets say something, if only “none”."""
        return frozenset(
            (service, priority, clock)
            for service in self.raw["services"]
            for priority in self.raw["priorities"]
            for clock in self.raw["clocks"]
            if any(
                clock in self.raw["targets"].get(s, {}).get(p, {})
                for s in (service, "all")
                for p in (priority, "all")
            )
        )

    def note(
        self,
        code: str,
        path: Path,
        message: str,
        hint: str = "",
        severity: Severity = "warning",
        **params: Any,
    ) -> None:
        place = place_of(self.places, path) if path else START
        problem = Problem(code, path, place, message, hint, params, severity)
        if problem not in self.problems:
            self.problems.append(problem)

    @property
    def start_at(self) -> int:
        return int(self.compiled.valid_from.timestamp())

    @property
    def end_at(self) -> int:
        return int(self.compiled.valid_to.timestamp())


def lint(linter: Linter, *, is_back_to_back: bool = True) -> None:
    """Note every finding, in a stable order; those of promises back to back where that is wanted."""
    for target, path in resolved_targets(linter.raw):
        if target is not None and path is not None:
            linter.sources[target["service"], target["priority"], target["clock"]] = path
    if "scoring" in linter.terms:
        lint_scoring(linter.terms["scoring"], linter.note)
    if not _lint_calendars(linter):
        return  # goals cannot be placed on a calendar without open time
    _lint_goals(linter)
    _lint_goal_order(linter)
    _lint_priority_order(linter)
    _lint_matrix(linter)
    _lint_coverage(linter)
    if is_back_to_back:
        _lint_back_to_back(linter)
    _lint_reasons(linter)
    _lint_process_ends(linter)
    _lint_indicators(linter)


def _lint_calendars(linter: Linter) -> bool:
    """Overlaps, dead rules, calendars nobody uses; False when one has no open time at all (sla-semantics 3)."""
    used = {target["calendar"] for target in linter.terms["targets"]}
    used |= {service["calendar"] for service in linter.terms["services"]}
    used |= {indicator["calendar"] for indicator in linter.terms["indicators"]}
    used.add(linter.terms["pauses"]["confirm_calendar"])
    used |= {report["calendar"] for report in linter.terms.get("reports", ())}
    used.add((linter.terms["desk"]["auto_close"] or {}).get("calendar"))
    is_open = True
    first, last = (date.fromisoformat(linter.terms["valid"][name]) for name in ("from", "to"))
    for calendar in linter.terms["calendars"]:
        key = calendar["key"]
        path: Path = ("calendars", key)
        open_time = linter.compiled.calendars[key]
        if not has_open_time(open_time, linter.start_at, open_time.midnights[-1]):
            is_open = False
            linter.note(
                "never_open",
                path,
                gettext_noop("the calendar has no open time in the three years from %(first)s on"),
                gettext_noop("check its weekly hours, holidays and exceptions"),
                severity="error",
                first=first.isoformat(),
            )
            continue
        days = [under for _, under in weekly_windows(linter.raw["calendars"][key]["weekly"])]
        for finding in lint_rules(rules_of(calendar, first, last)):
            if finding.code == "window_overlap":
                position = int(finding.field.removeprefix("weekly[").removesuffix("]"))
                linter.note(
                    "window_overlap",
                    (*path, "weekly", days[position]),
                    gettext_noop("opening hours overlap others of the same week"),
                    gettext_noop("they are counted once; write each hour in one place"),
                )
            elif finding.code in ("exception_overlap", "makeup_closed"):
                day = finding.field[finding.field.index("[") + 1 : -1]
                linter.note(
                    "calendar_rule",
                    (*path, "exceptions" if finding.code == "exception_overlap" else "makeup_days", day),
                    gettext_noop("%(day)s: its opening hours overlap")
                    if finding.code == "exception_overlap"
                    else gettext_noop(
                        "%(day)s is a make-up workday, but the weekday whose hours it uses has none"
                    ),
                    day=day,
                )
        if key not in used:
            linter.note(
                "calendar_unused",
                path,
                gettext_noop("nothing uses the calendar “%(key)s”"),
                gettext_noop("delete it, or name it in a service or a target"),
                key=key,
            )
    return is_open


def _lint_goals(linter: Linter) -> None:
    """Goals that the contract's whole term could not hold."""
    for (service, priority, clock), path in linter.sources.items():
        goal = _goal(linter, service, priority, clock)
        open_time = linter.compiled.calendars[goal.calendar]
        due_at = _due_at(goal, open_time, linter.start_at)
        if due_at is None or due_at > linter.end_at:
            linter.note(
                "goal_too_long",
                path,
                gettext_noop("the goal is longer than the contract's whole term"),
                gettext_noop("is the unit right? Open hours of “%(calendar)s” are counted"),
                calendar=goal.calendar,
            )


_ORDER = (
    ("respond", "restore", True),
    ("respond", "resolve", True),
    ("restore", "resolve", False),
    ("update", "restore", False),
    ("update", "resolve", False),
    ("arrive", "resolve", False),
)


def _lint_goal_order(linter: Linter) -> None:
    """What must come first has the later goal: respond ≥ resolve, restore > resolve, update > resolve."""
    details = linter.compiled.clock_details
    for earlier_kind, later_kind, is_strict in _ORDER:
        for earlier in details.values():
            for later in details.values():
                if (earlier.kind, later.kind) != (earlier_kind, later_kind):
                    continue
                if (earlier.audience, earlier.supplier) != (later.audience, later.supplier):
                    continue
                for service, priority in _profiles(linter):
                    pair = [(service, priority, key) for key in (earlier.key, later.key)]
                    if all(item in linter.sources for item in pair) and _is_later(
                        linter, pair[0], pair[1], or_equal=is_strict
                    ):
                        linter.note(
                            "goal_order",
                            linter.sources[pair[0]],
                            gettext_noop("the goal of “%(earlier)s” is not before that of “%(later)s”"),
                            gettext_noop("%(earlier)s comes first and needs the shorter goal"),
                            earlier=earlier.key,
                            later=later.key,
                        )


def _lint_priority_order(linter: Linter) -> None:
    """A more pressing priority with the slower goal."""
    for service in linter.compiled.services:
        for clock in linter.compiled.clocks:
            written = [
                (service, priority, clock)
                for priority in linter.compiled.priorities
                if (service, priority, clock) in linter.sources
            ]
            for higher, lower in pairwise(written):
                if _is_later(linter, higher, lower):
                    linter.note(
                        "priority_order",
                        linter.sources[higher],
                        gettext_noop("priority %(higher)s is slower than %(lower)s"),
                        gettext_noop(
                            "the more pressing priority comes first in “priorities” and has the shorter goal"
                        ),
                        higher=higher[1],
                        lower=lower[1],
                    )


def _lint_matrix(linter: Linter) -> None:
    table = linter.compiled.matrix.table
    for impact, urgency in table.inversions():
        linter.note(
            "matrix_order",
            ("priority_matrix", "table", impact, urgency),
            gettext_noop("less impact or urgency leads to a more pressing priority than this cell"),
            gettext_noop("list impacts and urgencies from the gravest on, and check the cell"),
        )
    for priority in table.unused():
        if priority != linter.compiled.matrix.major_priority:
            linter.note(
                "priority_unused",
                ("priorities", priority),
                gettext_noop("no cell of the matrix leads to priority %(priority)s"),
                gettext_noop("use it in priority_matrix, or delete it"),
                priority=priority,
            )


def _lint_coverage(linter: Linter) -> None:
    """Services and priorities for which the client is promised nothing, and nothing says that this is meant."""
    with_goal = {clock for _, _, clock in linter.sources}
    for clock, detail in linter.compiled.clock_details.items():
        if clock not in with_goal:
            linter.note(
                "clock_without_target",
                ("clocks", clock),
                gettext_noop("no target uses the clock “%(clock)s”"),
                gettext_noop("give it a goal in “targets”, or delete it"),
                clock=clock,
            )
            continue
        if detail.audience != "client":
            continue
        for service in linter.compiled.services:
            missing = [
                priority
                for priority in linter.compiled.priorities
                if (service, priority, clock) not in linter.said
            ]
            if missing:
                linter.note(
                    "target_missing",
                    ("targets", service),
                    gettext_noop("service “%(service)s” has no goal for “%(clock)s” at priority %(missing)s"),
                    gettext_noop("add one, or “%(clock)s: none” if nothing is promised"),
                    service=service,
                    clock=clock,
                    missing=", ".join(missing),
                )


def _lint_back_to_back(linter: Linter) -> None:
    """Promises to the client that can be missed although suppliers and our own people keep theirs, and gaps (R49)."""
    for check in back_to_back(linter.compiled).checks:
        profiles = [(service, check.priority) for service in check.services]
        if check.verdict is Verdict.NOT_COVERED:
            _note_not_covered(linter, check, profiles)
        unsaid = [
            (clock, [profile for profile in profiles if (*profile, clock) not in linter.said])
            for clock in check.lacking
        ]
        for clock, missing in unsaid:
            if missing:
                linter.note(
                    "promise_not_covered",
                    ("targets", missing[0][0]),
                    gettext_noop(
                        "“%(clock)s” has no goal, and nothing else covers “%(outer)s” (%(profile)s)"
                    ),
                    gettext_noop("add one, or “%(clock)s: none” if nothing is promised"),
                    clock=clock,
                    outer=check.promise.clock,
                    profile=_profile_names(missing),
                )


def _note_not_covered(linter: Linter, check: Check, profiles: list[tuple[str, str]]) -> None:
    found, worst = check.examination, check.worst
    assert found is not None and worst is not None, "what is not covered was examined"
    inner = check.paths[worst.path][-1].clock
    fitting = fitting_seconds(found)
    linter.note(
        "back_to_back",
        linter.sources[(*profiles[0], inner)],
        gettext_noop(
            "“%(inner)s” may end %(excess)s too late for “%(outer)s”, promised to the client (%(profile)s)"
        ),
        gettext_noop("no goal in this calendar would fit; see yunheng contract backtoback")
        if fitting is None
        else gettext_noop("at most %(fitting)s would fit; see yunheng contract backtoback"),
        inner=inner,
        outer=check.promise.clock,
        excess=show_seconds(found.excess_seconds),
        fitting=show_seconds(fitting or 0),
        profile=_profile_names(profiles),
    )


def _profile_names(profiles: list[tuple[str, str]]) -> str:
    return ", ".join(f"{service}|{priority}" for service, priority in profiles)


def _lint_reasons(linter: Linter) -> None:
    """Pause reasons no process uses, waiting states the contract does not mention, another party at fault."""
    if linter.processes is None:
        return
    used: dict[str, set[str]] = {}
    states: dict[str, str] = {}
    for process in linter.processes.values():
        for state in process.states.values():
            if state.reason is not None:
                used.setdefault(state.reason, set())
                states.setdefault(state.reason, f"{process.key}.{state.key}")
                if state.party is not None:
                    used[state.reason].add(state.party.name.lower())
    for reason in linter.terms["pauses"]["reasons"]:
        code = reason["code"]
        path: Path = ("pauses", "reasons", code)
        if code not in used:
            linter.note(
                "pause_reason_unused",
                path,
                gettext_noop("no process waits for the reason “%(reason)s”"),
                gettext_noop("known reasons: %(known)s"),
                reason=code,
                known=", ".join(sorted(used)) or "–",
            )
        elif used[code] and reason["party"] not in used[code]:
            linter.note(
                "pause_party",
                (*path, "party"),
                gettext_noop("the processes attribute “%(reason)s” to %(party)s"),
                gettext_noop("what is recorded with the waiting is the process's party; write the same here"),
                reason=code,
                party=", ".join(sorted(used[code])),
            )
    mentioned = {reason["code"] for reason in linter.terms["pauses"]["reasons"]}
    for code in sorted(used.keys() - mentioned):
        linter.note(
            "pause_reason_missing",
            ("pauses", "reasons"),
            gettext_noop("nothing is said of “%(reason)s”, for which %(state)s waits: it stops no clock"),
            gettext_noop("add it under pauses.reasons, with “stops: none” if that is meant"),
            reason=code,
            state=states[code],
        )


def _lint_process_ends(linter: Linter) -> None:
    """States of a process in which a clock runs and from which nothing leads to its end."""
    for key, policy in linter.compiled.clocks.items():
        path: Path = ("clocks", key)
        for process in (linter.processes or {}).values():
            states = _stuck_states(process, policy)
            if states:
                linter.note(
                    "clock_never_stops",
                    path,
                    gettext_noop("in process “%(process)s” the clock runs for ever in: %(states)s"),
                    gettext_noop("let a fact that follows from there stop or cancel it"),
                    process=process.key,
                    states=", ".join(states),
                )


def _stuck_states(process: Process, policy: ClockPolicy) -> list[str]:
    """States reached with the clock running from which no path has a fact that stops or cancels it."""
    ends = policy.stop | policy.cancel

    def after(is_running: bool, facts: Iterable[FactKind]) -> bool:
        for fact in facts:
            if fact in ends:
                is_running = False
            elif fact in policy.start or (fact is FactKind.REOPENED and policy.is_reopenable):
                is_running = True
        return is_running

    opening = [fact.kind for fact in process.opening.facts]
    first = (process.initial, after(False, opening))
    edges: dict[tuple[str, bool], set[tuple[str, bool]]] = {}
    waiting = [first]
    while waiting:
        node = waiting.pop()
        if node in edges:
            continue
        state, is_running = node
        edges[node] = {
            (transition.target(state), after(is_running, _facts_of(transition)))
            for transition in process.transitions.values()
            if state in transition.from_
        }
        waiting.extend(edges[node])
    good = {node for node in edges if not node[1]}
    while True:
        more = {node for node, targets in edges.items() if node not in good and targets & good}
        if not more:
            return sorted(state for state, _ in edges.keys() - good)
        good |= more


def _facts_of(transition: Transition) -> list[FactKind]:
    by_effects = [EFFECT_FACTS[name] for name in transition.effects if name in EFFECT_FACTS]
    return by_effects + [fact.kind for fact in transition.facts]


def _lint_indicators(linter: Linter) -> None:
    with_goal = {clock for _, _, clock in linter.sources}
    for indicator in linter.terms["indicators"]:
        kind = INDICATORS[indicator["key"]]
        if kind.clock_kind is not None and not with_goal & set(indicator["clocks"]):
            linter.note(
                "indicator_without_clock",
                ("indicators", indicator["key"]),
                gettext_noop("%(key)s counts clocks, and no clock with a target is there to count"),
                gettext_noop("name clocks with “clocks: […]”, or give them targets"),
                key=indicator["key"],
            )


# --- goals on the calendar --------------------------------------------------------------------------------


def _profiles(linter: Linter) -> list[tuple[str, str]]:
    return [(s, p) for s in linter.compiled.services for p in linter.compiled.priorities]


def _goal(linter: Linter, service: str, priority: str, clock: str) -> Goal:
    return linter.compiled.clocks[clock].goals[f"{service}|{priority}"]


def _is_later(
    linter: Linter,
    one: tuple[str, str, str],
    other: tuple[str, str, str],
    *,
    or_equal: bool = False,
) -> bool:
    """Whether goal `one` falls due after `other` from the same start.

    Goals of one unit and calendar are compared as such; others from many starts of two weeks, all of which must agree.
    """
    a, b = _goal(linter, *one), _goal(linter, *other)
    if a.calendar == b.calendar and (a.seconds is None) == (b.seconds is None):
        first, second = (a.seconds or a.working_days or 0), (b.seconds or b.working_days or 0)
        return first >= second if or_equal else first > second
    verdicts = [
        (due_a >= due_b if or_equal else due_a > due_b)
        for due_a, due_b in zip(_sampled(linter, a), _sampled(linter, b), strict=True)
        if due_a is not None and due_b is not None
    ]
    return bool(verdicts) and all(verdicts)


def _sampled(linter: Linter, goal: Goal) -> list[int | None]:
    """When the goal falls due from each of many starts of two weeks."""
    if goal not in linter.samples:
        open_time = linter.compiled.calendars[goal.calendar]
        first = linter.start_at + _WEEK
        linter.samples[goal] = [
            _due_at(goal, open_time, first + sample * _SAMPLE_SECONDS) for sample in range(_SAMPLES)
        ]
    return linter.samples[goal]


def _due_at(goal: Goal, open_time: OpenTime, at: int) -> int | None:
    """When the goal falls due, or None beyond what was materialised."""
    try:
        if goal.seconds is not None:
            return open_time.add(at, goal.seconds)
        return open_time.end_of_working_day(at, goal.working_days or 1)
    except HorizonError:
        return None
