"""Tells the provider's people when a tier has come near: one more breach away, and likely enough."""

import logging
from datetime import datetime
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from yunheng.accounts.holders import people_with
from yunheng.contracts.models import Contract
from yunheng.contracts.queries import contracts_visible_to
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.journal import EntryDraft, record
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Refusal
from yunheng.notify.actions import SCOPE_SUBJECT, Message, tell

from .queries import Approach, PointsLeft, points_left
from .words import LeftWords

_log = logging.getLogger(__name__)

TYPE: Final = "score.tier_neared"
EVENT: Final = "tier_near"
#: With a forecast a tier is told of only when the period ends there at least so often: at the beginning of a month one
#: late ticket of three moves every share, and means little.
LIKELY: Final = Fraction(1, 5)


def warn_of_tiers(now: datetime) -> int:
    """Look at every contract that scores; each period and tier is told of once. Returns how many were."""
    given = 0
    for contract in contracts_visible_to(SYSTEM_VIEWER).select_related("scope"):
        try:
            left = points_left(contract, now=now)
            given += sum(_warn(contract, left, one, now) for one in left.near if _is_worth(left, one))
        except Refusal:  # not in force, or no scheme
            continue
        except Exception:
            _log.exception("points_left.unreadable", extra={"contract": contract.scope.key})
    return given


def _is_worth(left: PointsLeft, one: Approach) -> bool:
    """A veto is always one event away, and a trigger that waits for more periods is not decided by this one."""
    if one.tier.kind == "veto" or not one.tier.is_last_of_row or left.forecast is None:
        return False
    return left.forecast.outlook.asked.get(f"{one.tier.kind}/{one.tier.key}", Fraction(0)) >= LIKELY


@transaction.atomic
def _warn(contract: Contract, left: PointsLeft, one: Approach, now: datetime) -> bool:
    name = {"period": left.card.period.name, "kind": one.tier.kind, "tier": one.tier.key}
    contract.scope.__class__.objects.select_for_update().get(pk=contract.pk)  # one worker at a time
    known = Entry.objects.filter(scope_id=contract.pk, type=TYPE, body__internal__contains=name)
    if known.exists():
        return False
    entry_id = record(
        EntryDraft(
            scope_id=contract.pk,
            scope_key=contract.scope.key,
            subject_id=SCOPE_SUBJECT,
            subject_number=contract.scope.key.upper(),
            type=TYPE,
            occurred_at=now,
            actor=SYSTEM_VIEWER.actor,
            source="server",
            internal={**name, "score": "" if left.card.score.value is None else f"{left.card.score.value:f}"},
        ),
        recorded_at=now,
    )
    messages = []
    for person in people_with(contract.pk, "appraisal.answer", kind="provider"):
        with translation.override(person.language or "zh-hans"), timezone.override(ZoneInfo(person.zone)):
            messages.append(Message(person, EVENT, *_mail(contract, left, one)))
    tell(messages, now=now, scope_id=contract.pk, entry_id=entry_id)
    return True


def _mail(contract: Contract, left: PointsLeft, one: Approach) -> tuple[str, str]:
    """Subject and text, in the active language."""
    words = LeftWords(left)
    params = {"contract": contract.scope.key, "period": left.card.period.label, "tier": words.tier(one.tier)}
    subject = _("[%(contract)s] %(period)s: one more away from %(tier)s") % params
    lines = [
        _("If nothing more happens, the score is %(score)s.") % {"score": words.headline()},
        "",
        words.tier(one.tier),
        *(f"- {words.reach(found)}" for found in one.reaches),
    ]
    if settings.ORIGINS:
        lines += ["", f"{settings.ORIGINS[0].rstrip('/')}/contracts/{contract.scope.key}/points-left"]
    lines += ["", "-- ", _("You can choose what you are told of in Yunheng, under “Notifications”.")]
    return subject, "\n".join(lines) + "\n"
