"""Rendering of reports (DESIGN §6): Word and PDF of a month, and the Excel file with every item."""

import resource
from typing import Any

from tests.rendering import sample

from benchmarks.measuring import row, seconds
from yunheng.reports.rendering import render

MISSES = 500
ITEMS = 100_000


def run() -> list[dict[str, Any]]:
    """Rows of the table. Memory is the largest resident size of a process that rendered."""
    month = sample.monthly("zh-Hans", misses=MISSES)
    of = f"appendix of {MISSES} rows"
    both = seconds(lambda: render(month, ["docx", "pdf"]), rounds=2)
    word = seconds(lambda: render(month, ["docx"]), rounds=2)
    pdf = seconds(lambda: render(month, ["pdf"]), rounds=2)
    excel = seconds(lambda: render(month, ["xlsx"], rows=sample.rows(ITEMS)), rounds=1)
    there = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    here = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        row("Word and PDF of a month", both, "s", f"{of}; goal < 10 s", digits=2),
        row("Word of a month", word, "s", of, digits=2),
        row("PDF of a month", pdf, "s", of, digits=2),
        row("Excel with every item", excel, "s", f"{ITEMS:,} rows, streamed; goal < 30 s", digits=2),
        row("memory of the renderer", there, "MB", "at the peak; goal < 500 MB", digits=0),
        row("memory of the one who asks", here, "MB", "at the peak", digits=0),
    ]
