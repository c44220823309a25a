"""Checks a passkey's signature under a statement from what is kept of it: the standard library and `cryptography` only.

Nothing here knows the database or the network, so that either party, a court or a program of theirs can do the same
with the proof alone. Web Authentication Level 2, section 7.2, as far as it can be repeated afterwards.
"""

import base64
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

__all__ = ["PURPOSE", "cose_to_spki", "verify_passkey"]

PURPOSE: Final = "yunheng.statement"
ES256, EDDSA, RS256 = -7, -8, -257  # COSE (RFC 9053, RFC 8812)
_PRESENT, _VERIFIED = 0x01, 0x04
_LONGEST: Final = 65_536  # characters of any part


def verify_passkey(
    proof: Mapping[str, Any], digest: str, *, statement: str | None = None, side: str | None = None
) -> list[str]:
    """What does not hold of a passkey's signature over the statement whose digest (SHA-256, hex) is `digest`; empty
    when all holds. With `statement` and `side`, the signed document must name them, too. Never raises.

    In the proof bytes are hex: `document` (text: canonical JSON), `algorithm`, `public_key` (SubjectPublicKeyInfo),
    `cose_key`, `authenticator_data`, `client_data_json`, `signature`; `rp_id` and `origin` are text.
    """
    problems: list[str] = []
    document, client, parts = _read(proof, problems)
    if problems:
        return problems
    wanted = {"v": 1, "purpose": PURPOSE, "digest": digest, "statement": statement, "side": side}
    for name, value in wanted.items():
        if value is not None and document.get(name) != value:
            problems.append(f"the signed document says {name} {document.get(name)!r}, not {value!r}")
    challenge = sha256(proof["document"].encode()).digest()
    if client.get("type") != "webauthn.get":
        problems.append("the browser says that it was not asked for a signature")
    if client.get("challenge") != base64.urlsafe_b64encode(challenge).rstrip(b"=").decode():
        problems.append("the challenge is not the SHA-256 of the signed document")
    if client.get("origin") != proof["origin"] or client.get("crossOrigin", False) is not False:
        problems.append("it was signed on a page of another site")
    if urlsplit(proof["origin"]).hostname != proof["rp_id"]:
        problems.append("the site of the page is not the one that the passkey was made for")
    data = parts["authenticator_data"]
    if len(data) < 37 or data[:32] != sha256(proof["rp_id"].encode()).digest():
        problems.append("the authenticator signed for another site")
    elif not data[32] & _PRESENT or not data[32] & _VERIFIED:
        problems.append("the authenticator says that nobody was present, or that the holder was not verified")
    if cose_to_spki(parts["cose_key"]) != parts["public_key"]:
        problems.append("the two forms of the public key are different keys")
    message = data + sha256(parts["client_data_json"]).digest()
    if not _is_signed(proof["algorithm"], parts["public_key"], parts["signature"], message):
        problems.append("the signature does not fit the public key and what was signed")
    return problems


def _read(
    proof: Mapping[str, Any], problems: list[str]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, bytes]]:
    parts: dict[str, bytes] = {}
    for name in ("public_key", "cose_key", "authenticator_data", "client_data_json", "signature"):
        value = proof.get(name)
        try:
            parts[name] = bytes.fromhex(value if isinstance(value, str) and len(value) < _LONGEST else "?")
        except ValueError:
            problems.append(f"“{name}” is missing, or is no hexadecimal text")
    for name in ("document", "rp_id", "origin"):
        if not isinstance(proof.get(name), str) or len(proof[name]) > _LONGEST:
            problems.append(f"“{name}” is missing, or is no text")
    if proof.get("algorithm") not in (ES256, EDDSA, RS256):
        problems.append("the signature is of an unknown kind")
    if problems:
        return {}, {}, parts
    try:
        document, client = json.loads(proof["document"].encode()), json.loads(parts["client_data_json"])
        urlsplit(proof["origin"]), proof["rp_id"].encode()
    except (ValueError, RecursionError):
        document = client = None
    if not isinstance(document, dict) or not isinstance(client, dict):
        problems.append("what was signed cannot be read")
        return {}, {}, parts
    return document, client, parts


def _is_signed(algorithm: int, spki: bytes, signature: bytes, message: bytes) -> bool:
    try:
        key = load_der_public_key(spki)
        if (
            algorithm == ES256
            and isinstance(key, EllipticCurvePublicKey)
            and isinstance(key.curve, SECP256R1)
        ):
            key.verify(signature, message, ECDSA(SHA256()))
        elif algorithm == EDDSA and isinstance(key, Ed25519PublicKey):
            key.verify(signature, message)
        elif algorithm == RS256 and isinstance(key, RSAPublicKey):
            key.verify(signature, message, PKCS1v15(), SHA256())
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def cose_to_spki(cose: bytes) -> bytes | None:
    """A COSE key (RFC 9052 §7) as SubjectPublicKeyInfo in DER; None for one that cannot be read."""
    try:
        key, end = _cbor(cose, 0)
        if end != len(cose) or not isinstance(key, dict):
            return None
        made: EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey
        if (key.get(1), key.get(3), key.get(-1)) == (2, ES256, 1):
            x, y = int.from_bytes(key[-2], "big"), int.from_bytes(key[-3], "big")
            made = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
        elif (key.get(1), key.get(3), key.get(-1)) == (1, EDDSA, 6):
            made = Ed25519PublicKey.from_public_bytes(key[-2])
        elif (key.get(1), key.get(3)) == (3, RS256):
            n, e = int.from_bytes(key[-1], "big"), int.from_bytes(key[-2], "big")
            made = RSAPublicNumbers(e, n).public_key()
        else:
            return None
        return made.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, UnsupportedAlgorithm):
        return None


def _cbor(data: bytes, at: int) -> tuple[Any, int]:
    """A map of numbers to numbers and bytes, or one of these (RFC 8949): all that keys are made of."""
    kind, size = data[at] >> 5, data[at] & 31
    at += 1
    if size > 25:
        raise ValueError("longer than any key")
    if size > 23:
        width = size - 23
        size = int.from_bytes(data[at : at + width], "big")
        at += width
    if kind in (0, 1):
        return (size if kind == 0 else -1 - size), at
    if kind == 2:
        if at + size > len(data):
            raise ValueError("cut off")
        return data[at : at + size], at + size
    if kind != 5 or size > 16:
        raise ValueError("no part of a key")
    found: dict[int, Any] = {}
    for _pair in range(size):
        name, at = _cbor(data, at)
        found[name], at = _cbor(data, at)
    return found, at
