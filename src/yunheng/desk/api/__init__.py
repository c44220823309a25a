"""API of tickets: lists, one ticket, its story, everything that can be done to it."""

from . import agreeing, changing, lists, proposing, reading
from .routing import router

__all__ = ["agreeing", "changing", "lists", "proposing", "reading", "router"]
