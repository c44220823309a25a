"""Terms of a file that is no version yet, compiled so that what starts within its term can be followed to its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..calendars import open_time_of, span
from ..checking import validity
from ..compile import compile_terms
from ..terms import ContractTerms


def compiled_draft(terms: Mapping[str, Any]) -> ContractTerms:
    """Checked plain terms, with calendars as long as those of a stored version."""
    valid_from, valid_to = validity(terms)
    first, last = span(valid_from.date(), valid_to.date(), valid_to.date())
    return compile_terms(
        terms,
        version_id=0,
        number=0,
        scope_id=0,
        valid_from=valid_from,
        valid_to=valid_to,
        calendars={calendar["key"]: open_time_of(calendar, first, last) for calendar in terms["calendars"]},
    )
