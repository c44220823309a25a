"""Clients of the benchmarks: one connection that is kept alive, with a token or with the session of a browser."""

import http.client
import json
import re
import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

_LENGTH = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: *([0-9]+)")
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Caller:
    """Asks the API with a token; whatever is no success is an error of the benchmark.

    It shares the processors with what it measures: it writes and reads a connection by itself, which takes a third of
    the time that http.client takes.
    """

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._connection: socket.socket | None = None
        self._rest = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The document of the answer. Raises RuntimeError for anything but 200 and 201."""
        sent = b"" if body is None else json.dumps(body).encode()
        head = f"{method} /api/v1{path} HTTP/1.1\r\n{self._rest}Content-Length: {len(sent)}\r\n\r\n"
        if self._connection is None:
            self._connection = socket.create_connection(("127.0.0.1", self._port), timeout=60)
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.sendall(head.encode() + sent)
        status, text = self._answer(self._connection)
        if status not in {200, 201}:
            raise RuntimeError(f"{method} {path}: {status} {text[:500].decode()}")
        return json.loads(text)

    @staticmethod
    def _answer(connection: socket.socket) -> tuple[int, bytes]:
        """Status and body. Raises RuntimeError for an answer without a length (the API sends none), ConnectionError."""
        received = connection.recv(65_536)
        while b"\r\n\r\n" not in received:
            more = connection.recv(65_536)
            if not more:
                raise ConnectionError("the server closed the connection")
            received += more
        head, _, text = received.partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        if found is None:
            raise RuntimeError(f"an answer without a length: {head[:500].decode()}")
        while len(text) < int(found[1]):
            more = connection.recv(65_536)
            if not more:
                raise ConnectionError("the server closed the connection")
            text += more
        return int(head[9:12]), text


class Browser:
    """Reads pages with the session of somebody who signed in."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookie = cookie
        self.said = ""  #: of the last page: "" or that it was no 200

    def sign_in(self, login: str, password: str) -> None:
        """Through the form. Raises RuntimeError when that does not lead on."""
        _status, text = self._ask("GET", "/sign-in")
        found = _TOKEN.search(text)
        assert found is not None, text[:500]
        form = {"csrfmiddlewaretoken": found[1], "login": login, "password": password}
        status, text = self._ask("POST", "/sign-in", urlencode(form))
        if status != 302:
            raise RuntimeError(f"sign-in: {status} {text[:500]}")

    def get(self, path: str, *, fine: Sequence[int] = (200,)) -> str:
        """The text of a page. Raises RuntimeError for a status that is not fine."""
        status, text = self._ask("GET", quote(path, safe="/?&=%"))
        if status not in fine:
            raise RuntimeError(f"{path}: {status} {text[:500]}")
        self.said = "" if status == 200 else f"; answers {status}: narrow it further"
        return text

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        headers = {"Cookie": self.cookie, "Referer": "http://127.0.0.1/"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        kept = dict(pair.split("=", 1) for pair in self.cookie.split("; ") if pair)
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";", 1)[0].partition("=")
            kept[name] = value
        self.cookie = "; ".join(f"{name}={value}" for name, value in kept.items())
        return response.status, response.read().decode()


def p95(taken: Sequence[float]) -> float:
    """The value that 95 % are not above."""
    return sorted(taken)[max(0, round(len(taken) * 0.95) - 1)]
