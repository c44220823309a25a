"""API of contracts: versions, calendars, proposals, the sealed log and its proofs."""

from . import applying, log, versions
from .routing import router

__all__ = ["applying", "log", "router", "versions"]
