"""What rendering gives back when it does not give documents: errors, and the faults of a client's template."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

Format = Literal["docx", "pdf", "xlsx"]

FORMATS: Final[tuple[Format, ...]] = ("docx", "pdf", "xlsx")

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class TemplateFault:
    """One thing wrong with a template: where, what stands there, why it is wrong; in the report's language."""

    place: str
    placeholder: str
    reason: str

    def as_data(self) -> dict[str, str]:
        """The same as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        return " · ".join(part for part in (self.place, self.placeholder, self.reason) if part)


class RenderError(Exception):
    """The documents could not be made. `kind`: "time", "memory", "crash" or "template"; the text is for people."""

    def __init__(self, text: str, kind: str = "crash") -> None:
        super().__init__(text)
        self.kind = kind


class TemplateProblem(RenderError):  # noqa: N818 - what people are told of is a problem
    """The Word template cannot be used; `faults` names every place."""

    def __init__(self, faults: Sequence[TemplateFault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults), "template")
        self.faults = tuple(faults)
