"""A contract as a business person reads it: sentences and tables made of the terms, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from yunheng.accounts.wording import role_label
from yunheng.foundation import wording as words

from . import wording
from .appraisal_section.presentation import appraisal_lines
from .days import Day, Span, StoredDays, spans
from .models import CalendarVersion, ContractVersion
from .reading import VersionReading
from .scoring.presentation import ScoringView, scoring_view

Terms = Mapping[str, Any]
AUDIENCES = ("client", "internal", "supplier")


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A cell of a month: the date, why it is so, and its hours."""

    day: Day
    hours: str
    is_today: bool

    @property
    def name(self) -> str:
        """What kind of day it is, in words."""
        kinds = {
            "open": _("open"),
            "closed": _("closed"),
            "holiday": _("holiday"),
            "makeup": _("make-up workday"),
            "exception": _("exception"),
        }
        text = kinds[self.day.mark]
        if self.day.is_provisional and self.day.mark in ("holiday", "makeup"):
            text = _("%(kind)s, provisional") % {"kind": text}
        return text


@dataclass(frozen=True, slots=True)
class SpanLine:
    """Special days of a year in a row."""

    span: Span
    text: str
    hours: str
    weekday: str  #: of a make-up workday: whose hours it has


@dataclass(frozen=True, slots=True)
class CalendarView:
    """Service hours."""

    key: str
    label: str
    zone: str
    is_always_open: bool
    week: Sequence[tuple[str, str]]
    holidays: str
    makeup: str
    provisional: Sequence[int]
    by_hand: Sequence[int]
    used_by: str
    month: Sequence[Sequence[MonthDay | None]]
    special: Sequence[SpanLine]


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal of a priority, as the parts of a sentence."""

    clock: str
    within: str
    where: str
    services: str


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised for one priority to one audience."""

    priority: str
    goals: Sequence[Goal]


@dataclass(frozen=True, slots=True)
class ClockView:
    """How a clock runs."""

    label: str
    key: str
    supplier: str
    runs: str
    after: str
    warns: str


@dataclass(frozen=True, slots=True)
class AudienceView:
    """Promises to one audience, and the clocks they are timed by."""

    key: str
    title: str
    promises: Sequence[Promise]
    clocks: Sequence[ClockView]


@dataclass(frozen=True, slots=True)
class ContractView:
    """Everything that the page of a version shows."""

    reading: VersionReading
    title: str
    valid_from: date
    valid_to: date  #: the last day
    starts: date
    standing: str  #: "in_force", "coming", "ended", "replaced"
    days_left: int
    provider: str
    client: str
    suppliers: Sequence[str]
    zone: str
    calendars: Sequence[CalendarView]
    services: Sequence[tuple[str, str, str]]
    urgencies: Sequence[str]
    matrix: Sequence[tuple[str, Sequence[str]]]
    major: str
    audiences: Sequence[AudienceView]
    pauses: Sequence[tuple[str, str, str, bool]]
    confirming: str
    exclusions: Sequence[tuple[str, str, str]]
    reports: Sequence[str]
    escalation: Sequence[str]
    indicators: Sequence[Mapping[str, str]]
    scoring: ScoringView | None
    appraisal: Sequence[str]
    desk: Sequence[str]
    provisional: Sequence[int] = field(default_factory=tuple)


def view_of(
    reading: VersionReading,
    calendars: Sequence[CalendarVersion],
    *,
    month: date,
    now: datetime,
    next_from: datetime | None = None,
) -> ContractView:
    """The page of a version. `month`: the first day of the month whose days are shown; `next_from`: when a later
    version takes over.
    """
    terms, version = reading.terms, reading.version
    zone = ZoneInfo(terms["zone"])
    today = now.astimezone(zone).date()
    first = date.fromisoformat(terms["valid"]["from"])
    last = date.fromisoformat(terms["valid"]["to"]) - timedelta(days=1)
    views = [_calendar_view(stored, terms, month, today) for stored in calendars]
    parties = terms["parties"]
    return ContractView(
        reading=reading,
        title=wording.said(terms["title"]),
        valid_from=first,
        valid_to=last,
        starts=version.valid_from.astimezone(zone).date(),
        standing=_standing(version, now, next_from),
        days_left=(last - today).days + 1,
        provider=parties["provider"]["name"],
        client=parties["client"]["name"],
        suppliers=[supplier["name"] for supplier in parties["suppliers"]],
        zone=terms["zone"],
        calendars=views,
        services=[
            (
                wording.said(item["label"]),
                wording.said(item["description"]) if item["description"] else "",
                _calendar_label(terms, item["calendar"]),
            )
            for item in terms["services"]
        ],
        urgencies=[wording.said(item["label"]) for item in terms["matrix"]["urgencies"]],
        matrix=_matrix(terms),
        major=_major(terms),
        audiences=[view for key in AUDIENCES if (view := _audience(terms, key)) is not None],
        pauses=_pauses(terms),
        confirming=_confirming(terms),
        exclusions=[
            (
                wording.said(item["label"]),
                wording.party(item["party"]),
                wording.listed(wording.party(key) for key in item["agreed_by"]),
            )
            for item in terms["exclusions"]
        ],
        reports=_reports(terms),
        escalation=_escalation(terms),
        indicators=[_indicator(item, terms) for item in terms["indicators"]],
        scoring=scoring_view(terms),
        appraisal=appraisal_lines(terms),
        desk=_desk(terms),
        provisional=sorted({year for view in views for year in view.provisional}),
    )


