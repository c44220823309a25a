"""The section `appraisal` in a contract: what is refused and where, what is kept, and what is said of a change."""

from decimal import Decimal

import pytest
from django.utils import translation
from tests.contracts.documents import changed, checked
from tests.contracts.test_scoring import SCORED

from yunheng.accounts.roles import ROLES
from yunheng.contracts.appraisal_section.agreement import AppraisalTerms, Fee
from yunheng.contracts.appraisal_section.compile import appraisal_of
from yunheng.contracts.appraisal_section.grammar import ESCALATION_ROLES, RATING_ROLES
from yunheng.contracts.appraisal_section.presentation import appraisal_lines
from yunheng.contracts.difference import differences
from yunheng.contracts.packs import contract_pack
from yunheng.contracts.problems import show_path
from yunheng.contracts.writing import document_of
from yunheng.logic.appraisal import Deadline

SETTLEMENT = SCORED[SCORED.index("  settlement:") :]
UNSETTLED = SCORED.replace(SETTLEMENT, "")
APPRAISED = (
    SCORED
    + """\
appraisal:
  calendar: office
  issue_within: 10 working days
  appeal: {within: 5 working days}
  arbitration: {within: 72 h}
  fee: {amount: 100000.50, per: month}
  contract_value: 1200006
  signing: [scan, passkey]
"""
)


def problems(document: str) -> dict[str, str]:
    """Errors of a document: path → code."""
    found = checked(document).problems
    return {show_path(problem.path): problem.code for problem in found if problem.severity == "error"}


def test_a_section_is_kept_compiled_and_written_again() -> None:
    found = checked(APPRAISED)
    assert found.problems == ()
    assert found.terms is not None
    stored = found.terms["appraisal"]
    assert appraisal_of(stored) == AppraisalTerms(
        calendar="office",
        issue_within=Deadline(working_days=10),
        appeal_within=Deadline(working_days=5),
        silence="accept",
        arbitration_within=Deadline(seconds=72 * 3600),
        fee=Fee(Decimal("100000.5"), "month"),
        contract_value=Decimal(1200006),
        signing=("passkey", "scan"),
    )
    again = checked(document_of(found.terms))
    assert again.terms is not None
    assert again.terms["appraisal"] == stored


def test_what_is_not_written_has_its_default() -> None:
    found = checked(UNSETTLED + "appraisal: {calendar: office}\n")
    assert found.terms is not None
    assert appraisal_of(found.terms["appraisal"]) == AppraisalTerms(calendar="office")
    without = checked(SCORED)
    assert without.terms is not None
    assert "appraisal" not in without.terms


@pytest.mark.parametrize(
    ("old", "new", "path", "code"),
    [
        ("calendar: office\n  issue", "calendar: offce\n  issue", "appraisal.calendar", "unknown_name"),
        ("  calendar: office\n  issue", "  issue", "appraisal", "missing_key"),
        ("100000.50", "100000.505", "appraisal.fee.amount", "appraisal_digits"),
        ("100000.50", "-5", "appraisal.fee.amount", "wrong_value"),
        ("per: month}\n  contract", "per: year}\n  contract", "appraisal.fee.per", "appraisal_fee"),
        ("  fee: {amount: 100000.50, per: month}\n", "", "appraisal", "appraisal_fee"),
        ("within: 5 working days}", "within: 5 days}", "appraisal.appeal.within", "ambiguous_day"),
        ("72 h}", "72 h, overdue: ignore}", "appraisal.arbitration.overdue", "not_a_choice"),
        (
            "72 h}",
            "72 h, overdue: stands, escalate_to: [contact]}",
            "appraisal.arbitration.escalate_to",
            "appraisal_escalation",
        ),
        ("[scan, passkey]", "[scan, seal]", "appraisal.signing[1]", "not_a_choice"),
        ("[scan, passkey]", "[scan]\n  raters: {users: [contact]}", "appraisal.raters.users", "unknown_name"),
    ],
)
def test_what_is_refused(old: str, new: str, path: str, code: str) -> None:
    assert problems(changed((old, new), document=APPRAISED)).get(path) == code


