"""After the lock: reversing statements, longer periods, rectification, and what locked periods protect."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.appraisal.statements_world import IN_MAY, World

from yunheng.appraisal.models import Statement
from yunheng.appraisal.statements.actions import (
    Claim,
    accept_statement,
    appeal,
    close_arbitration,
    draft_statement,
    enter_value,
    issue_statement,
    order_rectification,
    report_rectification,
    reverse_statement,
    send_rectification_back,
    settle_statement,
    sweep,
    verify_rectification,
    vote,
    withdraw_input,
    withdraw_rectification,
)
from yunheng.appraisal.statements.editions import earlier_editions
from yunheng.appraisal.statements.queries import (
    difference_of,
    frozen_of,
    history_of,
    plain_difference_of,
    statement_page,
)
from yunheng.contracts.backdating import locked_by, require_unlocked
from yunheng.desk.awaited import awaited_by
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid, Refusal
from yunheng.notify.models import Delivery

# --- reversing ------------------------------------------------------------------------------------------------------


def signed_anew(world: World, statement: Statement) -> Statement:
    """Issue, accept and sign a draft."""
    issue_statement(world.client, statement.number, world.again(statement).row_version, recorded_at=world.at)
    accept_statement(
        world.provider, statement.number, world.again(statement).row_version, recorded_at=world.at
    )
    world.sign(world.client, statement)
    world.sign(world.provider, statement)
    return world.again(statement)


def test_a_reversing_statement_takes_the_place_of_the_one_before(world: World) -> None:
    first = world.locked(late=5)
    settle_statement(world.client, first.number, first.row_version, recorded_at=world.at)
    world.later(days=3)
    with pytest.raises(Invalid):
        reverse_statement(world.client, first.number, " ", recorded_at=world.at)
    second = reverse_statement(
        world.client, first.number, "The machine rooms were tidy.", recorded_at=world.at
    )
    assert (second.edition, second.period, second.state) == (2, "2026-04", "drafted")
    assert world.again(first).state == "settled"
    with pytest.raises(Conflict):
        reverse_statement(world.client, first.number, "Once more.", recorded_at=world.at)
    # what was entered came along, and is withdrawn and entered anew where it was wrong
    assert second.inputs.count() == first.inputs.count() == 5
    tidy = second.inputs.get(key="tidy")
    withdraw_input(world.client, second.number, tidy.uuid, "It was 100.", recorded_at=world.at)
    enter_value(world.client, second.number, "tidy", "100", recorded_at=world.at)
    second = signed_anew(world, second)
    assert (world.again(first).state, second.state) == ("replaced", "locked")
    assert second.value == Decimal("86.4")
    assert plain_difference_of(second) == {"score": "3", "money": "0", "settled": "95000"}
    settled = settle_statement(world.client, second.number, second.row_version, recorded_at=world.at)
    (last,) = history_of(SYSTEM_VIEWER, settled)[-1:]
    assert (last.data["due"], last.data["difference"]) == ("0", plain_difference_of(second))
    assert [line.type for line in history_of(SYSTEM_VIEWER, first)][-2:] == [
        "appraisal.reversal_drafted",
        "appraisal.reversed",
    ]
    content = frozen_of(second)
    assert (content["edition"], content["reverses"]) == (2, first.number)
    view = statement_page(world.client, world.again(first), now=world.at)
    assert view.reversed_by is not None
    assert view.reversed_by.number == second.number


def test_money_that_was_not_settled_is_open_in_full(world: World) -> None:
    first = world.locked(late=5)
    second = signed_anew(
        world, reverse_statement(world.client, first.number, "A typo.", recorded_at=world.at)
    )
    found = difference_of(second)
    assert found is not None
    assert (found.score, found.money) == (Decimal(0), Decimal(95000))


def corrected(world: World, older: Statement, tidy: str) -> Statement:
    """A statement signed by both that reverses one, with another value entered."""
    draft = reverse_statement(world.client, older.number, "Counted again.", recorded_at=world.later(hours=1))
    row = draft.inputs.get(key="tidy", withdrawn_at=None)
    withdraw_input(world.client, draft.number, row.uuid, "Counted again.", recorded_at=world.at)
    enter_value(world.client, draft.number, "tidy", tidy, recorded_at=world.at)
    return signed_anew(world, draft)


def test_what_is_settled_of_a_period_sums_to_what_is_payable_at_last(world: World) -> None:
    """The second correction is never settled: the third one's difference is to what was settled, not to it."""
    settled = []

    def settle(statement: Statement) -> None:
        settle_statement(world.client, statement.number, statement.row_version, recorded_at=world.at)
        settled.append(Decimal(history_of(SYSTEM_VIEWER, statement)[-1].data["due"]))

    first = world.locked(late=1)
    settle(first)
    second = corrected(world, first, "50")
    assert plain_difference_of(second) == {"score": "-12", "money": "-20000", "settled": "100000"}
    third = corrected(world, second, "60")
    assert plain_difference_of(third) == {"score": "3", "money": "-5000", "settled": "100000"}
    settle(third)
    fourth = corrected(world, third, "90")
    assert plain_difference_of(fourth) == {"score": "9", "money": "5000", "settled": "95000"}
    settle(fourth)
    assert settled == [100_000, -5_000, 5_000]
    assert sum(settled) == fourth.payable
    assert [one.number for one in earlier_editions(fourth)] == [third.number, second.number, first.number]


