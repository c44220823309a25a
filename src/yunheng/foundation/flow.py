"""The executor of processes: the one way in which a subject changes its state (ADR 0003, DESIGN §3).

Guards and effects are names in a typed registry; packages above register theirs. The executor decides, checks the form,
and updates the row under its old state and version together with one entry and what the caller sends along with it (its
facts), in the caller's transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from yunheng.logic.canonical import instant
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.flow import (
    FieldSpec,
    Label,
    Process,
    State,
    Transition,
    available,
    decide,
    form_faults,
    parse_process,
)

from . import statements
from .access import Viewer
from .facts import FactDraft, encode_facts
from .journal import EntryDraft, NotChangedError, Rider, record
from .models import Entry, SubjectBase
from .refusals import Conflict, Forbidden, Invalid

MOST_BYTES: Final = 1_000_000
PACKS: Final = Path(__file__).resolve().parent.parent / "packs" / "processes"


# --- processes


class UnknownProcessError(LookupError):
    """No pack holds that process, or not that version of it."""


@cache
def load_processes(folder: Path = PACKS) -> Mapping[tuple[str, int], Process]:
    """All processes of a folder of YAML documents by (key, version); read once per run of the program.

    Raises logic.flow.FlowError for a document that is no process, ValueError when two files hold the same
    version.
    """
    found: dict[tuple[str, int], Process] = {}
    for path in sorted(folder.glob("*.yaml")):
        process = read_process(path)
        if (process.key, process.version) in found:
            raise ValueError(f"{path.name}: version {process.version} of {process.key} is there twice")
        found[process.key, process.version] = process
    return found


def read_process(path: Path) -> Process:
    """The process in a YAML 1.2 document. Raises logic.flow.FlowError with every fault, ValueError for a file
    that is no YAML or larger than a process can be, OSError.
    """
    text = path.read_bytes()
    if len(text) > MOST_BYTES:
        raise ValueError(f"larger than {MOST_BYTES} bytes")
    try:
        document = YAML(typ="safe", pure=True).load(text.decode("utf-8"))
    except YAMLError as error:
        raise ValueError(f"no YAML: {' '.join(str(error).split())}") from None
    return parse_process(document)


def process_of(key: str, version: int | None = None) -> Process:
    """One version of a process, by default the newest. Raises UnknownProcessError."""
    found = load_processes()
    version = version or max((number for name, number in found if name == key), default=0)
    try:
        return found[key, version]
    except KeyError:
        raise UnknownProcessError(f"no process {key!r} of version {version}") from None


def process_for(subject: SubjectBase) -> Process:
    """The version of its process that a subject runs on."""
    return process_of(subject.process_key, subject.process_version)


def label_text(label: Label) -> str:
    """A label of a process in the language of the request; Chinese and English are always there."""
    tag = "zh-Hans" if (get_language() or "").lower().startswith("zh") else "en"
    return label.get(tag) or next(iter(label.values()), "")


# --- registry


@dataclass(frozen=True, slots=True)
class Step:
    """What guards and effects are told of a transition: the subject as it is, and the values of the form.

    `values` holds what the resolvers made of the form: text, bool, aware datetime, date, or a row for
    references.
    """

    subject: SubjectBase
    process: Process
    transition: Transition
    viewer: Viewer
    at: datetime
    values: Mapping[str, Any]
    old: State  # before; the subject's own state changes while the step is made
    new: State  # after; the same for a transition that stays


@dataclass(slots=True)
class Outcome:
    """What effects ask for: columns of the subject, and more data for the entry by visibility class."""

    columns: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    internal: dict[str, Any] = field(default_factory=dict)
    personal: dict[str, Any] = field(default_factory=dict)
    facts: list[FactDraft] = field(default_factory=list)
    withheld: set[FactKind] = field(default_factory=set)  # facts of the transition that must not be written

    def set(self, column: str, value: Any, stored: Any, *, is_personal: bool = False) -> None:
        """Change a column, and say so in the entry: the state of a subject is the fold of these changes."""
        self.columns[column] = value
        data = self.personal if is_personal else self.shared
        data.setdefault("changes", {})[column] = stored


@dataclass(frozen=True, slots=True)
class Resolved:
    """A form value: what guards and effects work with, and how it stands in the entry."""

    value: Any
    stored: Any


Guard = Callable[[Step], str | None]  # None, or what it objects to, as a sentence
Effect = Callable[[Step, Outcome], None]
Resolver = Callable[[str, SubjectBase], Resolved]  # raises Invalid or ValueError with a sentence

_guards: dict[str, Guard] = {}
_effects: dict[str, Effect] = {}
_resolvers: dict[str, Resolver] = {}


def guard(name: str) -> Callable[[Guard], Guard]:
    """Register a guard under a name that process packs use. Raises ValueError when the name is taken."""

    def register(function: Guard) -> Guard:
        _claim(_guards, name, function)
        return function

    return register


def effect(name: str) -> Callable[[Effect], Effect]:
    """Register an effect under a name that process packs use. Raises ValueError when the name is taken."""

    def register(function: Effect) -> Effect:
        _claim(_effects, name, function)
        return function

    return register


def resolver(kind: str) -> Callable[[Resolver], Resolver]:
    """Register how form fields of a kind ("person", "team", "supplier") become rows."""

    def register(function: Resolver) -> Resolver:
        _claim(_resolvers, kind, function)
        return function

    return register


def guard_names() -> frozenset[str]:
    """Guards that a pack may name."""
    return frozenset(_guards)


def effect_names() -> frozenset[str]:
    """Effects that a pack may name."""
    return frozenset(_effects)


def _claim(table: dict[str, Any], name: str, function: Any) -> None:
    if table.get(name, function) is not function:
        raise ValueError(f"{name!r} is registered already")
    table[name] = function


# --- forms


def clean_form(
    transition: Transition, form: Mapping[str, Any], subject: SubjectBase
) -> Mapping[str, Resolved]:
    """The values of a form, checked and resolved. Raises Invalid with a sentence per field that is wrong."""
    faults: dict[str, list[str]] = {}
    for fault in form_faults(transition, form):
        faults.setdefault(fault.path, []).append(_fault_text(fault.reason))
    cleaned: dict[str, Resolved] = {}
    for spec in transition.form:
        value = form.get(spec.name)
        if spec.name in faults or value is None or (isinstance(value, str) and not value.strip()):
            continue
        try:
            cleaned[spec.name] = _clean(spec, value, subject)
        except (Invalid, ValueError) as error:
            faults.setdefault(spec.name, []).append(str(error))
    if faults:
        raise Invalid(faults)
    return cleaned


def _fault_text(reason: str) -> str:
    return {
        "required": _("This field is required."),
        "not_offered": _("This is not one of the choices."),
        "not_asked_for": _("This form has no such field."),
    }[reason]


def _clean(spec: FieldSpec, value: Any, subject: SubjectBase) -> Resolved:
    if spec.kind in _resolvers:
        return _resolvers[spec.kind](str(value), subject)
    if spec.kind == "instant":
        at = value if isinstance(value, datetime) else _parse(datetime.fromisoformat, value)
        if at.utcoffset() is None:
            raise ValueError(_("Give the time zone too, for example 2026-04-01T09:30:00+08:00."))
        return Resolved(at, instant(at))
    if spec.kind == "date":
        day = value if type(value) is date else _parse(date.fromisoformat, value)
        return Resolved(day, day.isoformat())
    if spec.kind == "flag":
        if value in (True, "true", "on", "1"):
            return Resolved(True, True)
        if value in (False, "false", "off", "0"):
            return Resolved(False, False)
        raise ValueError(_("Answer yes or no."))
    if not isinstance(value, str):
        raise ValueError(_("This must be text."))
    text = value.strip()
    if spec.kind == "line" and ("\n" in text or len(text) > LINE_LENGTH):
        raise ValueError(_("One line of at most %(count)d characters.") % {"count": LINE_LENGTH})
    if len(text) > TEXT_LENGTH:
        raise ValueError(_("At most %(count)d characters.") % {"count": TEXT_LENGTH})
    return Resolved(text, text)


LINE_LENGTH: Final = 300
TEXT_LENGTH: Final = 50_000


def _parse(reader: Callable[[str], Any], value: Any) -> Any:
    try:
        return reader(str(value))
    except ValueError:
        raise ValueError(_("This is no date or time in the form 2026-04-01T09:30:00+08:00.")) from None


# --- moving


@dataclass(frozen=True, slots=True)
class Moved:
    """A transition that was made: its entry and its facts."""

    entry_id: int
    old: State
    new: State
    facts: tuple[FactDraft, ...]
    values: Mapping[str, Any]
    told: Mapping[str, Mapping[str, Any]]  # the entry's data by visibility class, without the actor


#: What goes along with the entry of a transition, by its facts, the values of its form, and its data by class.
Along = Callable[[Sequence[FactDraft], Mapping[str, Any], Mapping[str, Mapping[str, Any]]], Sequence[Rider]]


def offered(subject: SubjectBase, viewer: Viewer) -> tuple[Transition, ...]:
    """Transitions that lead on from the subject's state for this viewer; guards are asked when it is tried."""
    process = process_for(subject)
    if viewer.is_system:
        return tuple(item for item in process.transitions.values() if subject.state in item.from_)
    return available(process, subject.state, viewer.permissions(subject.scope_id))