def test_a_fee_needs_money_and_the_contracts_value_where_points_are_deducted_from_it() -> None:
    assert problems(UNSETTLED + "appraisal: {calendar: office, fee: {amount: 5, per: month}}\n") == {
        "appraisal.fee": "appraisal_fee"
    }
    document = changed(
        ("percent: 2 %}", "percent: 2 %, of: contract_value}"),
        ("  contract_value: 1200006\n", ""),
        document=APPRAISED,
    )
    assert problems(document) == {"appraisal": "appraisal_value"}


def test_without_a_scheme_there_is_nothing_to_appraise() -> None:
    document = SCORED[: SCORED.index("scoring:")] + "appraisal: {calendar: office}\n"
    assert problems(document) == {"appraisal": "appraisal_scoring"}


def test_the_section_reads_as_sentences() -> None:
    found = checked(APPRAISED)
    assert found.terms is not None
    with translation.override("en"):
        lines = appraisal_lines(found.terms)
    assert lines == [
        "Terms count the working days of “office”.",
        "A period's statement is issued within 10 working days after its end.",
        "The provider accepts it or appeals within 5 working days after the issue.",
        "No answer in time counts as acceptance.",
        "Appeals are decided within 72 h.",
        "Without a decision by then, everybody who arbitrates is told.",
        "Fee: 100000.5 CNY for each month.",
        "A period that the contract covers in part is paid whole.",
        "Value of the contract: 1200006 CNY.",
        "Signed by: passkey, scan of the stamped paper.",
    ]


def test_what_follows_an_overdue_arbitration_and_how_part_periods_are_paid() -> None:
    found = checked(
        changed(
            ("within: 72 h}", "within: 72 h, overdue: escalate, escalate_to: [provider_admin, auditor]}"),
            ("per: month}\n", "per: month}\n  part_period: by_days\n"),
            document=APPRAISED,
        )
    )
    assert found.problems == ()
    assert found.terms is not None
    agreed = appraisal_of(found.terms["appraisal"])
    assert (agreed.overdue, agreed.escalate_to) == ("escalate", ("provider_admin", "auditor"))
    assert agreed.part_period == "by_days"
    again = checked(document_of(found.terms))
    assert again.terms is not None
    assert again.terms["appraisal"] == found.terms["appraisal"]
    with translation.override("en"):
        lines = appraisal_lines(found.terms)
    assert "A period that the contract covers in part is paid by its days." in lines
    assert any(line.startswith("Without a decision by then, it is escalated to:") for line in lines)


def test_the_roles_of_an_escalation_read_statements() -> None:
    assert set(ESCALATION_ROLES) == {
        key for key, role in ROLES.items() if "appraisal.view" in role.permissions
    }


def test_a_change_is_told_value_by_value() -> None:
    before, after = (
        checked(APPRAISED),
        checked(changed(("5 working days", "7 working days"), document=APPRAISED)),
    )
    assert before.terms is not None
    assert after.terms is not None
    (found,) = differences(before.terms, after.terms)
    assert (found.section, found.before, found.after) == ("appraisal", "5 working days", "7 working days")


def test_the_roles_that_may_rate_are_those_with_the_permission() -> None:
    assert {role.key for role in ROLES.values() if "appraisal.rate" in role.permissions} == set(RATING_ROLES)


@pytest.mark.parametrize("key", ["qinglan", "beiling", "yuanzhou"])
def test_the_contracts_of_the_demonstration_agree_on_appraisal(key: str) -> None:
    from pathlib import Path

    import yunheng

    document = (Path(yunheng.__file__).parent / "packs" / "demo" / f"{key}.yaml").read_text(encoding="utf-8")
    found = checked(document)
    assert [problem for problem in found.problems if problem.severity == "error"] == []
    assert found.terms is not None
    assert found.terms["appraisal"]["calendar"]


def test_a_standard_contract_says_nothing_of_it() -> None:
    assert b"appraisal" not in contract_pack("standard")
