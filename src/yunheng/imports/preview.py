"""A look at a table before it is imported: a mapping, and its first rows as they would be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from yunheng.contracts.models import Contract
from yunheng.foundation.refusals import Invalid

from .actions import latest_terms, zone_named
from .generic import TableReader, TableRow
from .instants import InstantReader
from .mapping import HEADERS, REQUIRED, FieldMapping, propose, with_words
from .rejections import Rejection
from .tables import open_table

LOOKED_AT: Final = 2_000  #: rows


@dataclass(frozen=True, slots=True)
class Preview:
    """`missing` are fields that no column was found for: without them nothing can be read. `zone`: the contract's."""

    file_name: str
    header: Sequence[str]
    rows: int
    looked_at: int
    mapping: FieldMapping
    missing: Sequence[str]
    taken: Sequence[TableRow]
    rejections: Sequence[Rejection]
    rejected: int
    zone: ZoneInfo


def preview_table(
    path: Path,
    *,
    contract: Contract,
    mapping: FieldMapping | None = None,
    shown: int = 5,
    member: str | None = None,
) -> Preview:
    """Look at the first rows of a table; without `mapping` one is proposed. Raises SourceError and Invalid."""
    terms = latest_terms(contract)
    wanted = frozenset(
        mapping.columns.values() if mapping else (word for words in HEADERS.values() for word in words)
    )
    table = open_table(path, wanted=wanted, member=member)
    first = list(islice(table.records(), LOOKED_AT))
    if mapping is None:
        mapping = propose(table.header, [record.fields for record in first], terms)
        mapping = with_words(mapping, table.header, (record.fields for record in table.records()), terms)
    missing = [name for name in REQUIRED[mapping.kind] if mapping.columns.get(name) not in table.header]
    unknown = [column for column in mapping.columns.values() if column not in table.header]
    taken: list[TableRow] = []
    rejections: list[Rejection] = []
    if not missing:
        if unknown:
            raise Invalid({"columns": ", ".join(unknown)})
        reader = TableReader(
            table.header, mapping, terms, InstantReader(zone_named(mapping.zone or terms.zone), mapping.dates)
        )
        for record in first:
            result = reader.read(record)
            if isinstance(result, Rejection):
                rejections.append(result)
            else:
                taken.append(result)
    return Preview(
        table.source.name,
        table.header,
        table.rows,
        len(first),
        mapping,
        missing,
        taken[:shown],
        rejections[:shown],
        len(rejections),
        zone_named(terms.zone),
    )
