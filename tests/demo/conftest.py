"""The world of the pages, for what is seen elsewhere than in a demonstration."""

from tests.pages.fixtures import world

__all__ = ["world"]
