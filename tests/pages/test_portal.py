"""The client's portal: who sees which requests, what may be said to them, and that nothing of the provider's leaks."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.pages.texts import without_tokens
from tests.pages.world import World, do, open_one, resolve

from yunheng.desk import portal
from yunheng.desk.actions import note, propose, reply
from yunheng.desk.models import Proposal, Ticket
from yunheng.desk.naming import names_of
from yunheng.foundation.attachments import FileDraft
from yunheng.foundation.models import Attachment, Entry
from yunheng.sla.models import Pause

HTML = "text/html; charset=utf-8"


def client_of(world: World, login: str, language: str = "en") -> Client:
    person = world.people[login]
    person.language = language
    person.save(update_fields=["language"])
    client = Client()
    client.force_login(person)
    return client


def text_of(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined,no-any-return]


def request_of(
    world: World, title: str, *, upto: str = "resolved", minutes: int = 300, **more: object
) -> str:
    """A request of Dan's, opened so long ago and moved on."""
    at = timezone.now().replace(microsecond=0) - timedelta(minutes=minutes)
    number = open_one(world, at, title, **more)
    if upto == "new":
        return number
    do(world, number, "alice", "accept", at + timedelta(minutes=1))
    if upto == "resolved":
        resolve(world, number, at + timedelta(minutes=60))
    return number


def state_of(number: str) -> str:
    return Ticket.objects.get(number=number).state


# --- who sees what


@pytest.mark.parametrize(
    ("login", "seen"),
    [
        ("bob", {"closed", "working", "waiting", "new"}),
        ("dan", {"closed", "working", "waiting", "new"}),
        ("charlie", set()),
    ],
)
def test_requests_of_whom(world: World, login: str, seen: set[str]) -> None:
    text = text_of(client_of(world, login).get("/portal/requests"))
    assert {name for name, number in world.tickets.items() if number in text} >= seen
    if not seen:
        assert not any(number in text for number in world.tickets.values())


def test_a_requester_sees_only_what_they_asked_for(world: World) -> None:
    number = request_of(world, "of bob", upto="new")
    Ticket.objects.filter(number=number).update(requester=world.people["bob"])
    dan, bob = client_of(world, "dan"), client_of(world, "bob")
    assert dan.get(f"/portal/requests/{number}").status_code == 404
    assert number not in text_of(dan.get("/portal/requests?whose=all"))
    assert dan.post(f"/portal/requests/{number}/reply", {"text": "x"}).status_code == 404
    assert bob.get(f"/portal/requests/{number}").status_code == 200
    assert number in text_of(bob.get("/portal/requests?whose=mine"))


@pytest.mark.parametrize("login", ["alice", "sue"])
def test_the_portal_is_for_clients(world: World, login: str) -> None:
    client = client_of(world, login)
    for path in (
        "/portal",
        "/portal/requests",
        "/portal/new",
        f"/portal/requests/{world.tickets['waiting']}",
    ):
        assert client.get(path).status_code == 404


def test_clients_start_at_the_portal(world: World) -> None:
    answer = client_of(world, "dan").get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/portal")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("login", ["bob", "dan"])
def test_no_name_and_no_note_of_the_provider_reaches_a_client(
    world: World, login: str, language: str
) -> None:
    client = client_of(world, login, language)
    pages = [
        "/portal",
        "/portal/requests",
        *(f"/portal/requests/{number}" for number in world.tickets.values()),
    ]
    for path in pages:
        answer = client.get(path)
        assert answer.status_code == 200
        text = without_tokens(text_of(answer))
        for name in ("林晓安", "周建国", "苏岩", "同批次模块"):
            assert name not in text, path
        assert "ola_" not in text and "OLA" not in text


def test_the_number_of_queries_does_not_grow_with_the_list(world: World) -> None:
    client = client_of(world, "bob")
    with CaptureQueriesContext(
        connection,
    ) as before:
        client.get("/portal/requests")
    for n in range(5):
        request_of(world, f"one more {n}", upto="new")
    with CaptureQueriesContext(connection) as after:
        client.get("/portal/requests")
    assert len(after) <= len(before) <= 20