def _standing(version: ContractVersion, now: datetime, next_from: datetime | None) -> str:
    if now < version.valid_from:
        return "coming"
    if next_from is not None and next_from <= now:
        return "replaced"
    return "in_force" if now < version.valid_to else "ended"


def _labels(items: Sequence[Mapping[str, Any]], name: str = "key") -> dict[str, str]:
    return {item[name]: wording.said(item["label"]) for item in items}


def _calendar_label(terms: Terms, key: str) -> str:
    return _labels(terms["calendars"]).get(key, key)


def _calendar_view(stored: CalendarVersion, terms: Terms, month: date, today: date) -> CalendarView:
    calendar = next(item for item in terms["calendars"] if item["key"] == stored.key)
    days = StoredDays(stored.rules)
    holidays = calendar["holidays"]
    kind = "always" if calendar["always"] else holidays if isinstance(holidays, str) else "list"
    makeup = ""
    if kind == "china":
        makeup = (
            _("official make-up workdays are not worked")
            if calendar["makeup"] is None
            else _("on official make-up workdays with the hours of %(weekday)s")
            % {"weekday": wording.weekday(calendar["makeup"])}
        )
    services = [wording.said(item["label"]) for item in terms["services"] if item["calendar"] == stored.key]
    return CalendarView(
        key=stored.key,
        label=wording.said(calendar["label"]),
        zone="" if calendar["zone"] == terms["zone"] else calendar["zone"],
        is_always_open=days.is_always_open,
        week=[] if days.is_always_open else wording.week(calendar["weekly"]),
        holidays=wording.holidays(kind),
        makeup=makeup,
        provisional=list(stored.provisional_years),
        by_hand=sorted(int(year) for year in calendar.get("notices", {})),
        used_by=wording.listed(services),
        month=[
            [
                None if day is None else MonthDay(day, wording.hours(day.windows), is_today=day.date == today)
                for day in week
            ]
            for week in days.month(month.year, month.month)
        ]
        if not days.is_always_open
        else [],
        special=[_span_line(span, days) for span in spans(days.special(month.year))],
    )


def _span_line(span: Span, days: StoredDays) -> SpanLine:
    text = wording.day(span.first.date)
    if span.last.date != span.first.date:
        text = _("%(first)s to %(last)s") % {"first": text, "last": wording.day(span.last.date)}
    return SpanLine(span, text, wording.hours(span.first.windows), "")


def _matrix(terms: Terms) -> list[tuple[str, list[str]]]:
    priorities = _labels(terms["priorities"])
    cells = {(impact, urgency): priority for impact, urgency, priority in terms["matrix"]["cells"]}
    return [
        (
            wording.said(impact["label"]),
            [priorities[cells[impact["key"], urgency["key"]]] for urgency in terms["matrix"]["urgencies"]],
        )
        for impact in terms["matrix"]["impacts"]
    ]


def _major(terms: Terms) -> str:
    major = terms["matrix"]["major"]
    if major is None:
        return ""
    return _("A major incident stands outside the table: it is %(priority)s, declared by %(roles)s.") % {
        "priority": _labels(terms["priorities"])[major["priority"]],
        "roles": wording.listed(role_label(role) for role in major["set_by"]),
    }


def _audience(terms: Terms, audience: str) -> AudienceView | None:
    clocks = [clock for clock in terms["clocks"] if clock["audience"] == audience]
    if not clocks:
        return None
    suppliers = {item["key"]: item["name"] for item in terms["parties"]["suppliers"]}
    promises = []
    for priority in terms["priorities"]:
        goals = [goal for clock in clocks for goal in _goals(terms, priority["key"], clock)]
        if goals:
            promises.append(Promise(wording.said(priority["label"]), goals))
    return AudienceView(
        audience,
        wording.audience(audience),
        promises,
        [
            ClockView(
                label=wording.said(clock["label"]),
                key=clock["key"],
                supplier=suppliers.get(clock["supplier"] or "", ""),
                runs=_("from %(start)s until %(stop)s")
                % {"start": wording.facts(clock["start"]), "stop": wording.facts(clock["stop"])},
                after=wording.reopening(clock["reopen"]),
                warns=wording.listed(f"{share} %" for share in clock["warn"]),
            )
            for clock in clocks
        ],
    )


