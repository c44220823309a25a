"""Points left on a page, by the API and on a terminal: for the provider's people, and when it is told by mail."""

import html
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from tests.appraisal.test_points_left import NOW, TIERED, left
from tests.appraisal.test_scorecard import agree
from tests.appraisal.worked import work_months
from tests.desk.ground import Ground, make_ground

from yunheng.accounts.actions import create_token
from yunheng.appraisal.points_left import left_api, queries, views
from yunheng.appraisal.points_left.actions import warn_of_tiers
from yunheng.appraisal.points_left.document import document_of, lines_of
from yunheng.foundation.models import Entry, EntryBody
from yunheng.notify.models import Delivery

ADDRESS = "/contracts/acme/points-left"


@pytest.fixture
def ground(db: None, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """A contract with somebody in every role; pages see the present of `NOW`."""

    class Present(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return NOW.astimezone(tz)

    for module in (views, left_api):
        monkeypatch.setattr(module, "datetime", Present)
    queries._recent.clear()
    return make_ground()


def signed_in(ground: Ground, role: str, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    person = ground.people[role]
    person.language = language
    person.save()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text_of(client: Client) -> str:
    response = client.get(ADDRESS)
    assert response.status_code == 200, response.content[:2000]
    return html.unescape(response.content.decode())


def test_the_page_says_how_far_the_next_tier_is_and_how_it_may_end(ground: Ground) -> None:
    agree(ground, TIERED)
    work_months(ground, date(2026, 2, 2), NOW, per_day=4, late=0.02)
    text = text_of(signed_in(ground, "service_manager"))
    for wanted in (
        "How far the next tier is",
        "more late ticket",
        "Open tickets that decide it",
        "Forecast:",
        "<svg",
    ):
        assert wanted in text
    found = left(ground)
    for one in found.tickets:
        assert f"/tickets/{one.number}" in text


def test_a_page_without_history_says_why_there_is_no_forecast(ground: Ground) -> None:
    agree(ground, TIERED)
    work_months(ground, date(2026, 5, 4), NOW)
    text = text_of(signed_in(ground, "service_manager"))
    assert "No forecast: it takes two whole months" in text
    assert "Chance by the end" not in text


def test_a_contract_that_is_not_scored_says_what_would_stand_here(ground: Ground) -> None:
    text = text_of(signed_in(ground, "service_manager"))
    assert "does not say how a period is scored" in text


@pytest.mark.parametrize("role", ["contact", "appraiser", "requester", "supplier_engineer"])
def test_the_client_sees_neither_page_nor_figures(ground: Ground, role: str) -> None:
    agree(ground, TIERED)
    work_months(ground, date(2026, 5, 4), NOW)
    assert signed_in(ground, role).get(ADDRESS).status_code == 404


def test_the_api_says_what_the_page_says_and_what_a_program_can_check(ground: Ground) -> None:
    agree(ground, TIERED)
    work_months(ground, date(2026, 2, 2), NOW, per_day=4, late=0.02)
    person = ground.people["service_manager"]
    secret = create_token(
        viewer=ground.viewer("service_manager"), person=person, name="left", scopes=["read"]
    ).secret
    found = Client().get("/api/v1/contracts/acme/points-left", headers={"Authorization": f"Bearer {secret}"})
    assert found.status_code == 200, found.content
    told = found.json()
    with translation.override("zh-hans"):
        assert told["worse"] == document_of(left(ground))["worse"]
    assert told["forecast"]["low"] <= told["forecast"]["median"] <= told["forecast"]["high"]
    assert sum(Fraction(share) for share in told["forecast"]["grades"].values()) == pytest.approx(
        1, abs=0.001
    )


def test_lines_for_a_terminal(ground: Ground) -> None:
    agree(ground, TIERED)
    work_months(ground, date(2026, 2, 2), NOW, per_day=4, late=0.02)
    with translation.override("en"):
        lines = list(lines_of(left(ground)))
    assert lines[0].startswith("acme · May 2026 (Asia/Shanghai) · if nothing more happens: ")
    assert any(line.startswith("Forecast: ") for line in lines)
    assert "Grade “Fair”" in lines


EDGED = """
scoring:
  full: 100
  start: 100
  events:
    late: {label: {zh-Hans: late, en: Late}, from: {clock: resolve, unit: hours}}
    leak: {label: {zh-Hans: leak, en: Data leak}}
  sections:
    speed:
      label: {zh-Hans: speed, en: Speed}
      items:
        lateness: {label: {zh-Hans: lateness, en: Lateness}, occurrence: {of: [late], points: 1, cap: 90}}
  vetoes:
    leaked: {label: {zh-Hans: leaked, en: Leaked}, events: [leak], at_most: 0}
  grades:
    good: {label: {zh-Hans: good, en: Good}, from: EDGE}
    fair: {label: {zh-Hans: fair, en: Fair}, below: EDGE}
"""


def test_a_tier_that_comes_near_is_told_of_once(ground: Ground) -> None:
    agree(ground, TIERED)
    work_months(ground, date(2026, 2, 2), NOW, per_day=4, late=0.1)
    late = len(left(ground).card.results.events)
    agree(ground, EDGED.replace("EDGE", str(100 - late)).encode())  # one more, and the grade is another
    near = left(ground).near
    assert {one.tier.kind for one in near} == {"grade", "veto"}
    assert warn_of_tiers(NOW) == 1
    (entry,) = Entry.objects.filter(type="score.tier_neared")
    body = EntryBody.objects.get(pk=entry.pk)
    assert body.shared is None  # of the provider alone
    assert body.internal == {"period": "2026-05", "kind": "grade", "tier": "fair", "score": f"{100 - late}.0"}
    told = Delivery.objects.filter(event="tier_near")
    assert {delivery.person.organisation.kind for delivery in told if delivery.person} == {"provider"}
    assert warn_of_tiers(NOW + timedelta(hours=1)) == 0
    assert Entry.objects.filter(type="score.tier_neared").count() == 1


def test_a_tier_that_is_not_to_be_expected_is_not_told_of(ground: Ground) -> None:
    agree(ground, EDGED.replace("EDGE", "100").encode())
    work_months(ground, date(2026, 2, 2), NOW - timedelta(hours=12), late=0)
    assert [one.tier.kind for one in left(ground).near] == ["grade", "veto"]
    assert warn_of_tiers(NOW) == 0
