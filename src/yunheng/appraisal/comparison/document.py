"""The comparison as a document for programs, and as lines for a terminal."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from yunheng.contracts import wording as contract_words
from yunheng.foundation import wording

from ..money import money_text
from ..score_words import score_text
from .measured import ATTAINMENT, REOPENED, RESOLUTION, RESPONSE, Figure, Measured
from .queries import Comparison, ContractRow, Point, SupplierRow
from .suppliers import SupplierRecord
from .words import change_text, kind_name, notes, standing_text, supplier_name, why_no_score

_FIGURES = {
    "response": RESPONSE,
    "resolution": RESOLUTION,
    "attainment": ATTAINMENT,
    "reopened": REOPENED,
}


def document_of(found: Comparison) -> dict[str, Any]:
    """All of it as JSON data; exact numbers as text."""
    return {
        "period": {
            "name": found.period.name,
            "kind": found.period.kind,
            "start": found.period.start.isoformat(),
            "end": found.period.end.isoformat(),
        },
        "evaluated_at": found.evaluated_at.isoformat(),
        "is_own": found.is_own,
        "schemes": found.schemes,
        "promises_differ": found.promises_differ,
        "goals_differ": {
            name: bool(found.contracts) and found.goals_differ(key) for name, key in _FIGURES.items()
        },
        "left_out": found.left_out,
        "notes": list(notes(found)),
        "contracts": [_contract(row) for row in found.contracts],
        "suppliers": [_supplier(found, row) for row in found.suppliers],
    }


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def _contract(row: ContractRow) -> dict[str, Any]:
    result, scheme, statement = row.result, row.scheme, row.statement if row.sees_statement else None
    grade = "" if result is None else result.grade
    money = result.money if result is not None and row.sees_statement else None
    return {
        "contract": row.contract.scope.key,
        "title": row.title,
        "client": row.contract.client.name,
        "source": row.source,
        "why_no_score": why_no_score(row),
        "scheme": row.scheme_number,
        "value": None if result is None else _text(result.value),
        "full": None if scheme is None else scheme.full,
        "grade": grade or None,
        "grade_label": contract_words.said(scheme.grades[grade])
        if scheme is not None and grade in scheme.grades
        else None,
        "vetoes": [] if result is None else list(result.vetoes),
        "is_whole": result is not None and result.is_whole,
        "is_provisional": result is not None and result.is_provisional,
        "change": _text(row.change),
        "line": [_point(row, point) for point in row.line],
        "statement": None
        if statement is None
        else {"number": statement.number, "state": statement.state, "edition": statement.edition},
        "money": None
        if money is None
        else {
            "fee": _text(money.fee),
            "payable": _text(money.payable),
            "coefficient": _text(money.coefficient),
            "currency": money.currency,
        },
        "marks": []
        if result is None
        else [
            {"item": one.item, "mark": one.mark, "low": one.low, "high": one.high, "raters": one.raters}
            for one in result.rated
        ],
        "asks_for_marks": scheme is not None and bool(scheme.rated),
        "figures": {name: _figure(row.figure(key)) for name, key in _FIGURES.items()},
        **_basis(row.measured),
    }


def _point(row: ContractRow, point: Point) -> dict[str, Any]:
    own = row.scored
    scored = point.scored
    return {
        "period": point.period.name,
        "value": None if scored is None else _text(scored.value),
        "is_frozen": point.is_frozen,
        "is_of_same_scheme": own is not None and scored is not None and own.scheme == scored.scheme,
    }


def _figure(figure: Figure | None) -> dict[str, Any] | None:
    if figure is None:
        return None
    return {
        "is_promised": figure.is_promised,
        "numerator": figure.share.numerator,
        "denominator": figure.share.denominator,
        "value": _text(figure.value),
        "before": _text(figure.before),
        "goal": _text(figure.goal),
        "goal_comparison": figure.goal_comparison,
        "is_met": figure.is_met,
        "is_few": figure.share.is_few,
        "is_provisional": figure.is_provisional,
        "is_frozen": figure.is_frozen,
    }


def _basis(measured: Measured | None) -> dict[str, Any]:
    if measured is None:
        return {"position": None, "is_live": None, "evaluated_at": None}
    return {
        "position": measured.position,
        "is_live": measured.is_live,
        "evaluated_at": measured.evaluated_at.isoformat(),
    }


def _supplier(found: Comparison, row: SupplierRow) -> dict[str, Any]:
    return {
        "supplier": row.whole.key,
        "name": row.whole.name,
        **_record(found, row.whole),
        "contracts": [
            {
                "contract": one.contract.scope.key,
                "title": one.title,
                **_record(found, one.record),
                **_basis(one.measured),
            }
            for one in row.served
        ],
    }


def _record(found: Comparison, record: SupplierRecord) -> dict[str, Any]:
    return {
        "targets": [
            {"kind": kind, "met": share.numerator, "settled": share.denominator, "is_few": share.is_few}
            for kind, share in record.targets.items()
        ],
        "called": record.called,
        "late": record.late,
        "late_for_client": None if found.is_own else record.hit,
        "held_seconds": None if found.is_own else record.held_seconds,
        "open_seconds": None if found.is_own else record.open_seconds,
        "pauses": dict(record.pauses),
        "backdated": record.backdated,
    }


def lines_of(found: Comparison) -> Iterator[str]:
    """For a terminal."""
    yield found.period.label
    for note in notes(found):
        yield f"! {note}"
    for row in found.contracts:
        yield ""
        yield f"{row.contract.scope.key}  {row.title}"
        yield f"  {_score_line(row)}"
        for name, key in (
            (_("Response in time"), RESPONSE),
            (_("Resolution in time"), RESOLUTION),
            (_("All promises"), ATTAINMENT),
            (_("Reopened"), REOPENED),
        ):
            yield f"  {name}: {_figure_line(row.figure(key))}"
    for supplier in found.suppliers:
        yield ""
        yield f"{_('Supplier')}: {supplier_name(supplier.whole)}"
        for one in supplier.served:
            yield f"  {one.contract.scope.key}: {_record_line(found, one.record)}"


def _score_line(row: ContractRow) -> str:
    result = row.result
    if result is None or result.value is None:
        return why_no_score(row)
    grades: Mapping[str, Any] = {} if row.scheme is None else row.scheme.grades
    parts = [score_text(result.value)]
    if result.grade in grades:
        parts.append(contract_words.said(grades[result.grade]))
    if (difference := row.change) is not None:
        parts.append(change_text(difference))
    if row.scheme_number is not None:
        parts.append(_("scheme %(n)d") % {"n": row.scheme_number})
    if row.statement is not None:
        parts.append(row.statement.number)
    if standing := standing_text(row):
        parts.append(standing)
    if result.money is not None and row.sees_statement:
        parts.append(money_text(result.money.payable, result.money.currency))
    return " · ".join(parts)


def _figure_line(figure: Figure | None) -> str:
    if figure is None:
        return wording.DASH
    if not figure.is_promised:
        return _("not promised")
    if figure.value is None:
        return _("no data")
    return f"{figure.value} % · {wording.of_text(figure.share.numerator, figure.share.denominator)}"


def _record_line(found: Comparison, record: SupplierRecord) -> str:
    parts = [
        f"{kind_name(kind)} {wording.of_text(share.numerator, share.denominator)}"
        for kind, share in record.targets.items()
    ]
    parts.append(f"{_('called')} {record.called}")
    parts.append(f"{_('late')} {record.late}")
    if not found.is_own:
        parts.append(f"{_('late for the client, too')} {record.hit}")
        parts.append(f"{_('held')} {wording.duration(record.held_seconds)}")
    parts.append(f"{_('waiting periods')} {record.pause_count}")
    return " · ".join(parts)
