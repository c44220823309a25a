"""Bodies of requests that were answered before they were read.

A token that does not count, a form that is too long: the answer stands before the body is there. A web server that then
hangs up while the caller is still sending shows it a broken connection in place of the answer (RFC 9112, 9.6).
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

#: Bytes that are read and thrown away, at most: more than the longest request that is taken (`site.uploads`).
MOST: Final = 256 * 1024 * 1024
_PIECE: Final = 64 * 1024


def read_out(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The WSGI application, which reads what is left of a request before its answer goes out.

    Nothing is kept of it. Who asks first whether to send (`Expect: 100-continue`) is answered at once.
    """

    def answering(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = application(environ, start_response)
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} and "HTTP_EXPECT" not in environ:
            body, left = environ["wsgi.input"], MOST
            while left > 0 and (piece := body.read(_PIECE)):
                left -= len(piece)
        return answer

    return answering