def test_lists_are_narrowed_and_searched(world: World) -> None:
    bob = client_of(world, "bob")
    number = request_of(world, "打印机卡纸三号楼")
    assert number in text_of(bob.get("/portal/requests?text=卡纸"))
    assert number in text_of(bob.get("/portal/requests?state=answer"))
    assert world.tickets["closed"] not in text_of(bob.get("/portal/requests?state=open"))
    assert world.tickets["closed"] in text_of(bob.get("/portal/requests?state=done"))
    assert number not in text_of(
        bob.get("/portal/requests?text=同批次模块")
    )  # an internal note is found by nobody
    assert bob.get("/portal/requests?after=NO-SUCH-1").status_code == 422


# --- a new request

FORM = {"service": "server", "kind": "incident", "impact": "high", "urgency": "high", "title": "Disk full"}


def test_a_new_request_from_the_catalogue(world: World) -> None:
    dan = client_of(world, "dan")
    cards = text_of(dan.get("/portal/new"))
    assert "service=server&amp;kind=incident" in cards and "service=line-control" in cards
    form = text_of(dan.get("/portal/new?service=server&kind=incident"))
    assert 'name="impact"' in form and 'name="requester"' not in form
    promised = text_of(dan.get("/portal/new/promise", FORM))
    assert "15 min" in promised and "08:00–20:00" in promised
    assert "2 h" in text_of(dan.get("/portal/new/promise", FORM | {"impact": "low", "urgency": "low"}))
    preview = text_of(dan.post("/portal/new", FORM | {"preview": "1", "description": "since nine"}))
    assert "15 min" in preview and "since nine" in preview
    photo = SimpleUploadedFile("../../rack\u202e.jpg", b"\xff\xd8")
    answer = dan.post("/portal/new", FORM | {"description": "since <b>nine</b>", "files": [photo]})
    assert answer.status_code == 303
    number = answer["Location"].rsplit("/", 1)[1]
    ticket = Ticket.objects.get(number=number)
    assert (ticket.requester, ticket.channel, ticket.priority) == (world.people["dan"], "portal", "P1")
    page = text_of(dan.get(answer["Location"]))
    assert "since &lt;b&gt;nine&lt;/b&gt;" in page and "rack.jpg" in page
    kept = Attachment.objects.get(subject_id=ticket.pk)
    saved = dan.get(f"/attachments/{kept.uuid}")
    assert saved.content == b"\xff\xd8"
    assert saved["Content-Type"] == "application/octet-stream"
    assert saved["Content-Disposition"].startswith("attachment; ")
    assert (saved["X-Content-Type-Options"], saved["Content-Security-Policy"]) == (
        "nosniff",
        "sandbox; default-src 'none'",
    )
    assert client_of(world, "charlie").get(f"/attachments/{kept.uuid}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"title": " "}, "required"),
        ({"impact": "enormous"}, "One of"),
        ({"impact": "", "urgency": ""}, "This field is required."),
        ({"requester": "01900000-0000-7000-8000-000000000000"}, "colleagues"),
        ({"service": "tea"}, ""),
        ({"kind": "wish"}, ""),
    ],
)
def test_a_wrong_request_keeps_what_was_typed(world: World, changes: dict[str, str], word: str) -> None:
    bob = client_of(world, "bob")
    before = Ticket.objects.count()
    answer = bob.post("/portal/new", FORM | {"description": "typed already"} | changes)
    assert answer.status_code == 422
    assert word in text_of(answer)
    if changes.keys() & {"title", "impact", "requester"}:
        assert "typed already" in text_of(answer)
    assert Ticket.objects.count() == before


def test_a_wrong_file_is_named_beside_its_field(world: World) -> None:
    answer = client_of(world, "dan").post(
        "/portal/new",
        FORM | {"files": [SimpleUploadedFile("a.svg", b"<svg/>")], "description": "typed already"},
    )
    assert answer.status_code == 422
    assert "a.svg" in text_of(answer) and "typed already" in text_of(answer)


