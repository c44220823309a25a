"""A backtest in words: what its page and the terminal show, from the document alone, in the reader's language."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from yunheng.contracts.terms import label_in
from yunheng.foundation import wording

from ..scored_period import read_scored_period
from .changes import KINDS

Data = Mapping[str, Any]
_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure on one side."""

    value: str
    of: str
    goal: str
    mark: str  #: met, breached, or "" without a goal
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class RowView:
    """A figure on both sides. `trend` says whether the draft's is better, worse, other, or ""."""

    period: str
    old: Cell
    new: Cell
    delta: str
    trend: str


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """An indicator: all of the period, then month by month."""

    label: str
    whole: RowView
    months: Sequence[RowView]
    changed_months: int
    aside: str


@dataclass(frozen=True, slots=True)
class ScoreCell:
    """A score on one side, with what is paid by it."""

    value: str
    grade: str
    payable: str
    deducted: str
    remarks: Sequence[str]


@dataclass(frozen=True, slots=True)
class ScoreView:
    """The score of one period on both sides; a side is None that scores no such period."""

    period: str
    old: ScoreCell | None
    new: ScoreCell | None
    delta: str
    money_delta: str
    trend: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One ticket that comes out otherwise."""

    number: str
    old: str
    old_at: datetime | None
    new: str
    new_at: datetime | None


@dataclass(frozen=True, slots=True)
class KindView:
    """Changes of one kind: all counted, the first ones listed."""

    kind: str
    label: str
    count: int
    first: Sequence[ChangeView]


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A clock or share with the tickets that make the difference."""

    key: str
    label: str
    total: int
    kinds: Sequence[KindView]


@dataclass(frozen=True, slots=True)
class BacktestView:
    """All that the page shows."""

    draft: str
    title: str
    first: str
    last: str
    headline: str
    notes: Sequence[str]
    is_unchanged: bool
    indicators: Sequence[IndicatorView]
    scores: Sequence[ScoreView]
    money: Sequence[tuple[str, str]]
    differences: Sequence[DifferenceView]
    total: int
    position: int
    is_live: bool
    unsealed: int
    evaluated_at: datetime
    zone: str
    versions: str
    is_withheld: bool


def view_of(data: Data) -> BacktestView:
    """The document in words."""
    differences = [_difference(one, data["changes"]) for one in data["differences"]]
    scores = [_score(one) for one in data["scores"]]
    total = sum(one.total for one in differences)
    return BacktestView(
        draft=data["draft"]["name"],
        title=_label(data["draft"]["title"]),
        first=data["from"],
        last=data["to"],
        headline=_headline(data, total),
        notes=[note_text(note, data["clocks"]) for note in data["notes"]],
        is_unchanged=data["is_unchanged"],
        indicators=[_indicator(one) for one in data["indicators"]],
        scores=scores,
        money=list(_money(data["money"])),
        differences=[one for one in differences if one.total],
        total=total,
        position=data["position"],
        is_live=data["is_live"],
        unsealed=data["unsealed"],
        evaluated_at=datetime.fromisoformat(data["evaluated_at"]),
        zone=data["zone"],
        versions=", ".join(map(str, data["contract_versions"])),
        is_withheld=data["is_withheld"],
    )


