"""Takes over records of other systems: reads a file once to know it, then writes it batch by batch."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Generic, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import terms_of_version, versions_of
from yunheng.contracts.terms import ContractTerms
from yunheng.desk.models import Ticket
from yunheng.foundation.actor import Actor
from yunheng.foundation.flow import process_of
from yunheng.foundation.refusals import Invalid
from yunheng.foundation.sealing import seal
from yunheng.sla.bulk import refold_scope

from . import servicenow
from .generic import TableReader, TableRow, event_history, tally_rows, ticket_history
from .grouping import Group, ahead, by_number, in_runs
from .history import History
from .instants import InstantReader
from .known import KnownTicket, known_tickets, read_rows
from .mapping import FieldMapping, mapping_text
from .models import ImportRun
from .progress import Progress
from .rejections import Rejection, RejectionFile
from .runs import (
    CANCELLED,
    FAILED,
    FINISHED,
    CancelledError,
    Counts,
    continue_run,
    end,
    only_one,
    save_position,
    seldom_collecting,
    take_up,
)
from .sending import Sender
from .servicenow import Observed, Passage, Reader
from .source import SourceError, open_source, records
from .survey import Survey, survey
from .tables import open_table
from .tally import Tally
from .writing import Destination, Teams, has_keys, known_keys, write_histories

BATCH_ROWS: Final = 8_000

R = TypeVar("R", Observed, TableRow)


@dataclass(frozen=True, slots=True)
class RunReport:
    """What came of a run. `run_uuid` is None for a dry run; `notes` are sentences for a person."""

    run_uuid: str | None
    file_name: str
    counts: Counts
    entries: int
    summary: Mapping[str, Any]
    first_rejections: Sequence[Rejection]
    notes: Sequence[str] = ()
    is_resumed: bool = False


def latest_terms(contract: Contract) -> ContractTerms:
    """Terms of the newest version: what an import checks words against. Raises Invalid without any."""
    version = versions_of(contract).order_by("-number").first()
    if version is None:
        raise Invalid({"contract": _("The contract has no version yet.")})
    return terms_of_version(version.pk)


def zone_named(name: str) -> ZoneInfo:
    """A time zone. Raises Invalid."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid({"zone": _("There is no time zone “%(name)s”.") % {"name": name}}) from None


def chosen_service(terms: ContractTerms, named: str | None) -> str:
    """The service that tickets of a source without services belong to. Raises Invalid."""
    known = ", ".join(terms.services)
    if named is None and len(terms.services) == 1:
        return next(iter(terms.services))
    if named is None:
        raise Invalid(
            {
                "service": _("The contract has several services; name one with --service: %(known)s")
                % {"known": known}
            }
        )
    if named not in terms.services:
        raise Invalid(
            {
                "service": _("The contract has no service “%(name)s”, only: %(known)s")
                % {"name": named, "known": known}
            }
        )
    return named


def import_servicenow(
    *,
    contract: Contract,
    path: Path,
    zone: str | None = None,
    service: str | None = None,
    member: str | None = None,
    is_dry_run: bool = False,
    errors: Path | None = None,
    progress: Progress | None = None,
    run: ImportRun | None = None,
    sink: RejectionFile | None = None,
) -> RunReport:
    """Take over a ServiceNow audit log as observed history (see `servicenow` for what each row means).

    `zone`: the zone of the log's times, which name none (default: the contract's). Interrupted at any moment and
    started again it goes on where it stopped; repeated it changes nothing; a longer file adds its new rows.
    Raises SourceError for a file that cannot be taken as a whole, Invalid for options, Conflict while another
    import into the contract runs.
    """
    terms = latest_terms(contract)
    named = zone or terms.zone
    source = open_source(path, member=member)
    columns = frozenset(
        {*servicenow.REQUIRED, *servicenow.SHARED, *servicenow.PERSONAL, *servicenow.BACKFILLED}
    )
    chosen = chosen_service(terms, service)
    instants = InstantReader(zone_named(named))
    found = survey(
        source,
        required=servicenow.REQUIRED,
        number="number",
        instants=("sys_updated_at", "opened_at"),
        wanted=columns,
    )
    _choose_order(instants, found)
    reader = Reader(found.form.header, instants, frozenset(terms.priorities))
    groups = _groups(found, records(source, found.form), reader.column("number"))
    names = ("incident_state", "impact", "urgency", "priority", "made_sla")
    level = itemgetter(*(reader.shared_names.index(name) for name in names))
    job = _ServiceNow(contract, terms, chosen, reader, level)
    progress = progress or Progress()
    progress.total = found.rows
    if is_dry_run:
        return _rehearse(job, groups, source.name, sink or RejectionFile(errors), progress)
    options = {"zone": named, "service": chosen, "member": source.member}
    asked = _Asked(source.name, source.digest(), options, run)
    return _carry_out(job, groups, asked, sink or RejectionFile(errors), progress)


