"""Reports that were issued elsewhere, before the contract was kept here, count by when they were issued there."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from yunheng.accounts.actions import create_person, grant_membership
from yunheng.accounts.queries import organisation_by_key, viewer_for_person
from yunheng.appraisal.queries import figures, items
from yunheng.contracts.actions import apply_contract
from yunheng.contracts.models import Contract
from yunheng.demo.packs import document
from yunheng.foundation.access import SYSTEM_VIEWER, Viewer
from yunheng.foundation.actor import SYSTEM
from yunheng.foundation.journal import EntryDraft, record
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Forbidden, Invalid
from yunheng.foundation.sealing import seal
from yunheng.imports.issued import Taken, import_issued
from yunheng.imports.source import SourceError
from yunheng.reports.actions import IssuedElsewhere, take_over_issues

KEY = "qinglan"


def at(month: int, day: int, hour: int = 2) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


#: April's report is due at the end of the fifth working day (Monday to Saturday, and 1 to 5 May are free): 11 May 2026.
IN_TIME = IssuedElsewhere("2026-04", at(5, 9))
MAY: dict[str, Any] = {"start": date(2026, 5, 1), "end": date(2026, 5, 31)}


@pytest.fixture
def contract(db: None) -> Contract:
    """A contract in force since November that came here on 10 June."""
    return apply_contract(viewer=SYSTEM_VIEWER, at=at(6, 10), data=document(KEY, date(2025, 11, 1))).contract


def viewer(contract: Contract, role: str, organisation: str = "yunlan") -> Viewer:
    person = create_person(
        viewer=SYSTEM_VIEWER, login=role, name=role, organisation=organisation_by_key(organisation)
    )
    grant_membership(viewer=SYSTEM_VIEWER, person=person, role=role, scope=contract.scope)
    return viewer_for_person(person)


def on_time(contract: Contract, **more: Any) -> tuple[int, int]:
    (row,) = figures(contract, **MAY, keys=["report_on_time"], **more).rows
    return row.numerator, row.denominator


def told(contract: Contract, entry_type: str, when: datetime) -> None:
    """An entry of a report of April that was made here."""
    record(
        EntryDraft(
            scope_id=contract.pk,
            scope_key=KEY,
            subject_id=contract.subject_id,
            subject_number="QINGLAN-RPT-20260612-0001",
            type=entry_type,
            occurred_at=when,
            actor=SYSTEM,
            source="server",
            shared={"kind": "monthly", "period": "2026-04"},
        ),
        recorded_at=when,
    )


def test_what_was_issued_elsewhere_counts_and_the_same_again_changes_nothing(contract: Contract) -> None:
    manager = viewer(contract, "service_manager")
    seal()
    assert on_time(contract) == (0, 0)  # nobody knows, so it is not counted
    assert take_over_issues(manager, KEY, [IN_TIME], recorded_at=at(6, 11)) == 1
    assert take_over_issues(manager, KEY, [IN_TIME, IN_TIME], recorded_at=at(6, 12)) == 0
    entry = Entry.objects.select_related("body").get(type="report.observed")
    assert (entry.source, entry.occurred_at, entry.recorded_at) == ("import", at(5, 9), at(6, 11))
    assert entry.body.shared == {"kind": "monthly", "period": "2026-04", "is_returned": False}
    assert on_time(contract) == (1, 1)
    (item,), _following = items(contract, key="report_on_time", **MAY)
    assert (item.number, item.part) == ("", "hit")
    assert item.title.count("·") == 2  # kind, month, and that it was elsewhere
    size = seal().heads[-1].size
    assert on_time(contract, position=size - 1) == (0, 0)
    assert on_time(contract, position=size) == (1, 1)


@pytest.mark.parametrize(
    "issue",
    [IssuedElsewhere("2026-04", at(5, 12)), IssuedElsewhere("2026-04", at(5, 9), is_returned=True)],
    ids=["after its term", "sent back"],
)
def test_late_and_returned_is_late(contract: Contract, issue: IssuedElsewhere) -> None:
    take_over_issues(SYSTEM_VIEWER, KEY, [issue])
    assert on_time(contract) == (0, 1)


def test_making_the_same_month_here_later_does_not_make_it_late(contract: Contract) -> None:
    told(contract, "report.issued", at(6, 12))
    assert on_time(contract) == (0, 1)  # as long as nobody says that it was issued elsewhere
    take_over_issues(SYSTEM_VIEWER, KEY, [IN_TIME])
    assert on_time(contract) == (1, 1)
    told(contract, "report.returned", at(6, 13))
    assert on_time(contract) == (1, 1)


@pytest.mark.parametrize(
    "issue",
    [
        IssuedElsewhere("2026-04", at(4, 29)),
        IssuedElsewhere("2026-04", datetime(2199, 1, 1, tzinfo=UTC)),
        IssuedElsewhere("2019-04", at(5, 9)),
        IssuedElsewhere("April", at(5, 9)),
        IssuedElsewhere("2026-04", at(5, 9), kind="fault"),
        IssuedElsewhere("2026-04", at(5, 9), kind="ledger"),
        IssuedElsewhere("2026-04", at(5, 10)),
        IssuedElsewhere("2026-06", at(7, 2)),  # due after the contract came: a miss is not mended by a claim
    ],
    ids=[
        "in its month",
        "to come",
        "before the contract",
        "no month",
        "fault",
        "no term",
        "other",
        "due here",
    ],
)
def test_what_cannot_be_is_refused_with_all_the_others(contract: Contract, issue: IssuedElsewhere) -> None:
    with pytest.raises(Invalid) as refused:
        take_over_issues(SYSTEM_VIEWER, KEY, [IN_TIME, issue])
    assert set(refused.value.fields) == {"1"}
    assert not Entry.objects.filter(type="report.observed").exists()


def test_who_may_not_write_reports_may_not_take_them_over(contract: Contract) -> None:
    for role, organisation in (("contact", "qinglan-hospital"), ("engineer", "yunlan")):
        with pytest.raises(Forbidden):
            take_over_issues(viewer(contract, role, organisation), KEY, [IN_TIME])


def test_a_table_is_taken_over_whole_or_not_at_all(contract: Contract, tmp_path: Path) -> None:
    table = tmp_path / "reports.csv"
    table.write_text("period,issued,returned\n2026-04,2026-05-12 09:00,no\n2026-03,2026-04-02 10:00,是\n")
    assert import_issued(SYSTEM_VIEWER, contract, table, is_dry_run=True) == Taken(2, 2)
    assert not Entry.objects.filter(type="report.observed").exists()
    assert import_issued(SYSTEM_VIEWER, contract, table) == Taken(2, 2)
    assert import_issued(SYSTEM_VIEWER, contract, table) == Taken(2, 0)
    assert on_time(contract) == (0, 1)
    said = Entry.objects.filter(type="report.observed").order_by("id").first()
    assert said is not None
    assert said.occurred_at == at(5, 12, 1)  # 09:00 by the contract's clock


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("month,issued\n2026-04,2026-05-09 10:00\n", "period"),
        ("period,issued\n2026-04,2026-05-09 10:00\n2026-03,soon\n", "row 2"),
        ("period,issued\n2026-04,2026-05-09 10:00\n2026-05,2026-05-09 10:00\n", "row 2"),
        ("period,issued,returned\n2026-04,2026-05-09 10:00,maybe\n", "row 1"),
    ],
    ids=["a column lacks", "no instant", "before its end", "neither yes nor no"],
)
def test_a_faulty_table_names_what_is_wrong(contract: Contract, tmp_path: Path, text: str, what: str) -> None:
    table = tmp_path / "reports.csv"
    table.write_text(text)
    with translation.override("en"), pytest.raises(SourceError, match=what):
        import_issued(SYSTEM_VIEWER, contract, table)
    assert not Entry.objects.filter(type="report.observed").exists()
