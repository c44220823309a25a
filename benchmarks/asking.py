"""Clients of the benchmarks: one connection that is kept alive, with a token or with the session of a browser."""

import http.client
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Caller:
    """Asks the API with a token; whatever is no success is an error of the benchmark."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The document of the answer. Raises RuntimeError for anything but 200 and 201."""
        sent = json.dumps(body) if body is not None else None
        self._connection.request(method, f"/api/v1{path}", sent, self._headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status not in {200, 201}:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:500].decode()}")
        return json.loads(text)


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
