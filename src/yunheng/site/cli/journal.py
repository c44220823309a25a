"""`yunheng log`: where the journal's logs stand; seal, verify, list heads, prove a ticket's history, rotate the key."""

import argparse
import json
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.foundation.supervisor.messages import ngettext

from . import CommandError
from .database import open_database
from .numbers import whole

if TYPE_CHECKING:
    from yunheng.foundation.models import Scope


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the arguments of `yunheng log`."""
    parser = subparsers.add_parser("log", help=_("show, seal and verify the journal's logs"))
    whats = parser.add_subparsers(dest="what", metavar=_("WHAT"), required=True)
    one = argparse.ArgumentParser(add_help=False)
    one.add_argument("--json", action="store_true", help=_("machine-readable"))
    some = argparse.ArgumentParser(add_help=False, parents=[one])
    some.add_argument("--contract", metavar="KEY", help=_("only the log of this contract"))
    whats.add_parser("status", parents=[some], help=_("where the logs stand"))
    whats.add_parser("seal", parents=[one], help=_("seal now what waits for the sealer"))
    check = whats.add_parser(
        "check", parents=[some], help=_("verify the logs; status 1 when one is not sound")
    )
    check.add_argument(
        "--new", action="store_true", help=_("only what came since the last verification that found nothing")
    )
    check.add_argument(
        "--head",
        metavar="FILE",
        help=_("only whether the log has grown from the head in this file, which somebody kept outside"),
    )
    heads = whats.add_parser("heads", parents=[some], help=_("list the signed heads, newest first"))
    heads.add_argument(
        "--limit", type=whole(1, 100_000), default=20, help=_("at most so many (default %(default)s)")
    )
    prove = whats.add_parser(
        "prove", parents=[one], help=_("evidence of one ticket's history for the client")
    )
    prove.add_argument("number", metavar="NUMBER", help=_("number of the ticket"))
    rotate = whats.add_parser(
        "rotate-key", parents=[one], help=_("begin a new signing key, endorsed by the old one")
    )
    rotate.add_argument(
        "--lost",
        action="store_true",
        help=_("the old key is lost and cannot endorse; this stays visible for good"),
    )


def run(args: argparse.Namespace) -> int:
    """Do one of them."""
    with open_database():
        from yunheng.foundation.keys import KeyMissingError

        try:
            return _COMMANDS[args.what](args)
        except KeyMissingError as error:
            raise CommandError(
                _(
                    "The private signing key {path} is missing. Bring it back from a backup of the data folder; only "
                    "if it is lost for good, begin a new one: yunheng log rotate-key --lost"
                ).format(path=error.path)
            ) from None


def _status(args: argparse.Namespace) -> int:
    from yunheng.foundation.log_status import head_document, log_status, weaknesses

    documents: list[dict[str, Any]] = []
    weak = weaknesses()
    for scope in _scopes(args.contract):
        status = log_status(scope)
        documents.append(
            {
                "log": status.scope_key,
                "size": status.size,
                "waiting": status.waiting,
                "waiting_since": _iso(status.waiting_since),
                "head": head_document(status.scope_key, status.head) if status.head else None,
                "checked_at": _iso(status.audit.finished_at) if status.audit else None,
                "checked_in_full_at": _iso(status.full_audit.finished_at) if status.full_audit else None,
                "problems": status.audit.problem_count if status.audit else None,
            }
        )
    if args.json:
        _print_json({"logs": documents, "weaknesses": weak})
        return 0
    for document in documents:
        print(_("Log {log}").format(log=document["log"]))
        print("  " + _("entries sealed: {size}; waiting: {waiting}").format(**document))
        if document["head"]:
            print("  " + _("newest head: {size} leaves, root {root}, {at}").format(**document["head"]))
        if document["checked_at"]:
            print(
                "  "
                + _("verified: {checked_at}, problems: {problems}; in full: {full}").format(
                    **document, full=document["checked_in_full_at"] or _("never")
                )
            )
        else:
            print("  " + _("never verified"))
    for line in weak:
        print(_("Weak: {line}").format(line=line))
    return 0


def _seal(args: argparse.Namespace) -> int:
    from yunheng.foundation.sealing import seal

    report = seal()
    if args.json:
        _print_json(
            {
                "leaves": report.leaves,
                "heads": [{"log": head.scope_key, "size": head.size} for head in report.heads],
                "refused": [{"log": key, "reason": reason} for key, reason in report.refused],
            }
        )
    else:
        text = ngettext("{count} entry sealed.", "{count} entries sealed.", report.leaves)
        print(text.format(count=report.leaves))
        for key, reason in report.refused:
            print(_("Log {log} is not sealed any further: {reason}").format(log=key, reason=reason))
    return 1 if report.refused else 0


def _compare(args: argparse.Namespace) -> int:
    """Hold the log against a head from outside: one document of `heads --json`, or its whole list."""
    from yunheng.foundation.log_status import contradictions

    try:
        document = json.loads(Path(args.head).read_text(encoding="utf-8"))
        documents = document.get("heads", [document])
        results = [
            {"log": one["log"], "size": one["size"], "problems": contradictions(_scopes(one["log"])[0], one)}
            for one in documents
        ]
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise CommandError(f"{args.head}: {error}") from error
    if args.json:
        _print_json({"heads": results})
    else:
        for result in results:
            for problem in result["problems"]:
                print(_("Log {log}: {problem}").format(log=result["log"], problem=problem))
            if not result["problems"]:
                print(_("Log {log} has grown from the head at {size} leaves.").format(**result))
    return 1 if any(result["problems"] for result in results) else 0


def _check(args: argparse.Namespace) -> int:
    if args.head:
        return _compare(args)
    from yunheng.foundation.sealing import check_log

    documents: list[dict[str, Any]] = []
    for scope in _scopes(args.contract):
        check = check_log(scope, is_full=not args.new)
        check.keep(scope)
        seconds = (check.finished_at - check.started_at).total_seconds()
        documents.append(
            {
                "log": check.scope_key,
                "is_sound": check.is_sound,
                "from": check.first,
                "size": check.size,
                "heads": check.heads,
                "waiting": check.waiting,
                "seconds": f"{seconds:.1f}",
                "warnings": check.warnings,
                "problem_count": check.problem_count,
                "problems": [  # the first thousand
                    {
                        "entry": problem.entry_id,
                        "subject": problem.subject_number,
                        "type": problem.entry_type,
                        "leaf": problem.index,
                        "message": problem.message,
                    }
                    for problem in check.problems
                ],
            }
        )
        if args.json:
            continue
        for line in [*check.warnings, *map(str, check.problems)]:
            print(f"  {line}")
        if check.unnamed_count:
            print("  " + _("… and {count} more").format(count=check.unnamed_count))
        verdict = (
            _("Log {log} is sound: {count} leaves under {heads} heads, {waiting} waiting, {seconds} s.")
            if check.is_sound
            else _("Log {log} is NOT sound: {problems} problems in {count} leaves under {heads} heads.")
        )
        print(
            verdict.format(
                log=check.scope_key,
                count=check.size - check.first,
                heads=check.heads,
                waiting=check.waiting,
                seconds=f"{seconds:.1f}",
                problems=check.problem_count,
            )
        )
    if args.json:
        _print_json({"logs": documents})
    return 0 if all(document["is_sound"] for document in documents) else 1


def _heads(args: argparse.Namespace) -> int:
    from yunheng.foundation.log_status import head_document, newest_heads

    documents = [
        head_document(scope.key, head)
        for scope in _scopes(args.contract)
        for head in newest_heads(scope, args.limit)
    ]
    if args.json:
        _print_json({"heads": documents})
        return 0
    for document in documents:
        key_id = sha256(bytes.fromhex(document["key"])).hexdigest()
        print("{log}  {size:>10}  {root}  {at}  {key_id:.16}".format(**document, key_id=key_id))
    return 0


def _prove(args: argparse.Namespace) -> int:
    from yunheng.foundation.log_status import evidence
    from yunheng.foundation.sealing import NotSealedError

    try:
        document = evidence(args.number)
    except NotSealedError as error:
        raise CommandError(
            _("The newest entries of {number} are not sealed yet: yunheng log seal").format(
                number=args.number
            )
        ) from error
    if document is None:
        raise CommandError(_("There is no {number}.").format(number=args.number))
    if args.json:
        _print_json(document)
        return 0
    head = document["head"]
    print(
        _("{number} in log {log}, under the head at {size} leaves of {at}").format(number=args.number, **head)
    )
    for entry in document["entries"]:
        print("{index:>10}  {leaf}  {header[occurred_at]}  {header[type]}".format(**entry))
    print(_("With --json: shared data, salts and proofs, to verify without this system."))
    return 0


def _rotate_key(args: argparse.Namespace) -> int:
    from yunheng.foundation.keys import key_path, rotate_key

    try:
        key = rotate_key(is_lost=args.lost)
    except ValueError as error:
        raise CommandError(_("The old key is not lost; leave --lost out.")) from error
    if args.json:
        _print_json(
            {"key_id": key.key_id, "public_key": bytes(key.public_key).hex(), "is_endorsed": not args.lost}
        )
    else:
        print(
            _("New signing key {key} in {path}; keep a copy of the file.").format(
                key=key.key_id[:16], path=key_path(key.key_id)
            )
        )
    return 0


_COMMANDS = {
    "status": _status,
    "seal": _seal,
    "check": _check,
    "heads": _heads,
    "prove": _prove,
    "rotate-key": _rotate_key,
}


def _scopes(key: str | None) -> "list[Scope]":
    from yunheng.foundation.log_status import scopes

    found = scopes(key)
    if key and not found:
        raise CommandError(_("There is no contract {key}.").format(key=key))
    return found


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


def _print_json(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))
