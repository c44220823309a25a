"""The columns of the sheet with every ticket, and of the service ledger. Their rows: `rows`."""

from typing import Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.contracts.terms import label_in

from .source import Source

CLOCK: Final = "clock:"  #: begins the keys of columns about one clock


def item_columns(source: Source) -> list[dict[str, Any]]:
    """Columns of all that is known of a ticket, one more per clock promised to the client. Call it `speaking`."""
    language = get_language() or "zh-hans"
    columns = [
        ("number", _("Number"), 22, "text"),
        ("source_number", _("Number in the source system"), 18, "text"),
        ("title", _("Title"), 48, "text"),
        ("kind", _("Kind"), 12, "text"),
        ("service", _("Service"), 20, "text"),
        ("priority", _("Priority"), 10, "text"),
        ("category", _("Category"), 16, "text"),
        ("ci", _("Configuration item"), 18, "text"),
        ("cause", _("Cause"), 16, "text"),
        ("source", _("Source"), 10, "text"),
        ("opened", _("Opened"), 18, "instant"),
        ("responded", _("First response"), 18, "instant"),
        ("restored", _("Restored"), 18, "instant"),
        ("resolved", _("Resolved"), 18, "instant"),
        ("closed", _("Closed"), 18, "instant"),
        ("to_response", _("Hours to first response"), 12, "hours"),
        ("to_resolution", _("Hours to resolution"), 12, "hours"),
        ("reopenings", _("Reopenings"), 8, "int"),
    ]
    details = source.terms.clock_details
    columns += [
        (f"{CLOCK}{key}", label_in(details[key].label, language), 10, "text")
        for key in source.terms.clocks_for("client")
    ]
    columns.append(("left_out", _("Left out of the figures"), 16, "text"))
    return [{"key": key, "label": label, "width": width, "kind": kind} for key, label, width, kind in columns]


def ledger_columns() -> list[dict[str, Any]]:
    """Columns of the service ledger. Call it `speaking`."""
    columns = [
        ("serial", _("No."), 6, "int"),
        ("number", _("Number"), 22, "text"),
        ("title", _("Title"), 40, "text"),
        ("kind", _("Kind"), 10, "text"),
        ("service", _("Service"), 16, "text"),
        ("priority", _("Priority"), 8, "text"),
        ("source", _("Source"), 8, "text"),
        ("opened", _("Opened"), 16, "instant"),
        ("responded", _("First response"), 16, "instant"),
        ("resolved", _("Resolved"), 16, "instant"),
        ("closed", _("Closed"), 16, "instant"),
        ("cause", _("Cause"), 14, "text"),
        ("result", _("Promises"), 12, "text"),
        ("resolution", _("What was done"), 40, "text"),
    ]
    return [{"key": key, "label": label, "width": width, "kind": kind} for key, label, width, kind in columns]