def lines_of(data: Data) -> Iterator[str]:
    """The same for a terminal."""
    view = view_of(data)
    yield f"{data['contract']} · {view.first} – {view.last} ({view.zone}) · {view.draft}"
    yield view.headline
    for note in view.notes:
        yield f"! {note}"
    yield ""
    yield _("Indicators: contract → draft")
    for one in view.indicators:
        yield f"  {one.label}{f' ({one.aside})' if one.aside else ''}"
        for row in (one.whole, *one.months):
            told = (
                f"{_cell(row.old)} → {_cell(row.new)}"
                if row.delta
                else _("unchanged: %(value)s") % {"value": _cell(row.old)}
            )
            yield f"    {row.period:10}  {told}{f'  {row.delta}' if row.delta else ''}"
    if view.scores:
        yield ""
        yield _("Scores: contract → draft")
    for score in view.scores:
        yield f"    {score.period:10}  {_score_line(score.old)} → {_score_line(score.new)}  {score.delta}".rstrip()
    for label, text in view.money:
        yield f"    {label}: {text}"
    yield ""
    yield _("Tickets that make the difference")
    if not view.differences:
        yield f"  {_('None.')}"
    for difference in view.differences:
        yield f"  {difference.label}"
        for kind in difference.kinds:
            yield f"    {kind.label}: {wording.grouped(kind.count)}"
            for change in kind.first:
                yield f"      {change.number}  {change.old} → {change.new}"


def _cell(cell: Cell) -> str:
    return f"{cell.value} ({cell.of})" if cell.of else cell.value


def _score_line(cell: ScoreCell | None) -> str:
    if cell is None:
        return "–"
    return " · ".join(filter(None, (cell.value, cell.grade, cell.payable, *cell.remarks)))


def _label(label: Mapping[str, str]) -> str:
    return label_in(label, get_language() or "zh-hans")


def _headline(data: Data, total: int) -> str:
    if data["is_unchanged"]:
        return _("The draft would have made no difference.")
    return ngettext(
        "One verdict on a ticket would be another.", "%(n)s verdicts on tickets would be others.", total
    ) % {"n": wording.grouped(total)}


# --- figures --------------------------------------------------------------------------------------------------------


def _indicator(one: Data) -> IndicatorView:
    rows = [_row(row, one) for row in one["rows"]]
    asides = []
    if not one["is_in_contract"]:
        asides.append(_("not agreed in the contract"))
    if not one["is_in_draft"]:
        asides.append(_("not agreed in the draft"))
    return IndicatorView(
        label=_label(one["label"]),
        whole=rows[0],
        months=rows[1:],
        changed_months=sum(1 for row in rows[1:] if row.delta),
        aside=" · ".join(asides),
    )


def _row(row: Data, indicator: Data) -> RowView:
    old, new, unit = row["old"], row["new"], indicator["unit"]
    delta, trend = _delta(old["value"], new["value"], unit, is_better_high=indicator["is_better_high"])
    if not delta and (old["numerator"], old["denominator"], old["is_met"], old["goal"]) != (
        new["numerator"],
        new["denominator"],
        new["is_met"],
        new["goal"],
    ):
        delta, trend = _("others are counted"), "other"
        if (old["numerator"], old["denominator"]) == (new["numerator"], new["denominator"]):
            delta = _("another goal")
    return RowView(
        period=row["period"] or _("all"),
        old=_figure(old, unit),
        new=_figure(new, unit),
        delta=delta,
        trend=trend,
    )


def _figure(side: Data, unit: str) -> Cell:
    value = _("N/A") if side["value"] is None else _amount(Decimal(side["value"]), unit)
    of = ""
    if unit == "%" and side["denominator"]:
        of = wording.of_text(side["numerator"], side["denominator"])
    elif unit == "h" and side["denominator"]:
        of = "n = " + wording.grouped(side["denominator"])
    goal = ""
    if side["goal"] is not None:
        sign = "≥" if side["goal_comparison"] == "at_least" else "≤"
        limit = Decimal(side["goal"])
        shown = wording.duration(int(limit * _HOUR)) if unit == "h" else _amount(limit.normalize() + 0, unit)
        goal = f"{sign} {shown}"
    mark = "" if side["is_met"] is None else "met" if side["is_met"] else "breached"
    return Cell(value, of, goal, mark, side["is_provisional"])


def _amount(value: Decimal, unit: str) -> str:
    if unit == "tickets":
        return wording.grouped(int(value))
    return f"{wording.decimal_text(value)} {'%' if unit == '%' else _('h')}"


