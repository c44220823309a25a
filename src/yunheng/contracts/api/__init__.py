"""API of contracts: versions, calendars, proposals, the sealed log and its proofs."""

from . import applying, backtoback, log, versions
from .routing import router

__all__ = ["applying", "backtoback", "log", "router", "versions"]
