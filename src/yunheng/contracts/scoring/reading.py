"""A scheme as it is worked with: what logic/score computes with, where its values and events come from, its labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from yunheng.logic.score import Scheme, reads_of
from yunheng.logic.score.scheme import Unit

from ..document import place_of, places, read_document
from ..grammar import Findings
from ..problems import DocumentError, Path, Place, Problem, gettext_noop
from ..terms import Label
from .checking import Surroundings, check_scoring, lint_scoring
from .compile import scheme_of, unit_of
from .grammar import SCORING
from .terms import terms_of_scoring

Terms = Mapping[str, Any]
LatenessUnit = Literal["working_days", "hours"]


@dataclass(frozen=True, slots=True)
class ValueSource:
    """Where the value that an item reads comes from: an indicator (of one priority or service), or people ("")."""

    reads: str
    unit: Unit
    indicator: str = ""
    by: Literal["priority", "service"] | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class EventSource:
    """Events of a kind that follow from a clock by themselves: one for each ticket that missed it.

    How late it was, in `unit`, is the event's quantity. `priority` and `service` narrow it ("": any).
    """

    kind: str
    clock: str
    unit: LatenessUnit
    priority: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """One scheme. `terms` is the stored section, from which labels are read."""

    scheme: Scheme
    terms: Terms

    def items(self) -> Iterator[Terms]:
        """The stored items in the scheme's order."""
        for section in self.terms["sections"]:
            yield from section["items"]

    def value_sources(self) -> dict[str, ValueSource]:
        """Where each value that the scheme reads comes from, by the name under which it is read."""
        found: dict[str, ValueSource] = {}
        for item in self.items():
            reads = reads_of(item)
            if not reads:
                continue
            only = item.get("only", {})
            by: Literal["priority", "service"] | None = next(iter(only), None)
            found[reads] = ValueSource(
                reads=reads,
                unit=unit_of(item) or "number",
                indicator=item.get("indicator", ""),
                by=by,
                group=only[by] if by else "",
            )
        return found

    def event_sources(self) -> tuple[EventSource, ...]:
        """The kinds of events that follow from clocks."""
        return tuple(
            EventSource(
                kind=event["key"],
                clock=event["from"]["clock"],
                unit=event["from"]["unit"],
                priority=event["from"].get("only", {}).get("priority", ""),
                service=event["from"].get("only", {}).get("service", ""),
            )
            for event in self.terms["events"]
            if "from" in event
        )

    def labels(self, what: Literal["events", "sections", "vetoes", "grades"]) -> dict[str, Label]:
        """Labels by key."""
        return {one["key"]: one["label"] for one in self.terms[what]}

    def item_labels(self) -> dict[str, Label]:
        """Labels of the items by key."""
        return {item["key"]: item["label"] for item in self.items()}


class UnfitSchemeError(ValueError):
    """A document whose scheme cannot be used, with everything that is wrong in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.text() for problem in problems))


def rules_of(terms: Terms) -> Rules:
    """The rules of a stored section."""
    return Rules(scheme_of(terms), terms)


def read_rules(data: bytes, around: Surroundings) -> Rules:
    """The rules in a document: its section `scoring` alone. Raises UnfitSchemeError naming every fault."""
    try:
        root = read_document(data)
    except DocumentError as error:
        raise UnfitSchemeError(error.problems) from error
    node = root.get("scoring")
    if node is None:
        problem = Problem(
            "missing_key",
            (),
            root.place,
            gettext_noop("the key “%(key)s” is missing"),
            gettext_noop("write the scheme under “scoring:”, as it stands in a contract"),
            {"key": "scoring"},
        )
        raise UnfitSchemeError([problem])
    found = Findings()
    raw = SCORING.read(node, ("scoring",), found)
    problems, at = list(found.problems), places(root)

    def note(
        code: str, path: Path, message: str, hint: str = "", *, severity: str = "error", **params: Any
    ) -> None:
        if severity == "error":
            place: Place = place_of(at, path)
            problems.append(Problem(code, path, place, message, hint, params))

    if not problems:
        check_scoring(raw, around, note)
    if not problems:
        terms = terms_of_scoring(raw)
        lint_scoring(terms, note)
    if problems:
        raise UnfitSchemeError(sorted(problems, key=lambda problem: problem.place))
    return rules_of(terms)