def test_decisions_hold_on_in_the_statement_that_reverses(world: World) -> None:
    statement = world.issued(late=1)
    key = frozen_of(statement)["results"]["events"][0]["key"]
    (row,) = appeal(
        world.provider,
        statement.number,
        statement.row_version,
        [Claim("lateness", "a", "b", key)],
        recorded_at=world.at,
    )
    for viewer in (world.client, world.provider):
        vote(viewer, statement.number, row.uuid, "upheld", {"drop": True}, "Yes.", recorded_at=world.at)
    close_arbitration(world.client, statement.number, recorded_at=world.at)
    world.sign(world.client, statement)
    world.sign(world.provider, statement)
    second = reverse_statement(world.provider, statement.number, "A typo.", recorded_at=world.at)
    assert second.value == Decimal("93.4")


def test_only_what_is_locked_is_reversed(world: World) -> None:
    statement = world.accepted()
    with pytest.raises(Conflict) as refused:
        reverse_statement(world.client, statement.number, "Too early.", recorded_at=world.at)
    assert refused.value.code == "wrong_state"
    world.sign(world.client, statement)
    world.sign(world.provider, statement)
    with pytest.raises(Forbidden):
        reverse_statement(world.viewer("auditor"), statement.number, "Not theirs.", recorded_at=world.at)


# --- longer periods -------------------------------------------------------------------------------------------------


def test_a_quarter_is_made_of_signed_months(world: World) -> None:
    world.at = datetime(2026, 7, 8, 2, 0, tzinfo=UTC)
    april, may = world.locked("2026-04", late=1), world.locked("2026-05", late=0)
    quarter = draft_statement(world.client, "acme", "2026-Q2", recorded_at=world.at)
    assert quarter.value == Decimal("92.4")  # the mean of 91.4 and 93.4 so far
    with pytest.raises(Invalid) as refused:
        issue_statement(world.client, quarter.number, quarter.row_version, recorded_at=world.at)
    assert refused.value.fields == {"statements": ["June 2026 has no statement signed by both sides yet."]}
    with pytest.raises(Invalid):
        enter_value(world.client, quarter.number, "tidy", "100", recorded_at=world.at)
    june = world.locked("2026-06", late=0)
    quarter = issue_statement(world.client, quarter.number, quarter.row_version, recorded_at=world.at)
    content = frozen_of(world.again(quarter))
    assert (quarter.value, content["score"]["value"]) == (Decimal("92.7"), "92.7")
    assert [one["statement"] for one in content["rollup"]["of"]] == [april.number, may.number, june.number]
    assert content["rollup"]["of"][0]["digest"] == bytes(april.digest or b"").hex()
    assert (content["results"], content["settlement"]) == (None, None)
    with pytest.raises(Invalid) as contest:
        appeal(
            world.provider,
            quarter.number,
            quarter.row_version,
            [Claim("tidy", "a", "b")],
            recorded_at=world.at,
        )
    assert "made of signed statements" in contest.value.message
    accept_statement(world.provider, quarter.number, world.again(quarter).row_version, recorded_at=world.at)
    world.sign(world.client, quarter)
    world.sign(world.provider, quarter)
    quarter = world.again(quarter)
    with pytest.raises(Invalid) as money:
        settle_statement(world.client, quarter.number, quarter.row_version, recorded_at=world.at)
    assert money.value.code == "nothing_to_settle"
    waiting = {row.number for kind in awaited_by(world.client, now=world.at) for row in kind.rows}
    assert june.number in waiting and quarter.number not in waiting


# --- locked periods -------------------------------------------------------------------------------------------------


