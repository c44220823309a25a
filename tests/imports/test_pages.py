"""Imports on the web: a file taken in, its columns named, tried, run, cancelled; and who is kept away."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.pages.fixtures import world
from tests.pages.world import World

__all__ = ["world"]

from yunheng.desk.models import Ticket
from yunheng.foundation.refusals import Invalid
from yunheng.imports import working
from yunheng.imports.models import ImportChunk, ImportRejection, ImportRun, SavedMapping
from yunheng.imports.runs import CancelledError
from yunheng.imports.uploads import MOST_BYTES, check_upload, clean_name

CSV = """工单号,标题,报障时间,首次响应时间,解决时间,优先级,服务,备注
A-1,打印机故障,2026-03-02 09:00,2026-03-02 09:10,2026-03-02 11:00,P2,server,一切正常
A-2,=cmd|' /C calc'!A0,2026-03-02 10:00,,,P9,server,=HYPERLINK("http://evil")
A-3,登录失败,2026-03-03 10:00,2026-03-03 10:20,,P3,line-control,
"""


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of all tests lie here together; tests/accounts/test_quotas.py looks at the limit."""
    monkeypatch.setattr("yunheng.imports.uploads.MOST_KEPT", 1_000)


def client(world: World, login: str = "alice") -> Client:
    made = Client()
    made.force_login(world.people[login])
    return made


def upload(world: World, text: str | bytes = CSV, name: str = "tickets.csv", login: str = "alice") -> Any:
    data = text.encode() if isinstance(text, str) else text
    return client(world, login).post(
        "/imports/new", {"contract": world.key, "file": SimpleUploadedFile(name, data)}
    )


def started(world: World, text: str | bytes = CSV, name: str = "tickets.csv") -> ImportRun:
    response = upload(world, text, name)
    assert response.status_code == 303, response.content[:600]
    return ImportRun.objects.get(uuid=UUID(response["Location"].rsplit("/", 1)[-1]))


def at(run: ImportRun) -> str:
    run.refresh_from_db()
    return run.status


def mapping(**more: str) -> dict[str, str]:
    names = ("number", "title", "opened_at", "responded_at", "resolved_at", "priority", "service", "-shared")
    form = {f"column-{index}": name for index, name in enumerate(names)}
    return {
        "act": "map",
        "kind": "tickets",
        "dates": "ymd",
        "ticket_kind": "incident",
        "system": "old",
        **form,
        **more,
    }


def mapped(world: World, run: ImportRun, **more: str) -> ImportRun:
    working.look(run.uuid)
    assert at(run) == "mapping", run.fault
    response = client(world).post(f"/imports/{run.uuid}", mapping(**more))
    assert response.status_code == 303, response.content[-3000:]
    working.try_out(run.uuid)
    assert at(run) == "tried", run.fault
    return run


def imported(world: World, run: ImportRun) -> ImportRun:
    assert client(world).post(f"/imports/{run.uuid}", {"act": "start"}).status_code == 303
    working.carry_out(run.uuid)
    run.refresh_from_db()
    return run


def test_a_file_from_upload_to_result(world: World) -> None:
    run = started(world)
    assert at(run) == "looking"
    assert ImportChunk.objects.filter(run=run).count() == 1
    page = client(world).get(f"/imports/{run.uuid}").content.decode()
    assert "hx-trigger" in page  # it can be left, and asks again by itself
    mapped(world, run)
    trial = run.trial
    assert (trial["read"], trial["imported"], trial["rejected"], trial["repeated"]) == (3, 2, 1, 0)
    assert not Ticket.objects.filter(source_system="old").exists()  # nothing was written
    page = client(world).get(f"/imports/{run.uuid}").content.decode()
    assert "P9" in page and "2026-03-02 09:10:00" in page
    imported(world, run)
    assert run.status == "finished"
    assert (run.read, run.imported, run.rejected, run.repeated) == (3, 2, 1, 0)
    assert Ticket.objects.filter(source_system="old").count() == 2
    assert not ImportChunk.objects.filter(run=run).exists()  # the file is let go
    page = client(world).get(f"/imports/{run.uuid}").content.decode()
    assert "rejected.csv" in page
    assert 'hx-trigger="every 2s"' not in page
    again = mapped(world, started(world))
    assert (again.trial["imported"], again.trial["repeated"]) == (0, 2)
    assert client(world).get("/imports").content.decode().count("tickets.csv") >= 2


def test_a_file_whose_headings_say_nothing_can_be_mapped(world: World) -> None:
    """Of such a file nothing can be proposed, not even when a ticket was opened: its page asks."""
    run = started(world, "甲,乙,丙\nA-1,交换机端口闪断,2026-03-02 09:00\n".encode())
    working.look(run.uuid)
    assert at(run) == "mapping"
    page = client(world).get(f"/imports/{run.uuid}")
    assert page.status_code == 200
    assert 'name="column-2"' in page.content.decode()
    form = {"act": "map", "kind": "tickets", "dates": "ymd", "ticket_kind": "incident", "system": "plain"}
    columns = {"column-0": "number", "column-1": "title"}
    refused = client(world).post(f"/imports/{run.uuid}", form | columns)
    assert refused.status_code == 422  # with the reason, and what was chosen
    assert at(run) == "mapping"
    accepted = client(world).post(f"/imports/{run.uuid}", form | columns | {"column-2": "opened_at"})
    assert accepted.status_code == 303
    working.try_out(run.uuid)
    assert (at(run), run.trial["read"]) == ("tried", 1)


