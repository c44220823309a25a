"""The words of a ticket: kept with every entry, each class apart; made anew the same; forgotten with what is erased."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from tests.desk.ground import MORNING, Ground, opened

from yunheng.desk.actions import move_ticket, note, reply
from yunheng.desk.jobs import forget_erased_words
from yunheng.desk.models import Ticket, TicketWords
from yunheng.desk.searching import narrow, rebuild
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.journal import EntryDraft, record, redact
from yunheng.logic.words import MOST_WORDS


def words(number: str) -> dict[str, set[str]]:
    """Stored words of a ticket by class."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT visibility, tsvector_to_array(words) FROM ticket_words w JOIN ticket t ON t.id = w.subject_id"
            " WHERE t.number = %s",
            [number],
        )
        return {visibility: set(found) for visibility, found in cursor.fetchall()}


def test_every_text_goes_into_its_own_class(ground: Ground) -> None:
    agent, later = ground.viewer("desk_agent"), MORNING + timedelta(minutes=5)
    number = opened(ground, title="核心交换机故障", requester_name="王海波").ticket.number
    before = words(number)
    assert {"核心", "障", number.rsplit("-", 1)[1]} <= before["shared"]
    assert before["personal"] >= {"王海", "海波"} and "王海" not in before["shared"]
    reply(agent, number, "请重启 Router", recorded_at=later)
    note(agent, number, "疑似老化", recorded_at=later)
    move_ticket(agent, number, "accept", recorded_at=later)
    move_ticket(agent, number, "wait_for_client", {"note": "等待机房钥匙"}, recorded_at=later)
    after = words(number)
    assert after["shared"] - before["shared"] >= {"重启", "router", "钥匙"}
    assert after["internal"] >= {"疑似", "老化"} and not after["internal"] & after["shared"]


def test_words_made_anew_are_those_that_were_kept(ground: Ground) -> None:
    agent = ground.viewer("desk_agent")
    number = opened(ground, title="A 端口", description="first line", requester_name="王海波").ticket.number
    reply(agent, number, "第二行", recorded_at=MORNING + timedelta(minutes=1))
    note(agent, number, "内部", recorded_at=MORNING + timedelta(minutes=2))
    kept = words(number)
    rebuild([Ticket.objects.get(number=number).pk])
    assert words(number) == kept


def test_what_is_erased_is_not_found_any_more(ground: Ground) -> None:
    agent = ground.viewer("desk_agent")
    number = opened(ground, title="端口", requester_name="王海波").ticket.number
    entry_id = note(agent, number, "密码 hunter2", recorded_at=MORNING + timedelta(minutes=1)).entry_id
    assert "hunter2" in words(number)["internal"]
    with transaction.atomic():
        erasing = redact(actor=agent.actor, entry_id=entry_id, classes=["internal"], reason="a secret")
    forget_erased_words(entry_id=erasing)
    assert "internal" not in words(number)
    assert "端口" in words(number)["shared"]


def test_an_erasing_of_something_else_than_a_ticket_is_no_error(ground: Ground) -> None:
    about = ground.contract
    draft = EntryDraft(
        scope_id=about.pk,
        scope_key=about.scope.key,
        subject_id=about.subject_id,
        subject_number="ACME",
        type="contract.noted",
        occurred_at=MORNING,
        actor=SYSTEM_VIEWER.actor,
        source="server",
        shared={"text": "端口"},
    )
    with transaction.atomic():
        entry_id = record(draft)
    forget_erased_words(entry_id=entry_id)
    assert not TicketWords.objects.filter(subject_id=about.subject_id).exists()


@pytest.mark.parametrize("text", ["it's 'quoted' \\ back", "a & b | !c:* <-> (d)", "%s %(x)s", "'" * 50])
def test_no_text_breaks_the_notation(ground: Ground, text: str) -> None:
    number = opened(ground, title="x").ticket.number
    reply(ground.viewer("desk_agent"), number, text, recorded_at=MORNING + timedelta(minutes=1))
    assert narrow(SYSTEM_VIEWER, Ticket.objects.all(), text).count() in {0, 1}


def test_a_ticket_with_endless_words_goes_on(ground: Ground) -> None:
    agent = ground.viewer("desk_agent")
    number = opened(ground, title="x").ticket.number
    for place in range(5):
        text = " ".join(f"{place}w{count:x}" for count in range(2_900))
        reply(agent, number, text, recorded_at=MORNING + timedelta(minutes=place + 1))
    stored = words(number)["shared"]
    assert MOST_WORDS < len(stored) < 16_100
    assert Ticket.objects.get(number=number)
