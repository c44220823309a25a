"""Writes contracts: a checked document becomes an immutable version with its calendars, and an entry says so."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.translation import gettext as _

from yunheng.accounts.actions import create_organisation
from yunheng.accounts.models import Organisation
from yunheng.foundation.access import Viewer
from yunheng.foundation.journal import EntryDraft, record
from yunheng.foundation.models import Scope
from yunheng.foundation.refusals import Conflict, Refusal
from yunheng.logic.canonical import canonical, instant
from yunheng.logic.flow import Process
from yunheng.logic.worktime import materialise, tzdata_edition

from ..backdating import is_backdated, require_unlocked
from ..calendars import rules_document, rules_of, span
from ..checking import Checked, check, day_start, digest
from ..difference import Difference, differences
from ..holidays_cn import library_edition
from ..models import CalendarVersion, Contract, ContractVersion
from ..problems import Problem
from ..queries import version_at
from ..terms import label_in
from ..withheld import client_terms

__all__ = ["Applied", "ContractFaulty", "apply_contract", "rehearse_version"]

_log = logging.getLogger(__name__)
RESERVED_KEYS = frozenset({"new"})  #: /contracts/new is the page for a new contract


class ContractFaulty(Refusal):
    """The document has errors; `problems` says where and what would be right."""

    code = "contract_faulty"
    status = 422

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(_("The contract has errors: %(count)d.") % {"count": len(self.problems)})


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of applying: the new version, and what was found on the way."""

    contract: Contract
    version: ContractVersion
    checked: Checked
    entry_id: int


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The client's own word on a version that begins in the past."""

    viewer: Viewer
    text: str
    proposal: str


@transaction.atomic
def apply_contract(
    *,
    viewer: Viewer,
    at: datetime,
    data: bytes,
    processes: Mapping[str, Process] | None = None,
    accepted_by_both: str = "",
    newest_known: int | None = None,
    acceptance: Acceptance | None = None,
) -> Applied:
    """Make a document the contract's next version, or create the contract with its scope and organisations.

    The version holds from `effective` (a new contract: from its first day) until its end or the next version.
    A version that begins in the past, over work that is already recorded, needs both parties: the client's
    `acceptance` of a proposal (see `proposals`), or, from the installation's owner on the command line only,
    `accepted_by_both`, which says how they agreed. Either becomes an entry of its own. Running clocks keep the
    version of their start (10). `newest_known` is the version that the writer has seen (0: none).

    Raises ContractFaulty for a document with errors, Conflict when a version was applied that the writer has not
    seen, Refusal with a code for what the state forbids: nothing_changes, effective_missing, backdated,
    period_locked, mid_period, zone_changed, party_changed, key_reserved; Forbidden without `contract.apply`.
    """
    checked = check(data, processes)
    if checked.terms is None:
        raise ContractFaulty(checked.problems)
    terms = checked.terms
    lock_contract(terms["key"])
    contract = (
        Contract.objects.select_related("scope", "provider", "client").filter(scope__key=terms["key"]).first()
    )
    if newest_known is not None:
        _check_newest(contract, newest_known, terms["key"])
    if contract is None:
        contract = _create_contract(viewer, terms)
        first_day = checked.effective or date.fromisoformat(terms["valid"]["from"])
        before = None
    else:
        viewer.require("contract.apply", contract.pk)
        first_day = _check_amendment(contract, terms, checked.effective)
        before = version_at(contract.pk, day_start(first_day, terms["zone"]))
    valid_from = day_start(first_day, terms["zone"])
    changes: list[Difference] | None = None
    client_changes: list[Difference] | None = None
    if before is not None:
        old_terms: dict[str, Any] = before.terms
        if bytes(before.digest) == digest(terms):
            raise _nothing_changes(before.number, first_day)
        _check_period(old_terms, terms, first_day)
        changes = differences(old_terms, terms)
        client_changes = differences(client_terms(old_terms), client_terms(terms))
    if is_backdated(contract, valid_from, at):
        require_unlocked(contract, valid_from)
        _accept_backdating(viewer, at, contract, first_day, accepted_by_both, acceptance)
    _name_suppliers(viewer, terms)
    title = label_in(terms["title"], "zh-Hans")
    if contract.title != title:  # how lists call it; what was agreed when stands in the versions
        Contract.objects.filter(pk=contract.pk).update(title=title)
        Scope.objects.filter(pk=contract.pk).update(name=title)
        contract.title = contract.scope.name = title
    version = store_version(viewer, at, contract, terms, checked.text, valid_from)
    shared, internal = version_data(version)
    shared |= {"changes": _texts(client_changes), "accepted_warnings": len(checked.accepted)}
    if changes != client_changes:
        internal["changes"] = _texts(changes)
    entry_id = record_entry(viewer, at, contract, "contract.applied", shared, internal)
    _log.info("contract.applied", extra={"contract": terms["key"], "version": version.number})
    return Applied(contract, version, checked, entry_id)


