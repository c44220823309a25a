"""Sentences of a comparison: why a score is missing, how it went, what cannot be compared."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from yunheng.contracts import wording as contract_words
from yunheng.foundation import wording
from yunheng.logic.comparison import FEW

from ..score_words import shown
from .keeping import Source
from .measured import REOPENED, RESOLUTION, RESPONSE, Measured
from .queries import Comparison, ContractRow
from .scores import Rated
from .suppliers import NOT_STATED, SupplierRecord

#: Kinds of targets, in the order in which they stand side by side.
KINDS: Final = ("respond", "arrive", "restore", "resolve", "update", "closeout", "custom")


def kind_name(kind: str) -> str:
    """A kind of target of suppliers."""
    return {
        "respond": pgettext("target", "Respond"),
        "update": pgettext("target", "Progress update"),
        "restore": pgettext("target", "Restore"),
        "resolve": pgettext("target", "Resolve"),
        "arrive": pgettext("target", "Arrive on site"),
        "closeout": pgettext("target", "Close-out report"),
    }.get(kind, pgettext("target", "Other target"))


def supplier_name(record: SupplierRecord) -> str:
    """The supplier, or that no entry says who it was."""
    return _("not stated which") if record.key == NOT_STATED else record.name


def pause_name(standing: str) -> str:
    """How waiting periods on a supplier's account were answered."""
    return {
        "confirmed": pgettext("pauses", "confirmed"),
        "disputed": pgettext("pauses", "disputed"),
        "rejected": pgettext("pauses", "rejected"),
        "unanswered": pgettext("pauses", "not answered"),
    }[standing]


def why_no_score(row: ContractRow) -> str:
    """Why a contract has no score in the period; "" where it has one."""
    if row.result is not None and row.result.value is not None:
        return ""
    scheme_kind = "" if row.scheme is None else row.scheme.period
    known: dict[Source, str] = {
        "unscored": _("not scored: the contract has no scheme"),
        "longer": _("the scheme does not say how such a period is made of shorter ones"),
        "not_in_force": _("the contract was not in force"),
        "no_version": row.problem,
        "failed": row.problem,
    }
    if row.source in known:
        return known[row.source]
    if row.source == "shorter":
        return _("scored by the year") if scheme_kind == "year" else _("scored by the quarter")
    if row.result is not None and row.result.parts is not None:
        return _("no score yet: none of its periods is signed")
    return _("no score: nothing was asked for")


def standing_text(row: ContractRow) -> str:
    """What a score rests on; "" where there is none."""
    if row.source == "statement":
        return _("frozen by the statement")
    if row.result is None:
        return ""
    if row.result.parts is not None:
        done, of = row.result.parts
        return _("so far: %(done)d of %(of)d periods are signed") % {"done": done, "of": of}
    if row.result.is_whole:
        return _("computed, no statement yet") if row.statement is None else _("computed, a draft")
    return _("so far: something is not known yet")


def change_text(change: Decimal | None) -> str:
    """ "+2.5" since the period before, with a true minus; "" where nothing can be said."""
    if change is None:
        return ""
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    return f"{sign}{abs(change):f}"


def rated_lines(row: ContractRow) -> list[str]:
    """Marks of people, item by item."""
    if row.scheme is None or row.result is None:
        return []
    return [_rated(row, one) for one in row.result.rated]


def _rated(row: ContractRow, one: Rated) -> str:
    label = row.scheme.items.get(one.item) if row.scheme is not None else None
    words = {
        "item": contract_words.said(label) if label else one.item,
        "mark": shown_text(one.mark),
        "high": shown_text(one.high),
        "count": one.raters,
    }
    return (
        ngettext(
            "%(item)s: %(mark)s of %(high)s, by %(count)d person",
            "%(item)s: %(mark)s of %(high)s, by %(count)d people",
            one.raters,
        )
        % words
    )


def shown_text(number: str) -> str:
    """An exact number as a person reads it."""
    return shown(Fraction(number))


def why_no_marks(row: ContractRow) -> str:
    """Not asked for, not entered yet, or nothing to say of it; "" where there are marks."""
    if row.result is not None and row.result.rated:
        return ""
    if row.scheme is None or not row.scheme.rated:
        return _("not asked for")
    if row.result is None or (row.result.parts is not None):
        return wording.DASH
    return pgettext("marks", "none given") if row.source == "statement" else _("not entered yet")


def notes(found: Comparison) -> Iterator[str]:
    """What cannot be compared as it stands, and what the marks mean."""
    if found.is_own:
        yield _("Your company alone, in the contracts that your people work in.")
    if found.schemes > 1:
        yield (
            ngettext(
                "The scores were made under %(n)d different scheme: they are not to be ranked.",
                "The scores were made under %(n)d different schemes, told apart by their numbers: "
                "a score of one scheme says nothing against a score of another.",
                found.schemes,
            )
            % {"n": found.schemes}
        )
    if found.promises_differ:
        yield _(
            "Each contract is measured by the times that it promises its own client; they differ, and so an equal "
            "share is no equal speed."
        )
    own = [
        name
        for key, name in (
            (RESPONSE, _("response")),
            (RESOLUTION, _("resolution")),
            (REOPENED, _("reopening")),
        )
        if found.contracts and found.goals_differ(key)
    ]
    if own:
        yield _("Own goals differ: %(what)s. Each row says its own.") % {"what": contract_words.listed(own)}
    if found.left_out:
        yield (
            ngettext(
                "%(n)d more contract is not shown.",
                "%(n)d more contracts are not shown.",
                found.left_out,
            )
            % {"n": found.left_out}
        )


def few_text() -> str:
    """What the mark of small numbers means."""
    return _("fewer than %(n)d: one more or less changes much") % {"n": FEW}


def basis_text(measured: Measured | None) -> str:
    """As of what the figures stand."""
    if measured is None:
        return ""
    if not measured.is_live:
        return _("figures as of log position %(position)s") % {"position": wording.grouped(measured.position)}
    return _("figures as of now")
