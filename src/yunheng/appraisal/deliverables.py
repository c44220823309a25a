"""Reports that a contract owes, as the journal tells of them: which were due, when each was issued, which came back.

Reports live in a package above this one; all that is read of them are their entries "report.issued",
"report.returned" and, for what another system issued, "report.observed", with kind and period in the shared data.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection
from django.utils.translation import gettext as _

from yunheng.contracts.models import ContractVersion
from yunheng.contracts.terms import ContractTerms, ReportTerm
from yunheng.logic.vector.samples import Sample
from yunheng.logic.worktime import HorizonError

from .figures import Item, Part
from .periods import midnight, month_name
from .study import Study

if TYPE_CHECKING:
    from collections.abc import Iterator

ISSUED: Final = "report.issued"
RETURNED: Final = "report.returned"
OBSERVED: Final = "report.observed"  #: issued elsewhere before the contract was kept here, and taken over


@dataclass(frozen=True, slots=True)
class Deliverable:
    """A report on a month that was due. Instants are epoch seconds UTC; `issued_at` None: never issued.

    `number` is that of the report that was issued first, "" for none and for one that was issued elsewhere.
    """

    kind: str
    period: str
    due_at: int
    is_provisional: bool
    issued_at: int | None = None
    number: str = ""
    subject_id: int = 0
    is_returned: bool = False
    is_observed: bool = False

    @property
    def settled_at(self) -> int:
        """When it was decided (indicators.md, rule 1): what is not there when it is due counts as a miss then."""
        return self.due_at if self.issued_at is None else min(self.issued_at, self.due_at)

    @property
    def is_on_time(self) -> bool:
        """Issued by its term, and not sent back: a report that was returned is late."""
        return self.issued_at is not None and self.issued_at <= self.due_at and not self.is_returned


def deliverables(study: Study) -> tuple[Deliverable, ...]:
    """Everything that was owed and is decided by the study's instant, by period; read once per study (2 queries)."""
    return study.derived(("deliverables",), lambda: tuple(_read(study)))


def sample_of(found: Sequence[Deliverable]) -> Sample:
    """Deliverables as a sample: `row` is the place among them."""
    return Sample(
        row=np.arange(len(found), dtype=np.int64),
        at=np.array([one.settled_at for one in found], dtype=np.int64),
        is_hit=np.array([one.is_on_time for one in found], dtype=np.bool_),
    )


def settled_in(study: Study, start: int, end: int) -> list[Deliverable]:
    """What was decided in [start, end), epoch seconds."""
    return [one for one in deliverables(study) if start <= one.settled_at < end]


def item_page(
    found: Sequence[Deliverable], group: str, part: Part, begin: int, limit: int
) -> tuple[list[Item], str | None]:
    """The members behind the figure, by period, `limit` at a time from the place `begin`."""
    if part in {"excluded", "waiting"}:
        return [], None
    if part in {"numerator", "misses"}:
        found = [one for one in found if one.is_on_time == (part == "numerator")]
    page = [
        Item(
            subject_id=one.subject_id,
            number=one.number,
            source_number="",
            title=_title(one),
            group=group,
            clock="",
            part="hit" if one.is_on_time else "miss",
            reason="",
            seconds=None,
            at=datetime.fromtimestamp(one.due_at, UTC),
        )
        for one in found[begin : begin + limit]
    ]
    following = begin + len(page)
    return page, str(following) if following < len(found) else None


def _title(one: Deliverable) -> str:
    names = {"monthly": _("Monthly service report"), "ledger": _("Service ledger")}
    title = f"{names.get(one.kind, one.kind)} · {month_name(date.fromisoformat(f'{one.period}-01'))}"
    if one.issued_at is None:
        return f"{title} · {_('not issued')}"
    if one.is_observed:
        title = f"{title} · {_('issued elsewhere')}"
    return f"{title} · {_('returned')}" if one.is_returned else title


