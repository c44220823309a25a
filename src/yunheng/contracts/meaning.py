"""What must hold across sections of a document: names that exist, options that fit, an order of dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .appraisal_section.checking import check_appraisal
from .document import MapNode, Node, place_of, places
from .grammar import MISSING, near
from .indicators import INDICATORS
from .normal import CLOCK_KINDS
from .problems import Path, Problem, gettext_noop
from .schema import ALL, AUDIENCES
from .scoring.checking import Surroundings, check_scoring

MAX_YEARS = 30
_NO_FACTS: tuple[list[str], list[str], list[str]] = ([], [], [])


@dataclass(slots=True)
class Reading:
    """A document on its way to terms: values read by the schema, nodes for places, problems found so far."""

    raw: Mapping[str, Any]
    root: MapNode
    processes: frozenset[str] | None
    problems: list[Problem] = field(default_factory=list)
    places: dict[Path, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = places(self.root)

    def error(self, code: str, path: Path, message: str, hint: str = "", **params: Any) -> None:
        self.problems.append(Problem(code, path, place_of(self.places, path), message, hint, params))

    def names(self, *path: str) -> list[str]:
        """Keys written in the mapping at the path, whether or not their values are right."""
        node: Node | None = self.root
        for part in path:
            node = node.get(part) if isinstance(node, MapNode) else None
        return [key.text for key, _ in node.pairs] if isinstance(node, MapNode) else []

    def section(self, name: str) -> dict[str, Any]:
        """A mapping of the document; empty where it is missing or could not be read."""
        value = self.raw.get(name)
        return value if isinstance(value, dict) else {}

    def known(self, name: Any, known: Iterable[str], path: Path, what: str) -> bool:
        """Whether a name exists; if not, an error names what is near."""
        options = list(known)
        if name is None or name is MISSING or name in options:
            return True
        meant = near(str(name), options)
        self.error(
            "unknown_name",
            path,
            gettext_noop("there is no “%(name)s” in %(what)s"),
            gettext_noop("did you mean “%(meant)s”?") if meant else gettext_noop("known there: %(known)s"),
            name=name,
            what=what,
            meant=meant or "",
            known=", ".join(options) or "–",
        )
        return False


def check_meaning(reading: Reading) -> None:
    """Note every error that spans more than one value."""
    _check_validity(reading)
    _check_parties(reading)
    _check_calendars(reading)
    _check_catalogue(reading)
    _check_matrix(reading)
    _check_clocks(reading)
    _check_targets(reading)
    _check_pauses(reading)
    _check_indicators(reading)
    _check_scoring(reading)
    _check_appraisal(reading)
    _check_reports(reading)
    _check_desk(reading)


def _check_validity(reading: Reading) -> None:
    valid = reading.section("valid")
    first, last = valid.get("from"), valid.get("to")
    if not first or not last:
        return
    if last <= first:
        reading.error(
            "validity_order",
            ("valid", "to"),
            gettext_noop("the contract ends (%(to)s) before it begins (%(first)s)"),
            gettext_noop("“to” is the day after the last day"),
            to=last,
            first=first,
        )
    elif date.fromisoformat(last).year - date.fromisoformat(first).year > MAX_YEARS:
        reading.error(
            "validity_long",
            ("valid", "to"),
            gettext_noop("a term of more than %(most)d years"),
            gettext_noop("is the year right?"),
            most=MAX_YEARS,
        )
    effective = reading.raw.get("effective")
    if effective and not first <= effective < last:
        reading.error(
            "effective_outside",
            ("effective",),
            gettext_noop("%(day)s lies outside the term of the contract"),
            gettext_noop("from %(first)s on and before %(to)s is possible"),
            day=effective,
            first=first,
            to=last,
        )


def _check_parties(reading: Reading) -> None:
    parties = reading.section("parties")
    seen: dict[str, str] = {}

    def note(party: Any, path: Path, name: str) -> None:
        key = party.get("key") if isinstance(party, dict) else None
        if not key:
            return
        if key in seen:
            reading.error(
                "party_twice",
                (*path, "key"),
                gettext_noop("“%(key)s” is already the key of %(other)s"),
                gettext_noop("each organisation has a key of its own"),
                key=key,
                other=seen[key],
            )
        seen.setdefault(key, name)

    note(parties.get("provider"), ("parties", "provider"), "parties.provider")
    note(parties.get("client"), ("parties", "client"), "parties.client")
    for index, supplier in enumerate(parties.get("suppliers") or []):
        note(supplier, ("parties", "suppliers", index), f"parties.suppliers[{index}]")


def _check_calendars(reading: Reading) -> None:
    for key, calendar in reading.section("calendars").items():
        path: Path = ("calendars", key)
        has_hours = bool(calendar.get("weekly")) or any((calendar.get("exceptions") or {}).values())
        if calendar.get("always"):
            for name in ("weekly", "holidays", "makeup", "makeup_days", "notices"):
                if name in reading.names(*map(str, path)):
                    reading.error(
                        "always_open",
                        (*path, name),
                        gettext_noop("a calendar with “always: true” is open on every day"),
                        gettext_noop("delete “%(name)s” or “always”"),
                        name=name,
                    )
        elif "notices" in reading.names(*map(str, path)) and calendar.get("holidays") not in (
            "china",
            MISSING,
        ):
            reading.error(
                "notices_without_china",
                (*path, "notices"),
                gettext_noop("notices are of China's official holidays, which this calendar does not keep"),
                gettext_noop("write “holidays: china”, or the days under exceptions"),
            )
        elif not has_hours and MISSING not in (calendar.get("always"), calendar.get("weekly")):
            reading.error(
                "never_open",
                path,
                gettext_noop("the calendar is never open"),
                gettext_noop('add “weekly: {mon-fri: ["09:00-18:00"]}” or “always: true”'),
            )


def _check_catalogue(reading: Reading) -> None:
    calendars = reading.names("calendars")
    for section in ("services", "priorities"):
        for key, item in reading.section(section).items():
            if key == ALL:
                reading.error(
                    "reserved_name",
                    (section, key),
                    gettext_noop("“all” cannot be a key here"),
                    gettext_noop("it stands for every key in targets; choose another"),
                )
            reading.known(item.get("calendar"), calendars, (section, key, "calendar"), "calendars")
    for index, process in enumerate(reading.raw.get("processes") or []):
        if reading.processes is not None:
            reading.known(process, sorted(reading.processes), ("processes", index), "packs/processes")


def _check_matrix(reading: Reading) -> None:
    matrix = reading.section("priority_matrix")
    if not matrix:
        return
    priorities = reading.names("priorities")
    impacts = reading.names("priority_matrix", "impacts")
    urgencies = reading.names("priority_matrix", "urgencies")
    base: Path = ("priority_matrix", "table")
    table = matrix.get("table")
    if isinstance(table, dict):
        for impact, row in table.items():
            if not reading.known(impact, impacts, (*base, impact), "priority_matrix.impacts"):
                continue
            for urgency, priority in row.items():
                at: Path = (*base, impact, urgency)
                if reading.known(urgency, urgencies, at, "priority_matrix.urgencies"):
                    reading.known(priority, priorities, at, "priorities")
        for impact in impacts:
            written = reading.names("priority_matrix", "table", impact)
            missing = [urgency for urgency in urgencies if urgency not in written]
            if missing:
                reading.error(
                    "cell_missing",
                    (*base, impact),
                    gettext_noop("impact %(impact)s has no priority for urgency %(missing)s"),
                    gettext_noop("give each cell one of: %(known)s"),
                    impact=impact,
                    missing=", ".join(missing),
                    known=", ".join(priorities),
                )
    major = matrix.get("major")
    if isinstance(major, dict):
        reading.known(
            major.get("priority"), priorities, ("priority_matrix", "major", "priority"), "priorities"
        )


def _check_clocks(reading: Reading) -> None:
    parties = reading.section("parties")
    suppliers = [
        supplier["key"]
        for supplier in parties.get("suppliers") or []
        if isinstance(supplier, dict) and supplier.get("key")
    ]
    for key, clock in reading.section("clocks").items():
        path: Path = ("clocks", key)
        kind = clock.get("kind") or (key if key in CLOCK_KINDS else "custom")
        for name in ("start", "stop"):
            if kind == "custom" and clock.get(name) is None:
                reading.error(
                    "clock_facts",
                    path,
                    gettext_noop("a clock of no known kind needs “%(name)s”"),
                    gettext_noop("add “%(name)s: [%(fact)s]”, or “kind:” with one of: %(known)s"),
                    name=name,
                    fact="opened" if name == "start" else "resolved",
                    known=", ".join(CLOCK_KINDS),
                )
        start = clock.get("start") or CLOCK_KINDS.get(kind, _NO_FACTS)[0]
        stop = clock.get("stop") or CLOCK_KINDS.get(kind, _NO_FACTS)[1]
        both = [fact for fact in start if fact in stop]
        if both:
            reading.error(
                "clock_facts",
                (*path, "stop"),
                gettext_noop("“%(fact)s” both starts and stops the clock"),
                gettext_noop("a fact can only do one of the two"),
                fact=both[0],
            )
        reading.known(clock.get("calendar"), reading.names("calendars"), (*path, "calendar"), "calendars")
        audience, supplier = clock.get("audience"), clock.get("supplier")
        if audience == "supplier" and supplier is None:
            reading.error(
                "clock_supplier",
                path,
                gettext_noop("a clock for a supplier does not say for which"),
                gettext_noop("add “supplier:” with one of: %(known)s"),
                known=", ".join(suppliers) or "–",
            )
        elif audience in AUDIENCES and audience != "supplier" and supplier:
            reading.error(
                "clock_supplier",
                (*path, "supplier"),
                gettext_noop("only a clock for suppliers names one"),
                gettext_noop("add “audience: supplier” or delete this line"),
            )
        reading.known(supplier, suppliers, (*path, "supplier"), "parties.suppliers")


def _check_targets(reading: Reading) -> None:
    services = [*reading.names("services"), ALL]
    priorities = [*reading.names("priorities"), ALL]
    clocks, calendars = reading.names("clocks"), reading.names("calendars")
    for service, rows in reading.section("targets").items():
        reading.known(service, services, ("targets", service), "services")
        for priority, row in rows.items():
            reading.known(priority, priorities, ("targets", service, priority), "priorities")
            for clock, goal in row.items():
                path: Path = ("targets", service, priority, clock)
                reading.known(clock, clocks, path, "clocks")
                if isinstance(goal, dict):
                    reading.known(goal.get("calendar"), calendars, (*path, "calendar"), "calendars")


def _check_pauses(reading: Reading) -> None:
    pauses = reading.section("pauses")
    clocks = reading.names("clocks")
    reading.known(
        pauses.get("confirm_calendar"),
        reading.names("calendars"),
        ("pauses", "confirm_calendar"),
        "calendars",
    )
    for code, reason in (pauses.get("reasons") or {}).items():
        stops = reason.get("stops")
        if isinstance(stops, list):
            for index, clock in enumerate(stops):
                reading.known(clock, clocks, ("pauses", "reasons", code, "stops", index), "clocks")
    for index, step in enumerate(reading.raw.get("escalation") or []):
        reading.known(step.get("clock"), clocks, ("escalation", index, "clock"), "clocks")


def _check_indicators(reading: Reading) -> None:
    clocks = reading.names("clocks")
    for key, indicator in reading.section("indicators").items():
        kind = INDICATORS[key]
        path: Path = ("indicators", key)
        for option in ("at_least", "at_most", "clocks", "within", "days", "of"):
            if indicator.get(option) not in (None, MISSING) and not kind.allows(option):
                reading.error(
                    "indicator_option",
                    (*path, option),
                    gettext_noop("“%(option)s” means nothing for %(key)s"),
                    gettext_noop("possible here: %(known)s"),
                    option=option,
                    key=key,
                    known=", ".join([*sorted(kind.options), "label", "digits", "on_empty"]),
                )
        if "time_base" in reading.names(*map(str, path)) and not kind.allows("time_base"):
            reading.error(
                "indicator_option",
                (*path, "time_base"),
                gettext_noop("%(key)s counts tickets and has no time base"),
                gettext_noop("delete the line"),
                key=key,
            )
        least, most = indicator.get("at_least"), indicator.get("at_most")
        if least and most:
            reading.error(
                "indicator_goal",
                (*path, "at_most"),
                gettext_noop("both “at_least” and “at_most”"),
                gettext_noop("keep one of them"),
            )
        if most and kind.allows("at_most") and ("percent" in most) != (kind.unit == "percent"):
            reading.error(
                "indicator_goal",
                (*path, "at_most"),
                gettext_noop("%(key)s is a share: its goal is in per cent")
                if kind.unit == "percent"
                else gettext_noop("%(key)s is a mean duration: its goal is a duration"),
                gettext_noop("such as 5 %%") if kind.unit == "percent" else gettext_noop("such as 30 min"),
                key=key,
            )
        of = indicator.get("of")
        if of and kind.of and of not in kind.of:
            reading.known(of, kind.of, (*path, "of"), key)
        is_working = indicator.get("time_base") == "working"
        calendar = indicator.get("calendar")
        if is_working and calendar is None:
            reading.error(
                "indicator_calendar",
                path,
                gettext_noop("working time needs a calendar"),
                gettext_noop("add “calendar:” with one of: %(known)s"),
                known=", ".join(reading.names("calendars")),
            )
        elif calendar and not is_working:
            reading.error(
                "indicator_calendar",
                (*path, "calendar"),
                gettext_noop("elapsed time uses no calendar"),
                gettext_noop("add “time_base: working” or delete this line"),
            )
        reading.known(calendar, reading.names("calendars"), (*path, "calendar"), "calendars")
        for index, clock in enumerate(indicator.get("clocks") or []):
            reading.known(clock, clocks, (*path, "clocks", index), "clocks")


def _check_scoring(reading: Reading) -> None:
    scoring = reading.section("scoring")
    if scoring:
        promised = [
            key
            for key, clock in reading.section("clocks").items()
            if not isinstance(clock, dict) or clock.get("audience") == "client"
        ]
        around = Surroundings(
            indicators=reading.names("indicators"),
            priorities=reading.names("priorities"),
            services=reading.names("services"),
            clocks=promised,
        )
        check_scoring(scoring, around, reading.error)


def _check_appraisal(reading: Reading) -> None:
    raw = reading.section("appraisal")
    if raw:
        reading.known(raw["calendar"], reading.names("calendars"), ("appraisal", "calendar"), "calendars")
        check_appraisal(raw, reading.section("scoring"), reading.error)


def _check_reports(reading: Reading) -> None:
    reports = reading.section("reports")
    for kind, report in reports.items():
        if not isinstance(report, dict):
            continue
        due, calendar = report.get("due"), report.get("calendar")
        if isinstance(due, dict) and due["working_days"] and calendar is None:
            reading.error(
                "report_calendar",
                ("reports", kind),
                gettext_noop("working days need a calendar"),
                gettext_noop("add “calendar:” with one of: %(known)s"),
                known=", ".join(reading.names("calendars")),
            )
        reading.known(calendar, reading.names("calendars"), ("reports", kind, "calendar"), "calendars")
    if "report_on_time" in reading.section("indicators") and not any(reports.values()):
        reading.error(
            "report_term",
            ("indicators", "report_on_time"),
            gettext_noop("the contract does not say when a report is due"),
            gettext_noop("add “reports: {monthly: {due: 5 working days, calendar: …}}”"),
        )


def _check_desk(reading: Reading) -> None:
    auto_close = reading.section("desk").get("auto_close")
    if isinstance(auto_close, dict):
        path: Path = ("desk", "auto_close", "calendar")
        reading.known(auto_close.get("calendar"), reading.names("calendars"), path, "calendars")
