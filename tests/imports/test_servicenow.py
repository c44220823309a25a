"""What becomes of an audit log: entries, facts, tickets, waits, clocks; and what must not get into them."""

from datetime import UTC, datetime

import pytest
from tests.imports.conftest import life, log_row

from yunheng.accounts.models import Team
from yunheng.desk.models import Ticket
from yunheng.foundation.models import Entry, LogLeaf, Unsealed
from yunheng.foundation.sealing import check_log
from yunheng.imports.actions import import_servicenow
from yunheng.logic.facts import FactKind
from yunheng.sla.actions import facts_in_journal, refold
from yunheng.sla.models import LiveClock, Pause
from yunheng.sla.queries import facts_of

K = FactKind


def at(text: str) -> int:
    return int(datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC).timestamp())


def bring(contract, path, **options):
    return import_servicenow(contract=contract, path=path, **options)


def facts(ticket):
    return facts_of(scope_id=ticket.scope_id, subject_id=ticket.pk)


def events(ticket):
    """(kind, instant, term) of the facts that rows gave, without what the source claims."""
    return [(fact.kind, fact.at, fact.term) for fact in facts(ticket) if fact.kind < K.ASSERTED_OPENED]


def test_a_life_becomes_facts_in_their_order(contract, write_log):
    report = bring(contract, write_log(life("INC1")))
    assert (report.counts.read, report.counts.imported, report.entries) == (8, 8, 9)
    ticket = Ticket.objects.get(source_number="INC1")
    assert events(ticket) == [
        (K.OPENED, at("29/2/2016 01:16"), ""),
        (K.PROFILED, at("29/2/2016 01:23"), "it-support|3"),
        (K.ASSIGNED, at("29/2/2016 01:23"), "group-56"),
        (K.RESPONDED, at("29/2/2016 02:00"), ""),
        (K.WAIT_BEGAN, at("29/2/2016 03:00"), "waiting_client"),
        (K.WAIT_ENDED, at("29/2/2016 05:00"), ""),
        (K.RESOLVED, at("29/2/2016 06:00"), ""),
        (K.REOPENED, at("29/2/2016 08:00"), ""),
        (K.RESOLVED, at("1/3/2016 12:00"), ""),
        (K.CLOSED, at("6/3/2016 10:00"), ""),
    ]
    claimed = {fact.kind: (fact.at, fact.term) for fact in facts(ticket) if fact.kind >= K.ASSERTED_OPENED}
    assert claimed[K.ASSERTED_RESOLVED] == (at("1/3/2016 12:00"), "")
    assert claimed[K.SOURCE_MADE_SLA][1] == "false"
    assert claimed[K.SOURCE_REOPENED][1] == "1"


def test_the_ticket_stands_as_its_last_row(contract, write_log):
    bring(contract, write_log(life("INC1")))
    ticket = Ticket.objects.get(source_number="INC1")
    assert (ticket.state, ticket.is_observed, ticket.source_system) == ("closed", True, "servicenow")
    assert ticket.number == "UCI-INC-20160229-0001"
    assert (ticket.impact, ticket.urgency, ticket.priority) == ("medium", "medium", "3")
    assert ticket.title == "Category 55 / Subcategory 170 / Symptom 72"
    assert ticket.resolved_at == datetime(2016, 3, 1, 12, tzinfo=UTC)
    assert ticket.closed_at == datetime(2016, 3, 6, 10, tzinfo=UTC)
    assert ticket.reopen_count == 1
    assert ticket.team == Team.objects.get(key="group-56", organisation=contract.provider)
    assert (ticket.requester_name, ticket.assignee, ticket.requester) == ("", None, None)


def test_names_are_personal_and_the_future_is_not_observed(contract, write_log):
    bring(contract, write_log(life("INC1")))
    entries = Entry.objects.filter(type="ticket.observed").select_related("body").order_by("id")
    first = entries[0].body
    assert first.shared["row"] == 1
    assert first.shared["fields"]["incident_state"] == "New"
    assert first.personal["fields"]["caller_id"] == "Caller 7"
    assert first.personal["actor"]["name"] == "ServiceNow"
    assert entries[1].body.shared["fields"] == {"incident_state": "Active"}
    assert entries[1].body.personal["fields"] == {"assigned_to": "Resolver 31"}
    for entry in entries:
        assert (
            not {"resolved_at", "closed_at", "closed_code", "resolved_by"}
            & entry.body.shared["fields"].keys()
        )
        text = str(entry.body.shared)
        assert "Caller" not in text and "Updated by" not in text and "Resolver" not in text
        assert (entry.actor_kind, entry.source) == ("import", "import")
    assert entries[0].occurred_at == datetime(2016, 2, 29, 1, 23, tzinfo=UTC)
    claims = Entry.objects.get(type="source.asserted").body.shared["claims"]
    assert claims["resolved_at"] == "2016-03-01T12:00:00Z"
    assert claims["closed_code"] == "code 5"


