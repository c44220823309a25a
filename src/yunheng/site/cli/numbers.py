"""Whole numbers on the command line, refused with their limits where they make no sense."""

import argparse
from collections.abc import Callable

from yunheng.foundation.supervisor.messages import gettext as _


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """For argparse's `type`: a whole number from `lowest` to `highest`."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = lowest - 1
        if not lowest <= number <= highest:
            raise argparse.ArgumentTypeError(
                _("“{text}” is no whole number from {lowest} to {highest}").format(
                    text=text, lowest=lowest, highest=highest
                )
            )
        return number

    return read
