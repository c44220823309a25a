"""The limited process: `python -m yunheng.reports.rendering FOLDER SECONDS` does FOLDER/task.json and answers there.

Called by limited.py only. Limits are set before anything else is imported or read.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Final

MOST_MEMORY: Final = (
    3 << 30
)  #: bytes of address space, much of which is only reserved; real use is a fraction
MOST_FILE: Final = 1 << 30  #: bytes of one file


def main() -> int:
    """Do the task; 0 when it is done or the template is at fault, 1 when it failed."""
    folder, seconds = Path(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_FILE, MOST_FILE))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    answer: dict[str, object]
    try:
        from yunheng.reports.rendering.doing import do_task

        faults = do_task(json.loads((folder / "task.json").read_text(encoding="utf-8")), folder)
        answer = {"done": not faults, "faults": [fault.as_data() for fault in faults]}
    except MemoryError:
        answer = {"problem": "memory"}
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")
    return 0 if "problem" not in answer else 1


if __name__ == "__main__":
    sys.exit(main())
