"""What a passkey was asked to sign waits in the session: five minutes, and for one answer."""

from datetime import datetime
from typing import Final

from django.contrib.sessions.backends.base import SessionBase

from yunheng.accounts.passkeys import CHALLENGE_LIFE

__all__ = ["keep_asked", "take_asked"]

_KEPT: Final = "statement_signing"


def keep_asked(session: SessionBase, document: str, now: datetime) -> None:
    """Remember the document; an earlier one is forgotten."""
    session[_KEPT] = {"document": document, "at": int(now.timestamp())}


def take_asked(session: SessionBase, now: datetime) -> str | None:
    """The document, if it was asked for at most five minutes ago; it cannot be taken again, whatever comes of it."""
    kept = session.pop(_KEPT, None)
    if kept is None:
        return None
    session.save()  # at once: the same answer sent twice at a time finds nothing
    is_fresh = 0 <= now.timestamp() - kept["at"] <= CHALLENGE_LIFE.total_seconds()
    return str(kept["document"]) if is_fresh else None
