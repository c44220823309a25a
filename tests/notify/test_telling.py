"""What happens to a ticket reaches the right people once, as they chose, and webhooks as they asked."""

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.pages.world import World, do, open_assigned, resolve

from yunheng.desk import jobs, notifying
from yunheng.desk.actions import answer_pause, classify_ticket, note, reply
from yunheng.desk.models import Ticket
from yunheng.desk.notifying import ANNOUNCED, announce
from yunheng.foundation.models import Entry, FollowUp
from yunheng.foundation.refusals import Forbidden, Invalid, NotFound
from yunheng.notify import actions, queries
from yunheng.notify.models import Delivery, Webhook
from yunheng.sla.models import Pause

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(autouse=True)
def with_mail(settings: Any, world: World) -> None:
    """A mail server, and addresses for everybody. Every test cleans up what it books."""
    settings.MAIL_URL = "smtp://mail.example"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.ORIGINS = ["https://it.example.com"]
    for person in world.people.values():
        type(person).objects.filter(pk=person.pk).update(email=f"{person.login}@example.com")
    Delivery.objects.all().delete()
    Webhook.objects.all().delete()
    FollowUp.objects.all().delete()


def last_entry(number: str, kind: str) -> Entry:
    found = Entry.objects.filter(subject_number=number, type=kind).order_by("-pk").first()
    assert found is not None
    return found


def told(number: str, kind: str) -> dict[str, Delivery]:
    """Whom an entry's announcement reaches, by login."""
    announce([last_entry(number, kind).pk], now=NOW)
    rows = Delivery.objects.select_related("person").filter(entry_id=last_entry(number, kind).pk)
    return {row.person.login: row for row in rows if row.person is not None}


@pytest.fixture
def ticket(world: World) -> str:
    """Opened by Alice for Dan, accepted, assigned to Ken."""
    return open_assigned(world, NOW - timedelta(hours=1), "打印服务器脱机")


def test_the_assignee_is_told_once_in_their_language(world: World, ticket: str) -> None:
    type(world.people["ken"]).objects.filter(login="ken").update(language="en")
    found = told(ticket, "ticket.moved")
    assert set(found) == {"ken"}
    assert found["ken"].subject == f"[{ticket}] Assigned: 打印服务器脱机"
    assert f"https://it.example.com/tickets/{ticket}" in found["ken"].body
    assert set(told(ticket, "ticket.moved")) == {"ken"}
    assert Delivery.objects.filter(event="assigned_to_me").count() == 1
    assert actions.carry_out(found["ken"].uuid, now=NOW) == "sent"
    assert actions.carry_out(found["ken"].uuid, now=NOW) == ""
    assert [message.to for message in mail.outbox] == [["ken@example.com"]]


def test_a_reply_reaches_who_asked_and_an_internal_note_nobody(world: World, ticket: str) -> None:
    reply(world.viewer("ken"), ticket, text="已派工程师前往。", recorded_at=NOW)
    found = told(ticket, "ticket.replied")
    assert set(found) == {"dan"}
    assert "已派工程师前往。" in found["dan"].body
    note(world.viewer("ken"), ticket, text="内部:备件不足", recorded_at=NOW)
    assert told(ticket, "ticket.noted") == {}
    reply(world.viewer("dan"), ticket, text="现在又好了", recorded_at=NOW)
    assert set(told(ticket, "ticket.replied")) == {"ken"}


def test_the_client_is_asked_about_a_pause_and_its_answer_reaches_the_assignee(
    world: World, ticket: str
) -> None:
    do(world, ticket, "ken", "wait_for_client", NOW - timedelta(minutes=30), note="请提供登录权限。")
    found = told(ticket, "ticket.moved")
    assert {"bob", "role-contact"} <= set(found)
    assert all(row.person and row.person.organisation.kind == "client" for row in found.values())
    assert "请提供登录权限。" in found["bob"].body
    pause = Pause.objects.get(subject_id=Ticket.objects.get(number=ticket).pk)
    answer_pause(world.viewer("bob"), ticket, pause.pk, "dispute", text="权限早已提供。", recorded_at=NOW)
    found = told(ticket, "pause.disputed")
    assert set(found) == {"ken"}
    assert "权限早已提供。" in found["ken"].body


def test_who_asked_is_asked_to_confirm(world: World, ticket: str) -> None:
    resolve(world, ticket, NOW - timedelta(minutes=10))
    found = told(ticket, "ticket.moved")
    assert set(found) == {"dan"}
    assert found["dan"].event == "resolved"


