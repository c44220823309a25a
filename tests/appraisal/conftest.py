"""The contract that statements are tested on, built once for a module."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.utils import translation
from tests.appraisal.statements_world import World, make_world
from tests.undoing import undone

from yunheng.appraisal import study


@pytest.fixture(scope="module")
def built_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One contract that is appraised; tests take `world`."""
    with django_db_blocker.unblock(), undone():
        yield make_world()


@pytest.fixture
def world(built_world: World) -> Iterator[World]:
    """The contract as it was built, for one test; sentences are English."""
    study._recent.clear()  # another test had other tickets at the same log position
    with undone(), translation.override("en"):
        yield deepcopy(built_world)
