"""What the worker does for imports of the web: look, try, carry out; each at least once, so idempotent."""

import logging
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.foundation.refusals import Conflict, Invalid, Refusal

from . import servicenow, uploads
from .actions import RunReport, import_servicenow, import_table, latest_terms
from .asking import contract_of
from .mapping import EVENTS, HEADERS, FieldMapping, mapping_text, parse_mapping
from .models import ImportChunk, ImportRejection, ImportRun, SavedMapping
from .preview import Preview, preview_table
from .progress import Progress
from .rejections import Rejection, RejectionFile
from .runs import (
    BUSY,
    CANCELLED,
    FAILED,
    FINISHED,
    LOOKING,
    MAPPING,
    QUEUED,
    RUNNING,
    TRIED,
    TRYING,
    CancelledError,
)
from .source import SourceError
from .tables import open_table

_log = logging.getLogger(__name__)
KEPT_FOR: Final = timedelta(days=7)  #: files of runs that nobody goes on with
MOST_REJECTIONS: Final = 100_000  #: rejected rows that are kept to be downloaded; all are counted
_SAMPLES: Final = 4
_WORDS: Final = 30  #: different words of a column that are offered for translation
_TRIAL_ROWS: Final = 50  #: rejected rows that a trial shows
_TELL_SECONDS: Final = 1.0


# --- the three jobs


def look(uuid: UUID) -> None:
    """Find out what a file is, and propose what its columns mean."""
    with _work(uuid, {LOOKING}) as run:
        if run is None:
            return
        with uploads.file_of(run) as path:
            found = _look(run, path)
        kind = servicenow.FORMAT if found.get("is_servicenow") else "table"
        _update(run, {LOOKING}, status=MAPPING, look=found, format=kind, total=found.get("rows", 0))


def try_out(uuid: UUID) -> None:
    """Read and check everything, write nothing; keep the counts and the first rejected rows."""
    with _work(uuid, {TRYING}) as run:
        if run is None:
            return
        sink = _FirstRejections()
        progress = StoredProgress(run, "tried")
        with uploads.file_of(run) as path:
            report = _import(run, path, progress, sink, is_dry_run=True)
            taken = [] if run.format == servicenow.FORMAT else _taken(run, path)
        _update(run, {TRYING}, status=TRIED, trial=_trial(report, sink, taken), total=report.counts.read)


def carry_out(uuid: UUID) -> None:
    """Import for real. Started again after a crash it goes on after the last committed batch.

    Raises Conflict while another import into the contract runs: the job is tried again later.
    """
    with _work(uuid, {QUEUED, RUNNING}) as run:
        if run is None:
            return
        sink = StoredRejections(run)
        with uploads.file_of(run) as path:
            _import(run, path, StoredProgress(run, ""), sink, is_dry_run=False)
        uploads.forget(run)


def forget_old_files(now: datetime) -> int:
    """Let go of files of runs that have ended, or that nobody has gone on with for a week; returns how many."""
    kept = ImportRun.objects.filter(pk__in=ImportChunk.objects.filter(index=0).values("run_id"))
    count = 0
    for run in kept:
        is_left = run.status not in BUSY and run.started_at < now - KEPT_FOR
        if run.status in (FINISHED, CANCELLED) or is_left:
            uploads.forget(run)
            count += 1
    return count


@contextmanager
def _work(uuid: UUID, states: set[str]) -> "Any":
    """The run, in its asker's language, if it still waits for this; what goes wrong is told on its page."""
    run = ImportRun.objects.select_related("asked_by").filter(uuid=uuid).first()
    if run is None or run.status not in states:
        yield None
        return
    language = run.asked_by.language if run.asked_by else ""
    with translation.override(language or "zh-hans"):
        try:
            if run.is_cancel_wanted:
                raise CancelledError
            yield run
        except CancelledError:
            _update(run, {*states, CANCELLED}, status=CANCELLED, finished_at=datetime.now(UTC))
            uploads.forget(run)
        except Conflict:
            _update(run, {FAILED, RUNNING}, status=QUEUED)
            raise
        except (SourceError, Refusal) as error:
            _update(run, {*states, FAILED}, status=FAILED, fault=_said(error))
        except Exception:
            _log.exception("import.failed", extra={"run": str(uuid)})
            text = _(
                "Something went wrong on our side; what was committed stays. Go on, or tell the administrator."
            )
            _update(run, {*states, FAILED}, status=FAILED, fault=text)
            raise


