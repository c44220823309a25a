"""Contracts and suppliers of one period side by side, as far as a viewer may see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from time import monotonic
from typing import Final, cast

from django.db import connection
from django.utils.translation import gettext as _

from yunheng.accounts.models import Organisation
from yunheng.contracts.models import Contract, ContractVersion
from yunheng.contracts.reading import titles_of
from yunheng.foundation import wording
from yunheng.foundation.access import ALL, Viewer
from yunheng.foundation.refusals import Invalid, NotFound, Refusal
from yunheng.logic.comparison import Scored, change, differ, numbered
from yunheng.logic.score.scheme import MONTHS
from yunheng.logic.score.scheme import Period as Kind

from ..models import Statement
from ..scored_period import ScoredPeriod, period_holding, read_scored_period
from .keeping import BEFORE, Kept, Source, as_of, running, states_of
from .measured import Figure, Measured
from .schemes import SchemeView, scheme_of_version
from .scores import Brief, Result, briefs_of, frozen_result
from .suppliers import SupplierRecord, together

#: Contracts that are compared at most; how many are left out is said.
MOST: Final = 100
_KEPT: Final = 600  #: seconds
_ISSUED: Final = ("issued", "appealed", "arbitrated", "accepted", "locked", "settled")


@dataclass(frozen=True, slots=True)
class Point:
    """A score in the line of a contract; None where there is none. `is_frozen`: by its statement."""

    period: ScoredPeriod
    scored: Scored | None
    is_frozen: bool


@dataclass(frozen=True, slots=True)
class ContractRow:
    """One contract in one period. `measured` None: nothing can be computed, `problem` says why.

    With the source "statement" score and money are what it froze, and figures are as of its log position. With a draft
    as `statement` the score is computed. `scheme` None: nothing scores it; `scheme_number` tells schemes apart.
    """

    contract: Contract
    title: str
    source: Source
    scheme: SchemeView | None
    scheme_number: int | None
    result: Result | None
    statement: Statement | None
    brief: Brief | None
    line: Sequence[Point]
    measured: Measured | None
    problem: str
    sees_statement: bool

    def figure(self, key: str) -> Figure | None:
        """A share of the period: what the statement froze where its scheme reads it, else as it is computed."""
        if self.measured is None:
            return None
        found = self.measured.figures[key]
        frozen = self.brief.shares.get(key) if self.brief is not None else None
        return found if frozen is None else found.frozen(frozen)

    @property
    def scored(self) -> Scored | None:
        """The score with the scheme that it was made under."""
        return self.line[-1].scored

    @property
    def before(self) -> Scored | None:
        """The score of the period before."""
        return self.line[-2].scored

    @property
    def change(self) -> Decimal | None:
        """How the score went since the period before; None unless both are whole and of one scheme."""
        is_whole = self.result is not None and self.result.is_whole
        return change(self.scored, self.before) if is_whole else None


@dataclass(frozen=True, slots=True)
class Served:
    """A contract that a supplier serves. `measured` says as of when."""

    contract: Contract
    title: str
    record: SupplierRecord
    measured: Measured


@dataclass(frozen=True, slots=True)
class SupplierRow:
    """One supplier over the contracts that it serves, and in each of them."""

    whole: SupplierRecord
    served: Sequence[Served]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it. `is_own`: it is about the viewer's own company as a supplier, and says of it what concerns it alone.
    `left_out`: contracts beyond MOST.
    """

    period: ScoredPeriod
    contracts: Sequence[ContractRow]
    suppliers: Sequence[SupplierRow]
    sees_suppliers: bool
    is_own: bool
    left_out: int
    evaluated_at: datetime

    @property
    def schemes(self) -> int:
        """How many different schemes there are among the scores."""
        return len({row.scheme_number for row in self.contracts if row.scheme_number is not None})

    @property
    def promises_differ(self) -> bool:
        """Whether the contracts promise their clients different times."""
        return differ(row.measured.goals or None for row in self.contracts if row.measured is not None)

    def goals_differ(self, key: str) -> bool:
        """Whether the goals that contracts set an indicator differ; having none is another one, too."""
        found = [row.measured.figures[key] for row in self.contracts if row.measured is not None]
        return differ((one.goal, one.goal_comparison) for one in found if one.is_promised)


