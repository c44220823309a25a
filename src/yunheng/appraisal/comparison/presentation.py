"""The page of a comparison: every figure with what it rests on, what it may be compared with, and where it opens to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunheng.contracts import wording as contract_words
from yunheng.foundation import wording
from yunheng.foundation.refusals import Invalid
from yunheng.logic.comparison import Scored, Share, by_score

from ..money import amount_text, money_text
from ..score_words import score_text
from ..scored_period import ScoredPeriod
from ..sparkline import Sparkline, draw_sparkline
from ..statements.listing import Look, look_of
from .cells import CountCell, MoneyCell, ScoreCell, ShareCell, Trend, no_share
from .measured import ATTAINMENT, REOPENED, RESOLUTION, RESPONSE, Figure, Measured
from .queries import Comparison, ContractRow
from .supplier_page import SupplierLine, supplier_lines
from .words import (
    KINDS,
    basis_text,
    change_text,
    few_text,
    kind_name,
    notes,
    rated_lines,
    standing_text,
    why_no_marks,
    why_no_score,
)

#: By what contracts can be put in order.
ORDERS: Final = ("name", "score", "response", "resolution", "breaches")


@dataclass(frozen=True, slots=True)
class ContractLine:
    """A contract as the page shows it."""

    key: str
    title: str
    client: str
    url: str
    score: ScoreCell
    look: Look | None
    statement_url: str
    statement: str
    money: MoneyCell
    response: ShareCell
    resolution: ShareCell
    breaches: CountCell
    reopened: ShareCell
    marks: Sequence[str]
    no_marks: str
    basis: str
    computed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PeriodLink:
    """Another period to go to; `is_here` where one is already."""

    label: str
    query: str
    is_here: bool = False


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """All that the page shows."""

    period: ScoredPeriod
    before: PeriodLink
    after: PeriodLink | None
    kinds: Sequence[PeriodLink]
    contracts: Sequence[ContractLine]
    suppliers: Sequence[SupplierLine]
    target_names: Sequence[str]
    has_money: bool
    has_hits: bool
    sees_contracts: bool
    sees_suppliers: bool
    is_own: bool
    is_running: bool
    notes: Sequence[str]
    orders: Sequence[tuple[str, str]]
    order: str
    few: str
    query: str
    evaluated_at: datetime


def comparison_page(found: Comparison, *, order: str, today: Any) -> ComparisonPage:
    """The page in the reader's language. Raises Invalid for an order that is none."""
    period = found.period
    kinds = [kind for kind in KINDS if any(kind in row.whole.targets for row in found.suppliers)]
    after = period.after
    lines = [_contract(found, row) for row in ordered(found, order)]
    return ComparisonPage(
        period=period,
        before=_link(period.before, order),
        after=_link(after, order) if after.start <= today else None,
        kinds=[
            PeriodLink(label, urlencode({"kind": kind}), kind == period.kind)
            for kind, label in (
                ("month", pgettext("comparison", "Month")),
                ("quarter", pgettext("comparison", "Quarter")),
                ("year", pgettext("comparison", "Year")),
            )
        ],
        contracts=lines,
        suppliers=[line for row in found.suppliers for line in supplier_lines(found, row, kinds)],
        target_names=[kind_name(kind) for kind in kinds],
        has_money=any(row.sees_statement for row in found.contracts),
        has_hits=not found.is_own,
        sees_contracts=not found.is_own,
        sees_suppliers=found.sees_suppliers,
        is_own=found.is_own,
        is_running=period.end >= today,
        notes=list(notes(found)),
        orders=order_names(),
        order=order,
        few=few_text(),
        query=urlencode({"period": period.name} | ({} if order == "name" else {"order": order})),
        evaluated_at=found.evaluated_at,
    )


def order_names() -> list[tuple[str, str]]:
    """What contracts can be put in order by, with its name."""
    return [
        ("name", pgettext("order", "name")),
        ("score", pgettext("order", "score, scheme by scheme")),
        ("response", pgettext("order", "response, lowest share first")),
        ("resolution", pgettext("order", "resolution, lowest share first")),
        ("breaches", pgettext("order", "breaches, most first")),
    ]


