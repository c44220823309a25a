"""The comparison as two tables for spreadsheets and terminals; numbers are numbers, and no text starts a formula."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunheng.contracts import wording as contract_words
from yunheng.desk.exporting import safe_cell
from yunheng.foundation.refusals import Invalid

from .measured import ATTAINMENT, REOPENED, RESOLUTION, RESPONSE
from .presentation import order_names, ordered
from .queries import Comparison, ContractRow, Served
from .suppliers import PAUSES, SupplierRecord
from .words import (
    KINDS,
    basis_text,
    kind_name,
    notes,
    pause_name,
    rated_lines,
    standing_text,
    supplier_name,
    why_no_marks,
    why_no_score,
)

Cell = str | int | Decimal | None
FORMATS: Final = ("csv", "xlsx")
PARTS: Final = ("contracts", "suppliers")


@dataclass(frozen=True, slots=True)
class CellTable:
    """A table with heads; None is an empty cell."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def contract_table(found: Comparison, order: str = "name") -> CellTable:
    """One line for each contract. Money stands where the viewer may read statements."""
    has_money = any(row.sees_statement for row in found.contracts)
    heads = [
        _("Key"),
        _("Contract"),
        _("Client"),
        _("Score"),
        pgettext("table", "Full marks"),
        _("Grade"),
        pgettext("table", "Change"),
        _("Scheme"),
        pgettext("table", "What the score rests on"),
        *([_("Statement"), _("Fee"), _("Coefficient"), _("Payable"), _("Currency")] if has_money else ()),
    ]
    for name in (_("Response in time"), _("Resolution in time"), pgettext("table", "Reopened")):
        heads += [
            f"{name} %",
            f"{name}: {pgettext('table', 'counted')}",
            f"{name}: {pgettext('table', 'of')}",
        ]
    heads += [_("Breaches"), pgettext("table", "Breaches: of"), _("Marks"), pgettext("table", "Figures")]
    rows = [list(_contract_cells(row, has_money)) for row in ordered(found, order)]
    return CellTable(_("Contracts"), heads, rows)


def _contract_cells(row: ContractRow, has_money: bool) -> Iterator[Cell]:
    result, scheme = row.result, row.scheme
    yield row.contract.scope.key
    yield row.title
    yield row.contract.client.name
    yield result.value if result is not None else None
    yield Decimal(scheme.full) if scheme is not None and result is not None else None
    grade = "" if result is None else result.grade
    yield (
        contract_words.said(scheme.grades[grade]) if scheme is not None and grade in scheme.grades else grade
    )
    yield row.change
    yield row.scheme_number
    yield why_no_score(row) or standing_text(row)
    if has_money:
        money = result.money if result is not None and row.sees_statement else None
        yield row.statement.number if row.statement is not None and row.sees_statement else ""
        if money is None:
            yield from (None, None, None, "")
        else:
            yield from (money.fee, money.coefficient, money.payable, money.currency)
    for key in (RESPONSE, RESOLUTION, REOPENED):
        figure = row.figure(key)
        if figure is None or not figure.is_promised:
            yield from (None, None, None)
        else:
            yield from (figure.value, figure.share.numerator, figure.share.denominator)
    attainment = row.figure(ATTAINMENT)
    if attainment is None or not attainment.is_promised:
        yield from (None, None)
    else:
        yield from (attainment.share.missed, attainment.share.denominator)
    yield "; ".join(rated_lines(row)) or why_no_marks(row)
    yield basis_text(row.measured)


def supplier_table(found: Comparison) -> CellTable:
    """One line for each supplier and contract."""
    kinds = [kind for kind in KINDS if any(kind in row.whole.targets for row in found.suppliers)]
    heads = [_("Supplier"), _("Contract")]
    for kind in kinds:
        heads += [
            f"{kind_name(kind)}: {pgettext('table', 'met')}",
            f"{kind_name(kind)}: {pgettext('table', 'of')}",
        ]
    heads += [_("Called"), _("Late")]
    if not found.is_own:
        heads += [_("Late for the client, too"), _("Held (s)"), _("Open (s)")]
    heads += [f"{_('Waiting periods')}: {pause_name(standing)}" for standing in PAUSES]
    heads += [_("Dated back"), pgettext("table", "Figures")]
    rows = [
        list(_supplier_cells(found, one, one.record, kinds)) for row in found.suppliers for one in row.served
    ]
    return CellTable(_("Suppliers"), heads, rows)


def _supplier_cells(
    found: Comparison, served: Served, record: SupplierRecord, kinds: Sequence[str]
) -> Iterator[Cell]:
    yield supplier_name(record)
    yield served.title
    for kind in kinds:
        share = record.targets.get(kind)
        yield from (None, None) if share is None else (share.numerator, share.denominator)
    yield record.called
    yield record.late
    if not found.is_own:
        yield from (record.hit, record.held_seconds, record.open_seconds)
    yield from (record.pauses[standing] for standing in PAUSES)
    yield record.backdated
    yield basis_text(served.measured)


def write_file(found: Comparison, *, file_format: str, part: str, order: str = "name") -> bytes:
    """The tables as CSV (one of them) or an Excel workbook (both, with the notes). Raises Invalid naming the field."""
    if file_format not in FORMATS:
        raise Invalid({"format": _("One of: %(choices)s.") % {"choices": ", ".join(FORMATS)}})
    if part not in PARTS:
        raise Invalid({"part": _("One of: %(choices)s.") % {"choices": ", ".join(PARTS)}})
    tables = [contract_table(found, order)] if found.contracts or not found.is_own else []
    if found.sees_suppliers:
        tables.append(supplier_table(found))
    if file_format == "xlsx":
        return _workbook(found, tables)
    wanted = supplier_table(found) if part == "suppliers" or found.is_own else contract_table(found, order)
    return _csv(wanted)


def _csv(table: CellTable) -> bytes:
    """RFC 4180 in UTF-8 with a byte order mark, which Excel wants to see."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe_cell(head) for head in table.heads])
    for row in table.rows:
        writer.writerow([_csv_cell(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig")


def _csv_cell(cell: Cell) -> str:
    """A number stays one, a negative too: digits, point and sign make no formula."""
    if cell is None:
        return ""
    return (
        safe_cell(cell) if isinstance(cell, str) else f"{cell:f}" if isinstance(cell, Decimal) else str(cell)
    )


def _workbook(found: Comparison, tables: Sequence[CellTable]) -> bytes:
    from xlsxwriter import Workbook

    target = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with Workbook(target, options) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for table in tables:
            page: Any = book.add_worksheet(table.name[:31])
            page.freeze_panes(1, 2)
            for place, head in enumerate(table.heads):
                page.set_column(place, place, 28 if place == 1 else 14)
                page.write_string(0, place, head, bold)
            for number, row in enumerate(table.rows, start=1):
                for place, cell in enumerate(row):
                    if isinstance(cell, str):
                        page.write_string(number, place, cell[:32000])
                    elif cell is not None:
                        page.write_number(number, place, cell)
        page = book.add_worksheet(pgettext("table", "Notes"))
        page.set_column(0, 0, 100)
        lines = [found.period.label, *notes(found)]
        for number, line in enumerate(lines):
            page.write_string(number, 0, line)
    return target.getvalue()


__all__ = ["CellTable", "contract_table", "order_names", "supplier_table", "write_file"]
