"""Pages of reports on the small world: made, commented, issued, delivered, answered, corrected; and what is refused."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.pages.reporting import carried_out, drafted, issued, month_before, quick_files, this_month
from tests.pages.world import World

from yunheng.reports.models import Report, ReportRun

COMMENTS = ("summary", "risks", "plan", "last_actions")


@pytest.fixture(scope="module")
def report(world: World) -> Report:
    """The draft of the month that goes on, in both languages."""
    return drafted(world, period=this_month())


@pytest.fixture(scope="module")
def client_of(world: World) -> Callable[..., Client]:
    """A signed-in client per login."""
    made: dict[tuple[str, str], Client] = {}

    def client(login: str, language: str = "en") -> Client:
        if (login, language) not in made:
            made[login, language] = Client()
            made[login, language].force_login(world.people[login])
        made[login, language].post("/language", {"language": language})
        return made[login, language]

    return client


def text_at(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, response.content[:300]
    text: str = response.content.decode()
    return text


def fresh(report: Report) -> Report:
    return Report.objects.select_related("scope", "ticket").get(pk=report.pk)


def told(text: str) -> list[str]:
    """The sentences beside fields and in banners of error."""
    return re.findall(r'class="error-text".*?<span>(.*?)</span>', text, re.DOTALL)


# --- lists, and asking for one


def test_the_empty_list_offers_the_first_one(world: World, client_of: Callable[..., Client]) -> None:
    assert not Report.objects.exists()
    text = text_at(client_of("alice"), "/reports")
    assert "No report yet" in text and "Make the first report" in text
    looking = text_at(client_of("ken"), "/reports")
    assert "No report yet" in looking and "Make the first report" not in looking
    assert "No report yet" in text_at(client_of("bob"), "/portal/reports")


@quick_files()
def test_asked_for_it_is_watched_and_found_again(world: World, client_of: Callable[..., Client]) -> None:
    alice = client_of("alice")
    form = {
        "contract": world.key,
        "kind": "monthly",
        "period": month_before(),
        "languages": ["zh-Hans", "en"],
    }
    response = alice.post("/reports/new", form)
    assert response.status_code == 303
    run = ReportRun.objects.latest("pk")
    assert response["Location"] == f"/reports/runs/{run.uuid}"
    page = text_at(alice, f"/reports/runs/{run.uuid}")
    assert 'hx-trigger="every 2s"' in page and "You can leave this page" in page
    assert f"/reports/runs/{run.uuid}" in text_at(alice, "/reports")  # left, and found again
    assert client_of("ken").get(f"/reports/runs/{run.uuid}").status_code == 404
    report = carried_out(run)
    poll = alice.get(f"/reports/runs/{run.uuid}", headers={"HX-Request": "true", "HX-Target": "report-run"})
    assert poll.status_code == 204 and poll["HX-Redirect"] == f"/reports/{report.number}"
    listed = text_at(alice, f"/contracts/{world.key}/reports")
    assert report.number in listed and f"/reports/runs/{run.uuid}" not in listed
    assert report.number not in text_at(alice, "/reports?kind=fault")


def test_a_run_that_failed_says_why(world: World, client_of: Callable[..., Client]) -> None:
    run = ReportRun.objects.latest("pk")
    failed = ReportRun.objects.create(
        scope_id=run.scope_id,
        kind="monthly",
        period="2026-01",
        languages=["en"],
        state="failed",
        problem="the disk is full",
        finished_at=run.created_at,
    )
    text = text_at(client_of("alice"), f"/reports/runs/{failed.uuid}")
    assert "the disk is full" in text and "Try once more" in text and "period=2026-01" in text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("period", "next month", "is not a month"),
        ("period", "2099-01", "has not begun yet"),
        ("kind", "poem", "One of"),
        ("languages", [], "At least one of"),
    ],
)
def test_a_wrong_wish_is_refused_beside_its_field(
    world: World, client_of: Callable[..., Client], field: str, value: object, words: str
) -> None:
    form = {"contract": world.key, "kind": "monthly", "period": month_before(), "languages": ["en"]}
    response = client_of("alice").post("/reports/new", {**form, "csrfmiddlewaretoken": "x", field: value})
    assert response.status_code == 422
    assert any(words in text for text in told(response.content.decode())), told(response.content.decode())


def test_who_may_not_write_asks_for_nothing(world: World, client_of: Callable[..., Client]) -> None:
    form = {"contract": world.key, "kind": "monthly", "period": month_before(), "languages": ["en"]}
    for login in ("ken", "bob", "charlie", "sue"):
        assert client_of(login).post("/reports/new", form).status_code == 404, login


# --- one report


def test_every_number_of_the_preview_is_a_door(
    world: World, report: Report, client_of: Callable[..., Client]
) -> None:
    text = text_at(client_of("alice"), f"/reports/{report.number}?language=en")
    figures = re.findall(r'<a class="figure" href="([^"]+)"', text)
    assert len(figures) >= 3
    for address in figures[:6]:
        address = address.replace("&amp;", "&")
        assert f"from={report.period}" in address and f"as_of={report.position}" in address
        assert client_of("alice").get(address).status_code == 200, address
    tiles = re.findall(r'<a class="tile" href="([^"]*)"', text)
    assert tiles and all(tiles)
    assert "A draft: the client does not see it" in text
    assert report.digests["en"] in text


def test_both_languages_are_there(world: World, report: Report, client_of: Callable[..., Client]) -> None:
    address = f"/reports/{report.number}"
    assert 'lang="en" aria-label' in text_at(client_of("alice"), f"{address}?language=en")
    assert 'lang="zh-Hans" aria-label' in text_at(client_of("alice"), f"{address}?language=zh-Hans")
    assert 'lang="zh-Hans" aria-label' in text_at(client_of("alice", "zh-hans"), address)
    assert 'lang="en" aria-label' in text_at(client_of("alice", "en"), f"{address}?language=tlh")


def test_comments_come_into_the_report(
    world: World, report: Report, client_of: Callable[..., Client]
) -> None:
    alice, address = client_of("alice"), f"/reports/{report.number}?language=en"
    texts = {name: f"What I say of {name}: <b>喆</b>" for name in COMMENTS}
    seen = fresh(report).row_version
    response = alice.post(address, {"act": "comments", "row_version": seen, **texts})
    assert response.status_code == 303 and response["Location"] == address
    text = text_at(alice, address)
    for name in COMMENTS:
        assert (
            text.count(f"What I say of {name}: &lt;b&gt;喆&lt;/b&gt;") == 2
        )  # in its field, and in the report
    assert "What I say of risks" not in text_at(alice, f"/reports/{report.number}?language=zh-Hans")

    late = alice.post(address, {"act": "comments", "row_version": seen, **texts, "risks": "My own words"})
    assert late.status_code == 409
    page = late.content.decode()
    assert "My own words</textarea>" in page and "Somebody else changed this report" in page
    assert "What I say of risks" in page  # what is stored now stands beside it
    again = re.search(
        r'name="act" value="comments"><input type="hidden" name="row_version" value="(\d+)"', page
    )
    assert again is not None and int(again[1]) == fresh(report).row_version

    long = alice.post(address, {"act": "comments", "row_version": again[1], **texts, "plan": "x" * 20_001})
    assert long.status_code == 422
    assert any("20000" in text or "20,000" in text for text in told(long.content.decode()))
    assert "x" * 20_001 in long.content.decode()


@pytest.mark.parametrize("language", ["tlh", ""])
def test_comments_in_no_language_are_refused(
    world: World, report: Report, client_of: Callable[..., Client], language: str
) -> None:
    form = {"act": "comments", "row_version": fresh(report).row_version, "summary": "x"}
    response = client_of("alice").post(f"/reports/{report.number}?language={language}", form)
    assert response.status_code == 422
    assert "not written in this language" in response.content.decode()


def test_a_form_that_nobody_knows(world: World, report: Report, client_of: Callable[..., Client]) -> None:
    response = client_of("alice").post(f"/reports/{report.number}", {"act": "explode"})
    assert response.status_code == 422 and "This form is not known here." in response.content.decode()
    response = client_of("alice").post(f"/reports/{report.number}", {"act": "issue", "row_version": "x"})
    assert response.status_code == 422 and "Load the page again" in response.content.decode()


def test_a_month_that_goes_on_is_not_issued(
    world: World, report: Report, client_of: Callable[..., Client]
) -> None:
    form = {"act": "issue", "row_version": fresh(report).row_version}
    response = client_of("alice").post(f"/reports/{report.number}", form)
    assert response.status_code == 422 and "The month is not over yet" in response.content.decode()
    assert fresh(report).state == "drafted"


@pytest.mark.parametrize("form", ["pdf", "docx", "xlsx"])
def test_files_are_downloads(
    world: World, report: Report, client_of: Callable[..., Client], form: str
) -> None:
    response = client_of("alice").get(f"/reports/{report.number}/zh-Hans.{form}")
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response.content[:4] == (b"%PDF" if form == "pdf" else b"PK\x03\x04")
    for wrong in (f"zh-Hans.{form}x", f"tlh.{form}"):
        assert client_of("alice").get(f"/reports/{report.number}/{wrong}").status_code == 404


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("alice", 200),
        ("ken", 200),
        ("role-provider-admin", 200),
        ("role-quality-officer", 200),
        ("bob", 404),
        ("role-auditor", 404),
        ("dan", 404),
        ("sue", 404),
        ("charlie", 404),
    ],
)
def test_who_sees_a_draft(
    world: World, report: Report, client_of: Callable[..., Client], login: str, status: int
) -> None:
    client = client_of(login)
    assert client.get(f"/reports/{report.number}", follow=True).status_code == status
    assert client.get(f"/reports/{report.number}/en.pdf").status_code == status


def test_who_only_reads_writes_nothing(
    world: World, report: Report, client_of: Callable[..., Client]
) -> None:
    before = fresh(report).row_version
    address = f"/reports/{report.number}?language=en"
    assert "Your part of the report" not in text_at(client_of("ken"), address)
    for act in ("comments", "issue", "discard", "redraft", "deliver"):
        form = {"act": act, "row_version": before, "summary": "x", "reason": "x", "people": []}
        assert client_of("ken").post(address, form).status_code in (404, 422), act
    assert fresh(report).row_version == before


#: SQL statements per page, session and viewer included.
QUERIES = {"/reports": 9, "/contracts/{key}/reports": 11, "/reports/{number}": 11, "/portal/reports": 6}


@pytest.mark.parametrize("path", QUERIES)
def test_queries_are_pinned(
    world: World, report: Report, client_of: Callable[..., Client], path: str
) -> None:
    client = client_of("bob" if path.startswith("/portal") else "alice")
    address = path.format(key=world.key, number=report.number)
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    statements = [one["sql"] for one in captured if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) == QUERIES[path], "\n".join(statements)


@pytest.mark.parametrize(
    "path", ["/reports", "/reports/new", "/reports/{number}", "/contracts/{key}/reports/plan"]
)
def test_no_page_needs_what_the_policy_forbids(
    world: World, report: Report, client_of: Callable[..., Client], path: str
) -> None:
    text = text_at(client_of("alice"), path.format(key=world.key, number=report.number))
    assert not re.search(r"\sstyle\s*=", text) and not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert "<style" not in text


# --- issued, answered, corrected


@quick_files()
def test_from_issue_to_the_clients_word_and_a_correction(
    world: World, client_of: Callable[..., Client]
) -> None:
    alice, bob = client_of("alice"), client_of("bob")
    report = drafted(world)
    address, inside = f"/portal/reports/{report.number}", f"/reports/{report.number}"
    assert alice.post(inside, {"act": "issue", "row_version": report.row_version - 1}).status_code == 409
    assert alice.post(inside, {"act": "issue", "row_version": report.row_version}).status_code == 303
    report = fresh(report)
    assert report.state == "issued"
    typed = {"act": "comments", "row_version": report.row_version - 1, "risks": "Typed while it was issued"}
    kept = alice.post(f"{inside}?language=en", typed)
    assert kept.status_code == 409
    assert "Typed while it was issued" in kept.content.decode()  # its form is gone, the text is not
    assert "can no longer be saved here" in kept.content.decode()
    assert "is kept below" not in kept.content.decode()
    assert report.number in text_at(bob, "/portal/reports")
    page = text_at(bob, address)
    assert "Do you agree with this report?" in page
    files = re.findall(rf'href="(/reports/{report.number}/[\w-]+\.\w+)"', page)
    assert len(files) == 6 and len(re.findall(r'title="SHA-256">[0-9a-f]{64}<', page)) == 6
    assert bob.get(files[0]).status_code == 200
    assert bob.get(inside)["Location"] == address  # the console's address leads into the portal
    auditor = text_at(client_of("role-auditor"), address)
    assert report.number in auditor and "Do you agree" not in auditor
    assert client_of("charlie").get(address).status_code == 404
    assert client_of("role-auditor").post(address, {"act": "accept", "row_version": 1}).status_code == 404

    empty = bob.post(address, {"act": "return", "row_version": report.row_version, "text": " "})
    assert empty.status_code == 422 and told(empty.content.decode())
    stale = bob.post(address, {"act": "return", "row_version": 0, "text": "Wrong week"})
    assert stale.status_code == 409 and "Wrong week</textarea>" in stale.content.decode()
    assert "can no longer be saved here" not in stale.content.decode()
    form = {"act": "return", "row_version": report.row_version, "text": "x" * 4_001}
    long = bob.post(address, form)
    assert long.status_code == 422 and any("4000" in text for text in told(long.content.decode()))
    assert "x" * 4_001 + "</textarea>" in long.content.decode()
    back = bob.post(address, {"act": "return", "row_version": report.row_version, "text": "Wrong week"})
    assert back.status_code == 303
    assert "Your side sent this report back." in text_at(bob, address)
    second = bob.post(address, {"act": "return", "row_version": report.row_version, "text": "Wrong unit"})
    assert second.status_code == 409 and "Wrong unit" in second.content.decode()  # a colleague was quicker
    assert "What you typed is still here." not in second.content.decode()
    assert "can no longer be saved here" in second.content.decode()
    assert "Wrong week" in text_at(alice, inside)

    response = alice.post(inside, {"act": "replace"})
    assert response.status_code == 303 and response["Location"].startswith("/reports/runs/")
    correction = carried_out(ReportRun.objects.latest("pk"))
    assert correction.replaces_id == report.pk
    assert report.number in text_at(alice, f"/reports/{correction.number}")
    issued(world, correction)
    assert correction.number in text_at(bob, address)  # the old one says which counts
    correction = fresh(correction)
    form = {"act": "accept", "row_version": correction.row_version, "text": "谢谢"}
    assert bob.post(f"/portal/reports/{correction.number}", form).status_code == 303
    assert fresh(correction).state == "accepted" and fresh(correction).answer == "谢谢"
    assert "Your side accepted this report." in text_at(bob, f"/portal/reports/{correction.number}")
    done = alice.post(f"/reports/{correction.number}", {"act": "discard", "row_version": 1, "reason": "x"})
    assert done.status_code == 409


def test_delivery_says_who_gets_it(world: World, client_of: Callable[..., Client]) -> None:
    alice = client_of("alice")
    report = Report.objects.filter(state="accepted").latest("pk")
    bob = world.people["bob"]
    type(bob).objects.filter(pk=bob.pk).update(email="bob@client.example")
    address = f"/reports/{report.number}"
    page = text_at(alice, address)
    assert "bob@client.example" in page and "no mail address" in page
    nobody = alice.post(address, {"act": "deliver"})
    assert nobody.status_code == 422 and "Choose at least one." in nobody.content.decode()
    wrong = alice.post(address, {"act": "deliver", "people": "x"})
    assert wrong.status_code == 422
    outsider = alice.post(address, {"act": "deliver", "people": str(world.people["charlie"].uuid)})
    assert outsider.status_code == 422
    sent = alice.post(address, {"act": "deliver", "people": str(bob.uuid)})
    assert sent.status_code == 303
    assert bob.name in re.split("<h2>Mails</h2>", text_at(alice, address))[1]


@quick_files()
def test_a_draft_is_discarded_with_a_reason(world: World, client_of: Callable[..., Client]) -> None:
    report = drafted(world, "ledger")
    address = f"/reports/{report.number}"
    refused = client_of("alice").post(address, {"act": "discard", "row_version": report.row_version})
    assert refused.status_code == 422 and fresh(report).state == "drafted"
    form = {"act": "discard", "row_version": report.row_version, "reason": "twice"}
    assert client_of("alice").post(address, form).status_code == 303
    assert fresh(report).state == "discarded"
    assert "twice" in text_at(client_of("alice"), address)
