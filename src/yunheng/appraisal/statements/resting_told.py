"""In words: what a statement of a longer period rests on that was reversed since, who was told, and the way on."""

from collections.abc import Iterator, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from yunheng.contracts import wording as contract_wording

from .computing import SIGNED
from .queries import StatementView
from .resting import ReversedPart
from .shown import Resting, RestsOn
from .wording import period_label


def resting_told(view: StatementView, *, may_reverse: bool) -> Resting | None:
    """What the page says; None where all that the statement rests on stands."""
    found = view.rests_on_reversed
    if not found:
        return None
    newer = view.reversed_by
    return Resting(
        parts=list(_parts(view)),
        way_on=_way_on(view, found),
        corrected_by="" if newer is None else newer.number,
        # Below a quarter that still rests on the old month a correction would change nothing.
        may_correct=may_reverse and not any(one.through for one in found),
        why=" ".join(
            _("%(part)s, on which it rests, was reversed by %(by)s.")
            % {"part": one.number, "by": one.reversed_by}
            for one in found
        ),
    )


def _parts(view: StatementView) -> Iterator[RestsOn]:
    entries = {line.data.get("part"): line for line in view.history if line.type == "appraisal.part_reversed"}
    for one in view.rests_on_reversed:
        line = entries.get(one.number)
        yield RestsOn(
            number=one.number,
            url=reverse("appraisal:statement", args=[one.number]),
            period=period_label(one.period),
            by=one.reversed_by,
            by_url=reverse("appraisal:statement", args=[one.reversed_by]),
            through=one.through,
            at=None if line is None else line.at,
            told=contract_wording.listed(line.told) if line is not None and line.told else "",
        )


def _way_on(view: StatementView, found: Sequence[ReversedPart]) -> str:
    if view.reversed_by is not None:
        return _("It is corrected by:")
    if view.statement.state not in SIGNED:
        return _(
            "It goes its way as it was issued; when both have signed, a reversing statement corrects it."
        )
    if through := [one.through for one in found if one.through]:
        return _("First %(numbers)s is corrected, then this one.") % {
            "numbers": contract_wording.listed(dict.fromkeys(through))
        }
    return _("It stands as both signed it, until a reversing statement corrects it.")
