"""Ed25519 keys that sign tree heads: the private key is a file, the public keys are a chain in the database."""

import os
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from yunheng.logic.canonical import canonical, instant

from .models import SigningKey

__all__ = [
    "KeyMissingError",
    "check_keys",
    "current_key",
    "endorsement_bytes",
    "is_signed",
    "key_path",
    "keys_folder",
    "rotate_key",
]

_KEY_LOCK = 0x79756E6B6579  # advisory lock "yunkey": one process at a time makes a key


class KeyMissingError(RuntimeError):
    """The database knows a signing key whose private half is not on this machine."""

    def __init__(self, key_id: str) -> None:
        path = key_path(key_id)
        super().__init__(
            f"the private signing key {path} is missing. Bring it back from a backup of the data folder "
            "(“yunheng restore” does, with YUNHENG_DATA pointing at the right folder); only if it is lost for "
            "good, “yunheng log rotate-key --lost” begins a new key, which everybody who holds a head will see."
        )
        self.key_id = key_id
        self.path = path


def keys_folder() -> Path:
    """Folder of the private keys (0700)."""
    return Path(settings.DATA) / "keys"


def key_path(key_id: str) -> Path:
    """File of one private key (0600)."""
    return keys_folder() / f"signing-{key_id[:16]}.pem"


def current_key() -> tuple[SigningKey, Ed25519PrivateKey]:
    """The newest signing key with its private half; made on first need. Runs inside a transaction.

    Raises KeyMissingError when the database has a key and this machine has not.
    """
    newest = _newest()
    if newest is None:
        _lock()
        newest = _newest()
        if newest is None:
            return _create(previous=None, endorser=None)
    return newest, _load(newest.key_id)


def rotate_key(*, is_lost: bool = False) -> SigningKey:
    """Begin a new key, endorsed by the one before it; old heads stay valid under the old key.

    With `is_lost` the key before is gone and cannot endorse: the break in the chain stays visible for good.
    Raises KeyMissingError when the old key is needed and missing, ValueError when `is_lost` is said of a key
    that is there.
    """
    with transaction.atomic():
        _lock()
        previous = _newest()
        if previous is None:
            return current_key()[0]
        if is_lost:
            if key_path(previous.key_id).exists():
                raise ValueError(f"the key is not lost: {key_path(previous.key_id)}")
            return _create(previous=previous, endorser=None)[0]
        return _create(previous=previous, endorser=_load(previous.key_id))[0]


def endorsement_bytes(*, public_key: bytes, previous_key_id: str | None, created_at: datetime) -> bytes:
    """What the previous key signs of a new one: canonical JSON, of a kind that no tree head has."""
    return canonical(
        {
            "v": 1,
            "kind": "signing_key",
            "public_key": public_key.hex(),
            "previous": previous_key_id,
            "at": instant(created_at),
        }
    )


def is_signed(key: SigningKey, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is the key's over `message`; False for a broken key, too."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes(key.public_key)).verify(bytes(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_keys() -> tuple[list[str], list[str]]:
    """(problems, warnings) of the chain of keys: identity, order, endorsement by the key before."""
    problems: list[str] = []
    warnings: list[str] = []
    before: SigningKey | None = None
    for key in SigningKey.objects.select_related("previous").order_by("pk"):
        name = key.key_id[:16]
        public_key = bytes(key.public_key)
        if sha256(public_key).hexdigest() != key.key_id:
            problems.append(
                _("signing key {key}: its identifier is not that of its public key").format(key=name)
            )
        if key.previous_id != (before.pk if before else None):
            problems.append(_("signing key {key}: it does not follow the key before it").format(key=name))
        elif before is not None and key.endorsement is None:
            text = _("signing key {key}: the key before it was lost and has not endorsed it")
            warnings.append(text.format(key=name))
        elif before is not None:
            message = endorsement_bytes(
                public_key=public_key, previous_key_id=before.key_id, created_at=key.created_at
            )
            if not is_signed(before, bytes(key.endorsement or b""), message):
                text = _("signing key {key}: its endorsement is not the previous key's")
                problems.append(text.format(key=name))
        before = key
    return problems, warnings


def _newest() -> SigningKey | None:
    return SigningKey.objects.order_by("-pk").first()


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_KEY_LOCK])


def _create(
    *, previous: SigningKey | None, endorser: Ed25519PrivateKey | None
) -> tuple[SigningKey, Ed25519PrivateKey]:
    """Write the file first: a file without its row is harmless, a row without its file is not."""
    private = Ed25519PrivateKey.generate()
    public_key = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key_id = sha256(public_key).hexdigest()
    _write(key_path(key_id), private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    created_at = datetime.now(UTC)
    endorsement = None
    if endorser is not None and previous is not None:
        endorsement = endorser.sign(
            endorsement_bytes(public_key=public_key, previous_key_id=previous.key_id, created_at=created_at)
        )
    key = SigningKey.objects.create(
        key_id=key_id,
        public_key=public_key,
        created_at=created_at,
        previous=previous,
        endorsement=endorsement,
    )
    return key, private


def _load(key_id: str) -> Ed25519PrivateKey:
    try:
        pem = key_path(key_id).read_bytes()
    except FileNotFoundError:
        raise KeyMissingError(key_id) from None
    private = load_pem_private_key(pem, password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError(f"{key_path(key_id)} is no Ed25519 key")
    public_key = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    if sha256(public_key).hexdigest() != key_id:
        raise ValueError(f"{key_path(key_id)} is another key than its name says")
    return private


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, on disk before its name appears, readable by the service's user alone."""
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if os.geteuid() == 0:  # a command as root, a service that is not
            owner = folder.stat()
            os.chown(temporary, owner.st_uid, owner.st_gid)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
