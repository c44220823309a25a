"""Posts to addresses that people typed, and to no machine that they should not reach.

The name is resolved first, every address that it has is checked, and the connection goes to the very address that was
checked: a name that changes its mind in between (DNS rebinding) gains nothing. A redirect is a new address and is
checked like the first.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

import urllib3
from django.utils.translation import gettext as _
from urllib3.exceptions import HTTPError
from urllib3.util import Retry, Timeout

__all__ = ["Answer", "UnreachableError", "check_address", "post"]

CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 10  #: for each piece that is read
ANSWER_SECONDS: Final = (
    20  #: for all of it: who sends a byte now and then would hold a worker for as long as they like
)
REDIRECTS: Final = 3

Resolve = Callable[[str, int], Sequence[str]]


class UnreachableError(Exception):
    """The address is refused or does not answer; the message says why, in words for the delivery log."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status of the last answer, after redirects."""

    status: int

    @property
    def is_success(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name. Raises UnreachableError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnreachableError(_("The name “%(host)s” is not known.") % {"host": host}) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet: not private, loopback, link-local, shared or reserved."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _is_public(found)


def _is_public(found: IPv4Address | IPv6Address) -> bool:
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None:
            return _is_public(inner)
        if found in _NAT64:
            return _is_public(IPv4Address(int(found) & 0xFFFFFFFF))
    return found.is_global and not found.is_multicast and not found.is_reserved


class _Nat64:
    """64:ff9b::/96, which carries an IPv4 address (RFC 6052)."""

    def __contains__(self, address: IPv6Address) -> bool:
        return int(address) >> 32 == 0x0064FF9B << 64


_NAT64 = _Nat64()


def check_address(
    url: str, *, trusted: Collection[str], resolve: Resolve = resolve
) -> tuple[SplitResult, str]:
    """The parts of an address and the one IP address to connect to. Raises UnreachableError with the reason.

    https only, and public addresses only, except for hosts (“name” or “name:port”) that the installation trusts.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        raise UnreachableError(_("This is no address like https://example.com/hook.")) from None
    if (
        parts.scheme not in {"http", "https"}
        or not host
        or any(mark in url for mark in ("\n", "\r", " ", "\\"))
    ):
        raise UnreachableError(_("This is no address like https://example.com/hook."))
    if parts.username is not None or parts.password is not None:
        raise UnreachableError(_("An address with a name or password in it is refused."))
    is_trusted = host in trusted or f"{host}:{port}" in trusted
    if parts.scheme != "https" and not is_trusted:
        raise UnreachableError(_("Only https is allowed: what is sent would be readable on the way."))
    addresses = resolve(host, port)
    if not addresses:
        raise UnreachableError(_("The name “%(host)s” is not known.") % {"host": host})
    if not is_trusted and not all(is_public(address) for address in addresses):
        raise UnreachableError(
            _("“%(host)s” leads to an address that is not public. An administrator can allow it.")
            % {"host": host}
        )
    return parts, addresses[0]


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    trusted: Collection[str] = (),
    resolve: Resolve = resolve,
) -> Answer:
    """POST a body; follow at most three redirects that keep the method (307, 308), each address checked anew.

    Raises UnreachableError. Of the answer only the status counts; its body is never read.
    """
    for _step in range(REDIRECTS + 1):
        parts, address = check_address(url, trusted=trusted, resolve=resolve)
        status, location = _post_once(parts, address, body, headers)
        if status not in {307, 308} or not location:
            return Answer(status)
        url = urljoin(url, location)
    raise UnreachableError(_("It redirects again and again."))


@contextmanager
def _limited(pool: urllib3.HTTPConnectionPool) -> Iterator[None]:
    """Break the pool's connections off when the answer is not there after ANSWER_SECONDS."""
    made: list[Any] = []
    connection = pool.ConnectionCls

    def connect(**values: Any) -> Any:
        made.append(connection(**values))
        return made[-1]

    def watch() -> None:
        seconds: float = ANSWER_SECONDS
        while not is_done.wait(seconds):
            seconds = 0.5
            is_late.set()
            for one in made:
                with suppress(OSError, TypeError):  # none yet, or closed meanwhile
                    socket.socket.shutdown(
                        one.sock, socket.SHUT_RDWR
                    )  # below TLS, which another thread reads from

    pool.ConnectionCls = connect  # type: ignore[assignment]
    is_done, is_late = threading.Event(), threading.Event()
    threading.Thread(target=watch, name="webhook-limit", daemon=True).start()
    try:
        yield
        if is_late.is_set():  # a head that was cut off may read like a whole one
            raise TimeoutError(_("The answer took longer than %(seconds)d s.") % {"seconds": ANSWER_SECONDS})
    finally:
        is_done.set()


def _post_once(parts: SplitResult, address: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    host = parts.hostname or ""
    timeout = Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    port = f":{parts.port}" if parts.port else ""
    name = f"[{host}]" if ":" in host else host
    pool: urllib3.HTTPConnectionPool
    if parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address,
            parts.port or 443,
            timeout=timeout,
            ssl_context=ssl.create_default_context(),
            server_hostname=host,
            assert_hostname=host,
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, parts.port or 80, timeout=timeout)
    try:
        with pool, _limited(pool):
            answer = pool.request(
                "POST",
                path,
                body=body,
                headers={**headers, "Host": name + port},
                redirect=False,
                retries=Retry(0),
                preload_content=False,
            )
            status, location = answer.status, answer.headers.get("Location", "")
            answer.close()
    except (HTTPError, OSError, ValueError) as error:
        raise UnreachableError(f"{type(error).__name__}: {error}"[:300]) from None
    return status, location
