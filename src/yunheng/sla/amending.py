"""Folds anew what a contract version reaches back to: clocks of backdated terms and of refreshed calendars."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import Q

from yunheng.logic.clock import ClockStatus

from .actions import refold
from .bulk import refold_scope
from .models import LiveClock

_RUNNING = (ClockStatus.NOT_STARTED.value, ClockStatus.RUNNING.value, ClockStatus.PAUSED.value)


@dataclass(frozen=True, slots=True)
class Refolded:
    """How many subjects were folded anew: `running` by themselves, with warnings to come, `ended` all at once."""

    running: int
    ended: int


def refold_since(scope_id: int, since: datetime, *, now: datetime) -> Refolded:
    """Store anew every clock of the scope that a version valid from `since` on can govern (sla-semantics 10, 16).

    These are the clocks that started then or later, have not started, or had no contract. A subject with a clock
    that still runs keeps what was warned of, and what the new terms say was reached is for the next sweep to tell;
    of subjects that are over nothing is told any more. Doing it twice changes nothing.
    """
    reached = LiveClock.objects.filter(scope_id=scope_id).filter(
        Q(started_at__gte=since) | Q(started_at__isnull=True)
    )
    subjects = set(reached.values_list("subject_id", flat=True))
    clocks = LiveClock.objects.filter(scope_id=scope_id, status__in=_RUNNING)
    running = sorted(subjects & set(clocks.values_list("subject_id", flat=True)))
    for subject_id in running:
        with transaction.atomic():
            _hold([subject_id])
            refold(scope_id=scope_id, subject_id=subject_id, now=now)
    ended = sorted(subjects.difference(running))
    if ended:
        with transaction.atomic():
            _hold(ended)
            refold_scope(scope_id, now=now, subject_ids=np.array(ended, np.int64))
    return Refolded(len(running), len(ended))


def _hold(subject_ids: list[int]) -> None:
    """Lock the rows: who writes facts of these subjects at the same time stores its fold after ours, or we wait."""
    rows = LiveClock.objects.filter(subject_id__in=subject_ids).order_by("pk").select_for_update()
    list(rows.values_list("pk", flat=True))