def may_compare(viewer: Viewer) -> bool:
    """Whether the viewer has something to lay side by side: two contracts, the suppliers of one whose internal matters
    they may know, or their own company's work as a supplier. (At most 1 query in ten minutes for a contract: every
    page asks.)
    """
    seen = viewer.scopes_where("kpi.view")
    if seen is None or len(seen) > 1:
        return True
    inner = [scope_id for scope_id in seen if viewer.may("entry.internal", scope_id)]
    if not inner:
        return bool(_own_scopes(viewer))
    return has_suppliers(str(connection.settings_dict["NAME"]), inner[0], int(monotonic() // _KEPT))


@lru_cache(maxsize=1024)
def has_suppliers(_database: str, scope_id: int, _age: int) -> bool:
    """Whether the newest version of a contract names suppliers, as it was at most _KEPT seconds ago (1 query)."""
    newest = ContractVersion.objects.filter(contract_id=scope_id).order_by("-number")
    return bool(newest.values_list("terms__parties__suppliers", flat=True).first())


def asked_period(period: str, kind: str, *, now: datetime) -> ScoredPeriod:
    """The period as typed, or with "" the last one of its kind that is over ("": month). Raises Invalid."""
    if kind not in ("", *MONTHS):
        raise Invalid({"kind": _("One of: %(choices)s.") % {"choices": ", ".join(MONTHS)}})
    today = wording.local(now).date()
    if not period:
        return period_holding(cast(Kind, kind or "month"), today).before
    found = read_scored_period(period)
    if found.start > today:
        raise Invalid({"period": _("%(period)s has not begun.") % {"period": found.label}})
    return found


def comparison(viewer: Viewer, period: ScoredPeriod, *, now: datetime) -> Comparison:
    """Every contract whose figures the viewer may see, and the suppliers of those whose internal matters they may
    know; to a supplier's own people their company alone. Raises NotFound for somebody who may see neither.

    (5 queries while everything is kept; what is not costs a study of the contract.)
    """
    seen = viewer.scopes_where("kpi.view")
    if seen == []:
        return _own_comparison(viewer, period, now)
    contracts = Contract.objects.select_related("scope", "provider", "client").order_by("scope__key")
    found = list(contracts if seen is None else contracts.filter(pk__in=seen))
    rows = _Rows(viewer, found[:MOST], period, now).rows()
    inner = [row for row in rows if viewer.may("entry.internal", row.contract.pk)]
    served = [
        Served(row.contract, row.title, record, row.measured)
        for row in inner
        if row.measured is not None
        for record in row.measured.suppliers
    ]
    return Comparison(
        period=period,
        contracts=rows,
        suppliers=_by_supplier(served),
        sees_suppliers=bool(inner),
        is_own=False,
        left_out=max(0, len(found) - MOST),
        evaluated_at=now,
    )


def _own_scopes(viewer: Viewer) -> list[int]:
    """Contracts in which somebody of a supplier works."""
    scopes = viewer.scope_ids()
    is_supplier = viewer.organisation_kind == Organisation.Kind.SUPPLIER
    return [] if scopes is ALL or not is_supplier or viewer.organisation_id is None else sorted(scopes)


def own_key(viewer: Viewer) -> str:
    """Key of the viewer's company, as contracts name it (1 query)."""
    assert viewer.organisation_id is not None
    return Organisation.objects.values_list("key", flat=True).get(pk=viewer.organisation_id)


def _own_comparison(viewer: Viewer, period: ScoredPeriod, now: datetime) -> Comparison:
    """What a supplier's own people see: their company in the contracts that they work in, and nobody else."""
    scopes = _own_scopes(viewer)
    if not scopes:
        raise NotFound(_("There is nothing of this name here."))
    own = own_key(viewer)
    contracts = Contract.objects.select_related("scope", "provider", "client").order_by("scope__key")
    found = list(contracts.filter(pk__in=scopes))
    states = states_of(found[:MOST])
    served = []
    for contract in found[:MOST]:
        measured = running(contract, period, None, states.get(contract.pk), now).measured
        if measured is not None:
            mine = [one for one in measured.suppliers if one.key == own]
            served += [Served(contract, contract.scope.key, one, measured) for one in mine]
    return Comparison(
        period=period,
        contracts=(),
        suppliers=_by_supplier(served),
        sees_suppliers=True,
        is_own=True,
        left_out=max(0, len(found) - MOST),
        evaluated_at=now,
    )


def _by_supplier(served: Iterable[Served]) -> list[SupplierRow]:
    """By name; who is not stated stands last."""
    by_key: dict[str, list[Served]] = {}
    for one in served:
        by_key.setdefault(one.record.key, []).append(one)
    rows = [SupplierRow(together(one.record for one in own), own) for own in by_key.values()]
    return sorted(rows, key=lambda row: (not row.whole.key, row.whole.name))


# --- contracts -------------------------------------------------------------------------------------------------------


class _Rows:
    """The rows of one comparison; everything that is not kept is asked for all contracts at once."""

    def __init__(
        self, viewer: Viewer, contracts: Sequence[Contract], period: ScoredPeriod, now: datetime
    ) -> None:
        self.viewer, self.period, self.now = viewer, period, now
        self.periods = [period]
        while len(self.periods) <= BEFORE:
            self.periods.insert(0, self.periods[0].before)
        self.titles = titles_of(contracts)
        self.contracts = sorted(contracts, key=lambda one: self.titles[one.pk])
        self.states = states_of(contracts)
        self.statements = statements_of(viewer, contracts, self.periods)
        self.briefs = briefs_of(own[period.name] for own in self.statements.values() if period.name in own)

    def rows(self) -> list[ContractRow]:
        rows = [self._row(contract) for contract in self.contracts]
        numbers = numbered(None if row.scored is None else row.scored.scheme for row in rows)
        return [replace(row, scheme_number=number) for row, number in zip(rows, numbers, strict=True)]

    def _row(self, contract: Contract) -> ContractRow:
        own = self.statements.get(contract.pk, {})
        statement = own.get(self.period.name)
        if statement is not None and statement.digest is not None:
            kept = self._issued(contract, statement, self.briefs[bytes(statement.digest)])
        else:
            kept = running(contract, self.period, statement, self.states.get(contract.pk), self.now)
        is_frozen = kept.source == "statement"
        version = statement.contract_version_id if is_frozen and statement is not None else None
        if version is None and kept.measured is not None and kept.measured.is_in_force:
            version = kept.measured.version_id
        scheme = None if version is None else scheme_of_version(version)
        return ContractRow(
            contract=contract,
            title=self.titles[contract.pk],
            source=kept.source,
            scheme=scheme,
            scheme_number=None,
            result=kept.result,
            statement=statement,
            brief=self.briefs.get(bytes(statement.digest or b"")) if statement is not None else None,
            line=self._line(own, scheme, kept),
            measured=kept.measured,
            problem=kept.problem,
            sees_statement=self.viewer.may("appraisal.view", contract.pk),
        )

    def _issued(self, contract: Contract, statement: Statement, brief: Brief) -> Kept:
        """What was frozen stands, also where the record behind it cannot be read any more."""
        measured: Measured | None = None
        problem = ""
        if statement.position is None:  # issued before anything was sealed
            measured = running(contract, self.period, None, self.states.get(contract.pk), self.now).measured
        else:
            try:
                measured = as_of(contract, statement, self.period, self.now)
            except Refusal as refusal:
                problem = refusal.message
        result = frozen_result(statement, brief)
        return Kept(0, self.now, "statement", measured, result, problem=problem)

    def _line(self, own: dict[str, Statement], scheme: SchemeView | None, kept: Kept) -> list[Point]:
        points = []
        for period in self.periods[:-1]:
            statement = own.get(period.name)
            if statement is not None and statement.digest is not None:
                points.append(Point(period, _scored_by(statement), True))
            else:
                points.append(Point(period, kept.past.get(period.name), False))
        now = None
        if scheme is not None and kept.result is not None:
            now = Scored(scheme.digest, kept.result.value)
        return [*points, Point(self.period, now, kept.source == "statement")]


def statements_of(
    viewer: Viewer, contracts: Sequence[Contract], periods: Sequence[ScoredPeriod]
) -> dict[int, dict[str, Statement]]:
    """By contract and period what stands: the newest statement that was issued, else a draft (1 query). Only where the
    viewer may read statements.
    """
    found: dict[int, dict[str, Statement]] = {}
    rows = (
        Statement.objects.filter(
            scope_id__in=[one.pk for one in contracts if viewer.may("appraisal.view", one.pk)],
            kind=periods[-1].kind,
            period__in=[one.name for one in periods],
            state__in=("drafted", *_ISSUED),
        )
        .select_related("scope", "reverses")
        .defer("frozen", "reverses__frozen")
        .order_by("edition")
    )
    for row in rows:
        own = found.setdefault(row.scope_id, {})
        if row.digest is not None or row.period not in own:
            own[row.period] = row
    return found


def _scored_by(statement: Statement) -> Scored | None:
    scheme = scheme_of_version(statement.contract_version_id)
    if scheme is None:
        return None
    return Scored(scheme.digest, None if statement.value is None else statement.value.normalize() + 0)
