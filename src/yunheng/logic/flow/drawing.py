"""Where each state of a process goes in its drawing: columns in the direction of the work, waiting below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from yunheng.logic.flow.model import Category, Process


@dataclass(frozen=True, slots=True)
class Node:
    """A state in its cell; column and row count from 0, left to right and top to bottom."""

    state: str
    category: Category
    column: int
    row: int


@dataclass(frozen=True, slots=True)
class Edge:
    """All transitions from one state to another; `is_back` when they lead against the direction of work."""

    source: str
    target: str
    transitions: tuple[str, ...]
    is_back: bool


@dataclass(frozen=True, slots=True)
class Diagram:
    """A layered drawing; no two nodes share a cell."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    columns: int
    rows: int


def diagram(process: Process) -> Diagram:
    """The drawing of a process, the same for equal processes.

    The main line of the work runs through row 0: a state is one column right of the last state that leads
    to it. Waiting states stand below the state that they lead back to, cancelled ones below the others of
    their column. Transitions that leave the state as it is are not drawn.
    """
    joined: dict[tuple[str, str], list[str]] = {}
    for key, transition in process.transitions.items():
        for source in process.states:
            if source in transition.from_ and transition.to is not None and transition.to != source:
                joined.setdefault((source, transition.to), []).append(key)
    order = _order(process, joined)
    columns = _columns(process, joined, order)
    rows = _rows(process, columns)
    nodes = tuple(Node(key, state.category, columns[key], rows[key]) for key, state in process.states.items())
    edges = tuple(
        Edge(source, target, tuple(keys), columns[target] < columns[source])
        for (source, target), keys in joined.items()
    )
    return Diagram(
        nodes,
        edges,
        columns=1 + max(columns.values(), default=-1),
        rows=1 + max(rows.values(), default=-1),
    )


def _order(process: Process, joined: Mapping[tuple[str, str], object]) -> dict[str, int]:
    """Position of each state so that only edges that close a circle lead back (depth first from the first
    state).
    """
    onward: dict[str, list[str]] = {key: [] for key in process.states}
    for source, target in joined:
        onward[source].append(target)
    finished: list[str] = []
    seen: set[str] = set()
    for start in (process.initial, *process.states):
        if start in seen:
            continue
        seen.add(start)
        path = [(start, iter(onward[start]))]
        while path:
            key, rest = path[-1]
            following = next((target for target in rest if target not in seen), None)
            if following is None:
                finished.append(key)
                path.pop()
            else:
                seen.add(following)
                path.append((following, iter(onward[following])))
    return {key: position for position, key in enumerate(reversed(finished))}


def _columns(
    process: Process, joined: Mapping[tuple[str, str], object], order: Mapping[str, int]
) -> dict[str, int]:
    columns: dict[str, int] = {}
    for key in sorted(order, key=order.__getitem__):
        before = [columns[source] for source, target in joined if target == key and source in columns]
        if process.states[key].category == "waiting":
            returns = [
                columns[target]
                for source, target in joined
                if source == key and target in columns and process.states[target].category != "waiting"
            ]
            columns[key] = min(returns or before, default=0)
        else:
            columns[key] = 1 + max(before, default=-1)
    return columns


def _rows(process: Process, columns: Mapping[str, int]) -> dict[str, int]:
    """Main line first, then what waits, then what was called off; each in the document's order."""
    depth = {"waiting": 1, "cancelled": 2}
    taken: dict[int, int] = {}
    rows: dict[str, int] = {}
    for key in sorted(process.states, key=lambda key: depth.get(process.states[key].category, 0)):
        column = columns[key]
        first = 0 if depth.get(process.states[key].category, 0) == 0 else 1
        rows[key] = max(taken.get(column, 0), first)
        taken[column] = rows[key] + 1
    return rows
