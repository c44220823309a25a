"""What a statement freezes: everything its score rests on, as the exact bytes that are hashed, signed and proved.

Canonical JSON (RFC 8785), exact numbers as text, instants as logic.canonical writes them. Format 2:

statement, edition, reverses, contract, zone, period, parties · rules: which versions of contract, calendars,
processes and engine · head: the signed head of the log, all figures are as of its size · measurements: every value
with its members · results, score: what was scored, and the tree that explains it · inputs: who entered what ·
backdated, pauses: what an appraiser should know of the record · rollup: the signed statements of a longer period ·
triggers, settlement: what follows · previous: the statement that was locked before, whose digest chains both ·
appeals: what was decided.

Where the tree says something of an event it names the event's place in the results. Format 1, which statements that
were issued by then keep, told each event a second time there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from yunheng.contracts.checking import digest as terms_digest
from yunheng.contracts.models import CalendarVersion, Contract, ContractVersion
from yunheng.contracts.withheld import client_terms
from yunheng.desk.models import Ticket
from yunheng.foundation.models import Attachment, LogLeaf
from yunheng.logic.canonical import canonical, instant
from yunheng.logic.measure import Number
from yunheng.logic.score import PartDays, TriggerState, plain, results_plain, score_plain, text_of

from ..models import Appeal, Statement, StatementInput
from .computing import Computed, version_of
from .inputs import decided_appeals
from .measuring import measurements
from .record import backdated, pauses

FORMAT: Final = 2


@dataclass(frozen=True, slots=True)
class Frozen:
    """The bytes, their SHA-256, and the same as data."""

    data: bytes
    digest: bytes
    content: Mapping[str, Any]


def freeze(statement: Statement, computed: Computed) -> Frozen:
    """The content of a statement as it is computed, with what was entered and decided."""
    content = content_of(statement, computed)
    data = canonical(content)
    return Frozen(data, sha256(data).digest(), content)


def content_of(statement: Statement, computed: Computed) -> dict[str, Any]:
    """The content as data (about 12 queries)."""
    contract, card, head = computed.contract, computed.card, computed.head
    governing = version_of(computed)
    return {
        "v": FORMAT,
        "statement": statement.number,
        "edition": statement.edition,
        "reverses": None if statement.reverses is None else statement.reverses.number,
        "contract": contract.scope.key,
        "zone": computed.terms.zone,
        "period": {
            "kind": computed.period.kind,
            "name": computed.period.name,
            "start": computed.period.start.isoformat(),
            "end": computed.period.end.isoformat(),
            "begins_at": instant(statement.begins_at),
            "ends_at": instant(statement.ends_at),
        },
        "parties": {
            "provider": {"key": contract.provider.key, "name": contract.provider.name},
            "client": {"key": contract.client.key, "name": contract.client.name},
        },
        "rules": _rules(contract, governing, computed),
        "position": None if head is None else head.size,
        "head": None
        if head is None
        else {
            "size": head.size,
            "root": head.root.hex(),
            "signed_at": instant(head.signed_at),
            "key_id": head.key_id,
        },
        "evaluated_at": instant(computed.evaluated_at),
        "measurements": [] if card is None else measurements(contract, card, computed.study),
        "results": None if card is None else results_plain(card.results),
        "inputs": _inputs(statement),
        "score": score_plain(computed.score, None if card is None else card.results),
        "is_provisional": card is not None and card.is_provisional,
        "backdated": backdated(contract, computed.period, computed.study),
        "pauses": pauses(contract, computed.period, computed.study),
        "samples": list(statement.samples),
        "rollup": _rollup(computed),
        "triggers": [_trigger(one) for one in computed.triggers],
        "settlement": _settlement(computed),
        "previous": _previous(statement),
        "appeals": [_appeal(one) for one in decided_and_rejected(statement)],
    }


def _rules(contract: Contract, governing: ContractVersion, computed: Computed) -> dict[str, Any]:
    seen = client_terms(
        governing.terms
    )  # ADR 0010: nothing here tells a client of what is withheld from them
    shown = [calendar["key"] for calendar in seen["calendars"]]
    calendars = CalendarVersion.objects.filter(contract_version=governing, key__in=shown)
    running = Ticket.objects.filter(scope_id=contract.pk).values_list("process_key", "process_version")
    processes: dict[str, list[int]] = {}
    for key, number in sorted(set(running.distinct())):
        processes.setdefault(key, []).append(number)
    return {
        "contract_version": governing.number,
        "contract_digest": terms_digest(seen).hex(),
        "scheme": seen["scoring"],
        "appraisal": seen.get("appraisal"),
        "calendars": {key: bytes(digest).hex() for key, digest in calendars.values_list("key", "digest")},
        "processes": processes,
        "engine": engine_version(),
    }


def _inputs(statement: Statement) -> list[dict[str, Any]]:
    """What was entered, withdrawn things too, each with the place of its entry in the log and its files."""
    rows = list(StatementInput.objects.filter(statement=statement).order_by("pk"))
    entries = [row.entry_id for row in rows]
    leaves = dict(LogLeaf.objects.filter(entry_id__in=entries).values_list("entry_id", "index"))
    files: dict[int, list[Attachment]] = {}
    for file in Attachment.objects.filter(scope_id=statement.scope_id, entry_id__in=entries).order_by("id"):
        files.setdefault(file.entry_id, []).append(file)
    return [_input(row, leaves.get(row.entry_id), files.get(row.entry_id, ())) for row in rows]


def _input(row: StatementInput, leaf: int | None, files: Sequence[Attachment]) -> dict[str, Any]:
    return {
        "id": str(row.uuid),
        "kind": row.kind,
        "key": row.key,
        "event": row.event_key or None,
        "value": _text(row.value),
        "quantity": _text(row.quantity),
        "party": row.party or None,
        "occurred_at": None if row.occurred_at is None else instant(row.occurred_at),
        "ticket": row.subject or None,
        "note": row.note,
        "reason": row.reason,
        "role": row.role or None,
        "rater": row.rater or None,
        "side": row.side,
        "entered_by": row.entered_by,
        "entered_for": row.entered_for,
        "entered_at": instant(row.entered_at),
        "entry": leaf,
        "files": [
            {"name": file.name, "size": file.size, "sha256": bytes(file.digest).hex()} for file in files
        ],
        "withdrawn": None
        if row.withdrawn_at is None
        else {"by": row.withdrawn_by, "at": instant(row.withdrawn_at), "reason": row.why_withdrawn},
    }


def _rollup(computed: Computed) -> dict[str, Any] | None:
    if computed.rollup is None:
        return None
    return {
        "method": computed.rollup.method,
        "weights": [text_of(weight) for weight in computed.rollup.weights],
        "of": [
            {
                "period": part.period,
                "statement": part.number,
                "digest": bytes(part.digest or b"").hex(),
                "value": _text(part.value),
                "vetoes": list(part.vetoes),
            }
            for part in computed.parts
        ],
    }


def _trigger(state: TriggerState) -> dict[str, Any]:
    return {
        "key": state.trigger.key,
        "measure": state.trigger.measure,
        "times": state.trigger.times,
        "row": list(state.row),
        "is_fired": state.is_fired,
        "is_near": state.is_near,
    }


def _settlement(computed: Computed) -> dict[str, Any] | None:
    settled = computed.settled
    if settled is None:
        return None
    value = computed.agreement.contract_value
    return {
        "fee": f"{settled.fee:f}",
        "contract_value": None if value is None else f"{value:f}",
        "currency": settled.currency,
        "coefficient": _text(settled.coefficient),
        "payable": f"{settled.payable:f}",
        **({"part_days": [_part_days(one) for one in settled.part_days]} if settled.part_days else {}),
        "tree": plain(settled.tree),
    }


def _part_days(part: PartDays) -> dict[str, Any]:
    days = {"covered": part.covered, "days": part.days, "is_whole": part.is_whole}
    return {"period": part.period, "fee": f"{part.fee:f}", **days}


def _previous(statement: Statement) -> dict[str, str] | None:
    """The statement of the contract that was locked last."""
    last = (
        Statement.objects.filter(scope_id=statement.scope_id, locked_at__isnull=False)
        .order_by("-locked_at", "-pk")
        .values_list("number", "digest")
        .first()
    )
    return None if last is None else {"statement": last[0], "digest": bytes(last[1] or b"").hex()}


def decided_and_rejected(statement: Statement) -> list[Appeal]:
    """Appeals that hold for this score: what changed it, here and in statements it reverses, and what was rejected
    here.
    """
    changed = decided_appeals(statement)
    known = {appeal.pk for appeal in changed}
    own = (
        Appeal.objects.filter(statement=statement, decided_at__isnull=False)
        .select_related("statement")
        .defer("statement__frozen")
        .prefetch_related("votes")
    )
    return changed + [appeal for appeal in own.order_by("pk") if appeal.pk not in known]


def _appeal(appeal: Appeal) -> dict[str, Any]:
    assert appeal.decided_at is not None
    return {
        "id": str(appeal.uuid),
        "statement": appeal.statement.number,
        "item": appeal.item,
        "event": appeal.event or None,
        "argument": appeal.argument,
        "claim": appeal.claim,
        "filed_by": appeal.filed_by,
        "filed_for": appeal.filed_for,
        "filed_at": instant(appeal.filed_at),
        "reply": appeal.reply,
        "decision": appeal.decision,
        "change": dict(appeal.change),
        "decided_at": instant(appeal.decided_at),
        "votes": [
            {
                "side": vote.side,
                "by": vote.voted_by,
                "for": vote.voted_for,
                "decision": vote.decision,
                "reason": vote.reason,
            }
            for vote in appeal.votes.all()
        ],
    }


def engine_version() -> str:
    """The version of the product that computed; "0+source" where it was not installed."""
    try:
        return version("yunheng")
    except PackageNotFoundError:
        return "0+source"


def _text(number: Number | None) -> str | None:
    return None if number is None else text_of(number)
