"""A file can be checked where there is no Django and no database."""

import subprocess
import sys
from pathlib import Path

import yunheng

SOURCE = Path(yunheng.__file__).parent.parent
PURE = [
    "backtoback.checking",
    "backtoback.sentences",
    "calendars",
    "checking",
    "compile",
    "difference",
    "document",
    "grammar",
    "indicators",
    "lint",
    "meaning",
    "normal",
    "packs",
    "problems",
    "schema",
    "scoring.checking",
    "scoring.compile",
    "scoring.grammar",
    "scoring.terms",
    "scoring.words",
    "terms",
    "values",
]


def test_checking_never_sees_django() -> None:
    program = f"""
import sys
sys.path.insert(0, {str(SOURCE)!r})
sys.modules["django"] = None
for name in {PURE!r}:
    __import__(f"yunheng.contracts.{{name}}")
from yunheng.contracts.checking import check
from yunheng.contracts.packs import contract_pack, newest_processes
assert check(contract_pack("standard"), newest_processes()).problems == ()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
