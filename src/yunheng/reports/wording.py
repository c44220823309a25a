"""What kinds of reports and their months are called, in the language that is active."""

from django.utils.translation import gettext as _

from yunheng.appraisal.periods import month_name as _month_name

from .models import Kind
from .period import Month

__all__ = ["edition_name", "kind_name", "month_name"]


def kind_name(kind: str) -> str:
    """ "Monthly service report"."""
    return {
        Kind.MONTHLY.value: _("Monthly service report"),
        Kind.LEDGER.value: _("Service ledger"),
        Kind.FAULT.value: _("Fault report"),
    }.get(kind, kind)


def month_name(period: str) -> str:
    """ "2016 年 4 月", "April 2016"; of "2016-04"."""
    return _month_name(Month(period, "UTC").first)


def edition_name(edition: int, edition_kind: str) -> str:
    """ "Edition 2", of a fault report "Final edition"."""
    if edition_kind == "preliminary":
        return _("Preliminary edition")
    if edition_kind == "final":
        return _("Final edition")
    return _("Edition %(number)d") % {"number": edition}