def ordered(found: Comparison, order: str) -> list[ContractRow]:
    """The contracts in the order asked for; who has no such figure stands last. Raises Invalid."""
    rows = sorted(found.contracts, key=lambda row: row.title)
    if order not in ORDERS:
        raise Invalid({"order": _("One of: %(choices)s.") % {"choices": ", ".join(ORDERS)}})
    if order == "score":
        return [rows[place] for place in by_score([row.scored for row in rows])]
    if order == "breaches":
        return sorted(rows, key=lambda row: -_share(row, ATTAINMENT).missed)
    if order in ("response", "resolution"):
        key = RESPONSE if order == "response" else RESOLUTION
        return sorted(rows, key=lambda row: _fraction_first(_share(row, key)))
    return rows


def _fraction_first(share: Share) -> tuple[bool, Any]:
    return share.fraction is None, share.fraction or 0


def _share(row: ContractRow, key: str) -> Share:
    figure = row.figure(key)
    return Share(0, 0) if figure is None else figure.share


def _link(period: ScoredPeriod, order: str) -> PeriodLink:
    asked = {"period": period.name, "order": "" if order == "name" else order}
    return PeriodLink(period.label, urlencode({name: value for name, value in asked.items() if value}))


# --- contracts -------------------------------------------------------------------------------------------------------


def _contract(found: Comparison, row: ContractRow) -> ContractLine:
    contract, statement = row.contract, row.statement if row.sees_statement else None
    return ContractLine(
        key=contract.scope.key,
        title=row.title,
        client=contract.client.name,
        url=reverse("appraisal:board", args=[contract.scope.key])
        + f"?{urlencode({'from': found.period.start.isoformat()})}",
        score=_score(found, row),
        look=None if statement is None else look_of(statement),
        statement_url="" if statement is None else reverse("appraisal:statement", args=[statement.number]),
        statement="" if statement is None else statement.number,
        money=_money(row),
        response=_share_cell(found, row, RESPONSE),
        resolution=_share_cell(found, row, RESOLUTION),
        breaches=_breaches(found, row),
        reopened=_share_cell(found, row, REOPENED),
        marks=rated_lines(row),
        no_marks=why_no_marks(row),
        basis=basis_text(row.measured),
        computed_at=None if row.measured is None else row.measured.evaluated_at,
    )


def score_url(row: ContractRow, period: ScoredPeriod) -> str:
    """Where a score is explained: its statement, the scorecard, or the statements that a longer period is made of."""
    key = row.contract.scope.key
    if row.statement is not None and row.sees_statement:
        return reverse("appraisal:statement", args=[row.statement.number])
    if row.result is not None and row.result.parts is not None:
        return reverse("appraisal:contract_statements", args=[key]) if row.sees_statement else ""
    if row.source in ("computed", "unscored"):
        return f"{reverse('appraisal:scorecard', args=[key])}?{urlencode({'period': period.name})}"
    return ""


def _score(found: Comparison, row: ContractRow) -> ScoreCell:
    result, scheme = row.result, row.scheme
    grades: Mapping[str, Any] = {} if scheme is None else scheme.grades
    has_value = result is not None and result.value is not None
    grade = result.grade if result is not None else ""
    has_full = scheme is not None and Decimal(scheme.full) != 0
    return ScoreCell(
        value=score_text(result.value) if result is not None and has_value else "",
        full=scheme.full if scheme is not None and has_full and has_value else "",
        grade=contract_words.said(grades[grade]) if grade in grades else grade,
        why=why_no_score(row),
        standing=standing_text(row) if has_value or row.source == "statement" else "",
        url=score_url(row, found.period),
        scheme=_("scheme %(n)d") % {"n": row.scheme_number}
        if row.scheme_number is not None and found.schemes > 1
        else "",
        vetoed=pgettext("score", "veto in force") if result is not None and result.vetoes else "",
        trend=_score_trend(row),
        other_scheme=_other_scheme(row),
        spark=_spark(row),
        is_provisional=result is not None and result.is_provisional,
    )


def _score_trend(row: ContractRow) -> Trend | None:
    difference = row.change
    if difference is None or row.before is None:
        return None
    arrow, direction = (
        ("▲", "better") if difference > 0 else ("▼", "worse") if difference < 0 else ("", "same")
    )
    return Trend(change_text(difference), arrow, direction, score_text(row.before.value))


def _other_scheme(row: ContractRow) -> str:
    """That the period before was scored by another scheme, where it was."""
    now, before = row.scored, row.before
    if now is None or before is None or now.scheme == before.scheme:
        return ""
    return _("another scheme before (%(score)s)") % {"score": score_text(before.value)}


