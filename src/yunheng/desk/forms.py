"""Forms of the ticket's page as data: what is asked for, what was typed, and what is wrong with it.

One template renders them all. A form knows what its page had shown (row version and number of entries), so that
somebody else's change is noticed and can be told.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from yunheng.foundation.flow import label_text
from yunheng.foundation.refusals import Invalid
from yunheng.logic.flow import FieldSpec, Transition

LOCAL: Final = "%Y-%m-%dT%H:%M"  #: how a browser writes a local date and time


class Option(NamedTuple):
    """One choice of a field."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """Choices under one heading; "" for none."""

    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One control. `kind`: line, text, choice, radio, instant, date, flag, files, hidden."""

    name: str
    kind: str
    label: str
    is_required: bool = False
    value: str = ""
    errors: tuple[str, ...] = ()
    help: str = ""
    groups: tuple[OptionGroup, ...] = ()
    empty: str = "–"  # the choice of nothing; a required choice begins without one chosen
    load: str = ""  # address that gives new choices when this one changes …
    target: str = ""  # … and the id of what it replaces
    id: str = ""

    @property
    def is_optional(self) -> bool:
        """Whether it is marked as one that may stay empty."""
        return not self.is_required

    @property
    def is_wide(self) -> bool:
        """Whether it takes the whole width of its form."""
        return self.kind == "text"

    @property
    def is_folded(self) -> bool:
        """Whether it belongs to what is folded away: when it happened."""
        return self.name == "at"


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody sent: which form, the values as typed, and what was said of them."""

    key: str
    values: Mapping[str, str]
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_conflict: bool = False

    def get(self, name: str) -> str:
        """The value of a field as typed."""
        return self.values.get(name, "")


@dataclass(frozen=True, slots=True)
class Form:
    """A form that stands on the page. `errors` are those of no field; `is_gone`: it can be sent no longer."""

    key: str
    url: str
    label: str
    fields: tuple[Field, ...]
    button: str = ""
    look: str = ""  # "", "main", "wait", "danger"
    errors: tuple[str, ...] = ()
    is_open: bool = False
    is_conflict: bool = False
    is_gone: bool = False
    lead: str = ""  # a sentence above the fields
    preview: str = ""  # address of a live preview under the fields

    @property
    def id(self) -> str:
        """The form's id within the page."""
        return "f-" + self.key.replace(":", "-")

    @property
    def open_fields(self) -> list[Field]:
        """Fields that are always to be seen."""
        return [one for one in self.fields if not one.is_folded]

    @property
    def folded_fields(self) -> list[Field]:
        """Fields that are folded away."""
        return [one for one in self.fields if one.is_folded]

    @property
    def is_unfolded(self) -> bool:
        """Whether something that is folded away has to be seen: it was filled in, or is wrong."""
        return any(one.value or one.errors for one in self.folded_fields)

    @property
    def files_field(self) -> Field | None:
        """The field for files, where there is one."""
        return next((one for one in self.fields if one.kind == "files"), None)

    @property
    def has_files(self) -> bool:
        """Whether files can be sent with it."""
        return any(one.kind == "files" for one in self.fields)

    @property
    def is_click(self) -> bool:
        """Whether nothing is asked for: one click does it."""
        return not (self.open_fields or self.errors or self.is_conflict or self.is_unfolded)


def fill(form: Form, typed: Typed | None) -> Form:
    """The form with what was typed into it and what is wrong with that, open; unchanged when another was sent."""
    if typed is None or typed.key != form.key:
        return form
    names = {one.name for one in form.fields}
    fields = tuple(
        replace(
            one,
            value=typed.get(one.name) if one.name in typed.values or one.kind == "flag" else one.value,
            errors=tuple(typed.errors.get(one.name, ())),
        )
        for one in form.fields
    )
    rest = tuple(text for name, texts in typed.errors.items() if name not in names for text in texts)
    return replace(form, fields=fields, errors=rest, is_open=True, is_conflict=typed.is_conflict)


def at_field(hint: str = "") -> Field:
    """When it happened, where that is not now."""
    return Field("at", "instant", _("When it happened"), help=hint or _("Leave it empty for now."))