def import_table(
    *,
    contract: Contract,
    path: Path,
    mapping: FieldMapping,
    member: str | None = None,
    is_dry_run: bool = False,
    errors: Path | None = None,
    progress: Progress | None = None,
    run: ImportRun | None = None,
    sink: RejectionFile | None = None,
) -> RunReport:
    """Take over a table of tickets or of events (CSV, XLSX) as observed history, read by `mapping`.

    Like `import_servicenow` it goes on where it stopped and repeats nothing. Raises SourceError, Invalid, Conflict.
    """
    terms = latest_terms(contract)
    named = mapping.zone or terms.zone
    table = open_table(path, wanted=frozenset(mapping.columns.values()), member=member)
    missing = [
        column for column in (*mapping.columns.values(), *mapping.shared) if column not in table.header
    ]
    if missing:
        raise SourceError(
            _("{name} lacks the columns {missing}. Its first line has: {found}").format(
                name=table.source.name,
                missing=", ".join(missing),
                found=", ".join(name[:40] for name in table.header[:40]),
            )
        )
    reader = TableReader(table.header, mapping, terms, InstantReader(zone_named(named), mapping.dates))
    groups = in_runs(by_number(table.records(), reader.number_column), reader.number_column)
    job = _Table(contract, terms, reader)
    progress = progress or Progress()
    progress.total = table.rows
    if not table.rows:
        raise SourceError(_("{name} holds a header and no rows.").format(name=table.source.name))
    if is_dry_run:
        return _rehearse(job, groups, table.source.name, sink or RejectionFile(errors), progress)
    options = {"zone": named, "member": table.source.member, "mapping": mapping_text(mapping)}
    asked = _Asked(table.source.name, table.source.digest(), options, run)
    return _carry_out(job, groups, asked, sink or RejectionFile(errors), progress)


def _choose_order(instants: InstantReader, found: Survey) -> None:
    """Dates are day first; a file that proves the other order for all of them is refused, a mixed one read warily."""
    if found.orders == {"mdy"}:
        raise SourceError(
            _("The dates of the file are written month first (such as 2/29/2016); day first is expected.")
        )
    instants.is_mixed = len(found.orders) > 1


def _groups(found: Survey, rows: Iterable[Any], number: int) -> Iterator[Group]:
    return in_runs(rows if found.is_grouped else by_number(rows, number), number)


# --- one format as the loop sees it


@dataclass(slots=True)
class Decoded(Generic[R]):
    """Rows of one ticket: those that can be taken, in order of time then row, and those that cannot."""

    number: str
    rows: list[R]
    rejections: list[Rejection]
    size: int


