"""A contract that is scored and appraised, with its people and a month of service, for the tests of statements."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from tests.appraisal.test_figures import served
from tests.desk.ground import Ground, apply_terms, make_ground, terms

from yunheng.appraisal.models import Signature, Statement
from yunheng.appraisal.statements.actions import (
    accept_statement,
    draft_statement,
    enter_mark,
    enter_value,
    issue_statement,
    say_none_happened,
    sign_statement,
)
from yunheng.appraisal.statements.queries import access_statement
from yunheng.contracts.indicators import INDICATORS
from yunheng.contracts.scoring.checking import Surroundings
from yunheng.contracts.scoring.reading import read_rules
from yunheng.foundation.access import SYSTEM_VIEWER, Viewer

#: Wednesday, 6 May 2026, 10:00 in Shanghai: April is over.
IN_MAY = datetime(2026, 5, 6, 2, 0, tzinfo=UTC)

SCHEME = b"""
scoring:
  full: 100
  events:
    late: {label: {zh-Hans: late, en: Late}, from: {clock: resolve, unit: hours}}
    absent: {label: {zh-Hans: absent, en: Absent from the site}}
    praise: {label: {zh-Hans: praise, en: Praise}}
  sections:
    speed:
      label: {zh-Hans: speed, en: Speed}
      points: 40
      items:
        lateness:
          label: {zh-Hans: lateness, en: Lateness}
          occurrence: {of: [late], points: 2, cap: 20}
    site:
      label: {zh-Hans: site, en: On site}
      items:
        tidy:
          label: {zh-Hans: tidy, en: Tidy machine rooms}
          points: 30
          manual: percent
          ratio: {at_least: 100 %}
        attitude:
          label: {zh-Hans: attitude, en: Attitude}
          points: 30
          rating:
            scale: {from: 0, to: 5}
            raters: {contact: 60 %, users: 40 %}
            quorum: 2
            reason_below: 3
        presence:
          label: {zh-Hans: presence, en: Presence}
          occurrence: {of: [absent], points: 5}
        extra:
          label: {zh-Hans: extra, en: Extra}
          bonus: {of: [praise], points: 2, cap: 4}
  grades:
    good: {label: {zh-Hans: good, en: Good}, from: 90}
    fair: {label: {zh-Hans: fair, en: Fair}, from: 80, below: 90}
    poor: {label: {zh-Hans: poor, en: Poor}, below: 80}
  rollups:
    quarter: {of: month, method: mean}
  triggers:
    twice: {below: 90, times: 2, period: month, measure: rectify}
  settlement:
    currency: CNY
    period: month
    coefficients:
      - {from: 90, coefficient: 1}
      - {from: 80, below: 90, coefficient: 0.95}
      - {below: 80, coefficient: 0.8}
"""

APPRAISAL: dict[str, Any] = {
    "calendar": "office",
    "issue_within": {"working_days": 10},
    "appeal": {"within": {"working_days": 5}, "silence": "accept"},
    "arbitration": {"within": {"working_days": 10}},
    "fee": {"amount": "100000.00", "per": "month"},
    "contract_value": None,
    "signing": ["passkey", "confirmation", "scan"],
    "raters": [{"key": "users", "roles": ["contact", "appraiser"]}],
}


def stored(document: bytes = SCHEME) -> dict[str, Any]:
    """The stored section of a document that fits the ground's contract."""
    around = Surroundings(list(INDICATORS), ["p1", "p2", "p3"], ["mail", "erp"], ["resolve"])
    return dict(read_rules(document, around).terms)


def agree(
    ground: Ground,
    *,
    scheme: bytes = SCHEME,
    span: Mapping[str, datetime] = MappingProxyType({}),
    **changes: Any,
) -> None:
    """The contract's newest version has this scheme and section `appraisal`; `span`: its valid_from and valid_to."""
    calendars = [{"key": "office"}, {"key": "always"}]
    appraisal = {**APPRAISAL, **changes}
    apply_terms(
        ground.contract,
        terms("acme", scoring=stored(scheme), appraisal=appraisal, calendars=calendars),
        **span,
    )


@dataclass
class World:
    """The contract with its people; `at` is the present of what is done."""

    ground: Ground
    at: datetime = IN_MAY

    def viewer(self, role: str) -> Viewer:
        return self.ground.viewer(role)

    @property
    def client(self) -> Viewer:
        """The client's contact."""
        return self.viewer("contact")

    @property
    def provider(self) -> Viewer:
        """The provider's service manager."""
        return self.viewer("service_manager")

    def again(self, statement: Statement | str) -> Statement:
        """The statement as it is now, with its frozen bytes."""
        number = statement if isinstance(statement, str) else statement.number
        return access_statement(SYSTEM_VIEWER, number)

    def later(self, **step: float) -> datetime:
        """Let time pass; returns the new present."""
        self.at += timedelta(**step)
        return self.at

    def drafted(self, period: str = "2026-04", *, late: int = 1) -> Statement:
        """A draft of a month in which so many tickets came late."""
        for _one in range(late):
            served(self.ground, resolve=6)  # four hours to resolve
        return draft_statement(self.client, "acme", period, recorded_at=self.at)

    def entered(self, statement: Statement) -> Statement:
        """All that people have to say of it: 90 % tidy, 4 and 5 of 5, nobody absent, no praise."""
        number = statement.number
        enter_value(self.viewer("appraiser"), number, "tidy", "90", "on-site check", recorded_at=self.at)
        enter_mark(self.client, number, "attitude", "contact", "4", recorded_at=self.at)
        enter_mark(
            self.viewer("appraiser"),
            number,
            "attitude",
            "users",
            "5",
            rater="Users' council",
            recorded_at=self.at,
        )
        for kind in ("absent", "praise"):
            say_none_happened(self.viewer("quality_officer"), number, kind, recorded_at=self.at)
        return self.again(statement)

    def issued(self, period: str = "2026-04", *, late: int = 1) -> Statement:
        """A statement that the provider may answer."""
        statement = self.entered(self.drafted(period, late=late))
        issue_statement(self.client, statement.number, statement.row_version, recorded_at=self.at)
        return self.again(statement)

    def accepted(self, period: str = "2026-04", *, late: int = 1) -> Statement:
        """A statement that waits for its signatures."""
        statement = self.issued(period, late=late)
        accept_statement(self.provider, statement.number, statement.row_version, recorded_at=self.at)
        return self.again(statement)

    def sign(self, viewer: Viewer, statement: Statement, **changes: Any) -> Signature:
        """One side's signature, by confirmation."""
        asked: dict[str, Any] = {
            "method": "confirmation",
            "proof": {"v": 1},
            "recorded_at": self.at,
        } | changes
        digest = asked.pop("digest", bytes(self.again(statement).digest or b""))
        return sign_statement(viewer, statement.number, digest, **asked)

    def locked(self, period: str = "2026-04", *, late: int = 1) -> Statement:
        """A statement that both sides have signed."""
        statement = self.accepted(period, late=late)
        self.sign(self.client, statement)
        self.sign(self.provider, statement)
        return self.again(statement)


def make_world() -> World:
    """The contract, agreed from the beginning of the year."""
    ground = make_ground()
    agree(ground)
    return World(ground)
