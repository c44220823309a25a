"""A scope and drafts in the rolled-back transaction."""

from collections.abc import Callable

import pytest
from django.utils import translation
from tests.foundation.ground import make_draft, make_scope

from yunheng.foundation.journal import EntryDraft
from yunheng.foundation.models import Scope


@pytest.fixture(autouse=True)
def english():
    """Problems are said in the active language; these tests read English."""
    with translation.override("en"):
        yield


@pytest.fixture
def scope(db: None) -> Scope:
    """A scope in the rolled-back transaction."""
    return make_scope()


@pytest.fixture
def draft(scope: Scope) -> Callable[..., EntryDraft]:
    """Drafts in `scope`."""
    return lambda subject=7, **changes: make_draft(scope, subject, **changes)