def test_everything_is_sealed_and_the_facts_follow_from_the_journal(contract, write_log):
    bring(contract, write_log(life("INC1") + life("INC2")))
    scope = contract.scope
    assert not Unsealed.objects.filter(scope=scope).exists()
    assert LogLeaf.objects.filter(scope=scope).count() == Entry.objects.filter(scope=scope).count()
    assert not check_log(scope).problems
    for ticket in Ticket.objects.all():
        stated = [fact for fact, by in facts_in_journal(scope_id=scope.pk, subject_id=ticket.pk) if not by]
        assert sorted(stated, key=lambda fact: (fact.at, fact.seq)) == facts(ticket)


def test_waits_are_kept_with_their_party(contract, write_log):
    bring(contract, write_log(life("INC1")))
    pause = Pause.objects.get()
    assert (pause.reason, pause.party) == ("waiting_client", 2)
    assert pause.began_at == datetime(2016, 2, 29, 3, tzinfo=UTC)
    assert pause.ended_at == datetime(2016, 2, 29, 5, tzinfo=UTC)
    began = next(fact for fact in facts(Ticket.objects.get()) if fact.kind is K.WAIT_BEGAN)
    assert began.ref == began.entry == pause.pk


def test_an_unknown_state_is_kept_as_unmapped_and_says_nothing(contract, write_log):
    rows = [
        log_row("INC1", "New", "29/2/2016 02:00"),
        log_row("INC1", "-100", "29/2/2016 03:00"),
    ]
    report = bring(contract, write_log(rows))
    assert report.summary["rows_by_state"] == {"New": 1, "-100": 1}
    ticket = Ticket.objects.get()
    assert ticket.state == "unmapped"
    assert [kind for kind, _at, _term in events(ticket)] == [K.OPENED, K.PROFILED, K.ASSIGNED]


def test_closing_without_work_is_no_response(contract, write_log):
    rows = [log_row("INC1", "New", "29/2/2016 02:00"), log_row("INC1", "Closed", "29/2/2016 03:00")]
    bring(contract, write_log(rows))
    kinds = [kind for kind, _at, _term in events(Ticket.objects.get())]
    assert K.CLOSED in kinds
    assert K.RESPONDED not in kinds


def test_a_row_dated_before_the_opening_is_kept_and_counts_from_the_opening(contract, write_log):
    early = {"opened_at": "29/2/2016 09:41"}
    rows = [
        log_row("INC1", "Active", "29/2/2016 07:14", **early),
        log_row("INC1", "Resolved", "29/2/2016 10:00", **early),
    ]
    report = bring(contract, write_log(rows))
    assert report.summary["tickets_with_rows_before_opening"] == 1
    first = Entry.objects.filter(type="ticket.observed").order_by("id")[0]
    assert first.occurred_at == datetime(2016, 2, 29, 7, 14, tzinfo=UTC)
    opened = at("29/2/2016 09:41")
    assert [(kind, when) for kind, when, _term in events(Ticket.objects.get())][:2] == [
        (K.OPENED, opened),
        (K.PROFILED, opened),
    ]
    assert (K.RESPONDED, opened, "") in events(Ticket.objects.get())


def test_rows_count_in_order_of_time_then_of_the_file(contract, write_log):
    rows = life("INC1")
    shuffled = [rows[place] for place in (3, 0, 7, 1, 6, 2, 5, 4)]
    bring(contract, write_log(shuffled))
    kinds = [kind for kind, _at, _term in events(Ticket.objects.get())]
    assert kinds[-3:] == [K.REOPENED, K.RESOLVED, K.CLOSED]
    same = [log_row("INC2", state, "29/2/2016 02:00") for state in ("New", "Active", "Resolved")]
    bring(contract, write_log(same))
    kinds = [kind for kind, _at, _term in events(Ticket.objects.get(source_number="INC2"))]
    assert kinds[-2:] == [K.RESPONDED, K.RESOLVED]


