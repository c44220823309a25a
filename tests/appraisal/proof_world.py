"""A small sealed contract with tickets of every sort, and the evidence pack of its April."""

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

from tests.appraisal.test_figures import at, served
from tests.desk.ground import ALWAYS, FIRST, LAST, OFFICE, Ground, make_ground, opened, terms

from yunheng.appraisal.models import Statement
from yunheng.appraisal.proof import PackSource, write_pack
from yunheng.appraisal.statements.actions import accept_statement, issue_statement, sign_statement
from yunheng.appraisal.statements.actions.drafting import computed_now, draft_statement
from yunheng.appraisal.statements.freezing import freeze
from yunheng.appraisal.statements.queries import access_statement
from yunheng.contracts.actions.applying import record_entry, version_data
from yunheng.contracts.checking import digest
from yunheng.contracts.indicators import INDICATORS
from yunheng.contracts.models import CalendarVersion, ContractVersion
from yunheng.contracts.scoring.checking import Surroundings
from yunheng.contracts.scoring.reading import read_rules
from yunheng.desk.actions import answer_pause, correct_time, leave_out, move_ticket, reply
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.sealing import seal
from yunheng.logic.canonical import canonical
from yunheng.logic.facts import FactKind
from yunheng.logic.worktime import materialise
from yunheng.sla.actions import sweep
from yunheng.sla.models import ClockFact, Pause

SCHEME = b"""
scoring:
  full: 100
  start: 20
  events:
    late: {label: {zh-Hans: late, en: Late}, from: {clock: resolve, unit: hours, only: {priority: p1}}}
  settlement: {period: month, currency: CNY, digits: 2, per_point: {percent: 1 %, of: fee}}
  sections:
    speed:
      label: {zh-Hans: speed, en: Speed}
      items:
        attained:
          label: {zh-Hans: attained, en: Attained}
          points: 30
          indicator: resolution_timeliness
          ratio: {at_least: 90 %}
        urgent:
          label: {zh-Hans: urgent, en: Urgent}
          points: 20
          indicator: response_timeliness
          only: {priority: p1}
          ratio: {at_least: 95 %}
        answered:
          label: {zh-Hans: answered, en: Answered}
          points: 30
          indicator: mtta
          step: {at_most: 15 min, unit: 5 min, points: 2}
        lateness:
          label: {zh-Hans: lateness, en: Lateness}
          occurrence: {of: [late], points: 1, counts: units, partial: floor}
"""


def agreed_terms(key: str = "acme") -> dict[str, Any]:
    """Stored terms with a scheme; the calendars are those that `agree` stores."""
    around = Surroundings(list(INDICATORS), ["p1", "p2", "p3"], ["mail", "erp"], ["resolve", "respond"])
    fee = {"amount": "1000.00", "per": "month"}
    found = terms(key, scoring=dict(read_rules(SCHEME, around).terms))
    found["calendars"] = [{"key": key, "label": {}} for key in ("always", "office")]
    found["appraisal"] = {
        "calendar": "office", "issue_within": None, "appeal": {"within": {"working_days": 5}, "silence": "accept"},
        "arbitration": None, "fee": fee, "contract_value": None, "signing": ["passkey", "confirmation"], "raters": {},
    }  # fmt: skip
    return found


def agree(ground: Ground, document: dict[str, Any], **span: datetime) -> ContractVersion:
    """Store a version with its calendars and its entry, as applying a contract does."""
    version = ContractVersion.objects.create(
        contract=ground.contract,
        number=ground.contract.versions.count() + 1,
        **(
            {"valid_from": datetime(2026, 1, 1, tzinfo=UTC), "valid_to": datetime(2027, 1, 1, tzinfo=UTC)}
            | span
        ),
        document="",
        terms=document,
        digest=digest(document),
        applied_by="test",
    )
    for key, rules in (("office", OFFICE), ("always", ALWAYS)):
        open_time, told = materialise(rules, FIRST, LAST).to_document(), {"key": key}
        CalendarVersion.objects.create(
            contract_version=version,
            key=key,
            rules=told,
            open_time=open_time,
            tzdata="2026a",
            provisional_years=[],
            digest=hashlib.sha256(canonical({"rules": told, "open_time": open_time})).digest(),
        )
    shared, internal = version_data(version)
    record_entry(SYSTEM_VIEWER, at(-24), ground.contract, "contract.applied", shared, internal)
    return version


