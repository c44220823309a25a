"""From stored terms (plain data) to `ContractTerms`: policies, goals and labels to compute with. No Django."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from yunheng.logic.clock import ClockPolicy, Goal
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.priority import PriorityTable, priority_table
from yunheng.logic.worktime import OpenTime

from .appraisal_section.compile import appraisal_of
from .scoring.compile import scheme_of
from .terms import (
    ClockDetail,
    ContractTerms,
    EscalationStep,
    ExclusionReason,
    IndicatorGoal,
    IndicatorSpec,
    Matrix,
    PauseReason,
    Priority,
    ReportTerm,
    Service,
)

#: Format of the stored terms; a later release that stores another one reads both.
FORMAT = 1

Terms = Mapping[str, Any]


def compile_terms(
    terms: Terms,
    *,
    version_id: int,
    number: int,
    scope_id: int,
    valid_from: datetime,
    valid_to: datetime,
    calendars: Mapping[str, OpenTime],
) -> ContractTerms:
    """Terms as checked and stored (see `checking.check`), with the calendars materialised for that version.

    Raises ValueError for a format that this release does not know.
    """
    if terms.get("format") != FORMAT:
        raise ValueError(f"contract terms of format {terms.get('format')!r}; this release reads {FORMAT}")
    parties, desk, pauses = terms["parties"], terms["desk"], terms["pauses"]
    auto_close = desk["auto_close"]
    return ContractTerms(
        version_id=version_id,
        number=number,
        key=terms["key"],
        scope_id=scope_id,
        title=terms["title"],
        zone=terms["zone"],
        valid_from=valid_from,
        valid_to=valid_to,
        provider=parties["provider"]["key"],
        client=parties["client"]["key"],
        suppliers={supplier["key"]: supplier["name"] for supplier in parties["suppliers"]},
        clocks={clock["key"]: _policy(clock, terms) for clock in terms["clocks"]},
        clock_details={
            clock["key"]: ClockDetail(
                key=clock["key"],
                kind=clock["kind"],
                audience=clock["audience"],
                label=clock["label"],
                supplier=clock["supplier"],
            )
            for clock in terms["clocks"]
        },
        calendars=calendars,
        services={
            service["key"]: Service(
                key=service["key"],
                label=service["label"],
                calendar=service["calendar"],
                description=service["description"],
            )
            for service in terms["services"]
        },
        priorities={
            priority["key"]: Priority(key=priority["key"], label=priority["label"], rank=rank)
            for rank, priority in enumerate(terms["priorities"])
        },
        matrix=_matrix(terms),
        pause_reasons={
            reason["code"]: PauseReason(
                code=reason["code"],
                label=reason["label"],
                party=Party[reason["party"].upper()],
                stops=frozenset(reason["stops"]),
            )
            for reason in pauses["reasons"]
        },
        exclusions={
            exclusion["code"]: ExclusionReason(
                code=exclusion["code"],
                label=exclusion["label"],
                party=Party[exclusion["party"].upper()],
                agreed_by=frozenset(exclusion["agreed_by"]),
            )
            for exclusion in terms["exclusions"]
        },
        indicators={indicator["key"]: _indicator(indicator) for indicator in terms["indicators"]},
        escalation=tuple(
            EscalationStep(clock=step["clock"], share=step["share"], roles=tuple(step["roles"]))
            for step in terms["escalation"]
        ),
        accepting_is_responding=desk["accepting_is_responding"],
        auto_close_days=None if auto_close is None else auto_close["days"],
        auto_close_calendar=None if auto_close is None else auto_close["calendar"],
        confirm_days=pauses["confirm_days"],
        confirm_calendar=pauses["confirm_calendar"],
        backdating_default_seconds=desk["backdating"]["default"],
        backdating_seconds=desk["backdating"]["roles"],
        reports={
            report["kind"]: ReportTerm(
                kind=report["kind"],
                working_days=report["working_days"],
                seconds=report["seconds"],
                calendar=report["calendar"],
            )
            for report in terms.get("reports", ())  # terms of an earlier release have none
        },
        scoring=scheme_of(terms["scoring"]) if "scoring" in terms else None,
        appraisal=appraisal_of(terms["appraisal"]) if "appraisal" in terms else None,
    )


def _policy(clock: Mapping[str, Any], terms: Terms) -> ClockPolicy:
    key = clock["key"]
    pauses = terms["pauses"]
    return ClockPolicy(
        kind=key,
        start=_facts(clock["start"]),
        stop=_facts(clock["stop"]),
        cancel=_facts(clock["cancel"]),
        reset=_facts(clock["reset"]),
        goals={
            f"{target['service']}|{target['priority']}": Goal(
                calendar=target["calendar"], seconds=target["seconds"], working_days=target["working_days"]
            )
            for target in terms["targets"]
            if target["clock"] == key
        },
        pause_reasons=frozenset(reason["code"] for reason in pauses["reasons"] if key in reason["stops"]),
        is_reopenable=clock["reopen"] != "final",
        reopen="count" if clock["reopen"] == "count" else "exclude",
        goal_change=clock["goal_change"],
        confirm_days=pauses["confirm_days"],
        confirm_calendar=pauses["confirm_calendar"],
        warn_shares=tuple(clock["warn"]),
        supplier=clock["supplier"],
    )


def _facts(names: Sequence[str]) -> frozenset[FactKind]:
    return frozenset(FactKind[name.upper()] for name in names)


def _matrix(terms: Terms) -> Matrix:
    matrix = terms["matrix"]
    major = matrix["major"]
    return Matrix(
        impacts={impact["key"]: impact["label"] for impact in matrix["impacts"]},
        urgencies={urgency["key"]: urgency["label"] for urgency in matrix["urgencies"]},
        table=priority_table_of(terms),
        major_priority=None if major is None else major["priority"],
        major_roles=frozenset() if major is None else frozenset(major["set_by"]),
    )


def priority_table_of(terms: Terms) -> PriorityTable:
    """The table impact × urgency → priority of the terms."""
    matrix = terms["matrix"]
    rows: dict[str, dict[str, str]] = {}
    for impact, urgency, priority in matrix["cells"]:
        rows.setdefault(impact, {})[urgency] = priority
    return priority_table(
        [impact["key"] for impact in matrix["impacts"]],
        [urgency["key"] for urgency in matrix["urgencies"]],
        [priority["key"] for priority in terms["priorities"]],
        rows,
    )


def _indicator(indicator: Mapping[str, Any]) -> IndicatorSpec:
    goal = indicator["goal"]
    return IndicatorSpec(
        key=indicator["key"],
        label=indicator["label"],
        goal=None
        if goal is None
        else IndicatorGoal(comparison=goal["comparison"], value=Decimal(goal["value"]), unit=goal["unit"]),
        time_base=indicator["time_base"],
        calendar=indicator["calendar"],
        digits=indicator["digits"],
        clocks=tuple(indicator["clocks"]),
        within_seconds=indicator["within_seconds"],
        days=indicator["days"],
        of=indicator["of"],
        on_empty=indicator["on_empty"],
    )
