"""Pages of contracts: reading, writing, versions, calendars and logs."""

from .backtoback import back_to_back
from .calendars import calendars, errand
from .documents import document, new
from .log import log
from .logs import logs
from .proposals import proposal
from .reading import contract, contracts, diff, download, version, versions

__all__ = [
    "back_to_back",
    "calendars",
    "contract",
    "contracts",
    "diff",
    "document",
    "download",
    "errand",
    "log",
    "logs",
    "new",
    "proposal",
    "version",
    "versions",
]
