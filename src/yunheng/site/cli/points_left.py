"""`yunheng points-left`: how far the next tier of the running period is, what decides it, a forecast; reads only."""

import argparse

from yunheng.foundation.supervisor.messages import gettext as _

from .database import open_database
from .explaining import add_form, explaining, show


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the arguments of `yunheng points-left`."""
    parser = subparsers.add_parser(
        "points-left", help=_("show how far the next tier of the running period is, and a forecast")
    )
    parser.add_argument("--contract", required=True, metavar="KEY", help=_("key of the contract"))
    add_form(parser)


def run(args: argparse.Namespace) -> int:
    """Print what is left; refusals become one clear line."""
    with open_database():
        from yunheng.appraisal.points_left.document import document_of, lines_of
        from yunheng.appraisal.points_left.queries import points_left
        from yunheng.contracts.queries import contract_by_key

        with explaining(args):
            left = points_left(contract_by_key(args.contract))
            show(args, lambda: document_of(left), lambda: lines_of(left))
    return 0
