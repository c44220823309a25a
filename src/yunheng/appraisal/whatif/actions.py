"""Asks for a backtest, carries it out in the background, and lets go of it after a day. Nothing here is an entry."""

import gzip
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from yunheng.accounts.queries import viewer_for_person
from yunheng.accounts.quotas import spend_draft
from yunheng.contracts.queries import access_contract
from yunheng.contracts.reading import reads_all
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid, Refusal

from ..periods import read_period
from .answer import Asked, Money, backtest
from .document import csv_of, document_of
from .draft import Draft, named_draft, read_draft
from .models import BacktestRun

TASK: Final = "appraisal:backtest"
TRIES: Final = 3  #: after something broke
MOST_WAITING: Final = 3  #: of one person
MOST_KEPT: Final = 20  #: of one person
KEPT: Final = timedelta(hours=24)
_RUNNING: Final = (BacktestRun.State.WAITING, BacktestRun.State.RUNNING)
_MOST: Final = Decimal(10) ** 12


def request_backtest(
    viewer: Viewer,
    contract_key: str,
    *,
    document: str = "",
    draft: str = "",
    start: str = "",
    end: str = "",
    position: int | None = None,
    recomputes_priority: bool = False,
    fee: str = "",
    contract_value: str = "",
    now: datetime | None = None,
) -> BacktestRun:
    """Have history replayed under a draft: a document, or by name a pack ("pack:NAME") or version ("version:N").

    Days as typed (YYYY-MM-DD or YYYY-MM; none: the newest month). `fee` is per month. The result is for the asker
    alone. Needs `contract.view` and `kpi.view`. Raises NotFound, Forbidden (no person asks), Invalid per field,
    ContractFaulty for a document with errors, Conflict while too many of the asker's wait, OverQuota.
    """
    contract = access_contract(viewer, contract_key)
    viewer.require("kpi.view", contract.pk)
    if viewer.person_id is None:
        raise Forbidden(
            _("A backtest is for a person; the command line needs no job."), permission="kpi.view"
        )
    now = now or datetime.now(UTC)
    if bool(document.strip()) == bool(draft):
        raise Invalid({"document": _("Write or choose a draft: a document, a pack or a version.")})
    period = read_period(contract, start.strip(), end.strip(), now)
    asked = Asked(
        period.start,
        period.end,
        position,
        recomputes_priority,
        Money(read_amount("fee", fee), read_amount("contract_value", contract_value)),
    )
    asked.check()
    mine = BacktestRun.objects.filter(asked_by_id=viewer.person_id)
    if mine.filter(state__in=_RUNNING).count() >= MOST_WAITING:
        text = _("%(most)d of your backtests wait or run; let one of them end first.")
        raise Conflict(text % {"most": MOST_WAITING})
    spend_draft(viewer, now=now)
    if draft:
        named_draft(contract, draft)
    else:
        read_draft("", document.encode())
    with transaction.atomic():  # what was spent stays spent, whatever is wrong with the draft
        kept = list(mine.order_by("-pk").values_list("pk", flat=True)[: MOST_KEPT - 1])
        mine.exclude(pk__in=kept).exclude(state__in=_RUNNING).delete()
        run = BacktestRun.objects.create(
            contract=contract,
            asked_by_id=viewer.person_id,
            draft=draft,
            document="" if draft else document,
            start=asked.start,
            end=asked.end,
            position=position,
            recomputes_priority=recomputes_priority,
            fee=asked.money.fee,
            contract_value=asked.money.contract_value,
        )
        # One at a time: each holds all facts of its contract in memory.
        app.configure_task(TASK, lock=TASK, queueing_lock=f"{TASK}:{run.uuid}", allow_unknown=True).defer(
            run=str(run.uuid)
        )
    return run


def read_amount(field: str, text: str) -> Decimal | None:
    """An amount of money as typed, None for nothing. Raises Invalid naming the field."""
    written = text.strip().replace(",", "").replace("，", "")
    if not written:
        return None
    try:
        amount = Decimal(written)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount < _MOST or amount != round(amount, 4):
        text = _("An amount is a number like 100000 or 99999.50, not negative.")
        raise Invalid({field: text})
    return amount


def carry_out(uuid: UUID, *, is_last_try: bool = True) -> None:
    """Do a run; after a crash it begins anew. A failure is kept for its asker to read."""
    run = (
        BacktestRun.objects.select_related("contract__scope", "asked_by__organisation")
        .filter(uuid=uuid)
        .first()
    )
    if run is None or run.state not in _RUNNING:
        return
    with translation.override(run.asked_by.language or "zh-hans"):
        try:
            _replay(run)
        except Refusal as refusal:
            _fail(run, refusal.message)
        except Exception:
            if is_last_try:
                _fail(run, _("It failed; the log of the worker says why."))
            raise


def _replay(run: BacktestRun) -> None:
    viewer = viewer_for_person(run.asked_by)
    contract = access_contract(viewer, run.contract.scope.key)
    viewer.require("kpi.view", contract.pk)
    rows = BacktestRun.objects.filter(pk=run.pk)
    rows.update(state=BacktestRun.State.RUNNING, done=0)
    found = backtest(
        contract,
        draft_of(run),
        Asked(
            run.start,
            run.end,
            run.position,
            run.recomputes_priority,
            Money(run.fee, run.contract_value),
        ),
        tell=lambda done: _tell(run, done),
    )
    is_whole = reads_all(viewer, contract.pk)
    rows.update(
        state=BacktestRun.State.FINISHED,
        result=document_of(found, reads_all=is_whole),
        changes=_packed(csv_of(found, reads_all=is_whole)),
        finished_at=datetime.now(UTC),
    )


def _tell(run: BacktestRun, done: int) -> None:
    BacktestRun.objects.filter(pk=run.pk).update(done=done)


def draft_of(run: BacktestRun) -> Draft:
    """The draft that a run was asked for."""
    if run.draft:
        return named_draft(run.contract, run.draft)
    return read_draft(_("draft"), run.document.encode())


def _packed(lines: Iterator[str]) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6, mtime=0) as file:
        for block in lines:
            file.write(block.encode())
    return packed.getvalue()


def _fail(run: BacktestRun, problem: str) -> None:
    BacktestRun.objects.filter(pk=run.pk).update(
        state=BacktestRun.State.FAILED, problem=problem, finished_at=datetime.now(UTC)
    )


def forget_old(now: datetime) -> int:
    """Delete what is older than a day; how many."""
    return BacktestRun.objects.filter(created_at__lt=now - KEPT).delete()[0]
