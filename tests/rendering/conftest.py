"""Nothing here needs a database; a report is rendered once for all tests that only read it."""

from functools import lru_cache
from typing import Any

import pytest
from tests.rendering import sample

from yunheng.reports.rendering import render


@lru_cache(maxsize=8)
def _rendered(kind: str, language: str) -> dict[str, bytes]:
    content = getattr(sample, kind)(language)
    return render(content, ["docx", "pdf", "xlsx"], rows=sample.rows(30))


@pytest.fixture
def rendered() -> Any:
    """`rendered(kind, language)` -> format -> bytes of the sample content."""
    return _rendered