@dataclass(slots=True)
class _ServiceNow:
    contract: Contract
    terms: ContractTerms
    service: str
    reader: Reader
    level: Callable[[tuple[str, ...]], Any]
    format: str = servicenow.FORMAT
    system: str = servicenow.FORMAT
    actor_name: str = "ServiceNow"

    def decode(self, number: str, group: Sequence[Any]) -> Decoded[Observed]:
        rows: list[Observed] = []
        rejections: list[Rejection] = []
        read = self.reader.read
        for record in group:
            result = read(record)
            if isinstance(result, Rejection):
                rejections.append(result)
            else:
                rows.append(result)
        rows.sort(key=_when)
        return Decoded(number, rows, rejections, len(group))

    def history(
        self, decoded: Decoded[Observed], new: Sequence[Observed], known: KnownTicket | None, teams: Teams
    ) -> History | None:
        if known is None:
            if not new:
                return None
            return servicenow.history_of(
                self.reader,
                decoded.number,
                new,
                new,
                Passage(),
                service=self.service,
                team_key=teams.key_of,
                claimed=None,
            )
        return servicenow.continued(
            self.reader, decoded.rows, new, known, service=self.service, team_key=teams.key_of
        )

    def tell(self, tally: Tally, decoded: Decoded[Observed]) -> None:
        """Add a ticket's rows to the figures."""
        reader, rows = self.reader, decoded.rows
        if not rows:
            return
        level = self.level
        tally.add_rows([level(row.shared) for row in rows])
        last = rows[-1]
        _state, impact, urgency, priority, _flag = level(last.shared)
        tally.tickets += 1
        tally.tickets_by_level[impact, urgency, priority] += 1
        tally.tickets_by_priority[priority] += 1
        tally.resolved += last.resolved_at is not None
        tally.closed += last.closed_at is not None
        tally.made_sla[reader.text(last, "made_sla")] += 1
        tally.reassigned += int(reader.text(last, "reassignment_count") or 0) > 0
        tally.reopened += int(reader.text(last, "reopen_count") or 0) > 0
        tally.early += rows[0].at < rows[0].opened_at
        servicenow.tell_resolutions(reader, tally, rows)


@dataclass(slots=True)
class _Table:
    contract: Contract
    terms: ContractTerms
    reader: TableReader

    @property
    def format(self) -> str:
        return f"table:{self.reader.mapping.kind}"

    @property
    def system(self) -> str:
        return self.reader.mapping.system

    @property
    def actor_name(self) -> str:
        return self.reader.mapping.system

    def decode(self, number: str, group: Sequence[Any]) -> Decoded[TableRow]:
        rows: list[TableRow] = []
        rejections: list[Rejection] = []
        for record in group:
            result = self.reader.read(record)
            if isinstance(result, Rejection):
                rejections.append(result)
            elif self.reader.mapping.kind == "tickets" and rows and rows[0].key != result.key:
                column = self.reader.mapping.columns["number"]
                reason = _("row {row} is of the same ticket, and says something else").format(row=rows[0].row)
                rejections.append(Rejection(result.row, column, number, reason))
            else:
                rows.append(result)
        rows.sort(key=lambda row: (row.at, row.row))
        return Decoded(number, rows, rejections, len(group))

    def history(
        self, decoded: Decoded[TableRow], new: Sequence[TableRow], known: KnownTicket | None, teams: Teams
    ) -> History | None:
        if not new:
            return None
        if self.reader.mapping.kind == "tickets":
            return ticket_history(self.reader, new[-1], known, teams.key_of)
        return event_history(self.reader, decoded.rows, new, known, teams.key_of)

    def tell(self, tally: Tally, decoded: Decoded[TableRow]) -> None:
        """Add a ticket's rows to the figures."""
        if decoded.rows:
            rows = tally_rows(decoded.rows)
            tally.add_rows(rows)
            tally.tickets += 1
            _state, impact, urgency, priority, _flag = rows[-1]
            tally.tickets_by_level[impact, urgency, priority] += 1
            tally.tickets_by_priority[priority] += 1


Job = _ServiceNow | _Table


def _when(row: Observed) -> tuple[int, int]:
    return row.at, row.row


# --- the loop


@dataclass(slots=True)
class _Batch:
    decoded: list[Decoded[Any]] = field(default_factory=list)
    size: int = 0


