"""`yunheng compare`: contracts and suppliers of one period side by side; reads only."""

import argparse
import json
import sys

from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.foundation.supervisor.messages import language

from . import CommandError
from .database import open_database

_LANGUAGES = {"zh": "zh-hans", "en": "en"}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the arguments of `yunheng compare`."""
    parser = subparsers.add_parser(
        "compare", help=_("show contracts and suppliers of one period side by side")
    )
    parser.add_argument(
        "--period", default="", help=_("2026-04, 2026-Q2 or 2026; default: the last month that is over")
    )
    parser.add_argument(
        "--lang", choices=tuple(_LANGUAGES), help=_("language of the explanation (default: the terminal's)")
    )
    parser.add_argument("--json", action="store_true", help=_("machine-readable"))


def run(args: argparse.Namespace) -> int:
    """Print the comparison; refusals become one clear line."""
    with open_database():
        from datetime import UTC, datetime

        from django.utils import translation

        from yunheng.appraisal.comparison.document import document_of, lines_of
        from yunheng.appraisal.comparison.queries import asked_period, comparison
        from yunheng.foundation.access import SYSTEM_VIEWER
        from yunheng.foundation.refusals import Refusal

        with translation.override(_LANGUAGES[args.lang] if args.lang else language()):
            now = datetime.now(UTC)
            try:
                found = comparison(SYSTEM_VIEWER, asked_period(args.period, "", now=now), now=now)
            except Refusal as refusal:
                raise CommandError(refusal.message) from refusal
            if args.json:
                json.dump(document_of(found), sys.stdout, ensure_ascii=False, indent=1)
                print()
            else:
                for line in lines_of(found):
                    print(line)
    return 0
