"""What is wrong with a process that can be read: dead ends, unknown names, clocks that never stop."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from yunheng.logic.facts import FactKind
from yunheng.logic.flow.model import LANGUAGES, Category, Label, Process, Transition

Severity = Literal["error", "warning"]

_ENTERING: Final[Mapping[Category, FactKind]] = {
    "restored": FactKind.RESTORED,
    "resolved": FactKind.RESOLVED,
    "closed": FactKind.CLOSED,
    "cancelled": FactKind.CANCELLED,
}
_ACTIVE: Final[frozenset[Category]] = frozenset(("open", "waiting"))
_DONE: Final[frozenset[Category]] = frozenset(("resolved", "closed"))


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault (error) or a doubtful choice (warning), and where it is ("states.new.label")."""

    path: str
    severity: Severity
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def lint_process(
    process: Process, permissions: Collection[str], guards: Collection[str], effects: Collection[str]
) -> list[Finding]:
    """Everything that is wrong or doubtful about `process`, in a fixed order. Empty when it is fit for use.

    `permissions` are those that some role has; `guards` and `effects` the names in the registry.
    """
    findings = [
        *_states(process),
        *_ways(process),
        *_names(process, permissions, guards, effects),
        *_facts(process),
        *_labels(process),
    ]
    return list(dict.fromkeys(findings))


def _error(path: str, message: str) -> Finding:
    return Finding(path, "error", message)


def _warning(path: str, message: str) -> Finding:
    return Finding(path, "warning", message)


def _states(process: Process) -> Iterator[Finding]:
    reasons: dict[tuple[str, object], str] = {}
    for key, state in process.states.items():
        path = f"states.{key}"
        if state.category == "waiting":
            if state.reason is None:
                yield _error(f"{path}.reason", "a waiting state says why it waits")
            if state.party is None:
                yield _error(f"{path}.party", "a waiting state says for whom it waits")
            if state.reason is not None:
                other = reasons.setdefault((state.reason, state.party), key)
                if other != key:
                    yield _warning(f"{path}.reason", f"state {other!r} waits for the same reason and party")
        elif state.reason is not None or state.party is not None:
            yield _error(path, "only a waiting state has a reason and a party")
    initial = process.states.get(process.initial)
    if initial is not None and initial.category != "open":
        yield _error("initial", f"the first state is of category {initial.category}, not open")
    if not any(state.is_final for state in process.states.values()):
        yield _error("states", "no state is closed or cancelled, so nothing ever ends")


def _ways(process: Process) -> Iterator[Finding]:
    onward: dict[str, set[str]] = {key: set() for key in process.states}
    backward: dict[str, set[str]] = {key: set() for key in process.states}
    for transition in process.transitions.values():
        if transition.to is not None:
            for source in transition.from_:
                onward[source].add(transition.to)
                backward[transition.to].add(source)
    reachable = _closure({process.initial}, onward)
    ending = _closure({key for key, state in process.states.items() if state.is_final}, backward)
    for key, state in process.states.items():
        if key not in reachable:
            yield _error(f"states.{key}", f"cannot be reached from {process.initial!r}")
        if key not in ending:
            yield _error(f"states.{key}", "is a dead end: no way leads on to a closed or cancelled state")
        if state.is_final and onward[key]:
            yield _warning(f"states.{key}", "is final, and yet a transition leads on from it")


def _closure(start: set[str], edges: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting.extend(edges.get(key, ()))
    return found


def _names(
    process: Process, permissions: Collection[str], guards: Collection[str], effects: Collection[str]
) -> Iterator[Finding]:
    if process.opening.permission not in permissions:
        yield _error("opening.permission", f"no role has the permission {process.opening.permission!r}")
    for key, transition in process.transitions.items():
        path = f"transitions.{key}"
        if transition.permission not in permissions:
            yield _error(f"{path}.permission", f"no role has the permission {transition.permission!r}")
        for guard in transition.guards:
            if guard not in guards:
                yield _error(f"{path}.guards", f"there is no guard {guard!r}")
        for effect in transition.effects:
            if effect not in effects:
                yield _error(f"{path}.effects", f"there is no effect {effect!r}")


def _facts(process: Process) -> Iterator[Finding]:
    """A category that is entered without its fact would leave clocks running, or stop them for ever."""
    if not process.has_clocks:
        for key, transition in process.transitions.items():
            if transition.facts:
                yield _error(f"transitions.{key}.facts", "writes facts, and the opening writes none")
        return
    for key, transition in process.transitions.items():
        path = f"transitions.{key}.facts"
        kinds = {fact.kind for fact in transition.facts}
        for source, target in _category_changes(process, transition):
            expected = _ENTERING.get(target)
            if source in _DONE and target in _ACTIVE:
                expected = FactKind.REOPENED
            if source != target and expected is not None and expected not in kinds:
                yield _error(path, f"leads from {source} to {target} and must write {expected.name}")
        for kind in (FactKind.RESOLVED, FactKind.CLOSED, FactKind.CANCELLED):
            if kind in kinds and not any(
                _ENTERING.get(target) is kind for _, target in _category_changes(process, transition)
            ):
                yield _error(path, f"writes {kind.name} but leads to no state of that category")


def _category_changes(process: Process, transition: Transition) -> list[tuple[Category, Category]]:
    changes = {
        (process.states[source].category, process.states[transition.target(source)].category)
        for source in transition.from_
    }
    return sorted(changes)


def _labels(process: Process) -> Iterator[Finding]:
    labels: list[tuple[str, Label]] = [("label", process.label)]
    labels += [(f"states.{key}.label", state.label) for key, state in process.states.items()]
    for key, transition in process.transitions.items():
        labels.append((f"transitions.{key}.label", transition.label))
        for position, field in enumerate(transition.form):
            path = f"transitions.{key}.form[{position}]"
            labels.append((f"{path}.label", field.label))
            labels += [(f"{path}.choices.{choice.key}", choice.label) for choice in field.choices]
    for path, label in labels:
        for language in LANGUAGES:
            if language not in label:
                yield _error(path, f"has no text in {language}")
    yield from _alike({f"states.{key}.label": state.label for key, state in process.states.items()})
    for state in process.states:
        yield from _alike(
            {f"transitions.{k}.label": t.label for k, t in process.transitions.items() if state in t.from_}
        )


def _alike(labels: Mapping[str, Label]) -> Iterator[Finding]:
    """Labels that nobody could tell apart."""
    for language in LANGUAGES:
        seen: dict[str, str] = {}
        for path, label in labels.items():
            text = label.get(language)
            if text is not None and (other := seen.setdefault(text, path)) != path:
                yield _error(path, f"reads {text!r} like {other}")
