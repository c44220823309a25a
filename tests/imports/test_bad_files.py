"""Files that cannot be taken, and rows that cannot: each a clear answer, quickly, with bounded memory."""

import csv
import io
import time
import tracemalloc
import zipfile

import pytest
from django.utils.translation import override
from tests.imports.conftest import HEADER, life, log_row, log_text

from yunheng.desk.models import Ticket
from yunheng.foundation.refusals import Invalid
from yunheng.imports.actions import import_servicenow
from yunheng.imports.models import ImportRun
from yunheng.imports.source import SourceError


@pytest.fixture(autouse=True)
def _english():
    with override("en"):
        yield


def bring(contract, path, **options):
    return import_servicenow(contract=contract, path=path, **options)


def refusal(contract, tmp_path, content, name="log.csv"):
    """The sentence with which a whole file is refused; nothing is written then."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        bring(contract, path)
    assert not ImportRun.objects.exists()
    assert not Ticket.objects.exists()
    return str(caught.value)


def packed(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return stream.getvalue()


GOOD = log_text(life("INC1"))


# --- encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_usual_encodings_are_recognised(contract, tmp_path, encoding):
    path = tmp_path / "log.csv"
    path.write_bytes(log_text(life("INC1", category="网络故障·龘𠮷")).encode(encoding))
    assert bring(contract, path).counts.imported == 8
    assert Ticket.objects.get().category == "网络故障·龘𠮷"


def test_an_unknown_encoding_is_refused_with_the_place(contract, tmp_path):
    bad = log_text(life("INC1") * 2).encode() + b"INC2,\xff\xff\x80bad,\n"
    said = refusal(contract, tmp_path, bad)
    assert "UTF-8" in said and "GB18030" in said and "line" in said


# --- the file as a whole


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "log.csv", "is empty"),
        (",".join(HEADER).encode() + b"\n", "log.csv", "a header and no rows"),
        (b"a,b,c\n1,2,3\n", "log.csv", "lacks the columns number, incident_state"),
        (GOOD.replace("closed_at", "end").encode(), "log.csv", "lacks the columns closed_at"),
        (GOOD.replace("rfc", "vendor").encode(), "log.csv", "columns of the same name: vendor"),
        (bytes(range(256)) * 400, "log.csv", "holds no text"),
        (b"\x1f\x8b\x08" + bytes(100), "log.csv.gz", "gzip"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "log.xls", "Excel 97"),
        (packed(a_csv=GOOD, b_csv=GOOD), "log.zip", "exactly one CSV file"),
        (packed(a_md="read me"), "log.zip", "exactly one CSV file"),
        (packed(a_csv=""), "log.zip", "is empty"),
        (packed(a_csv=GOOD)[:-40], "log.zip", "archive is damaged"),
        (packed(a_csv=GOOD).replace(b"INC1", b"INC2"), "log.zip", ""),
    ],
)
def test_a_file_that_is_something_else_is_refused_with_the_reason(contract, tmp_path, content, name, said):
    if said:
        assert said in refusal(contract, tmp_path, content, name)


def test_a_missing_file_is_named(contract, tmp_path):
    with pytest.raises(SourceError, match=r"nowhere\.csv"):
        bring(contract, tmp_path / "nowhere.csv")


def test_dates_that_are_all_month_first_are_refused(contract, tmp_path):
    rows = [log_row("INC1", "New", "2/29/2016 01:23", opened_at="2/29/2016 01:00")]
    assert "month first" in refusal(contract, tmp_path, log_text(rows).encode())


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_recognised(contract, tmp_path, delimiter):
    path = tmp_path / "log.csv"
    path.write_text(log_text(life("INC1"), delimiter=delimiter))
    assert bring(contract, path).counts.imported == 8


def test_a_delimiter_that_nobody_uses_is_an_error_that_shows_the_header(contract, tmp_path):
    said = refusal(contract, tmp_path, GOOD.replace(",", "~").encode())
    assert "lacks the columns" in said and "number~incident_state" in said


def test_the_member_of_an_archive_can_be_named(contract, tmp_path):
    path = tmp_path / "logs.zip"
    path.write_bytes(packed(a_csv=GOOD, b_csv=GOOD.replace("INC1", "INC2")))
    assert bring(contract, path, member="b.csv").counts.imported == 8
    assert Ticket.objects.get().source_number == "INC2"


def test_an_archive_with_one_table_and_a_note_is_taken(contract, tmp_path):
    path = tmp_path / "logs.zip"
    path.write_bytes(packed(log_csv=GOOD, README_md="licence"))
    assert bring(contract, path).counts.imported == 8


def test_a_zip_bomb_is_refused_before_it_is_unpacked(contract, tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("log.csv", "w") as member:
        member.write(GOOD.encode())
        for _block in range(80):
            member.write(b"0" * (1 << 20))
    began = time.process_time()
    with pytest.raises(SourceError, match="would unpack from"):
        bring(contract, path)
    assert time.process_time() - began < 5


@pytest.mark.parametrize("kind", ["one line", "short lines", "after a good header", "one quoted field"])
def test_a_hundred_megabytes_of_junk_get_their_answer_quickly_in_little_memory(contract, tmp_path, kind):
    path = tmp_path / "junk.csv"
    beginning, block = {
        "one line": (b"", b"x" * (1 << 20)),
        "short lines": (b"", b"lorem ipsum dolor\n" * 58_254),
        "after a good header": (GOOD.encode(), b"lorem ipsum dolor\n" * 58_254),
        "one quoted field": (GOOD.encode() + b'"', b"lorem ipsum dolor\n" * 58_254),
    }[kind]
    with path.open("wb") as file:
        file.write(beginning)
        for _megabyte in range(100):
            file.write(block)
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(SourceError):
        bring(contract, path)
    seconds, (_size, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 20
    assert peak < 32 << 20


# --- single rows


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"sys_updated_at": "31/2/2016 01:00"}, "sys_updated_at", "no such day"),
        ({"sys_updated_at": "yesterday"}, "sys_updated_at", "no date and time"),
        ({"sys_updated_at": "5/3/16 01:00"}, "sys_updated_at", "no date and time"),
        ({"sys_updated_at": "5/3/0216 01:00"}, "sys_updated_at", "year is not between"),
        ({"opened_at": "?"}, "opened_at", "no date and time"),
        ({"resolved_at": "soon"}, "resolved_at", "no date and time"),
        ({"priority": "9 - None"}, "priority", "the contract has the priorities 1, 2, 3, 4"),
        ({"number": "?"}, "number", "is missing"),
        ({"incident_state": " "}, "incident_state", "is missing"),
        ({"reopen_count": "many"}, "reopen_count", "is no count"),
        ({"number": "N" * 101}, "number", "longer than 100"),
        ({"category": "c" * 101}, "category", "longer than 100"),
        ({"location": "l" * 20_000}, "location", "longer than 10,000"),
        ({"location": "a\0b"}, "location", "NUL"),
        ({"closed_code": "a\0b"}, "closed_code", "NUL"),
        ({"resolved_by": "r" * 20_000}, "resolved_by", "longer than 10,000"),
    ],
)
def test_a_faulty_row_is_rejected_with_field_value_and_reason(
    contract, write_log, tmp_path, fields, field, reason
):
    faulty = log_row("INC2", "New", "29/2/2016 02:00") | fields
    errors = tmp_path / "errors.csv"
    report = bring(contract, write_log([*life("INC1"), faulty]), errors=errors)
    counts = report.counts
    assert (counts.read, counts.imported, counts.rejected) == (9, 8, 1)
    with errors.open(encoding="utf-8-sig", newline="") as file:
        header, line = list(csv.reader(file))
    assert header == ["row", "field", "value", "reason"]
    assert line[:2] == ["9", field]
    assert line[2][:5] == fields[field].replace("\0", "␀")[:5]
    assert reason in line[3]


def test_rows_of_another_width_are_rejected_and_the_rest_is_taken(contract, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(GOOD + "INC2,New,true\n" + "\n" + GOOD.splitlines()[1] + ",more\n" + log_line("INC3"))
    report = bring(contract, path)
    assert (report.counts.read, report.counts.imported, report.counts.rejected) == (11, 9, 2)
    assert [one.reason for one in report.first_rejections] == [
        "has 3 fields, the header 36",
        "has 37 fields, the header 36",
    ]


def log_line(number):
    return log_text([log_row(number, "New", "29/2/2016 02:00")]).splitlines()[1] + "\n"


def test_a_quote_that_never_ends_costs_one_row_not_the_file(contract, tmp_path):
    path = tmp_path / "log.csv"
    rows = "".join(log_line(f"INC{place}") for place in range(2000))
    path.write_text(GOOD + '"INC5,New\n' + rows)
    counts = bring(contract, path).counts
    assert counts.read == counts.imported + counts.rejected
    assert counts.rejected >= 1
    assert counts.imported > 1000


def test_in_a_file_with_both_orders_only_clear_dates_are_taken(contract, write_log):
    rows = [
        log_row("INC1", "New", "29/2/2016 02:00"),
        log_row("INC2", "New", "2/29/2016 02:00"),
        log_row("INC3", "New", "3/4/2016 02:00"),
        log_row("INC4", "New", "4/4/2016 02:00"),
        log_row("INC5", "New", "2016-04-03 02:00"),
    ]
    report = bring(contract, write_log(rows))
    assert report.counts.imported == 3
    assert [(one.row, one.field) for one in report.first_rejections] == [
        (2, "sys_updated_at"),
        (3, "sys_updated_at"),
    ]
    assert "no month 29" in report.first_rejections[0].reason
    assert "both orders" in report.first_rejections[1].reason


def test_a_spreadsheet_reads_no_formula_from_the_error_file(contract, write_log, tmp_path):
    errors = tmp_path / "errors.csv"
    bring(contract, write_log([log_row("INC1", "New", "=1+1")]), errors=errors)
    assert "'=1+1" in errors.read_text(encoding="utf-8-sig")


def test_options_are_checked(contract, write_log):
    with pytest.raises(Invalid, match="no time zone"):
        bring(contract, write_log(life("INC1")), zone="Mars/Olympus")
    with pytest.raises(Invalid, match="no service"):
        bring(contract, write_log(life("INC1")), service="catering")
