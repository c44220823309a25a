"""The database of the settings: Django's PostgreSQL but for how a kept connection is found alive."""

import select

import psycopg
from django.db.backends.postgresql import base

__all__ = ["DatabaseWrapper"]


class DatabaseWrapper(base.DatabaseWrapper):
    """At the begin of each request and job Django asks on a kept connection for a sign of life.

    A server that ended, or ended the session, has closed the connection, and that can be read: where there is nothing
    to read the connection is as alive as a question a moment earlier could have told. Else it is asked.
    """

    def init_connection_state(self) -> None:
        """Also: what is prepared (`foundation.statements`) is planned once on each connection, and not six times.

        Its statements go along keys: whatever the values, there is one way to do it.
        """
        super().init_connection_state()
        assert self.connection is not None
        self.connection.execute("SET plan_cache_mode = force_generic_plan")

    def is_usable(self) -> bool:
        """Whether the connection can be used; what comes unasked (a warning, its end) has the server asked."""
        if self.connection is None:
            return False
        try:
            place = self.connection.fileno()
        except psycopg.Error:  # closed on our side
            return False
        if not _can_be_read(place):
            return True
        usable: bool = super().is_usable()
        return usable


def _can_be_read(place: int) -> bool:
    poll = select.poll()
    poll.register(place, select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
