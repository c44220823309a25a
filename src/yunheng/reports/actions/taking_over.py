"""Takes over when reports were issued elsewhere before the contract was kept here: their dates, not their text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.appraisal.deliverables import OBSERVED, known_since
from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract
from yunheng.foundation.access import Viewer
from yunheng.foundation.journal import EntryDraft, record_many
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Invalid
from yunheng.foundation.wording import exact_instant

from ..models import Kind
from ..period import due_at, read_month
from .basis import now_or

#: Kinds that a contract sets a term for.
KINDS: Final = (Kind.MONTHLY.value, Kind.LEDGER.value)


@dataclass(frozen=True, slots=True)
class IssuedElsewhere:
    """A report on a month ("2026-04") that another system issued. `is_returned`: the client sent it back."""

    period: str
    issued_at: datetime
    kind: str = Kind.MONTHLY.value
    is_returned: bool = False


@transaction.atomic
def take_over_issues(
    viewer: Viewer,
    contract_key: str,
    issues: Sequence[IssuedElsewhere],
    *,
    recorded_at: datetime | None = None,
) -> int:
    """Record when reports were issued elsewhere, so that `report_on_time` knows them; returns how many were new.

    Each becomes an entry "report.observed" of the contract, dated by what is claimed and recorded now. Only a report
    that was due before the contract was kept here can be taken over: whatever was due since then is issued here, or
    missed. The same again changes nothing. All or none. Needs `report.write`.

    Raises NotFound, Forbidden, Invalid with the place of the first faulty one (from 0) as its field.
    """
    contract = access_contract(viewer, contract_key)
    viewer.require("report.write", contract.pk)
    now = now_or(recorded_at)
    known = _known(contract)
    new: dict[tuple[str, str], IssuedElsewhere] = {}
    for place, issue in enumerate(issues):
        problem = _problem(contract, issue, now)
        told = known.get((issue.kind, issue.period)) or new.get((issue.kind, issue.period))
        if not problem and told is not None and told != issue:
            problem = _("This month was taken over already, as issued at %(at)s.") % {
                "at": exact_instant(told.issued_at)
            }
        if problem:
            raise Invalid({str(place): problem})
        if told is None:
            new[issue.kind, issue.period] = issue
    record_many([_draft(viewer, contract, issue) for issue in new.values()], recorded_at=now)
    return len(new)


def _known(contract: Contract) -> dict[tuple[str, str], IssuedElsewhere]:
    entries = Entry.objects.filter(scope_id=contract.pk, type=OBSERVED).select_related("body")
    found = {}
    for entry in entries.order_by("id"):
        said = entry.body.shared or {}
        found[said["kind"], said["period"]] = IssuedElsewhere(
            said["period"], entry.occurred_at, said["kind"], said["is_returned"]
        )
    return found


def _problem(contract: Contract, issue: IssuedElsewhere, now: datetime) -> str:
    """Why this cannot be taken over, "" when it can."""
    if issue.kind not in KINDS:
        return _("One of: %(choices)s.") % {"choices": ", ".join(KINDS)}
    try:
        month = read_month(contract, issue.period, now)
    except Invalid as refusal:
        return refusal.message
    if not month.end_at <= issue.issued_at <= now:
        return _("A report is issued after its month, and not in the future.")
    due = due_at(contract, issue.kind, month)
    if due is None:
        return _("The contract sets no term for this report, so there is nothing to be on time for.")
    since = known_since(contract.pk)
    if since is None or due > since:
        return _("It was due after the contract came here; what is due since then is issued here.")
    return ""


def _draft(viewer: Viewer, contract: Contract, issue: IssuedElsewhere) -> EntryDraft:
    return EntryDraft(
        scope_id=contract.pk,
        scope_key=contract.scope.key,
        subject_id=contract.subject_id,
        subject_number=contract.scope.key.upper(),
        type=OBSERVED,
        occurred_at=issue.issued_at,
        actor=viewer.actor,
        source="import",
        shared={"kind": issue.kind, "period": issue.period, "is_returned": issue.is_returned},
    )
