"""What a pack is made of beside the record: the frozen statement and its signatures. Statements are read here only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from yunheng.foundation.refusals import Refusal
from yunheng.logic.canonical import instant

from ..models import Signature, Statement


@dataclass(frozen=True)
class PackSource:
    """A frozen statement as a pack holds it. `signatures` and `previous` are the documents of their members."""

    scope_id: int
    number: str
    frozen: bytes
    signatures: Sequence[Mapping[str, Any]] = ()
    previous_signatures: Sequence[Mapping[str, Any]] = ()

    @cached_property
    def document(self) -> dict[str, Any]:
        """What the frozen bytes say."""
        found: dict[str, Any] = json.loads(self.frozen)
        return found

    @property
    def digest(self) -> str:
        """SHA-256 of the frozen bytes, in hex: what is signed."""
        return sha256(self.frozen).hexdigest()

    @property
    def position(self) -> int:
        """Leaves of the log that the statement rests on: the size of its head."""
        return int(self.document["head"]["size"])

    @property
    def file_name(self) -> str:
        """Name of the file under which the pack is handed out."""
        return f"{self.number}-evidence.zip"


def source_of(statement: Statement) -> PackSource:
    """The source of a statement's pack. Raises Refusal for a draft, and for one that rests on no signed head."""
    if statement.frozen is None:
        text = _("%(number)s is not issued yet: there is nothing frozen that could be proved.")
        raise Refusal(text % {"number": statement.number}, code="not_frozen")
    source = PackSource(
        scope_id=statement.scope_id,
        number=statement.number,
        frozen=bytes(statement.frozen),
        signatures=_signatures(statement),
    )
    if not source.document.get("head"):
        text = _("%(number)s rests on no signed head of the log: there is nothing to prove it by.")
        raise Refusal(text % {"number": statement.number}, code="not_sealed")
    named = source.document.get("previous")
    if named is None:
        return source
    before = Statement.objects.filter(scope_id=statement.scope_id, number=named["statement"]).first()
    return PackSource(
        scope_id=source.scope_id,
        number=source.number,
        frozen=source.frozen,
        signatures=source.signatures,
        previous_signatures=[] if before is None else _signatures(before),
    )


def _signatures(statement: Statement) -> list[dict[str, Any]]:
    return [signature_document(one) for one in statement.signatures.order_by("pk")]


def signature_document(signature: Signature) -> dict[str, Any]:
    """A signature as others verify it."""
    return {
        "side": signature.side,
        "method": signature.method,
        "person": signature.person,
        "organisation": signature.organisation,
        "signed_at": instant(signature.signed_at),
        "digest": bytes(signature.digest).hex(),
        "proof": signature.proof,
    }
