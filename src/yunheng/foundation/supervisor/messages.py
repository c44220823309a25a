"""Text shown before Django is set up: the same catalogue, read by the standard library's gettext."""

import gettext as catalogues
import os
from functools import cache
from pathlib import Path

_LOCALES = Path(__file__).resolve().parents[2] / "locale"


class SupervisorError(Exception):
    """Something the user has to know or mend; the text is translated and complete."""


def language() -> str:
    """`zh-hans` or `en`: `YUNHENG_LANGUAGE`, else the terminal's language, else English."""
    for name in ("YUNHENG_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh-hans" if value.lower().startswith("zh") else "en"
    return "en"


@cache
def _catalogue(code: str) -> catalogues.NullTranslations:
    folders = ["zh_Hans"] if code == "zh-hans" else ["en"]
    return catalogues.translation("django", localedir=_LOCALES, languages=folders, fallback=True)


def gettext(message: str) -> str:
    """The message in the language of the command line."""
    return _catalogue(language()).gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """The message for a number, in the language of the command line."""
    return _catalogue(language()).ngettext(singular, plural, number)
