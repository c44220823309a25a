"""`yunheng scorecard`: the score of a contract for a period, from the total down to the ticket; reads only."""

import argparse
import sys
from pathlib import Path

from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.site.terminal import plain

from . import CommandError
from .database import open_database
from .explaining import add_form, explaining, show


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the arguments of `yunheng scorecard`."""
    parser = subparsers.add_parser(
        "scorecard", help=_("show the score of a contract, from the total down to the ticket")
    )
    parser.add_argument("--contract", required=True, metavar="KEY", help=_("key of the contract"))
    parser.add_argument(
        "--period",
        metavar="PERIOD",
        help=_("YYYY-MM, YYYY-Qn or YYYY (default: the one of the newest ticket)"),
    )
    parser.add_argument(
        "--scheme",
        metavar="NAME|FILE",
        help=_("for a look: score by a scheme that ships (a to g), or by the one in a file"),
    )
    parser.add_argument(
        "--as-of", type=int, metavar="POSITION", help=_("as of this log position (default: now)")
    )
    add_form(parser)


def run(args: argparse.Namespace) -> int:
    """Print the scorecard; refusals become one clear line."""
    document = None if args.scheme is None else _document(args.scheme)
    with open_database():
        from django.utils import translation

        from yunheng.appraisal.scorecard import UnfitSchemeError, pack_scheme, scorecard
        from yunheng.appraisal.scorecard_text import document_of, lines_of
        from yunheng.appraisal.scored_period import read_scored_period
        from yunheng.contracts.queries import contract_by_key

        with explaining(args):
            try:
                scheme = None
                if args.scheme is not None:
                    scheme = (args.scheme, document) if document is not None else pack_scheme(args.scheme)
                card = scorecard(
                    contract_by_key(args.contract),
                    read_scored_period(args.period) if args.period else None,
                    scheme=scheme,
                    position=args.as_of,
                )
            except UnfitSchemeError as unfit:
                for problem in unfit.problems:
                    print(plain(problem.line(args.scheme, translation.gettext)), file=sys.stderr)
                return 1
            show(args, lambda: document_of(card), lambda: lines_of(card))
    return 0


def _document(name: str) -> bytes | None:
    """The content of a file; None for what is no file, and so the name of a scheme that ships."""
    path = Path(name)
    if not path.suffix and not path.exists():
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(
            _("{file} cannot be read: {reason}").format(file=name, reason=error.strerror or error)
        ) from error
