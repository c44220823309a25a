"""Text that others wrote, made harmless for a terminal: what they typed is shown and never obeyed."""

import re
import sys
from typing import IO, Any

#: Control characters but tab and line feed, C1 included (a terminal may obey U+009B like ESC [), and those that turn
#: the direction of what follows.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """The text with every character that a terminal obeys shown as its escape, for example \\x1b."""
    return _OBEYED.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


class PlainStream:
    """A text stream that writes everything `plain`; the rest is the stream's own."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text; the count is of the characters that were asked for."""
        self._stream.write(plain(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard_terminal() -> None:
    """Let nothing but plain text reach a terminal through stdout. Files and pipes get every character as it is."""
    if sys.stdout is not None and sys.stdout.isatty() and not isinstance(sys.stdout, PlainStream):
        sys.stdout = PlainStream(sys.stdout)
