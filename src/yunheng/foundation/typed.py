"""What somebody typed into a form, kept when it is refused: nothing typed is lost on an error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import gettext as _

from .refusals import Invalid


@dataclass(frozen=True)
class Typed:
    """What somebody sent and what was said of it: which form, its values, sentences by field."""

    form: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    conflict: str = ""
    places: frozenset[str] = frozenset()  #: names of fields beside which an error stands

    @property
    def general(self) -> list[str]:
        """Sentences about no field of the form."""
        return [text for name, texts in self.errors.items() if name not in self.places for text in texts]


def typed_of(
    data: QueryDict, form: str, errors: Mapping[str, Sequence[str]], places: Sequence[str], conflict: str = ""
) -> Typed:
    """Everything that was sent, kept for the page that says what is wrong with it."""
    values = {name: str(value).replace("\r\n", "\n") for name, value in data.items()}
    lists = {name: [str(one) for one in data.getlist(name)] for name in data}
    return Typed(form, values, lists, errors, conflict, frozenset(places))


def text_of(data: QueryDict, name: str) -> str:
    """A text with the line ends of the server."""
    return str(data.get(name, "")).replace("\r\n", "\n")


def row_version_of(data: QueryDict) -> int:
    """The version of the row that the sender had before their eyes. Raises Invalid for none."""
    text = str(data.get("row_version", ""))
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Invalid({"row_version": _("Load the page again and send it once more.")})
    return int(text)
