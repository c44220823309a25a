"""What a pack is made of beside the record: the frozen statement and its signatures. Statements are read here only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

from django.db.models import Subquery
from django.utils.translation import gettext as _

from yunheng.foundation.models import Entry, LogLeaf, TreeHead
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
    locked_size: int | None = (
        None  #: leaves of the pack of the signed statement; None: up to the statement's head
    )

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
    def size(self) -> int:
        """Leaves of the log in the pack: those that the statement rests on, and of a signed one its way to the lock."""
        return self.locked_size or self.position

    @property
    def file_name(self) -> str:
        """Name of the file under which the pack is handed out."""
        return f"{self.number}-evidence{'-signed' if self.locked_size else ''}.zip"


def source_of(statement: Statement, *, is_signed: bool = False) -> PackSource:
    """The source of a statement's pack: up to the head that it rests on, or `is_signed`, up to the first head that
    holds its lock, so that issue, appeal, votes, signatures and lock are among the leaves.

    Raises Refusal for a draft, for one that rests on no signed head, and where the lock is not there or not sealed yet.
    """
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
    if is_signed:
        source = replace(source, locked_size=_locked_size(statement))
    named = source.document.get("previous")
    if named is None:
        return source
    before = Statement.objects.filter(scope_id=statement.scope_id, number=named["statement"]).first()
    return replace(source, previous_signatures=[] if before is None else _signatures(before))


def locked_size(statement: Statement) -> int | None:
    """The size of the first signed head that holds the lock of a statement; None before that (1 query)."""
    if statement.locked_at is None:
        return None
    lock = Entry.objects.filter(
        scope_id=statement.scope_id, subject_id=statement.pk, type="appraisal.locked"
    ).values("pk")
    leaf = LogLeaf.objects.filter(scope_id=statement.scope_id, entry_id__in=lock).values("index")[:1]
    heads = TreeHead.objects.filter(scope_id=statement.scope_id, size__gt=Subquery(leaf)).order_by("size")
    return heads.values_list("size", flat=True).first()


def _locked_size(statement: Statement) -> int:
    found = locked_size(statement)
    if found is not None:
        return found
    if statement.locked_at is None:
        text = _("%(number)s is not signed by both sides yet; its pack up to the lock is made after that.")
        raise Refusal(text % {"number": statement.number}, code="not_locked")
    text = _("The lock of %(number)s is not sealed yet. Ask again in a minute.")
    raise Refusal(text % {"number": statement.number}, code="not_sealed")


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
