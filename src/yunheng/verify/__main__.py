"""`python yunheng-verify.pyz PACK.zip`: verify.py, and everything computed again from the facts."""

import sys

from yunheng.verify.recompute import recompute
from yunheng.verify.verify import main


def run() -> int:
    """Verify what the command line names; the status that the program ends with."""
    return main(recompute)


if __name__ == "__main__":
    sys.exit(run())
