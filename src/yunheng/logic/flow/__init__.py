"""Processes as data: states, transitions, what is allowed now, and where the ticket stands in the drawing.

A process is written in YAML (packs/processes), read by `parse_process`, judged by `lint_process` and moved
along by the executor of foundation, which alone writes WAIT_BEGAN (with the reason and party of the state)
when a waiting state is entered and WAIT_ENDED when it is left.
"""

from yunheng.logic.flow.document import AUTHOR_FACTS, STAYS, parse_process, process_digest, to_document
from yunheng.logic.flow.drawing import Diagram, Edge, Node, diagram
from yunheng.logic.flow.lint import Finding, lint_process
from yunheng.logic.flow.model import (
    LANGUAGES,
    Category,
    Choice,
    FactSpec,
    Fault,
    FieldKind,
    FieldSpec,
    FlowError,
    Label,
    Opening,
    Process,
    State,
    Transition,
    Visibility,
)
from yunheng.logic.flow.rules import Decision, available, decide, form_faults

__all__ = [
    "AUTHOR_FACTS",
    "LANGUAGES",
    "STAYS",
    "Category",
    "Choice",
    "Decision",
    "Diagram",
    "Edge",
    "FactSpec",
    "Fault",
    "FieldKind",
    "FieldSpec",
    "Finding",
    "FlowError",
    "Label",
    "Node",
    "Opening",
    "Process",
    "State",
    "Transition",
    "Visibility",
    "available",
    "decide",
    "diagram",
    "form_faults",
    "lint_process",
    "parse_process",
    "process_digest",
    "to_document",
]
