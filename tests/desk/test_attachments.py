"""Files on tickets: who reads them, what the entry tells of them, and what is not taken."""

from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.ground import MORNING, Ground, make_ground, opened

from yunheng.desk.actions import assign_ticket, move_ticket, note, reply
from yunheng.desk.queries import access_attachment, attachments_of, timeline
from yunheng.desk.verifying import verify_ticket
from yunheng.foundation import attachments
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.attachments import FileDraft, clean_name, content_of, read_uploads
from yunheng.foundation.journal import redact, verify_entry
from yunheng.foundation.models import Attachment, AttachmentContent, Entry
from yunheng.foundation.refusals import Forbidden, Invalid, NotFound

MINUTE = timedelta(minutes=1)
LOG = FileDraft("switch.log", b"port 24 down\n")
PHOTO = FileDraft("机柜.jpg", b"\xff\xd8\xff not shown by anybody")


def test_files_come_with_what_is_said_and_stand_in_its_entry(ground: Ground) -> None:
    ticket = opened(ground, "contact", files=[LOG, PHOTO]).ticket
    said = reply(
        ground.viewer("desk_agent"), ticket.number, "Seen.", files=[LOG], recorded_at=MORNING + MINUTE
    )
    moved = move_ticket(
        ground.viewer("desk_agent"), ticket.number, "accept", files=[PHOTO], recorded_at=MORNING + 2 * MINUTE
    )
    found = attachments_of(ground.viewer("contact"), ticket)
    assert [len(files) for files in found.values()] == [2, 1, 1]
    for entry in timeline(ground.viewer("contact"), ticket):
        told = (entry.shared or {})["files"]
        assert told == attachments.describe(
            [FileDraft(kept.name, content_of(kept) or b"") for kept in found[entry.id]]
        )
    assert found[said.entry_id][0].digest == sha256(LOG.data).digest()
    assert found[moved.entry_id][0].name == "机柜.jpg"
    assert verify_ticket(moved.ticket) == []


def test_files_of_an_internal_note_are_for_the_provider_alone(ground: Ground) -> None:
    ticket = opened(ground).ticket
    noted = note(ground.viewer("engineer"), ticket.number, "Look.", files=[LOG], recorded_at=MORNING + MINUTE)
    (kept,) = attachments_of(ground.viewer("desk_agent"), ticket)[noted.entry_id]
    assert content_of(access_attachment(ground.viewer("quality_officer"), kept.uuid)) == LOG.data
    for role in ("contact", "appraiser", "auditor", "requester"):
        assert attachments_of(ground.viewer(role), ticket) == {}
        with pytest.raises(NotFound):
            access_attachment(ground.viewer(role), kept.uuid)


def test_a_file_is_seen_by_those_who_see_its_ticket(ground: Ground) -> None:
    stranger = make_ground("other").viewer("contact")
    asked = opened(ground, "requester", files=[LOG]).ticket
    (kept,) = Attachment.objects.filter(subject_id=asked.pk)
    for role in ("requester", "contact", "desk_agent"):
        assert access_attachment(ground.viewer(role), kept.uuid) == kept
    vendor = ground.viewer("supplier_engineer")
    for viewer in (stranger, vendor):
        with pytest.raises(NotFound):
            access_attachment(viewer, kept.uuid)
    assign_ticket(
        ground.viewer("desk_agent"), asked.number, team=ground.vendor_team.key, recorded_at=MORNING + MINUTE
    )
    assert access_attachment(vendor, kept.uuid) == kept
    with pytest.raises(NotFound):
        access_attachment(SYSTEM_VIEWER, uuid4())


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ([FileDraft(f"{n}.txt", b"x") for n in range(11)], "10"),
        ([FileDraft("page.html", b"<script>alert(1)</script>")], "page.html"),
        ([FileDraft("drawing.SVG", b"<svg onload='alert(1)'/>")], "drawing.SVG"),
        ([FileDraft("run.exe", b"MZ")], "run.exe"),
        ([FileDraft("no-ending", b"x")], "no-ending"),
        ([FileDraft("empty.txt", b"")], "empty.txt"),
        ([FileDraft("../../etc/passwd.txt", b"x")], "passwd.txt"),
    ],
)
def test_what_is_not_taken_leaves_nothing_behind(ground: Ground, files: list[FileDraft], word: str) -> None:
    with pytest.raises(Invalid) as refusal:
        opened(ground, files=files)
    assert list(refusal.value.fields) == ["files"]
    assert word in str(refusal.value)
    assert not Entry.objects.filter(type="ticket.opened").exists()
    assert not Attachment.objects.exists()


