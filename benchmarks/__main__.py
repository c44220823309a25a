"""`make bench`: every module of this folder that has `run()`, each in a process of its own; a table and a JSON file.

`make bench ARGS=desk` runs one and replaces its rows in the file.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE.parent / "bench-results.json"


def main() -> int:
    """Run the modules that are named, or all. Status 1 when one of them fails."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.alone:
        module = import_module(f"benchmarks.{args.alone}")
        sys.stdout.write("\n" + json.dumps(module.run() if hasattr(module, "run") else None))
        return 0
    found = sorted(entry.name for entry in iter_modules([str(HERE)]) if entry.name != "__main__")
    unknown = set(args.modules) - set(found)
    if unknown:
        parser.error(f"no such module: {', '.join(sorted(unknown))} (there are: {', '.join(found)})")
    rows, failed = [], []
    for name in args.modules or found:
        made = _run_alone(name)
        if made is None:
            failed.append(name)
            continue
        for row in made:
            print(_line(row), flush=True)
            rows.append({"module": name, **row})
    _keep(rows, failed, args.modules)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _keep(rows: list[dict[str, Any]], failed: list[str], named: list[str]) -> None:
    """Write the results; of a run of some modules only theirs change; each row says when it was measured."""
    machine = _machine()
    made = [{**row, "at": machine["at"]} for row in rows]
    if named and RESULTS.exists():
        before = json.loads(RESULTS.read_text())
        made = [row for row in before["rows"] if row["module"] not in named] + made
        failed = [name for name in before["failed"] if name not in named] + failed
    document = {**machine, "rows": made, "failed": failed}
    RESULTS.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _run_alone(name: str) -> list[dict[str, Any]] | None:
    """The module's rows; [] when it has no `run()`, None when it failed."""
    command = [sys.executable, "-m", "benchmarks", "--alone", name]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent / "src"), str(HERE.parent)])}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=False, env=environment, cwd=HERE.parent
    )
    if done.returncode:
        return None
    return json.loads(done.stdout.rsplit("\n", 1)[-1]) or []


def _line(row: dict[str, Any]) -> str:
    line = f"{row['name']:<30} {_number(row['value']):>13} {row['unit']:<15}"
    if row.get("peer"):
        ratio = f"{row['ratio']:,} ×" if row.get("ratio") else ""
        line += f" {ratio:>10} {row['peer']} ({_number(row['peer_value'])})"
    return f"{line}  {row.get('note') or ''}".rstrip()


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.4g}"


def _machine() -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
    }


if __name__ == "__main__":
    sys.exit(main())
