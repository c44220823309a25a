"""`yunheng report`: a monthly report, a service ledger or a fault report as files, without keeping a report."""

import argparse
import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yunheng.foundation.supervisor.messages import gettext as _

from . import CommandError
from .answers import print_json, refusals_as_errors
from .database import open_database

if TYPE_CHECKING:
    from yunheng.reports.previewing import Preview

_LANGUAGES = {"zh": "zh-Hans", "en": "en"}
_FORMATS = ("docx", "pdf", "xlsx")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the arguments of `yunheng report`."""
    parser = subparsers.add_parser("report", help=_("make reports as Word, PDF and Excel files"))
    kinds = parser.add_subparsers(dest="kind", required=True, metavar=_("KIND"))
    for kind, text in (
        ("monthly", _("the monthly service report")),
        ("ledger", _("the service ledger: every ticket of a month")),
    ):
        one = kinds.add_parser(kind, help=text)
        one.add_argument("--contract", required=True, metavar="KEY", help=_("key of the contract"))
        one.add_argument("--period", required=True, metavar="YYYY-MM", help=_("the month"))
        _common(one)
    one = kinds.add_parser("fault", help=_("the fault report of one ticket, as far as its journal tells"))
    one.add_argument("--ticket", required=True, metavar="NUMBER", help=_("its number"))
    _common(one)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=tuple(_LANGUAGES), default="zh", help=_("language (default: zh)"))
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="DIR",
        help=_("folder for the files; made if it is missing"),
    )
    parser.add_argument(
        "--format",
        action="append",
        choices=_FORMATS,
        dest="formats",
        help=_("only this format (repeatable; default: all three)"),
    )
    parser.add_argument(
        "--as-of",
        type=int,
        metavar="POSITION",
        help=_("at the signed head of this size (default: seal what waits, then the newest)"),
    )
    parser.add_argument("--json", action="store_true", help=_("answer in JSON"))


def run(args: argparse.Namespace) -> int:
    """Write the files and print their names and hashes."""
    if args.out.exists() and not args.out.is_dir():
        raise CommandError(_("{path} is no folder").format(path=args.out))
    formats = [form for form in _FORMATS if not args.formats or form in args.formats]
    with open_database(), refusals_as_errors():
        made, stem = _make(args, formats)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        files = [_write(args.out / f"{stem}.{form}", made.files[form]) for form in formats]
    except OSError as error:
        raise CommandError(f"{args.out}: {error.strerror}") from error
    _answer(args, made, files)
    return 0


def _make(args: argparse.Namespace, formats: list[str]) -> "tuple[Preview, str]":
    from yunheng.contracts.models import Contract
    from yunheng.contracts.queries import contract_by_key
    from yunheng.desk.queries import access_ticket
    from yunheng.foundation.access import SYSTEM_VIEWER
    from yunheng.reports.actions import seal_all
    from yunheng.reports.period import month_of, read_month
    from yunheng.reports.previewing import preview

    now = datetime.now(UTC)
    ticket = None
    if args.kind == "fault":
        ticket = access_ticket(SYSTEM_VIEWER, args.ticket)
        contract = Contract.objects.select_related("scope", "provider", "client").get(pk=ticket.scope_id)
        month, name = month_of(ticket.opened_at, contract.scope.zone), ticket.number
    else:
        contract = contract_by_key(args.contract)
        month = read_month(contract, args.period, now)
        name = f"{contract.scope.key}-{month.key}"
    if args.as_of is None:
        seal_all()
    language = _LANGUAGES[args.lang]
    made = preview(contract, args.kind, month, language, formats, ticket=ticket, position=args.as_of, now=now)
    return made, f"{re.sub(r'[^A-Za-z0-9._-]', '_', name)}-{args.kind}.{language}"


def _write(path: Path, data: bytes) -> dict[str, Any]:
    """Write a file as a whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
    return {"path": str(path), "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _answer(args: argparse.Namespace, made: "Preview", files: list[dict[str, Any]]) -> None:
    head = made.head
    digest = made.content["record"]["content_sha256"]
    if args.json:
        print_json(
            {
                "kind": args.kind,
                "language": made.content["language"],
                "position": None if head is None else head.size,
                "root": None if head is None else head.root.hex(),
                "signed_at": None if head is None else head.signed_at,
                "content_sha256": digest,
                "is_preview": True,
                "files": files,
            }
        )
        return
    if head is None:
        print(_("nothing is sealed yet: the figures are of what is recorded now"))
    else:
        print(
            _("as of log position {position}, signed {signed_at}").format(
                position=head.size, signed_at=head.signed_at.isoformat(timespec="seconds")
            )
        )
    print(_("a preview: nothing is kept, and every page says so") + f" · {digest}")
    for file in files:
        print(f"{file['sha256']}  {file['path']}")