def test_rejected_rows_are_downloaded_and_start_no_formula(world: World) -> None:
    text = CSV.replace("A-", "B-").replace("P9", "=1+1")
    run = imported(world, mapped(world, started(world, text)))
    assert ImportRejection.objects.filter(run=run).count() == 1
    csv_text = b"".join(client(world).get(f"/imports/{run.uuid}/rejected.csv")).decode("utf-8-sig")
    assert "'=1+1" in csv_text and ",=1+1" not in csv_text
    book = openpyxl.load_workbook(BytesIO(b"".join(client(world).get(f"/imports/{run.uuid}/rejected.xlsx"))))
    cells = list(book.active.iter_rows(min_row=2))
    assert [cell.data_type for row in cells for cell in row][1:] == ["s", "s", "s"]
    assert client(world).get(f"/imports/{run.uuid}/rejected.exe").status_code == 404


@pytest.mark.parametrize("login", ["ken", "bob", "dan", "sue", "charlie"])
def test_only_who_may_import_sees_runs(world: World, login: str) -> None:
    run = started(world, CSV.replace("A-", "C-"))
    assert client(world, login).get("/imports").status_code == 404
    assert client(world, login).get("/imports/new").status_code == 404
    assert upload(world, login=login).status_code == 404
    assert client(world, login).get(f"/imports/{run.uuid}").status_code == 404
    assert client(world, login).post(f"/imports/{run.uuid}", {"act": "cancel"}).status_code == 404
    assert client(world, login).get(f"/imports/{run.uuid}/rejected.csv").status_code == 404
    assert at(run) == "looking"


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("x.exe", b"MZ", ".csv"),
        ("x.csv", b"", ""),
        ("x", b"a,b\n1,2\n", ".csv"),
    ],
)
def test_what_is_no_table_is_refused_at_once(world: World, name: str, data: bytes, word: str) -> None:
    before = ImportRun.objects.count()
    response = upload(world, data, name)
    assert response.status_code == 422
    assert word in response.content.decode()
    assert ImportRun.objects.count() == before


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.xlsx", b"PK\x03\x04 this is no workbook"),
        ("a.zip", b"PK\x03\x04 broken"),
        ("a.csv", b"\x00\x01\x02\x03\x04" * 300),
        ("a.csv", b"%PDF-1.7 " + b"x" * 100),
        ("a.csv", b"a" * 3_000_000),
        ("a.csv", b"a,a,a\n1,2,3\n"),
    ],
)
def test_hostile_files_fail_with_a_sentence(world: World, name: str, data: bytes) -> None:
    run = started(world, data, name)
    working.look(run.uuid)
    assert at(run) == "failed"
    assert run.fault and "Traceback" not in run.fault and "/tmp" not in run.fault
    assert client(world).get(f"/imports/{run.uuid}").status_code == 200


def test_a_bomb_is_not_unpacked(world: World) -> None:
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", b"0" * (64 << 20))
    run = started(world, packed.getvalue(), "bomb.zip")
    working.look(run.uuid)
    assert at(run) == "failed"


def test_an_archive_with_several_tables_asks_which(world: World) -> None:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("one.csv", "a,b\n1,2\n")
        archive.writestr("two/工单.csv", CSV.replace("A-", "Z-"))
    run = started(world, packed.getvalue(), "both.zip")
    working.look(run.uuid)
    assert at(run) == "mapping"
    page = client(world).get(f"/imports/{run.uuid}").content.decode()
    assert "two/工单.csv" in page
    assert (
        client(world).post(f"/imports/{run.uuid}", {"act": "member", "member": "../etc"}).status_code == 422
    )
    client(world).post(f"/imports/{run.uuid}", {"act": "member", "member": "two/工单.csv"})
    mapped(world, run)
    assert run.trial["imported"] == 2


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\temp\\a.csv", "a.csv"),
        ("a\x00b\n.csv", "ab.csv"),
        ("\u202egpj.csv", "gpj.csv"),
        ("<script>.csv", "_script_.csv"),
        ("..", "file"),
        ("长" * 300 + ".xlsx", "长" * 115 + ".xlsx"),
    ],
)
def test_names_of_files_are_cleaned(given: str, clean: str) -> None:
    assert clean_name(given) == clean


