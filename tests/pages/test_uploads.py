"""What uploads are taken in: files of known people within limits, and nothing of strangers."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest
from django.test import Client, RequestFactory

from yunheng.accounts.models import Person
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.attachments import read_uploads
from yunheng.foundation.refusals import Invalid
from yunheng.site import uploads

from .world import PASSWORD, World


def posted(known: bool, *files: tuple[str, bytes], path: str = "/tickets/new") -> HttpRequest:
    """A request of a form with files, as the middleware leaves it."""
    data = {"title": "switch", "files": [SimpleUploadedFile(name, content) for name, content in files]}
    request = RequestFactory().post(path, data)
    request.user = Person(login="x", name="x") if known else AnonymousUser()
    request.viewer = SYSTEM_VIEWER if path.startswith("/imports") else None  # type: ignore[attr-defined]
    return request


@pytest.fixture
def kept_on_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names of files for which a temporary file was made."""
    names: list[str] = []
    new_file = TemporaryFileUploadHandler.new_file

    def note(self: TemporaryFileUploadHandler, *args: Any, **kwargs: Any) -> None:
        names.append(args[1])
        new_file(self, *args, **kwargs)

    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", note)
    return names


def test_files_of_known_people_arrive_with_the_form() -> None:
    request = posted(True, ("a.txt", b"abc"), ("b.txt", b""))
    assert [(file.name, file.read()) for file in request.FILES.getlist("files")] == [
        ("a.txt", b"abc"),
        ("b.txt", b""),
    ]
    assert request.POST["title"] == "switch"


def test_files_of_strangers_are_dropped_and_their_form_is_read(kept_on_disk: list[str]) -> None:
    request = posted(False, ("a.txt", b"abc" * 100_000))
    assert request.POST["title"] == "switch"
    assert not request.FILES
    assert kept_on_disk == []


def test_long_requests_of_strangers_are_not_read(kept_on_disk: list[str]) -> None:
    request = posted(False, ("a.txt", b"x" * (uploads.MOST_OF_STRANGERS + 1)))
    with pytest.raises(RequestDataTooBig):
        _ = request.POST
    assert kept_on_disk == []
    assert posted(True, ("a.txt", b"x" * (uploads.MOST_OF_STRANGERS + 1))).FILES


def test_too_long_requests_are_refused_and_imports_may_be_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_OF_OTHERS", 10_000)
    with pytest.raises(RequestDataTooBig):
        _ = posted(True, ("a.txt", b"x" * 10_000)).POST
    assert posted(True, ("a.csv", b"x" * 10_000), path="/imports/new").FILES
    monkeypatch.setattr(uploads, "MOST_OF_IMPORT", 10_000)
    with pytest.raises(RequestDataTooBig):
        _ = posted(True, ("a.csv", b"x" * 10_000), path="/imports/new").POST


@pytest.mark.parametrize("size", [1_000, 3_000_000])  # in memory and on disk
def test_a_file_that_is_too_large_is_dropped_and_the_form_can_say_so(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", size)
    request = posted(True, ("a.txt", b"x" * size), ("b.txt", b"x" * (size + 1)), ("c.txt", b"ok"))
    first, second, third = request.FILES.getlist("files")
    assert (first.size, second.size, third.size) == (size, size + 1, 2)
    assert (second.read(), third.read()) == (b"", b"ok")
    assert len(first.read()) == size
    assert request.POST["title"] == "switch"
    with pytest.raises(Invalid) as refusal:
        read_uploads([first, second, third])
    assert [("b.txt" in text) for text in refusal.value.fields["files"]] == [True]


def test_more_files_than_an_entry_takes_are_not_kept() -> None:
    request = posted(True, *((f"{n}.txt", b"abc") for n in range(40)))
    files = request.FILES.getlist("files")
    assert sum(len(file.read()) for file in files) == 30
    with pytest.raises(Invalid) as refusal:
        read_uploads(files)
    assert "10" in str(refusal.value)


def test_the_sign_in_page_takes_no_files(world: World, kept_on_disk: list[str]) -> None:
    small = SimpleUploadedFile("a.txt", b"abc" * 1000)
    client = Client()
    answer = client.post("/sign-in", {"login": "dan", "password": PASSWORD, "file": small})
    assert answer.status_code in {200, 302, 303}
    large = SimpleUploadedFile("a.txt", b"x" * (uploads.MOST_OF_STRANGERS + 1))
    assert Client().post("/sign-in", {"login": "dan", "file": large}).status_code in {400, 413}
    assert kept_on_disk == []


def test_only_who_may_import_sends_files_of_that_size(world: World, kept_on_disk: list[str]) -> None:
    for login, may in (("alice", True), ("ken", False), ("dan", False)):
        request = posted(True, ("log.csv", b"a,b\n"), path="/imports/new")
        request.viewer = world.viewer(login)  # type: ignore[attr-defined]
        assert uploads.may_import(request) is may
        request.META["CONTENT_LENGTH"] = str(uploads.MOST_OF_OTHERS + 1)
        if may:
            assert request.FILES["files"].name == "log.csv"
        else:
            with pytest.raises(RequestDataTooBig):
                _ = request.FILES