def test_preferences_quiet_hours_and_missing_addresses_are_booked_with_their_reason(
    world: World, ticket: str
) -> None:
    zone = "Asia/Shanghai"
    ken = world.viewer("ken")
    actions.choose_events(viewer=ken, wanted=[])
    assert told(ticket, "ticket.moved")["ken"].reason == "not_wanted"
    Delivery.objects.all().delete()
    actions.choose_events(viewer=ken, wanted=["assigned_to_me"])
    from zoneinfo import ZoneInfo

    there = NOW.astimezone(ZoneInfo(zone))
    begins = (there - timedelta(hours=1)).time()
    ends = (there + timedelta(hours=2)).time().replace(second=0)
    actions.choose_quiet_hours(viewer=ken, begins=time(begins.hour, begins.minute), ends=ends)
    held = told(ticket, "ticket.moved")["ken"]
    assert (held.status, held.reason) == ("waiting", "quiet_hours")
    assert held.next_try_at is not None
    assert actions.carry_out(held.uuid, now=NOW) == ""  # not before the hours end
    assert actions.carry_out(held.uuid, now=held.next_try_at) == "sent"
    actions.choose_quiet_hours(viewer=ken, begins=None, ends=None)
    Delivery.objects.all().delete()
    type(world.people["ken"]).objects.filter(login="ken").update(email="")
    assert told(ticket, "ticket.moved")["ken"].reason == "no_address"


def test_bad_choices_are_refused(world: World) -> None:
    ken = world.viewer("ken")
    with pytest.raises(Invalid):
        actions.choose_events(viewer=ken, wanted=["resolved"])  # is for clients
    with pytest.raises(Invalid) as error:
        actions.choose_quiet_hours(viewer=ken, begins=time(22), ends=None)
    assert set(error.value.fields) == {"ends"}


