"""`yunheng process`: list, show and lint the processes that ship with the program or lie in a folder."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from yunheng.foundation.supervisor.messages import gettext as _

from . import CommandError
from .answers import print_columns, print_json

if TYPE_CHECKING:
    from yunheng.logic.flow import Process


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the arguments of `yunheng process`."""
    parser = subparsers.add_parser("process", help=_("check and show processes"))
    actions = parser.add_subparsers(dest="action", required=True, metavar=_("ACTION"))
    one = actions.add_parser("list", help=_("list processes and their versions"))
    one.add_argument("--json", action="store_true", help=_("answer in JSON"))
    one = actions.add_parser("show", help=_("show states and transitions"))
    one.add_argument("process", metavar="KEY[@VERSION]")
    form = one.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help=_("answer in JSON"))
    form.add_argument("--mermaid", action="store_true", help=_("print a drawing as Mermaid text"))
    one = actions.add_parser("docs", help=_("write a page with a drawing for each process"))
    one.add_argument("folder", type=Path, metavar="FOLDER")
    one = actions.add_parser("lint", help=_("say what is wrong or doubtful in a process"))
    one.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help=_("default: all that ship with the program")
    )


def run(args: argparse.Namespace) -> int:
    """Do one of them; none needs the database. `lint` ends with 1 when there is an error."""
    from .database import set_up_django

    set_up_django()
    return {"list": _list, "show": _show, "docs": _docs, "lint": _lint}[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from yunheng.foundation.flow import label_text, load_processes

    processes = [load_processes()[key] for key in sorted(load_processes())]
    if args.json:
        print_json(
            [
                {
                    "key": item.key,
                    "version": item.version,
                    "label": dict(item.label),
                    "states": list(item.states),
                }
                for item in processes
            ]
        )
        return 0
    print_columns(
        [_("key"), _("version"), _("name"), _("states"), _("transitions")],
        [
            [item.key, item.version, label_text(item.label), len(item.states), len(item.transitions)]
            for item in processes
        ],
    )
    return 0


def _show(args: argparse.Namespace) -> int:
    from yunheng.foundation.flow import UnknownProcessError, label_text, process_of
    from yunheng.foundation.mermaid import mermaid
    from yunheng.logic.flow import to_document

    key, _at, version = args.process.partition("@")
    try:
        process = process_of(key, int(version) if version else None)
    except (UnknownProcessError, ValueError):
        raise CommandError(
            _("There is no process “{name}”; “yunheng process list” shows them.").format(name=args.process)
        ) from None
    if args.json:
        print_json(to_document(process))
        return 0
    if args.mermaid:
        print(mermaid(process), end="")
        return 0
    print(f"{label_text(process.label)} · {process.key} {process.version}\n")
    print_columns(
        [_("state"), _("name"), _("category"), _("waits for")],
        [
            [
                state.key,
                label_text(state.label),
                state.category,
                state.party.name.lower() if state.party else "",
            ]
            for state in process.states.values()
        ],
    )
    print()
    print_columns(
        [_("transition"), _("name"), _("from"), _("to"), _("permission")],
        [
            [
                item.key,
                label_text(item.label),
                ", ".join(key for key in process.states if key in item.from_),
                item.to or "=",
                item.permission,
            ]
            for item in process.transitions.values()
        ],
    )
    return 0


def _docs(args: argparse.Namespace) -> int:
    from yunheng.foundation.flow import load_processes
    from yunheng.foundation.mermaid import process_page

    try:
        args.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"{args.folder}: {error.strerror or error}") from None
    newest = {
        process.key: process for process in sorted(load_processes().values(), key=lambda item: item.version)
    }
    for process in newest.values():
        path = args.folder / f"{process.key}.md"
        path.write_text(process_page(process), encoding="utf-8")
        print(path)
    return 0


def _lint(args: argparse.Namespace) -> int:
    from yunheng.accounts.roles import PERMISSIONS
    from yunheng.desk import effects  # registers guards and effects
    from yunheng.foundation.flow import effect_names, guard_names, load_processes
    from yunheng.logic.flow import lint_process

    assert effects
    if args.files:
        processes = [(str(path), _read(path)) for path in args.files]
    else:
        processes = [(f"{key}@{version}", process) for (key, version), process in load_processes().items()]
    is_faulty = False
    for name, process in processes:
        findings = lint_process(process, PERMISSIONS, guard_names(), effect_names())
        for finding in findings:
            print(f"{name}: {finding.severity}: {finding}", file=sys.stderr)
        is_faulty |= any(finding.severity == "error" for finding in findings)
        if not findings:
            print(_("{name}: nothing to complain of").format(name=name))
    return 1 if is_faulty else 0


def _read(path: Path) -> "Process":
    from yunheng.foundation.flow import read_process
    from yunheng.logic.flow import FlowError

    try:
        return read_process(path)
    except FlowError as error:
        raise CommandError("\n  ".join(f"{path}: {fault}" for fault in error.faults)) from None
    except OSError as error:
        raise CommandError(
            _("{file} cannot be read: {reason}").format(file=path, reason=error.strerror or error)
        ) from None
    except ValueError as error:
        raise CommandError(f"{path}: {error}") from None
