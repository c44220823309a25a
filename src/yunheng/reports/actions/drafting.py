"""Drafts a report: the job's own work. What it computed and that it is done are one transaction."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from yunheng.accounts.queries import viewer_for_person
from yunheng.contracts.models import Contract
from yunheng.foundation.access import SYSTEM_VIEWER, Viewer
from yunheng.foundation.flow import process_of, update_subject
from yunheng.foundation.keys import KeyMissingError
from yunheng.foundation.numbering import next_number
from yunheng.foundation.refusals import Refusal
from yunheng.foundation.sealing import seal

from ..content import Source, build, newest_head
from ..making import PREVIEW, keep_files, make_files
from ..models import Format, Kind, Report, ReportPlan, ReportRun
from ..period import Month, due_at
from .basis import KIND_CODE, name_of, now_or, stamped, told, write_entry
from .issuing import issue_report
from .requesting import RUNNING, standing
from .telling import tell_of_draft, tell_of_failure

_log = logging.getLogger(__name__)


def carry_out(uuid: UUID, *, is_last_try: bool = True, makes_files: bool = True) -> None:
    """Do what is left of a run; after a crash it goes on where it was. A failure is kept for a person to read: at once
    where the answer is no, after the last try where something broke. `makes_files`: the draft's, so that they are there
    when somebody wants to see them.
    """
    run = ReportRun.objects.select_related("scope", "ticket", "asked_by__organisation").get(uuid=uuid)
    if run.state not in RUNNING:
        return
    language = run.asked_by.language if run.asked_by else "zh-hans"
    with translation.override(language or "zh-hans"):
        try:
            _draft(run, makes_files=makes_files)
        except Refusal as refusal:
            _fail(run, refusal.message)
        except Exception:
            if is_last_try:
                _fail(run, _("It failed; the log of the worker says why."))
            raise


def _draft(run: ReportRun, *, makes_files: bool) -> None:
    viewer = SYSTEM_VIEWER if run.asked_by is None else viewer_for_person(run.asked_by)
    viewer.require("report.write", run.scope_id)
    total = 2 + 2 * len(run.languages)
    ReportRun.objects.filter(pk=run.pk).update(state=ReportRun.State.RUNNING, done=0, total=total)
    report = run.report
    if report is None:
        report = draft_report(viewer, run, step=lambda done: _progress(run, done))
    _progress(run, 2 + len(run.languages))
    problem, is_followed = _preview(run, report) if makes_files else "", False
    while not _finish(run, problem, is_followed=is_followed):
        problem = "\n".join(dict.fromkeys([*problem.splitlines(), *_follow_plan(run, report).splitlines()]))
        is_followed = True


def _follow_plan(run: ReportRun, report: Report) -> str:
    """Issue what a plan has drafted, or tell those who write reports of it; why it could not be issued, else ""."""
    report.refresh_from_db(fields=["state", "row_version"])
    if report.state != "drafted":
        return ""
    plan = ReportPlan.objects.filter(pk=run.scope_id).first()
    problem = ""
    if plan is not None and plan.is_active and plan.is_issued_by_itself:
        try:
            issue_report(SYSTEM_VIEWER, report.number, report.row_version)
        except Refusal as refusal:  # nobody waits at a page for it: somebody has to be told
            problem = refusal.message
        else:
            return ""
    tell_of_draft(report, datetime.now(UTC))
    return problem


def _finish(run: ReportRun, problem: str, *, is_followed: bool) -> bool:
    """End the run; not one that a plan asked for, or joined while it went on, before the plan was followed."""
    going = ReportRun.objects.filter(pk=run.pk, **({} if is_followed else {"is_planned": False}))
    values = {"state": ReportRun.State.FINISHED, "problem": problem, "finished_at": datetime.now(UTC)}
    return bool(going.update(**values, done=2 + 2 * len(run.languages)))


def draft_report(
    viewer: Viewer, run: ReportRun, *, step: Callable[[int], None] = lambda _done: None
) -> Report:
    """Compute the contents at the newest signed head, after sealing all that waits, and keep them as a draft: a new
    one, or the one that is there, brought up to date. Writes "report.drafted".
    """
    contract = Contract.objects.select_related("scope", "provider", "client").get(pk=run.scope_id)
    seal_all()
    head = newest_head(contract)
    step(1)
    month = Month(run.period, contract.scope.zone)
    source = Source(contract=contract, month=month, head=head, now=datetime.now(UTC), ticket=run.ticket)
    bodies: dict[str, Any] = {}
    for place, language in enumerate(run.languages):
        bodies[language] = build(run.kind, source, language)
        step(2 + place)
    with transaction.atomic():
        report = _keep(viewer, run, contract, month, source, bodies)
        ReportRun.objects.filter(pk=run.pk).update(report=report)
        run.report = report
    return report


def seal_all() -> None:
    """Seal what waits, so that the position of a report holds everything that is recorded now. Without the signing key
    on this machine the report is made at the head that there is.
    """
    try:
        seal()
    except KeyMissingError:
        _log.warning("report.not_sealed: the signing key is not on this machine")


def _keep(
    viewer: Viewer,
    run: ReportRun,
    contract: Contract,
    month: Month,
    source: Source,
    bodies: dict[str, Any],
) -> Report:
    now = now_or(None)
    report = (
        Report.objects.select_for_update(of=("self",))
        .select_related("scope", "ticket", "replaces")
        .filter(scope_id=run.scope_id, kind=run.kind, period=run.period, ticket=run.ticket, state="drafted")
        .first()
    )
    values = {
        "languages": list(run.languages),
        "position": source.position,
        "evaluated_at": source.evaluated_at,
        "due_at": due_at(contract, run.kind, month),
        "drafted_by": name_of(viewer),
        "drafted_at": now,
    }
    is_new = report is None
    if report is None:
        before = standing(run.scope_id, run.kind, run.period, run.ticket)
        report = _new(run, contract, before, now)
    for name, value in values.items():
        setattr(report, name, value)
    contents = stamped(report, bodies)
    if is_new:
        report.save(force_insert=True)
    else:
        update_subject(
            report, {**values, "contents": contents, "digests": dict(report.digests)}, viewer=viewer
        )
    said = told(report) | {"languages": list(report.languages), "is_new": is_new, "row": report.row_version}
    write_entry(report, "report.drafted", viewer=viewer, now=now, internal=said)
    return report


def _new(run: ReportRun, contract: Contract, before: Report | None, now: datetime) -> Report:
    process = process_of("report")
    today = now.astimezone(ZoneInfo(contract.scope.zone)).date()
    return Report(
        scope=contract.scope,
        number=next_number(contract.scope, KIND_CODE, today),
        state=process.initial,
        process_key=process.key,
        process_version=process.version,
        opened_at=now,
        kind=run.kind,
        period=run.period,
        ticket=run.ticket,
        edition=1 if before is None else before.edition + 1,
        edition_kind="" if run.kind != Kind.FAULT else "preliminary",
        comments={} if before is None else before.comments,
        written={} if before is None else before.written,
        replaces=before,
    )


def _preview(run: ReportRun, report: Report) -> str:
    """Make the draft's files ahead, so that nobody waits for them; what is wrong with a template is told, not fatal."""
    problems = []
    for place, language in enumerate(report.languages):
        try:
            made = make_files(report, report.contents, [language], list(Format.values))
        except Refusal as refusal:
            problems.append(refusal.message)
        else:
            with transaction.atomic():
                if Report.objects.select_for_update().filter(pk=report.pk, state="drafted").exists():
                    keep_files(report, made, edition=PREVIEW, now=datetime.now(UTC))
        _progress(run, 3 + len(report.languages) + place)
    return "\n".join(dict.fromkeys(problems))


def _progress(run: ReportRun, done: int) -> None:
    ReportRun.objects.filter(pk=run.pk, done__lt=done).update(done=done)


def _fail(run: ReportRun, problem: str) -> None:
    """Keep why it failed; of what a plan asked for, those who write reports are told: nobody watches it."""
    now = datetime.now(UTC)
    with transaction.atomic():
        ReportRun.objects.filter(pk=run.pk).update(
            state=ReportRun.State.FAILED, problem=problem, finished_at=now
        )
        run.refresh_from_db(fields=["is_planned"])
        if run.is_planned:
            tell_of_failure(run, problem, now)
