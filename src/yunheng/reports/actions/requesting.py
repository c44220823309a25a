"""Asks for a report: a run is booked, and a job drafts it in the background."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract
from yunheng.desk.models import Ticket
from yunheng.desk.queries import access_ticket
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid, NotFound

from ..models import Kind, Report, ReportRun
from ..period import Month, month_of, read_month
from ..refusing import check_kind, check_languages
from .basis import begin, now_or

TASK: Final = "reports:draft"
RUNNING: Final = (ReportRun.State.WAITING, ReportRun.State.RUNNING)


@transaction.atomic
def request_report(
    viewer: Viewer,
    contract_key: str,
    kind: str,
    period: str = "",
    languages: Sequence[str] | None = None,
    *,
    ticket: str | None = None,
    recorded_at: datetime | None = None,
) -> ReportRun:
    """Have a report drafted: of a month ("2016-04"), or with kind "fault" of one ticket (its number).

    A draft that is there is brought up to date; what was issued gets a correction, which replaces it when it is issued
    in turn. While a run for the same report goes on, that run is the answer. Needs `report.write`.

    Raises NotFound, Forbidden, Invalid per field ("kind", "period", "languages", "ticket").
    """
    contract = access_contract(viewer, contract_key)
    viewer.require("report.write", contract.pk)
    now = recorded_at or datetime.now(UTC)
    check_kind(kind)
    wanted = check_languages(languages)
    about = _ticket(viewer, contract, kind, ticket)
    month = month_of(about.opened_at, contract.scope.zone) if about else read_month(contract, period, now)
    return book_run(viewer, contract, kind, month, wanted, ticket=about)


@transaction.atomic
def redraft_report(viewer: Viewer, number: str, *, recorded_at: datetime | None = None) -> ReportRun:
    """Bring a draft up to date with the log as it is now; of an issued report, draft its correction.

    What people wrote stays. Needs `report.write`. Raises NotFound, Forbidden, Invalid.
    """
    report = begin(viewer, number, "report.write")
    now_or(recorded_at)
    if report.state in {"replaced", "discarded"}:
        raise Invalid({"report": _("%(number)s is not in force any more.") % {"number": report.number}})
    contract = Contract.objects.select_related("scope", "provider", "client").get(pk=report.scope_id)
    month = Month(report.period, contract.scope.zone)
    return book_run(viewer, contract, report.kind, month, report.languages, ticket=report.ticket)


def book_run(
    viewer: Viewer,
    contract: Contract,
    kind: str,
    month: Month,
    languages: Sequence[str],
    *,
    ticket: Ticket | None = None,
    is_planned: bool = False,
) -> ReportRun:
    """The run that drafts this report: the one that is on its way, or a new one with its job (2–4 statements)."""
    for _attempt in range(2):
        going = (
            ReportRun.objects.filter(
                scope_id=contract.pk, kind=kind, period=month.key, ticket=ticket, state__in=RUNNING
            )
            .order_by("-pk")
            .first()
        )
        if going is not None:
            return going
        try:
            with transaction.atomic():
                run = ReportRun.objects.create(
                    scope_id=contract.pk,
                    kind=kind,
                    period=month.key,
                    ticket=ticket,
                    languages=list(languages),
                    replaces=standing(contract.pk, kind, month.key, ticket),
                    is_planned=is_planned,
                    asked_by_id=viewer.person_id,
                )
        except IntegrityError:  # somebody else was a moment faster
            continue
        app.configure_task(
            TASK, lock=f"{TASK}:{contract.pk}", queueing_lock=f"{TASK}:{run.uuid}", allow_unknown=True
        ).defer(run=str(run.uuid))
        return run
    raise Invalid({"period": _("Somebody else asks for this report just now; try again.")}, code="busy")


def standing(scope_id: int, kind: str, period: str, ticket: Ticket | None) -> Report | None:
    """The report in force: the last one that was issued and not replaced."""
    return (
        Report.objects.select_related("scope", "ticket")
        .filter(scope_id=scope_id, kind=kind, period=period, ticket=ticket)
        .filter(state__in=("issued", "accepted", "returned"))
        .order_by("-edition")
        .first()
    )


def _ticket(viewer: Viewer, contract: Contract, kind: str, number: str | None) -> Ticket | None:
    if kind != Kind.FAULT:
        if number:
            raise Invalid({"ticket": _("Only a fault report is about a ticket.")})
        return None
    if not number:
        raise Invalid({"ticket": _("Name the ticket that the fault report is about.")})
    try:
        found = access_ticket(viewer, number)
    except NotFound as refusal:
        raise Invalid({"ticket": refusal.message}) from None
    if found.scope_id != contract.pk:
        raise Invalid({"ticket": _("There is no ticket %(number)s.") % {"number": number}})
    return found
