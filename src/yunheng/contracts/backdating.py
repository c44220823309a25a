"""Whether a version reaches back over recorded work: then both parties have to agree; over what is locked, never."""

from collections.abc import Callable
from datetime import datetime

from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Refusal

from .models import Contract

Lock = Callable[[Contract, datetime], str]
_locks: list[Lock] = []


def register_lock(lock: Lock) -> None:
    """Let a package above say what a version from an instant on may not change: a sentence, "" where nothing is in
    the way.

    A lock that is there already stays there once.
    """
    if lock not in _locks:
        _locks.append(lock)


def locked_by(contract: Contract, valid_from: datetime) -> str:
    """Why no version may begin at that instant, whoever agrees; "" where nothing is in the way."""
    return next((sentence for lock in _locks if (sentence := lock(contract, valid_from))), "")


def require_unlocked(contract: Contract, valid_from: datetime) -> None:
    """Raise Refusal "period_locked" where a version from that instant on would reach back over what both signed."""
    sentence = locked_by(contract, valid_from)
    if sentence:
        raise Refusal(sentence, code="period_locked")


def is_backdated(contract: Contract, valid_from: datetime, at: datetime) -> bool:
    """Whether a version from that instant on would judge work that is recorded already."""
    return valid_from < at and _has_work_since(contract, valid_from)


def _has_work_since(contract: Contract, valid_from: datetime) -> bool:
    return (
        Entry.objects.filter(scope_id=contract.pk, occurred_at__gte=valid_from)
        .exclude(subject_id=contract.subject_id)
        .exists()
    )
