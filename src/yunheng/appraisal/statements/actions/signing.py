"""Takes a side's signature under a statement; the second one locks it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.accounts.models import Person
from yunheng.foundation.access import Viewer
from yunheng.foundation.attachments import FileDraft
from yunheng.foundation.flow import update_subject
from yunheng.foundation.refusals import Forbidden, Invalid
from yunheng.logic.canonical import canonical

from ...models import Signature, Statement
from ..telling import tell_of_lock
from ..wording import method_name, side_name
from .basis import (
    begin,
    conflicting,
    now_or,
    organisation_of,
    scored,
    side_of,
    step,
    told,
    write_entry,
)
from .deadlines import agreement_of
from .settling import replace_reversed

SIGNABLE = ("accepted", "arbitrated")


@transaction.atomic
def sign_statement(
    viewer: Viewer,
    number: str,
    digest: bytes,
    *,
    method: str,
    proof: Mapping[str, Any],
    files: Sequence[FileDraft] = (),
    recorded_at: datetime | None = None,
) -> Signature:
    """Sign a statement for one's side: `digest` is the SHA-256 that was signed, which has to be the statement's.

    `method` and `proof` say how, and what verifies it; who calls has verified it (the ways of signing). `files` are
    kept with the entry. The second side's signature locks the statement in the same transaction, and one that
    reverses another takes its place. Needs `appraisal.sign`. Writes "appraisal.signed", then "appraisal.locked".
    Raises NotFound, Forbidden (no person, a token, or of neither side), Conflict (not to be signed now; code
    "signed_already"), Invalid for "digest" (code "digest") and "method".
    """
    statement = begin(viewer, number, "appraisal.sign", states=SIGNABLE)
    side = side_of(viewer)
    if viewer.person_id is None:
        raise Forbidden(_("Only a person can sign."), permission="appraisal.sign")
    if viewer.token_scopes is not None:
        raise Forbidden(
            _("A token cannot sign: a person signs, signed in on the page of the statement."),
            permission="appraisal.sign",
        )
    if digest != bytes(statement.digest or b""):
        raise Invalid(
            {
                "digest": _(
                    "This is not what %(number)s froze: its SHA-256 is %(digest)s. Look at it again before you sign."
                )
                % {"number": statement.number, "digest": bytes(statement.digest or b"").hex()}
            },
            code="digest",
        )
    _terms, agreed = agreement_of(statement)
    if method not in agreed.signing:
        raise Invalid(
            {
                "method": _("The contract takes signatures: %(ways)s.")
                % {"ways": ", ".join(method_name(way) for way in agreed.signing)}
            },
            code="method",
        )
    there = {one.side: one for one in Signature.objects.filter(statement=statement)}
    if side in there:
        raise conflicting(
            "signed_already",
            _("%(who)s has signed for %(side)s already.")
            % {"who": there[side].person, "side": side_name(side)},
            statement.state,
        )
    now = now_or(recorded_at)
    signer = Person.objects.get(pk=viewer.person_id)
    row = Signature(
        statement=statement,
        side=side,
        method=method,
        signer=signer,
        person=signer.name,
        organisation=organisation_of(viewer),
        signed_at=now,
        digest=digest,
        proof=dict(proof),
    )
    update_subject(statement, {}, viewer=viewer)
    shared = {
        **told(statement),
        "side": side,
        "method": method,
        "organisation": row.organisation,
        "proof_sha256": sha256(canonical(row.proof)).hexdigest(),
    }
    row.entry_id = write_entry(
        statement,
        "appraisal.signed",
        viewer=viewer,
        now=now,
        shared=shared,
        personal={"signer": {"id": str(signer.uuid), "name": signer.name}},
        files=files,
    )
    row.save(force_insert=True)
    if there:
        _lock(viewer, statement, now)
    return row


def _lock(viewer: Viewer, statement: Statement, now: datetime) -> None:
    entry_id = step(
        statement,
        "lock",
        "appraisal.locked",
        viewer=viewer,
        now=now,
        columns={"locked_at": now, "next_check_at": None},
        shared={**told(statement), **scored(statement)},
    )
    if statement.reverses is not None:
        replace_reversed(viewer, statement, now)
    tell_of_lock(statement, entry_id, now)