def test_rows_of_a_ticket_need_not_stand_together(contract, write_log):
    one, two = life("INC1"), life("INC2")
    mixed = [row for pair in zip(one, two, strict=True) for row in pair]
    report = bring(contract, write_log(mixed))
    assert (report.counts.imported, report.summary["tickets"]) == (16, 2)
    apart, together = (events(ticket) for ticket in Ticket.objects.order_by("source_number"))
    assert apart == together


def test_a_change_of_priority_and_team_gives_facts(contract, write_log):
    rows = [
        log_row("INC1", "New", "29/2/2016 02:00", assignment_group="?"),
        log_row("INC1", "Active", "29/2/2016 03:00", priority="2 - High", assignment_group="二线 网络组"),
        log_row(
            "INC1",
            "Active",
            "29/2/2016 04:00",
            priority="2 - High",
            assignment_group="Group 9",
            cmdb_ci="ci 1",
        ),
    ]
    bring(contract, write_log(rows))
    found = [(kind, term) for kind, _at, term in events(Ticket.objects.get())]
    assert found == [
        (K.OPENED, ""),
        (K.PROFILED, "it-support|3"),
        (K.PROFILED, "it-support|2"),
        (K.ASSIGNED, "二线-网络组"),
        (K.RESPONDED, ""),
        (K.ASSIGNED, "group-9"),
        (K.CLASSIFIED, "ci 1|"),
    ]


def test_the_zone_of_the_log_is_named_and_doubled_hours_are_told(contract, write_log):
    rows = [
        log_row("INC1", "New", "30/10/2016 02:30", opened_at="30/10/2016 00:30"),
        log_row("INC2", "New", "27/3/2016 02:30", opened_at="27/3/2016 00:30"),
    ]
    report = bring(contract, write_log(rows), zone="Europe/Lisbon")
    assert report.counts.imported == 2
    report = bring(contract, write_log(rows), zone="Europe/Berlin", is_dry_run=True)
    assert report.counts.rejected == 1
    assert "put forward" in report.first_rejections[0].reason or "拨快" in report.first_rejections[0].reason
    assert len(report.notes) == 2  # the zone, and the hour that comes twice


def test_clocks_are_those_of_a_single_fold_and_the_sweep_has_nothing_to_tell(contract, write_log):
    unfinished = [log_row("INC9", "Active", "29/2/2016 02:00", priority="4 - Low")]
    outside = [
        log_row("INC7", "Active", "1/2/2015 02:00", opened_at="1/2/2015 01:00"),  # before the contract began
        log_row("INC8", "Resolved", "1/2/2018 02:00", opened_at="1/2/2018 01:00"),  # after it ended
        log_row("INC6", "Resolved", "1/2/2018 02:00", opened_at="31/12/2017 01:00"),  # begun before its end
    ]
    waiting = [log_row("INC5", "Awaiting User Info", "29/2/2016 02:00")]
    told = [*life("INC1"), *life("INC2", priority="1 - Critical"), *unfinished, *outside, *waiting]
    bring(contract, write_log(told))
    names = (
        *("contract_version_id", "reason", "status", "profile", "started_at", "stopped_at", "due_at"),
        *("breached_at", "settled_at", "goal_seconds", "is_met", "is_provisional", "cycle"),
        *("warned_share", "is_breach_recorded", "next_check_at"),
    )
    in_bulk = {(row.subject_id, row.kind): row for row in LiveClock.objects.all()}
    assert len(in_bulk) == 2 * 6 + 1  # a ticket from before any contract has one row, which says so
    assert {row.reason for row in in_bulk.values()} >= {"", "no_contract", "contract_expired"}
    now = next(iter(in_bulk.values())).folded_at
    for ticket in Ticket.objects.all():
        for folded in refold(scope_id=ticket.scope_id, subject_id=ticket.pk, now=now):
            before = in_bulk[ticket.pk, folded.row.kind]
            assert {name: getattr(folded.row, name) for name in names} == {
                name: getattr(before, name) for name in names
            }
            assert folded.row.elapsed_seconds == before.elapsed_seconds
    assert not LiveClock.objects.filter(next_check_at__lte=datetime.now(UTC)).exists()


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_a_dry_run_says_the_same_and_writes_nothing(contract, write_log, is_dry_run):
    report = bring(contract, write_log(life("INC1")), is_dry_run=is_dry_run)
    assert (report.counts.imported, report.entries, report.summary["tickets"]) == (8, 9, 1)
    assert Ticket.objects.count() == (0 if is_dry_run else 1)
    assert (report.run_uuid is None) == is_dry_run
