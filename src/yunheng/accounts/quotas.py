"""How much one person may put in or take out in a time: far more than work needs, far less than does harm.

Counted per person in the database, on every web node alike. Files count in the transaction that adds them: what is
rolled back has used nothing up. A list counts when its file is begun.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid, Refusal

from .models import Organisation, Usage

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Quota:
    """So much of one kind within each period; periods begin at whole multiples of their length, UTC."""

    kind: str
    most: int
    period: timedelta

    def period_at(self, now: datetime) -> tuple[datetime, datetime]:
        """When the period that an instant lies in begins and ends."""
        length = int(self.period.total_seconds())
        begins = int(now.timestamp()) // length * length
        return datetime.fromtimestamp(begins, UTC), datetime.fromtimestamp(begins + length, UTC)


DAY: Final = timedelta(days=1)
FILES: Final = Quota("file_bytes", 500 * MIB, DAY)  #: files of clients' and suppliers' people
FILES_OF_PROVIDER: Final = Quota("file_bytes", 2048 * MIB, DAY)
EXPORTS: Final = Quota("exports", 30, timedelta(hours=1))
DRAFTS: Final = Quota(
    "drafts_tried", 120, timedelta(hours=1)
)  #: checked and replayed, also those with errors
_KEPT: Final = timedelta(days=2)


class OverQuota(Refusal):
    """More than one person may do in a time; the message names the limit and when it goes on."""

    code = "over_quota"
    status = 429


def spend_files(viewer: Viewer, size: int, *, now: datetime | None = None) -> None:
    """Count bytes of files that somebody adds (1 statement; none for the system). Raises Invalid for "files"."""
    quota = FILES_OF_PROVIDER if viewer.organisation_kind == Organisation.Kind.PROVIDER else FILES
    now = now or datetime.now(UTC)
    if not size or _spend(viewer, quota, size, now):
        return
    raise Invalid(
        {
            "files": _("One person adds files of at most %(most)d MB a day; go on after %(at)s UTC.")
            % {"most": quota.most // MIB, "at": f"{quota.period_at(now)[1]:%Y-%m-%d %H:%M}"}
        },
        code=OverQuota.code,
    )


def spend_export(viewer: Viewer, *, now: datetime | None = None) -> None:
    """Count a list that somebody takes out as a file (1 statement; none for the system). Raises OverQuota."""
    now = now or datetime.now(UTC)
    if _spend(viewer, EXPORTS, 1, now):
        return
    raise OverQuota(
        _("One person takes out at most %(most)d files of lists an hour; go on after %(at)s UTC.")
        % {"most": EXPORTS.most, "at": f"{EXPORTS.period_at(now)[1]:%H:%M}"}
    )


def spend_draft(viewer: Viewer, *, now: datetime | None = None) -> None:
    """Count a draft of a contract that somebody tries (1 statement; none for the system). Raises OverQuota."""
    now = now or datetime.now(UTC)
    if _spend(viewer, DRAFTS, 1, now):
        return
    raise OverQuota(
        _("One person tries at most %(most)d drafts an hour; go on after %(at)s UTC.")
        % {"most": DRAFTS.most, "at": f"{DRAFTS.period_at(now)[1]:%H:%M}"}
    )


def forget_old_usage(now: datetime) -> int:
    """Delete what was counted in periods that are over; returns how many rows."""
    count, _models = Usage.objects.filter(begins_at__lt=now - _KEPT).delete()
    return count


def _spend(viewer: Viewer, quota: Quota, amount: int, now: datetime) -> bool:
    """Count it; whether it was still within the quota. What is beyond it is not counted."""
    if viewer.person_id is None:
        return True
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO person_usage AS had (person_id, kind, begins_at, amount) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (person_id, kind, begins_at) DO UPDATE SET amount = had.amount + excluded.amount"
            " RETURNING amount",
            [viewer.person_id, quota.kind, quota.period_at(now)[0], amount],
        )
        row = cursor.fetchone()
        if row[0] <= quota.most:
            return True
        transaction.set_rollback(True)
    return False
