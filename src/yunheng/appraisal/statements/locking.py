"""What locked statements protect: no version of the contract may begin before the end of a period that both signed."""

from datetime import datetime

from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract

from ..models import Statement
from .computing import SIGNED


def locked_since(contract: Contract, valid_from: datetime) -> str:
    """Why no version may begin at the instant: the last locked period that it would judge anew; "" where there is
    none.
    """
    locked = (
        Statement.objects.filter(scope_id=contract.pk, state__in=SIGNED, ends_at__gt=valid_from)
        .order_by("-ends_at")
        .values_list("number", "period")
        .first()
    )
    if locked is None:
        return ""
    number, period = locked
    return _(
        "%(period)s is locked: both sides have signed %(number)s. A version can begin after the last locked period."
    ) % {"period": period, "number": number}
