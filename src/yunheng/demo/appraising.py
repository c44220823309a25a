"""Statements of the invented year: some settled, one argued over, one that waits for an answer, one to be filled in.

A statement stands on a signed head of the log and is signed when it is signed, so all of them are made now, in the
order of their periods, by the people whose part it is; the signatures say that the demonstration confirmed them.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from yunheng.accounts.models import Person
from yunheng.accounts.queries import viewer_for_person
from yunheng.appraisal.models import Statement
from yunheng.appraisal.scored_period import ScoredPeriod, period_holding
from yunheng.appraisal.signing.documents import CONFIRMATION, document_of
from yunheng.appraisal.statements.actions import (
    Claim,
    accept_statement,
    answer_appeal,
    appeal,
    close_arbitration,
    draft_statement,
    enter_event,
    enter_mark,
    issue_statement,
    say_none_happened,
    settle_statement,
    sign_statement,
    vote,
)
from yunheng.appraisal.statements.queries import access_statement, appeals_of, frozen_of
from yunheng.contracts.models import Contract
from yunheng.foundation.access import SYSTEM_VIEWER, Viewer

from .model import bad_month

MANAGER: Final = "manager"
CONTACTS: Final = {"qinglan": "contact", "yuanzhou": "liuyan"}
APPRAISERS: Final = {"qinglan": "appraiser"}
_MONTHS: Final = 5  #: that are over, the last one not settled
_EVENTS: Final = {
    "qinglan": ("complaint", "help_outside", "data_leak", "concealment", "falsification"),
    "yuanzhou": ("complaint", "data_leak", "concealment", "falsification"),
}
#: Marks of contact and appraiser by month, the oldest first; below 3 there is a reason.
_MARKS: Final = (("5", "4"), ("4", "4"), ("2", "3"), ("4", "3"), ("4", "5"))
_COMPLAINT: Final = "门诊办公室书面投诉：故障期间无人现场说明。"
_REASON: Final = "重大事件期间通报不及时，科室反复催问。"

Tell = Callable[[int, int], None]


def give_statements(contracts: Mapping[str, Contract], *, now: datetime, tell: Tell) -> int:
    """Make them; returns how many. The hospital's bad month is contested and decided, its last month waits for the
    provider's answer; the insurer's last month is a draft in which people have yet to say what they know.
    """
    made = 0
    keys = [key for key in CONTACTS if key in contracts]
    for place, key in enumerate(keys, 1):
        contract = contracts[key]
        today = now.astimezone(ZoneInfo(contract.scope.zone)).date()
        months = _last_months(today, _MONTHS)
        for at, month in enumerate(months):
            is_bad = month.start == bad_month(today)
            _Month(key, month, _MARKS[at], is_bad=is_bad, is_last=at == len(months) - 1).make()
            made += 1
        tell(place, len(keys))
    return made


def _last_months(today: date, count: int) -> list[ScoredPeriod]:
    month = period_holding("month", today).before
    found = [month]
    while len(found) < count:
        found.append(found[-1].before)
    return found[::-1]


class _Month:
    """One month of one contract."""

    def __init__(
        self, key: str, period: ScoredPeriod, marks: tuple[str, str], *, is_bad: bool, is_last: bool
    ) -> None:
        self.key, self.period, self.marks = key, period, marks
        self.is_bad, self.is_last = is_bad, is_last
        self.client, self.provider = _viewer(CONTACTS[key]), _viewer(MANAGER)

    def make(self) -> None:
        number = draft_statement(self.client, self.key, self.period.name).number
        if self.is_last and self.key not in APPRAISERS:
            return
        self._enter(number)
        issue_statement(self.client, number, _version(number))
        if self.is_last:
            return
        if not (self.is_bad and self._argue(number)):
            accept_statement(self.provider, number, _version(number), "已核对，认可。")
        for viewer in (self.provider, self.client):
            _sign(viewer, number)
        settle_statement(self.client, number, _version(number))

    def _enter(self, number: str) -> None:
        kinds: Sequence[str] = _EVENTS[self.key]
        if self.is_bad:
            at = datetime.combine(self.period.start, datetime.min.time(), UTC).replace(day=18, hour=2)
            enter_event(
                self.client,
                number,
                "complaint",
                at,
                Decimal(1),
                "provider",
                "门诊办公室书面投诉：故障期间无人现场说明。",
            )
            kinds = [kind for kind in kinds if kind != "complaint"]
        for kind in kinds:
            say_none_happened(self.client, number, kind)
        if self.key in APPRAISERS:
            for viewer, role, mark in zip(
                (self.client, _viewer(APPRAISERS[self.key])),
                ("contact", "appraiser"),
                self.marks,
                strict=True,
            ):
                reason = _REASON if Decimal(mark) < 3 else ""
                enter_mark(viewer, number, "satisfaction", role, mark, reason)

    def _argue(self, number: str) -> bool:
        """The provider contests the complaint; the client replies, and both decide that it counts by half."""
        content = frozen_of(access_statement(SYSTEM_VIEWER, number))
        event = next((one for one in content["results"]["events"] if one["kind"] == "complaint"), None)
        if event is None:
            return False
        claim = Claim(
            item="complaints",
            event=event["key"],
            argument="投诉所述时段我方工程师在机房抢修，现场说明由院方信息科负责，分工见应急预案第 4 条。",
            claim="请撤销该项扣分。",
        )
        appeal(self.provider, number, _version(number), [claim])
        filed = appeals_of(access_statement(SYSTEM_VIEWER, number))[0]
        answer_appeal(self.client, number, filed.uuid, "预案要求双方共同说明；我方同意减半。")
        for viewer in (self.provider, self.client):
            vote(viewer, number, filed.uuid, "partly", {"quantity": "0.5"}, "双方均有说明义务，按一半计。")
        close_arbitration(self.client, number)
        return True


def _sign(viewer: Viewer, number: str) -> None:
    statement = access_statement(SYSTEM_VIEWER, number)
    assert viewer.person_id is not None
    person = Person.objects.select_related("organisation").get(pk=viewer.person_id)
    side, now = viewer.organisation_kind, datetime.now(UTC)
    document = document_of(CONFIRMATION, statement, person, side, now)
    proof = {"v": 1, "document": document, "shown_by": "demonstration"}
    sign_statement(viewer, number, bytes(statement.digest or b""), method="confirmation", proof=proof)


def _version(number: str) -> int:
    return Statement.objects.values_list("row_version", flat=True).get(number=number)


def _viewer(login: str) -> Viewer:
    return viewer_for_person(Person.objects.get(login=login))
