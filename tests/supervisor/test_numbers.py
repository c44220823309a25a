"""What the command line refuses before anything starts: numbers without sense, and an address that is taken."""

import argparse
import socket

import pytest

from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.site.cli.numbers import whole
from yunheng.site.cli.web import check_port


def test_whole_numbers_have_limits() -> None:
    read = whole(1, 65_535)
    assert (read("1"), read("65535")) == (1, 65_535)
    for text in ("0", "65536", "-3", "8o80", "1.5", ""):
        with pytest.raises(argparse.ArgumentTypeError, match=r"1.*65535"):
            read(text)


def test_an_address_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SupervisorError, match=f"127.0.0.1:{port}"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)
