"""What may be done with a subject now, and why not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from yunheng.logic.flow.model import Fault, Process, Transition


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a transition may be made, and the named reason why not.

    Reasons: "" (allowed), "unknown_transition", "unknown_state", "not_from_here", "not_permitted",
    "guard:NAME". `detail` is what the guard said.
    """

    is_allowed: bool
    reason: str = ""
    detail: str = ""


def decide(
    process: Process,
    state: str,
    transition_key: str,
    permissions: Collection[str],
    guard_results: Mapping[str, str | None],
) -> Decision:
    """Whether someone with these permissions may make the transition now.

    `guard_results` has for each guard None when it is content, otherwise what it objects to. A guard that
    has not been asked objects.
    """
    transition = process.transitions.get(transition_key)
    if transition is None:
        return Decision(False, "unknown_transition")
    if state not in process.states:
        return Decision(False, "unknown_state")
    if state not in transition.from_:
        return Decision(False, "not_from_here")
    if transition.permission not in permissions:
        return Decision(False, "not_permitted")
    for guard in transition.guards:
        objection = guard_results.get(guard, "the guard was not asked")
        if objection is not None:
            return Decision(False, f"guard:{guard}", objection)
    return Decision(True)


def available(process: Process, state: str, permissions: Collection[str]) -> tuple[Transition, ...]:
    """The transitions that lead on from `state` for someone with these permissions, in the document's order.

    Guards are not asked: what they object to is shown when the transition is tried.
    """
    return tuple(
        transition
        for transition in process.transitions.values()
        if state in transition.from_ and transition.permission in permissions
    )


def form_faults(transition: Transition, values: Mapping[str, object]) -> list[Fault]:
    """What is wrong with the values given to the form: missing, not offered, or not asked for. Path = field
    name.
    """
    faults = []
    names = {spec.name for spec in transition.form}
    for spec in transition.form:
        value = values.get(spec.name)
        is_empty = value is None or (isinstance(value, str) and not value.strip())
        if is_empty and spec.is_required:
            faults.append(Fault(spec.name, "required"))
        elif not is_empty and spec.kind == "choice" and value not in [choice.key for choice in spec.choices]:
            faults.append(Fault(spec.name, "not_offered"))
    faults.extend(Fault(name, "not_asked_for") for name in values if name not in names)
    return faults