def test_a_contact_asks_for_a_colleague_and_a_requester_does_not(world: World) -> None:
    dan, bob = world.people["dan"], world.people["bob"]
    page = text_of(client_of(world, "bob").get("/portal/new?service=server&kind=service_request"))
    assert f'value="{dan.uuid}"' in page
    assert str(world.people["alice"].uuid) not in page
    answer = client_of(world, "bob").post("/portal/new", FORM | {"requester": str(dan.uuid)})
    assert Ticket.objects.get(number=answer["Location"].rsplit("/", 1)[1]).requester == dan
    alice = str(world.people["alice"].uuid)
    assert client_of(world, "bob").post("/portal/new", FORM | {"requester": alice}).status_code == 422
    assert client_of(world, "dan").post("/portal/new", FORM | {"requester": str(bob.uuid)}).status_code == 422


def test_who_may_not_ask_gets_no_form(world: World) -> None:
    auditor = client_of(world, "role-auditor")
    assert auditor.get("/portal/new").status_code == 404
    assert auditor.post("/portal/new", FORM).status_code == 404
    assert "/portal/new" not in text_of(auditor.get("/portal"))
    other = {"contract": world.key}
    assert client_of(world, "charlie").post("/portal/new", FORM | other).status_code == 404


# --- what may be said


def test_reply_with_files(world: World) -> None:
    dan, number = client_of(world, "dan"), world.tickets["working"]
    log = SimpleUploadedFile("disk.log", b"bad sector")
    assert (
        dan.post(f"/portal/requests/{number}/reply", {"text": "Here it is.", "files": [log]}).status_code
        == 303
    )
    page = text_of(dan.get(f"/portal/requests/{number}"))
    assert "Here it is." in page and "disk.log" in page
    refused = dan.post(f"/portal/requests/{number}/reply", {"text": " "})
    assert refused.status_code == 422 and "required" in text_of(refused)
    bad = SimpleUploadedFile("x.html", b"<script>")
    refused = dan.post(f"/portal/requests/{number}/reply", {"text": "kept words", "files": [bad]})
    assert refused.status_code == 422 and "kept words" in text_of(refused)
    assert (
        client_of(world, "role-auditor").post(f"/portal/requests/{number}/reply", {"text": "x"}).status_code
        == 404
    )


def test_confirm_and_reopen(world: World) -> None:
    number = request_of(world, "to confirm")
    dan = client_of(world, "dan")
    assert number in text_of(dan.get("/portal"))
    assert "Is it solved?" in text_of(dan.get(f"/portal/requests/{number}"))
    empty = dan.post(f"/portal/requests/{number}/reopen", {"reason": ""})
    assert empty.status_code == 422
    assert dan.post(f"/portal/requests/{number}/reopen", {"reason": "Still down"}).status_code == 303
    assert state_of(number) == "in_progress"
    late = dan.post(f"/portal/requests/{number}/confirm", {"opinion": "fine, I typed this"})
    assert late.status_code == 409
    number = request_of(world, "to confirm, too")
    assert dan.post(f"/portal/requests/{number}/confirm", {"opinion": "Fast."}).status_code == 303
    assert state_of(number) == "confirmed"
    assert "Fast." in text_of(dan.get(f"/portal/requests/{number}"))


def test_what_the_desk_wrote_down_is_marked_as_such(world: World) -> None:
    number = request_of(world, "told by phone")
    do(world, number, "alice", "record_confirmation", timezone.now(), confirmed_by="邓丹", means="phone")
    page = text_of(client_of(world, "dan").get(f"/portal/requests/{number}"))
    assert "The service desk recorded that the solution was confirmed" in page
    assert 'id="reopen"' in page


def test_what_is_over_takes_no_more_words(world: World) -> None:
    page = text_of(client_of(world, "dan").get(f"/portal/requests/{world.tickets['closed']}"))
    assert "This request is over" in page
    assert "<form" not in page.split('id="content"')[1].split("</main>")[0]