def test_a_failed_mail_is_tried_again_and_given_up(world: World, ticket: str, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.notify.test_telling.Broken"
    delivery = told(ticket, "ticket.moved")["ken"]
    now, tries = NOW, 0
    while True:
        status = actions.carry_out(delivery.uuid, now=now)
        tries += 1
        delivery.refresh_from_db()
        assert "refused" in delivery.last_error
        if status == "failed":
            break
        assert delivery.next_try_at is not None and delivery.next_try_at > now
        assert actions.due_deliveries(now=now) == []
        now = delivery.next_try_at
        assert actions.due_deliveries(now=now) == [delivery.uuid]
    assert tries == 7
    actions.send_again(viewer=world.viewer("alice"), delivery=delivery, now=now)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert actions.carry_out(delivery.uuid, now=now) == "sent"


class Broken:
    """A mail server that is not there."""

    def __init__(self, *_args: object, **_more: object) -> None: ...

    def send_messages(self, _messages: object) -> int:
        raise ConnectionRefusedError("refused")


def test_an_invitation_leaves_no_link_behind(world: World) -> None:
    world.people["ken"].refresh_from_db()
    delivery = actions.send_mail(
        person=world.people["ken"], subject="邀请", text="https://secret", now=NOW, kind="invitation"
    )
    assert actions.carry_out(delivery.uuid, now=NOW) == "sent"
    delivery.refresh_from_db()
    assert (delivery.body, "https://secret" in mail.outbox[-1].body) == ("", True)


def test_a_webhook_gets_what_is_shared_and_nothing_of_another_contract(
    world: World, ticket: str, settings: Any
) -> None:
    settings.WEBHOOK_HOSTS = frozenset({"127.0.0.1:1"})
    alice = world.viewer("alice")
    hook = actions.create_webhook(
        viewer=alice,
        scope=world.contract.scope,
        name="群机器人",
        url="http://127.0.0.1:1/",
        events=["ticket.*"],
    )
    note(world.viewer("ken"), ticket, text="内部", recorded_at=NOW)
    reply(world.viewer("ken"), ticket, text="已更换", recorded_at=NOW)
    announce([last_entry(ticket, "ticket.replied").pk], now=NOW)
    announce([last_entry(ticket, "ticket.replied").pk], now=NOW)
    row = Delivery.objects.get(webhook=hook)
    body = json.loads(row.body)
    assert body["type"] == "ticket.replied"
    assert (body["data"]["ticket"]["number"], body["data"]["entry"]["text"]) == (ticket, "已更换")
    assert "actor" not in row.body and "内部" not in row.body
    assert actions.carry_out(row.uuid, now=NOW) == "waiting"  # nobody listens on port 1
    hook.refresh_from_db()
    assert hook.failing_since == NOW
    Webhook.objects.filter(pk=hook.pk).update(failing_since=NOW - timedelta(days=6))
    row.refresh_from_db()
    assert row.next_try_at is not None
    actions.carry_out(row.uuid, now=row.next_try_at)
    hook.refresh_from_db()
    assert (hook.is_active, bool(hook.switched_off_because)) == (False, True)


def test_of_most_steps_nobody_is_told(world: World, ticket: str) -> None:
    at = NOW - timedelta(minutes=50)
    do(world, ticket, "ken", "start", at)
    do(world, ticket, "ken", "wait_for_client", at + timedelta(minutes=1), note="请确认")
    do(world, ticket, "ken", "resume", at + timedelta(minutes=2))
    resolve(world, ticket, at + timedelta(minutes=3))
    do(world, ticket, "dan", "reopen", at + timedelta(minutes=4), reason="又坏了")
    classify_ticket(world.viewer("alice"), ticket, ci="PRN-01", recorded_at=at + timedelta(minutes=5))
    entries = list(Entry.objects.filter(subject_number=ticket, type__in=ANNOUNCED).order_by("pk"))
    assert {entry.pk for entry in entries} <= _waiting()
    announce([entry.pk for entry in entries], now=NOW)
    told_of = set(Delivery.objects.values_list("entry_id", flat=True))
    heard = [(entry.body.shared or {}).get("transition") for entry in entries if entry.pk in told_of]
    assert heard == ["assign", "wait_for_client", "resolve", "reopen"]


def test_many_entries_at_once_tell_what_each_alone_would(world: World, ticket: str, settings: Any) -> None:
    settings.WEBHOOK_HOSTS = frozenset({"127.0.0.1:1"})
    viewer, scope = world.viewer("alice"), world.contract.scope
    actions.create_webhook(
        viewer=viewer, scope=scope, name="CMDB", url="http://127.0.0.1:1/", events=["ticket.moved"]
    )
    other = open_assigned(world, NOW - timedelta(hours=1), "另一台打印机")
    do(world, ticket, "ken", "wait_for_client", NOW - timedelta(minutes=30), note="请确认")
    reply(world.viewer("dan"), other, text="请快一点", recorded_at=NOW)
    entries = list(
        Entry.objects.filter(subject_number__in=(ticket, other), type__in=ANNOUNCED).values_list(
            "pk", flat=True
        )
    )

    def booked() -> set[tuple[Any, ...]]:
        columns = ("entry_id", "event", "person", "webhook", "subject_number", "scope", "subject", "body")
        return set(Delivery.objects.values_list(*columns))

    with CaptureQueriesContext(connection) as together:
        announce(entries, now=NOW)
    found = booked()
    announce(entries, now=NOW)  # a second time, as after a crash
    assert len(found) == Delivery.objects.count() and booked() == found
    Delivery.objects.all().delete()
    with CaptureQueriesContext(connection) as alone:
        for entry_id in entries:
            announce([entry_id], now=NOW)
    assert booked() == found and {row[4] for row in found} == {ticket, other}
    assert len(together) < len(alone) / 2


def test_who_had_a_ticket_for_a_moment_only_is_not_told_in_place_of_who_has_it(
    world: World, ticket: str
) -> None:
    do(world, ticket, "ken", "assign", NOW, team="second-line", assignee="alice")
    entries = Entry.objects.filter(subject_number=ticket, type="ticket.moved").order_by("pk")
    announce(list(entries.values_list("pk", flat=True)), now=NOW)
    rows = Delivery.objects.filter(event="assigned_to_me").values_list("person__login", "entry_id")
    last = entries.last()
    assert last is not None and list(rows) == [("alice", last.pk)]


def test_every_step_waits_for_webhooks(world: World, ticket: str, settings: Any) -> None:
    settings.WEBHOOK_HOSTS = frozenset({"127.0.0.1:1"})
    viewer, scope = world.viewer("alice"), world.contract.scope
    actions.create_webhook(
        viewer=viewer, scope=scope, name="CMDB", url="http://127.0.0.1:1/", events=["ticket.*"]
    )
    do(world, ticket, "ken", "start", NOW - timedelta(minutes=50))
    classify_ticket(viewer, ticket, ci="PRN-01", recorded_at=NOW - timedelta(minutes=49))
    found = Entry.objects.filter(subject_number=ticket).order_by("-pk").values_list("pk", flat=True)[:2]
    entries = list(found)
    assert set(entries) <= _waiting()
    jobs.announce_waiting()
    assert not _waiting() & set(entries)
    assert Delivery.objects.filter(webhook__name="CMDB", entry_id__in=entries).count() == 2


def test_an_entry_that_cannot_be_announced_holds_up_nobody(
    world: World, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(world, ticket, "ken", "wait_for_client", NOW - timedelta(minutes=30), note="请确认")
    waiting, wrong = _waiting(), last_entry(ticket, "ticket.moved").pk
    read = notifying._read

    def reads_all_but_one(entry: Entry, *more: Any) -> Any:
        if entry.pk == wrong:
            raise ZeroDivisionError
        return read(entry, *more)

    monkeypatch.setattr(notifying, "_read", reads_all_but_one)
    jobs.announce_waiting()
    assert not _waiting() and not Delivery.objects.filter(entry_id__in=waiting).exists()
    alone = [
        args["entry_id"]
        for args in ProcrastinateJob.objects.filter(task_name="desk:announce").values_list("args", flat=True)
    ]
    assert set(alone) >= waiting
    for entry_id in sorted(waiting - {wrong}):
        jobs.announce_entry(entry_id)
    assert Delivery.objects.filter(event="assigned_to_me").count() == 1
    with pytest.raises(ZeroDivisionError):
        jobs.announce_entry(wrong)


def _waiting() -> set[int]:
    """Entries that wait for the task that tells people."""
    rows = FollowUp.objects.filter(task="desk:announce_waiting")
    return set(rows.values_list("entry_id", flat=True))


def test_webhooks_are_for_who_looks_after_them(world: World) -> None:
    alice, bob, charlie = (world.viewer(login) for login in ("alice", "bob", "charlie"))
    with pytest.raises(Forbidden):
        actions.create_webhook(
            viewer=bob, scope=world.contract.scope, name="x", url="https://example.com", events=["ticket.*"]
        )
    with pytest.raises(Invalid) as error:
        actions.create_webhook(
            viewer=alice, scope=world.contract.scope, name="", url="http://10.0.0.1/", events=["secrets.*"]
        )
    assert set(error.value.fields) == {"name", "url", "events"}
    hook = Webhook.objects.create(
        scope=world.contract.scope,
        name="x",
        url="https://example.com",
        secret="whsec_AA==",
        events=["ticket.*"],
    )
    assert queries.access_webhook(alice, hook.uuid) == hook
    for viewer in (bob, charlie):
        with pytest.raises(NotFound):
            queries.access_webhook(viewer, hook.uuid)
    client = Client()
    client.force_login(world.people["charlie"])
    assert client.get(f"/admin/webhooks/{hook.uuid}").status_code == 404
    client.force_login(world.people["alice"])
    page = client.get(f"/admin/webhooks/{hook.uuid}")
    assert (page.status_code, hook.secret in page.content.decode()) == (200, False)
    assert client.post(f"/admin/webhooks/{hook.uuid}/secret").content.decode().count("whsec_") == 1


def test_pages_keep_what_was_typed(world: World) -> None:
    client = Client()
    client.force_login(world.people["alice"])
    page = client.post(
        "/admin/webhooks/new",
        {
            "contract": world.key,
            "name": "钉钉机器人",
            "url": "http://192.168.0.9/hook",
            "events": ["clock.*"],
        },
    )
    text = page.content.decode()
    assert page.status_code == 422
    assert "钉钉机器人" in text and "http://192.168.0.9/hook" in text
    page = client.post("/me/notifications", {"begins": "25:00", "ends": "07:00"})
    assert page.status_code == 422
    assert client.post("/me/notifications", {"begins": "22:00", "ends": "07:00"}).status_code == 302
    assert client.get("/me/notifications").content.decode().count('value="22:00"') == 1
    assert client.get("/admin/deliveries?after=nonsense").status_code == 422
    assert client.get("/admin/deliveries?webhook=nonsense").status_code == 422


def test_escalation_steps_are_entries_that_say_who_was_told(world: World, ticket: str) -> None:
    """sla-semantics 21: the roles that the contract names, once, however often the job runs."""
    from yunheng.contracts.queries import terms_at
    from yunheng.sla.actions import sweep

    terms = terms_at(world.contract.pk, NOW)
    assert terms is not None and terms.escalation
    sweep(NOW + timedelta(days=20))  # whatever holidays lie ahead
    entries = Entry.objects.filter(subject_number=ticket, type__in=("clock.warned", "clock.breached"))
    assert entries.exists()
    for entry in entries:
        announce([entry.pk], now=NOW)
        announce([entry.pk], now=NOW)
    steps = [
        it.body.internal
        for it in Entry.objects.filter(subject_number=ticket, type="escalation.carried_out").select_related(
            "body"
        )
    ]
    wanted = sorted((step.clock, step.share, list(step.roles)) for step in terms.escalation)
    done = sorted((it["clock"], it["share"], it["roles"]) for it in steps)
    assert done and len(done) == len({json.dumps(it) for it in done})
    assert all(it in wanted for it in done)
    assert Delivery.objects.filter(event="escalated").exists()
