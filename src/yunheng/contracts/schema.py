"""The definition of a contract document: what may be written where. Checking and JSON Schema come from here."""

from __future__ import annotations

from typing import Final

from yunheng.logic.facts import FactKind, Party

from .appraisal_section.grammar import APPRAISAL
from .grammar import (
    Choice,
    Day,
    Duration,
    Entry,
    Flag,
    JsonSchema,
    ListOf,
    Literal,
    MapOf,
    OneOf,
    Pattern,
    Record,
    Text,
    Whole,
)
from .indicators import INDICATORS
from .problems import gettext_noop
from .scoring.grammar import SCORING, SCORING_WARNINGS
from .values import (
    CONTRACT_KEY,
    KEY,
    LABEL,
    LONG_LABEL,
    ORGANISATION_KEY,
    REASON,
    WORD,
    Ceiling,
    Hours,
    Percent,
    Zone,
)

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: The key under which targets for every service, or every priority, are written.
ALL: Final = "all"
AUDIENCES: Final = ("client", "internal", "supplier")
PARTIES: Final = tuple(party.name.lower() for party in Party if party is not Party.NONE)
#: Facts that a clock may wait for.
CLOCK_FACTS: Final = tuple(
    kind.name.lower() for kind in FactKind if kind <= FactKind.FAILED and kind is not FactKind.PROFILED
)
#: Roles that a contract may name; equal to accounts.roles (a test compares), which needs Django.
ROLES: Final = (
    "provider_admin",
    "service_manager",
    "desk_agent",
    "engineer",
    "quality_officer",
    "requester",
    "contact",
    "appraiser",
    "auditor",
    "supplier_engineer",
)
#: Warnings of the linter, so that an exemption can name one.
WARNINGS: Final = (
    "window_overlap",
    "calendar_unused",
    "calendar_rule",
    "goal_too_long",
    "goal_order",
    "priority_order",
    "matrix_order",
    "target_missing",
    "priority_unused",
    "clock_without_target",
    "clock_never_stops",
    "pause_reason_unused",
    "pause_reason_missing",
    "pause_party",
    "back_to_back",
    "promise_not_covered",
    "indicator_without_clock",
    "exemption_unused",
    *SCORING_WARNINGS,
)

WEEKDAY = Choice(WEEKDAYS)
_day = "|".join(WEEKDAYS)
DAYS = Pattern(
    rf"(?:{_day})(?:-(?:{_day}))?|daily", gettext_noop("a weekday or a range of weekdays"), "mon-fri"
)
YEAR = Pattern(r"20[0-9]{2}", gettext_noop("a year"), "2027")
CLOSED = Literal("closed", [])
NONE = Literal("none", None)

ORGANISATION = Record(
    {
        "key": Entry(
            ORGANISATION_KEY, "Key of the organisation, unique in the installation", is_required=True
        ),
        "name": Entry(Text(), "Full name, as in the signed contract", is_required=True),
    }
)

