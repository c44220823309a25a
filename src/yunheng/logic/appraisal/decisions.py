"""Deciding an appeal: each side casts a ballot, and what both want alike is the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

Side = Literal["provider", "client"]
Verdict = Literal["upheld", "partly", "rejected"]
SIDES: Final[tuple[Side, ...]] = ("provider", "client")
VERDICTS: Final[tuple[Verdict, ...]] = ("upheld", "partly", "rejected")
#: What may change of an event, and of an item as such.
OF_EVENT: Final = ("drop", "quantity", "party")
OF_ITEM: Final = ("value", "mark")
_FIGURES: Final = 12  #: before the point
_PLACES: Final = 6  #: decimal places, as of what people enter
_LONGEST: Final = 40  #: characters of a number

ChangeFault = Literal["needed", "not_wanted", "one_only", "not_of_event", "not_of_item", "no_number", "party"]


@dataclass(frozen=True, slots=True)
class Change:
    """What a decision changes; at most one of them. All None or False: nothing.

    Of an event: it does not count (`drop`), has another `quantity`, or another liable `party`. Of an item: another
    `value` is read, or each of its marks is `mark`.
    """

    drop: bool = False
    quantity: Decimal | None = None
    party: str = ""
    value: Decimal | None = None
    mark: Decimal | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether everything stays."""
        return self == Change()

    def plain(self) -> dict[str, str | bool]:
        """As it is stored: only what it changes, numbers as text in one form."""
        data: dict[str, str | bool] = {}
        if self.drop:
            data["drop"] = True
        if self.party:
            data["party"] = self.party
        for name in ("quantity", "value", "mark"):
            number = getattr(self, name)
            if number is not None:
                data[name] = _text(number)
        return data

    @classmethod
    def of(cls, data: Mapping[str, object]) -> Change:
        """What `plain` wrote. Raises ValueError for anything that is none."""
        unknown = set(data) - {*OF_EVENT, *OF_ITEM}
        if unknown:
            raise ValueError(f"no change is called {', '.join(sorted(unknown))}")
        numbers: dict[str, Decimal | None] = {}
        for name in ("quantity", "value", "mark"):
            text = data.get(name)
            numbers[name] = None if text is None else _number(str(text))
        return cls(
            drop=data.get("drop") is True,
            party=str(data.get("party") or ""),
            quantity=numbers["quantity"],
            value=numbers["value"],
            mark=numbers["mark"],
        )


@dataclass(frozen=True, slots=True)
class Ballot:
    """What one side wants an appeal to be decided as."""

    side: Side
    verdict: Verdict
    change: Change


@dataclass(frozen=True, slots=True)
class Outcome:
    """What both sides decided."""

    verdict: Verdict
    change: Change


def agreed(ballots: Sequence[Ballot]) -> Outcome | None:
    """The decision, when each side has cast its ballot and both want the same; else None.

    Nobody decides alone: who filed the appeal is of one side, and the other's ballot is needed.
    """
    if sides_missing(ballots):
        return None
    wanted = {(ballot.verdict, ballot.change) for ballot in ballots}
    if len(wanted) > 1:
        return None
    verdict, change = wanted.pop()
    return Outcome(verdict, change)


def sides_missing(ballots: Sequence[Ballot]) -> tuple[Side, ...]:
    """Sides that have not cast a ballot."""
    cast = {ballot.side for ballot in ballots}
    return tuple(side for side in SIDES if side not in cast)


def faults_of_change(
    verdict: Verdict, change: Change, *, is_event: bool, parties: Sequence[str] = ()
) -> tuple[ChangeFault, ...]:
    """Why a change does not fit: a rejected appeal changes nothing, any other exactly one thing of its own target.

    `parties` are those that may be liable for an event.
    """
    stored = change.plain()
    if verdict == "rejected":
        return ("not_wanted",) if stored else ()
    if not stored:
        return ("needed",)
    faults: list[ChangeFault] = []
    if len(stored) > 1:
        faults.append("one_only")
    if is_event and not set(stored) <= set(OF_EVENT):
        faults.append("not_of_event")
    if not is_event and not set(stored) <= set(OF_ITEM):
        faults.append("not_of_item")
    if change.party and parties and change.party not in parties:
        faults.append("party")
    if change.quantity is not None and change.quantity < 0:
        faults.append("no_number")
    return tuple(faults)


def _number(text: str) -> Decimal:
    """A number below 10^12 with at most six places: one that is written with an exponent could be of any size."""
    try:
        number = Decimal(text) if len(text) <= _LONGEST else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or number.adjusted() >= _FIGURES:
        raise ValueError(f"{text[:_LONGEST]!r} is no number that can be used")
    kept = round(number, _PLACES)
    if kept != number:
        raise ValueError(f"at most {_PLACES} decimal places")
    return kept.normalize() + 0


def _text(number: Decimal) -> str:
    return format(number.normalize() + 0, "f")
