"""People from a table: what each row would do, what is written, what is refused; and files that mean harm."""

import io
import zipfile
from collections.abc import Sequence
from itertools import pairwise

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook, load_workbook
from tests.pages.world import World

from yunheng.accounts.actions.importing import import_people
from yunheng.accounts.models import Membership, Person
from yunheng.accounts.people_file import COLUMNS, MOST_ROWS, plan_people, rows_of, template_file
from yunheng.accounts.queries import organisation_by_key
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import NotFound
from yunheng.foundation.table_files import MOST_BYTES, TableError, read_table

HEADER = ["登录名", "姓名", "单位", "邮箱", "语言", "时区", "团队", "角色"]


def book(rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER) -> bytes:
    made, target = Workbook(), io.BytesIO()
    for row in (header, *rows):
        made.active.append(list(row))
    made.save(target)
    return target.getvalue()


def text(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> str:
    return "".join(",".join(f'"{cell}"' for cell in row) + "\r\n" for row in (header, *rows))


def admin_of(world: World) -> Client:
    client = Client()
    client.force_login(world.people["role-provider-admin"])
    return client


def send(client: Client, data: bytes, name: str = "people.xlsx") -> tuple[int, str]:
    response = client.post("/admin/people/import", {"file": SimpleUploadedFile(name, data)})
    return response.status_code, response.content.decode()


def kept_of(page: str) -> str:
    return page.split('name="kept" value="')[1].split('"')[0]


# --- rows


def test_what_rows_would_do(world: World) -> None:
    viewer = world.viewer("role-provider-admin")
    key = world.key
    table = [
        # login, name, organisation, e-mail, language, zone, teams, roles → result, columns at fault
        (
            ["f1", "方一", "provider", "f1@example.com", "英文", "UTC", "second-line", f"{key}:engineer"],
            "new",
            [],
        ),
        (
            [
                "f2",
                "方二",
                "supplied-client",
                "",
                "",
                "",
                "",
                f"{key}：requester；{key}: Contact of the client",
            ],
            "new",
            [],
        ),
        (["ken", "", "", "", "", "", "", ""], "unchanged", []),
        (["Alice", "林晓安", "", "a@example.com", "", "", "", ""], "changed", []),
        (["f1", "方一", "provider", "", "", "", "", ""], "error", ["login"]),  # twice in the file
        (["", "无名", "provider", "", "", "", "", ""], "error", ["login"]),
        (["f3", "", "provider", "", "", "", "", ""], "error", ["name"]),
        (["f4", "方四", "stranger", "", "", "", "", ""], "error", ["organisation"]),
        (["f5", "方五", "provider", "no", "tlh", "Mars", "", ""], "error", ["email", "language", "zone"]),
        (
            ["f6", "方六", "provider", "", "", "", "nope", f"{key}:contact;x:engineer;engineer;{key}:boss"],
            "error",
            ["roles", "roles", "roles", "roles", "teams"],
        ),
        (["charlie", "赵诚", "provider", "", "", "", "", ""], "error", ["login"]),  # beyond reach
        (["ken", "周", "hardware-vendor", "", "", "", "", ""], "error", ["login"]),
        (["sue", "苏岩", "provider", "", "", "", "", ""], "error", ["organisation"]),  # people do not move
    ]
    rows, faults = rows_of(read_table(book([cells for cells, *_rest in table]), most_rows=100))
    before = (Person.objects.count(), Entry.objects.count())
    planned = plan_people(viewer, rows, faults)
    assert [(row.result, sorted(column for column, _reason in row.faults)) for row in planned] == [
        (result, columns) for _cells, result, columns in table
    ]
    assert [row.number for row in planned] == list(range(2, 2 + len(table)))
    assert before == (Person.objects.count(), Entry.objects.count())
    assert planned[0].new_values["language"] == "en"
    assert [role for role, _scope in planned[1].roles] == ["requester", "contact"]
    assert planned[3].changes == [("email", "", "a@example.com")]


def test_only_who_administers_plans(world: World) -> None:
    rows = [(2, {"login": "x", "name": "X", "organisation": "provider"})]
    for login in ("alice", "bob", "dan", "sue", "charlie"):
        for act in (plan_people, import_people):
            with pytest.raises(NotFound):
                act(world.viewer(login), rows)


def test_roles_are_for_parties_of_contracts_administered(world: World) -> None:
    viewer = world.viewer("role-provider-admin")
    other = world.other.scope.key
    rows = [(2, {"login": "g1", "name": "G", "organisation": "provider", "roles": f"{other}:engineer"})]
    assert plan_people(viewer, rows)[0].result == "error"
    assert plan_people(SYSTEM_VIEWER, rows)[0].result == "new"


# --- through the page


def test_preview_confirm_and_what_is_left(world: World) -> None:
    client = admin_of(world)
    team = f"{world.key}:engineer"
    data = book(
        [
            ["h1", "何一", "provider", "", "", "", "second-line", team],
            ["h2", "何二", "nowhere", "", "", "", "", ""],
            ["h3", "=HYPERLINK(1)", "provider", "", "", "", "", ""],
        ]
    )
    count = Person.objects.count()
    status, page = send(client, data)
    assert status == 200 and Person.objects.count() == count
    kept = kept_of(page)
    left = client.post("/admin/people/import/rejected", {"kept": kept})
    sheet = load_workbook(io.BytesIO(left.content)).active
    found = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert [row[0] for row in found[1:]] == ["h2", "h3"]
    assert "nowhere" in found[1][-1]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert left["Content-Disposition"].startswith("attachment")

    done = client.post("/admin/people/import/confirm", {"kept": kept})
    assert done.status_code == 200
    person = Person.objects.get(login="h1")
    assert Person.objects.count() == count + 1
    assert not person.has_usable_password() and list(person.teams.values_list("key", flat=True)) == [
        "second-line"
    ]
    entry = Entry.objects.filter(type="membership.granted").latest("id")
    assert entry.body.personal["person"]["name"] == "何一"
    assert entry.body.personal["actor"]["name"] == world.people["role-provider-admin"].name
    again = client.post("/admin/people/import/confirm", {"kept": kept})  # a second click
    assert again.status_code == 200 and Person.objects.count() == count + 1

    # The file of the rows that were left, mended, can be sent as it is.
    found[1][2] = "provider"
    status, page = send(client, book([found[1]], header=found[0]))
    assert status == 200 and "h2" in page
    assert client.post("/admin/people/import/confirm", {"kept": kept_of(page)}).status_code == 200
    assert Person.objects.filter(login="h2").exists()


def test_kept_rows_are_for_who_previewed_them(world: World) -> None:
    """Nobody confirms rows that they did not preview, forged ones least of all."""
    _status, page = send(admin_of(world), book([["k1", "K", "provider"]], header=HEADER[:3]))
    kept = kept_of(page)
    owner = Person.objects.create(login="k-owner", name="O", organisation=organisation_by_key("provider"))
    Membership.objects.create(person=owner, role="provider_admin", scope=None)
    theirs = Client()
    theirs.force_login(owner)
    for client, text_ in ((theirs, kept), (admin_of(world), kept[:-2] + "xx"), (admin_of(world), "")):
        for what in ("confirm", "rejected"):
            assert client.post(f"/admin/people/import/{what}", {"kept": text_}).status_code == 422
    assert not Person.objects.filter(login="k1").exists()


def test_the_template_can_be_filled_in_and_sent(world: World) -> None:
    client = admin_of(world)
    answer = client.get("/admin/people/import/template")
    made = load_workbook(io.BytesIO(answer.content))
    assert len(made.worksheets) == 2
    page = made.worksheets[0]
    assert page.max_column == len(COLUMNS) and page.max_row == 1
    helped = [str(cell) for row in made.worksheets[1].iter_rows(values_only=True) for cell in row]
    assert world.key in helped and "provider" in helped and "stranger" not in helped
    page.append(["t1", "模板", "provider"])
    target = io.BytesIO()
    made.save(target)
    status, text_ = send(client, target.getvalue())
    assert status == 200 and "t1" in text_
    assert template_file(SYSTEM_VIEWER)


@pytest.mark.parametrize(
    "header", [HEADER, [column.names[0] for column in COLUMNS], [c.key + "*" for c in COLUMNS]]
)
def test_headers_in_both_languages(header: list[str]) -> None:
    rows, _faults = rows_of(read_table(book([["a"] * 8], header=header), most_rows=10))
    assert list(rows[0][1]) == [column.key for column in COLUMNS]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings(encoding: str, delimiter: str) -> None:
    made = text([["a", "陈工", "provider"]], HEADER[:3]).replace(",", delimiter)
    rows, _faults = rows_of(read_table(made.encode(encoding), most_rows=10))
    assert rows == [(2, {"login": "a", "name": "陈工", "organisation": "provider"})]


# --- files that mean harm, or are not what they seem


def bomb(size: int) -> bytes:
    """A workbook whose sheet unpacks into `size` bytes."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book([["a"]]))) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for info in source.infolist():
            data = source.read(info)
            if info.filename.endswith("sheet1.xml"):
                data = data.replace(b"</sheetData>", b" " * size + b"</sheetData>")
            archive.writestr(info.filename, data)
    return target.getvalue()


def far_row() -> bytes:
    made, target = Workbook(), io.BytesIO()
    made.active.append(HEADER[:3])
    made.active["A1048576"] = "far"
    made.active["XFD2"] = "wide"
    made.save(target)
    return target.getvalue()


def entity_bomb() -> bytes:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book([["a"]]))) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for info in source.infolist():
            data = source.read(info)
            if info.filename.endswith("sheet1.xml"):
                names = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairwise("abcdefghij"))
                doctype = f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{names}]>'.encode()
                data = doctype + data.replace(
                    b"</sheetData>", b"<row><c t='str'><v>&j;</v></c></row></sheetData>"
                )
            archive.writestr(info.filename, data)
    return target.getvalue()


def plain_zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("people.csv", "login")
    return target.getvalue()


HOSTILE = {
    "empty": b"",
    "large": b"login,name\n" + b"x" * MOST_BYTES,
    "zip bomb": bomb(50 << 20),
    "entity bomb": entity_bomb(),
    "zip": plain_zip(),
    "cut": book([["a", "b", "c"]])[:-200],
    "xls": b"\xd0\xcf\x11\xe0" + b"\0" * 100,
    "pdf": b"%PDF-1.7",
    "binary": bytes(range(256)) * 40,
    "latin": "Müller,naïve,é\n".encode("latin-1") + b"\xff\xff\x80\n",
    "too many rows": text(
        [[f"n{number}", "N", "provider"] for number in range(MOST_ROWS + 1)], HEADER[:3]
    ).encode(),
    "no header": b"\n\n\n",
    "unknown columns": text([["a"]], ["nonsense"]).encode(),
    "double columns": text([["a", "b", "c", "d"]], ["login", "登录名", "name", "organisation"]).encode(),
    "missing columns": text([["a"]], ["login"]).encode(),
    "only a header": text([], HEADER).encode(),
    "unclosed quote": b'login,name,organisation\n"a,b,c\n',
    "nul": b"login,name,organisation\na\0b,c,provider\n\0\0\0\0\0\0\0\0",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_table_of_people_is_refused_in_words(world: World, name: str) -> None:
    count = Person.objects.count()
    status, page = send(admin_of(world), HOSTILE[name], "people.csv")
    assert status == 422 and "id_file_error" in page
    assert Person.objects.count() == count


def test_a_row_far_below_is_not_waited_for() -> None:
    table = read_table(far_row(), most_rows=100)
    assert table.header == tuple(HEADER[:3]) and len(table.rows) <= 1


def test_formulas_and_long_texts_are_faults_of_their_cells(world: World) -> None:
    data = book(
        [["m1", "=1+1", "provider"], ["m2", "长" * 2000, "provider"], ["m3", "'=1", "provider"]], HEADER[:3]
    )
    rows, faults = rows_of(read_table(data, most_rows=10))
    planned = plan_people(world.viewer("role-provider-admin"), rows, faults)
    assert [row.result for row in planned] == ["error", "error", "new"]
    assert planned[0].faults[-1][0] == "name" and planned[1].faults[-1][0] == "name"


def test_a_cell_with_very_many_parts_is_one_fault(world: World) -> None:
    many = ";".join(f"x:{number}" for number in range(150))
    values = {"login": "p1", "name": "P", "organisation": "provider", "roles": many}
    planned = plan_people(world.viewer("role-provider-admin"), [(2, values)])
    assert [column for column, _reason in planned[0].faults] == ["roles"]


def test_markup_in_a_file_stays_text(world: World) -> None:
    name = "<img src=x onerror=alert(1)>"
    status, page = send(admin_of(world), text([["w1", name, "provider"]], HEADER[:3]).encode(), f"{name}.csv")
    assert status == 200 and "<img src=x" not in page and "&lt;img src=x" in page


def test_a_table_error_is_raised_for_what_is_too_large() -> None:
    with pytest.raises(TableError):
        read_table(b"x" * (MOST_BYTES + 1), most_rows=10)


def test_five_thousand_rows(world: World, django_assert_max_num_queries: object) -> None:
    """As many as a file may hold, in a bounded number of queries."""
    rows = [
        [f"big{number}", f"人{number}", "supplied-client", "", "", "", "", f"{world.key}:requester"]
        for number in range(MOST_ROWS)
    ]
    found, faults = rows_of(read_table(book(rows), most_rows=MOST_ROWS))
    with django_assert_max_num_queries(60):  # type: ignore[operator]
        planned = import_people(world.viewer("role-provider-admin"), found, faults)
    assert {row.result for row in planned} == {"new"}
    assert Membership.objects.filter(person__login__startswith="big").count() == MOST_ROWS
