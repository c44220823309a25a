"""Numbers: unique, increasing, per scope, kind and day."""

import threading
from datetime import date

import pytest
from django.db import connection, transaction
from tests.foundation.ground import make_scope

from yunheng.foundation.numbering import format_number, next_number, reserve_numbers

DAY = date(2026, 4, 1)


def test_numbers_carry_scope_kind_and_day_and_count_up(scope):
    assert [next_number(scope, "INC", DAY) for _ in range(2)] == [
        "ACME-INC-20260401-0001",
        "ACME-INC-20260401-0002",
    ]
    assert next_number(scope, "REQ", DAY) == "ACME-REQ-20260401-0001"
    assert next_number(scope, "INC", date(2026, 4, 2)) == "ACME-INC-20260402-0001"
    assert next_number(make_scope("other"), "INC", DAY) == "OTHER-INC-20260401-0001"


def test_more_than_four_digits_grow(scope):
    assert format_number(scope, "INC", DAY, 12345) == "ACME-INC-20260401-12345"


def test_a_reservation_takes_blocks_that_nobody_else_gets(scope):
    other = date(2026, 4, 3)
    assert next_number(scope, "INC", DAY).endswith("-0001")
    assert reserve_numbers(scope, "INC", {other: 2, DAY: 3}) == {DAY: range(2, 5), other: range(1, 3)}
    assert next_number(scope, "INC", DAY).endswith("-0005")
    assert reserve_numbers(scope, "INC", {}) == {}
    with pytest.raises(ValueError, match="at least one"):
        reserve_numbers(scope, "INC", {DAY: 0})


def test_concurrent_takers_get_different_numbers(committed_db):
    scope, taken = make_scope(), []

    def take():
        for _ in range(10):
            with transaction.atomic():
                taken.append(next_number(scope, "INC", DAY))
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [format_number(scope, "INC", DAY, place) for place in range(1, 31)]
