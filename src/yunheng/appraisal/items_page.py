"""The page of items behind one figure: what counted, what missed, what was left out and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import terms_at
from yunheng.contracts.terms import label_in
from yunheng.foundation import wording

from .figures import Item, Part, Row
from .presentation import Question, base_text, goal_text, of_text, value_text
from .queries import figures, items

PAGE = 50


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item in words."""

    item: Item
    clock: str
    measured: str
    mark: str
    mark_label: str


@dataclass(frozen=True, slots=True)
class ItemsPage:
    """One page of items with the figure they are behind.

    `parts` are the tabs: key, name, whether it is this one, address.
    """

    row: Row
    value: str
    of: str
    goal: str
    base: str
    lines: Sequence[ItemLine]
    parts: Sequence[tuple[str, str, bool, str]]
    following: str
    after: str
    question: Question
    group_label: str
    has_measure: bool
    has_clock: bool


def items_page(
    contract: Contract,
    question: Question,
    *,
    key: str,
    group: str,
    part: Part,
    after: str | None,
    now: datetime,
) -> ItemsPage:
    """The items of one part of one figure. Raises Invalid as `appraisal.queries.items` does."""
    period = question.period
    found, following = items(
        contract,
        key=key,
        start=period.start,
        end=period.end,
        group=group,
        by=question.by,
        part=part,
        basis=question.basis,
        position=question.position,
        after=after,
        limit=PAGE,
        now=now,
    )
    rows = figures(
        contract,
        start=period.start,
        end=period.end,
        by=question.by,
        basis=question.basis,
        position=question.position,
        keys=[key],
        now=now,
    ).rows
    row = next((one for one in rows if one.group == group), rows[0])
    terms = terms_at(contract.pk, now)
    labels = (
        {name: label_in(one.label, get_language() or "") for name, one in terms.clock_details.items()}
        if terms
        else {}
    )
    lines = [_line(item, labels, row) for item in found]

    def address(other: str, cursor: str | None = None) -> str:
        return "?" + question.query(
            show=None,
            indicator=key,
            group=group or None,
            part=other if other != "denominator" else None,
            after=cursor,
        )

    return ItemsPage(
        row=row,
        value=value_text(row),
        of=of_text(row),
        goal=goal_text(row),
        base=base_text(row),
        lines=lines,
        parts=[(name, label, name == part, address(name)) for name, label in _tabs(row)],
        following=address(part, following) if following else "",
        after=address(part) if after else "",
        question=question,
        group_label=row.group_label,
        has_measure=any(line.measured for line in lines),
        has_clock=any(line.clock for line in lines),
    )


def _tabs(row: Row) -> list[tuple[str, str]]:
    tabs = [("denominator", _("All %(n)s") % {"n": wording.grouped(row.denominator)})]
    if row.unit == "%":
        tabs.append(("numerator", _("Counted %(n)s") % {"n": wording.grouped(row.numerator)}))
        tabs.append(
            ("misses", _("Not counted %(n)s") % {"n": wording.grouped(row.denominator - row.numerator)})
        )
    if row.waiting:
        tabs.append(("waiting", _("No value yet %(n)s") % {"n": wording.grouped(row.waiting)}))
    tabs.append(("excluded", _("Left out %(n)s") % {"n": wording.grouped(row.excluded)}))
    return tabs


def _line(item: Item, labels: dict[str, str], row: Row) -> ItemLine:
    """An item in words. A hit is good only where more is better: a reopening that counts is not."""
    is_judged = row.is_better_high and not row.is_of_source and row.unit == "%"
    mark, label = {
        "hit": ("met", pgettext("item", "counted")),
        "miss": ("breached", pgettext("item", "missed")),
        "excluded": ("na", _("left out")),
        "waiting": ("plain", _("no value yet")),
    }[item.part]
    if item.part in {"hit", "miss"} and not is_judged:
        mark = "plain"
    return ItemLine(
        item=item,
        clock=labels.get(item.clock, item.clock),
        measured="" if item.seconds is None else wording.duration(item.seconds, is_exact=True),
        mark=mark,
        mark_label=label,
    )
