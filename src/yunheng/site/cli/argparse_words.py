"""What argparse says by itself (usage, headings, why a call was refused), in the language of the command line."""

import argparse

from yunheng.foundation.supervisor.messages import gettext

__all__ = ["SAID", "speak"]


def gettext_noop(message: str) -> str:
    """Mark a sentence for the catalogue (Django's own wants settings)."""
    return message


#: argparse looks these up by `argparse._` when it says them; the catalogue has them because they stand here.
SAID = (
    gettext_noop("usage: "),
    gettext_noop("positional arguments"),
    gettext_noop("options"),
    gettext_noop("show this help message and exit"),
    gettext_noop("%(prog)s: error: %(message)s\n"),
    gettext_noop("argument %(argument_name)s: %(message)s"),
    gettext_noop("the following arguments are required: %s"),
    gettext_noop("one of the arguments %s is required"),
    gettext_noop("not allowed with argument %s"),
    gettext_noop("expected one argument"),
    gettext_noop("expected at most one argument"),
    gettext_noop("expected at least one argument"),
    gettext_noop("unrecognized arguments: %s"),
    gettext_noop("ambiguous option: %(option)s could match %(matches)s"),
    gettext_noop("ignored explicit argument %r"),
    gettext_noop("invalid choice: %(value)r (choose from %(choices)s)"),
    gettext_noop("invalid %(type)s value: %(value)r"),
)


def speak() -> None:
    """Let argparse look its sentences up in the product's catalogue; what is not there it says in English."""
    if hasattr(argparse, "_"):
        setattr(argparse, "_", gettext)  # noqa: B010 - a name of its module that type stubs do not have
