"""The processes that tickets run on: one of several kinds of subjects that have a process."""

from collections.abc import Iterator

from yunheng.foundation.flow import load_processes
from yunheng.logic.flow import Process

from .models import Ticket


def ticket_processes() -> Iterator[Process]:
    """All versions of the processes of tickets, in the order of `load_processes`."""
    return (process for process in load_processes().values() if process.subject_kind in Ticket.Kind.values)