def files_field() -> Field:
    """Files that come with what is said."""
    return Field("files", "files", _("Files"))


def field_of(spec: FieldSpec, options: Callable[[str], Sequence[OptionGroup]]) -> Field:
    """A field of a process' form as a control. `options` gives the teams, people or suppliers to choose from."""
    kind = str(spec.kind)
    groups: tuple[OptionGroup, ...] = ()
    if spec.kind == "choice":
        groups = (OptionGroup("", tuple(Option(one.key, label_text(one.label)) for one in spec.choices)),)
    elif spec.kind in {"team", "person", "supplier"}:
        kind, groups = "choice", tuple(options(spec.kind))
    return Field(spec.name, kind, label_text(spec.label), is_required=spec.is_required, groups=groups)


# --- what was sent


def text_values(data: Mapping[str, Any]) -> dict[str, str]:
    """All that was typed, as text, to be shown again; what the form needs for itself is left out."""
    own = {"csrfmiddlewaretoken", "seen"}
    return {name: str(data.get(name, "")).replace("\0", "") for name in data if name not in own}


def check_text(data: Mapping[str, Any]) -> None:
    """Raise Invalid for each field that holds the character NUL: no text in the database can."""
    faults = {
        name: _("This holds a character that cannot be kept.")
        for name in data
        if "\0" in str(data.get(name, ""))
    }
    if faults:
        raise Invalid(faults)


def read_local(name: str, text: str) -> datetime | None:
    """A date and time as the browser writes it, in the reader's zone; None for nothing. Raises Invalid."""
    text = text.strip()
    if not text:
        return None
    try:
        there = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            {name: _("This is no date and time. Choose one, for example 2026-04-01 09:30.")}
        ) from None
    if there.tzinfo is not None:
        return there
    zone = timezone.get_current_timezone()
    at = there.replace(tzinfo=zone)
    try:
        back = at.astimezone(timezone.get_default_timezone()).astimezone(zone)
    except (OverflowError, ValueError):
        raise Invalid(
            {name: _("This is no date and time. Choose one, for example 2026-04-01 09:30.")}
        ) from None
    if back.replace(tzinfo=None) != there:
        raise Invalid({name: _("This time does not exist: clocks were put forward. Choose another one.")})
    return at


def read_transition(transition: Transition, data: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a process' form as the executor wants them. Raises Invalid for instants that cannot be read."""
    values: dict[str, Any] = {}
    faults: dict[str, str | list[str]] = {}
    for spec in transition.form:
        text = str(data.get(spec.name, ""))
        if spec.kind == "flag":
            values[spec.name] = spec.name in data
        elif spec.kind == "instant":
            try:
                at = read_local(spec.name, text)
            except Invalid as error:
                faults |= error.fields
                continue
            if at is not None:
                values[spec.name] = at
        elif text.strip():
            values[spec.name] = text.replace("\r\n", "\n")
    if faults:
        raise Invalid(faults)
    return values


def check_filled(names: Iterable[str], data: Mapping[str, Any]) -> None:
    """Raises Invalid for each of these fields that was left empty."""
    empty = [name for name in names if not str(data.get(name, "")).strip()]
    if empty:
        raise Invalid({name: _("This field is required.") for name in empty})


def join_faults(*readers: Callable[[], Any]) -> list[Any]:
    """The results of several readers. Raises one Invalid with the faults of all that object."""
    results: list[Any] = []
    faults: dict[str, str | list[str]] = {}
    for reader in readers:
        try:
            results.append(reader())
        except Invalid as error:
            faults |= error.fields
    if faults:
        raise Invalid(faults)
    return results


def grouped(rows: Iterable[tuple[str, str, str]]) -> tuple[OptionGroup, ...]:
    """Rows of (heading, value, label) as groups, in their order."""
    groups: dict[str, list[Option]] = {}
    for heading, value, label in rows:
        groups.setdefault(heading, []).append(Option(value, label))
    return tuple(OptionGroup(heading, tuple(options)) for heading, options in groups.items())
