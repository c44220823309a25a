"""The fonts of the reports: fetched and laid here when the package is built (build_hook.py), with their licences."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "fonts"

#: In the order they are tried for a character.
FAMILIES: Final = ("Noto Sans SC", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Emoji")


def font_files() -> list[Path]:
    """Every font file, in a fixed order. Raises FileNotFoundError when the package was not built."""
    files = sorted(FOLDER.glob("*.ttf"))
    if not files:
        raise FileNotFoundError(f"no fonts in {FOLDER}: build the package (python build_hook.py)")
    return files
