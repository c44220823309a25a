"""The demonstration's contracts: documents that ship, moved so that they begin a year ago."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from yunheng.contracts.calendars import open_time_of, span
from yunheng.contracts.checking import check, validity
from yunheng.contracts.compile import compile_terms
from yunheng.contracts.packs import PACKS
from yunheng.contracts.terms import ContractTerms

FOLDER: Final[Path] = PACKS / "demo"
YEARS: Final = 3
_VALID: Final = re.compile(r"^valid: \{from: \d{4}-\d\d-\d\d, to: \d{4}-\d\d-\d\d\}$", re.MULTILINE)


def document(key: str, first: date) -> bytes:
    """The document of a contract of the demonstration, in force from `first` for three years."""
    text = (FOLDER / f"{key}.yaml").read_text(encoding="utf-8")
    moved, count = _VALID.subn(
        f"valid: {{from: {first}, to: {first.replace(year=first.year + YEARS)}}}", text, count=1
    )
    if count != 1:
        raise ValueError(f"{key}.yaml has no line valid: {{from: …, to: …}}")
    return moved.encode()


def terms_of_pack(key: str, first: date, today: date) -> ContractTerms:
    """The contract compiled without a database, as the model reads it."""
    checked = check(document(key, first))
    if checked.terms is None:
        raise ValueError(f"{key}.yaml: {checked.problems[0]}")
    valid_from, valid_to = validity(checked.terms)
    start, end = span(first, valid_to.date() + timedelta(days=1), today)
    calendars = {it["key"]: open_time_of(it, start, end) for it in checked.terms["calendars"]}
    return compile_terms(
        checked.terms,
        version_id=0,
        number=1,
        scope_id=0,
        valid_from=valid_from,
        valid_to=valid_to,
        calendars=calendars,
    )
