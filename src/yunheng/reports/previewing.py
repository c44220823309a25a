"""A report that nobody keeps: made from the same content, marked as a preview. For the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.desk.models import Ticket
from yunheng.foundation.log_queries import Head, head_of_size
from yunheng.foundation.refusals import Invalid

from .content import Header, Source, build, newest_head, rows_for, stamp_with
from .content.source import speaking
from .making import has_rows, render, template_for
from .models import Format
from .period import Month


@dataclass(frozen=True, slots=True)
class Preview:
    """Content and files of a report, and the head that its figures were computed at (None: nothing is sealed)."""

    content: dict[str, Any]
    files: dict[str, bytes]  # by format
    head: Head | None


def preview(
    contract: Contract,
    kind: str,
    month: Month,
    language: str,
    formats: Sequence[str],
    *,
    ticket: Ticket | None = None,
    position: int | None = None,
    now: datetime,
) -> Preview:
    """Make a report without keeping it. The same position gives the same bytes, whenever it is made.

    `position` None: the newest signed head. Raises Invalid ("as_of" for a position without a signed head), Unrendered.
    """
    head = newest_head(contract) if position is None else head_of_size(contract.pk, position)
    if position is not None and head is None:
        raise Invalid({"as_of": _("There is no signed head of this size; see the page “Sealed log”.")})
    source = Source(contract=contract, month=month, head=head, now=now, ticket=ticket)
    body = build(kind, source, language)
    with speaking(language, month.zone):
        header = Header(edition_label=_("Preview"), made_at=source.evaluated_at)
        content = stamp_with(body, header)
    template = template_for(contract.pk, kind, language) if Format.WORD in formats else None
    rows = rows_for(contract.pk, content, source.position) if has_rows(content, formats) else ()
    return Preview(content, render(content, formats, template=template, rows=rows), head)
