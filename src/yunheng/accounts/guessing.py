"""Slows down guessing: counts wrong passwords, codes and tokens in django-axes' table, on every web node alike.

What people type as a login is kept as a digest only, and nothing of what they posted: a password is typed there now
and then.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest

from .peers import address_of
from .sessions import begin_visit

WINDOW: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many failures of one kind count until one has to wait: for a name from an address, of an address, of a name.

    The last is high for passwords, or a stranger could lock somebody out; low for codes, whose guesser already knows
    the password.
    """

    kind: str
    per_name_and_address: int
    per_address: int
    per_name: int


PASSWORDS: Final = Limits("password", 5, 40, 40)
CODES: Final = Limits("code", 5, 40, 10)
TOKENS: Final = Limits("token", 40, 40, 2**31)
RESETS: Final = Limits("reset", 3, 20, 3)
ADDRESSES: Final = Limits("address", 5, 20, 5)  #: changes of one's own address, by the login of who asks


@dataclass(frozen=True, slots=True)
class Try:
    """One try: of which kind, under which name (a login, an e-mail address), and where it came from."""

    limits: Limits
    name: str
    address: str | None

    @property
    def key(self) -> str:
        """What is kept of the name: case and surrounding blanks do not matter."""
        return f"{self.limits.kind}:{hashlib.sha256(self.name.strip().casefold().encode()).hexdigest()}"


def wait_until(attempt: Try, now: datetime) -> datetime | None:
    """The instant from which one may try again, or None: now (1 query)."""
    rows = list(
        AccessAttempt.objects.filter(attempt_time__gt=now - WINDOW)
        .filter(
            Q(username=attempt.key)
            | Q(ip_address=attempt.address, username__startswith=f"{attempt.limits.kind}:")
        )
        .order_by("-attempt_time")
        .values_list("username", "ip_address", "failures_since_start", "attempt_time")[:200]
    )
    ends = [
        max(at for _name, _where, _count, at in counted) + WINDOW
        for counted, limit in (
            (
                [row for row in rows if row[:2] == (attempt.key, attempt.address)],
                attempt.limits.per_name_and_address,
            ),
            ([row for row in rows if row[1] == attempt.address], attempt.limits.per_address),
            ([row for row in rows if row[0] == attempt.key], attempt.limits.per_name),
        )
        if sum(count for _name, _where, count, _at in counted) >= limit
    ]
    return max(ends, default=None)


@transaction.atomic
def note_failure(attempt: Try, now: datetime) -> None:
    """Count a failed try, and forget what no longer counts (2 to 4 statements)."""
    AccessAttempt.objects.filter(attempt_time__lte=now - WINDOW).delete()
    row, is_new = AccessAttempt.objects.get_or_create(
        username=attempt.key,
        ip_address=attempt.address,
        user_agent="",
        defaults={
            "failures_since_start": 1,
            "get_data": "",
            "post_data": "",
            "http_accept": "",
            "path_info": "",
        },
    )
    AccessAttempt.objects.filter(pk=row.pk).update(
        attempt_time=now, failures_since_start=F("failures_since_start") + (0 if is_new else 1)
    )


def forget_failures(name: str, address: str | None) -> None:
    """After a success: what failed under this name from this address no longer counts. Other addresses still do."""
    keys = [Try(limits, name, address).key for limits in (PASSWORDS, CODES)]
    AccessAttempt.objects.filter(username__in=keys, ip_address=address).delete()


class Handler(AxesDatabaseHandler):
    """What django-axes calls around `authenticate` and `login`: its table, our limits, nothing of what was typed."""

    def is_allowed(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Whether this login may be tried from this address now."""
        return wait_until(_try_of(request, credentials), request.axes_attempt_time) is None  # type: ignore[attr-defined]

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """0 or 1: whether one has to wait; the limits are several and live in `PASSWORDS`."""
        return int(not self.is_allowed(request, credentials))

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **_more: object
    ) -> None:
        """A wrong password; while one has to wait nothing is counted, so that the waiting ends."""
        if request is None or request.axes_locked_out:  # type: ignore[attr-defined]
            return
        note_failure(_try_of(request, credentials), request.axes_attempt_time)  # type: ignore[attr-defined]

    def user_logged_in(self, sender: object, request: HttpRequest, user: Any, **_more: object) -> None:
        """Somebody got in, second factor included: their failures are forgotten, and the visit begins."""
        forget_failures(user.get_username(), address_of(request))
        begin_visit(request)

    def user_logged_out(self, sender: object, request: HttpRequest, user: Any, **_more: object) -> None:
        """Nothing is counted when somebody leaves."""


def _try_of(request: HttpRequest, credentials: dict[str, Any] | None) -> Try:
    return Try(PASSWORDS, str((credentials or {}).get("username") or ""), address_of(request))
