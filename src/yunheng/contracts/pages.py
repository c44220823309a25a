"""What the pages of contracts show: cards, versions, documents, calendars and logs; queries, no words of their own."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.log_status import LogStatus, log_status
from yunheng.foundation.refusals import Invalid, NotFound

from .checking import day_start
from .models import CalendarVersion, Contract, ContractVersion, Errand, VersionProposal
from .notice_text import Notice
from .presentation import ContractView, view_of
from .queries import access_contract, contracts_visible_to, version_at
from .reading import VersionReading, access_version, calendars_read_by, reading_of, titles_of
from .refreshing import (
    CalendarChange,
    CalendarStanding,
    changed_too_late,
    changes_of,
    governing,
    provisional_in,
    published_since,
    standing,
    stored_versions,
    with_notice,
)


@dataclass(frozen=True, slots=True)
class ContractCard:
    """A contract in the list."""

    contract: Contract
    title: str
    version: ContractVersion | None  #: in force, else the newest
    standing: str  #: "in_force", "coming", "ended", "none"
    first: date | None
    last: date | None
    days_left: int
    provisional: Sequence[int]
    may_see_figures: bool
    may_see_log: bool
    may_apply: bool
    waiting: VersionProposal | None


def readable(viewer: Viewer) -> list[Contract]:
    """Contracts whose terms the viewer may read, by key."""
    return [item for item in contracts_visible_to(viewer) if viewer.may("contract.view", item.pk)]


def administered(viewer: Viewer) -> list[Contract]:
    """Contracts that the viewer may amend, by key."""
    return [item for item in contracts_visible_to(viewer) if viewer.may("contract.apply", item.pk)]


def require_administration(viewer: Viewer) -> list[Contract]:
    """The contracts that the viewer administers. Raises NotFound for somebody who administers none."""
    found = administered(viewer)
    if not found and not viewer.may("contract.apply", None):
        raise NotFound(_("There is nothing to administer."))
    return found


def cards(viewer: Viewer, now: datetime) -> list[ContractCard]:
    """Every contract that the viewer may read (5 queries)."""
    contracts = readable(viewer)
    titles = titles_of(contracts)
    versions: dict[int, list[ContractVersion]] = {}
    for version in (
        ContractVersion.objects.filter(contract__in=contracts)
        .defer("document", "terms")
        .prefetch_related(_light_calendars())
        .order_by("number")
    ):
        versions.setdefault(version.contract_id, []).append(version)
    waiting = {
        proposal.contract_id: proposal
        for proposal in VersionProposal.objects.filter(
            contract__in=contracts, state=VersionProposal.State.WAITING
        ).defer("document", "terms")
    }
    return [
        _card(
            viewer,
            contract,
            titles[contract.pk],
            versions.get(contract.pk, []),
            waiting.get(contract.pk),
            now,
        )
        for contract in contracts
    ]


def _card(
    viewer: Viewer,
    contract: Contract,
    title: str,
    versions: Sequence[ContractVersion],
    waiting: VersionProposal | None,
    now: datetime,
) -> ContractCard:
    begun = [version for version in versions if version.valid_from <= now]
    version = begun[-1] if begun else (versions[-1] if versions else None)
    state, first, last, left = "none", None, None, 0
    provisional: set[int] = set()
    if version is not None:
        zone = ZoneInfo(contract.scope.zone)
        state = "coming" if not begun else "in_force" if now < version.valid_to else "ended"
        first = min(item.valid_from for item in versions).astimezone(zone).date()
        end = version.valid_to.astimezone(zone)
        last = date.fromordinal(end.date().toordinal() - 1)
        left = (last - now.astimezone(zone).date()).days + 1
        provisional = provisional_in(version)
    return ContractCard(
        contract,
        title,
        version,
        state,
        first,
        last,
        left,
        sorted(provisional),
        viewer.may("kpi.view", contract.pk),
        viewer.may("log.view", contract.pk),
        viewer.may("contract.apply", contract.pk),
        waiting,
    )


def _light_calendars() -> Prefetch:
    return Prefetch(
        "calendars", CalendarVersion.objects.only("contract_version_id", "key", "provisional_years")
    )


def read_month(text: str, default: date) -> date:
    """The first day of the month “2026-10”; else that of `default`. Raises Invalid."""
    if not text:
        return default.replace(day=1)
    match = re.fullmatch(r"(20[0-9]{2}|19[0-9]{2})-(0[1-9]|1[0-2])", text)
    if match is None:
        raise Invalid({"month": _("A month is written YYYY-MM.")})
    return date(int(match[1]), int(match[2]), 1)


def month_after(month: date, step: int) -> date:
    """The first day of the month so many months later."""
    index = month.year * 12 + month.month - 1 + step
    return date(index // 12, index % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class ContractPage:
    """The rendered page of a version."""

    contract: Contract
    title: str
    view: ContractView | None
    version: ContractVersion | None
    month: date
    months: Sequence[date]
    before: date | None
    after: date | None
    newest: int
    proposal: VersionProposal | None


def page_of(viewer: Viewer, key: str, number: int | None, month: str, now: datetime) -> ContractPage:
    """The version in force (or the newest, or the one named) as a reader sees it. Raises NotFound, Invalid."""
    contract = access_contract(viewer, key)
    chain = list(contract.versions.only("number", "valid_from", "valid_to").order_by("number"))
    if number is None:
        current = version_at(contract.pk, now)
        number = current.number if current else chain[-1].number if chain else None
    title = titles_of([contract])[contract.pk]
    if number is None:
        return ContractPage(contract, title, None, None, now.date(), (), None, None, 0, None)
    version = access_version(contract, number)
    zone = ZoneInfo(contract.scope.zone)
    today = now.astimezone(zone).date()
    first = version.valid_from.astimezone(zone).date().replace(day=1)
    last = date.fromordinal(version.valid_to.astimezone(zone).date().toordinal() - 1).replace(day=1)
    shown = read_month(month, min(max(today, first), last))
    shown = min(max(shown, first), month_after(last, 12))
    following = [item.valid_from for item in chain if item.number > version.number]
    view = view_of(
        reading_of(viewer, version),
        calendars_read_by(viewer, version),
        month=shown,
        now=now,
        next_from=min(following, default=None),
    )
    return ContractPage(
        contract=contract,
        title=title,
        view=view,
        version=version,
        month=shown,
        months=[month_after(shown.replace(month=1), step) for step in range(12)],
        before=month_after(shown, -1) if shown > first else None,
        after=month_after(shown, 1) if shown < month_after(last, 12) else None,
        newest=chain[-1].number if chain else 0,
        proposal=waiting_proposal(contract),
    )


def waiting_proposal(contract: Contract) -> VersionProposal | None:
    """The proposal that waits for the client, if any."""
    return (
        contract.proposals.filter(state=VersionProposal.State.WAITING).select_related("proposed_by").first()
    )


def access_proposal(viewer: Viewer, key: str, uuid: UUID) -> VersionProposal:
    """A proposal of a contract that the viewer may read. Raises NotFound."""
    contract = access_contract(viewer, key)
    proposal = (
        contract.proposals.select_related("proposed_by", "answered_by", "version").filter(uuid=uuid).first()
    )
    if proposal is None:
        raise NotFound(_("There is no such proposal."))
    return proposal


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version in the list of versions."""

    version: ContractVersion
    first: date
    last: date
    is_governing: bool
    is_in_force: bool
    digest: str


