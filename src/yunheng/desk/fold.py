"""The state of a ticket as its entries tell it: what the row must be equal to. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Columns that entries carry under "changes"; a ticket begins with the empty value of each.
TOLD_COLUMNS: Mapping[str, Any] = {
    "title": "",
    "description": "",
    "channel": "",
    "service": "",
    "impact": "",
    "urgency": "",
    "priority": "",
    "is_major": False,
    "category": "",
    "ci": "",
    "cause": "",
    "resolution": "",
    "team": None,
    "assignee": None,
    "supplier": None,
    "restored_at": None,
    "resolved_at": None,
    "closed_at": None,
    "reopen_count": 0,
}

#: Entries without shared data: what they tell is the provider's alone, and none of the columns above.
INTERNAL_ENTRIES = frozenset({"ticket.noted", "ticket.linked", "ticket.unlinked"})


@dataclass(slots=True)
class ToldState:
    """What the entries say: state, version of the process, and the columns above (rows by key or UUID,
    instants as text). `is_complete` is False when an erased class may have held changes.
    """

    state: str = ""
    process_version: int = 0
    opened_at: str = ""
    columns: dict[str, Any] = field(default_factory=lambda: dict(TOLD_COLUMNS))
    is_complete: bool = True


def fold_entries(
    entries: Iterable[tuple[str, str, Mapping[str, Any] | None, Mapping[str, Any] | None]],
) -> ToldState:
    """Fold (type, occurred_at, shared, personal) of a ticket's entries, in the order in which they were
    recorded.
    """
    told = ToldState()
    for entry_type, occurred_at, shared, personal in entries:
        if shared is None and entry_type.startswith("ticket.") and entry_type not in INTERNAL_ENTRIES:
            told.is_complete = False
        data = shared or {}
        if entry_type == "ticket.opened":
            told.opened_at = occurred_at
            told.process_version = data.get("process", {}).get("version", 0)
        elif entry_type == "ticket.moved":
            told.state = data.get("to", told.state)
        elif entry_type == "ticket.process_changed":
            told.state = data.get("to", told.state)
            told.process_version = data.get("to_version", told.process_version)
        if personal is None:
            told.is_complete = False
        for changes in (data.get("changes", {}), (personal or {}).get("changes", {})):
            for name, value in changes.items():
                if name == "state":
                    told.state = value
                elif name == "opened_at":
                    told.opened_at = value
                elif name in told.columns:
                    told.columns[name] = value
    return told
