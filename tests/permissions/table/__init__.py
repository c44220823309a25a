"""The permission table: one module per package, each with ROUTES (pattern of an address → row)."""

from importlib import import_module
from pathlib import Path

from .rows import Route

ROUTES: dict[str, Route] = {}
for _path in sorted(Path(__file__).parent.glob("*.py")):
    if _path.stem not in {"__init__", "rows"}:
        _more: dict[str, Route] = import_module(f"{__name__}.{_path.stem}").ROUTES
        assert not _more.keys() & ROUTES.keys(), _more.keys() & ROUTES.keys()
        ROUTES |= _more