CALENDAR = Record(
    {
        "label": Entry(LABEL, "Name shown to people"),
        "zone": Entry(Zone(), "Time zone of this calendar; default: the contract's"),
        "always": Entry(Flag(), "true: open 24×7, without weekly hours", default=False),
        "weekly": Entry(
            MapOf(
                DAYS,
                OneOf(
                    (CLOSED, ListOf(Hours(), 1, 12)),
                    gettext_noop("a list of opening hours"),
                    '["09:00-18:00"]',
                ),
                most=14,
            ),
            "Opening hours per weekday, or range of weekdays, or “daily”",
            default={},
        ),
        "holidays": Entry(
            OneOf(
                (
                    Literal("none", "none"),
                    Literal("china", "china"),
                    ListOf(Day()),
                    Choice(("china", "none")),
                ),
                gettext_noop("china, none, or a list of dates"),
                "china",
            ),
            "Days on which it is closed: china (official holidays), none, or a list of dates",
            default="none",
        ),
        "makeup": Entry(
            Choice((*WEEKDAYS, "none")),
            "Weekday whose hours official make-up workdays (调休) use; none: they are not worked",
            default="mon",
        ),
        "makeup_days": Entry(
            MapOf(Day(), WEEKDAY),
            "Further make-up workdays, each with the weekday whose hours it uses",
            default={},
        ),
        "notices": Entry(
            MapOf(
                YEAR,
                Record(
                    {
                        "closed": Entry(
                            ListOf(Day(), 0, 120), "Days off, weekends of a break included", default=[]
                        ),
                        "worked": Entry(ListOf(Day(), 0, 60), "Make-up workdays", default=[]),
                    }
                ),
                most=30,
            ),
            "holidays china: official notices by year, entered by hand; they stand for what the library holds",
            default={},
        ),
        "exceptions": Entry(
            MapOf(
                Day(),
                OneOf((CLOSED, ListOf(Hours(), 1, 12)), gettext_noop("closed, or opening hours"), "closed"),
            ),
            "Dates with hours of their own, or closed; they win over everything else",
            default={},
        ),
    }
)

SERVICE = Record(
    {
        "label": Entry(LABEL, "Name shown to people", is_required=True),
        "description": Entry(LONG_LABEL, "What it covers, and what it does not"),
        "calendar": Entry(KEY, "Service hours: a key of calendars", is_required=True),
    }
)

PRIORITY = Record(
    {
        "label": Entry(LABEL, "Name shown to people", is_required=True),
        "calendar": Entry(KEY, "Calendar of this priority's goals; default: that of the service"),
    }
)

MATRIX = Record(
    {
        "impacts": Entry(
            MapOf(KEY, LABEL, 1, 12), "Impacts with their labels, the gravest first", is_required=True
        ),
        "urgencies": Entry(
            MapOf(KEY, LABEL, 1, 12), "Urgencies with their labels, the most pressing first", is_required=True
        ),
        "table": Entry(MapOf(KEY, MapOf(KEY, KEY)), "Impact → urgency → priority", is_required=True),
        "major": Entry(
            Record(
                {
                    "priority": Entry(KEY, "Priority of a major incident", is_required=True),
                    "set_by": Entry(ListOf(Choice(ROLES), 1), "Roles that may declare it", is_required=True),
                }
            ),
            "“Major” stands outside the table and needs a permission",
        ),
    }
)

FACTS = ListOf(Choice(CLOCK_FACTS), 1)
CLOCK = Record(
    {
        "kind": Entry(
            Choice(("respond", "update", "restore", "resolve", "arrive", "closeout", "custom")),
            "Kind, which decides the defaults; default: the clock's own key, if it is one of these",
        ),
        "audience": Entry(
            Choice(AUDIENCES),
            "client = SLA, internal = OLA, supplier = underpinning contract",
            default="client",
        ),
        "supplier": Entry(ORGANISATION_KEY, "For audience supplier: which supplier"),
        "label": Entry(LABEL, "Name shown to people"),
        "calendar": Entry(
            KEY, "Calendar of this clock's goals; default: that of the priority, then of the service"
        ),
        "start": Entry(FACTS, "Facts that start it"),
        "stop": Entry(FACTS, "Facts that stop it"),
        "cancel": Entry(FACTS, "Facts after which it has no result"),
        "reset": Entry(FACTS, "Facts that close a cycle and begin the next (update clocks)"),
        "reopen": Entry(
            Choice(("exclude", "count", "final")),
            "After a reopening: time since the resolution excluded or counted; final: its first stop stays",
        ),
        "goal_change": Entry(
            Choice(("retroactive", "from_change")),
            "A new priority or service brings a new goal: for the whole history, or from the change on",
            default="retroactive",
        ),
        "warn": Entry(ListOf(Whole(1, 1000)), "Warnings at these shares of the goal, in per cent"),
    }
)

