"""The world of `world.py` as a fixture: built once for a module, in a transaction that is rolled back."""

from collections.abc import Iterator
from typing import Any

import pytest
from build_hook import compile_translations
from tests.pages.world import World, build_world
from tests.undoing import undone

compile_translations()  # both languages are tested, also in a checkout that was never installed


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Contracts, personas and tickets; what a test of the module writes, later ones of the module see."""
    with django_db_blocker.unblock(), undone():
        yield build_world()