def test_too_large_a_file_is_refused_by_its_name(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MOST_BYTES", 5)
    with pytest.raises(Invalid) as refusal:
        opened(ground, files=[FileDraft("a.txt", b"12345"), FileDraft("b.txt", b"123456")])
    assert "b.txt" in str(refusal.value)
    assert "a.txt" not in str(refusal.value)
    monkeypatch.setattr(attachments, "MOST_BYTES_TOGETHER", 9)
    with pytest.raises(Invalid):
        opened(ground, files=[FileDraft("a.txt", b"12345"), FileDraft("c.txt", b"12345")])
    assert opened(ground, files=[FileDraft("a.txt", b"12345"), FileDraft("c.txt", b"1234")])


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\li\\日志.txt", "日志.txt"),
        ("a\0b.txt", "ab.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\u200b\u2066photo\u2069.png", "photo.png"),
        ("line\r\nSet-Cookie: x.txt", "lineSet-Cookie_ x.txt"),
        ('quote".txt', "quote_.txt"),
        (".", "file"),
        ("..", "file"),
        ("", "file"),
        (".txt", "file.txt"),
        ("...", "file"),
        ("a. .txt", "a.txt"),
        ("a" * 300 + ".pdf", "a" * 196 + ".pdf"),
        ("故" * 300 + ".pdf", "故" * 78 + ".pdf"),
    ],
)
def test_names_are_cleaned(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned
    assert clean_name(cleaned) == cleaned


@given(st.text(max_size=400))
def test_any_name_becomes_one_that_stays(name: str) -> None:
    cleaned = clean_name(name)
    assert 0 < len(cleaned) <= 200
    assert len(cleaned.encode()) <= 240
    assert not set(cleaned) & set('/\\\0\r\n"\u202e')
    assert clean_name(cleaned) == cleaned


def test_uploads_are_read_under_cleaned_names() -> None:
    (read,) = read_uploads([SimpleUploadedFile("日志\u202e.txt", b"abc")])
    assert read == FileDraft("日志.txt", b"abc")


def test_erasing_an_entry_erases_its_files_and_the_log_still_holds(ground: Ground) -> None:
    ticket = opened(ground).ticket
    viewer = ground.viewer("desk_agent")
    said = reply(viewer, ticket.number, "x", files=[LOG], recorded_at=MORNING + MINUTE)
    kept = note(viewer, ticket.number, "x", files=[PHOTO], recorded_at=MORNING + MINUTE)
    redact(actor=viewer.actor, entry_id=said.entry_id, classes=["shared"], reason="a password was in it")
    by_entry = attachments_of(viewer, ticket)
    assert content_of(by_entry[said.entry_id][0]) is None
    assert by_entry[said.entry_id][0].name == ""
    assert content_of(by_entry[kept.entry_id][0]) == PHOTO.data
    entry = Entry.objects.select_related("body").get(pk=said.entry_id)
    assert verify_entry(entry, entry.body, "acme") == []
    assert [problem for problem in verify_ticket(ticket) if problem.startswith("files")] == []


def test_verifying_finds_a_file_that_was_exchanged_or_lost(ground: Ground) -> None:
    ticket = opened(ground, files=[LOG, PHOTO]).ticket
    assert verify_ticket(ticket) == []
    first, second = Attachment.objects.order_by("id")
    AttachmentContent.objects.filter(pk=first.pk).update(data=b"port 24 up\n")
    assert any("switch.log" in problem for problem in verify_ticket(ticket))
    AttachmentContent.objects.filter(pk=first.pk).update(data=LOG.data)
    assert verify_ticket(ticket) == []
    AttachmentContent.objects.filter(pk=second.pk).update(data=None)
    assert any("机柜.jpg" in problem for problem in verify_ticket(ticket))
    second.delete()
    assert any("机柜.jpg" in problem for problem in verify_ticket(ticket))


def test_a_large_file_is_kept_whole(ground: Ground) -> None:
    data = bytes(range(256)) * 4 * 1024 * 5  # 5 MiB
    ticket = opened(ground, files=[FileDraft("trace.pcap", data)]).ticket
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sha256(data) FROM attachment_content JOIN attachment ON id = attachment_id"
            " WHERE subject_id = %s",
            [ticket.pk],
        )
        assert bytes(cursor.fetchone()[0]) == sha256(data).digest()


def test_no_file_comes_without_the_right_to_speak(ground: Ground) -> None:
    ticket = opened(ground).ticket
    with pytest.raises(Forbidden):
        reply(ground.viewer("auditor"), ticket.number, "x", files=[LOG], recorded_at=MORNING + MINUTE)
    assert not Attachment.objects.exists()