def move(
    subject: SubjectBase,
    transition_key: str,
    *,
    viewer: Viewer,
    at: datetime,
    recorded_at: datetime,
    form: Mapping[str, Any],
    entry_type: str,
    source: str = "person",
    expected_version: int | None = None,
    open_wait: int = 0,
    more: Effect | None = None,
    along: Along | None = None,
) -> Moved:
    """Make a transition, in the caller's transaction (1 statement, plus what guards and effects ask).

    `expected_version` is the row version that the person saw, by default the subject's own; `open_wait` is
    the entry that began the waiting period in force (0: none); `more` is an effect of the caller's; `along` tells what
    goes into the database with the entry. On return `subject` holds the new values.

    Raises Conflict when the subject changed meanwhile or the transition does not lead on from its state,
    Forbidden, and Invalid with a sentence per field, or under "transition" for a guard's objection.
    """
    process = process_for(subject)
    transition = process.transitions.get(transition_key)
    if transition is None:
        raise Invalid({"transition": _("There is no transition “%(key)s”.") % {"key": transition_key}})
    if expected_version is not None and expected_version != subject.row_version:
        raise conflict(subject, viewer)
    _decide(process, subject, transition, viewer, None)
    cleaned = clean_form(transition, form, subject)
    values = {name: item.value for name, item in cleaned.items()}
    old, new = process.states[subject.state], process.states[transition.target(subject.state)]
    step = Step(subject, process, transition, viewer, at, values, old, new)
    _decide(process, subject, transition, viewer, step)

    outcome = Outcome()
    for name in transition.effects:
        _effects[name](step, outcome)
    if more is not None:
        more(step, outcome)
    facts = _facts(step, outcome, open_wait)
    data = _entry_data(step, cleaned, outcome, facts)
    columns = {**outcome.columns, "state": new.key}
    try:
        entry_id = record(
            EntryDraft(
                scope_id=subject.scope_id,
                scope_key=subject.scope.key,
                subject_id=subject.pk,
                subject_number=subject.number,
                type=entry_type,
                occurred_at=at,
                actor=viewer.actor,
                source=source,
                shared=data["shared"],
                internal=data["internal"] or None,
                personal=data["personal"] or None,
            ),
            recorded_at=recorded_at,
            change=_change_of(subject, columns),
            riders=along(facts, values, data) if along else (),
        )
    except NotChangedError:
        raise conflict(subject, viewer) from None
    _take_over(subject, columns)
    return Moved(entry_id, old, new, tuple(facts), values, data)


