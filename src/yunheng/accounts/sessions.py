"""Sessions as rows of their person, so that they can be listed and ended: the engine, and what may be done to them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import HttpRequest
from django.utils.translation import gettext as _

from yunheng.foundation.identity import uuid7
from yunheng.foundation.refusals import NotFound

from .models import Session
from .peers import address_of

SEEN_RESOLUTION: Final = timedelta(minutes=5)  # a visit is not noted more often than this
CONFIRMED: Final = timedelta(minutes=15)  # for so long a password counts as just typed
_CONFIRMED: Final = "confirmed"
_ELSEWHERE: Final = "elsewhere"  # the session began at another party, which may have asked for no password
_VISIT: Final = "visit"  # in the session's data: asking costs no query
_AGENT_LENGTH: Final = 200


class SessionStore(DatabaseStore):
    """Django's sessions in the database; person, address and browser are columns, too."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """The table of sessions."""
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row that `save` writes."""
        row = cast(Session, super().create_model_instance(data))
        person, visit = data.get(SESSION_KEY), data.get(_VISIT)
        row.person_id = int(person) if person else None
        if visit:
            row.uuid = UUID(visit["uuid"])
            row.signed_in_at = datetime.fromtimestamp(visit["since"], UTC)
            row.seen_at = datetime.fromtimestamp(visit["seen"], UTC)
            row.address, row.agent = visit["address"], visit["agent"]
        return row


def begin_visit(request: HttpRequest) -> None:
    """Note where somebody signs in, and with what. Called when a session begins."""
    now = int(datetime.now(UTC).timestamp())
    request.session.pop(_ELSEWHERE, None)
    request.session[_VISIT] = {"uuid": str(uuid7()), "since": now, **_here(request, now)}


def note_visit(request: HttpRequest) -> None:
    """Note that somebody was here: at most every five minutes, and whenever address or browser change."""
    visit = request.session.get(_VISIT)
    if visit is None:
        begin_visit(request)
        return
    now = int(datetime.now(UTC).timestamp())
    here = _here(request, now)
    has_moved = visit["address"] is not None and (here["address"], here["agent"]) != (
        visit["address"],
        visit["agent"],
    )
    if has_moved or now - visit["seen"] >= SEEN_RESOLUTION.total_seconds():
        request.session[_VISIT] = {**visit, **here}


def note_confirmed(request: HttpRequest) -> None:
    """Note that the person has just shown that it is still them."""
    request.session[_CONFIRMED] = int(datetime.now(UTC).timestamp())


def note_elsewhere(request: HttpRequest, typed_at: int | None) -> None:
    """Note that another party let the person in, and when they showed there who they are (epoch seconds), if it says.

    Whoever finds an unattended browser may sign out and in again without being asked for anything: signing in there
    counts from the instant at which the password was typed there, and not at all without it.
    """
    request.session[_ELSEWHERE] = True
    if typed_at is not None:
        request.session[_CONFIRMED] = min(typed_at, int(datetime.now(UTC).timestamp()))


def is_confirmed(request: HttpRequest, now: datetime) -> bool:
    """Whether the person showed within the last quarter of an hour that it is them: by signing in here, by typing the
    password anew, or at another party that says when.
    """
    is_here = not request.session.get(_ELSEWHERE)
    since = (request.session.get(_VISIT) or {}).get("since", 0) if is_here else 0
    latest = max(since, request.session.get(_CONFIRMED, 0))
    return now.timestamp() - latest < CONFIRMED.total_seconds()


def uuid_of_session(request: HttpRequest) -> str:
    """Which of the person's sessions this is."""
    return str((request.session.get(_VISIT) or {}).get("uuid", ""))


def sessions_of(person_id: int, *, now: datetime) -> list[Session]:
    """The person's sessions that still run, the latest seen first (1 query)."""
    running = Session.objects.filter(person_id=person_id, expire_date__gt=now, seen_at__isnull=False)
    return list(running.defer("session_data").order_by("-seen_at", "-signed_in_at"))


def end_session(person_id: int, uuid: UUID) -> None:
    """End one session of the person: its next request is a stranger's. Raises NotFound."""
    count, _models = Session.objects.filter(person_id=person_id, uuid=uuid).delete()
    if not count:
        raise NotFound(_("This session has ended already."))


def end_sessions(person_id: int, *, but: str | None = None) -> int:
    """End all sessions of the person, but the one with this key; the number of those that ended."""
    count, _models = Session.objects.filter(person_id=person_id).exclude(session_key=but or "").delete()
    return count


def forget_ended_sessions(now: datetime) -> int:
    """Remove the rows of sessions whose time is over; the number of them."""
    count, _models = Session.objects.filter(expire_date__lte=now).delete()
    return count


def _here(request: HttpRequest, now: int) -> dict[str, Any]:
    agent = request.headers.get("User-Agent", "")[:_AGENT_LENGTH].replace("\0", "")
    return {"seen": now, "address": address_of(request), "agent": agent}


# --- in words

_SYSTEMS: Final = (
    ("iPhone", re.compile(r"iPhone|iPod")),
    ("iPad", re.compile(r"iPad")),
    ("HarmonyOS", re.compile(r"HarmonyOS|OpenHarmony")),
    ("Android", re.compile(r"Android")),
    ("Windows", re.compile(r"Windows")),
    ("macOS", re.compile(r"Macintosh|Mac OS X")),
    ("ChromeOS", re.compile(r"CrOS")),
    ("Linux", re.compile(r"Linux|X11")),
)
_BROWSERS: Final = (
    ("WeChat", re.compile(r"MicroMessenger")),
    ("DingTalk", re.compile(r"DingTalk")),
    ("Edge", re.compile(r"Edg(e|A|iOS)?/")),
    ("Opera", re.compile(r"OPR/")),
    ("QQ Browser", re.compile(r"QQBrowser/")),
    ("Firefox", re.compile(r"Firefox/|FxiOS/")),
    ("Chrome", re.compile(r"Chrome/|CriOS/|Chromium/")),
    ("Safari", re.compile(r"Safari/")),
)


def device_in_words(agent: str) -> str:
    """What a browser says of itself in two words: "Firefox · Windows"; "Unknown browser" where that fails."""
    browser = next((name for name, pattern in _BROWSERS if pattern.search(agent)), "")
    system = next((name for name, pattern in _SYSTEMS if pattern.search(agent)), "")
    if not browser and not system:
        return _("Unknown browser")
    return " · ".join(filter(None, (browser or _("Unknown browser"), system)))
