from tests.pages.fixtures import world

__all__ = ["world"]