GOAL = OneOf(
    (
        NONE,
        Duration(),
        Record(
            {
                "within": Entry(Duration(), "The goal", is_required=True),
                "calendar": Entry(KEY, "Calendar in which it is counted"),
            }
        ),
    ),
    gettext_noop("a duration, or none"),
    "30 min, 4 h, 2 working days, {within: 4 h, calendar: always}",
)

PAUSES = Record(
    {
        "confirm_days": Entry(
            Whole(1, 60),
            "Working days the other party has to confirm or dispute a pause; silence confirms",
            default=3,
        ),
        "confirm_calendar": Entry(KEY, "Calendar of these working days; default: that of the goal"),
        "reasons": Entry(
            MapOf(
                REASON,
                Record(
                    {
                        "label": Entry(LABEL, "Name shown to people", is_required=True),
                        "party": Entry(Choice(PARTIES), "Who is at fault", is_required=True),
                        "stops": Entry(
                            OneOf(
                                (
                                    Literal("all", "all"),
                                    Literal("none", []),
                                    ListOf(WORD),
                                    Choice(("all", "none")),
                                ),
                                gettext_noop("all, none, or a list of clocks"),
                                "[resolve]",
                            ),
                            "The clocks it stops",
                            is_required=True,
                        ),
                    }
                ),
            ),
            "Reasons for waiting (codes of the processes' waiting states) and the clocks they stop",
            default={},
        ),
    }
)

EXCLUSION = Record(
    {
        "label": Entry(LABEL, "Name shown to people", is_required=True),
        "party": Entry(Choice(PARTIES), "Who it is attributed to", is_required=True),
        "agreed_by": Entry(
            ListOf(Choice(("provider", "client")), 1), "Who must agree to each use", is_required=True
        ),
    }
)

INDICATOR = Record(
    {
        "label": Entry(LABEL, "Name shown to people; default: that of the catalogue"),
        "at_least": Entry(Percent(), "Goal: at least this share"),
        "at_most": Entry(Ceiling(), "Goal: at most this share or mean duration"),
        "time_base": Entry(Choice(("elapsed", "working")), "Elapsed time or working time", default="elapsed"),
        "calendar": Entry(KEY, "Calendar of working time"),
        "clocks": Entry(ListOf(WORD, 1), "The clocks it counts; default: the client's clocks of that kind"),
        "within": Entry(Duration(has_working_days=False), "resolved_24h: the limit, 24 h"),
        "days": Entry(Whole(1, 365), "reopen_rate, recurrence: within so many days"),
        "of": Entry(
            Choice(("logged", "closed", "eligible")), "What the denominator counts, where two ways are in use"
        ),
        "on_empty": Entry(
            Choice(("reweight", "full", "zero")), "What “not applicable” does to a score", default="reweight"
        ),
        "digits": Entry(Whole(0, 6), "Decimal places; rounded once, half-up"),
    }
)

ESCALATION = Record(
    {
        "clock": Entry(WORD, "Which clock", is_required=True),
        "at": Entry(Percent(1000), "At which share of its goal", is_required=True),
        "tell": Entry(ListOf(Choice(ROLES), 1), "Which roles are told", is_required=True),
    }
)

DESK = Record(
    {
        "accepting_is_responding": Entry(
            Flag(), "An explicit acceptance counts as the first response", default=True
        ),
        "auto_close": Entry(
            Record(
                {
                    "days": Entry(
                        Whole(1, 90),
                        "So many days after the resolution, without the user's word",
                        is_required=True,
                    ),
                    "calendar": Entry(KEY, "Working days of this calendar; default: days of 24 hours"),
                }
            ),
            "Resolved tickets close by themselves, marked as such; default: never",
        ),
        "backdating": Entry(
            Record(
                {
                    "default": Entry(
                        Duration(has_working_days=False), "How far back an instant may be entered later"
                    ),
                    "roles": Entry(
                        MapOf(Choice(ROLES), Duration(has_working_days=False)),
                        "Roles with another limit",
                        default={},
                    ),
                }
            ),
            "Limit for entering something after it happened; default 24 h",
        ),
    }
)

