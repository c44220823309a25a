"""The content of a service ledger: a month's tickets one by one. The rows come as a stream beside it."""

from typing import Any

from django.utils.translation import gettext as _

from yunheng.foundation import wording

from .columns import ledger_columns
from .rows import touched
from .source import Source, opening, speaking


def ledger(source: Source, language: str) -> dict[str, Any]:
    """The body of a service ledger."""
    with speaking(language, source.month.zone):
        content = opening(source, "ledger", language, _("Service ledger"))
        columns = ledger_columns()
        note = _(
            "%(count)s tickets: those opened in %(month)s, and those opened before that were not closed when it began."
        ) % {
            "count": wording.grouped(len(touched(source))),
            "month": content["report"]["period_label"],
        }
        return {**content, "columns": columns, "item_columns": columns, "note": note}
