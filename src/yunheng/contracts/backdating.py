"""Whether a version would reach back over recorded work: then both parties have to agree."""

from datetime import datetime

from yunheng.foundation.models import Entry

from .models import Contract


def is_backdated(contract: Contract, valid_from: datetime, at: datetime) -> bool:
    """Whether a version from that instant on would judge work that is recorded already."""
    return valid_from < at and _has_work_since(contract, valid_from)


def _has_work_since(contract: Contract, valid_from: datetime) -> bool:
    return (
        Entry.objects.filter(scope_id=contract.pk, occurred_at__gte=valid_from)
        .exclude(subject_id=contract.subject_id)
        .exists()
    )
