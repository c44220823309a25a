"""Applying: immutable versions in order, what an amendment may change, who is asked, and which terms hold when."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from tests.contracts.documents import SMALL, changed

from yunheng.accounts.models import Organisation
from yunheng.accounts.roles import ROLE_PERMISSIONS
from yunheng.contracts.actions import Applied, ContractFaulty, apply_contract, refresh_calendars
from yunheng.contracts.models import CalendarVersion, Contract, ContractVersion
from yunheng.contracts.packs import contract_pack, contract_packs, newest_processes
from yunheng.contracts.queries import (
    access_contract,
    contracts_visible_to,
    terms_at,
    terms_of_version,
    version_at,
)
from yunheng.foundation.access import SYSTEM_VIEWER, Viewer
from yunheng.foundation.actor import Actor
from yunheng.foundation.journal import EntryDraft, record, verify_entry
from yunheng.foundation.models import Entry, Scope
from yunheng.foundation.refusals import Forbidden, NotFound, Refusal
from yunheng.logic.worktime import OpenTime

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)


def apply(
    document: str | bytes = SMALL, *, at: datetime = NOW, viewer: Viewer = SYSTEM_VIEWER, accepted: str = ""
) -> Applied:
    data = document.encode() if isinstance(document, str) else document
    return apply_contract(
        viewer=viewer, at=at, data=data, processes=newest_processes(), accepted_by_both=accepted
    )


def amended(day: str, *replacements: tuple[str, str]) -> str:
    return changed(("zone: Asia/Shanghai", f"effective: {day}\nzone: Asia/Shanghai"), *replacements)


def refused(document: str, *, at: datetime = NOW, accepted: str = "") -> str:
    """The code with which a document is refused; nothing may be left behind."""
    before = (ContractVersion.objects.count(), Entry.objects.count(), Organisation.objects.count())
    with pytest.raises(Refusal) as refusal, transaction.atomic():
        apply(document, at=at, accepted=accepted)
    assert (ContractVersion.objects.count(), Entry.objects.count(), Organisation.objects.count()) == before
    assert refusal.value.message
    return refusal.value.code


def person(role: str, scope_id: int | None) -> Viewer:
    return Viewer(
        actor=Actor("person", "u-1", "Alice"), grants=frozenset({(role, scope_id)}), roles=ROLE_PERMISSIONS
    )


def open_ticket(scope_id: int, at: datetime) -> None:
    """Work in the scope: an entry of some subject."""
    record(
        EntryDraft(
            scope_id=scope_id, scope_key="acme", subject_id=10**12, subject_number="ACME-INC-1",
            type="ticket.opened", occurred_at=at, actor=SYSTEM_VIEWER.actor, source="server", shared={},
        )
    )  # fmt: skip


def test_first_version_creates_scope_parties_calendars_and_an_entry() -> None:
    applied = apply()
    scope = Scope.objects.get(key="acme")
    assert (scope.zone, scope.name) == ("Asia/Shanghai", "测试合同")
    assert {(o.key, o.kind) for o in Organisation.objects.filter(key__in=["prov", "cli", "sup"])} == {
        ("prov", "provider"), ("cli", "client"), ("sup", "supplier"),
    }  # fmt: skip
    version = applied.version
    assert (version.number, version.document) == (1, SMALL)
    assert version.valid_from == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert version.valid_to == datetime(2026, 12, 31, 16, tzinfo=UTC)
    entry = Entry.objects.get(pk=applied.entry_id)
    assert (entry.type, entry.subject_id, entry.subject_number) == (
        "contract.applied",
        applied.contract.subject_id,
        "ACME",
    )
    assert entry.body.shared["terms_sha256"] == bytes(version.digest).hex()
    assert entry.body.shared["calendars"].keys() == {"office", "always"}
    assert verify_entry(entry, entry.body, "acme") == []


def test_calendars_are_stored_with_every_date_and_edition() -> None:
    version = apply().version
    office = CalendarVersion.objects.get(contract_version=version, key="office")
    assert "2026-02-17" in office.rules["holidays"]
    assert office.rules["makeup"]["2026-02-14"] == 0
    assert office.rules["holidays_edition"].startswith("holidays ")
    assert office.tzdata[:2] == "20"
    time = OpenTime.from_document(office.open_time)
    assert time.provisional, "years after the last notice are provisional"
    assert not time.is_provisional(int(NOW.timestamp()), int(NOW.timestamp()) + 86_400)
    assert office.provisional_years == []


@pytest.mark.parametrize("name", contract_packs())
def test_every_pack_can_be_applied(name: str) -> None:
    applied = apply(contract_pack(name))
    terms = terms_of_version(applied.version.pk)
    assert terms.key == name
    assert terms.calendars.keys() == {calendar.key for calendar in applied.version.calendars.all()}
    assert all(
        goal.calendar in terms.calendars for clock in terms.clocks.values() for goal in clock.goals.values()
    )


def test_terms_at_the_edges_of_validity() -> None:
    scope_id = apply().contract.pk
    first, end = datetime(2025, 12, 31, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC)
    second = timedelta(seconds=1)
    assert terms_at(scope_id, first - second) is None
    assert terms_at(scope_id, first) is not None
    assert terms_at(scope_id, end - second) is not None
    assert terms_at(scope_id, end) is None, "an expired contract gives no clock"
    assert terms_at(scope_id + 1, NOW) is None


def test_amendment_holds_from_its_day_on() -> None:
    scope_id = apply().contract.pk
    apply(amended("2026-04-15", ("respond: 30 min", "respond: 15 min")))
    edge = datetime(2026, 4, 14, 16, tzinfo=UTC)  # midnight in Shanghai
    before, after = terms_at(scope_id, edge - timedelta(seconds=1)), terms_at(scope_id, edge)
    assert before and after
    assert (before.number, before.clocks["respond"].goals["it|P1"].seconds) == (1, 1800)
    assert (after.number, after.clocks["respond"].goals["it|P1"].seconds) == (2, 900)
    last = Entry.objects.filter(type="contract.applied").latest("id")
    assert last.body.shared["changes"] == ["P1 respond: 30 min → 15 min"]


def test_later_recorded_version_overrules_one_that_has_not_begun() -> None:
    scope_id = apply().contract.pk
    apply(amended("2026-07-01", ("respond: 30 min", "respond: 20 min")))
    apply(amended("2026-06-01", ("respond: 30 min", "respond: 10 min")))
    numbers = [version_at(scope_id, datetime(2026, month, 15, tzinfo=UTC)) for month in (5, 6, 8)]
    assert [version and version.number for version in numbers] == [1, 3, 3]


def test_amendment_that_ends_the_contract_earlier_ends_it() -> None:
    scope_id = apply().contract.pk
    apply(amended("2026-04-01", ("to: 2027-01-01", "to: 2026-09-01")))
    assert terms_at(scope_id, datetime(2026, 8, 31, 15, tzinfo=UTC)) is not None
    assert terms_at(scope_id, datetime(2026, 8, 31, 16, tzinfo=UTC)) is None
    assert terms_at(scope_id, datetime(2026, 10, 1, tzinfo=UTC)) is None


def test_what_an_amendment_cannot_do() -> None:
    apply()
    assert refused(changed(("respond: 30 min", "respond: 15 min"))) == "effective_missing"
    assert refused(SMALL) == "nothing_changes"
    assert refused(amended("2026-04-15")) == "nothing_changes"
    assert refused("# only a comment\n" + amended("2026-04-15")) == "nothing_changes"
    assert refused(amended("2026-04-15", ("at_least: 90 %", "at_least: 95 %"))) == "mid_period"
    assert refused(amended("2026-04-15", ("{key: cli,", "{key: other,"))) == "party_changed"
    assert (
        refused(changed(("zone: Asia/Shanghai", "effective: 2026-04-15\nzone: Asia/Tokyo"))) == "zone_changed"
    )
    apply(amended("2026-04-01", ("at_least: 90 %", "at_least: 95 %")))


def test_a_new_title_is_shown_at_once() -> None:
    contract = apply().contract
    apply(amended("2026-04-15", ("测试合同", "新名称")))
    contract.refresh_from_db()
    assert (contract.title, Scope.objects.get(pk=contract.pk).name) == ("新名称", "新名称")
    assert terms_at(contract.pk, NOW).title["zh-Hans"] == "测试合同"  # type: ignore[union-attr]


def test_returning_to_earlier_terms_is_a_change() -> None:
    apply()
    apply(amended("2026-04-01", ("respond: 30 min", "respond: 15 min")))
    assert apply(amended("2026-05-01")).version.number == 3


def test_backdating_over_recorded_work_needs_both_parties() -> None:
    scope_id = apply().contract.pk
    document = amended("2026-03-01", ("respond: 30 min", "respond: 15 min"))
    open_ticket(scope_id, datetime(2026, 3, 5, tzinfo=UTC))
    assert refused(document) == "backdated"
    assert refused(document, accepted="   ") == "backdated"
    assert apply(document, accepted="minutes of 2026-03-09, signed by both").version.number == 2
    entry = Entry.objects.get(type="contract.backdating_accepted")
    assert entry.body.shared == {
        "effective": "2026-03-01",
        "accepted_by": ["prov", "cli"],
        "reason": "minutes of 2026-03-09, signed by both",
    }


def test_backdating_over_days_without_work_is_free() -> None:
    scope_id = apply().contract.pk
    open_ticket(scope_id, datetime(2026, 2, 20, tzinfo=UTC))
    assert apply(amended("2026-03-01", ("respond: 30 min", "respond: 15 min"))).version.number == 2
    assert not Entry.objects.filter(type="contract.backdating_accepted").exists()


def test_the_present_day_counts_as_past() -> None:
    scope_id = apply().contract.pk
    open_ticket(scope_id, NOW - timedelta(hours=1))
    assert refused(amended("2026-03-10", ("respond: 30 min", "respond: 15 min"))) == "backdated"
    assert apply(amended("2026-03-11", ("respond: 30 min", "respond: 15 min"))).version.number == 2


def test_faulty_document_leaves_nothing() -> None:
    with pytest.raises(ContractFaulty) as refusal:
        apply(changed(("8 h}", "1 day}")))
    assert [problem.code for problem in refusal.value.problems] == ["ambiguous_day"]
    assert not Contract.objects.exists()


def test_organisation_keeps_its_kind() -> None:
    apply()
    assert (
        refused(
            changed(("key: acme", "key: other"), ("{key: sup,", "{key: cli2,"), ("{key: cli,", "{key: sup,"))
        )
        == "party_kind"
    )
    apply(changed(("key: acme", "key: other")))
    assert Organisation.objects.filter(key="prov").count() == 1


@pytest.mark.parametrize("role", ["desk_agent", "engineer", "contact", "appraiser", "auditor", "requester"])
def test_only_managers_apply(role: str) -> None:
    scope_id = apply().contract.pk
    document = amended("2026-04-01", ("respond: 30 min", "respond: 15 min"))
    with pytest.raises(Forbidden), transaction.atomic():
        apply(document, viewer=person(role, scope_id))
    assert apply(document, viewer=person("service_manager", scope_id)).version.applied_by == "Alice"


def test_manager_of_one_contract_creates_no_other() -> None:
    scope_id = apply().contract.pk
    with pytest.raises(Forbidden), transaction.atomic():
        apply(changed(("key: acme", "key: other")), viewer=person("service_manager", scope_id))


def test_versions_and_calendars_cannot_be_changed() -> None:
    version = apply().version
    for queryset in (
        ContractVersion.objects.filter(pk=version.pk),
        CalendarVersion.objects.filter(contract_version=version),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            queryset.update(digest=b"")
        with pytest.raises(DatabaseError), transaction.atomic():
            queryset._raw_delete(queryset.db)


def test_others_do_not_see_a_contract() -> None:
    scope_id = apply().contract.pk
    other_id = apply(changed(("key: acme", "key: other"))).contract.pk
    viewer = person("contact", scope_id)
    assert access_contract(viewer, "acme").pk == scope_id
    assert [contract.pk for contract in contracts_visible_to(viewer)] == [scope_id]
    messages = []
    for key in ("other", "nowhere"):
        with pytest.raises(NotFound) as refusal:
            access_contract(viewer, key)
        messages.append(refusal.value.message.replace(key, "…"))
    assert messages[0] == messages[1]
    with pytest.raises(NotFound):
        access_contract(person("requester", scope_id), "acme")  # may see tickets, not the contract
    assert access_contract(person("contact", other_id), "other").pk == other_id


def test_published_holidays_make_new_versions_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    from yunheng.contracts import calendars, holidays_cn

    real = holidays_cn.china_days
    late = frozenset({2026})

    def before_the_notice(year: int) -> holidays_cn.ChinaYear:
        days = real(year)
        return holidays_cn.ChinaYear(year, days.holidays, frozenset(), False) if year in late else days

    monkeypatch.setattr(calendars, "china_days", before_the_notice)
    contract = apply().contract
    apply(amended("2026-07-01", ("respond: 30 min", "respond: 15 min")))
    assert [
        v.calendars.get(key="office").provisional_years for v in contract.versions.order_by("number")
    ] == [[2026]] * 2
    with pytest.raises(Refusal) as refusal, transaction.atomic():
        refresh_calendars(viewer=SYSTEM_VIEWER, at=NOW, contract=contract)
    assert refusal.value.code == "nothing_changes"

    monkeypatch.setattr(calendars, "china_days", real)
    fresh = refresh_calendars(viewer=SYSTEM_VIEWER, at=NOW, contract=contract)
    assert [version.number for version in fresh] == [3, 4]
    spring, autumn = (terms_at(contract.pk, datetime(2026, month, 10, tzinfo=UTC)) for month in (3, 9))
    assert spring and autumn
    assert [(t.number, t.clocks["respond"].goals["it|P1"].seconds) for t in (spring, autumn)] == [
        (3, 1800),
        (4, 900),
    ]
    saturday = int(datetime(2026, 2, 14, 2, tzinfo=UTC).timestamp())  # make-up workday
    assert spring.calendars["office"].is_open_at(saturday)
    assert not terms_of_version(contract.versions.get(number=1).pk).calendars["office"].is_open_at(saturday)
    assert Entry.objects.filter(type="contract.calendar_refreshed").count() == 2