def _said(error: Exception) -> str:
    if isinstance(error, Invalid):
        return " ".join(text for texts in error.fields.values() for text in texts)
    return str(error)


def _update(run: ImportRun, states: set[str], **values: Any) -> None:
    """Change the run unless somebody else has moved it on."""
    ImportRun.objects.filter(pk=run.pk, status__in=states).update(**values)


# --- looking


def _look(run: ImportRun, path: Path) -> dict[str, Any]:
    contract = contract_of(run)
    members = _members(path)
    member = run.options.get("member") or (members[0] if len(members) == 1 else None)
    if len(members) > 1 and member is None:
        return {"members": members}
    known = frozenset({*servicenow.REQUIRED, *(word for words in HEADERS.values() for word in words)})
    table = open_table(path, wanted=known, member=member)
    found: dict[str, Any] = {
        "members": members,
        "header": [name for name in table.header if name],
        "rows": table.rows,
        "is_servicenow": set(servicenow.REQUIRED) <= set(table.header),
    }
    first = [record.fields for record in islice(table.records(), 2_000)]
    found["samples"] = _samples(table.header, first)
    if not found["is_servicenow"]:
        found["words"] = _words(table.header, first)
        found["proposal"] = mapping_text(_proposal(contract, path, member, table.header))
    return found


def _members(path: Path) -> list[str]:
    """Tables in an archive that is no workbook."""
    if not zipfile.is_zipfile(path):
        return []
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except zipfile.BadZipFile as error:
        raise SourceError(_("The archive is damaged: {reason}").format(reason=error)) from error
    if "[Content_Types].xml" in names:
        return []
    return [name for name in names if name.lower().endswith((".csv", ".tsv", ".txt"))][:200]


def _proposal(contract: Contract, path: Path, member: str | None, header: Sequence[str]) -> FieldMapping:
    """The newest saved mapping that fits the columns, else one by the names of the columns."""
    for saved in SavedMapping.objects.filter(scope_id=contract.pk).order_by("-saved_at")[:20]:
        mapping = parse_mapping(saved.mapping.encode(), saved.name)
        if {*mapping.columns.values(), *mapping.shared} <= set(header):
            return mapping
    return preview_table(path, contract=contract, member=member).mapping


def _samples(header: Sequence[str], rows: Iterable[Sequence[str]]) -> dict[str, list[str]]:
    """The first different values of each column that are not empty, shortened."""
    found: dict[str, list[str]] = {name: [] for name in header if name}
    for row in rows:
        for name, value in zip(header, row, strict=False):
            texts = found.get(name)
            text = value.strip().replace("\0", "␀")
            if texts is not None and text and len(texts) < _SAMPLES and text[:60] not in texts:
                texts.append(text[:60])
    return found


def _words(header: Sequence[str], rows: Iterable[Sequence[str]]) -> dict[str, list[str]]:
    """The words of columns that have few: those that a service or priority can stand in."""
    found: dict[str, set[str]] = {name: set() for name in header if name}
    for row in rows:
        for name, value in zip(header, row, strict=False):
            words = found.get(name)
            text = value.strip()
            if words is not None and text and "\0" not in text and len(words) <= _WORDS:
                words.add(text[:100])
    return {name: sorted(words) for name, words in found.items() if len(words) <= _WORDS}


# --- importing


def _import(
    run: ImportRun, path: Path, progress: "StoredProgress", sink: RejectionFile, *, is_dry_run: bool
) -> RunReport:
    contract, options = contract_of(run), run.options
    if run.format == servicenow.FORMAT:
        return import_servicenow(
            contract=contract,
            path=path,
            zone=options["zone"],
            service=options["service"],
            member=options.get("member"),
            is_dry_run=is_dry_run,
            progress=progress,
            run=run,
            sink=sink,
        )
    return import_table(
        contract=contract,
        path=path,
        mapping=parse_mapping(options["mapping"].encode(), "mapping"),
        member=options.get("member"),
        is_dry_run=is_dry_run,
        progress=progress,
        run=run,
        sink=sink,
    )


