"""Suppliers on the page of a comparison, and the heads of the tickets behind their numbers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunheng.foundation import wording
from yunheng.foundation.refusals import Invalid
from yunheng.logic.comparison import Share
from yunheng.logic.measure import round_half_up

from ..scored_period import ScoredPeriod
from .cells import CountCell, ShareCell, no_share
from .queries import Comparison, Served, SupplierRow
from .suppliers import NOT_STATED, PAUSES, SupplierRecord
from .words import basis_text, few_text, kind_name, pause_name, supplier_name


@dataclass(frozen=True, slots=True)
class SupplierLine:
    """A supplier, over all contracts or in one of them (`contract` is its title then)."""

    name: str
    contract: str
    contract_url: str
    is_part: bool
    targets: Sequence[tuple[str, ShareCell]]
    called: CountCell
    late: CountCell
    hit: CountCell | None
    held: str
    held_of: str
    pauses: Sequence[tuple[str, CountCell]]
    no_pauses: str
    backdated: CountCell
    basis: str


def supplier_lines(found: Comparison, row: SupplierRow, kinds: Sequence[str]) -> Iterator[SupplierLine]:
    """The supplier over all, then each of its contracts; with one contract the one line says both."""
    if len(row.served) == 1:
        yield _supplier_line(found, row.served[0], row.served[0].record, kinds, is_part=False)
        return
    yield _supplier_line(found, None, row.whole, kinds, is_part=False)
    for served in row.served:
        yield _supplier_line(found, served, served.record, kinds, is_part=True)


def _supplier_line(
    found: Comparison, served: Served | None, record: SupplierRecord, kinds: Sequence[str], *, is_part: bool
) -> SupplierLine:
    def opens(what: str, count: int) -> str:
        return tickets_url(served, found.period, record.key, what) if served is not None and count else ""

    def counted(what: str, count: int, of: str = "") -> CountCell:
        return CountCell(wording.grouped(count), of, "", opens(what, count))

    settled = sum(one.denominator for one in record.targets.values())
    is_named = record.key != NOT_STATED
    none = CountCell("", "", _("no data") if is_named else wording.DASH, "")
    return SupplierLine(
        name=supplier_name(record),
        contract="" if served is None else served.title,
        contract_url=""
        if served is None or found.is_own
        else reverse("contracts:contract", args=[served.contract.scope.key]),
        is_part=is_part,
        targets=[(kind_name(kind), _target(record, kind, opens)) for kind in kinds],
        called=counted("called", record.called) if is_named else none,
        late=counted("late", record.late) if settled else none,
        hit=None
        if found.is_own
        else counted("hit", record.hit, _("of %(n)s") % {"n": wording.grouped(record.late)})
        if record.late
        else CountCell("", "", wording.DASH if not settled else _("none was late"), ""),
        held="" if found.is_own or not record.pause_count else wording.duration(record.held_seconds),
        held_of="" if found.is_own else _held_of(record),
        pauses=[
            (pause_name(standing), counted(standing, record.pauses[standing]))
            for standing in PAUSES
            if record.pauses[standing]
        ],
        no_pauses="" if record.pause_count else pgettext("pauses", "none"),
        backdated=counted("backdated", record.backdated)
        if record.pause_count
        else CountCell("", "", wording.DASH, ""),
        basis="" if served is None else basis_text(served.measured),
    )


def _target(record: SupplierRecord, kind: str, opens: Callable[[str, int], str]) -> ShareCell:
    share = record.targets.get(kind)
    if share is None:
        return no_share(_("not promised") if record.key != NOT_STATED else wording.DASH)
    if share.fraction is None:
        return no_share(_("no data"))
    return ShareCell(
        value=f"{round_half_up(share.fraction * 100, 1)} %",
        of=wording.of_text(share.numerator, share.denominator),
        why="",
        url=opens(f"missed:{kind}", share.missed) or opens(f"met:{kind}", share.numerator),
        goal="",
        has_missed=share.missed > 0,
        has_met=share.missed == 0,
        few=few_text() if share.is_few else "",
        is_provisional=False,
        trend=None,
    )


def _held_of(record: SupplierRecord) -> str:
    if not record.open_seconds or not record.pause_count:
        return ""
    share = Share(record.held_seconds, record.open_seconds).fraction
    assert share is not None
    return _("%(share)s %% of %(time)s") % {
        "share": round_half_up(share * 100, 1),
        "time": wording.duration(record.open_seconds),
    }


def tickets_url(served: Served, period: ScoredPeriod, supplier: str, what: str) -> str:
    """The tickets behind a number of a supplier in one contract."""
    asked = {
        "contract": served.contract.scope.key,
        "period": period.name,
        "supplier": supplier or "-",
        "what": what,
    }
    return f"{reverse('appraisal:compared_tickets')}?{urlencode(asked)}"


def behind_text(what: str) -> str:
    """What a number of a supplier counts, as the head of the page behind it. Raises Invalid for none."""
    name, _colon, kind = what.partition(":")
    known = {
        "called": _("Tickets for which the supplier was called"),
        "late": _("Tickets on which the supplier was late"),
        "hit": _("Late for the client, too"),
        "backdated": _("Waiting periods on the supplier's account that were dated back"),
        "confirmed": _("Waiting periods on the supplier's account: confirmed"),
        "disputed": _("Waiting periods on the supplier's account: disputed"),
        "rejected": _("Waiting periods on the supplier's account: rejected"),
        "unanswered": _("Waiting periods on the supplier's account: not answered"),
        "met": _("Met: %(target)s") % {"target": kind_name(kind)},
        "missed": _("Missed: %(target)s") % {"target": kind_name(kind)},
    }
    if name not in known:
        raise Invalid({"what": _("One of: %(choices)s.") % {"choices": ", ".join(known)}})
    return known[name]
