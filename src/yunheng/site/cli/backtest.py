"""What `yunheng contract backtest` takes, and what it prints: history under a draft, beside what it was."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.foundation.supervisor.messages import language
from yunheng.site.terminal import plain

from . import CommandError
from .numbers import whole

MOST_LISTED = 10_000_000


def declare(one: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    one.add_argument("draft", metavar="DRAFT", help=_("a file, pack:NAME, or KEY@VERSION"))
    one.add_argument(
        "--against", required=True, metavar="KEY", help=_("the contract whose history is replayed")
    )
    one.add_argument(
        "--from", dest="start", required=True, metavar="D", help=_("first day YYYY-MM-DD, or month YYYY-MM")
    )
    one.add_argument("--to", dest="end", required=True, metavar="D", help=_("last day (included), or month"))
    one.add_argument(
        "--as-of", type=int, metavar="POSITION", help=_("as of this log position (default: now)")
    )
    one.add_argument(
        "--recompute-priority",
        action="store_true",
        help=_("work out priorities anew from impact and urgency, by the draft's matrix"),
    )
    one.add_argument(
        "--fee",
        default="",
        metavar="AMOUNT",
        help=_("fee per month on both sides (default: what each agrees)"),
    )
    one.add_argument(
        "--contract-value", default="", metavar="AMOUNT", help=_("on both sides (default: what each agrees)")
    )
    one.add_argument(
        "--limit",
        type=whole(0, MOST_LISTED),
        default=20,
        help=_("tickets listed of each kind of change (0: all)"),
    )
    one.add_argument("--csv", metavar="FILE", help=_("write all tickets that make the difference to a file"))


def replayed(args: argparse.Namespace, data: bytes | None, version: int) -> tuple[dict[str, Any], list[str]]:
    """The answer as data and as lines, of a document or a version; the database is open. Writes the file of `--csv`.

    Raises Refusal, and CommandError for a file that cannot be written.
    """
    from django.utils import translation

    from yunheng.appraisal.periods import read_period
    from yunheng.appraisal.whatif.actions import read_amount
    from yunheng.appraisal.whatif.answer import Asked, Money, backtest
    from yunheng.appraisal.whatif.document import csv_of, document_of
    from yunheng.appraisal.whatif.draft import read_draft, version_draft
    from yunheng.appraisal.whatif.presentation import lines_of, note_text
    from yunheng.contracts.queries import contract_by_key

    with translation.override(language()):
        contract, now = contract_by_key(args.against), datetime.now(UTC)
        draft = version_draft(contract, version) if data is None else read_draft(args.draft, data)
        period = read_period(contract, args.start, args.end, now)
        money = Money(read_amount("fee", args.fee), read_amount("contract_value", args.contract_value))
        asked = Asked(period.start, period.end, args.as_of, args.recompute_priority, money)
        found = backtest(contract, draft, asked, now=now)
        if args.csv:
            try:
                with Path(args.csv).open("w", encoding="utf-8", newline="") as file:
                    file.writelines(csv_of(found, reads_all=True))
            except OSError as error:
                text = _("{file} cannot be written: {reason}")
                raise CommandError(text.format(file=args.csv, reason=error.strerror or error)) from error
        document = document_of(found, limit=args.limit)
        for note in document["notes"]:
            note["text"] = note_text(note, document["clocks"])
        return document, [plain(line) for line in lines_of(document)]
