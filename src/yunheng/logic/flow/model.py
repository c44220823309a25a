"""What a process consists of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from yunheng.logic.facts import FactKind, Party

Category = Literal["open", "waiting", "restored", "resolved", "closed", "cancelled"]
FieldKind = Literal["line", "text", "choice", "instant", "date", "flag", "person", "team", "supplier"]
Visibility = Literal["shared", "internal", "personal"]
Label = Mapping[str, str]

LANGUAGES: Final = ("zh-Hans", "en")


@dataclass(frozen=True, slots=True)
class State:
    """A state of a subject. `reason` and `party` belong to waiting states: why, and for whom, the work waits.

    Whether that reason stops a clock is for the contract to say, never for the process.
    """

    key: str
    category: Category
    label: Label
    reason: str | None = None
    party: Party | None = None

    @property
    def is_final(self) -> bool:
        """Whether the subject's life ends here."""
        return self.category in ("closed", "cancelled")


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a field of kind "choice"."""

    key: str
    label: Label


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field that a transition asks for. `visibility` is the class of the entry's data that its value goes
    to.
    """

    name: str
    kind: FieldKind
    is_required: bool
    label: Label
    choices: tuple[Choice, ...] = ()
    visibility: Visibility = "shared"


@dataclass(frozen=True, slots=True)
class FactSpec:
    """A fact that a transition writes; its term is fixed, or the value of the form's field `term_from`."""

    kind: FactKind
    term: str = ""
    term_from: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from some states to another. `to` is None when the state stays as it is (an assignment, say)."""

    key: str
    label: Label
    from_: frozenset[str]
    to: str | None
    permission: str
    guards: tuple[str, ...] = ()
    form: tuple[FieldSpec, ...] = ()
    effects: tuple[str, ...] = ()
    facts: tuple[FactSpec, ...] = ()

    def target(self, state: str) -> str:
        """The state after this transition has been made in `state`."""
        return state if self.to is None else self.to


@dataclass(frozen=True, slots=True)
class Opening:
    """How a subject comes into being."""

    permission: str
    facts: tuple[FactSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Process:
    """One version of a process. States and transitions keep the order of the document."""

    key: str
    version: int
    label: Label
    subject_kind: str
    initial: str
    opening: Opening
    states: Mapping[str, State]
    transitions: Mapping[str, Transition]

    @property
    def has_clocks(self) -> bool:
        """Whether its subjects begin with a fact, so that clocks can run on them. A report, for one, has none."""
        return bool(self.opening.facts)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where ("states.new.category")."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path or 'process'}: {self.reason}"


class FlowError(ValueError):
    """A document that is no process, with all of its faults."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)))
