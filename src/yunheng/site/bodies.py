"""Bodies of requests that were answered before they were read.

A token that does not count, a form that is too long: the answer stands before the body is there. A web server that then
hangs up while the caller is still sending shows it a broken connection in place of the answer (RFC 9112, 9.6).
"""

from collections.abc import Callable, Iterable
from threading import BoundedSemaphore
from typing import Any, Final

#: Bytes that are read and thrown away, at most: more than the longest request that is taken (`site.uploads`).
MOST: Final = 256 * 1024 * 1024
#: Threads of a process that may wait so for callers at one time: whoever stops sending holds no more than these.
WAITING: Final = 2
_PIECE: Final = 64 * 1024


def read_out(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The WSGI application, which reads what is left of a request before its answer goes out.

    Nothing is kept of it. Who asks first whether to send (`Expect: 100-continue`), says no length or one above `MOST`,
    or comes while `WAITING` others are waited for, is answered at once.
    """
    places = BoundedSemaphore(WAITING)

    def answering(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = application(environ, start_response)
        if _said(environ) and places.acquire(blocking=False):
            try:
                body, left = environ["wsgi.input"], MOST
                while left > 0 and (piece := body.read(_PIECE)):
                    left -= len(piece)
            finally:
                places.release()
        return answer

    return answering


def _said(environ: dict[str, Any]) -> int:
    """Bytes of the body, as the caller announced them; 0 where nothing is to be read out."""
    length = environ.get("CONTENT_LENGTH") or ""
    if "HTTP_EXPECT" in environ or not (length.isascii() and length.isdigit() and len(length) < 12):
        return 0
    return int(length) if int(length) <= MOST else 0