def _spark(row: ContractRow) -> Sparkline | None:
    """The scores of the scheme of now; what another one made is no part of the line."""
    own = row.scored

    def value(scored: Scored | None) -> Decimal | None:
        return (
            scored.value if own is not None and scored is not None and scored.scheme == own.scheme else None
        )

    points: list[tuple[str, Decimal | None, bool | None]] = [
        (point.period.label, value(point.scored), None) for point in row.line
    ]
    known = [f"{label} {score_text(score)}" for label, score, _is_met in points if score is not None]
    if len(known) < 2:
        return None
    title = _("Score by period: %(scores)s") % {"scores": contract_words.listed(known)}
    return draw_sparkline(points, goal=None, title=title, width=96, height=24)


def _money(row: ContractRow) -> MoneyCell:
    if not row.sees_statement:
        return MoneyCell("", "", wording.DASH, "")
    money = None if row.result is None else row.result.money
    if money is None:
        why = wording.DASH if row.result is None else _("nothing is settled for this period")
        return MoneyCell("", "", why, "")
    how = (
        f"{amount_text(money.fee)} × {money.coefficient.normalize():f}"
        if money.coefficient is not None
        else f"{amount_text(money.fee)} − {amount_text(money.fee - money.payable)}"
    )
    if row.result is not None and not row.result.is_whole:
        how = f"{how} · {_('so far')}"
    url = (
        reverse("appraisal:statement", args=[row.statement.number])
        if row.statement is not None
        else score_url_of_settlement(row)
    )
    return MoneyCell(money_text(money.payable, money.currency), how, "", url)


def score_url_of_settlement(row: ContractRow) -> str:
    """Where the contract says what is paid, as long as there is no statement."""
    return reverse("contracts:contract", args=[row.contract.scope.key])


def _share_cell(found: Comparison, row: ContractRow, key: str) -> ShareCell:
    figure = row.figure(key)
    if figure is None or row.measured is None:
        return no_share(wording.DASH)
    if not figure.is_promised:
        return no_share(_("not promised"))
    if figure.value is None:
        return no_share(_no_data(row.measured))
    return ShareCell(
        value=f"{wording.decimal_text(figure.value)} %",
        of=wording.of_text(figure.share.numerator, figure.share.denominator),
        why="",
        url=items_url(row, found.period, key),
        goal=_goal(figure),
        has_missed=figure.is_met is False,
        has_met=figure.is_met is True,
        few=few_text() if figure.share.is_few else "",
        is_provisional=figure.is_provisional,
        trend=_share_trend(figure),
    )


def _no_data(measured: Measured) -> str:
    return _("the contract was not in force") if not measured.is_in_force else _("no data")


def _goal(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    sign = "≥" if figure.goal_comparison == "at_least" else "≤"
    return f"{sign} {wording.decimal_text(figure.goal.normalize() + 0)} %"


def _share_trend(figure: Figure) -> Trend | None:
    if figure.value is None or figure.before is None:
        return None
    difference = figure.value - figure.before
    before = f"{wording.decimal_text(figure.before)} %"
    if not difference:
        return Trend(change_text(difference), "", "same", before)
    is_better = (difference > 0) == (figure.key != REOPENED)
    return Trend(
        change_text(difference), "▲" if difference > 0 else "▼", "better" if is_better else "worse", before
    )


def items_url(row: ContractRow, period: ScoredPeriod, key: str, part: str = "") -> str:
    """The tickets behind a figure, as of the position that it was computed at."""
    measured = row.measured
    asked: dict[str, Any] = {
        "indicator": key,
        "from": period.start.isoformat(),
        "to": period.end.isoformat(),
        "part": part,
        "as_of": "" if measured is None or measured.is_live else measured.position,
    }
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{reverse('appraisal:items', args=[row.contract.scope.key])}?{query}"


def _breaches(found: Comparison, row: ContractRow) -> CountCell:
    figure = row.figure(ATTAINMENT)
    if figure is None or row.measured is None:
        return CountCell("", "", wording.DASH, "")
    if not figure.is_promised:
        return CountCell("", "", _("not promised"), "")
    if not figure.share.denominator:
        return CountCell("", "", _no_data(row.measured), "")
    return CountCell(
        wording.grouped(figure.share.missed),
        _("of %(n)s due") % {"n": wording.grouped(figure.share.denominator)},
        "",
        items_url(row, found.period, ATTAINMENT, "misses"),
    )
