"""The tickets behind a number of a supplier in one contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.desk.models import Ticket
from yunheng.desk.queries import visible_to
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import NotFound

from ..scored_period import ScoredPeriod
from .queries import Served, comparison
from .suppliers import NOT_STATED

PAGE: Final = 50
#: How an address names the supplier that no entry names.
UNNAMED: Final = "-"


@dataclass(frozen=True, slots=True)
class Behind:
    """Tickets behind a number, a page of them by number; `following` leads to the rest. `total`: of waiting periods a
    ticket may have several, so there may be fewer tickets than the number says.
    """

    contract: Contract
    title: str
    served: Served
    tickets: Sequence[Ticket]
    following: str
    total: int


def tickets_behind(
    viewer: Viewer,
    contract_key: str,
    supplier: str,
    what: str,
    period: ScoredPeriod,
    *,
    after: str,
    now: datetime,
) -> Behind:
    """The tickets of one number of `comparison`. Raises NotFound for what the viewer's comparison does not show."""
    found = comparison(viewer, period, now=now)
    wanted = NOT_STATED if supplier == UNNAMED else supplier
    served = next(
        (
            one
            for row in found.suppliers
            for one in row.served
            if row.whole.key == wanted and one.contract.scope.key == contract_key
        ),
        None,
    )
    if served is None or (found.is_own and what == "hit"):
        raise NotFound(_("There is nothing of this name here."))
    subjects = served.record.members.get(what, ())
    tickets = visible_to(viewer).filter(scope_id=served.contract.pk, pk__in=subjects).order_by("number")
    total = tickets.count()
    if after:
        tickets = tickets.filter(number__gt=after)
    page = list(tickets[: PAGE + 1])
    following = page[PAGE - 1].number if len(page) > PAGE else ""
    return Behind(served.contract, served.title, served, page[:PAGE], following, total)
