"""Webhooks reach the open internet and what the administrator names; nothing else, however it is dressed."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from yunheng.notify import reaching
from yunheng.notify.reaching import UnreachableError, check_address, is_public, post
from yunheng.notify.signing import new_secret, sign


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # metadata of clouds
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",  # 6to4 of 127.0.0.1
        "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
        "ff02::1",
        "no address",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "answers"),
    [
        ("https://intranet.example/", ["10.0.0.1"]),
        ("https://two.example/", ["1.1.1.1", "127.0.0.1"]),  # one of several is enough
        ("https://none.example/", []),
        ("http://plain.example/", ["1.1.1.1"]),
        ("ftp://files.example/", ["1.1.1.1"]),
        ("https://user:pass@name.example/", ["1.1.1.1"]),
        ("https:///nothing", ["1.1.1.1"]),
        ("https://name.example:99999/", ["1.1.1.1"]),
        ("https://name.example/a b", ["1.1.1.1"]),
        ("https://name.example\\@evil.example/", ["1.1.1.1"]),
        ("javascript:alert(1)", ["1.1.1.1"]),
        ("", ["1.1.1.1"]),
    ],
)
def test_refused(url: str, answers: list[str]) -> None:
    with pytest.raises(UnreachableError):
        check_address(url, trusted=(), resolve=lambda _host, _port: answers)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "localhost", "[::1]", "127.1"]
)
def test_other_ways_to_write_this_machine_are_refused_after_resolution(host: str) -> None:
    with pytest.raises(UnreachableError):
        check_address(f"https://{host}/", trusted=())


def test_trusted_hosts_may_be_private_and_plain() -> None:
    def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["10.0.0.7"]

    assert (
        check_address("http://jira.intra:8080/x", trusted={"jira.intra:8080"}, resolve=resolve)[1]
        == "10.0.0.7"
    )
    assert check_address("https://JIRA.intra./x", trusted={"jira.intra"}, resolve=resolve)[1] == "10.0.0.7"
    with pytest.raises(UnreachableError):
        check_address("http://jira.intra:8081/x", trusted={"jira.intra:8080"}, resolve=resolve)


class _Handler(BaseHTTPRequestHandler):
    """Answers as its path says; keeps what it got."""

    got: list[tuple[str, dict[str, str], bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, dict(self.headers), body))
        kind, _, target = self.path.lstrip("/").partition("/")
        self.send_response(int(kind))
        if target:
            self.send_header("Location", "/200/" if target == "here" else f"http://{target}/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def server() -> Iterator[str]:
    _Handler.got = []
    made = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()


def test_the_name_reaches_the_server_and_the_checked_address_is_used(server: str) -> None:
    port = server.partition(":")[2]
    url = f"http://hook.example:{port}/200/?a=1"
    answer = post(
        url, b"{}", {"X-A": "b"}, trusted={"hook.example"}, resolve=lambda _host, _port: ["127.0.0.1"]
    )
    assert answer.is_success
    path, headers, body = _Handler.got[0]
    assert (path, headers["Host"], headers["X-A"], body) == ("/200/?a=1", f"hook.example:{port}", "b", b"{}")


@pytest.mark.parametrize(
    ("kind", "is_followed"), [("307", True), ("308", True), ("302", False), ("303", False)]
)
def test_only_redirects_that_keep_the_method_are_followed(server: str, kind: str, is_followed: bool) -> None:
    answer = post(f"http://{server}/{kind}/here", b"x", {}, trusted={server})
    assert answer.is_success is is_followed
    assert len(_Handler.got) == (2 if is_followed else 1)


def test_a_redirect_to_a_private_address_is_refused(server: str) -> None:
    with pytest.raises(UnreachableError):
        post(f"http://{server}/307/127.0.0.1:1", b"x", {}, trusted={server})
    with pytest.raises(UnreachableError):
        post(f"http://{server}/307/169.254.169.254", b"x", {}, trusted={server})
    assert len(_Handler.got) == 2


def test_it_ends_when_redirects_do_not(server: str) -> None:
    with pytest.raises(UnreachableError):
        post(f"http://{server}/307/{server}/307/", b"x", {}, trusted=())
    assert _Handler.got == []


def test_a_signature_can_be_checked_by_the_published_recipe() -> None:
    """The example of the Standard Webhooks specification."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = json.dumps({"test": 2432232314}).encode()
    signature = sign(secret, message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, body=body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert new_secret() != new_secret()


class Dripping(BaseHTTPRequestHandler):
    """Sends its answer a byte at a time, and never ends."""

    def do_POST(self) -> None:
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while True:
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass

    def log_message(self, *args: object) -> None:
        pass


def test_an_answer_that_never_ends_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaching, "ANSWER_SECONDS", 0.5)
    server = HTTPServer(("127.0.0.1", 0), Dripping)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    began = time.monotonic()
    try:
        with pytest.raises(UnreachableError):
            post(f"http://127.0.0.1:{server.server_port}/", b"{}", {}, trusted={"127.0.0.1"})
    finally:
        server.shutdown()
        server.server_close()
    assert time.monotonic() - began < 60  # it would drip for ever
