"""Reads a table of reports that another system issued, and has the reports take them over: all rows or none."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid
from yunheng.reports.actions import IssuedElsewhere, take_over_issues

from .actions import latest_terms, zone_named
from .instants import InstantFaultError, InstantReader
from .source import Record, SourceError
from .tables import open_table

NEEDED: Final = ("period", "issued")
OPTIONAL: Final = ("kind", "returned")
MOST_ROWS: Final = 2_000
_YES: Final = frozenset({"yes", "true", "1", "是"})
_NO: Final = frozenset({"no", "false", "0", "否", ""})


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a table: rows read, and how many of them were new."""

    rows: int
    new: int


def import_issued(viewer: Viewer, contract: Contract, path: Path, *, is_dry_run: bool = False) -> Taken:
    """Take over a table (CSV, XLSX) with the columns period (2016-04), issued (an instant) and, where wanted, kind
    (monthly, ledger) and returned (yes, no). Times without a zone are the contract's.

    Raises SourceError for a table or a row that cannot be read, naming the row, and what `take_over_issues` raises.
    """
    table = open_table(path, wanted=frozenset({*NEEDED, *OPTIONAL}))
    missing = [name for name in NEEDED if name not in table.header]
    if missing:
        raise SourceError(
            _("{name} lacks the columns {missing}. Its first line has: {found}").format(
                name=table.source.name,
                missing=", ".join(missing),
                found=", ".join(name[:40] for name in table.header[:40]),
            )
        )
    if table.rows > MOST_ROWS:
        raise SourceError(
            _("{name} has more than {limit:,} rows; a contract has not that many reports.").format(
                name=table.source.name, limit=MOST_ROWS
            )
        )
    instants = InstantReader(zone_named(latest_terms(contract).zone))
    records = list(table.records())
    issues = [_read(record, table.header, instants) for record in records]
    with transaction.atomic():
        try:
            new = take_over_issues(viewer, contract.scope.key, issues)
        except Invalid as refusal:
            place, texts = next(iter(refusal.fields.items()))
            row = records[int(place)].row if place.isdecimal() else 0
            raise SourceError(_("row {row}: {reason}").format(row=row, reason="; ".join(texts))) from None
        if is_dry_run:
            transaction.set_rollback(True)
    return Taken(len(records), new)


def _read(record: Record, header: tuple[str, ...], instants: InstantReader) -> IssuedElsewhere:
    if record.fault:
        raise SourceError(_("row {row}: {reason}").format(row=record.row, reason=record.fault))
    row = dict(zip(header, (field.strip() for field in record.fields), strict=False))
    try:
        at = instants[row.get("issued", "")]
    except InstantFaultError as fault:
        raise SourceError(
            _("row {row}: {reason}").format(row=record.row, reason=f"issued: {fault}")
        ) from None
    returned = row.get("returned", "").casefold()
    if returned not in _YES | _NO:
        raise SourceError(
            _("row {row}: {reason}").format(row=record.row, reason=_("returned: answer yes or no"))
        )
    return IssuedElsewhere(
        period=row.get("period", ""),
        issued_at=datetime.fromtimestamp(at, UTC),
        kind=row.get("kind") or "monthly",
        is_returned=returned in _YES,
    )
