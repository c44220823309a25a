"""Statements in lists: how each stands, what it comes to, and how the scores of a contract went over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from yunheng.contracts import wording as contract_wording
from yunheng.contracts.models import Contract, ContractVersion
from yunheng.contracts.queries import access_contract, contracts_visible_to, terms_of_version, version_at
from yunheng.contracts.reading import titles_of
from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import label_text, process_for, process_of
from yunheng.foundation.refusals import NotFound

from ..models import Period, Statement
from ..money import money_text
from ..score_words import score_text
from ..scored_period import period_holding
from ..sparkline import Sparkline, draw_sparkline
from .queries import StatementPage, list_statements, visible_statements
from .resting import ReversedPart, reversed_parts
from .wording import period_label

#: How a state looks: kinds of c-state.
MARKS: Final = {
    "drafted": "edit",
    "issued": "running",
    "appealed": "risk",
    "arbitrated": "running",
    "accepted": "running",
    "locked": "met",
    "settled": "met",
    "replaced": "na",
    "discarded": "na",
}
STATES: Final = tuple(MARKS)
MOST_CONTRACTS: Final = 500  #: offered in a choice
TREND: Final = 13  #: periods


@dataclass(frozen=True, slots=True)
class Look:
    """The mark of a state and its name."""

    mark: str
    label: str


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement in a list."""

    statement: Statement
    title: str
    look: Look
    score: str
    grade: str
    payable: str
    contract_title: str
    url: str
    due_at: datetime | None
    is_late: bool
    rests_on: str = ""  # what was reversed since of what it is made of


@dataclass(frozen=True, slots=True)
class Trend:
    """How the signed scores of a contract went."""

    spark: Sparkline | None
    points: Sequence[tuple[str, str]]  # period, score; newest first


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list and what stands around it."""

    rows: Sequence[StatementRow]
    following: str
    contract: Contract | None
    draftable: Sequence[tuple[str, str]]  # contracts that a statement can be drafted for: key, name
    suggested: str  # the period that a new one would be about
    trend: Trend | None
    has_scoring: bool  # the contract says how it is scored; True where no single contract is looked at


def look_of(statement: Statement) -> Look:
    """The mark of a statement's state."""
    return Look(MARKS.get(statement.state, "plain"), state_label(statement, statement.state))


def state_label(statement: Statement, state: str) -> str:
    """The name of a state of a statement's process."""
    found = process_for(statement).states.get(state)
    return label_text(found.label) if found else state


def state_names() -> list[tuple[str, str]]:
    """States with their names, in the order of a statement's way."""
    states = process_of("appraisal").states
    return [(key, label_text(states[key].label)) for key in STATES if key in states]


def title_of_statement(statement: Statement) -> str:
    """What it is about: "Statement · April 2026"."""
    return _("Statement · %(period)s") % {"period": period_label(statement.period)}


def due_of(statement: Statement) -> datetime | None:
    """Until when the next step is to be made, where there is a term."""
    return {
        "drafted": statement.issue_due_at,
        "issued": statement.answer_due_at,
        "appealed": statement.arbitration_due_at,
    }.get(statement.state)


def grade_labels(version_id: int) -> Mapping[str, str]:
    """Names of the grades of a contract version's scheme (1 query)."""
    scoring = ContractVersion.objects.values_list("terms__scoring", flat=True).get(pk=version_id) or {}
    return {one["key"]: contract_wording.said(one["label"]) for one in scoring.get("grades", ())}


def plain_score(value: Decimal | None) -> str:
    """A stored score without the zeros that its column adds."""
    return score_text(None if value is None else value.normalize() + 0)


def row_of(
    statement: Statement,
    *,
    contract_title: str,
    grades: Mapping[str, str],
    now: datetime,
    rests_on: Sequence[ReversedPart] = (),
) -> StatementRow:
    """A statement as a row of a list."""
    due_at = due_of(statement)
    is_scored = statement.value is not None or statement.digest is not None
    return StatementRow(
        statement=statement,
        title=period_label(statement.period),
        look=look_of(statement),
        score=plain_score(statement.value) if is_scored else "",
        grade=grades.get(statement.grade, statement.grade),
        payable="" if statement.payable is None else money_text(statement.payable, statement.currency),
        contract_title=contract_title,
        url=reverse("appraisal:statement", args=[statement.number]),
        due_at=due_at,
        is_late=due_at is not None and due_at < now,
        rests_on=contract_wording.listed(one.number for one in rests_on) if rests_on else "",
    )


