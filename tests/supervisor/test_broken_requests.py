"""No 500 without a traceback in the log, also where Django's own error page is what broke."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory, override_settings

from yunheng.site.logging import tell_breaks

ENVIRON: dict[str, object] = {"REQUEST_METHOD": "GET", "PATH_INFO": "/somewhere"}


class _Stream:
    """A long answer that breaks off after its first piece."""

    streaming = True
    is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield b"first"
        raise RuntimeError("the cursor is gone")

    def close(self) -> None:
        self.is_closed = True


def _only(caplog: pytest.LogCaptureFixture) -> logging.LogRecord:
    (record,) = [one for one in caplog.records if one.name == "yunheng.broken"]
    assert record.exc_info is not None
    return record


def test_what_nobody_caught_is_told_and_raised(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_environ: object, _start: object) -> list[bytes]:
        raise RuntimeError("nobody caught this")

    with pytest.raises(RuntimeError, match="nobody caught"):
        tell_breaks(broken)(ENVIRON, None)
    record: Any = _only(caplog)
    assert (record.method, record.path) == ("GET", "/somewhere")


def test_an_answer_that_breaks_off_is_told_and_can_be_closed(caplog: pytest.LogCaptureFixture) -> None:
    stream = _Stream()
    answer: Any = tell_breaks(lambda _environ, _start: stream)(ENVIRON, None)
    pieces = iter(answer)
    assert next(pieces) == b"first"
    assert not caplog.records
    with pytest.raises(RuntimeError):
        next(pieces)
    _only(caplog)
    answer.close()
    assert stream.is_closed


def test_an_ordinary_answer_is_passed_on_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    answer = [b"body"]
    assert tell_breaks(lambda _environ, _start: answer)(ENVIRON, None) is answer
    assert not caplog.records


@pytest.mark.django_db  # a request begins with a look at the connections
def test_a_site_that_cannot_be_imported_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """As while code is being changed: addresses cannot be loaded, and so neither can the page for errors."""
    environ = RequestFactory().get("/somewhere", HTTP_HOST="localhost").environ
    with override_settings(ROOT_URLCONF="yunheng.no_such_addresses", MIDDLEWARE=[]):
        application = tell_breaks(WSGIHandler())
        with pytest.raises(ModuleNotFoundError):
            application(environ, lambda *_answer: None)
    _only(caplog)
