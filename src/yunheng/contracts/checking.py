"""Checks a contract file without a database: read, schema, meaning, linter; the one way from text to terms."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from yunheng.logic.canonical import canonical
from yunheng.logic.flow import Process
from yunheng.logic.worktime import CalendarError

from .calendars import open_time_of, rules_of, three_years_from
from .compile import compile_terms
from .document import place_of, places, read_document
from .grammar import Findings
from .lint import Linter, lint
from .meaning import Reading, check_meaning
from .normal import terms_of
from .problems import DocumentError, Path, Problem, gettext_noop, show_path
from .schema import CONTRACT


@dataclass(frozen=True, slots=True)
class Accepted:
    """A warning that the document itself accepts, with its reason."""

    problem: Problem
    because: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found. `terms` is None when there are errors; `text` is the document as written."""

    text: str
    terms: dict[str, Any] | None
    effective: date | None
    problems: tuple[Problem, ...]
    accepted: tuple[Accepted, ...] = ()
    provisional: Mapping[str, tuple[int, ...]] | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "warning")


def check(
    data: bytes, processes: Mapping[str, Process] | None = None, *, is_back_to_back: bool = True
) -> Checked:
    """Check a document. `processes` (by key) lets the linter see which reasons and facts there are; None: unknown.
    `is_back_to_back` False leaves out whether promises to the client fit over those behind them, which takes long where
    there are many over many years, and is never an error.

    Never raises for what the document says: every finding is a problem with its place.
    """
    try:
        root = read_document(data)
    except DocumentError as error:
        return Checked("", None, None, tuple(error.problems))
    text = data.decode("utf-8-sig")
    found = Findings()
    raw = CONTRACT.read(root, (), found)
    reading = Reading(raw, root, None if processes is None else frozenset(processes))
    check_meaning(reading)
    problems = found.problems + reading.problems
    effective = raw.get("effective")
    if problems:
        return Checked(text, None, None, _sorted(problems))
    terms = terms_of(raw)
    at = places(root)
    used = processes
    if processes is not None and terms["processes"] is not None:
        used = {key: process for key, process in processes.items() if key in terms["processes"]}
    try:
        calendars, provisional = _materialised(terms)
    except CalendarError as error:  # not foreseen by the checks above: still an answer, not a crash
        path: Path = ("calendars",)
        problem = Problem(
            "calendar",
            path,
            place_of(at, path),
            gettext_noop("%(place)s: %(reason)s"),
            params={"place": error.field, "reason": error.message},
        )
        return Checked(text, None, None, (problem,))
    valid_from, valid_to = validity(terms)
    linter = Linter(
        raw=raw,
        terms=terms,
        compiled=compile_terms(
            terms,
            version_id=0,
            number=0,
            scope_id=0,
            valid_from=valid_from,
            valid_to=valid_to,
            calendars=calendars,
        ),
        places=at,
        processes=used,
    )
    lint(linter, is_back_to_back=is_back_to_back)
    remaining, accepted = _exempted(linter.problems, raw["exemptions"], at)
    has_errors = any(problem.severity == "error" for problem in remaining)
    return Checked(
        text=text,
        terms=None if has_errors else terms,
        effective=date.fromisoformat(effective) if effective else None,
        problems=_sorted(remaining),
        accepted=accepted,
        provisional=provisional,
    )


def validity(terms: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """First instant of the contract and the instant of its end (exclusive), in UTC."""
    zone = terms["zone"]
    return day_start(terms["valid"]["from"], zone), day_start(terms["valid"]["to"], zone)


def day_start(day: str | date, zone: str) -> datetime:
    """The instant at which a local day begins, in UTC."""
    local = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime.combine(local, time(), ZoneInfo(zone)).astimezone(UTC)


def digest(terms: Mapping[str, Any]) -> bytes:
    """SHA-256 of the canonical JSON of the terms: equal for documents that mean the same."""
    return hashlib.sha256(canonical(terms)).digest()


def _materialised(terms: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, tuple[int, ...]]]:
    first, last = (date.fromisoformat(terms["valid"][name]) for name in ("from", "to"))
    until = max(last, three_years_from(first))
    calendars, provisional = {}, {}
    for calendar in terms["calendars"]:
        calendars[calendar["key"]] = open_time_of(calendar, first, until)
        years = rules_of(calendar, first, last - timedelta(days=1)).provisional_years
        if years:
            provisional[calendar["key"]] = tuple(sorted(years))
    return calendars, provisional


def _exempted(
    problems: list[Problem], exemptions: list[dict[str, Any]], at: dict[Path, Any]
) -> tuple[list[Problem], tuple[Accepted, ...]]:
    """Warnings that stay, and those that an exemption names; one that fits nothing is itself a warning."""
    remaining, accepted = list(problems), []
    for index, exemption in enumerate(exemptions):
        fitting = [
            problem
            for problem in problems
            if problem.severity == "warning"
            and problem.code == exemption["warning"]
            and exemption["at"] in (None, show_path(problem.path))
        ]
        for problem in fitting:
            if problem in remaining:
                remaining.remove(problem)
                accepted.append(Accepted(problem, exemption["because"]))
        if not fitting:
            path: Path = ("exemptions", index)
            remaining.append(
                Problem(
                    "exemption_unused",
                    path,
                    place_of(at, path),
                    gettext_noop("no warning “%(warning)s” is there to be accepted"),
                    gettext_noop("delete the exemption, or correct its path"),
                    {"warning": exemption["warning"]},
                    "warning",
                )
            )
    return remaining, tuple(accepted)


def _sorted(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.severity != "error", problem.place)))


__all__ = ["Accepted", "Checked", "check", "day_start", "digest", "validity"]
