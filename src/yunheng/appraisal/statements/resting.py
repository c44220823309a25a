"""What a statement of a longer period rests on that was reversed since: it stands as both signed it, and says so."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..models import Statement, StatementPart

#: States in which a statement rests on what it froze.
FROZEN = ("issued", "appealed", "arbitrated", "accepted", "locked", "settled")


@dataclass(frozen=True, slots=True)
class ReversedPart:
    """A statement that was reversed after a longer one was made of it. `through`: the one in between, "" for none."""

    number: str
    period: str
    reversed_by: str
    through: str = ""


_PART = ("number", "period", "state", "reversed_by__number")


def reversed_parts(statements: Iterable[Statement]) -> dict[int, list[ReversedPart]]:
    """By the id of a statement what it rests on that was reversed since, also below a quarter that a year is made of;
    only statements for which there is something. (1 query, none where no longer period was issued.)
    """
    longer = {one.pk: one for one in statements if one.kind != "month" and one.state in FROZEN}
    if not longer:
        return {}
    names = [f"part__{name}" for name in _PART] + [f"part__parts__part__{name}" for name in _PART]
    rows = StatementPart.objects.filter(statement__in=longer).order_by("pk", "part__parts__pk")
    found: dict[int, list[ReversedPart]] = {}
    for statement_id, *named in rows.values_list("statement_id", *names):
        number, period, state, by = named[:4]
        below, its_period, its_state, its_by = named[4:]
        if state == "replaced":
            part = ReversedPart(number, period, by or "")
        elif its_state == "replaced":
            part = ReversedPart(below, its_period, its_by or "", number)
        else:
            continue
        own = found.setdefault(statement_id, [])
        if part not in own:
            own.append(part)
    return found


def resting_on(part: Statement) -> list[tuple[Statement, Statement | None]]:
    """The issued statements of longer periods that rest on one, nearest first: each with the one in between, None where
    there is none. (1 query, 1 more where there are some.)
    """
    near = _made_of([part])
    found: list[tuple[Statement, Statement | None]] = [(one, None) for one, _part_id in near]
    between = {one.pk: one for one, _part_id in near}
    if between:
        found += [(one, between[part_id]) for one, part_id in _made_of(between.values())]
    return found


def _made_of(parts: Iterable[Statement]) -> list[tuple[Statement, int]]:
    rows = (
        StatementPart.objects.filter(part__in=[one.pk for one in parts], statement__state__in=FROZEN)
        .select_related("statement__scope", "statement__reverses")
        .defer("statement__frozen", "statement__reverses__frozen")
        .order_by("statement_id")
    )
    return [(row.statement, row.part_id) for row in rows]
