"""Draws the random sample of a period's tickets that spot checks are made of; anybody can draw it again."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import update_subject
from yunheng.foundation.refusals import Invalid
from yunheng.logic.appraisal import draw, sample_size
from yunheng.logic.canonical import instant

from ...models import Statement
from ...scored_period import read_scored_period
from ...spans import Span
from ..computing import newest_head, seal_all
from ..queries import access_statement
from .basis import begin, name_of, now_or, side_of, told, write_entry

MOST = 1_000  #: tickets of one sample
FINEST = Decimal("0.0001")  #: per cent


def draw_sample(
    viewer: Viewer,
    number: str,
    *,
    share: Decimal | None = None,
    count: int | None = None,
    recorded_at: datetime | None = None,
) -> dict[str, Any]:
    """Draw so many of the tickets that were opened in the period, or such a share in per cent (rounded up, at least
    one).

    Who asks cannot choose: the seed is the root of the contract's newest signed head with the statement's number and
    how many samples it has, and the sample holds the tickets whose SHA-256 over it comes first
    (`logic.appraisal.draw`). Needs `appraisal.enter`. Writes "appraisal.sampled". Raises NotFound, Forbidden,
    Conflict, Invalid for "share", "count".
    """
    if (share is None) == (count is None):
        raise Invalid({"count": _("Either a number of tickets or a share of them.")})
    statement = access_statement(viewer, number)
    viewer.require("appraisal.enter", statement.scope_id)
    side_of(viewer)
    contract = Contract.objects.select_related("scope").get(pk=statement.scope_id)
    seal_all()
    head = newest_head(contract)
    if head is None:
        raise Invalid(
            {"number": _("Nothing of this contract's log is sealed yet: there is no seed to draw by.")}
        )
    now = now_or(recorded_at)
    population = _population(contract, statement, head.size, now)
    wanted = _wanted(share, count, len(population))
    with transaction.atomic():
        statement = begin(viewer, number, "appraisal.enter", states=["drafted"])
        seed = f"{head.root.hex()}/{statement.number}/{len(statement.samples) + 1}"
        sample = {
            "seed": seed,
            "position": head.size,
            "population": len(population),
            "count": wanted,
            "tickets": list(draw(seed, population, wanted)),
            "drawn_by": name_of(viewer),
            "drawn_at": instant(now),
        }
        update_subject(statement, {"samples": [*statement.samples, sample]}, viewer=viewer)
        said = {name: sample[name] for name in ("seed", "position", "population", "tickets")}
        shared = {**told(statement), **said}
        write_entry(statement, "appraisal.sampled", viewer=viewer, now=now, shared=shared)
    return sample


def _wanted(share: Decimal | None, count: int | None, population: int) -> int:
    if not population:
        raise Invalid({"count": _("No ticket was opened in the period.")})
    if share is not None:
        # Nothing is computed with a share of endless digits.
        is_share = share.is_finite() and FINEST <= share <= 100
        if not is_share or share != round(share, 4):
            text = _("More than 0 and at most 100 per cent, with at most four decimal places.")
            raise Invalid({"share": text})
        wanted = sample_size(population, share)
    else:
        assert count is not None
        wanted = min(count, population)
    if not 1 <= wanted <= MOST:
        raise Invalid(
            {"count" if share is None else "share": _("Between 1 and %(most)d tickets.") % {"most": MOST}}
        )
    return wanted


def _population(contract: Contract, statement: Statement, position: int, now: datetime) -> list[str]:
    """Numbers of the tickets that were opened in the period and belong to the population of indicators."""
    period = read_scored_period(statement.period)
    span = Span.of(contract, period.start, period.end, position, now)
    subjects = np.unique(span.study.lives.subject[span.opened()])
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM ticket WHERE id = ANY(%s)", [subjects.tolist()])
        return [number for (number,) in cursor.fetchall()]