def _decide(
    process: Process, subject: SubjectBase, transition: Transition, viewer: Viewer, step: Step | None
) -> None:
    """Raise unless the transition may be made; guards are asked only when there is a step to show them."""
    results: dict[str, str | None] = dict.fromkeys(transition.guards)
    if step is not None:
        results = {name: _guards[name](step) for name in transition.guards}
    allowed = {transition.permission} if viewer.is_system else viewer.permissions(subject.scope_id)
    decision = decide(process, subject.state, transition.key, allowed, results)
    if decision.is_allowed:
        return
    if decision.reason == "not_permitted":
        raise Forbidden(
            _("You may not do “%(transition)s” here.") % {"transition": label_text(transition.label)},
            permission=transition.permission,
        )
    if decision.reason.startswith("guard:"):
        raise Invalid({"transition": decision.detail}, code=decision.reason)
    state = process.states.get(subject.state)
    who_id, who = _who_moved(subject, viewer)
    if not who:
        sentence = _("“%(transition)s” does not lead on from “%(state)s”.")
    elif who_id and who_id == viewer.actor.id:
        sentence = _("“%(transition)s” does not lead on from “%(state)s”: you moved it there yourself.")
    else:
        sentence = _("“%(transition)s” does not lead on from “%(state)s”: %(who)s moved it there meanwhile.")
    raise Conflict(
        sentence
        % {
            "transition": label_text(transition.label),
            "state": label_text(state.label) if state else subject.state,
            "who": who,
        },
        changed_by=who,
        state=subject.state,
    )


