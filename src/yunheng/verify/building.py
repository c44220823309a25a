"""Builds yunheng-verify.pyz: the modules that recompute a pack, in one file, the same bytes for the same sources."""

from __future__ import annotations

import ast
import io
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

#: `src` or the folder of installed packages.
_ROOT: Final = Path(__file__).resolve().parents[2]
_START: Final = "yunheng.verify.__main__"
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_MAIN: Final = b"import sys\n\nfrom yunheng.verify.__main__ import run\n\nsys.exit(run())\n"
_ALLOWED: Final = frozenset({*sys.stdlib_module_names, "cryptography"})

VERIFIER: Final = Path(__file__).with_name("verify.py")
"""The first tier: one file that stands alone."""


class ImpureError(RuntimeError):
    """A module that the verifier would carry needs something that it must do without."""


@cache
def build_pyz() -> bytes:
    """The zipapp: `python yunheng-verify.pyz PACK.zip`. Members are stored and not compressed: no version of zlib
    has a say in the bytes. Raises ImpureError for a module that needs more than standard library and `cryptography`.
    """
    out = io.BytesIO(b"#!/usr/bin/env python3\n")
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_STORED) as app:
        for name, data in sorted({"__main__.py": _MAIN, **_sources()}.items()):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            app.writestr(info, data)
    return out.getvalue()


def _sources() -> dict[str, bytes]:
    """Sources of the modules that are needed, by their path in the app."""
    found: dict[str, bytes] = {}
    waiting = [_START]
    while waiting:
        module = waiting.pop()
        path = _path_of(module)
        if path is None or path.relative_to(_ROOT).as_posix() in found:
            continue
        data = path.read_bytes().replace(b"\r\n", b"\n")
        found[path.relative_to(_ROOT).as_posix()] = data
        parts = module.split(".")
        waiting += [".".join(parts[:count]) for count in range(1, len(parts))]
        is_package = path.name == "__init__.py"
        for name in _imports(ast.parse(data), module, is_package=is_package):
            if name.split(".")[0] == "yunheng":
                waiting.append(name)
            elif name.split(".")[0] not in _ALLOWED:
                raise ImpureError(f"{module} imports {name}")
    return found


def _path_of(module: str) -> Path | None:
    """File of a module or package of ours; None for a name that is something in a module."""
    base = _ROOT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _imports(tree: ast.AST, module: str, *, is_package: bool) -> Iterator[str]:
    """Absolute names of all that is imported; of "from a import b" both a and a.b, which may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                own = module.split(".")
                keep = len(own) - node.level + (1 if is_package else 0)
                base = ".".join([*own[:keep], *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
