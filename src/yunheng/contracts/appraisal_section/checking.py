"""What must hold between `appraisal` and the rest of a contract: its calendar, the scheme's raters, and its money."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from yunheng.logic.score.scheme import MONTHS

from ..grammar import MISSING, near
from ..problems import Path, gettext_noop
from ..scoring.currency import places_of

Raw = Mapping[str, Any]
Note = Callable[..., None]
"""note(code, path, message, hint, **params) of the check that is running."""


def check_appraisal(raw: Raw, scoring: Raw, note: Note) -> None:
    """Note every error that spans more than one value. `scoring` is empty where the contract has none."""
    if not scoring:
        note(
            "appraisal_scoring",
            ("appraisal",),
            gettext_noop("the contract does not say how a period is scored"),
            gettext_noop("add “scoring:”, or delete this section"),
        )
        return
    if not _is_read(raw) or not _is_read(scoring):
        return
    _check_raters(raw, scoring, note)
    arbitration = raw["arbitration"] or {}
    if arbitration.get("overdue") == "stands" and arbitration.get("escalate_to"):
        note(
            "appraisal_escalation",
            ("appraisal", "arbitration", "escalate_to"),
            gettext_noop("what is contested stands when the term ends, so nobody is told then"),
            gettext_noop("delete this line, or write “overdue: escalate”"),
        )
    _check_money(raw, scoring, note)


def _is_read(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_read, value.values()))
    if isinstance(value, list):
        return all(map(_is_read, value))
    return value is not MISSING


def _check_raters(raw: Raw, scoring: Raw, note: Note) -> None:
    words = list(dict.fromkeys(_words(scoring)))
    for word in raw["raters"]:
        if word in words:
            continue
        meant = near(word, words)
        note(
            "unknown_name",
            ("appraisal", "raters", word),
            gettext_noop("there is no “%(name)s” in %(what)s"),
            gettext_noop("did you mean “%(meant)s”?") if meant else gettext_noop("known there: %(known)s"),
            name=word,
            what="raters",
            meant=meant or "",
            known=", ".join(words) or "–",
        )


def _words(scoring: Raw) -> Iterator[str]:
    """The words in which the scheme's items are rated."""
    for section in scoring["sections"].values():
        for item in section["items"].values():
            if item["rating"]:
                yield from item["rating"]["raters"]


def _check_money(raw: Raw, scoring: Raw, note: Note) -> None:
    settlement = scoring["settlement"]
    fee, value = raw["fee"], raw["contract_value"]
    if not settlement:
        if fee:
            note(
                "appraisal_fee",
                ("appraisal", "fee"),
                gettext_noop("the scheme settles nothing, so no fee follows from a score"),
                gettext_noop("add “settlement:” to the scoring, or delete this line"),
            )
        return
    period = settlement["period"] or scoring["period"]
    if not fee:
        note(
            "appraisal_fee",
            ("appraisal",),
            gettext_noop("the scheme settles each %(period)s, and no fee is named"),
            gettext_noop("add “fee: {amount: …, per: %(period)s}”"),
            period=period,
        )
    elif MONTHS[period] % MONTHS[fee["per"]]:
        note(
            "appraisal_fee",
            ("appraisal", "fee", "per"),
            gettext_noop("the scheme settles each %(period)s, and the fee is for a %(per)s"),
            gettext_noop("name what is paid for a %(period)s"),
            period=period,
            per=fee["per"],
        )
    per_point = settlement["per_point"]
    if per_point and per_point["of"] == "contract_value" and not value:
        note(
            "appraisal_value",
            ("appraisal",),
            gettext_noop("points are deducted from the contract's value, which is not named"),
            gettext_noop("add “contract_value: …”"),
        )
    amounts: list[tuple[Path, str | None]] = [
        (("appraisal", "fee", "amount"), fee["amount"] if fee else None),
        (("appraisal", "contract_value"), value),
    ]
    digits = places_of(settlement["currency"]) if settlement["digits"] is None else settlement["digits"]
    for path, amount in amounts:
        if amount is not None and Decimal(amount) != round(Decimal(amount), digits):
            note(
                "appraisal_digits",
                path,
                gettext_noop("the currency has %(digits)d decimal places"),
                gettext_noop("round the amount"),
                digits=digits,
            )
