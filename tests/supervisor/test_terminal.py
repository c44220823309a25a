"""What others wrote reaches a terminal and the logs as text: no escape sequence of a ticket's title is obeyed."""

import io
import json
import logging
import sys

import pytest

from yunheng.site.logging import JsonFormatter, TerminalFormatter
from yunheng.site.terminal import PlainStream, guard_terminal, plain

HOSTILE = "打印机\x1b]0;owned\x07 \x9b31m红 \u202egnp.exe\r覆盖\x00\x7f"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x08", "\r", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066"]
)
def test_what_a_terminal_obeys_is_shown(character: str) -> None:
    shown = plain(f"a{character}b")
    assert character not in shown
    assert shown.startswith("a\\")
    assert shown.endswith("b")


def test_ordinary_text_stays() -> None:
    text = "运衡 ✓ “P1”\t第一行\n第二行 – é 😀"
    assert plain(text) == text


def test_a_terminal_gets_plain_text_and_a_pipe_every_character(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, pipe = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", terminal)
    guard_terminal()
    guard_terminal()  # a second time changes nothing
    print(HOSTILE)
    assert isinstance(sys.stdout, PlainStream)
    assert terminal.getvalue() == plain(HOSTILE) + "\n"
    monkeypatch.setattr(sys, "stdout", pipe)
    guard_terminal()
    print(HOSTILE)
    assert pipe.getvalue() == HOSTILE + "\n"


def test_logs_carry_no_sequence_that_a_terminal_obeys() -> None:
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "GET %s failed", (HOSTILE,), None)
    assert TerminalFormatter("web").format(record).endswith(plain(f"GET {HOSTILE} failed"))
    line = JsonFormatter("web").format(record)
    assert plain(line) == line
    assert json.loads(line)["message"] == f"GET {HOSTILE} failed"  # nothing is lost in the file
