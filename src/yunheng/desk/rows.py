"""Tickets and their clocks as rows of a few fixed statements, for what is asked most: one ticket, a page of a list.

Whom a ticket names holds only what lists and answers call them by; more is read when it is asked for.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import Model

from yunheng.accounts.models import Organisation, Person, Team
from yunheng.contracts.models import Contract
from yunheng.foundation import statements
from yunheng.foundation.models import Scope
from yunheng.sla.models import LiveClock

from .models import Ticket

#: What a ticket refers to, and the columns that are read with it.
_NAMED: Final[tuple[tuple[str, type[Model], tuple[str, ...]], ...]] = (
    ("scope", Scope, statements.names_of(Scope)),
    ("team", Team, ("id", "key", "name")),
    ("supplier", Organisation, ("id", "key", "name")),
    ("assignee", Person, ("id", "name")),
    ("requester", Person, ("id", "name")),
)
_TEXTS: Final = ("description", "resolution")  #: long, and in no list
_WHOLE: Final = statements.names_of(Ticket)
_LISTED: Final = tuple(name for name in _WHOLE if name not in _TEXTS)


def _select(columns: Sequence[str]) -> str:
    named = [f"{name}.{column}" for name, _model, its in _NAMED for column in its]
    joins = [
        f"LEFT JOIN {model._meta.db_table} {name} ON {name}.id = ticket.{name}_id"
        for name, model, _its in _NAMED
    ]
    wanted = ", ".join([*(f"ticket.{column}" for column in columns), *named])
    return f"SELECT {wanted} FROM ticket {' '.join(joins)} WHERE ticket."  # noqa: S608 - names of our own models


_BY_NUMBER: Final = _select(_WHOLE) + "number = %s"
_BY_UUID: Final = _select(_WHOLE) + "uuid = %s"
_WHOLE_BY_IDS: Final = _select(_WHOLE) + "id = ANY(%s::bigint[])"
_BY_IDS: Final = _select(_LISTED) + "id = ANY(%s::bigint[])"
_CLOCKS: Final = (
    f"SELECT {statements.columns_of(LiveClock)} FROM live_clock "  # noqa: S608 - names of our own model
    "WHERE subject_id = ANY(%s::bigint[]) ORDER BY kind"
)


def ticket_at(key: str | UUID) -> Ticket | None:
    """The ticket with that number or UUID, whoever may see it (1 query)."""
    row = statements.fetch_one(_BY_UUID if isinstance(key, UUID) else _BY_NUMBER, [key])
    return None if row is None else _made(row, _WHOLE, {})


def tickets_with_ids(ids: Sequence[int]) -> list[Ticket]:
    """The tickets with these ids, in no order, whoever may see them (1 query)."""
    if not ids:
        return []
    known: dict[tuple[type[Model], int], Model] = {}
    return [_made(row, _WHOLE, known) for row in statements.fetch_all(_WHOLE_BY_IDS, [list(ids)])]


def tickets_listed(ids: Sequence[int]) -> list[Ticket]:
    """Tickets with what a row of a list shows, in this order, whoever may see them (1 query)."""
    if not ids:
        return []
    known: dict[tuple[type[Model], int], Model] = {}
    made = (_made(row, _LISTED, known) for row in statements.fetch_all(_BY_IDS, [list(ids)]))
    by_id = {ticket.pk: ticket for ticket in made}
    return [by_id[subject_id] for subject_id in ids if subject_id in by_id]


def clocks_listed(subject_ids: Sequence[int]) -> Mapping[int, list[LiveClock]]:
    """Live clocks by subject, each subject's by kind (1 query)."""
    found: dict[int, list[LiveClock]] = {subject_id: [] for subject_id in subject_ids}
    if found:
        for row in statements.fetch_all(_CLOCKS, [list(found)]):
            clock = statements.made_of(LiveClock, row)
            found[clock.subject_id].append(clock)
    return found


_CONTRACT_PARTS: Final[tuple[tuple[str, type[Model]], ...]] = (
    ("contract", Contract),
    ("scope", Scope),
    ("provider", Organisation),
    ("client", Organisation),
)
_CONTRACT: Final = f"""
    SELECT {", ".join(statements.columns_of(model, alias) for alias, model in _CONTRACT_PARTS)}
    FROM contract JOIN scope ON scope.id = contract.scope_id
    JOIN organisation provider ON provider.id = contract.provider_id
    JOIN organisation client ON client.id = contract.client_id
    WHERE scope.key = %s
"""  # noqa: S608 - columns of our own models
_SCOPE: Final = f"SELECT {statements.columns_of(Scope)} FROM scope WHERE id = %s"  # noqa: S608


def contract_with_key(key: str) -> Contract | None:
    """The contract with its scope and parties, whoever may see it (1 query)."""
    row = statements.fetch_one(_CONTRACT, [key])
    if row is None:
        return None
    made, place = {}, 0
    for alias, model in _CONTRACT_PARTS:
        size = len(statements.names_of(model))
        made[alias] = statements.made_of(model, row[place : place + size])
        place += size
    contract = made.pop("contract")
    assert isinstance(contract, Contract)
    contract._state.fields_cache.update(made)
    return contract


def scope_with_id(scope_id: int) -> Scope | None:
    """The scope, whoever may see it (1 query)."""
    row = statements.fetch_one(_SCOPE, [scope_id])
    return None if row is None else statements.made_of(Scope, row)


def _made(
    row: tuple[Any, ...], columns: Sequence[str], known: dict[tuple[type[Model], int], Model]
) -> Ticket:
    """A ticket from its row; rows of one list share whom they name."""
    place = len(columns)
    ticket = statements.made_of(Ticket, row[:place], columns)
    for name, model, its in _NAMED:
        values = row[place : place + len(its)]
        place += len(its)
        one = None
        if values[0] is not None:
            one = known.get((model, values[0]))
            if one is None:
                one = known[model, values[0]] = statements.made_of(model, values, its)
        ticket._state.fields_cache[name] = one
    return ticket
