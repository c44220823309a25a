"""What a report says, as plain JSON in one language: every figure from one study at one log position."""

from collections.abc import Mapping
from typing import Any

from .fault import fault
from .header import Header, stamp, stamp_with
from .ledger import ledger
from .monthly import monthly
from .rows import rows_for
from .source import Source, newest_head

__all__ = [
    "Header",
    "Source",
    "build",
    "fault",
    "ledger",
    "monthly",
    "newest_head",
    "rows_for",
    "stamp",
    "stamp_with",
]

_BUILDERS = {"monthly": monthly, "fault": fault, "ledger": ledger}


def build(kind: str, source: Source, language: str) -> Mapping[str, Any]:
    """The body of a report: its content without number, edition, dates and what people wrote. See `stamp`."""
    return _BUILDERS[kind](source, language)
