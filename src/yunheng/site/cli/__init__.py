"""The `yunheng` command. A table names each subcommand's module, which is imported only when it is called."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from importlib.util import find_spec

from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.site.terminal import guard_terminal, plain

from .argparse_words import speak


class CommandError(Exception):
    """What went wrong, for the user: the command prints it and ends with status 1."""


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: the module of this package with `register(subparsers)` and `run(args) -> int`."""

    module: str
    help: str


def commands() -> dict[str, Command]:
    """All subcommands, in the order of `--help`."""
    return {
        "up": Command("up", _("start everything and print the address")),
        "demo": Command(
            "demo", _("start a demonstration with a year of invented service, on this machine only")
        ),
        "web": Command("web", _("start only a web server")),
        "worker": Command("worker", _("start only a worker for background jobs")),
        "migrate": Command("database", _("apply the database changes of this version")),
        "backup": Command(
            "backup", _("write the database, attachments included, and the keys into one file")
        ),
        "restore": Command("backup", _("bring a backup back")),
        "contract": Command("contract", _("check, compare, apply and show contracts")),
        "import": Command("imports", _("take over records of other systems")),
        "kpi": Command("kpi", _("show the indicators of a contract, and the items behind them")),
        "scorecard": Command(
            "scorecard", _("show the score of a contract, from the total down to the ticket")
        ),
        "points-left": Command(
            "points_left", _("show how far the next tier of the running period is, and a forecast")
        ),
        "compare": Command("compare", _("show contracts and suppliers of one period side by side")),
        "report": Command("report", _("make reports as Word, PDF and Excel files")),
        "statement": Command("statement", _("write evidence packs and the programs that verify them")),
        "log": Command("journal", _("show, seal and verify the journal's logs")),
        "ticket": Command("ticket", _("show a ticket, its timeline and its clocks")),
        "process": Command("process", _("check and show processes")),
        "person": Command("people", _("create people and change their passwords")),
        "organisation": Command("people", _("create and list organisations")),
        "team": Command("people", _("create teams and say who belongs to them")),
        "membership": Command("people", _("give people roles in a contract's scope")),
        "token": Command("people", _("create and revoke API tokens")),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; the exit status is 0 when it worked, 1 when it did not, 2 when it was misused."""
    speak()
    given = list(sys.argv[1:] if arguments is None else arguments)
    table = {name: entry for name, entry in commands().items() if find_spec(f"{__name__}.{entry.module}")}
    parser = argparse.ArgumentParser(
        prog="yunheng",
        description=_("Runs IT operations service and proves its quality."),
        epilog=_environment(),
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--version", action="version", version=f"yunheng {version()}")
    subparsers = parser.add_subparsers(dest="command", metavar=_("COMMAND"), required=True)
    chosen = next((word for word in given if not word.startswith("-")), None)
    module = None
    if chosen in table:
        module = import_module(f"{__name__}.{table[chosen].module}")
        module.register(subparsers)
    for name, entry in table.items():
        if name not in subparsers.choices:
            subparsers.add_parser(name, help=entry.help)
    args = parser.parse_args(given)
    if module is None:
        parser.error(_("no such command"))
    guard_terminal()
    try:
        return int(module.run(args))
    except (CommandError, SupervisorError) as error:
        print(f"yunheng {args.command}: {plain(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `yunheng … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def version() -> str:
    """The installed version; a source tree that is not installed has none."""
    try:
        return installed_version("yunheng")
    except PackageNotFoundError:
        return "0+source"


def _environment() -> str:
    return _(
        "environment:\n"
        "  YUNHENG_DATA          folder of database, keys and logs (in a checkout: .yunheng)\n"
        "  YUNHENG_DATABASE_URL  a PostgreSQL server of your own instead of the embedded one\n"
        "  YUNHENG_LANGUAGE      zh or en; default: the terminal's language"
    )
