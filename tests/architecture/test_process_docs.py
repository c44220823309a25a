"""The processes that ship with the program are sound, and docs/process shows them as they are."""

from pathlib import Path

import pytest

from yunheng.accounts.roles import PERMISSIONS
from yunheng.desk import effects
from yunheng.foundation.flow import effect_names, guard_names, load_processes
from yunheng.foundation.mermaid import process_page
from yunheng.logic.flow import Process, lint_process

DOCS = Path(__file__).resolve().parents[2] / "docs" / "process"

PROCESSES = list(load_processes().values())


def file_of(process: Process) -> Path:
    return DOCS / f"{process.key}.md"


def newest() -> list[Process]:
    latest = {process.key: process for process in sorted(PROCESSES, key=lambda item: item.version)}
    return list(latest.values())


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: f"{process.key}-{process.version}")
def test_nothing_is_wrong_with_a_shipped_process(process: Process) -> None:
    assert effects is not None  # imported for the names it registers
    assert lint_process(process, PERMISSIONS, guard_names(), effect_names()) == []


@pytest.mark.parametrize("process", newest(), ids=lambda process: process.key)
def test_its_page_is_drawn_from_it(process: Process) -> None:
    path = file_of(process)
    assert path.read_text(encoding="utf-8") == process_page(process), (
        f"docs/process/{path.name} has drifted: run `yunheng process docs docs/process`"
    )


def test_there_are_no_pages_of_processes_that_are_gone() -> None:
    assert {path.stem for path in DOCS.glob("*.md")} == {process.key for process in PROCESSES}