def test_cancel_and_what_is_not_the_clients_to_do(world: World) -> None:
    number = request_of(world, "never mind", upto="new")
    dan = client_of(world, "dan")
    for step in ("accept", "resolve", "close", "assign", "nonsense"):
        assert dan.post(f"/portal/requests/{number}/{step}", {}).status_code == 404
    assert dan.post(f"/portal/requests/{number}/cancel", {"reason": "tired"}).status_code == 422
    assert client_of(world, "role-appraiser").post(f"/portal/requests/{number}/cancel", {}).status_code == 404
    assert dan.post(f"/portal/requests/{number}/cancel", {"reason": "withdrawn"}).status_code == 303
    assert state_of(number) == "cancelled"


def test_approval_of_a_service_request(world: World) -> None:
    dan = client_of(world, "dan")
    numbers = []
    for _n in range(2):
        number = request_of(world, "new account", upto="accepted", kind="service_request")
        do(world, number, "alice", "ask_approval", timezone.now(), note="It costs 300.")
        numbers.append(number)
    page = text_of(dan.get(f"/portal/requests/{numbers[0]}"))
    assert "Do you approve?" in page and "It costs 300." in page
    assert dan.post(f"/portal/requests/{numbers[0]}/approve", {}).status_code == 303
    assert dan.post(f"/portal/requests/{numbers[1]}/decline", {}).status_code == 422
    assert dan.post(f"/portal/requests/{numbers[1]}/decline", {"reason": "too dear"}).status_code == 303
    assert [state_of(number) for number in numbers] == ["accepted", "cancelled"]


def waiting(world: World) -> tuple[str, str, Pause]:
    number = request_of(world, "waits", upto="accepted")
    do(world, number, "alice", "wait_for_client", timezone.now(), note="Please give us the key.")
    ticket = Ticket.objects.get(number=number)
    pause = Pause.objects.get(subject_id=ticket.pk)
    return number, names_of(ticket, [pause.pk])[pause.pk], pause


def test_a_contact_confirms_or_disputes_a_pause(world: World) -> None:
    bob, dan = client_of(world, "bob"), client_of(world, "dan")
    for answer, standing in (("confirm", "confirmed"), ("dispute", "disputed")):
        number, name, pause = waiting(world)
        address = f"/portal/requests/{number}/pauses/{answer}"
        assert name in text_of(bob.get("/portal"))
        assert "Please give us the key." in text_of(bob.get(f"/portal/requests/{number}"))
        assert name not in text_of(dan.get(f"/portal/requests/{number}"))
        assert dan.post(address, {"pause": name, "text": "x"}).status_code == 404
        assert bob.post(address, {"pause": "0" * 64}).status_code == 404
        if answer == "dispute":
            assert bob.post(address, {"pause": name, "text": ""}).status_code == 422
        assert bob.post(address, {"pause": name, "text": "We were there."}).status_code == 303
        pause.refresh_from_db()
        assert pause.standing == standing
        again = bob.post(address, {"pause": name, "text": "typed twice"})
        assert again.status_code == 422


def test_the_first_page_shows_a_few_of_what_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = client_of(world, "bob")
    for _ in range(2):
        waiting(world)
        request_of(world, "solved", upto="resolved")
    whole = text_of(bob.get("/portal"))
    assert "more wait" not in whole and "More requests that wait" not in whole
    monkeypatch.setattr(portal, "_FEW", 1)
    few = text_of(bob.get("/portal"))
    assert len(few) < len(whole)
    assert re.search(r"\d+ more waits? for your answer", few)
    assert 'href="/portal/requests?state=answer"' in few


def test_a_wait_that_stops_no_promise_says_so(world: World) -> None:
    """The contract lets waiting for the supplier stop internal clocks alone: the client's time goes on counting."""
    bob = client_of(world, "bob")
    number = request_of(world, "waits for the manufacturer", upto="accepted")
    do(world, number, "alice", "wait_for_supplier", timezone.now(), note="They are on their way.")
    page = text_of(bob.get(f"/portal/requests/{number}"))
    assert "What it promised you goes on counting." in page
    assert "the time does not count" not in page
    assert "Was there a reason to wait?" in page and "Did we wait for your side?" not in page
    number, _name, _pause = waiting(world)
    page = text_of(bob.get(f"/portal/requests/{number}"))
    assert "the time does not count" in page and "Did we wait for your side?" in page
    assert "What it promised you goes on counting." not in page


