"""Priority from impact and urgency, by a table and not by a formula.

Whether a ticket is a major incident stands outside the table: a person with the permission says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["PriorityError", "PriorityFault", "PriorityTable", "priority_table"]


@dataclass(frozen=True, slots=True)
class PriorityFault:
    """What is wrong with a table, and where ("matrix.high.low")."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class PriorityError(ValueError):
    """A table that is not complete or names what does not exist, with all of its faults."""

    def __init__(self, faults: Sequence[PriorityFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class PriorityTable:
    """A complete table. Impacts, urgencies and priorities are in the contract's order, the gravest first."""

    impacts: tuple[str, ...]
    urgencies: tuple[str, ...]
    priorities: tuple[str, ...]
    cells: Mapping[tuple[str, str], str]

    def priority_of(self, impact: str, urgency: str) -> str:
        """The priority for this impact and urgency. Raises PriorityError for a word that the table does not
        have.
        """
        faults = []
        if impact not in self.impacts:
            faults.append(PriorityFault("impact", f"{impact!r} is none of {', '.join(self.impacts)}"))
        if urgency not in self.urgencies:
            faults.append(PriorityFault("urgency", f"{urgency!r} is none of {', '.join(self.urgencies)}"))
        if faults:
            raise PriorityError(faults)
        return self.cells[impact, urgency]

    def unused(self) -> tuple[str, ...]:
        """Priorities that no cell leads to."""
        used = set(self.cells.values())
        return tuple(priority for priority in self.priorities if priority not in used)

    def inversions(self) -> tuple[tuple[str, str], ...]:
        """Cells (impact, urgency) that rank below a cell of lower impact or urgency: allowed, but seldom
        meant.
        """
        rank = {priority: position for position, priority in enumerate(self.priorities)}
        found = []
        for row, impact in enumerate(self.impacts):
            for column, urgency in enumerate(self.urgencies):
                own = rank[self.cells[impact, urgency]]
                below = [(self.impacts[row + 1], urgency)] if row + 1 < len(self.impacts) else []
                below += [(impact, self.urgencies[column + 1])] if column + 1 < len(self.urgencies) else []
                if any(rank[self.cells[cell]] < own for cell in below):
                    found.append((impact, urgency))
        return tuple(found)


def priority_table(
    impacts: Sequence[str],
    urgencies: Sequence[str],
    priorities: Sequence[str],
    matrix: Mapping[str, Mapping[str, str]],
) -> PriorityTable:
    """The table in which `matrix[impact][urgency]` is the priority.

    Raises PriorityError, with every fault, when a list is empty or repeats a word, a cell is missing, or
    the matrix names an impact, an urgency or a priority that is not listed.
    """
    faults: list[PriorityFault] = []
    for path, words in (("impacts", impacts), ("urgencies", urgencies), ("priorities", priorities)):
        if not words:
            faults.append(PriorityFault(path, "names nothing"))
        faults += [
            PriorityFault(path, f"names {word!r} more than once")
            for word in dict.fromkeys(words)
            if list(words).count(word) > 1
        ]
    faults += [
        PriorityFault(f"matrix.{impact}", f"there is no impact {impact!r}; known are {', '.join(impacts)}")
        for impact in matrix
        if impact not in impacts
    ]
    cells: dict[tuple[str, str], str] = {}
    for impact in dict.fromkeys(impacts):
        row = matrix.get(impact)
        if row is None:
            faults.append(PriorityFault(f"matrix.{impact}", "missing"))
            continue
        for urgency in row:
            if urgency not in urgencies:
                known = ", ".join(urgencies)
                faults.append(
                    PriorityFault(
                        f"matrix.{impact}.{urgency}", f"there is no urgency {urgency!r}; known are {known}"
                    )
                )
        for urgency in dict.fromkeys(urgencies):
            path = f"matrix.{impact}.{urgency}"
            priority = row.get(urgency)
            if priority is None:
                faults.append(PriorityFault(path, "missing"))
            elif priority not in priorities:
                known = ", ".join(priorities)
                faults.append(PriorityFault(path, f"there is no priority {priority!r}; known are {known}"))
            else:
                cells[impact, urgency] = priority
    if faults:
        raise PriorityError(faults)
    return PriorityTable(tuple(impacts), tuple(urgencies), tuple(priorities), cells)
