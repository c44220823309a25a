"""Signs webhooks as the Standard Webhooks specification says: HMAC-SHA256 over id, timestamp and body."""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from typing import Final

__all__ = ["SECRET_PREFIX", "new_secret", "sign"]

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how the specification marks a secret, not one


def new_secret() -> str:
    """A new secret of 32 random bytes."""
    return SECRET_PREFIX + b64encode(secrets.token_bytes(32)).decode()


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: "v1," and the base64 of the HMAC. `timestamp` is epoch seconds."""
    key = b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
