"""`yunheng points-left`: how far the next tier of the running period is, what decides it, a forecast; reads only."""

import argparse
import json
import sys

from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.foundation.supervisor.messages import language

from . import CommandError
from .database import open_database

_LANGUAGES = {"zh": "zh-hans", "en": "en"}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the arguments of `yunheng points-left`."""
    parser = subparsers.add_parser(
        "points-left", help=_("show how far the next tier of the running period is, and a forecast")
    )
    parser.add_argument("--contract", required=True, metavar="KEY", help=_("key of the contract"))
    parser.add_argument(
        "--lang", choices=tuple(_LANGUAGES), help=_("language of the explanation (default: the terminal's)")
    )
    parser.add_argument("--json", action="store_true", help=_("machine-readable"))


def run(args: argparse.Namespace) -> int:
    """Print what is left; refusals become one clear line."""
    with open_database():
        from django.utils import translation

        from yunheng.appraisal.points_left.document import document_of, lines_of
        from yunheng.appraisal.points_left.queries import points_left
        from yunheng.contracts.queries import contract_by_key
        from yunheng.foundation.refusals import Refusal

        with translation.override(_LANGUAGES[args.lang] if args.lang else language()):
            try:
                left = points_left(contract_by_key(args.contract))
            except Refusal as refusal:
                raise CommandError(refusal.message) from refusal
            if args.json:
                json.dump(document_of(left), sys.stdout, ensure_ascii=False, indent=1)
                print()
            else:
                for line in lines_of(left):
                    print(line)
    return 0