def _read(study: Study) -> "Iterator[Deliverable]":
    told = _told(study)
    since = known_since(study.scope_id)
    for first, month_end, terms in _months(study):
        for term in terms.reports.values():
            owed = _owed(term, terms, f"{first:%Y-%m}", month_end)
            if owed is None:
                continue
            found = told.get((owed.kind, owed.period))
            if found is not None:
                owed = replace(
                    owed,
                    issued_at=found.at,
                    number=found.number,
                    subject_id=found.subject_id,
                    is_returned=found.is_returned,
                    is_observed=found.is_observed,
                )
            elif since is not None and owed.due_at <= since.timestamp():
                continue  # due before the contract was kept here: nobody could have issued it here
            if owed.settled_at <= study.now:
                yield owed


def _months(study: Study) -> "Iterator[tuple[date, int, ContractTerms]]":
    """Months that are over and in which the contract was in force: first day, end, and the terms at its end."""
    zone = ZoneInfo(study.terms.zone)
    first = datetime.fromtimestamp(study.reigns[0].begin, zone).date().replace(day=1)
    while True:
        following = (first + timedelta(days=32)).replace(day=1)
        end = midnight(following, zone)
        if end > study.now:
            return
        terms = study.terms_at(end - 1)
        if int(terms.valid_from.timestamp()) < end and int(terms.valid_to.timestamp()) > midnight(
            first, zone
        ):
            yield first, end, terms
        first = following


def _owed(term: ReportTerm, terms: ContractTerms, period: str, month_end: int) -> Deliverable | None:
    """The report on a month with its term; None where the term's calendar does not reach."""
    try:
        due_at = term.due_at(month_end, terms.calendars)
    except HorizonError:
        return None
    calendar = terms.calendars[term.calendar] if term.calendar else None
    is_provisional = calendar is not None and calendar.is_provisional(month_end, due_at)
    return Deliverable(term.kind, period, due_at, is_provisional)


@dataclass(frozen=True, slots=True)
class _Told:
    """The first issue of a report. `at`: epoch seconds, of one that was issued elsewhere as it is claimed."""

    at: int
    number: str
    subject_id: int
    is_returned: bool
    is_observed: bool = False


def _told(study: Study) -> dict[tuple[str, str], _Told]:
    """By kind and period: how the first edition was issued, and whether any came back.

    An index of its own holds these entries, so that the journal is not walked through.
    """
    limit = None if study.is_live else study.position
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT entry.type, entry.occurred_at, entry.recorded_at, entry.subject_number, entry.subject_id,
                   body.shared->>'kind', body.shared->>'period', (body.shared->>'is_returned')::bool
            FROM entry
            JOIN entry_body body ON body.entry_id = entry.id
            LEFT JOIN log_leaf leaf ON leaf.entry_id = entry.id
            WHERE entry.scope_id = %s AND entry.type IN ('report.issued', 'report.returned', 'report.observed')
              AND (%s::bigint IS NULL OR leaf.index < %s) AND body.shared IS NOT NULL
            ORDER BY entry.id""",
            [study.scope_id, limit, limit],
        )
        rows: list[Any] = cursor.fetchall()
    found: dict[tuple[str, str], _Told] = {}
    for entry_type, occurred_at, recorded_at, number, subject_id, kind, period, was_returned in rows:
        at = int(recorded_at.timestamp())
        if at > study.now:
            continue
        first = found.get((kind, period))
        if entry_type == OBSERVED:
            if first is None or not first.is_observed:  # it came before whatever was issued here
                found[kind, period] = _Told(
                    int(occurred_at.timestamp()), "", 0, was_returned, is_observed=True
                )
        elif entry_type == ISSUED and first is None:
            found[kind, period] = _Told(at, number, subject_id, is_returned=False)
        elif entry_type == RETURNED and first is not None and not first.is_observed:
            found[kind, period] = replace(first, is_returned=True)
    return found


def known_since(scope_id: int) -> datetime | None:
    """When the contract came into the system; None for one without a version."""
    return (
        ContractVersion.objects.filter(contract_id=scope_id)
        .order_by("recorded_at")
        .values_list("recorded_at", flat=True)
        .first()
    )