def version_rows(viewer: Viewer, contract: Contract, now: datetime) -> list[VersionRow]:
    """All versions, the newest first."""
    versions = list(contract.versions.defer("document").order_by("number"))
    chain = {version.pk for version in governing(versions)}
    current = version_at(contract.pk, now)
    zone = ZoneInfo(contract.scope.zone)
    return [
        VersionRow(
            version,
            version.valid_from.astimezone(zone).date(),
            date.fromordinal(version.valid_to.astimezone(zone).date().toordinal() - 1),
            version.pk in chain,
            current is not None and current.pk == version.pk,
            reading_of(viewer, version).digest,
        )
        for version in reversed(versions)
    ]


def compared(viewer: Viewer, contract: Contract, old: int, new: int) -> tuple[VersionReading, VersionReading]:
    """Two versions as the viewer reads them. Raises NotFound."""
    return tuple(reading_of(viewer, access_version(contract, number)) for number in (old, new))  # type: ignore[return-value]


def base_for(contract: Contract, effective: date | None, now: datetime) -> ContractVersion | None:
    """The version that a new one from that day on is compared with: in force then, else the newest."""
    at = day_start(effective, contract.scope.zone) if effective else now
    found = version_at(contract.pk, at)
    if found is None:
        return contract.versions.order_by("-number").first()
    return ContractVersion.objects.get(pk=found.pk)


