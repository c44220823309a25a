"""Fixtures of the clocks' tests."""

import pytest
from tests.desk.ground import Ground, make_ground


@pytest.fixture
def ground(db: None) -> Ground:
    """A contract with somebody in every role."""
    return make_ground()
