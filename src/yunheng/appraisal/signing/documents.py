"""What is signed, as text: canonical JSON that names statement, digest, side, person and instant."""

from datetime import datetime
from hashlib import sha256
from secrets import token_hex
from typing import Any, Final

from yunheng.accounts.models import Person
from yunheng.logic.canonical import canonical, instant

from ..models import Statement
from .passkey_proof import PURPOSE

__all__ = ["CONFIRMATION", "PURPOSE", "SCAN", "challenge_of", "digest_of", "document_of", "grouped"]

CONFIRMATION: Final = "yunheng.statement.confirmation"
SCAN: Final = "yunheng.statement.scan"


def digest_of(statement: Statement) -> str:
    """The statement's digest, hex; "" of a draft."""
    return "" if statement.digest is None else bytes(statement.digest).hex()


def document_of(
    purpose: str, statement: Statement, person: Person, side: str, at: datetime, **more: Any
) -> str:
    """What somebody signs: canonical JSON (RFC 8785) with a nonce, so that no two are alike."""
    return canonical(
        {
            "v": 1,
            "purpose": purpose,
            "statement": statement.number,
            "digest": digest_of(statement),
            "side": side,
            "organisation": person.organisation.key,
            "person": str(person.uuid),
            "at": instant(at),
            "nonce": token_hex(32),
            **more,
        }
    ).decode()


def challenge_of(document: str) -> bytes:
    """What the passkey is given: the SHA-256 of the document."""
    return sha256(document.encode()).digest()


def grouped(digest: str) -> list[str]:
    """A digest in groups of eight, as people compare it."""
    return [digest[at : at + 8] for at in range(0, len(digest), 8)]
