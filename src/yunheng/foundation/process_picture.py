"""The drawing of a process as SVG geometry: where a subject is, which way it came, and what could have been.

Pure functions from a diagram to numbers; the template puts them into elements. Ways that nobody took and that do not
belong to the main line are left out, or no drawing of a real process could be read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from yunheng.logic.flow import Diagram, Edge, Node

NODE_WIDTH: Final = 128
NODE_HEIGHT: Final = 30
COLUMN_PITCH: Final = 168
ROW_PITCH: Final = 49
MARGIN: Final = 6
ARCH: Final = 16  # how far an arch rises for each column it spans
ROOM_FOR_LABEL: Final = 18
RAIL: Final = 14  # how far left of their boxes the brackets of waiting states run


@dataclass(frozen=True, slots=True)
class NodeShape:
    """A state: its box, the middle of its text, and how it stands to the subject."""

    state: str
    label: str
    x: int
    y: int
    css: str
    is_here: bool

    @property
    def label_x(self) -> int:
        """Where "you are here" ends: at the right, clear of arrows that come in at the middle."""
        return self.x + NODE_WIDTH - 4

    @property
    def label_y(self) -> int:
        """Base line of "you are here", just above the box."""
        return self.y - 5

    @property
    def middle_x(self) -> int:
        """Where the text is centred."""
        return self.x + NODE_WIDTH // 2

    @property
    def text_y(self) -> int:
        """Base line of the text."""
        return self.y + NODE_HEIGHT // 2 + 4


@dataclass(frozen=True, slots=True)
class EdgeShape:
    """A way from one state to another as an SVG path."""

    path: str
    is_passed: bool


@dataclass(frozen=True, slots=True)
class ProcessPicture:
    """All shapes with the size of their frame."""

    width: int
    height: int
    nodes: tuple[NodeShape, ...]
    edges: tuple[EdgeShape, ...]
    node_width: int = NODE_WIDTH
    node_height: int = NODE_HEIGHT


def draw_process(
    diagram: Diagram, *, labels: Mapping[str, str], here: str, passed: Iterable[tuple[str, str]]
) -> ProcessPicture:
    """The drawing with the subject in state `here`, which came by the ways `passed` (source, target).

    States that are not in the diagram (an import's unmapped ones) are ignored.
    """
    cells = {node.state: node for node in diagram.nodes}
    taken = {
        (source, target)
        for source, target in passed
        if source in cells and target in cells and source != target
    }
    been = {state for way in taken for state in way}
    edges = [edge for edge in diagram.edges if (edge.source, edge.target) in taken or _is_main(edge, cells)]
    known = {(edge.source, edge.target) for edge in edges}
    extra = [
        Edge(source, target, (), cells[target].column < cells[source].column)
        for source, target in sorted(taken - known)
    ]
    arches = [
        abs(cells[edge.target].column - cells[edge.source].column)
        for edge in [*edges, *extra]
        if _is_arch(edge, cells)
    ]
    top = MARGIN + max(ROOM_FOR_LABEL, *(ARCH * span for span in arches), 0)
    shapes = sorted(
        (
            EdgeShape(_path(edge, cells, top), (edge.source, edge.target) in taken)
            for edge in [*edges, *extra]
        ),
        key=lambda shape: shape.is_passed,
    )
    return ProcessPicture(
        width=2 * MARGIN + (diagram.columns - 1) * COLUMN_PITCH + NODE_WIDTH,
        height=top + (diagram.rows - 1) * ROW_PITCH + NODE_HEIGHT + MARGIN,
        nodes=tuple(
            _node(node, labels.get(node.state, node.state), here, been, top) for node in diagram.nodes
        ),
        edges=tuple(shapes),
    )


def _is_main(edge: Edge, cells: Mapping[str, Node]) -> bool:
    """Ways drawn even if nobody took them: one step along the main line, from it to the waiting states right below, and
    the nearest way to a state in which the work was called off."""
    source, target = cells[edge.source], cells[edge.target]
    if edge.is_back or source.row != 0:
        return False
    if target.row == 0 or target.category == "cancelled":
        return target.column == source.column + 1
    return target.column == source.column


def _is_arch(edge: Edge, cells: Mapping[str, Node]) -> bool:
    source, target = cells[edge.source], cells[edge.target]
    return source.row == target.row == 0 and target.column != source.column + 1


def _corner(node: Node, top: int) -> tuple[int, int]:
    return MARGIN + node.column * COLUMN_PITCH, top + node.row * ROW_PITCH


def _path(edge: Edge, cells: Mapping[str, Node], top: int) -> str:
    source, target = cells[edge.source], cells[edge.target]
    (x1, y1), (x2, y2) = _corner(source, top), _corner(target, top)
    half = NODE_HEIGHT // 2
    if _is_arch(edge, cells):
        shift = -18 if edge.is_back else 18
        begin, end = x1 + NODE_WIDTH // 2 + shift, x2 + NODE_WIDTH // 2 - shift
        rise = y1 - ARCH * abs(target.column - source.column)
        return f"M{begin} {y1}C{begin} {rise} {end} {rise} {end} {y2 - 5}"
    if (
        source.column == target.column
    ):  # a bracket: waiting states hang on the state that they are entered from
        upper, lower = min(y1, y2) + half, max(y1, y2) + half
        rail = x1 - RAIL
        bend_in, bend_out = (
            f"H{rail + 4}Q{rail} {upper} {rail} {upper + 4}",
            f"Q{rail} {lower} {rail + 4} {lower}",
        )
        return f"M{x1} {upper}{bend_in}V{lower - 4}{bend_out}H{x1 - 5}"
    if target.column > source.column:
        begin, end = x1 + NODE_WIDTH, x2 - 5
        bend = max(18, (end - begin) // 2)
        return f"M{begin} {y1 + half}C{begin + bend} {y1 + half} {end - bend} {y2 + half} {end} {y2 + half}"
    begin, end = x1, x2 + NODE_WIDTH + 5
    bend = max(18, (begin - end) // 2)
    return f"M{begin} {y1 + half}C{begin - bend} {y1 + half} {end + bend} {y2 + half} {end} {y2 + half}"


def _node(node: Node, label: str, here: str, been: set[str], top: int) -> NodeShape:
    x, y = _corner(node, top)
    css = "process-node"
    if node.state == here:
        css += " process-node-here"
    elif node.state in been:
        css += " process-node-passed"
    if node.category == "waiting":
        css += " process-node-waiting"
    elif node.category in {"closed", "cancelled"}:
        css += " process-node-end"
    return NodeShape(node.state, label, x, y, css, node.state == here)
