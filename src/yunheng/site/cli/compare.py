"""`yunheng compare`: contracts and suppliers of one period side by side; reads only."""

import argparse
from datetime import UTC, datetime

from yunheng.foundation.supervisor.messages import gettext as _

from .database import open_database
from .explaining import add_form, explaining, show


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the arguments of `yunheng compare`."""
    parser = subparsers.add_parser(
        "compare", help=_("show contracts and suppliers of one period side by side")
    )
    parser.add_argument(
        "--period", default="", help=_("2026-04, 2026-Q2 or 2026; default: the last month that is over")
    )
    add_form(parser)


def run(args: argparse.Namespace) -> int:
    """Print the comparison; refusals become one clear line."""
    with open_database():
        from yunheng.appraisal.comparison.document import document_of, lines_of
        from yunheng.appraisal.comparison.queries import asked_period, comparison
        from yunheng.foundation.access import SYSTEM_VIEWER

        now = datetime.now(UTC)
        with explaining(args):
            found = comparison(SYSTEM_VIEWER, asked_period(args.period, "", now=now), now=now)
            show(args, lambda: document_of(found), lambda: lines_of(found))
    return 0
