"""What the commands share that explain figures: the language of the words, JSON in their place, refusals as a line."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.foundation.supervisor.messages import language

from . import CommandError

_LANGUAGES = {"zh": "zh-hans", "en": "en"}


def add_form(parser: argparse.ArgumentParser) -> None:
    """Declare `--lang` and `--json`."""
    parser.add_argument(
        "--lang", choices=tuple(_LANGUAGES), help=_("language of the explanation (default: the terminal's)")
    )
    parser.add_argument("--json", action="store_true", help=_("machine-readable"))


@contextmanager
def explaining(args: argparse.Namespace) -> Iterator[None]:
    """Speak the language that was asked for. Raises CommandError for whatever is refused in between."""
    from django.utils import translation

    from yunheng.foundation.refusals import Refusal

    with translation.override(_LANGUAGES[args.lang] if args.lang else language()):
        try:
            yield
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal


def show(
    args: argparse.Namespace, document: Callable[[], object], lines: Callable[[], Iterable[str]]
) -> None:
    """Print the document as JSON where that was asked for, else the lines."""
    if args.json:
        json.dump(document(), sys.stdout, ensure_ascii=False, indent=1)
        print()
        return
    for line in lines():
        print(line)