# --- calendars of all contracts


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """The calendars of a contract in force; `changes`: what taking published years in would change."""

    contract: Contract
    title: str
    version: ContractVersion
    calendars: Sequence[CalendarStanding]
    published: Sequence[int]
    changes: Sequence[CalendarChange]
    refusal: str = ""

    @property
    def provisional(self) -> list[int]:
        """Years that are provisional in some calendar."""
        return sorted({year for calendar in self.calendars for year in calendar.provisional})


def calendar_rows(viewer: Viewer, now: datetime, *, has_changes: bool = False) -> list[CalendarRow]:
    """Calendars of the versions in force of all contracts that one administers; else of the newest."""
    contracts = require_administration(viewer)
    titles = titles_of(contracts)
    rows = []
    for contract in contracts:
        versions = stored_versions(contract)
        if not versions:
            continue
        begun = [version for version in versions if version.valid_from <= now]
        version = begun[-1] if begun else versions[-1]
        chain = governing(versions)
        years = sorted({year for item in chain for year in published_since(item)})
        changes = (
            [change for item in chain for change in changes_of(item, item.terms, published_since(item))]
            if has_changes
            else []
        )
        rows.append(
            CalendarRow(contract, titles[contract.pk], version, standing(version, now), years, changes)
        )
    return rows


def notice_preview(viewer: Viewer, notice: Notice, keys: Iterable[str]) -> list[CalendarRow]:
    """What a notice would change in each of the contracts; `refusal` says why it would not be taken."""
    contracts = {item.scope.key: item for item in require_administration(viewer)}
    titles = titles_of(contracts.values())
    now = datetime.now(UTC)
    rows = []
    for key in keys:
        contract = contracts.get(key)
        if contract is None:
            raise NotFound(_("There is no contract “%(key)s”.") % {"key": key})
        chain = governing(stored_versions(contract))
        concerned = [version for version in chain if notice.year in provisional_in(version)]
        changes = [
            change
            for version in concerned
            for change in changes_of(
                version, with_notice(version.terms, notice.year, notice.document()), [notice.year]
            )
        ]
        refusal = ""
        if not concerned:
            refusal = _("%(year)d is provisional in no calendar of this contract.") % {"year": notice.year}
        late = changed_too_late(contract, changes, now)
        if late:
            refusal = _("The eve of %(day)s has begun, and work is recorded since.") % {"day": late}
        if chain:
            rows.append(
                CalendarRow(contract, titles[contract.pk], chain[-1], (), (notice.year,), changes, refusal)
            )
    return rows


def access_errand(viewer: Viewer, uuid: UUID) -> Errand:
    """An errand that the viewer asked for. Raises NotFound."""
    errand = (
        Errand.objects.filter(uuid=uuid, asked_by_id=viewer.person_id).first() if viewer.person_id else None
    )
    if errand is None:
        raise NotFound(_("There is no such work."))
    return errand


def running_errand(viewer: Viewer, kinds: Iterable[str]) -> Errand | None:
    """The newest errand of these kinds that the viewer asked for (within the last hundred)."""
    if viewer.person_id is None:
        return None
    return Errand.objects.filter(asked_by_id=viewer.person_id, kind__in=list(kinds)).order_by("-pk").first()


# --- logs of all contracts


@dataclass(frozen=True, slots=True)
class LogRow:
    """How the log of a contract stands."""

    contract: Contract
    title: str
    status: LogStatus


def log_rows(viewer: Viewer) -> list[LogRow]:
    """Logs of all contracts that one administers and whose logs one may see."""
    contracts = [item for item in require_administration(viewer) if viewer.may("log.view", item.pk)]
    titles = titles_of(contracts)
    return [LogRow(item, titles[item.pk], log_status(item.scope)) for item in contracts]
