"""A passkey's signature under a statement is checked from the proof alone; whatever is changed in it is noticed."""

import json
import random
import subprocess
import sys
from hashlib import sha256
from typing import Any

import pytest
from tests.passkeys import USER_PRESENT, USER_VERIFIED, Device, raw, text

from yunheng.appraisal.signing import passkey_proof
from yunheng.appraisal.signing.passkey_proof import cose_to_spki, verify_passkey
from yunheng.logic.canonical import canonical
from yunheng.verify.verify import is_passkey

DIGEST = sha256(b"statement").hexdigest()
NUMBER, SIDE = "ACME-APR-20261101-0001", "client"
BYTES = ("authenticator_data", "client_data_json", "signature", "public_key", "cose_key")
RP_ID, ORIGIN = "it.example.com", "https://it.example.com"


def document(**changes: Any) -> str:
    said = {"v": 1, "purpose": "yunheng.statement", "statement": NUMBER, "digest": DIGEST, "side": SIDE}
    return canonical({**said, "nonce": "00" * 32, **changes}).decode()


def proof_of(device: Device, signed: str | None = None, origin: str = ORIGIN, **wrong: Any) -> dict[str, Any]:
    signed = document() if signed is None else signed
    challenge = text(sha256(signed.encode()).digest())
    options = json.dumps({"publicKey": {"challenge": challenge, "rpId": RP_ID}})
    response = json.loads(device.get(options, origin, **wrong))["response"]
    spki = cose_to_spki(device.cose())
    assert spki is not None
    return {
        "v": 1,
        "document": signed,
        "algorithm": device.algorithm,
        "public_key": spki.hex(),
        "cose_key": device.cose().hex(),
        "authenticator_data": raw(response["authenticatorData"]).hex(),
        "client_data_json": raw(response["clientDataJSON"]).hex(),
        "signature": raw(response["signature"]).hex(),
        "rp_id": RP_ID,
        "origin": origin,
    }


def faults(proof: dict[str, Any], digest: str = DIGEST) -> list[str]:
    return verify_passkey(proof, digest, statement=NUMBER, side=SIDE)


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_a_true_signature_holds_for_its_digest_alone(algorithm: int) -> None:
    proof = proof_of(Device(algorithm))
    assert faults(proof) == []
    assert any("digest" in fault for fault in faults(proof, sha256(b"another").hexdigest()))
    assert verify_passkey(proof, DIGEST) == []
    assert verify_passkey(proof, DIGEST, statement="ACME-APR-20261101-0002")
    assert verify_passkey(proof, DIGEST, side="provider")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rp_id": "evil.example"}, "authenticator signed for another site"),
        ({"challenge": text(b"x" * 32)}, "challenge is not the SHA-256"),
        ({"type": "webauthn.create"}, "not asked for a signature"),
        ({"cross_origin": True}, "page of another site"),
        ({"signature": b"0" * 70}, "signature does not fit"),
        ({"origin": "https://evil.example"}, "not the one that the passkey was made for"),
    ],
)
def test_what_was_signed_for_something_else_is_named(wrong: dict[str, Any], said: str) -> None:
    assert any(said in fault for fault in faults(proof_of(Device(), **wrong)))


@pytest.mark.parametrize("flags", [0, USER_PRESENT, USER_VERIFIED])
def test_nobody_there_or_not_verified_is_named(flags: int) -> None:
    assert any("was present" in fault for fault in faults(proof_of(Device(flags=flags))))


def test_another_purpose_is_no_signature() -> None:
    signed = document(purpose="yunheng.statement.scan")
    assert any("purpose" in fault for fault in faults(proof_of(Device(), signed)))


def test_another_key_is_named_in_each_of_its_forms() -> None:
    proof, other = proof_of(Device()), proof_of(Device())
    assert "two forms" in " ".join(faults({**proof, "cose_key": other["cose_key"]}))
    assert faults({**proof, "public_key": other["public_key"]})
    both = {**proof, "public_key": other["public_key"], "cose_key": other["cose_key"]}
    assert any("does not fit" in fault for fault in faults(both))
    assert faults({**proof, "algorithm": -257})
    assert cose_to_spki(Device(-35).cose()) is None


@pytest.mark.parametrize("part", ["document", *BYTES])
def test_every_changed_byte_is_noticed(part: str) -> None:
    rng = random.Random(17)
    proof = proof_of(Device(-8))
    text_or_bytes = bytes.fromhex(proof[part]) if part != "document" else proof[part].encode()
    for _time in range(60):
        changed = bytearray(text_or_bytes)
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(7)
        value = changed.decode(errors="replace") if part == "document" else changed.hex()
        assert faults({**proof, part: value}), (part, value)


@pytest.mark.parametrize("value", [None, 1, "zz", "", "00", {"a": 1}, "a1" * 30_000, "\ud800"])
@pytest.mark.parametrize("name", ["document", "algorithm", "rp_id", "origin", *BYTES])
def test_broken_proofs_are_named_and_nothing_is_raised(name: str, value: Any) -> None:
    proof = proof_of(Device(-8))
    assert faults({**proof, name: value})
    del proof[name]
    assert faults(proof)


def test_it_needs_neither_django_nor_the_rest_of_the_product() -> None:
    code = (
        f"import runpy, sys; runpy.run_path({passkey_proof.__file__!r});"
        "print([n for n in sys.modules if n.split('.')[0] in ('django', 'fido2', 'yunheng')])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_the_verifier_of_evidence_packs_says_the_same(algorithm: int) -> None:
    proof, other = proof_of(Device(algorithm)), proof_of(Device(algorithm))
    assert is_passkey(proof)
    assert not is_passkey({**proof, "signature": other["signature"]})
    assert not is_passkey({**proof, "public_key": other["public_key"]})
    for name in ("client_data_json", "authenticator_data", "signature", "public_key"):
        with pytest.raises(ValueError, match=r"^[0-9A-F]"):
            is_passkey({**proof, name: proof[name].upper()})
    assert not is_passkey({**proof, "document": document(side="provider")})
    assert not is_passkey(proof_of(Device(algorithm, flags=USER_PRESENT)))
    assert not is_passkey(proof_of(Device(algorithm), rp_id="evil.example"))
