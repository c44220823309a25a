"""Signs a statement for one's side: by passkey, by confirmation with a mailed receipt, by a scan of the stamped paper.

Each way makes its proof and hands it to `sign_statement`, which checks once more and locks with the second signature.
"""

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.accounts.models import Person
from yunheng.accounts.passkeys import Assertion, Site, check_assertion, passkeys_of, request_options
from yunheng.foundation.access import Viewer
from yunheng.foundation.attachments import FileDraft
from yunheng.foundation.refusals import Conflict, Invalid
from yunheng.notify.actions import send_mail
from yunheng.notify.models import Delivery

from ..models import Signature, Statement
from ..statements.actions import sign_statement
from ..statements.queries import access_statement, frozen_of
from .documents import CONFIRMATION, PURPOSE, SCAN, challenge_of, digest_of, document_of
from .passkey_proof import verify_passkey
from .receipts import receipt_for
from .scans import check_printed, one_scan, read_names
from .ways import refusal_of, signing_of, ways_of

__all__ = [
    "ask_passkey",
    "sentence_of",
    "sign_with_confirmation",
    "sign_with_passkey",
    "sign_with_scan",
]

Shown = Literal["password", "code", "elsewhere"]
_log = logging.getLogger(__name__)


def sentence_of(person: Person, statement: Statement) -> str:
    """What somebody who confirms says, in the language of the request."""
    return _("I sign statement %(number)s with the digest %(digest)s for %(organisation)s.") % {
        "number": statement.number,
        "digest": digest_of(statement),
        "organisation": person.organisation.name,
    }


def ask_passkey(person: Person, statement: Statement, side: str, site: Site, at: datetime) -> tuple[str, str]:
    """The document that the person's passkey is to sign, to be kept on the server until the answer comes, and what the
    browser is asked for.
    """
    document = document_of(PURPOSE, statement, person, side, at)
    options = request_options(passkeys_of(person.pk, site), site, challenge_of(document))
    return document, options


@transaction.atomic
def sign_with_passkey(
    *, viewer: Viewer, number: str, site: Site, document: str | None, answer: str, at: datetime
) -> Signature:
    """Sign by passkey: `document` is what `ask_passkey` gave (None: nothing was asked, or too long ago), `answer` the
    browser's JSON.

    Raises NotFound, Forbidden, Conflict (signed already, not to be signed, changed since), Invalid for "method" (not a
    way of the contract, no passkey) and "passkey" (stale, another statement's, another person's, wrong).
    """
    statement, person = _begin(viewer, number, "passkey", site)
    asked: dict[str, Any] = json.loads(document) if document else {}
    if asked and asked["statement"] != number:
        raise Invalid(
            {"passkey": _("Your passkey was asked to sign %(number)s.") % {"number": asked["statement"]}}
        )
    if asked and asked["person"] != str(person.uuid):
        raise Invalid({"passkey": _("Somebody else was asked to sign.")})
    if asked:
        _require_same(statement, asked["digest"])
    shown = check_assertion(
        person, site, challenge=challenge_of(document) if document else None, answer=answer, at=at
    )
    assert document is not None  # check_assertion refuses without
    proof = _passkey_proof(document, shown, site)
    faults = verify_passkey(proof, digest_of(statement), statement=number, side=viewer.organisation_kind)
    if faults:
        _log.error("a passkey's proof does not verify: %s", faults, extra={"number": number})
        raise Invalid(
            {"passkey": _("What would be kept of this signature does not verify. Nothing was signed.")}
        )
    return sign_statement(
        viewer, number, bytes.fromhex(asked["digest"]), method="passkey", proof=proof, recorded_at=at
    )


def _passkey_proof(document: str, shown: Assertion, site: Site) -> dict[str, Any]:
    key = shown.passkey
    return {
        "v": 1,
        "document": document,
        "algorithm": key.algorithm,
        "public_key": key.public_key.hex(),
        "cose_key": key.cose_key.hex(),
        "key_sha256": key.fingerprint,
        "credential_id": key.credential_id.hex(),
        "authenticator_data": shown.authenticator_data.hex(),
        "client_data_json": shown.client_data_json.hex(),
        "signature": shown.signature.hex(),
        "rp_id": site.rp_id,
        "origin": shown.origin,
        "sign_count": shown.sign_count,
    }