def _who_moved(subject: SubjectBase, viewer: Viewer) -> tuple[str, str]:
    """Id and name of who brought the subject into its state, as far as the viewer may know names of people; else two
    blanks.
    """
    if not viewer.may("entry.personal", subject.scope_id):
        return "", ""
    entries = Entry.objects.filter(scope_id=subject.scope_id, subject_id=subject.pk)
    for entry in entries.select_related("body").order_by("-id")[:RECENT]:
        if (entry.body.shared or {}).get("to") == subject.state:
            actor = (entry.body.personal or {}).get("actor") or {}
            return actor.get("id", ""), actor.get("name", "")
    return "", ""


RECENT: Final = 50  #: entries among which the last move is looked for


def _facts(step: Step, outcome: Outcome, open_wait: int) -> list[FactDraft]:
    at = int(step.at.timestamp())
    facts = []
    if step.old.category == "waiting" and step.new.key != step.old.key and open_wait:
        facts.append(FactDraft(FactKind.WAIT_ENDED, at, ref=open_wait))
    facts += outcome.facts
    for spec in step.transition.facts:
        if spec.kind in outcome.withheld:
            continue
        term = spec.term
        if spec.term_from is not None:
            value = step.values.get(spec.term_from, "")
            term = str(getattr(value, "key", value))
        facts.append(FactDraft(spec.kind, at, term))
    if step.new.category == "waiting" and step.new.key != step.old.key:
        facts.append(FactDraft(FactKind.WAIT_BEGAN, at, step.new.reason or "", step.new.party or Party.NONE))
    return facts


def _entry_data(
    step: Step, cleaned: Mapping[str, Resolved], outcome: Outcome, facts: list[FactDraft]
) -> dict[str, dict[str, Any]]:
    data: dict[str, dict[str, Any]] = {
        "shared": {
            "transition": step.transition.key,
            "from": step.old.key,
            "to": step.new.key,
            **outcome.shared,
        },
        "internal": dict(outcome.internal),
        "personal": dict(outcome.personal),
    }
    if facts:
        data["shared"]["facts"] = encode_facts(facts)
    for spec in step.transition.form:
        if spec.name in cleaned:
            visibility = "personal" if spec.kind == "person" else spec.visibility
            data[visibility].setdefault("form", {})[spec.name] = cleaned[spec.name].stored
    return data


# --- the row


