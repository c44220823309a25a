"""The sealed log of a scope as read by people and the API: its size, its signed heads, its keys, its leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .models import LogLeaf, LogState, TreeHead, Unsealed


@dataclass(frozen=True, slots=True)
class Head:
    """A signed tree head (RFC 9162): the Ed25519 signature of key `key_id` over size and root."""

    size: int
    root: bytes
    signed_at: datetime
    key_id: str
    public_key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class LogSummary:
    """How a log stands: leaves sealed, entries that wait for the sealer (bounded by `unsealed_limit`), newest head."""

    size: int
    unsealed: int
    newest: Head | None


UNSEALED_LIMIT = 1000


def log_summary(scope_id: int) -> LogSummary:
    """How the log of a scope stands (3 queries)."""
    size = LogState.objects.filter(scope_id=scope_id).values_list("size", flat=True).first() or 0
    unsealed = Unsealed.objects.filter(scope_id=scope_id)[:UNSEALED_LIMIT].count()
    newest = heads(scope_id, limit=1)
    return LogSummary(size=size, unsealed=unsealed, newest=newest[0] if newest else None)


def heads(scope_id: int, *, before: int | None = None, limit: int = 50) -> Sequence[Head]:
    """Signed heads, largest size first, those below size `before` only (1 query)."""
    found = TreeHead.objects.select_related("key").filter(scope_id=scope_id).order_by("-size")
    if before is not None:
        found = found.filter(size__lt=before)
    return [_head(head) for head in found[:limit]]


def head_of_size(scope_id: int, size: int) -> Head | None:
    """The signed head of exactly that size."""
    head = TreeHead.objects.select_related("key").filter(scope_id=scope_id, size=size).first()
    return _head(head) if head else None


def leaf_at(scope_id: int, index: int) -> LogLeaf | None:
    """The leaf at a position, with its entry."""
    return LogLeaf.objects.select_related("entry").filter(scope_id=scope_id, index=index).first()


def _head(head: TreeHead) -> Head:
    return Head(
        size=head.size,
        root=bytes(head.root),
        signed_at=head.signed_at,
        key_id=head.key.key_id,
        public_key=bytes(head.key.public_key),
        signature=bytes(head.signature),
    )
