"""`yunheng statement`: evidence packs of statements, and the programs with which anybody verifies them."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from yunheng.foundation.supervisor.messages import gettext as _

from . import CommandError
from .database import open_database


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the arguments of `yunheng statement`."""
    parser = subparsers.add_parser(
        "statement", help=_("write evidence packs and the programs that verify them")
    )
    whats = parser.add_subparsers(dest="what", metavar=_("WHAT"), required=True)
    pack = whats.add_parser("pack", help=_("write the evidence pack of an issued statement"))
    pack.add_argument("number", metavar="NUMBER", help=_("number of the statement"))
    pack.add_argument(
        "--signed",
        action="store_true",
        help=_("up to the lock: with the leaves of issue, appeal, votes and signatures"),
    )
    verifier = whats.add_parser(
        "verifier", help=_("write yunheng-verify.pyz, or verify.py, for those who verify without this system")
    )
    verifier.add_argument(
        "--single", action="store_true", help=_("verify.py: one file that recomputes nothing, to be read")
    )
    for one in (pack, verifier):
        one.add_argument(
            "-o", "--output", type=Path, metavar="FILE", help=_("file to write (“-”: standard output)")
        )


def run(args: argparse.Namespace) -> int:
    """Do one of them; refusals become one clear line."""
    if args.what == "verifier":
        from yunheng.verify.building import VERIFIER, build_pyz

        data = VERIFIER.read_bytes() if args.single else build_pyz()
        _write(args.output or Path("verify.py" if args.single else "yunheng-verify.pyz"), [data])
        return 0
    with open_database():
        from yunheng.appraisal.proof import pack_chunks, source_of
        from yunheng.appraisal.statements.queries import access_statement
        from yunheng.foundation.access import SYSTEM_VIEWER
        from yunheng.foundation.refusals import Refusal

        try:
            source = source_of(access_statement(SYSTEM_VIEWER, args.number), is_signed=args.signed)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        _write(args.output or Path(source.file_name), pack_chunks(source))
    return 0


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    """The whole file or none; its size and digest are said."""
    if str(path) == "-":
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        return
    digest, size = sha256(), 0
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    except OSError as error:
        raise CommandError(
            _("cannot write {path}: {error}").format(path=path, error=error.strerror)
        ) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    print(_("{path}: {size} bytes, SHA-256 {digest}").format(path=path, size=size, digest=digest.hexdigest()))
