"""What the tests of journal and log stand on: a scope, a person, entries about tickets."""

from datetime import UTC, datetime
from typing import Any

from yunheng.foundation.actor import Actor
from yunheng.foundation.journal import EntryDraft
from yunheng.foundation.models import Scope

ALICE = Actor("person", "01939d6e-0000-7000-8000-000000000001", "王丽")


def make_scope(key: str = "acme") -> Scope:
    return Scope.objects.create(key=key, name=key.title(), zone="Asia/Shanghai")


def make_draft(scope: Scope, subject: int = 7, **changes: Any) -> EntryDraft:
    fields: dict[str, Any] = {
        "scope_id": scope.pk,
        "scope_key": scope.key,
        "subject_id": subject,
        "subject_number": f"{scope.key.upper()}-INC-20260401-{subject:04d}",
        "type": "ticket.opened",
        "occurred_at": datetime(2026, 4, 1, 1, 30, 0, 123456, tzinfo=UTC),
        "actor": ALICE,
        "source": "person",
        "shared": {
            "title": "网络中断",
            "priority": 2,
            "is_urgent": True,
            "lines": [1, {"b": None, "a": "é"}],
        },
        "internal": {"note": "端口抖动"},
    }
    return EntryDraft(**(fields | changes))