def list_page(viewer: Viewer, key: str, *, state: str, after: str, now: datetime) -> Listed:
    """A page of the statements of one contract, or with "" of all. Raises NotFound for somebody who may read none, or
    for an unknown contract, Invalid for a place that is not in the list.
    """
    contract = access_contract(viewer, key) if key else None
    if contract is not None:
        viewer.require("appraisal.view", contract.pk)
    elif not viewer.may_somewhere("appraisal.view"):
        raise NotFound(_("There is nothing of this name here."))
    page = list_statements(viewer, key or None, after=after or None, state=state)
    draftable = _draftable(viewer, contract, now)
    around = {one.pk: one for one in draftable} | ({contract.pk: contract} if contract else {})
    missing = {one.scope_id for one in page.statements} - set(around)
    around |= {one.pk: one for one in Contract.objects.select_related("scope").filter(pk__in=missing)}
    titles = titles_of(around.values())
    return Listed(
        rows=_rows(page, titles, now),
        following=page.following,
        contract=contract,
        draftable=[(one.scope.key, titles[one.pk]) for one in draftable],
        suggested=_suggested(contract, now),
        trend=None if contract is None or state or after else _trend(viewer, contract),
        has_scoring=contract is None or any(one.pk == contract.pk for one in _scoring([contract], now)),
    )


def _rows(page: StatementPage, titles: Mapping[int, str], now: datetime) -> list[StatementRow]:
    labels = {
        version: grade_labels(version) for version in {one.contract_version_id for one in page.statements}
    }
    reversed_since = reversed_parts(page.statements)
    return [
        row_of(
            one,
            contract_title=titles[one.scope_id],
            grades=labels[one.contract_version_id],
            now=now,
            rests_on=reversed_since.get(one.pk, ()),
        )
        for one in page.statements
    ]


def _draftable(viewer: Viewer, contract: Contract | None, now: datetime) -> list[Contract]:
    """Contracts with a scheme for which the viewer may draft."""
    seen = [contract] if contract else contracts_visible_to(viewer)[:MOST_CONTRACTS]
    may = [
        one for one in seen if viewer.may("appraisal.draft", one.pk) and viewer.may("contract.view", one.pk)
    ]
    return _scoring(may, now)


def _scoring(contracts: Sequence[Contract], now: datetime) -> list[Contract]:
    found = []
    for one in contracts:
        version = version_at(one.pk, now)
        if version is not None and terms_of_version(version.pk).scoring is not None:
            found.append(one)
    return found


def _suggested(contract: Contract | None, now: datetime) -> str:
    """The last period that is over, of the kind that the contract scores."""
    if contract is None:
        return period_holding("month", now.date()).before.name
    version = version_at(contract.pk, now)
    scheme = None if version is None else terms_of_version(version.pk).scoring
    today = now.astimezone(ZoneInfo(contract.scope.zone)).date()
    return period_holding("month" if scheme is None else scheme.period, today).before.name


def _trend(viewer: Viewer, contract: Contract) -> Trend | None:
    """Scores of issued statements of the contract's shortest periods, the newest statement of each period."""
    found: dict[str, Statement] = {}
    kinds = [kind.value for kind in Period]
    statements = visible_statements(viewer).filter(
        scope_id=contract.pk, digest__isnull=False, state__in=_SCORED
    )
    rows = list(statements.order_by("-begins_at", "-edition")[: TREND * 4])
    kind = min((row.kind for row in rows), key=kinds.index, default="")
    for row in rows:
        if row.kind == kind:
            found.setdefault(row.period, row)
    if len(found) < 2:
        return None
    ordered = list(found.values())[:TREND]
    points: list[tuple[str, Decimal | None, bool | None]] = [
        (period_label(one.period), one.value, None) for one in reversed(ordered)
    ]
    spark = draw_sparkline(points, goal=None, title=_("Score by period"), width=320, height=56)
    return Trend(spark, [(period_label(one.period), plain_score(one.value)) for one in ordered])


_SCORED: Final = ("issued", "appealed", "arbitrated", "accepted", "locked", "settled")