def test_no_version_reaches_back_over_a_locked_period(world: World) -> None:
    contract = world.ground.contract
    april, may = datetime(2026, 3, 31, 16, 0, tzinfo=UTC), datetime(2026, 4, 30, 16, 0, tzinfo=UTC)
    assert locked_by(contract, april) == ""
    statement = world.locked()
    with pytest.raises(Refusal) as refused:
        require_unlocked(contract, april)
    assert refused.value.code == "period_locked"
    assert statement.number in refused.value.message
    assert locked_by(contract, may - timedelta(seconds=1)) != ""
    assert locked_by(contract, may) == ""


# --- rectification --------------------------------------------------------------------------------------------------

DUE = IN_MAY + timedelta(days=10)


def test_a_rectification_order_from_order_to_verification(world: World) -> None:
    statement = world.issued(late=5)
    order = order_rectification(
        world.viewer("appraiser"),
        statement.number,
        "Keep the machine rooms tidy.",
        DUE,
        item="tidy",
        trigger="twice",
        recorded_at=world.at,
    )
    assert order.number == "ACME-RCT-20260506-0001"
    with pytest.raises(Forbidden):
        report_rectification(world.client, order.number, order.row_version, "Done.", recorded_at=world.at)
    order = report_rectification(
        world.provider, order.number, order.row_version, "Done.", recorded_at=world.at
    )
    with pytest.raises(Forbidden):
        verify_rectification(world.provider, order.number, order.row_version, recorded_at=world.at)
    order = send_rectification_back(
        world.client, order.number, order.row_version, "Room 3 is not.", recorded_at=world.at
    )
    assert (order.state, order.answer) == ("ordered", "Room 3 is not.")
    late = DUE + timedelta(days=1)
    order = report_rectification(
        world.provider, order.number, order.row_version, "Room 3, too.", recorded_at=late
    )
    order = verify_rectification(world.client, order.number, order.row_version, "Seen.", recorded_at=late)
    assert (order.state, order.verified_by) == ("verified", "contact of acme")
    lines = history_of(SYSTEM_VIEWER, order)
    assert [line.type.removeprefix("rectification.") for line in lines] == [
        *("ordered", "reported", "sent_back", "reported", "verified"),
    ]
    assert [line.data.get("is_late") for line in lines if line.type.endswith("reported")] == [False, True]


def test_orders_that_are_refused(world: World) -> None:
    draft = world.drafted(late=0)
    with pytest.raises(Conflict):
        order_rectification(world.client, draft.number, "Mend it.", DUE, recorded_at=world.at)
    statement = world.entered(draft)
    issue_statement(world.client, statement.number, statement.row_version, recorded_at=world.at)
    for asked, field in (
        ({"what": " "}, "what"),
        ({"due_at": world.at}, "due_at"),
        ({"due_at": DUE.replace(tzinfo=None)}, "due_at"),
        ({"item": "nothing"}, "item"),
        ({"trigger": "nothing"}, "trigger"),
    ):
        said = {"what": "Mend it.", "due_at": DUE} | asked
        with pytest.raises(Invalid) as refused:
            order_rectification(world.client, statement.number, **said, recorded_at=world.at)  # type: ignore[arg-type]
        assert set(refused.value.fields) == {field}
    with pytest.raises(Forbidden):
        order_rectification(world.provider, statement.number, "Mend it.", DUE, recorded_at=world.at)
    order = order_rectification(world.client, statement.number, "Mend it.", DUE, recorded_at=world.at)
    with pytest.raises(Conflict):
        verify_rectification(world.client, order.number, order.row_version, recorded_at=world.at)
    withdrawn = withdraw_rectification(
        world.client, order.number, order.row_version, "By mistake.", recorded_at=world.at
    )
    assert withdrawn.state == "withdrawn"


def test_orders_are_reminded_of(world: World) -> None:
    statement = world.accepted()
    order = order_rectification(world.client, statement.number, "Mend it.", DUE, recorded_at=world.at)
    before = Delivery.objects.filter(event="rectification").count()
    assert sweep(DUE - timedelta(days=3)) == 0
    assert sweep(DUE - timedelta(days=1)) == 1
    assert sweep(DUE - timedelta(hours=1)) == 0
    assert sweep(DUE + timedelta(minutes=1)) == 1
    assert sweep(DUE + timedelta(days=1)) == 0
    mails = Delivery.objects.filter(event="rectification", subject__contains=order.number)
    assert mails.count() - before == 4  # two people, twice