def make_world() -> Ground:
    """Ten tickets of April: in time, late, never answered, waiting, left out, corrected, reopened, of other periods."""
    ground = make_ground(with_version=False)
    agree(ground, agreed_terms())
    engineer, contact = (ground.viewer(role) for role in ("engineer", "contact"))
    served(ground)
    seal()
    served(ground, resolve=5)
    served(ground, resolve=7.5, respond=2)
    served(ground, impact="low", urgency="low", resolve=24 * 9)
    opened(ground)  # nobody answers
    waiting = served(ground, resolve=None)
    move_ticket(engineer, waiting, "wait_for_client", {"note": "which room?"}, recorded_at=at(1))
    reply(contact, waiting, "room 7", recorded_at=at(25))
    move_ticket(engineer, waiting, "resume", recorded_at=at(25))
    pause = Pause.objects.get(scope_id=ground.scope.pk)
    answer_pause(contact, waiting, pause.pk, "confirm", recorded_at=at(26))
    form = {"resolution": "Restarted", "cause": "software", "line": "first"}
    move_ticket(engineer, waiting, "resolve", form, recorded_at=at(27))
    out = served(ground, resolve=6)
    leave_out(
        ground.viewer("quality_officer"), out, reason="duplicate", evidence="same call",
        approver=contact, recorded_at=at(8),
    )  # fmt: skip
    seal()
    served(ground, service="erp", resolve=24 * 40)  # due in April, resolved in May
    again = served(ground, resolve=2)
    move_ticket(contact, again, "reopen", {"reason": "not yet"}, recorded_at=at(3))
    wrong = served(ground, resolve=4.5)
    resolved = ClockFact.objects.filter(scope_id=ground.scope.pk, kind=FactKind.RESOLVED).order_by("-seq")[0]
    correct_time(
        ground.viewer("service_manager"), wrong, resolved.entry_id, at(3.5), reason="clock was wrong",
        approver=contact, recorded_at=at(9),
    )  # fmt: skip
    sweep(at(24 * 50))
    seal()
    return ground


def source_of_april(ground: Ground) -> PackSource:
    """The frozen April, without signatures."""
    statement = draft_statement(ground.viewer("contact"), ground.scope.key, "2026-04")
    frozen = freeze(statement, computed_now(statement, datetime.now(UTC)))
    return PackSource(scope_id=ground.scope.pk, number=statement.number, frozen=frozen.data)


def locked_april(ground: Ground, number: str) -> Statement:
    """The drafted statement, issued, accepted and signed by both, while work goes on; the lock is sealed."""
    contact, manager = ground.viewer("contact"), ground.viewer("service_manager")
    issued = issue_statement(contact, number, access_statement(SYSTEM_VIEWER, number).row_version)
    served(ground, resolve=1)
    accept_statement(manager, number, access_statement(SYSTEM_VIEWER, number).row_version)
    digest = bytes(issued.digest or b"")
    for viewer, side in ((contact, "client"), (manager, "provider")):
        told = {"statement": number, "digest": digest.hex(), "side": side}
        proof = {"v": 1, "document": canonical(told).decode()}
        sign_statement(viewer, number, digest, method="confirmation", proof=proof)
    seal()
    return access_statement(SYSTEM_VIEWER, number)


def pack_of(source: PackSource) -> bytes:
    """The pack's bytes."""
    out = io.BytesIO()
    write_pack(source, out)
    return out.getvalue()


def members_of(pack: bytes) -> dict[str, bytes]:
    """Members by name."""
    with zipfile.ZipFile(io.BytesIO(pack)) as found:
        return {name: found.read(name) for name in found.namelist()}


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in members.items():
            pack.writestr(name, data)
    return out.getvalue()


def with_manifest(members: dict[str, bytes]) -> dict[str, bytes]:
    """The members with a manifest that fits them: what whoever changes a pack would do next."""
    manifest = json.loads(members["manifest.json"])
    manifest["members"] = {
        name: hashlib.sha256(data).hexdigest() for name, data in members.items() if name != "manifest.json"
    }
    statement = json.loads(members["statement.json"])
    manifest |= {name: statement[name] for name in ("statement", "contract")}
    return members | {"manifest.json": canonical(manifest)}
