"""The manual as tests read it: pages by language and name, their tables, headings and links."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("zh", "en")
_SKIPPED = {".git", ".venv", ".yunheng", ".hypothesis", ".pytest_cache", "node_modules", "build", "dist"}


def page(language: str, name: str) -> str:
    """Text of one page."""
    return (ROOT / "docs" / "manual" / language / f"{name}.md").read_text(encoding="utf-8")


def pages(language: str) -> dict[str, str]:
    """All pages of a language by name."""
    folder = ROOT / "docs" / "manual" / language
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}


def rows(text: str, key: str) -> dict[str, list[str]]:
    """Rows of the table whose first header cell is `key`: first cell without backquotes → the other cells."""
    found: dict[str, list[str]] = {}
    is_inside = False
    for line in text.splitlines():
        cells = (
            [cell.strip() for cell in line.strip().strip("|").split(" | ")] if line.startswith("|") else []
        )
        if not cells:
            is_inside = False
        elif cells[0] == key:
            is_inside = True
        elif is_inside and not set(line) <= set("|- "):
            found[cells[0].strip("`")] = cells[1:]
    return found


def code_words(text: str) -> list[str]:
    """What stands between backquotes, outside of fenced blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def without_code(text: str) -> str:
    """The text without fenced blocks, code words and link targets."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`\n]*\n?[^`\n]*`", "`", text)  # a code word may be broken over two lines
    return re.sub(r"\]\([^)\n]*\)", "]", text)


def headings(text: str) -> list[int]:
    """Levels of the headings in order; lines in fenced blocks are none."""
    return [
        len(line.split(" ", 1)[0]) for line in without_code(text).splitlines() if re.match(r"#{1,6} ", line)
    ]


def markdown_files() -> Iterator[Path]:
    """Every Markdown file of the project."""
    for path in sorted(ROOT.rglob("*.md")):
        if not _SKIPPED & set(path.relative_to(ROOT).parts):
            yield path
