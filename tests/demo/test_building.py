"""A small demonstration built by the product's own ways: figures, log, clocks and rows agree; refusals."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.conftest import TestDatabase, clone, drop

from yunheng.accounts.models import Person
from yunheng.accounts.queries import viewer_for_person
from yunheng.accounts.roles import ROLES
from yunheng.appraisal.models import Appeal, Statement
from yunheng.appraisal.queries import figures
from yunheng.contracts.queries import contract_by_key
from yunheng.demo import building, mark, tour
from yunheng.demo.living import RUNNING
from yunheng.demo.model import bad_month, first_day, today_at
from yunheng.demo.models import Demonstration, TourVisit
from yunheng.demo.staff import CONTRACTS, PEOPLE, SHOWN
from yunheng.desk.models import Ticket
from yunheng.desk.queries import proposals_waiting_for
from yunheng.desk.verifying import verify_ticket
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.log_check import check_log
from yunheng.foundation.models import Entry
from yunheng.foundation.sealing import seal
from yunheng.imports.models import ImportRun
from yunheng.logic.facts import FactKind
from yunheng.reports import making
from yunheng.reports.models import Report, ReportPlan, ReportRun
from yunheng.sla.models import ClockFact, LiveClock, Pause

TOLD: list[tuple[str, int, int]] = []


@pytest.fixture(scope="module")
def demonstration(migrated_template: TestDatabase, django_db_blocker: Any) -> Iterator[Demonstration]:
    """A demonstration at a fortieth of its size, in a database of its own."""
    from django.db import connections

    from yunheng.site.cli.database import connected_to

    database = clone(migrated_template, "yunheng_demo")

    def tell(step: str, done: int = 0, total: int = 0) -> None:
        TOLD.append((step, done, total))
        mark.tell_step(step, done, total)

    def render(content: Any, formats: Any, **_more: Any) -> dict[str, bytes]:
        return {form: f"{form} {content['record']['content_sha256']}".encode() for form in formats}

    try:
        with (
            django_db_blocker.unblock(),
            connected_to(database.app_url),
            pytest.MonkeyPatch.context() as patched,
        ):
            patched.setattr(making.rendering, "render", render)  # the renderer has tests of its own
            mark.set_mark()
            building.build(now=datetime.now(UTC).replace(microsecond=0), scale=0.025, tell=tell)
            found = mark.mark()
            assert found is not None
            yield found
            connections.close_all()
    finally:
        drop(database, database.name)


def test_the_steps_are_told_in_order_and_the_end_is_ready(demonstration: Demonstration) -> None:
    steps = list(dict.fromkeys(step for step, _done, _total in TOLD))
    assert steps == ["people", "live", "history-1", "history-2", "history-3", "reports", "statements"]
    assert demonstration.state == "ready"
    assert demonstration.tickets == Ticket.objects.filter(is_observed=True).count() > 300
    shares = [mark.share(Demonstration(step=step, done=done, total=total)) for step, done, total in TOLD]
    assert shares == sorted(shares)
    assert shares[-1] >= 90


def test_there_are_people_in_every_role_and_accounts_for_one_each(demonstration: Demonstration) -> None:
    held = set(Person.objects.values_list("memberships__role", flat=True)) - {None}
    assert held == set(ROLES)
    assert [one.login for one in mark.accounts()] == list(SHOWN)
    assert {one.role for one in mark.accounts()} == set(ROLES)
    manager = Person.objects.get(login="manager")
    assert manager.check_password(demonstration.password)
    assert not manager.must_change_password
    quiet = next(member.login for member in PEOPLE if member.login not in SHOWN)
    assert not Person.objects.get(login=quiet).has_usable_password()


def test_history_came_in_through_the_import_and_nothing_was_rejected(demonstration: Demonstration) -> None:
    runs = list(ImportRun.objects.all())
    assert len(runs) == 3
    assert all(run.status == "finished" and run.rejected == 0 and run.imported > 0 for run in runs)
    observed = Ticket.objects.filter(is_observed=True)
    assert set(observed.values_list("kind", flat=True)) == {"incident", "service_request"}
    assert "alert" in set(observed.values_list("channel", flat=True))
    assert observed.filter(is_major=True).count() == 3
    assert observed.exclude(description="").exists()
    assert not observed.filter(closed_at=None).exists()


def test_waits_keep_how_they_were_answered(demonstration: Demonstration) -> None:
    standings = set(Pause.objects.values_list("standing", flat=True))
    assert {"proposed", "confirmed"} <= standings
    settled = Pause.objects.filter(standing__in=("upheld", "rejected")).first()  # few in so small a year
    assert settled is not None
    kinds = set(ClockFact.objects.filter(ref=settled.pk).values_list("kind", flat=True))
    said = FactKind.PAUSE_UPHELD if settled.standing == "upheld" else FactKind.PAUSE_REJECTED
    assert {FactKind.WAIT_BEGAN, FactKind.PAUSE_DISPUTED, said} <= kinds


def test_suppliers_clocks_run_where_the_supplier_was_called(demonstration: Demonstration) -> None:
    clocks = LiveClock.objects.filter(kind__in=("uc_arrive", "uc_restore"), scope__key="qinglan")
    assert clocks.exclude(started_at=None).exists()


@pytest.mark.parametrize("key", CONTRACTS)
def test_figures_tell_a_good_year(demonstration: Demonstration, key: str) -> None:
    """Small months are rough; the year as a whole lies where the model means it to."""
    contract = contract_by_key(key)
    today = today_at(int(datetime.now(UTC).timestamp()), building.ZONE)
    first = today.replace(year=today.year - 1, day=1)
    report = figures(contract, start=first, end=today.replace(day=1), keys=["sla_attainment"])
    value = report.rows[0].value
    assert value is not None
    assert 88 < value < 100
    assert bad_month(today) < today


def test_the_log_verifies(demonstration: Demonstration) -> None:
    seal()
    for key in CONTRACTS:
        check = check_log(contract_by_key(key).scope)
        assert check.problem_count == 0
        assert check.size > 500


def test_tickets_are_what_their_journal_tells(demonstration: Demonstration) -> None:
    live = list(Ticket.objects.filter(is_observed=False))
    assert len(live) == len(RUNNING)
    history = list(Ticket.objects.filter(is_observed=True).order_by("pk")[:40])
    problems = {ticket.number: found for ticket in [*live, *history] if (found := verify_ticket(ticket))}
    assert problems == {}


def test_live_tickets_run_wait_and_press(demonstration: Demonstration) -> None:
    live = Ticket.objects.filter(is_observed=False)
    clocks = LiveClock.objects.filter(subject_id__in=live.values("pk"))
    statuses = set(clocks.values_list("status", flat=True))
    assert {"running", "stopped"} <= statuses
    assert live.filter(is_major=True, closed_at=None).count() == 1
    assert {"new", "in_progress", "waiting_client", "waiting_supplier", "resolved", "closed"} <= set(
        live.values_list("state", flat=True)
    )
    assert Pause.objects.filter(subject_id__in=live.values("pk"), standing="disputed").exists()
    contact = viewer_for_person(Person.objects.get(login="contact"))
    assert len(proposals_waiting_for(contact)) == 1
    entries = Entry.objects.filter(subject_id__in=live.values("pk")).order_by("pk")
    recorded = [entry.recorded_at for entry in entries]
    assert recorded == sorted(recorded)  # in the order in which they happened
    assert recorded[0] > datetime.now(UTC) - timedelta(hours=26)


def test_reports_were_issued_elsewhere_and_here(demonstration: Demonstration) -> None:
    """Nothing is dated back: what was made here was made today, on a signed head; the rest is taken over as it is."""
    today = today_at(int(datetime.now(UTC).timestamp()), building.ZONE)
    reports = list(Report.objects.order_by("scope_id", "period"))
    assert {report.state for report in reports} == {"accepted"}
    assert [report.period for report in reports[:2]] == [f"{bad_month(today):%Y-%m}", reports[1].period]
    assert len(reports) == 2 * len(CONTRACTS)
    for report in reports:
        assert report.position is not None and report.issued_at is not None
        assert report.issued_at >= report.evaluated_at.replace(microsecond=0)
        assert report.files.count() == 3
        assert report.comments["zh-Hans"]["summary"]
    assert not ReportRun.objects.exclude(state="finished").exists()
    assert ReportPlan.objects.filter(is_active=True).count() == len(CONTRACTS)
    observed = Entry.objects.filter(type="report.observed").select_related("body")
    assert observed.count() >= 3 * 10
    assert all(entry.occurred_at < entry.recorded_at for entry in observed)
    last = f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
    assert not Report.objects.filter(period=last).exists()  # it is left to whoever looks


@pytest.mark.parametrize("key", CONTRACTS)
def test_reports_came_in_time_but_for_the_hospitals_bad_month(demonstration: Demonstration, key: str) -> None:
    today = today_at(int(datetime.now(UTC).timestamp()), building.ZONE)
    contract = contract_by_key(key)
    year = figures(contract, start=first_day(today), end=today, keys=["report_on_time"])
    row = next(row for row in year.rows if not row.group)
    assert row.denominator >= 10
    assert row.denominator - row.numerator == (key == "qinglan")
    assert row.goal is not None


def test_the_tour_goes_through_five_steps_for_everybody_and_is_remembered(
    demonstration: Demonstration,
) -> None:
    for login in ("manager", "contact", "requester", "supplier", "auditor", "admin"):
        viewer = viewer_for_person(Person.objects.get(login=login))
        first = tour.current_step(viewer, "/")
        assert first is not None
        assert first.number == 1
        addresses = [tour.go_to(viewer, number) for number in (2, 3, 4, 5)]
        assert all(address.startswith("/") for address in addresses)
        assert tour.current_step(viewer, "/").is_last  # type: ignore[union-attr]
        assert tour.go_to(viewer, 6) == ""
        assert tour.current_step(viewer, "/") is None
    assert TourVisit.objects.filter(is_over=True).count() == 6
    manager = viewer_for_person(Person.objects.get(login="manager"))
    assert "/tickets/" in tour.step_of(manager, 2).url
    assert "/contracts/" in tour.step_of(manager, 3).url
    assert tour.current_step(SYSTEM_VIEWER, "/") is None


def test_a_step_that_one_stands_on_is_not_offered_again(demonstration: Demonstration) -> None:
    viewer = viewer_for_person(Person.objects.get(login="agent"))
    assert tour.current_step(viewer, "/workbench").url == ""  # type: ignore[union-attr]
    assert tour.current_step(viewer, "/me").url == "/workbench"  # type: ignore[union-attr]


def test_a_marked_database_stays_marked_and_tells_its_age(demonstration: Demonstration) -> None:
    assert mark.set_mark().pk == demonstration.pk
    assert demonstration.ready_at is not None
    assert mark.age_text(demonstration, demonstration.ready_at) == ""
    old = mark.age_text(demonstration, demonstration.ready_at + timedelta(days=3))
    assert "3" in old
    assert "yunheng demo --fresh" in old


@pytest.mark.django_db
def test_somebodys_own_database_is_refused() -> None:
    from yunheng.accounts.actions import create_organisation, create_person

    own = create_organisation(viewer=SYSTEM_VIEWER, key="own", name="我们自己", kind="provider")
    create_person(viewer=SYSTEM_VIEWER, login="owner", name="真人", organisation=own)
    with pytest.raises(mark.NotEmptyError):
        mark.set_mark()
    with pytest.raises(mark.NotEmptyError):
        building.build(now=datetime.now(UTC))
    assert mark.mark() is None
    assert Person.objects.count() == 1


@pytest.mark.django_db
def test_an_empty_database_can_be_marked_and_a_failure_is_told() -> None:
    assert mark.mark() is None
    assert mark.set_mark().state == "preparing"
    mark.tell_failed()
    assert mark.mark().state == "failed"  # type: ignore[union-attr]


def test_statements_stand_at_every_step_of_their_way(demonstration: Demonstration) -> None:
    states = {
        key: list(
            Statement.objects.filter(scope__key=key).order_by("begins_at").values_list("state", flat=True)
        )
        for key in CONTRACTS
    }
    assert states == {
        "qinglan": ["settled"] * 4 + ["issued"],
        "yuanzhou": ["settled"] * 4 + ["drafted"],
        "beiling": [],
    }
    decided = Appeal.objects.values_list("statement__scope__key", "decision", "change")
    assert sorted(decided) == [(key, "partly", {"quantity": "0.5"}) for key in ("qinglan", "yuanzhou")]
    signed = Statement.objects.filter(state="settled").values_list("signatures__side", flat=True)
    assert sorted(signed) == ["client"] * 8 + ["provider"] * 8
