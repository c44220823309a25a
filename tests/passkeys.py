"""An authenticator made of software: what a browser and a security key would answer, by the book (Web Authentication,
Level 2), and each part of it wrong where a test wants that.
"""

import base64
import json
import struct
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_bytes
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


def _head(kind: int, size: int) -> bytes:
    if size < 24:
        return bytes([kind << 5 | size])
    return bytes([kind << 5 | 24, size]) if size < 256 else bytes([kind << 5 | 25]) + struct.pack(">H", size)


def cbor(value: Any) -> bytes:
    """RFC 8949, as far as keys and attestations need it."""
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    return _head(5, len(value)) + b"".join(cbor(key) + cbor(it) for key, it in value.items())


@dataclass
class Device:
    """One passkey. `counts` False: a synchronised one, whose counter stays 0."""

    algorithm: int = -7
    counts: bool = True
    flags: int = USER_PRESENT | USER_VERIFIED
    credential_id: bytes = field(default_factory=lambda: token_bytes(32))
    counter: int = 0
    user: bytes = b""
    key: Any = None

    def __post_init__(self) -> None:
        make = {
            -7: lambda: ec.generate_private_key(ec.SECP256R1()),
            -8: ed25519.Ed25519PrivateKey.generate,
            -257: lambda: rsa.generate_private_key(65537, 2048),
            -35: lambda: ec.generate_private_key(ec.SECP384R1()),
        }
        self.key = self.key or make[self.algorithm]()

    def cose(self) -> bytes:
        public = self.key.public_key()
        if self.algorithm in (-7, -35):
            numbers, size = public.public_numbers(), 32 if self.algorithm == -7 else 48
            places = {-2: numbers.x.to_bytes(size, "big"), -3: numbers.y.to_bytes(size, "big")}
            return cbor({1: 2, 3: self.algorithm, -1: 1 if size == 32 else 2} | places)
        if self.algorithm == -8:
            return cbor({1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()})
        numbers = public.public_numbers()
        return cbor({1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")})

    def create(self, options: str, origin: str, **wrong: Any) -> str:
        """What `navigator.credentials.create` answers."""
        asked = json.loads(options)["publicKey"]
        self.user = raw(asked["user"]["id"])
        attested = b"\0" * 16 + struct.pack(">H", len(self.credential_id)) + self.credential_id + self.cose()
        data = self._data(wrong.get("rp_id", asked["rp"]["id"]), ATTESTED) + attested
        client = self._client("webauthn.create", asked, origin, wrong)
        attestation = cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(clientDataJSON=client, attestationObject=attestation)

    def get(self, options: str, origin: str, **wrong: Any) -> str:
        """What `navigator.credentials.get` answers; `wrong` puts in another challenge, rp_id, signature …"""
        asked = json.loads(options)["publicKey"]
        data = self._data(wrong.get("rp_id", asked["rpId"]), 0)
        client = self._client("webauthn.get", asked, origin, wrong)
        signature = wrong.get("signature") or self.sign(data + sha256(client).digest())
        parts = {"userHandle": wrong.get("user", self.user)} if self.user else {}
        return self._answer(clientDataJSON=client, authenticatorData=data, signature=signature, **parts)

    def sign(self, message: bytes) -> bytes:
        signature: bytes
        if self.algorithm in (-7, -35):
            signature = self.key.sign(message, ec.ECDSA(SHA256()))
        elif self.algorithm == -8:
            signature = self.key.sign(message)
        else:
            signature = self.key.sign(message, padding.PKCS1v15(), SHA256())
        return signature

    def _data(self, rp_id: str, flags: int) -> bytes:
        self.counter += 1 if self.counts else 0
        return sha256(rp_id.encode()).digest() + struct.pack(">BI", self.flags | flags, self.counter)

    def _client(self, kind: str, asked: dict[str, Any], origin: str, wrong: dict[str, Any]) -> bytes:
        said = {
            "type": wrong.get("type", kind),
            "challenge": wrong.get("challenge", asked["challenge"]),
            "origin": origin,
            "crossOrigin": wrong.get("cross_origin", False),
        }
        return json.dumps(said, separators=(",", ":")).encode()

    def _answer(self, **parts: bytes) -> str:
        response = {name: text(part) for name, part in parts.items()}
        name = text(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
