"""What the page for verification shows of a contract's log: heads, keys, and the programs with their digests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, Final

from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.foundation.log_queries import Head, LogSummary, head_of_size, heads, log_summary
from yunheng.foundation.log_status import head_document
from yunheng.foundation.models import SigningKey, TreeHead
from yunheng.foundation.refusals import NotFound
from yunheng.verify.building import VERIFIER, build_pyz

from ..models import Statement

PAGE: Final = 50
_FIRST, _SECOND = "verify.py", "yunheng-verify.pyz"


@dataclass(frozen=True, slots=True)
class Program:
    """A program that verifies: its name, bytes and digest."""

    name: str
    data: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class VerifyPage:
    """Everything on the page. `following` is the size from which older heads go on."""

    summary: LogSummary
    heads: Sequence[Mapping[str, Any]]
    following: int | None
    keys: Sequence[Mapping[str, Any]]
    programs: Sequence[Program]
    statements: Sequence[Statement]


@cache
def programs() -> tuple[Program, ...]:
    """The programs that are handed out; they change with a release only."""
    found = {_FIRST: VERIFIER.read_bytes(), _SECOND: build_pyz()}
    return tuple(Program(name, data, sha256(data).hexdigest()) for name, data in found.items())


def program_named(name: str) -> Program:
    """One of them. Raises NotFound."""
    found = next((program for program in programs() if program.name == name), None)
    if found is None:
        raise NotFound(_("There is no such file."))
    return found


def verify_page(contract: Contract, before: int | None = None) -> VerifyPage:
    """The page of a contract (6 queries)."""
    found = heads(contract.pk, before=before, limit=PAGE + 1)
    issued = Statement.objects.filter(scope_id=contract.pk, digest__isnull=False, position__isnull=False)
    return VerifyPage(
        summary=log_summary(contract.pk),
        heads=[{"head": head, "root": head.root.hex()} for head in found[:PAGE]],
        following=found[PAGE - 1].size if len(found) > PAGE else None,
        keys=[_key(key) for key in SigningKey.objects.select_related("previous").order_by("-pk")],
        programs=programs(),
        statements=list(issued.defer("frozen").order_by("-pk")[:12]),
    )


def _key(key: SigningKey) -> dict[str, Any]:
    return {
        "key": key,
        "public_key": bytes(key.public_key).hex(),
        "is_first": key.previous is None,
        "is_endorsed": key.endorsement is not None,
    }


def head_file(contract: Contract, size: int | None) -> dict[str, Any]:
    """A signed head as `verify.py --head` takes it: of that size, or the newest (None). Raises NotFound."""
    newest: Sequence[Head] = heads(contract.pk, limit=1) if size is None else ()
    asked = next(iter(newest), None) if size is None else head_of_size(contract.pk, size)
    if asked is None:
        raise NotFound(_("There is no signed head of this size."))
    head = TreeHead.objects.select_related("key").get(scope_id=contract.pk, size=asked.size)
    return {"heads": [head_document(contract.scope.key, head)]}