def _batches(job: Job, groups: Iterable[Group]) -> Iterator[_Batch]:
    batch = _Batch()
    for number, group in groups:
        decoded = job.decode(number, group)
        batch.decoded.append(decoded)
        batch.size += decoded.size
        if batch.size >= BATCH_ROWS:
            yield batch
            batch = _Batch()
    if batch.size:
        yield batch


def _plan(
    job: Job, batch: _Batch, scope_id: int, is_fresh: bool, teams: Teams
) -> tuple[list[History], list[bytes], Counts]:
    """Histories of what is new in a batch, keys of its rows, and how the rows are counted."""
    counts = Counts(read=batch.size)
    taken: set[bytes] = set()
    known: dict[str, KnownTicket] = {}
    if not is_fresh:
        taken = known_keys(scope_id, [row.key for decoded in batch.decoded for row in decoded.rows])
        known = known_tickets(scope_id, job.system, {decoded.number for decoded in batch.decoded})
    histories: list[History] = []
    keys: list[bytes] = []
    fresh_rows: list[list[Any]] = []
    for decoded in batch.decoded:
        counts.rejected += len(decoded.rejections)
        new = []
        for row in decoded.rows:
            if row.key in taken:
                counts.repeated += 1
            else:
                taken.add(row.key)
                new.append(row)
        counts.imported += len(new)
        keys += [row.key for row in new]
        fresh_rows.append(new)
    if known:
        read_rows(
            scope_id,
            [
                known[decoded.number]
                for decoded, new in zip(batch.decoded, fresh_rows, strict=True)
                if new and decoded.number in known
            ],
        )
    for decoded, new in zip(batch.decoded, fresh_rows, strict=True):
        if decoded.rows:
            history = job.history(decoded, new, known.get(decoded.number), teams)
            if history is not None:
                histories.append(history)
    return histories, keys, counts


@dataclass(slots=True)
class _Plan:
    """A batch and what is to be written of it."""

    batch: _Batch
    histories: list[History]
    keys: list[bytes]
    counts: Counts

    def tell(self, job: Job, tally: Tally, counts: Counts) -> None:
        """Add the batch to the figures of the run."""
        for decoded in self.batch.decoded:
            job.tell(tally, decoded)
        tally.created += sum(not history.is_known for history in self.histories)
        _add(counts, self.counts)


def _planned(
    job: Job, batches: Iterable[_Batch], scope_id: int, is_fresh: bool, teams: Teams
) -> Iterator[_Plan]:
    for batch in batches:
        yield _Plan(batch, *_plan(job, batch, scope_id, is_fresh, teams))


def _next_or_failure(planned: Iterator[_Plan]) -> tuple[_Plan | None, Exception | None]:
    """The next plan; a failure to make it is kept, because the batch before it is sound."""
    try:
        return next(planned, None), None
    except Exception as failure:
        return None, failure


def _add(total: Counts, part: Counts) -> None:
    total.read += part.read
    total.imported += part.imported
    total.rejected += part.rejected
    total.repeated += part.repeated


@dataclass(frozen=True, slots=True)
class _Asked:
    """The file, and the run it belongs to where that is known already."""

    file_name: str
    digest: bytes
    options: Mapping[str, Any]
    run: ImportRun | None

    def take_up(self, scope_id: int, kind: str) -> tuple[ImportRun, bool]:
        """The run, and whether it goes on where it stopped."""
        if self.run is not None:
            return continue_run(self.run, kind)
        return take_up(
            scope_id=scope_id, kind=kind, file_name=self.file_name, digest=self.digest, options=self.options
        )