def test_what_was_typed_survives_a_refusal(world: World) -> None:
    run = started(world, CSV.replace("A-", "D-"))
    working.look(run.uuid)
    form = mapping(**{"column-0": "", "system": "服务", "zone": "Mars/Olympus"})
    response = client(world).post(f"/imports/{run.uuid}", form)
    assert response.status_code == 422
    text = response.content.decode()
    assert 'value="服务"' in text and 'value="Mars/Olympus"' in text
    assert at(run) == "mapping"
    twice = client(world).post(f"/imports/{run.uuid}", mapping(**{"column-7": "title"}))
    assert twice.status_code == 422
    assert "备注" in twice.content.decode()


def test_words_are_translated_and_a_mapping_is_used_again(world: World) -> None:
    run = started(world, CSV.replace("A-", "E-"))
    more = {"word-priority-0": "P9", "value-priority-0": "P1", "save_as": "旧系统"}
    mapped(world, run, **more)
    assert run.trial["rejected"] == 0
    assert SavedMapping.objects.get(scope_id=world.contract.pk, name="旧系统").saved_by == "林晓安"
    later = started(world, CSV.replace("A-", "F-"))
    working.look(later.uuid)
    later.refresh_from_db()
    assert "P9: P1" in later.look["proposal"]
    assert "旧系统" in client(world).get(f"/imports/{later.uuid}").content.decode()


def test_a_run_that_moved_on_is_a_conflict(world: World) -> None:
    run = mapped(world, started(world, CSV.replace("A-", "G-")))
    first = client(world).post(f"/imports/{run.uuid}", {"act": "start"})
    second = client(world).post(f"/imports/{run.uuid}", {"act": "start"})
    assert (first.status_code, second.status_code) == (303, 409)


def test_cancelling_before_and_while_it_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = mapped(world, started(world, CSV.replace("A-", "H-")))
    assert client(world).post(f"/imports/{run.uuid}", {"act": "cancel"}).status_code == 303
    assert at(run) == "cancelled"
    assert not ImportChunk.objects.filter(run=run).exists()
    working.carry_out(run.uuid)  # a job that comes late does nothing
    assert at(run) == "cancelled"

    run = mapped(world, started(world, CSV.replace("A-", "I-")))
    client(world).post(f"/imports/{run.uuid}", {"act": "start"})

    def unwanted(self: working.StoredProgress, done: int) -> None:
        raise CancelledError

    monkeypatch.setattr(working.StoredProgress, "rows", unwanted)
    working.carry_out(run.uuid)
    assert at(run) == "cancelled"
    assert run.read == run.imported + run.rejected + run.repeated == 3
    assert Ticket.objects.filter(source_number__startswith="I-").count() == 2  # what was committed stays


def test_a_run_whose_worker_died_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after a batch: the job comes again, and goes on with the next row."""
    rows = "".join(f"K-{number},标题,2026-03-02 09:00,2026-03-02 09:10,,P2,server,\n" for number in range(30))
    text = CSV.split("\n")[0] + "\n" + rows + "K-99,标题,gestern,,,P2,server,\n"
    run = mapped(world, started(world, text))
    client(world).post(f"/imports/{run.uuid}", {"act": "start"})
    monkeypatch.setattr("yunheng.imports.actions.BATCH_ROWS", 10)
    usual = working.StoredProgress.rows

    class Killed(BaseException):
        pass

    def dies(self: working.StoredProgress, done: int) -> None:
        raise Killed

    monkeypatch.setattr(working.StoredProgress, "rows", dies)
    with pytest.raises(Killed):
        working.carry_out(run.uuid)
    ImportRun.objects.filter(pk=run.pk).update(status="running")  # a killed worker leaves no word
    run.refresh_from_db()
    assert 0 < run.position < 31
    monkeypatch.setattr(working.StoredProgress, "rows", usual)
    working.carry_out(run.uuid)
    assert at(run) == "finished"
    assert (run.read, run.imported, run.rejected) == (31, 30, 1)
    assert Ticket.objects.filter(source_number__startswith="K-").count() == 30
    assert ImportRejection.objects.filter(run=run).count() == 1


def test_a_file_that_is_too_large_is_refused() -> None:
    huge = SimpleUploadedFile("a.csv", b"x")
    huge.size = MOST_BYTES + 1
    with pytest.raises(Invalid):
        check_upload(huge)
    assert check_upload(SimpleUploadedFile("a.csv", b"x")).name == "a.csv"


def test_files_that_nobody_needs_are_let_go(world: World) -> None:
    old, fresh, busy = (started(world, CSV.replace("A-", f"{mark}-")) for mark in ("X", "Y", "W"))
    working.look(old.uuid)
    working.look(fresh.uuid)
    long_ago = datetime.now(UTC) - timedelta(days=30)
    ImportRun.objects.filter(pk__in=[old.pk, busy.pk]).update(started_at=long_ago)
    working.forget_old_files(datetime.now(UTC))
    kept = set(ImportChunk.objects.values_list("run_id", flat=True))
    assert old.pk not in kept
    assert {fresh.pk, busy.pk} <= kept
    client(world).post(f"/imports/{old.uuid}", {"act": "log"})
    working.try_out(old.uuid)
    assert client(world).get(f"/imports/{old.uuid}").status_code == 200
