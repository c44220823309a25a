"""API of a contract's sealed log: heads and proofs (RFC 9162)."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Schema

from yunheng.foundation.answers import LARGEST_PAGE, LARGEST_SIZE, PAGE, Page, viewer_of
from yunheng.foundation.log_queries import Head, heads, leaf_at, log_summary
from yunheng.foundation.proofs import NotSealedError, consistency, inclusion
from yunheng.foundation.refusals import Invalid, NotFound

from ..models import Contract
from ..queries import access_contract
from .routing import router


class HeadOut(Schema):
    """A signed tree head (RFC 9162): Ed25519 over the log's name, size, root and instant; bytes in hex."""

    size: int
    root: str
    signed_at: datetime
    key_id: str
    public_key: str
    signature: str


class LogOut(Schema):
    """How a contract's log stands."""

    log: str = Field(description="Name of the log: the contract's key")
    size: int
    unsealed: int = Field(description="Entries that wait for the sealer, counted up to 1000")
    head: HeadOut | None


class InclusionOut(Schema):
    """Audit path of one leaf (RFC 9162 §2.1.3), hashes in hex."""

    index: int
    size: int
    leaf: str
    path: list[str]


class ConsistencyOut(Schema):
    """Proof that the smaller log is a prefix of the larger one (RFC 9162 §2.1.4), hashes in hex."""

    old_size: int
    new_size: int
    path: list[str]


def _head(head: Head) -> HeadOut:
    return HeadOut(
        size=head.size,
        root=head.root.hex(),
        signed_at=head.signed_at,
        key_id=head.key_id,
        public_key=head.public_key.hex(),
        signature=head.signature.hex(),
    )


def _log_scope(request: HttpRequest, key: str) -> Contract:
    viewer = viewer_of(request)
    contract = access_contract(viewer, key)
    viewer.require("log.view", contract.pk)
    return contract


@router.get("/contracts/{key}/log", response=LogOut, tags=["log"], summary="The sealed log")
def read_log(request: HttpRequest, key: str) -> LogOut:
    """Size, newest signed head, and how much waits for the sealer."""
    contract = _log_scope(request, key)
    summary = log_summary(contract.pk)
    return LogOut(
        log=contract.scope.key,
        size=summary.size,
        unsealed=summary.unsealed,
        head=_head(summary.newest) if summary.newest else None,
    )


@router.get("/contracts/{key}/log/heads", response=Page[HeadOut], tags=["log"], summary="Signed heads")
def list_heads(
    request: HttpRequest,
    key: str,
    after: int | None = Query(None, ge=0, le=LARGEST_SIZE, description="Size of the last head already seen"),
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """The largest first."""
    contract = _log_scope(request, key)
    found = heads(contract.pk, before=after, limit=limit + 1)
    return {
        "items": [_head(head) for head in found[:limit]],
        "next": str(found[limit - 1].size) if len(found) > limit else None,
    }


@router.get(
    "/contracts/{key}/log/leaves/{int:index}/proof",
    response=InclusionOut,
    tags=["log"],
    summary="Inclusion proof of a leaf",
)
def prove_inclusion(
    request: HttpRequest,
    key: str,
    index: int,
    size: int | None = Query(
        None, ge=1, le=LARGEST_SIZE, description="Tree size; default: the newest signed head"
    ),
) -> InclusionOut:
    """Together with a signed head: this leaf is in the log, at this place."""
    contract = _log_scope(request, key)
    leaf = leaf_at(contract.pk, index) if index <= LARGEST_SIZE else None
    if leaf is None:
        raise NotFound(_("The log has no leaf %(index)s.") % {"index": index})
    try:
        proof = inclusion(leaf.entry, size)
    except NotSealedError as error:
        raise Invalid({"size": _("The tree of this size does not hold the leaf.")}) from error
    return InclusionOut(
        index=proof.index, size=proof.size, leaf=proof.leaf.hex(), path=[node.hex() for node in proof.path]
    )


@router.get(
    "/contracts/{key}/log/consistency",
    response=ConsistencyOut,
    tags=["log"],
    summary="Consistency proof between two sizes",
)
def prove_consistency(
    request: HttpRequest,
    key: str,
    old: int = Query(..., ge=1, le=LARGEST_SIZE),
    new: int = Query(..., ge=1, le=LARGEST_SIZE),
) -> ConsistencyOut:
    """Together with two signed heads: the older log is a prefix of the newer one."""
    contract = _log_scope(request, key)
    try:
        path = consistency(contract.pk, old, new)
    except (ValueError, NotSealedError) as error:
        raise Invalid({"new": _("There is no such pair of sizes: old ≤ new ≤ size of the log.")}) from error
    return ConsistencyOut(old_size=old, new_size=new, path=[node.hex() for node in path])