def _carry_out(
    job: Job, groups: Iterator[Group], asked: _Asked, sink: RejectionFile, progress: Progress
) -> RunReport:
    scope_id = int(job.contract.pk)
    with only_one(scope_id), seldom_collecting(), sink as rejected:
        run, is_resumed = asked.take_up(scope_id, job.format)
        destination = Destination(
            job.contract,
            ZoneInfo(job.terms.zone),
            job.system,
            Actor("import", str(run.uuid), job.actor_name),
            {kind: process_of(kind).version for kind in ("incident", "service_request")},
        )
        counts = Counts(run.read, run.imported, run.rejected, run.repeated)
        tally = Tally.from_data(run.summary)
        is_fresh = not has_keys(scope_id)
        teams = Teams.of(job.contract.provider_id)
        position = entries = 0
        try:
            position = _skip(job, groups, run.position, rejected)
            planned = _planned(job, ahead(_batches(job, groups)), scope_id, is_fresh, teams)
            plan = next(planned, None)
            while plan is not None:
                rejected.add(one for decoded in plan.batch.decoded for one in decoded.rejections)
                position += plan.batch.size
                plan.tell(job, tally, counts)
                following, failure = None, None
                with transaction.atomic():
                    with Sender() as sender:
                        entries += write_histories(
                            plan.histories,
                            plan.keys,
                            destination=destination,
                            teams=teams,
                            recorded_at=datetime.now(UTC),
                            sender=sender,
                        )
                        if is_fresh:  # it asks the server nothing, so it can be made while rows are sent
                            following, failure = _next_or_failure(planned)
                    save_position(run, position, counts, tally.to_data())
                progress.rows(position)
                if failure is not None:
                    raise failure
                plan = following if is_fresh else next(planned, None)
            progress.stage(_("Folding clocks …"))
            _fold(scope_id, job.system)
            progress.stage(_("Sealing …"))
            seal()
        except CancelledError:
            _fold(scope_id, job.system)  # what is committed stays, and its clocks have to be right
            end(run, CANCELLED, tally.to_data())
            raise
        except BaseException:
            with suppress(DatabaseError):  # the first error is the one to be told
                ImportRun.objects.filter(pk=run.pk).update(status=FAILED)
            raise
        finally:
            progress.end()
        end(run, FINISHED, tally.to_data())
    return RunReport(
        str(run.uuid),
        asked.file_name,
        counts,
        entries,
        run.summary,
        rejected.first,
        _notes(job),
        is_resumed,
    )


def _skip(job: Job, groups: Iterator[Group], position: int, rejected: RejectionFile) -> int:
    """Pass over what a run committed before it was interrupted; its rejected rows are told again, not counted."""
    done = 0
    while done < position:
        number, group = next(groups)
        rejected.add(job.decode(number, group).rejections)
        done += len(group)
    return done


def _fold(scope_id: int, system: str) -> None:
    """Clocks of all tickets of the source. Those that an earlier run brought are folded again: it is quick."""
    ids = Ticket.objects.filter(scope_id=scope_id, is_observed=True, source_system=system).values_list(
        "pk", flat=True
    )
    refold_scope(
        scope_id, now=datetime.now(UTC), subject_ids=np.fromiter(ids.iterator(chunk_size=50_000), np.int64)
    )


def _rehearse(
    job: Job, groups: Iterable[Group], file_name: str, sink: RejectionFile, progress: Progress
) -> RunReport:
    """Everything but writing."""
    scope_id = int(job.contract.pk)
    is_fresh = not has_keys(scope_id)
    counts, tally, position, entries = Counts(), Tally(), 0, 0
    teams = Teams.of(job.contract.provider_id)
    with sink as rejected:
        for plan in _planned(job, _batches(job, groups), scope_id, is_fresh, teams):
            rejected.add(one for decoded in plan.batch.decoded for one in decoded.rejections)
            plan.tell(job, tally, counts)
            entries += sum(len(history.happenings) for history in plan.histories)
            position += plan.batch.size
            progress.rows(position)
        progress.end()
    counts.check()
    return RunReport(None, file_name, counts, entries, tally.to_data(), rejected.first, _notes(job))


def _notes(job: Job) -> list[str]:
    notes = [_("Times without a zone are read as {zone}.").format(zone=job.reader.instants.zone.key)]
    if job.reader.instants.doubled:
        notes.append(
            _("{count:,} times fall into an hour that the zone has twice; the first one was taken.").format(
                count=job.reader.instants.doubled
            )
        )
    return notes
