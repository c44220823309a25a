"""Every permission that code or a process names is one that some role has, and every one that exists is
used.
"""

import ast
from functools import cache
from pathlib import Path

from yunheng.accounts.roles import PERMISSIONS, ROLES
from yunheng.foundation.flow import load_processes

SOURCE = Path(__file__).resolve().parents[2] / "src" / "yunheng"


def named_in(source: str) -> set[str]:
    """Permissions that are asked for: `viewer.may("…", …)`, `.require("…", …)`, `permission="…"`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        candidates: list[ast.expr] = [item.value for item in node.keywords if item.arg == "permission"]
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"may", "require"} and node.args:
            candidates.append(node.args[0])
        found |= {
            item.value
            for item in candidates
            if isinstance(item, ast.Constant) and isinstance(item.value, str) and "." in item.value
        }
    return found


@cache
def asked_for() -> set[str]:
    in_code = {
        permission
        for path in SOURCE.rglob("*.py")
        for permission in named_in(path.read_text(encoding="utf-8"))
    }
    in_processes = {
        permission
        for process in load_processes().values()
        for permission in (
            process.opening.permission,
            *(item.permission for item in process.transitions.values()),
        )
    }
    return in_code | in_processes


def test_whatever_is_asked_for_exists() -> None:
    assert len(asked_for()) > 10
    assert asked_for() - PERMISSIONS == set()


def test_a_slip_would_be_seen() -> None:
    assert named_in('viewer.require("ticket.wrok", scope)') - PERMISSIONS == {"ticket.wrok"}
    assert named_in('begin(viewer, permission="ticket.note")') == {"ticket.note"}


def test_nobody_holds_what_nothing_asks_for() -> None:
    """Permissions without a use yet, with the reason; the list may only shrink."""
    waiting = {
        "import.run": "imports are run on the command line by the installation's owner, until they have a page"
    }
    assert PERMISSIONS - asked_for() <= waiting.keys()


def test_each_role_is_for_somebody() -> None:
    assert {role.kind for role in ROLES.values()} == {"provider", "client", "supplier"}
    assert all(role.permissions for role in ROLES.values())