def _delta(old: str | None, new: str | None, unit: str, *, is_better_high: bool) -> tuple[str, str]:
    if old is None or new is None:
        return ("", "") if old == new else (_("only one side has a value"), "other")
    change = Decimal(new) - Decimal(old)
    if not change:
        return "", ""
    shown = f"{change:+,f}" if unit != "tickets" else f"{int(change):+,d}"
    suffix = {"%": _("percentage points"), "h": _("h"), "tickets": ""}[unit]
    return f"{shown.replace('-', '−')} {suffix}".rstrip(), "better" if (
        change > 0
    ) == is_better_high else "worse"


# --- scores and money -----------------------------------------------------------------------------------------------


def _score(one: Data) -> ScoreView:
    old, new = one["old"], one["new"]
    delta = money = trend = ""
    if old and new:
        if old["value"] is not None and new["value"] is not None:
            change = Decimal(new["value"]) - Decimal(old["value"])
            if change:
                delta = f"{change:+f}".replace("-", "−")
                trend = "better" if change > 0 else "worse"
        if old["payable"] and new["payable"] and old["currency"] == new["currency"]:
            change = Decimal(new["payable"]) - Decimal(old["payable"])
            money = f"{change:+,f} {new['currency']}".replace("-", "−") if change else ""
    return ScoreView(
        period=read_scored_period(one["period"]).label,
        old=_score_cell(old),
        new=_score_cell(new),
        delta=delta,
        money_delta=money,
        trend=trend,
    )


def _score_cell(one: Data | None) -> ScoreCell | None:
    if one is None:
        return None
    value = _("N/A") if one["value"] is None else wording.decimal_text(Decimal(one["value"]))
    if one["value"] is not None and one["full"] != "0":
        value = _("%(score)s of %(full)s") % {"score": value, "full": one["full"]}
    remarks = []
    if one["lacking"]:
        remarks.append(
            ngettext("one entry of people lacks", "%(n)s entries of people lack", len(one["lacking"]))
            % {"n": len(one["lacking"])}
        )
    elif one["is_running"]:
        remarks.append(_("not over"))
    if one["is_provisional"]:
        remarks.append(_("provisional"))
    return ScoreCell(
        value=value,
        grade=_label(one["grade_label"]),
        payable=_sum(one["payable"], one["currency"]),
        deducted=_sum(one["deducted"], one["currency"]),
        remarks=remarks,
    )


def _sum(amount: str | None, currency: str) -> str:
    return "" if amount is None else f"{wording.decimal_text(Decimal(amount))} {currency}"


def _money(money: Data) -> Iterator[tuple[str, str]]:
    for name, label in (("old", _("Payable under the contract")), ("new", _("Payable under the draft"))):
        if money[name] is not None:
            yield label, _sum(money[name]["payable"], money[name]["currency"])
    if money["old"] and money["new"] and money["old"]["currency"] == money["new"]["currency"]:
        change = Decimal(money["new"]["payable"]) - Decimal(money["old"]["payable"])
        yield _("Difference"), f"{change:+,f} {money['new']['currency']}".replace("-", "−")


# --- tickets --------------------------------------------------------------------------------------------------------


def kind_label(kind: str) -> str:
    """A kind of change."""
    return {
        "missed": _("met → missed"),
        "met": _("missed → met"),
        "counted": _("now counted"),
        "dropped": _("no longer counted"),
        "moved": _("counted in another month"),
    }[kind]


def _difference(one: Data, listed: Sequence[Data]) -> DifferenceView:
    return DifferenceView(
        key=one["key"],
        label=_label(one["label"]) or one["key"],
        total=one["total"],
        kinds=[
            KindView(
                kind=kind,
                label=kind_label(kind),
                count=one["counts"][kind],
                first=[
                    _change(change)
                    for change in listed
                    if (change["of"], change["key"], change["change"]) == (one["of"], one["key"], kind)
                ],
            )
            for kind in KINDS
            if one["counts"][kind]
        ],
    )


