"""Tells webhooks what happens to statements and rectification orders: what both sides share, and no names of people."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from yunheng.foundation.models import Entry
from yunheng.notify.actions import WebhookEvent, tell_webhooks
from yunheng.notify.queries import scopes_with_webhooks

from .models import Rectification, Statement

#: Types of entries that a webhook may hear of, by family.
STATEMENTS: Final = tuple(
    f"appraisal.{name}"
    for name in (
        *(
            "drafted",
            "value_entered",
            "marked",
            "event_proposed",
            "none_happened",
            "input_withdrawn",
            "sampled",
        ),
        *("discarded", "issued", "accepted", "appealed", "appeal_answered", "voted", "decided", "escalated"),
        *("arbitrated", "signed", "locked", "letters_made", "settled", "reversal_drafted", "reversed"),
        "part_reversed",
    )
)
ORDERS: Final = tuple(
    f"rectification.{name}" for name in ("ordered", "reported", "sent_back", "verified", "withdrawn")
)
ANNOUNCED: Final = STATEMENTS + ORDERS
_PLUMBING: Final = frozenset({"facts", "entry"})  #: what projections need: internal ids


def announce(entry_ids: Sequence[int], *, now: datetime) -> None:
    """Tell the webhooks of their contracts of entries. Safe to run again: each gets each entry once.

    (1 query where no contract has a webhook.)
    """
    with transaction.atomic():
        entries = list(Entry.objects.filter(pk__in=entry_ids).select_related("body").order_by("pk"))
        hooked = scopes_with_webhooks({entry.scope_id for entry in entries})
        heard = [entry for entry in entries if entry.scope_id in hooked and entry.body.shared is not None]
        if not heard:
            return
        subjects = _subjects({entry.subject_id for entry in heard})
        tell_webhooks(
            [
                WebhookEvent(
                    scope_id=entry.scope_id,
                    entry_id=entry.pk,
                    entry_type=entry.type,
                    subject_number=entry.subject_number,
                    occurred_at=entry.occurred_at,
                    data={**subjects[entry.subject_id], "entry": _shared(entry)},
                )
                for entry in heard
                if entry.subject_id in subjects
            ],
            now=now,
        )


def _subjects(ids: set[int]) -> dict[int, dict[str, Any]]:
    """What is said of each statement and order as it is now (2 queries)."""
    statements = Statement.objects.select_related("scope").defer("frozen").filter(pk__in=ids)
    found = {one.pk: {"contract": one.scope.key, "statement": _statement(one)} for one in statements}
    orders = Rectification.objects.select_related("scope", "statement").defer("statement__frozen")
    for order in orders.filter(pk__in=ids):
        found[order.pk] = {
            "contract": order.scope.key,
            "statement": _statement(order.statement),
            "rectification": {
                "number": order.number,
                "state": order.state,
                "item": order.item or None,
                "trigger": order.trigger or None,
                "due_at": order.due_at.isoformat(),
            },
        }
    return found


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "number": statement.number,
        "kind": statement.kind,
        "period": statement.period,
        "edition": statement.edition,
        "state": statement.state,
        "value": None if statement.value is None else f"{statement.value.normalize():f}",
        "grade": statement.grade or None,
        "payable": None if statement.payable is None else f"{statement.payable:.2f}",
        "currency": statement.currency or None,
        "digest": None if statement.digest is None else bytes(statement.digest).hex(),
    }


def _shared(entry: Entry) -> Mapping[str, Any]:
    return {name: value for name, value in (entry.body.shared or {}).items() if name not in _PLUMBING}
