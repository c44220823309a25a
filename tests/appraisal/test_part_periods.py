"""Periods that a contract covers in part: it ends, or rests for a while; what is paid for them, and what is said."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from tests.appraisal.statements_world import World, agree

from yunheng.appraisal.part_periods import part_days_of
from yunheng.appraisal.score_words import ScoreWords
from yunheng.appraisal.scored_period import read_scored_period
from yunheng.appraisal.statements.actions import draft_statement
from yunheng.appraisal.statements.drafts import drafted
from yunheng.appraisal.study import study_scope
from yunheng.contracts.models import Contract
from yunheng.logic.score import PartDays

FIRST_OF_YEAR = datetime(2025, 12, 31, 16, tzinfo=UTC)
END_OF_YEAR = datetime(2026, 12, 31, 16, tzinfo=UTC)


def midnight(day: int) -> datetime:
    """When a day of April 2026 begins in Shanghai."""
    return datetime(2026, 4, day - 1, 16, tzinfo=UTC) if day > 1 else datetime(2026, 3, 31, 16, tzinfo=UTC)


def part_days(world: World, period: str) -> tuple[PartDays, ...]:
    contract = Contract.objects.select_related("scope").get(pk=world.ground.contract.pk)
    study = study_scope(contract, now=world.at)
    found = read_scored_period(period)
    return part_days_of(study, study.terms_at(int(midnight(2).timestamp())), found)


def test_a_month_in_force_from_the_first_to_the_last_day_has_none(world: World) -> None:
    assert part_days(world, "2026-04") == ()


@pytest.mark.parametrize(("rule", "payable"), [("by_days", "50000.00"), ("whole", "100000.00")])
def test_a_contract_that_ends_in_the_middle_of_a_month(world: World, rule: str, payable: str) -> None:
    agree(world.ground, span={"valid_from": FIRST_OF_YEAR, "valid_to": midnight(16)}, part_period=rule)
    fee = Decimal("100000.00")
    assert part_days(world, "2026-04") == (PartDays("2026-04", fee, 15, 30, rule == "whole"),)
    # of a quarter that months are paid for: what is left of April, and nothing of May and June
    assert [(one.period, one.covered, one.days) for one in part_days(world, "2026-Q2")] == [
        ("2026-04", 15, 30),
        ("2026-05", 0, 31),
        ("2026-06", 0, 30),
    ]
    statement = draft_statement(world.client, "acme", "2026-04", recorded_at=world.at)
    found = drafted(world.again(statement), now=world.at)
    assert found.settled is not None
    assert (found.settled.fee, found.settled.payable) == (fee, Decimal(payable))
    lines = [one.text for one in ScoreWords(found.rules).line(found.settled.tree).parts]
    how = "paid by days" if rule == "by_days" else "and the fee is paid whole"
    assert f"2026-04: the contract covers 15 of 30 days, {how}"[:52] in lines[1]
    assert lines[1].endswith(how)


def test_a_contract_that_rests_for_a_while_and_a_day_that_it_begins_in(world: World) -> None:
    agree(world.ground, span={"valid_from": FIRST_OF_YEAR, "valid_to": midnight(11)})
    noon = midnight(20).replace(hour=22)  # 06:00 on the 20th in Shanghai
    agree(world.ground, span={"valid_from": noon, "valid_to": END_OF_YEAR})
    (april,) = part_days(world, "2026-04")
    assert (april.covered, april.days, april.is_whole) == (21, 30, True)


def test_without_a_fee_there_is_nothing_to_share(world: World) -> None:
    agree(world.ground, span={"valid_from": FIRST_OF_YEAR, "valid_to": midnight(16)}, fee=None)
    assert part_days(world, "2026-04") == ()
