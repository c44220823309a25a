"""Waiting for what a page has set off."""

import time
from collections.abc import Callable

SECONDS = 60


def wait_until(is_true: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Look again and again until it is so. Fails after that many seconds."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
