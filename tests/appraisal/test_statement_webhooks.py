"""Webhooks about statements and rectification orders: what both sides share, once, and nobody's name."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.appraisal.statements_world import World

from yunheng.appraisal import jobs
from yunheng.appraisal.announcing import ANNOUNCED
from yunheng.appraisal.statements.actions import order_rectification
from yunheng.appraisal.statements.queries import history_of
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.refusals import Invalid
from yunheng.notify.actions import FAMILIES, create_webhook
from yunheng.notify.models import Delivery, Webhook


def hook(world: World, *events: str) -> Webhook:
    return create_webhook(
        viewer=SYSTEM_VIEWER,
        scope=world.ground.contract.scope,
        name="ERP",
        url="http://127.0.0.1:1/",
        events=list(events),
    )


@pytest.fixture(autouse=True)
def allowed(settings: Any) -> None:
    settings.WEBHOOK_HOSTS = frozenset({"127.0.0.1:1"})


def test_a_webhook_hears_each_step_of_a_statement_once(world: World) -> None:
    here = hook(world, "appraisal.*")
    statement = world.locked(late=1)
    jobs.announce_waiting()
    jobs.announce_waiting()
    rows = list(Delivery.objects.filter(webhook=here).order_by("pk"))
    told = [line.type for line in history_of(SYSTEM_VIEWER, statement)]
    assert [row.event for row in rows] == told
    bodies = {row.event: json.loads(row.body)["data"] for row in rows}
    locked = bodies["appraisal.locked"]
    assert locked["contract"] == "acme"
    assert locked["statement"] == {
        "number": statement.number,
        "kind": "month",
        "period": "2026-04",
        "edition": 1,
        "state": "locked",
        "value": "91.4",
        "grade": "good",
        "payable": "100000.00",
        "currency": "CNY",
        "digest": bytes(statement.digest or b"").hex(),
    }
    assert bodies["appraisal.signed"]["entry"]["side"] in ("client", "provider")
    for row in rows:
        assert "of acme" not in row.body and "Users' council" not in row.body  # people, and a rater's name


def test_orders_are_a_family_of_their_own(world: World) -> None:
    here = hook(world, "rectification.*", "appraisal.issued")
    statement = world.issued(late=5)
    order = order_rectification(
        world.client, statement.number, "Be on time.", world.at + timedelta(days=9), recorded_at=world.at
    )
    jobs.announce_waiting()
    rows = {row.event: json.loads(row.body)["data"] for row in Delivery.objects.filter(webhook=here)}
    assert set(rows) == {"appraisal.issued", "rectification.ordered"}
    ordered = rows["rectification.ordered"]
    assert (ordered["statement"]["number"], ordered["rectification"]["number"]) == (
        statement.number,
        order.number,
    )
    assert ordered["rectification"]["state"] == "ordered"


def test_families_are_those_that_something_is_announced_of(world: World) -> None:
    assert {kind.partition(".")[0] for kind in ANNOUNCED} <= set(FAMILIES)
    with pytest.raises(Invalid):
        hook(world, "statement.*")
