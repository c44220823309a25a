"""How a letter leaves: the package that sends mail lies above this one and registers itself here."""

from collections.abc import Callable
from typing import Final

from .models import Person

Send = Callable[[Person, str, str], None]  #: to whom, subject, text

_senders: Final[list[tuple[Send, Callable[[], bool]]]] = []


def register(send: Send, is_configured: Callable[[], bool]) -> None:
    """Send letters by `send` while `is_configured()`; the latest one registered counts."""
    _senders[:] = [(send, is_configured)]


def can_send() -> bool:
    """Whether letters can be sent at all."""
    return any(is_configured() for _send, is_configured in _senders)


def send(person: Person, subject: str, text: str) -> None:
    """Send a letter to somebody's address. Raises RuntimeError when `can_send` is false."""
    for sender, is_configured in _senders:
        if is_configured():
            sender(person, subject, text)
            return
    raise RuntimeError("no mail is configured")