def test_a_contact_approves_or_refuses_a_correction(world: World) -> None:
    bob, dan = client_of(world, "bob"), client_of(world, "dan")
    for answer, standing in (("approve", "approved"), ("refuse", "refused")):
        number = request_of(world, "counted wrongly", upto="accepted", minutes=2000)
        proposal = propose(
            world.viewer("alice"),
            number,
            kind="leave_out",
            data={"reason": "test"},
            reason="It was the drill.",
        )
        assert proposal.needs_client
        address = f"/portal/proposals/{proposal.uuid}"
        assert "It was the drill." in text_of(bob.get("/portal"))
        assert address in text_of(bob.get(f"/portal/requests/{number}"))
        assert address not in text_of(dan.get(f"/portal/requests/{number}"))
        for login in ("dan", "charlie", "alice"):
            assert client_of(world, login).post(address, {"answer": answer, "text": "x"}).status_code == 404
        assert bob.post(address, {"answer": "perhaps"}).status_code == 422
        if answer == "refuse":
            assert bob.post(address, {"answer": answer}).status_code == 422
        assert bob.post(address, {"answer": answer, "text": "So be it."}).status_code == 303
        assert Proposal.objects.get(pk=proposal.pk).standing == standing
        assert bob.post(address, {"answer": answer, "text": "typed twice"}).status_code == 409
    assert bob.post(f"/portal/proposals/{UUID(int=7)}", {"answer": "approve"}).status_code == 404


def test_files_of_internal_notes_do_not_exist_for_clients(world: World) -> None:
    number = world.tickets["working"]
    secret = FileDraft("plan.txt", b"root password")
    note(world.viewer("ken"), number, "for us", files=[secret])
    said = reply(world.viewer("ken"), number, "for all", files=[FileDraft("guide.txt", b"turn it on")])
    inner, public = Attachment.objects.filter(
        subject_id=said.ticket.pk, name__in=("plan.txt", "guide.txt")
    ).order_by("id")
    for login, statuses in (
        ("alice", (200, 200)),
        ("bob", (404, 200)),
        ("dan", (404, 200)),
        ("role-auditor", (404, 200)),
        ("charlie", (404, 404)),
        ("sue", (404, 404)),
    ):
        client = client_of(world, login)
        assert tuple(client.get(f"/attachments/{it.uuid}").status_code for it in (inner, public)) == statuses
    assert "plan.txt" not in text_of(client_of(world, "bob").get(f"/portal/requests/{number}"))
    assert Client().get(f"/attachments/{public.uuid}").status_code == 302
    hostile = Attachment.objects.get(pk=public.pk)
    Attachment.objects.filter(pk=hostile.pk).update(name='a"; filename="evil.exe 故障.txt')
    header = client_of(world, "bob").get(f"/attachments/{hostile.uuid}")["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="[\w.-]+"; filename\*=UTF-8\'\'[\w.%~-]+', header)


def test_every_form_is_protected(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["dan"])
    number = world.tickets["working"]
    before = Entry.objects.count()
    for path in ("/portal/new", f"/portal/requests/{number}/reply", f"/portal/requests/{number}/cancel"):
        assert client.post(path, FORM | {"text": "x", "reason": "mistake"}).status_code == 403
    assert Entry.objects.count() == before


def test_the_whole_record_opens_for_who_may_read_the_log(world: World) -> None:
    number = request_of(world, "Record")
    note(world.viewer("alice"), number, "only for us")
    contact, requester = client_of(world, "bob"), client_of(world, "dan")
    assert f'href="/tickets/{number}?record=whole"' in text_of(contact.get(f"/portal/requests/{number}"))
    whole = contact.get(f"/tickets/{number}?record=whole")
    assert whole.status_code == 200 and "only for us" not in text_of(whole)
    assert contact.get(f"/tickets/{number}").status_code == 302
    assert "?record=whole" not in text_of(requester.get(f"/portal/requests/{number}"))
    assert requester.get(f"/tickets/{number}?record=whole").status_code == 302