REPORT = Record(
    {
        "due": Entry(Duration(), "How long after the end of the month it is due", is_required=True),
        "calendar": Entry(
            KEY, "Calendar that the term is counted in; working days need one, hours without one are elapsed"
        ),
    }
)

EXEMPTION = Record(
    {
        "warning": Entry(Choice(WARNINGS), "Code of the warning", is_required=True),
        "at": Entry(Text(), "Path it stands at; default: everywhere"),
        "because": Entry(Text(1000), "Why it is accepted", is_required=True),
    }
)

CONTRACT = Record(
    {
        "key": Entry(CONTRACT_KEY, "Key of the contract; ticket numbers begin with it", is_required=True),
        "title": Entry(LABEL, "Title of the contract", is_required=True),
        "parties": Entry(
            Record(
                {
                    "provider": Entry(ORGANISATION, "Who serves (服务商)", is_required=True),
                    "client": Entry(ORGANISATION, "Who is served (客户)", is_required=True),
                    "suppliers": Entry(ListOf(ORGANISATION), "Third parties (第三方厂商)", default=[]),
                }
            ),
            "Who agreed",
            is_required=True,
        ),
        "valid": Entry(
            Record(
                {
                    "from": Entry(Day(), "First day", is_required=True),
                    "to": Entry(Day(), "The day after the last day (exclusive)", is_required=True),
                }
            ),
            "Term of the contract, in its own time zone",
            is_required=True,
        ),
        "effective": Entry(Day(), "First day on which this version holds; needed from the second version on"),
        "zone": Entry(Zone(), "Time zone of dates, numbers and reports", is_required=True),
        "processes": Entry(ListOf(REASON, 1), "Processes used under the contract; default: all"),
        "calendars": Entry(MapOf(KEY, CALENDAR, 1, 20), "Service hours by key", is_required=True),
        "services": Entry(MapOf(KEY, SERVICE, 1, 200), "Service catalogue (服务目录)", is_required=True),
        "priorities": Entry(
            MapOf(KEY, PRIORITY, 1, 12), "Priorities, the most pressing first", is_required=True
        ),
        "priority_matrix": Entry(MATRIX, "Priority from impact × urgency", is_required=True),
        "clocks": Entry(MapOf(WORD, CLOCK, 1, 24), "What is timed", is_required=True),
        "targets": Entry(
            MapOf(KEY, MapOf(KEY, MapOf(WORD, GOAL, 1), 1), 1),
            "Service (or all) → priority (or all) → clock → goal",
            is_required=True,
        ),
        "pauses": Entry(PAUSES, "What stops a clock, and for whom"),
        "exclusions": Entry(
            MapOf(REASON, EXCLUSION), "Windows that may be excluded by agreement", default={}
        ),
        "indicators": Entry(
            MapOf(Choice(tuple(INDICATORS)), INDICATOR), "Indicators with their goals", default={}
        ),
        "scoring": Entry(SCORING, "How a period is scored (考核办法), and what the score decides"),
        "appraisal": Entry(APPRAISAL, "How a statement goes its way (考核流程): terms, fee, signing, raters"),
        "reports": Entry(
            Record(
                {
                    "monthly": Entry(REPORT, "Monthly service report (月度服务报告)"),
                    "ledger": Entry(REPORT, "Service ledger (服务台账)"),
                }
            ),
            "Reports that are owed, and when each is due",
        ),
        "escalation": Entry(ListOf(ESCALATION), "Who is told when a goal comes near", default=[]),
        "desk": Entry(DESK, "Rules of the service desk"),
        "exemptions": Entry(ListOf(EXEMPTION), "Warnings that were looked at and accepted", default=[]),
    }
)


def json_schema() -> JsonSchema:
    """The JSON Schema (2020-12) of a contract, for editors; docs/contract.schema.json is this, tested."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Yunheng contract",
        "description": "A service contract as code (YAML 1.2). What no schema can say, `yunheng contract check` does.",
        **CONTRACT.json_schema(),
    }
