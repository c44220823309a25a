"""API of statements: drafted, entered, issued, answered, decided, settled, reversed; rectification orders."""

from . import contesting, entering, life, rectifying  # noqa: F401 - each adds its operations
from .routing import router

__all__ = ["router"]
