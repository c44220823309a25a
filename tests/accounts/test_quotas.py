"""What one person may put in and take out in a time: within it nothing is felt, beyond it the limit is named."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.utils import translation
from tests.desk.ground import MORNING
from tests.pages.world import World

from yunheng.accounts import quotas
from yunheng.accounts.models import Usage
from yunheng.accounts.quotas import (
    DAY,
    OverQuota,
    Quota,
    forget_old_usage,
    spend_export,
    spend_files,
)
from yunheng.desk.actions import reply
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.attachments import FileDraft
from yunheng.foundation.models import Attachment, Entry
from yunheng.foundation.refusals import Invalid
from yunheng.imports import asking
from yunheng.imports.models import ImportRun


@pytest.fixture(autouse=True)
def fresh(world: World) -> Iterator[None]:
    Usage.objects.all().delete()
    with translation.override("en"):
        yield


def test_files_of_a_day_are_limited_and_the_next_day_begins_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "FILES", Quota("file_bytes", 10, DAY))
    dan, bob = world.viewer("dan"), world.viewer("bob")
    spend_files(dan, 10, now=MORNING)
    with pytest.raises(Invalid) as refused:
        spend_files(dan, 1, now=MORNING)
    assert refused.value.code == "over_quota" and set(refused.value.fields) == {"files"}
    assert "2026-04-02 00:00 UTC" in refused.value.message
    spend_files(bob, 10, now=MORNING)  # everybody has their own
    spend_files(dan, 10, now=MORNING + DAY)
    spend_files(SYSTEM_VIEWER, 10**9, now=MORNING)


def test_the_provider_may_add_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "FILES", Quota("file_bytes", 10, DAY))
    monkeypatch.setattr(quotas, "FILES_OF_PROVIDER", Quota("file_bytes", 20, DAY))
    spend_files(world.viewer("alice"), 20, now=MORNING)
    with pytest.raises(Invalid):
        spend_files(world.viewer("alice"), 1, now=MORNING)


def test_a_reply_beyond_the_limit_writes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "FILES_OF_PROVIDER", Quota("file_bytes", 10, DAY))
    viewer, number = world.viewer("alice"), world.tickets["working"]
    reply(viewer, number, "see file", files=[FileDraft("a.txt", b"12345678")])
    before = Entry.objects.count(), Attachment.objects.count(), Usage.objects.get().amount
    with pytest.raises(Invalid, match="at most 0 MB a day"), transaction.atomic():
        reply(viewer, number, "and this one", files=[FileDraft("b.txt", b"12345678")])
    assert (Entry.objects.count(), Attachment.objects.count(), Usage.objects.get().amount) == before
    reply(viewer, number, "without files one goes on")


def test_what_is_rolled_back_has_used_nothing_up(world: World) -> None:
    with transaction.atomic():
        spend_files(world.viewer("dan"), 10, now=MORNING)
        transaction.set_rollback(True)
    assert not Usage.objects.exists()


def test_lists_are_taken_out_so_many_times_an_hour(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "EXPORTS", Quota("exports", 2, timedelta(hours=1)))
    alice = Client()
    alice.force_login(world.people["alice"])
    for _time in range(2):
        assert alice.get("/tickets/export?format=csv&text=nothing").status_code == 200
    stopped = alice.get("/tickets/export?format=csv&text=nothing")
    assert stopped.status_code == 429 and "2" in stopped.content.decode()
    other = Client()
    other.force_login(world.people["bob"])
    assert other.get("/tickets/export?format=csv&text=nothing").status_code == 200
    viewer = world.viewer("dan")
    for _time in range(2):
        spend_export(viewer, now=MORNING)
    with pytest.raises(OverQuota, match="02:00 UTC"):
        spend_export(viewer, now=MORNING)
    spend_export(viewer, now=MORNING + timedelta(hours=1))


def test_files_of_imports_that_wait_are_limited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def start() -> ImportRun:
        file = SimpleUploadedFile("tickets.csv", b"a,b\n1,2\n")
        return asking.start_import(viewer=world.viewer("alice"), contract=world.key, file=file)

    kept = ImportRun.objects.filter(asked_by=world.people["alice"], chunks__index=0).count()
    monkeypatch.setattr("yunheng.imports.uploads.MOST_KEPT", kept + 2)
    runs = [start(), start()]
    with pytest.raises(Invalid) as refused:
        start()
    assert refused.value.code == "over_quota" and set(refused.value.fields) == {"file"}
    ImportRun.objects.filter(pk=runs[0].pk).update(status="mapping")
    asking.cancel_import(viewer=world.viewer("alice"), uuid=runs[0].uuid)
    start()  # one that is cancelled makes room
    monkeypatch.setattr("yunheng.imports.uploads.MOST_KEPT", 100)
    monkeypatch.setattr("yunheng.imports.uploads.MOST_KEPT_BYTES", 20)
    with pytest.raises(Invalid):
        start()


def test_what_was_counted_long_ago_is_forgotten(world: World) -> None:
    spend_files(world.viewer("dan"), 10, now=MORNING)
    spend_files(world.viewer("dan"), 10, now=MORNING + 3 * DAY)
    assert forget_old_usage(MORNING + 3 * DAY) == 1
    assert Usage.objects.count() == 1
