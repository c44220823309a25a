"""Terms of a file that is no version yet, compiled so that what starts within its term can be followed to its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from ..calendars import open_time_of, span
from ..checking import day_start, validity
from ..compile import compile_terms
from ..terms import ContractTerms


def compiled_draft(terms: Mapping[str, Any], effective: date | None = None) -> ContractTerms:
    """Checked plain terms as a version from `effective` on, with calendars as long as those of a stored one."""
    valid_from, valid_to = validity(terms)
    first, last = span(valid_from.date(), valid_to.date(), valid_to.date())
    return compile_terms(
        terms,
        version_id=0,
        number=0,
        scope_id=0,
        valid_from=valid_from if effective is None else day_start(effective, terms["zone"]),
        valid_to=valid_to,
        calendars={calendar["key"]: open_time_of(calendar, first, last) for calendar in terms["calendars"]},
    )
