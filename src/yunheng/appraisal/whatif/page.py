"""The form of what-if as its page shows it, and a run in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunheng.contracts.editing import packs
from yunheng.contracts.models import Contract
from yunheng.contracts.packs import PREFIX
from yunheng.contracts.queries import versions_of
from yunheng.contracts.reading import reading_of
from yunheng.foundation.access import Viewer

from ..periods import latest_month
from .answer import STEPS
from .models import BacktestRun

_MONTHS_BACK: Final = 3


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the form. `drafts` are packs and versions to be tried instead of the text."""

    text: str
    draft: str
    drafts: Sequence[tuple[str, str]]
    start: str
    end: str
    fee: str
    contract_value: str
    recomputes_priority: bool


@dataclass(frozen=True, slots=True)
class RunView:
    """A run in words."""

    uuid: UUID
    title: str
    mark: str
    label: str
    step: str
    done: int
    total: int
    problem: str
    is_busy: bool
    created_at: datetime


def form_of(
    viewer: Viewer, contract: Contract, typed: Mapping[str, str], text: str | None, *, now: datetime
) -> Form:
    """The form as typed; at first with the newest version as its reader may see it, and the last months.

    `text` is the document as it was sent (None: what was typed, or the newest version).
    """
    versions = list(versions_of(contract))
    if text is None:
        text = typed.get("text")
    if text is None:
        text = reading_of(viewer, versions[-1]).document if versions else ""
    month = latest_month(contract, now)
    first = month.start
    for _step in range(_MONTHS_BACK - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    return Form(
        text=text,
        draft=typed.get("draft", ""),
        drafts=[
            *(
                (f"version:{one.number}", _("version %(number)d") % {"number": one.number})
                for one in reversed(versions)
            ),
            *((f"{PREFIX}{name}", f"{PREFIX}{name}") for name, _about in packs()),
        ],
        start=typed.get("from", first.isoformat()),
        end=typed.get("to", month.end.isoformat()),
        fee=typed.get("fee", ""),
        contract_value=typed.get("contract_value", ""),
        recomputes_priority=typed.get("recomputes_priority") == "yes",
    )


def run_view(run: BacktestRun) -> RunView:
    """A run as its page and the list show it."""
    mark, label = {
        "waiting": ("paused", _("waits for a worker")),
        "running": ("running", pgettext("backtest", "is computed")),
        "finished": ("met", pgettext("backtest", "ready")),
        "failed": ("breached", _("failed")),
    }[run.state]
    steps = (
        _("Reading what happened …"),
        _("Folding every clock anew …"),
        _("Computing indicators …"),
        _("Scoring …"),
        _("Finding the tickets that make the difference …"),
        _("Writing the answer …"),
    )
    return RunView(
        uuid=run.uuid,
        title=_("%(draft)s, %(first)s to %(last)s")
        % {"draft": _draft_name(run.draft), "first": run.start, "last": run.end},
        mark=mark,
        label=label,
        step=_("Waits for a worker …") if run.state == "waiting" else steps[min(run.done, STEPS)],
        done=run.done,
        total=STEPS + 1,
        problem=run.problem,
        is_busy=run.state in ("waiting", "running"),
        created_at=run.created_at,
    )


def _draft_name(draft: str) -> str:
    """A pack keeps its name; a version and an own document are said in words."""
    kind, _colon, number = draft.partition(":")
    if kind == "version":
        return _("version %(number)d") % {"number": int(number)}
    return draft or _("own draft")
