"""Every package and module says what it is for: modules in their docstrings, top packages in docs/README.md."""

import ast
from pathlib import Path

import pytest
from tests.docs.manual_pages import ROOT, rows

SOURCE = ROOT / "src" / "yunheng"
PACKAGES = sorted(path.parent for path in SOURCE.rglob("__init__.py") if "migrations" not in path.parts)


def _is_silent(path: Path) -> bool:
    """Whether a module with content has no docstring; an empty `__init__.py` has nothing to explain."""
    text = path.read_text(encoding="utf-8")
    return bool(text.strip()) and len(ast.get_docstring(ast.parse(text)) or "") < 10


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.relative_to(SOURCE.parent).as_posix())
def test_modules_say_what_they_are_for(package: Path) -> None:
    assert not [path.name for path in sorted(package.glob("*.py")) if _is_silent(path)]


def test_the_table_of_packages_is_complete() -> None:
    packages = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    table = rows((ROOT / "docs" / "README.md").read_text(encoding="utf-8"), "package")
    assert set(table) == packages
    assert all(len(purpose) > 20 for (purpose,) in table.values())


def test_the_readme_names_every_package() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in PACKAGES if path.parent == SOURCE and path.name not in text} == set()