def _goals(terms: Terms, priority: str, clock: Mapping[str, Any]) -> list[Goal]:
    """Goals of a clock under a priority; services with the same goal together."""
    services = {item["key"]: item for item in terms["services"]}
    grouped: dict[tuple[str, str], list[str]] = {}
    for target in terms["targets"]:
        if target["priority"] == priority and target["clock"] == clock["key"]:
            service = services[target["service"]]
            where = (
                _("in service hours")
                if target["calendar"] == service["calendar"]
                else _("counted in “%(calendar)s”") % {"calendar": _calendar_label(terms, target["calendar"])}
            )
            grouped.setdefault((wording.goal(target), where), []).append(wording.said(service["label"]))
    return [
        Goal(
            wording.said(clock["label"]),
            within,
            where,
            "" if len(named) == len(services) else wording.listed(named),
        )
        for (within, where), named in grouped.items()
    ]


def _pauses(terms: Terms) -> list[tuple[str, str, str, bool]]:
    clocks = _labels(terms["clocks"])
    rows = []
    for reason in terms["pauses"]["reasons"]:
        stops = [clocks[key] for key in clocks if key in reason["stops"]]
        text = wording.listed(stops) if len(stops) < len(clocks) else _("every clock")
        rows.append(
            (
                wording.said(reason["label"]),
                wording.party(reason["party"]),
                text if stops else "",
                bool(stops),
            )
        )
    return rows


def _confirming(terms: Terms) -> str:
    pauses = terms["pauses"]
    where = pauses["confirm_calendar"]
    return _(
        "A pause stops the clock as soon as it is proposed. The other party has %(days)s working days (%(calendar)s) "
        "to confirm or dispute it; silence confirms. While it is disputed the time counts."
    ) % {
        "days": pauses["confirm_days"],
        "calendar": _calendar_label(terms, where) if where else _("of the goal's calendar"),
    }


def _reports(terms: Terms) -> list[str]:
    names = {"monthly": _("Monthly service report"), "ledger": _("Service ledger")}
    lines = []
    for item in terms.get("reports", ()):
        if item["working_days"] is not None:
            within = _("by the end of working day %(days)d of the following month (%(calendar)s)") % {
                "days": item["working_days"],
                "calendar": _calendar_label(terms, item["calendar"]),
            }
        elif item["calendar"]:
            within = _("within %(time)s of service time after the month (%(calendar)s)") % {
                "time": words.duration(item["seconds"], is_exact=True),
                "calendar": _calendar_label(terms, item["calendar"]),
            }
        else:
            within = _("within %(time)s after the end of the month") % {
                "time": words.duration(item["seconds"], is_exact=True)
            }
        lines.append(f"{names[item['kind']]}: {within}")
    return lines


def _escalation(terms: Terms) -> list[str]:
    clocks = _labels(terms["clocks"])
    return [
        _("When “%(clock)s” has used %(share)d %% of its time: %(roles)s")
        % {
            "clock": clocks.get(step["clock"], step["clock"]),
            "share": step["share"],
            "roles": wording.listed(role_label(role) for role in step["roles"]),
        }
        for step in terms["escalation"]
    ]


def _indicator(indicator: Mapping[str, Any], terms: Terms) -> dict[str, str]:
    clocks = _labels(terms["clocks"])
    notes = []
    if indicator["time_base"] == "working":
        notes.append(
            _("in working time, “%(calendar)s”") % {"calendar": _calendar_label(terms, indicator["calendar"])}
        )
    if indicator["within_seconds"]:
        notes.append(
            _("within %(time)s") % {"time": words.duration(indicator["within_seconds"], is_exact=True)}
        )
    if indicator["days"]:
        notes.append(_("within %(days)d days") % {"days": indicator["days"]})
    if indicator["clocks"]:
        notes.append(
            _("counts: %(clocks)s") % {"clocks": wording.listed(clocks[key] for key in indicator["clocks"])}
        )
    if indicator.get("counts_more"):
        notes.append(_("and clocks that are not shown here"))
    return {
        "label": wording.said(indicator["label"]),
        "key": indicator["key"],
        "goal": wording.indicator_goal(indicator["goal"]),
        "notes": " · ".join(notes),
        "empty": wording.on_empty(indicator["on_empty"]),
    }


def _desk(terms: Terms) -> list[str]:
    desk = terms["desk"]
    lines = [
        _("Accepting a ticket counts as the first response.")
        if desk["accepting_is_responding"]
        else _("Accepting a ticket alone is no first response.")
    ]
    auto_close = desk["auto_close"]
    if auto_close:
        where = auto_close["calendar"]
        lines.append(
            _(
                "A resolved ticket closes by itself after %(days)d working days (%(calendar)s) unless its user objects."
            )
            % {"days": auto_close["days"], "calendar": _calendar_label(terms, where)}
            if where
            else _("A resolved ticket closes by itself after %(days)d days unless its user objects.")
            % {"days": auto_close["days"]}
        )
    else:
        lines.append(_("A resolved ticket never closes by itself."))
    backdating = desk["backdating"]
    lines.append(
        _("What happened may be entered up to %(time)s later.")
        % {"time": words.duration(backdating["default"], is_exact=True)}
    )
    lines += [
        _("%(role)s: up to %(time)s later.")
        % {"role": role_label(role), "time": words.duration(limit, is_exact=True)}
        for role, limit in backdating["roles"].items()
    ]
    return lines
