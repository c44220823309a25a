"""Looks at terms that come near their end or have passed: reminds people, and does what the contract says of silence
and of an arbitration without a decision.
"""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import translation

from yunheng.foundation.models import SubjectBase

from ...models import Rectification, Statement
from ..telling import tell_of_due, tell_of_order
from .answering import accept_by_silence
from .arbitrating import escalate, let_stand
from .deadlines import agreement_of, next_check, next_check_of_order, running_term

_log = logging.getLogger(__name__)
MOST = 200  #: subjects of one sweep


def sweep(now: datetime) -> int:
    """Look at every statement and order whose time has come, each in a transaction of its own; returns how many.

    Two sweeps at once share the work. What fails is logged, does not keep the others from being looked at, and is
    tried again by the next sweep.
    """
    now = now.replace(microsecond=0)
    done = 0
    for model, look in ((Statement, _look_at_statement), (Rectification, _look_at_order)):
        failed: list[int] = []
        while done < MOST and _look_at_one(model, look, now, failed):
            done += 1
    return done


def _look_at_one(model: type[SubjectBase], look: Any, now: datetime, failed: list[int]) -> bool:
    """Look at the one that has waited longest; False when there is none."""
    subject: Any = None
    try:
        with transaction.atomic(), translation.override("zh-hans"):
            subjects: Any = model._default_manager.select_for_update(of=("self",), skip_locked=True)
            waiting = subjects.select_related("scope").filter(next_check_at__lte=now).exclude(pk__in=failed)
            subject = waiting.order_by("next_check_at").first()
            if subject is None:
                return False
            look(subject, now)
    except Exception:
        if subject is None:
            raise
        _log.exception("statement.sweep_failed", extra={"subject": subject.number})
        failed.append(subject.pk)
    return True


def _look_at_statement(statement: Statement, now: datetime) -> None:
    running = running_term(statement, statement.state)
    if running is None:
        _keep(statement, None)
        return
    _begin, due_at = running
    is_over = now > due_at
    _terms, agreed = agreement_of(statement)
    if is_over and statement.state == "issued" and agreed.silence == "accept":
        accept_by_silence(statement, now)
        return
    if is_over and statement.state == "appealed":
        if agreed.overdue == "stands":
            let_stand(statement, now)
            return
        escalate(statement, agreed.escalate_to, now)
        _keep(statement, None)
        return
    tell_of_due(statement, due_at, is_over=is_over, now=now)
    _keep(statement, next_check(statement, after=now))


def _look_at_order(order: Rectification, now: datetime) -> None:
    if order.state == "ordered":
        tell_of_order(order, "over" if now > order.due_at else "due", now)
    _keep(order, next_check_of_order(order, after=now))


def _keep(subject: Statement | Rectification, at: datetime | None) -> None:
    """When it is looked at next; that is no change of the subject."""
    type(subject)._default_manager.filter(pk=subject.pk).update(next_check_at=at)