def _change(one: Data) -> ChangeView:
    return ChangeView(
        number=one["ticket"],
        old=_fate(one["old"], one["old_late_seconds"], one["of"]),
        old_at=None if one["old_at"] is None else datetime.fromisoformat(one["old_at"]),
        new=_fate(one["new"], one["new_late_seconds"], one["of"]),
        new_at=None if one["new_at"] is None else datetime.fromisoformat(one["new_at"]),
    )


def _fate(verdict: str | None, late_seconds: int, of: str) -> str:
    if verdict is None:
        return _("not counted")
    if of == "indicator":
        return pgettext("share", "counts") if verdict == "met" else pgettext("share", "counts not")
    if verdict == "met":
        return pgettext("clock", "met")
    return _("missed by %(time)s") % {"time": wording.duration(late_seconds)}


# --- notes ----------------------------------------------------------------------------------------------------------


def note_text(note: Data, clocks: Mapping[str, Mapping[str, str]]) -> str:
    """One note as a sentence."""
    params: dict[str, Any] = dict(note["params"])
    for name in ("count", "missed", "kept"):
        if name in params:
            params[name] = wording.grouped(params[name])
    if note["code"].startswith("clock_"):
        params["key"] = _label(clocks.get(params["key"], {"en": params["key"]}))
    if "period" in params:
        params["period"] = {
            "month": _("month"),
            "quarter": _("quarter"),
            "year": _("year"),
        }[params["period"]]
    return _sentences()[note["code"]] % params


def _sentences() -> dict[str, str]:
    side = {"contract": _("Contract"), "draft": _("Draft")}
    found = {
        "versions": _(
            "Several versions were in force (%(numbers)s): each clock is shown by the one of its start, the draft "
            "holds for all of them."
        ),
        "zones": _(
            "The contract's months are those of %(old)s, the draft's those of %(new)s: tickets around midnight may "
            "change their month."
        ),
        "before_contract": _(
            "%(count)s tickets were opened before the contract began; they have no clock on either side."
        ),
        "service_unknown": _(
            "The draft does not know the service “%(key)s”: its %(count)s tickets of the period are left out of the "
            "draft's side."
        ),
        "priority_unknown": _(
            "The draft does not know the priority “%(key)s”: the clocks of its %(count)s tickets of the period have "
            "no goal there."
        ),
        "clock_dropped": _(
            "The draft has no clock “%(key)s”: its %(count)s verdicts (%(missed)s missed) count no more."
        ),
        "clock_added": _(
            "The contract has no clock “%(key)s”: it would have come to %(count)s verdicts (%(missed)s missed)."
        ),
        "priority_recomputed": _(
            "Priorities are worked out anew by the draft's matrix: %(count)s tickets get another one; %(kept)s keep "
            "theirs, which a person set or which the matrix cannot tell."
        ),
        "matrix_differs": _(
            "The draft has another priority matrix. Priorities are taken as they were given; they can be worked out "
            "anew from impact and urgency."
        ),
        "running": _("The period is not over: this is how it stands."),
    }
    templates = {
        "unscored": _("%(side)s: does not say how a period is scored."),
        "no_whole_period": _("%(side)s: scores by %(period)s, and no whole one lies within these days."),
        "lacking": _(
            "%(side)s: something that people enter is in no statement of the period; it is taken as not asked for."
        ),
        "unfit": _(
            "%(side)s: %(count)s things that people entered in statements have no place in it and are left out."
        ),
        "no_fee": _("%(side)s: no fee is agreed, so no money is shown; it can be given for the replay."),
        "no_contract_value": _(
            "%(side)s: it deducts from the contract's value, which is not known; it can be given for the replay."
        ),
        "settled_by": _("%(side)s: money is settled by %(period)s, and no whole one lies within these days."),
    }
    for key, name in side.items():
        for code, text in templates.items():
            found[f"{key}_{code}"] = text.replace("%(side)s", name)
    return found