def _taken(run: ImportRun, path: Path) -> list[dict[str, Any]]:
    """The first rows as they would be read."""
    mapping = parse_mapping(run.options["mapping"].encode(), "mapping")
    preview: Preview = preview_table(
        path, contract=contract_of(run), mapping=mapping, member=run.options.get("member")
    )
    return [
        {
            "row": row.row,
            "event": row.event,
            "instants": row.instants,
            "texts": {k: v for k, v in row.texts.items() if v},
        }
        for row in preview.taken
    ]


def _trial(report: RunReport, sink: "_FirstRejections", taken: list[dict[str, Any]]) -> dict[str, Any]:
    counts = report.counts
    return {
        "read": counts.read,
        "imported": counts.imported,
        "rejected": counts.rejected,
        "repeated": counts.repeated,
        "entries": report.entries,
        "tickets": report.summary.get("tickets", 0),
        "created": report.summary.get("tickets_created", 0),
        "notes": list(report.notes),
        "taken": taken,
        "rejections": [[one.row, one.field, one.shown, one.reason] for one in sink.kept],
        "by_reason": [
            [field, reason, count]
            for (field, reason), count in sorted(sink.by_reason.items(), key=lambda item: -item[1])[:20]
        ],
    }


class _FirstRejections(RejectionFile):
    """Keeps the first rejected rows, and how often each field was at fault for the same reason."""

    def __init__(self) -> None:
        super().__init__(None)
        self.kept: list[Rejection] = []
        self.by_reason: dict[tuple[str, str], int] = {}

    def add(self, rejections: Iterable[Rejection]) -> None:
        """Note them; few reasons are told apart, however long the file."""
        for rejection in rejections:
            if len(self.kept) < _TRIAL_ROWS:
                self.kept.append(rejection)
            key = (rejection.field, rejection.reason)
            if key in self.by_reason or len(self.by_reason) < 1_000:
                self.by_reason[key] = self.by_reason.get(key, 0) + 1


class StoredRejections(RejectionFile):
    """Keeps rejected rows with their run. Told twice, as after a crash, they are kept once."""

    def __init__(self, run: ImportRun) -> None:
        super().__init__(None)
        self._run = run
        self._room = MOST_REJECTIONS - ImportRejection.objects.filter(run=run).count()

    def add(self, rejections: Iterable[Rejection]) -> None:
        """Store them as far as there is room."""
        rows = []
        for rejection in rejections:
            if len(self.first) < 5:
                self.first.append(rejection)
            if self._room > 0:
                self._room -= 1
                rows.append(
                    ImportRejection(
                        run=self._run,
                        row=rejection.row,
                        field=rejection.field.replace("\0", "␀")[:200],
                        value=rejection.shown,
                        reason=rejection.reason.replace("\0", "␀")[:500],
                    )
                )
        if rows:
            ImportRejection.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2_000)


class StoredProgress(Progress):
    """Tells with the run how far it is, once a second, and asks whether it is still wanted.

    Raises CancelledError from `rows`, which is called between batches.
    """

    def __init__(self, run: ImportRun, field: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream=StringIO())
        self._run, self._field, self._clock = run, field, clock
        self._at = clock()

    def rows(self, done: int) -> None:
        """So many rows are dealt with."""
        values: dict[str, Any] = {"total": self.total}
        if self._field:
            values[self._field] = done
        now = self._clock()
        if now - self._at >= _TELL_SECONDS or done >= self.total:
            self._at = now
            ImportRun.objects.filter(pk=self._run.pk).update(**values)
        if ImportRun.objects.filter(pk=self._run.pk, is_cancel_wanted=True).exists():
            raise CancelledError

    def stage(self, text: str) -> None:
        """What follows the rows is short; the page shows the rows."""

    def end(self) -> None:
        """Nothing is left open."""


def contract_words(contract: Contract) -> dict[str, list[tuple[str, Any]]]:
    """Fields whose words are the contract's, with key and label of each word that it knows."""
    terms = latest_terms(contract)
    return {
        "service": [(key, item.label) for key, item in terms.services.items()],
        "priority": [(key, item.label) for key, item in terms.priorities.items()],
        "impact": list(terms.matrix.impacts.items()),
        "urgency": list(terms.matrix.urgencies.items()),
        "event": [(key, None) for key in EVENTS if key != "waiting"]
        + [(f"waiting:{code}", reason.label) for code, reason in terms.pause_reasons.items()]
        + [(f"dispatched:{key}", {"zh-Hans": name}) for key, name in terms.suppliers.items()],
    }