def update_subject(subject: SubjectBase, columns: Mapping[str, Any], *, viewer: Viewer) -> None:
    """Change columns under the state and row version that were read; the version grows by one (1 statement).

    Also the lock that orders everything done to one subject: each action takes it before it reads what it depends on.
    Raises Conflict, naming who was first, when another change came between.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a subject is changed inside a transaction only")
    change = _change_of(subject, columns)
    if statements.run(change.statement, change.params) != 1:
        raise conflict(subject, viewer)
    _take_over(subject, columns)


def _change_of(subject: SubjectBase, columns: Mapping[str, Any]) -> Rider:
    """The update of a subject under the state and row version that were read."""
    meta = type(subject)._meta
    fields = [(meta.get_field(name), value) for name, value in columns.items()]
    assigned = "".join(f', "{column.column}" = %s' for column, _value in fields)  # type: ignore[union-attr]
    return Rider(
        f'UPDATE "{meta.db_table}" SET row_version = row_version + 1{assigned}'  # noqa: S608 - names of our models
        " WHERE id = %s AND state = %s AND row_version = %s RETURNING id",
        (
            *(
                column.get_db_prep_save(getattr(value, "pk", value), connection)  # type: ignore[union-attr]
                for column, value in fields
            ),
            *(subject.pk, subject.state, subject.row_version),
        ),
    )


def _take_over(subject: SubjectBase, columns: Mapping[str, Any]) -> None:
    """Have the row that was read hold what was written."""
    subject.row_version += 1
    for name, value in columns.items():
        setattr(subject, name, value)


def lock_subject(subject: SubjectBase) -> None:
    """Hold the subject's row until the transaction ends, for what adds to a subject without changing its
    row.
    """
    table = subject._meta.db_table
    statements.run(f'SELECT FROM "{table}" WHERE id = %s FOR UPDATE', [subject.pk])


def conflict(subject: SubjectBase, viewer: Viewer) -> Conflict:
    """The refusal that says who changed the subject meanwhile, and what its state is now."""
    state = type(subject)._default_manager.filter(pk=subject.pk).values_list("state", flat=True).first() or ""
    last = (
        Entry.objects.filter(scope_id=subject.scope_id, subject_id=subject.pk)
        .select_related("body")
        .order_by("-id")
        .first()
    )
    name = ""
    if last is not None and viewer.may("entry.personal", subject.scope_id):
        name = ((last.body.personal or {}).get("actor") or {}).get("name", "")
    process = process_for(subject)
    label = label_text(process.states[state].label) if state in process.states else state
    return Conflict(
        _("%(who)s changed %(number)s meanwhile; it is “%(state)s” now. Look again before you go on.")
        % {"who": name or _("Somebody else"), "number": subject.number, "state": label},
        changed_by=name,
        state=state,
    )


def migrate_subject(
    subject: SubjectBase,
    *,
    to_version: int,
    state_map: Mapping[str, str],
    reason: str,
    viewer: Viewer,
    at: datetime,
    recorded_at: datetime,
    entry_type: str,
) -> int:
    """Move a running subject to another version of its process by an explicit state map; returns the
    entry's id.

    A state that the map leaves out keeps its key. Clocks do not change: the new state must have the
    category, reason and party of the old one. Raises Invalid for a map that does not fit, Conflict as
    `update_subject` does.
    """
    old_process, new_process = process_for(subject), process_of(subject.process_key, to_version)
    target = state_map.get(subject.state, subject.state)
    if not reason.strip():
        raise Invalid({"reason": _("Say why.")})
    if target not in new_process.states:
        raise Invalid(
            {
                "state_map": _("Version %(version)d has no state “%(state)s”.")
                % {"version": to_version, "state": target}
            }
        )
    old, new = old_process.states[subject.state], new_process.states[target]
    if (old.category, old.reason, old.party) != (new.category, new.reason, new.party):
        raise Invalid(
            {
                "state_map": _("“%(old)s” and “%(new)s” mean different things to the clocks.")
                % {"old": old.key, "new": new.key}
            }
        )
    old_version = subject.process_version
    update_subject(subject, {"state": target, "process_version": to_version}, viewer=viewer)
    return record(
        EntryDraft(
            scope_id=subject.scope_id,
            scope_key=subject.scope.key,
            subject_id=subject.pk,
            subject_number=subject.number,
            type=entry_type,
            occurred_at=at,
            actor=viewer.actor,
            source="person",
            shared={
                "process": subject.process_key,
                "from_version": old_version,
                "to_version": to_version,
                "from": old.key,
                "to": target,
                "reason": reason,
            },
        ),
        recorded_at=recorded_at,
    )
