"""Slows down the guessing of passwords: counts failed tries by login and by address, in the database."""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from .models import FailedSignIn

WINDOW: Final = timedelta(minutes=10)
PER_LOGIN_AND_ADDRESS: Final = 5
PER_ADDRESS: Final = 40
PER_LOGIN: Final = 40  # from anywhere; high, or a stranger could lock somebody out


def digest(login: str) -> bytes:
    """What is kept of a login: case and surrounding blanks do not matter."""
    return hashlib.sha256(login.strip().casefold().encode()).digest()


def wait_until(login: str, address: str | None, now: datetime) -> datetime | None:
    """The instant from which this login may be tried again from this address, or None: now (1 query)."""
    since = now - WINDOW
    hashed = digest(login)
    rows = list(
        FailedSignIn.objects.filter(
            Q(login_digest=hashed) | Q(address=address, address__isnull=False), at__gt=since
        )
        .order_by("-at")
        .values_list("login_digest", "address", "at")[: PER_ADDRESS + PER_LOGIN]
    )
    here = [at for known, where, at in rows if bytes(known) == hashed and where == address]
    from_address = [at for _known, where, at in rows if where is not None and where == address]
    of_login = [at for known, _where, at in rows if bytes(known) == hashed]
    ends = [
        instants[limit - 1] + WINDOW
        for instants, limit in (
            (here, PER_LOGIN_AND_ADDRESS),
            (from_address, PER_ADDRESS),
            (of_login, PER_LOGIN),
        )
        if len(instants) >= limit
    ]
    return max(ends, default=None)


def note_failure(login: str, address: str | None, now: datetime) -> None:
    """Remember a failed try, and forget the ones that no longer count."""
    FailedSignIn.objects.create(login_digest=digest(login), address=address, at=now)
    FailedSignIn.objects.filter(at__lt=now - WINDOW).delete()


def forget_failures(login: str, address: str | None) -> None:
    """After a success: what failed for this login from this address no longer counts."""
    FailedSignIn.objects.filter(login_digest=digest(login), address=address).delete()
