"""`python yunheng-verify.pyz PACK.zip`: verify.py, and everything computed again from the facts.

`python yunheng-verify.pyz evidence.json [head.json]` verifies the entries of one ticket.
"""

import sys
import zipfile

from yunheng.verify import entries
from yunheng.verify.recompute import recompute
from yunheng.verify.verify import main


def run() -> int:
    """Verify what the command line names; the status that the program ends with."""
    names = sys.argv[1:]
    if names and names[0].endswith(".json") and not zipfile.is_zipfile(names[0]):
        return entries.main(names)
    return main(recompute)


if __name__ == "__main__":
    sys.exit(run())
