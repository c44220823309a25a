"""The signatures of a statement in words: who, how, when, and what each way proves."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.reading import title_of

from ..models import Signature, Statement
from ..statements.wording import method_name, side_name
from .documents import digest_of
from .passkey_proof import verify_passkey

__all__ = ["SignatureRow", "contract_title", "proves", "signature_rows"]


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """A signature as a page shows it. `is_sound` False: the proof that is kept does not verify any more."""

    side: str
    organisation: str
    person: str
    method: str
    way: str
    at: datetime
    proves: str
    details: list[tuple[str, str]]
    is_sound: bool


def contract_title(statement: Statement) -> str:
    """The title of the statement's contract in the reader's language (1 query)."""
    return title_of(Contract.objects.select_related("scope").get(pk=statement.scope_id))


def signature_rows(statement: Statement) -> list[SignatureRow]:
    """The statement's signatures, the provider's first; passkeys are verified anew (1 query)."""
    signatures = Signature.objects.filter(statement=statement).order_by("-side")
    return [_row(signature, statement) for signature in signatures]


def _row(signature: Signature, statement: Statement) -> SignatureRow:
    proof: dict[str, Any] = signature.proof
    is_sound = bytes(signature.digest).hex() == digest_of(statement)
    if signature.method == Signature.Method.PASSKEY:
        is_sound = is_sound and not verify_passkey(
            proof, digest_of(statement), statement=statement.number, side=signature.side
        )
    return SignatureRow(
        side=side_name(signature.side),
        organisation=signature.organisation,
        person=signature.person,
        method=method_name(signature.method),
        way=signature.method,
        at=signature.signed_at,
        proves=proves(signature.method),
        details=[(label, text) for label, text in _details(signature, proof) if text],
        is_sound=is_sound,
    )


def proves(method: str) -> str:
    """What a way of signing proves and what not, in a sentence."""
    return {
        "passkey": _(
            "A key that only the signer's device holds has signed this digest, after the device verified its holder."
            " Anybody can check that without this system."
        ),
        "confirmation": _(
            "The sealed record says that the signer showed who they are and agreed to this digest; the mailed receipt"
            " is the signer's own evidence. It rests on the record, not on a key of the signer."
        ),
        "scan": _(
            "The uploader says that the paper was signed and stamped, and read this digest off it. The file is the one"
            " that was uploaded; signature and stamp on it are for people to check, best on the original."
        ),
    }.get(method, "")


def _details(signature: Signature, proof: dict[str, Any]) -> list[tuple[str, str]]:
    if signature.method == Signature.Method.PASSKEY:
        return [
            (_("Public key (SHA-256)"), str(proof.get("key_sha256", ""))),
            (_("Site"), str(proof.get("origin", ""))),
        ]
    document = _document(proof)
    if signature.method == Signature.Method.CONFIRMATION:
        shown = {
            "password": _("password"),
            "code": _("code of the second factor"),
            "elsewhere": _("sign-in at another party"),
        }.get(str(proof.get("shown_by")), "")
        return [
            (_("Shown by"), shown),
            (_("SHA-256 of the receipt"), str(proof.get("receipt_sha256", ""))),
        ]
    file = proof.get("file") or {}
    return [
        (_("Signed on paper by"), str(document.get("names", ""))),
        (_("File"), str(file.get("name", ""))),
        (_("SHA-256 of the file"), str(file.get("sha256", ""))),
    ]


def _document(proof: dict[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(proof.get("document") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