@transaction.atomic
def sign_with_confirmation(
    *,
    viewer: Viewer,
    number: str,
    site: Site,
    digest: str,
    is_agreed: bool,
    shown_by: Shown | None,
    at: datetime,
) -> Signature:
    """Sign by a confirmation of who has just shown that it is them (`shown_by`), and mail them a receipt, booked in
    this transaction. `digest` is the one that stood beside the sentence that they ticked.

    Raises NotFound, Forbidden, Conflict, Invalid for "method", "agree" and "answer".
    """
    statement, person = _begin(viewer, number, "confirmation", site)
    _require_same(statement, digest)
    if not is_agreed:
        raise Invalid({"agree": _("Tick the sentence: it is what you sign.")})
    if shown_by is None:
        raise Invalid({"answer": _("Show once more that it is you: with your password or a code.")})
    sentence = sentence_of(person, statement)
    receipt = receipt_for(person, statement, frozen_of(statement), sentence, at)
    side = viewer.organisation_kind
    proof = {
        "v": 1,
        "document": document_of(CONFIRMATION, statement, person, side, at, sentence=sentence),
        "shown_by": shown_by,
        "receipt_sha256": receipt.digest,
        "receipt_to_sha256": sha256(person.email.encode()).hexdigest(),
    }
    signature = sign_statement(
        viewer, number, bytes.fromhex(digest), method="confirmation", proof=proof, recorded_at=at
    )
    booked = send_mail(
        person=person,
        subject=receipt.subject,
        text=receipt.text,
        now=at,
        kind="receipt",
        scope_id=statement.scope_id,
        subject_number=number,
        entry_id=signature.entry_id,
    )
    if booked.status != Delivery.Status.WAITING and not settings.DEMONSTRATION:
        raise Invalid({"method": _("The receipt could not be booked. Nothing was signed.")})
    return signature


@transaction.atomic
def sign_with_scan(
    *,
    viewer: Viewer,
    number: str,
    site: Site,
    digest: str,
    names: str,
    printed: str,
    files: Sequence[FileDraft],
    at: datetime,
) -> Signature:
    """Sign by the scan of the paper that one's own side has signed and stamped: who signed it (`names`), and the first
    16 characters of the digest that is printed on it (`printed`), typed off the paper.

    Raises NotFound, Forbidden, Conflict, Invalid for "method", "names", "printed" and "files".
    """
    statement, person = _begin(viewer, number, "scan", site)
    _require_same(statement, digest)
    faults: dict[str, str | list[str]] = {}
    for read in (
        lambda: read_names(names),
        lambda: check_printed(printed, digest),
        lambda: one_scan(files),
    ):
        try:
            read()
        except Invalid as error:
            faults.update(error.fields)
    if faults:
        raise Invalid(faults)
    file, media_type = one_scan(files)
    document = document_of(
        SCAN,
        statement,
        person,
        viewer.organisation_kind,
        at,
        names=read_names(names),
        printed=check_printed(printed, digest),
        file_sha256=file.digest.hex(),
    )
    proof = {
        "v": 1,
        "document": document,
        "file": {"name": file.name, "size": file.size, "sha256": file.digest.hex()},
        "media_type": media_type,
    }
    return sign_statement(
        viewer, number, bytes.fromhex(digest), method="scan", proof=proof, files=[file], recorded_at=at
    )


def _begin(viewer: Viewer, number: str, method: str, site: Site) -> tuple[Statement, Person]:
    statement = access_statement(viewer, number)
    refusal = refusal_of(viewer, statement)
    if refusal is not None:
        raise refusal
    assert viewer.person_id is not None  # else refused
    person = Person.objects.select_related("organisation").get(pk=viewer.person_id)
    ways = {way.key: way for way in ways_of(person, site, signing_of(frozen_of(statement)))}
    if not ways[method].is_open:
        raise Invalid({"method": ways[method].why_not})
    return statement, person


def _require_same(statement: Statement, digest: str) -> None:
    """Raise Conflict unless the digest that the person saw is the statement's."""
    if digest != digest_of(statement):
        raise Conflict(
            _(
                "%(number)s was computed anew since you opened it, and has another digest."
                " Read it once more, then sign."
            )
            % {"number": statement.number},
            code="changed",
            state=statement.state,
        )
