"""Draws a process as Mermaid text, for the pages in docs/process and `yunheng process show --mermaid`.
Pure.
"""

from yunheng.logic.flow import Label, Process, diagram

_STYLES = {
    "open": "fill:#e7f1fb,stroke:#2f6fad",
    "waiting": "fill:#fff4d6,stroke:#a87900",
    "restored": "fill:#e6f6ea,stroke:#2f8f4e",
    "resolved": "fill:#d5f0dd,stroke:#2f8f4e",
    "closed": "fill:#eeeeee,stroke:#666666",
    "cancelled": "fill:#f7e4e4,stroke:#a33f3f",
}


def mermaid(process: Process, language: str = "en") -> str:
    """A flowchart: states by category, transitions by name, dotted where they lead back. Ends with a
    newline.
    """
    drawing = diagram(process)
    lines = ["flowchart LR"]
    for node in drawing.nodes:
        state = process.states[node.state]
        lines.append(f'  {node.state}["{_text(state.label, language)}"]:::{state.category}')
    for edge in drawing.edges:
        names = " / ".join(_text(process.transitions[key].label, language) for key in edge.transitions)
        arrow = f'-. "{names}" .->' if edge.is_back else f'-- "{names}" -->'
        lines.append(f"  {edge.source} {arrow} {edge.target}")
    used = {state.category for state in process.states.values()}
    lines += [f"  classDef {category} {style}" for category, style in _STYLES.items() if category in used]
    return "\n".join(lines) + "\n"


def process_page(process: Process) -> str:
    """The page of one process in docs/process: drawing, states and transitions, in both languages."""
    lines = [
        f"# {_text(process.label, 'zh-Hans')} · {_text(process.label, 'en')}",
        "",
        f"Process `{process.key}`, version {process.version}, drawn from its pack; do not edit. "
        "`yunheng process show` prints the same.",
        "",
        "```mermaid",
        mermaid(process, "zh-Hans").rstrip(),
        "```",
        "",
        "| state | 状态 | name | category | waits for |",
        "|---|---|---|---|---|",
    ]
    for state in process.states.values():
        party = state.party.name.lower() if state.party else ""
        lines.append(
            f"| `{state.key}` | {_text(state.label, 'zh-Hans')} | {_text(state.label, 'en')} "
            f"| {state.category} | {party} |"
        )
    lines += [
        "",
        "| transition | 流转 | name | from | to | permission | guards | facts |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for item in process.transitions.values():
        sources = ", ".join(f"`{key}`" for key in process.states if key in item.from_)
        target = f"`{item.to}`" if item.to else "(stays)"
        facts = ", ".join(fact.kind.name for fact in item.facts)
        lines.append(
            f"| `{item.key}` | {_text(item.label, 'zh-Hans')} | {_text(item.label, 'en')} | {sources} | {target} "
            f"| {item.permission} | {', '.join(item.guards)} | {facts} |"
        )
    return "\n".join(lines) + "\n"


def _text(label: Label, language: str) -> str:
    return (label.get(language) or next(iter(label.values()), "")).replace('"', "'")
