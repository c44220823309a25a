"""A statement from its draft to its settlement: what each step does, and what it refuses."""

from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from tests.appraisal.statements_world import IN_MAY, World, make_world
from tests.undoing import undone

from yunheng.appraisal.models import Statement
from yunheng.appraisal.statements.actions import (
    settle_statement,
)
from yunheng.appraisal.statements.queries import frozen_bytes, frozen_of, history_of
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.logic.score import results_from_plain, scheme_of, score


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One contract that is appraised; tests take `world`."""
    with django_db_blocker.unblock(), undone():
        yield make_world()


@pytest.fixture
def world(built: World) -> Iterator[World]:
    with undone():
        yield deepcopy(built)


def types(statement: Statement) -> list[str]:
    return [line.type.removeprefix("appraisal.") for line in history_of(SYSTEM_VIEWER, statement)]


def test_from_draft_to_settlement(world: World) -> None:
    statement = world.locked()
    # 38 of 40 for one late ticket, 27 of 30 for 90 %, 0.6 × 24 + 0.4 × 30 = 26.4 for the marks
    assert (statement.state, statement.value, statement.grade) == ("locked", Decimal("91.4"), "good")
    assert (statement.fee, statement.payable, statement.currency) == (100000, 100000, "CNY")
    settle_statement(world.provider, statement.number, statement.row_version, recorded_at=world.at)
    statement = world.again(statement)
    assert (statement.state, statement.settled_by) == ("settled", "service_manager of acme")
    assert types(statement) == [
        *("drafted", "value_entered", "marked", "marked", "none_happened", "none_happened"),
        *("issued", "accepted", "signed", "signed", "locked", "settled"),
    ]
    assert statement.number == "ACME-APR-20260506-0001"
    assert statement.issued_at == IN_MAY


def test_what_is_frozen_scores_the_same_again(world: World) -> None:
    statement = world.issued(late=2)
    content = frozen_of(statement)
    found = score(scheme_of(content["rules"]["scheme"]), results_from_plain(content["results"]))
    assert f"{found.value:f}" == content["score"]["value"] == "89.4"
    assert statement.digest is not None
    from hashlib import sha256

    assert sha256(frozen_bytes(statement)).digest() == bytes(statement.digest)
