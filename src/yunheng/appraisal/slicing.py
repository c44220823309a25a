"""Parts of a whole: the tickets opened in a period by what they are, and those open at its end by their age."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from yunheng.contracts.terms import ContractTerms, label_in
from yunheng.desk.wording import channel_name, kind_name
from yunheng.foundation.flow import label_text, load_processes
from yunheng.logic import measure
from yunheng.logic.vector.samples import AGE_BANDS

from .attributes import attributes_of
from .spans import Span

Int64 = npt.NDArray[np.int64]

#: The key of what nobody has said: a slice of its own, never dropped.
UNKNOWN: Final = "-"

#: What the tickets opened in a period are divided by.
Division = Literal["source", "kind", "priority", "service", "category", "cause"]
DIVISIONS: Final[tuple[Division, ...]] = ("source", "kind", "priority", "service", "category", "cause")
_NO_END: Final = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a whole: `share` in percent of the whole to one digit, None where the whole is nothing."""

    key: str
    label: str
    count: int
    share: Decimal | None


def division(span: Span, by: Division, row: Int64) -> tuple[Mapping[str, Int64], Mapping[str, str]]:
    """Rows by key, and labels of the keys that have an order of their own."""
    texts, codes = _texts(span, by)
    found: dict[str, list[Int64]] = {}
    of_rows = codes[row]
    for code in np.unique(of_rows):
        found.setdefault(texts(int(code)) or UNKNOWN, []).append(row[of_rows == code])
    grouped = {key: np.sort(np.concatenate(parts)) for key, parts in found.items()}
    return grouped, _labels(span.terms, by, grouped)


def _texts(span: Span, by: Division) -> tuple[Callable[[int], str], Int64]:
    lives, terms = span.study.lives, span.study.facts.terms
    if by in {"priority", "service"}:
        place = 1 if by == "priority" else 0
        return lambda code: _piece(terms.get(code, ""), place), lives.profile.astype(np.int64)
    if by == "cause":
        return lambda code: _piece(terms.get(code, ""), 1), lives.classification.astype(np.int64)
    attributes = attributes_of(span.study)
    known = {"source": attributes.channel, "kind": attributes.kind, "category": attributes.category}[by]
    return lambda code: known.texts[code], known.code


def _piece(text: str, place: int) -> str:
    return [*text.split("|"), "", ""][place].strip()


def _labels(terms: ContractTerms, by: Division, keys: Iterable[str]) -> dict[str, str]:
    """Labels of these keys: in the contract's order where it has one."""
    language = get_language() or "zh-hans"
    ordered: dict[str, str] = {}
    if by == "priority":
        ordered = {key: label_in(one.label, language) for key, one in terms.priorities.items()}
    elif by == "service":
        ordered = {key: label_in(one.label, language) for key, one in terms.services.items()}
    name = {"source": channel_name, "kind": kind_name, "cause": cause_name}.get(by, str)
    wanted = set(keys)
    labels = {key: label for key, label in ordered.items() if key in wanted}
    return labels | {key: name(key) for key in wanted - set(labels)}


def name_of(terms: ContractTerms, by: Division, key: str) -> str:
    """What a part of a division is called; the key itself where nobody gave it a name."""
    return pgettext("slice", "not stated") if key == UNKNOWN else _labels(terms, by, [key])[key]


def cause_name(key: str) -> str:
    """A cause as the form that asks for it calls it; what was written freely is its own name."""
    for process in load_processes().values():
        for transition in process.transitions.values():
            for field in transition.form:
                if field.name == "cause":
                    for choice in field.choices:
                        if choice.key == key:
                            return label_text(choice.label)
    return key


def bands(span: Span) -> tuple[Mapping[str, Int64], Mapping[str, str]]:
    lives, row = span.stock()
    age = span.cut_off - lives.opened_at[row]
    grouped = {
        key: row[(age >= low) & (age < (high if high is not None else _NO_END))]
        for key, low, high in AGE_BANDS
    }
    return grouped, {key: _("%(band)s days") % {"band": key} for key in grouped}


def slices_of(
    grouped: Mapping[str, Int64], labels: Mapping[str, str], whole: int, *, is_whole: bool = False
) -> tuple[Slice, ...]:
    """The most first, equal ones by key, the unknown last; `is_whole` keeps the order and what is empty."""
    keys = list(grouped)
    if not is_whole:
        keys.sort(key=lambda key: (key == UNKNOWN, -len(grouped[key]), key))
    return tuple(
        Slice(
            key,
            pgettext("slice", "not stated") if key == UNKNOWN else labels.get(key, key),
            len(grouped[key]),
            share_of(len(grouped[key]), whole),
        )
        for key in keys
    )


def share_of(part: int, whole: int) -> Decimal | None:
    """Percent to one digit, half up; None of nothing."""
    return measure.round_half_up(Fraction(100 * part, whole), 1) if whole else None
