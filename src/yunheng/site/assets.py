"""Addresses of the built front end: names with a content hash, from the manifest that the build wrote."""

import json
from functools import lru_cache
from pathlib import Path

from django.templatetags.static import static

DIST = Path(__file__).parent / "static" / "yunheng" / "dist"


class NotBuiltError(RuntimeError):
    """The front end was never built in this checkout."""


def asset_url(name: str) -> str:
    """Address of a built file by its source's name ("main.css"). Raises NotBuiltError with the way out."""
    names = _manifest()
    if name not in names:
        raise NotBuiltError(
            f"{name} is not among the built assets: run `node assets/build.mjs` or install the package"
        )
    return static(f"yunheng/dist/{names[name]}")


@lru_cache(maxsize=1)
def _manifest() -> dict[str, str]:
    try:
        return json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
