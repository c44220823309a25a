"""How a letter leaves: the package that sends mail lies above this one and registers itself here."""

from collections.abc import Callable
from typing import Final

from django.conf import settings

from .models import Person

Send = Callable[[Person, str, str], None]  #: to whom, subject, text

_senders: Final[list[tuple[Send, Callable[[], bool]]]] = []


def register(send: Send, is_configured: Callable[[], bool]) -> None:
    """Send letters by `send` while `is_configured()`; the latest one registered counts."""
    _senders[:] = [(send, is_configured)]


def can_send() -> bool:
    """Whether letters can be sent at all."""
    return any(is_configured() for _send, is_configured in _senders)


def can_send_links() -> bool:
    """Whether letters may hold links: only where `YUNHENG_ORIGINS` says under which address people come. A link made of
    the request's own Host header would lead wherever the sender of the request wants, with a secret in it.
    """
    return can_send() and bool(settings.ORIGINS)


def link_to(path: str) -> str:
    """A path as people open it from a letter. Raises IndexError when `can_send_links` is false."""
    return f"{settings.ORIGINS[0].rstrip('/')}{path}"


def send(person: Person, subject: str, text: str) -> None:
    """Send a letter to somebody's address. Raises RuntimeError when `can_send` is false."""
    for sender, is_configured in _senders:
        if is_configured():
            sender(person, subject, text)
            return
    raise RuntimeError("no mail is configured")