def rehearse_version(
    *,
    viewer: Viewer,
    at: datetime,
    data: bytes,
    processes: Mapping[str, Process] | None = None,
    newest_known: int | None = None,
) -> Refusal | None:
    """What applying the document would be refused for, if anything; nothing stays of it. A version that begins in
    the past is no refusal here.
    """
    try:
        with transaction.atomic():
            apply_contract(
                viewer=viewer,
                at=at,
                data=data,
                processes=processes,
                newest_known=newest_known,
                acceptance=Acceptance(viewer, "rehearsal", ""),
            )
            raise _RehearsedError
    except _RehearsedError:
        return None
    except Refusal as refusal:
        return refusal


class _RehearsedError(Exception):
    """Rolls a rehearsal back."""


def lock_contract(key: str) -> None:
    """Two who change the same contract: one after the other, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"contract:{key}"])


def _create_contract(viewer: Viewer, terms: Mapping[str, Any]) -> Contract:
    viewer.require("contract.apply", None)
    if terms["key"] in RESERVED_KEYS:
        raise Refusal(
            _("The key “%(key)s” is a page's address; choose another.") % {"key": terms["key"]},
            code="key_reserved",
        )
    if Scope.objects.filter(key=terms["key"]).exists():
        raise Conflict(_("The key “%(key)s” is taken.") % {"key": terms["key"]})
    parties = terms["parties"]
    provider = _organisation(viewer, parties["provider"], Organisation.Kind.PROVIDER)
    client = _organisation(viewer, parties["client"], Organisation.Kind.CLIENT)
    title = label_in(terms["title"], "zh-Hans")
    scope = Scope.objects.create(key=terms["key"], name=title, zone=terms["zone"])
    contract = Contract.objects.create(scope=scope, title=title, provider=provider, client=client)
    contract.refresh_from_db(fields=["subject_id"])
    return contract


def _organisation(viewer: Viewer, party: Mapping[str, str], kind: str) -> Organisation:
    known = Organisation.objects.filter(key=party["key"]).first()
    if known is None:
        return create_organisation(viewer=viewer, key=party["key"], name=party["name"], kind=kind)
    if known.kind != kind:
        raise Refusal(
            _("The organisation “%(key)s” is a %(kind)s here already; choose another key.")
            % {"key": known.key, "kind": known.get_kind_display()},
            code="party_kind",
        )
    return known


def _name_suppliers(viewer: Viewer, terms: Mapping[str, Any]) -> None:
    for supplier in terms["parties"]["suppliers"]:
        _organisation(viewer, supplier, Organisation.Kind.SUPPLIER)


def _check_amendment(contract: Contract, terms: Mapping[str, Any], effective: date | None) -> date:
    """The first day of an amendment. Raises Refusal for what an amendment cannot change."""
    words = {"provider": _("provider"), "client": _("client")}
    for role, organisation in (("provider", contract.provider), ("client", contract.client)):
        if terms["parties"][role]["key"] != organisation.key:
            raise Refusal(
                _("The %(role)s of a contract cannot change (%(old)s); make a new contract with another key.")
                % {"role": words[role], "old": organisation.key},
                code="party_changed",
            )
    if terms["zone"] != contract.scope.zone:
        raise Refusal(
            _("The time zone of a contract cannot change (%(old)s): numbers and periods rest on it.")
            % {"old": contract.scope.zone},
            code="zone_changed",
        )
    if effective is None:
        newest = contract.versions.order_by("-number").only("number", "valid_from", "digest").first()
        if newest is not None and bytes(newest.digest) == digest(terms):
            raise _nothing_changes(
                newest.number, newest.valid_from.astimezone(ZoneInfo(terms["zone"])).date()
            )
        raise Refusal(
            _(
                "The contract “%(key)s” has a version already; say from which day this one holds: effective: YYYY-MM-DD"
            )
            % {"key": terms["key"]},
            code="effective_missing",
        )
    return effective


def _nothing_changes(number: int, day: date) -> Refusal:
    return Refusal(
        _("Nothing changes: version %(number)d already says this on %(day)s.")
        % {"number": number, "day": day},
        code="nothing_changes",
    )


def _check_period(old: Mapping[str, Any], new: Mapping[str, Any], first_day: date) -> None:
    """Targets may change on any day; what figures are judged by, only where a period (a month) begins."""
    if (old["indicators"], old.get("scoring"), old.get("appraisal")) != (
        new["indicators"],
        new.get("scoring"),
        new.get("appraisal"),
    ) and first_day.day != 1:
        raise Refusal(
            _("Indicators and scoring can only change on the first day of a month, not on %(day)s.")
            % {"day": first_day},
            code="mid_period",
        )


def _texts(changes: list[Difference] | None) -> list[str] | None:
    return None if changes is None else [change.text() for change in changes]


def _check_newest(contract: Contract | None, known: int, key: str) -> None:
    """Raises Conflict when there is a version that the writer has not seen."""
    newest = contract.versions.order_by("-number").first() if contract else None
    number = newest.number if newest else 0
    if newest is not None and number != known:
        raise Conflict(
            _("Meanwhile %(name)s has applied version %(number)d of “%(key)s”.")
            % {"name": newest.applied_by, "number": number, "key": key},
            changed_by=newest.applied_by,
            state=str(number),
        )


def _accept_backdating(
    viewer: Viewer,
    at: datetime,
    contract: Contract,
    first_day: date,
    agreed: str,
    acceptance: Acceptance | None,
) -> None:
    """Record how the other party agreed. The owner of the installation may name it; nobody else can."""
    if acceptance is not None:
        by, reason = acceptance.viewer, acceptance.text
    elif viewer.is_system and agreed.strip():
        by, reason = viewer, agreed
    else:
        raise Refusal(
            _(
                "%(day)s lies in the past and work is recorded since: clocks that ran under the present version would "
                "change. Choose a coming day, or propose the version to the client, whose contact accepts it."
            )
            % {"day": first_day},
            code="backdated",
        )
    record_entry(
        by,
        at,
        contract,
        "contract.backdating_accepted",
        {
            "effective": first_day.isoformat(),
            "accepted_by": [contract.provider.key, contract.client.key],
            "reason": reason.strip(),
            **({"proposal": acceptance.proposal} if acceptance else {}),
        },
    )


def store_version(
    viewer: Viewer,
    at: datetime,
    contract: Contract,
    terms: Mapping[str, Any],
    document: str,
    valid_from: datetime,
    valid_to: datetime | None = None,
) -> ContractVersion:
    newest = contract.versions.order_by("-number").values_list("number", flat=True).first() or 0
    version = ContractVersion.objects.create(
        contract=contract,
        number=newest + 1,
        valid_from=valid_from,
        valid_to=valid_to or day_start(terms["valid"]["to"], terms["zone"]),
        recorded_at=at,
        document=document,
        terms=terms,
        digest=digest(terms),
        applied_by=viewer.actor.name[:150],
    )
    first, end = (date.fromisoformat(terms["valid"][name]) for name in ("from", "to"))
    last = end - timedelta(days=1)
    start, horizon = span(first, end, at.astimezone(ZoneInfo(terms["zone"])).date())
    edition = tzdata_edition()
    rows = []
    for calendar in terms["calendars"]:
        rules = rules_of(calendar, start, horizon)
        stored = rules_document(rules)
        if calendar["holidays"] == "china":
            stored["holidays_edition"] = library_edition()
        open_time = materialise(rules, start, horizon).to_document()
        rows.append(
            CalendarVersion(
                contract_version=version,
                key=calendar["key"],
                rules=stored,
                open_time=open_time,
                tzdata=edition[:16],
                provisional_years=[
                    year for year in stored["provisional_years"] if first.year <= year <= last.year
                ],
                digest=hashlib.sha256(canonical({"rules": stored, "open_time": open_time})).digest(),
            )
        )
    CalendarVersion.objects.bulk_create(rows)
    return version


def version_data(version: ContractVersion) -> tuple[dict[str, object], dict[str, object]]:
    """What the journal keeps of a version, shared and internal: enough to prove later which terms were meant.

    Where goals are withheld from the client, digests over the whole stay internal: from the rest of the terms and an
    unsalted digest a goal could be guessed. The leaf commits to them all the same (docs/adr/0010).
    """
    terms = version.terms
    seen = client_terms(terms)
    whole: dict[str, object] = {
        "terms_sha256": bytes(version.digest).hex(),
        "document_sha256": hashlib.sha256(version.document.encode()).hexdigest(),
    }
    calendars: dict[str, object] = {
        calendar.key: {
            "sha256": bytes(calendar.digest).hex(),
            "tzdata": calendar.tzdata,
            "provisional_years": calendar.provisional_years,
        }
        for calendar in version.calendars.order_by("key")
    }
    shown = {calendar["key"] for calendar in seen["calendars"]}
    shared: dict[str, object] = {
        "version": version.number,
        "valid_from": instant(version.valid_from),
        "valid_to": instant(version.valid_to),
        "client_terms_sha256": digest(seen).hex(),
        "calendars": {key: data for key, data in calendars.items() if key in shown},
    }
    if seen is terms:
        return shared | whole, {}
    hidden = {key: data for key, data in calendars.items() if key not in shown}
    return shared, whole | ({"calendars": hidden} if hidden else {})


def record_entry(
    viewer: Viewer,
    at: datetime,
    contract: Contract,
    entry_type: str,
    shared: Mapping[str, object],
    internal: Mapping[str, object] | None = None,
    personal: Mapping[str, object] | None = None,
) -> int:
    """An entry of the contract itself."""
    return record(
        EntryDraft(
            scope_id=contract.pk,
            scope_key=contract.scope.key,
            subject_id=contract.subject_id,
            subject_number=contract.scope.key.upper(),
            type=entry_type,
            occurred_at=at,
            actor=viewer.actor,
            source="person" if viewer.actor.kind in ("person", "token") else "server",
            shared=shared or None,
            internal=internal or None,
            personal=personal,
        ),
        recorded_at=at,
    )
