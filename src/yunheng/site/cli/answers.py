"""How the commands answer: columns that stay straight with Chinese in them, JSON, and refusals as plain
errors.
"""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from . import CommandError


@contextmanager
def refusals_as_errors() -> Iterator[None]:
    """Let an action's refusal end the command with its sentence, each field on a line of its own."""
    from yunheng.foundation.refusals import Invalid, Refusal

    try:
        yield
    except Invalid as refusal:
        lines = [f"{field}: {text}" for field, texts in refusal.fields.items() for text in texts]
        raise CommandError("\n  ".join(lines)) from None
    except Refusal as refusal:
        raise CommandError(refusal.message) from None


def print_json(document: Any) -> None:
    """Print a document as JSON, instants in ISO 8601."""
    print(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))


def print_columns(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under headers, each column as wide as its widest cell on a terminal."""
    table = [[str(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(_width(row[place]) for row in table) for place in range(len(headers))]
    for row in table:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
