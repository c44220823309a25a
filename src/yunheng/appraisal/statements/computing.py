"""The score of a statement: from the record and what people entered, or from the signed statements of its parts."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from yunheng.contracts.appraisal_section.agreement import AppraisalTerms
from yunheng.contracts.models import Contract, ContractVersion
from yunheng.contracts.queries import versions_of
from yunheng.contracts.scoring.presentation import period_name
from yunheng.contracts.scoring.reading import Rules, rules_of
from yunheng.contracts.terms import ContractTerms
from yunheng.foundation.keys import KeyMissingError
from yunheng.foundation.log_queries import Head, head_of_size, heads
from yunheng.foundation.refusals import Invalid
from yunheng.foundation.sealing import seal
from yunheng.logic.score import (
    PartDays,
    PeriodScore,
    Rollup,
    Score,
    Settled,
    TriggerState,
    roll_up,
    settle,
    triggers_at,
)
from yunheng.logic.score.scheme import MONTHS

from ..entered import Entered
from ..models import Statement
from ..part_periods import part_days_of
from ..periods import midnight
from ..scorecard import Lacking, Scorecard, Unscored, scorecard
from ..scored_period import ScoredPeriod, period_holding
from ..study import Study, study_scope

_log = logging.getLogger(__name__)
#: States in which a statement's score stands: signed by both.
SIGNED = ("locked", "settled")


@dataclass(frozen=True, slots=True)
class Computed:
    """What a period comes to, as of one signed head of the log (None: nothing is sealed, so as of now).

    Scored from the record it has a `card`; a longer period has the signed statements it is made of, and `missing`, the
    periods of which none is signed yet.
    """

    contract: Contract
    period: ScoredPeriod
    terms: ContractTerms
    rules: Rules
    score: Score
    study: Study
    head: Head | None
    card: Scorecard | None
    rollup: Rollup | None
    parts: tuple[Statement, ...]
    missing: tuple[ScoredPeriod, ...]
    fee: Decimal | None
    settled: Settled | None
    triggers: tuple[TriggerState, ...]

    @property
    def lacking(self) -> tuple[Lacking, ...]:
        """What nobody has entered."""
        return () if self.card is None else self.card.lacking

    @property
    def agreement(self) -> AppraisalTerms:
        """What the contract says of appraisal."""
        return self.terms.appraised_by

    @property
    def evaluated_at(self) -> datetime:
        """The instant as of which it is computed."""
        return self.study.evaluated_at


def seal_all() -> None:
    """Seal what waits, so that the newest head holds everything that is recorded now. Without the signing key on this
    machine the head that there is has to do.
    """
    try:
        seal()
    except KeyMissingError:
        _log.warning("statement.not_sealed: the signing key is not on this machine")


def newest_head(contract: Contract) -> Head | None:
    """The newest signed head of the contract's log (1 query)."""
    return next(iter(heads(contract.pk, limit=1)), None)


def bounds(contract: Contract, period: ScoredPeriod) -> tuple[datetime, datetime]:
    """When a period begins and ends (exclusive), by the contract's zone."""
    zone = ZoneInfo(contract.scope.zone)
    start, end = midnight(period.start, zone), midnight(period.after.start, zone)
    return datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)


def check_period(contract: Contract, period: ScoredPeriod, rules: Rules) -> Rollup | None:
    """How the period is scored: by the scheme itself (None), or rolled up. Raises Invalid for "period"."""
    scheme = rules.scheme
    if period.kind == scheme.period:
        return None
    if MONTHS[period.kind] < MONTHS[scheme.period]:
        raise Invalid(
            {
                "period": _("The contract scores by %(period)s, and by nothing shorter.")
                % {"period": period_name(scheme.period)}
            }
        )
    found = next((rollup for rollup in scheme.rollups if rollup.period == period.kind), None)
    if found is None:
        raise Invalid(
            {
                "period": _("The contract does not say how a %(period)s is made of shorter periods.")
                % {"period": period_name(period.kind)}
            }
        )
    return found


def rules_in(terms: ContractTerms) -> Rules:
    """The rules of a contract version. Raises Unscored when it has none."""
    if terms.scoring is None:
        raise Unscored(_("The contract “%(key)s” does not say how a period is scored.") % {"key": terms.key})
    return rules_of(ContractVersion.objects.values_list("terms__scoring", flat=True).get(pk=terms.version_id))


def compute(
    contract: Contract,
    period: ScoredPeriod,
    *,
    entered: Entered,
    now: datetime,
    head: Head | None,
    before: Statement | None = None,
) -> Computed:
    """Compute a period as of a head. `before` is the statement that this one reverses; it does not count twice.

    Raises Unscored, Invalid for a period that is to come or that the scheme does not score.
    """
    position = None if head is None else head.size
    study = study_scope(contract, now=now, position=position)
    begins_at, ends_at = bounds(contract, period)
    if begins_at > study.evaluated_at:
        raise Invalid({"period": _("%(period)s has not begun.") % {"period": period.label}})
    terms = study.terms_at(min(int(ends_at.timestamp()) - 1, study.now))
    rules = rules_in(terms)
    rollup = check_period(contract, period, rules)
    card: Scorecard | None = None
    parts: list[Statement] = []
    missing: list[ScoredPeriod] = []
    if rollup is None:
        card = scorecard(contract, period, position=position, now=now, entered=entered)
        found = card.score
    else:
        parts, missing = _parts(contract, period, rollup)
        found = _rolled_up(rules, rollup, parts, missing)
    fee = terms.appraised_by.fee_of(period.kind)
    return Computed(
        contract=contract,
        period=period,
        terms=terms,
        rules=rules,
        score=found,
        study=study,
        head=head,
        card=card,
        rollup=rollup,
        parts=tuple(parts),
        missing=tuple(missing),
        fee=fee,
        settled=_settled(rules, terms, period, found, fee, part_days_of(study, terms, period)),
        triggers=triggers_at(
            rules.scheme, period.kind, [*_history(contract, period, before), _as_part(period, found)]
        ),
    )


def head_of(statement: Statement) -> Head | None:
    """The signed head that the statement is computed at."""
    return None if statement.position is None else head_of_size(statement.scope_id, statement.position)


# --- longer periods ------------------------------------------------------------------------------------------------


def shorter_periods(contract: Contract, period: ScoredPeriod, rollup: Rollup) -> list[ScoredPeriod]:
    """The periods that a longer one is made of, as far as the contract is in force in them."""
    versions = list(versions_of(contract).values_list("valid_from", "valid_to"))
    begins = min(begin for begin, _end in versions)
    ends = max(end for _begin, end in versions)
    found = []
    one = period_holding(rollup.of, period.start)
    while one.start <= period.end:
        begins_at, ends_at = bounds(contract, one)
        if ends_at > begins and begins_at < ends:
            found.append(one)
        one = one.after
    return found


def _parts(
    contract: Contract, period: ScoredPeriod, rollup: Rollup
) -> tuple[list[Statement], list[ScoredPeriod]]:
    wanted = shorter_periods(contract, period, rollup)
    signed = {
        statement.period: statement
        for statement in Statement.objects.defer("frozen").filter(
            scope_id=contract.pk, state__in=SIGNED, period__in=[one.name for one in wanted]
        )
    }
    return [signed[one.name] for one in wanted if one.name in signed], [
        one for one in wanted if one.name not in signed
    ]


def _rolled_up(
    rules: Rules, rollup: Rollup, parts: Sequence[Statement], missing: Sequence[ScoredPeriod]
) -> Score:
    """The score of what is signed; of a weighted mean that is not whole, none yet."""
    scores = [period_score(part) for part in parts]
    if rollup.method == "weighted_mean":
        scores += [PeriodScore(one.name, None) for one in missing]
        scores.sort(key=lambda one: one.period)
        if (
            len(scores) != MONTHS[rollup.period] // MONTHS[rollup.of]
        ):  # not in force from the first to the last
            raise Invalid(
                {"period": _("A weighted mean needs the contract in force in each period it is made of.")}
            )
    return roll_up(rules.scheme, rollup, scores)


def period_score(statement: Statement) -> PeriodScore:
    """The signed score of a statement."""
    return PeriodScore(statement.period, statement.value, tuple(statement.vetoes))


def _as_part(period: ScoredPeriod, found: Score) -> PeriodScore:
    return PeriodScore(period.name, found.value, found.vetoes)


def _history(contract: Contract, period: ScoredPeriod, before: Statement | None) -> list[PeriodScore]:
    """The signed scores of earlier periods of this kind, in the order of time: those that follow one another up to
    this one. Of a period that is not signed nobody knows whether it breaks a row, so no row goes over it.
    """
    earlier = Statement.objects.defer("frozen").filter(
        scope_id=contract.pk, kind=period.kind, state__in=SIGNED, begins_at__lt=bounds(contract, period)[0]
    )
    if before is not None:
        earlier = earlier.exclude(pk=before.pk)
    signed = {statement.period: statement for statement in earlier}
    found: list[PeriodScore] = []
    one = period.before
    while one.name in signed:
        found.insert(0, period_score(signed[one.name]))
        one = one.before
    return found


# --- money ---------------------------------------------------------------------------------------------------------


def _settled(
    rules: Rules,
    terms: ContractTerms,
    period: ScoredPeriod,
    found: Score,
    fee: Decimal | None,
    part_days: Sequence[PartDays],
) -> Settled | None:
    """What of the fee is payable; None where the scheme settles other periods, or no fee is agreed."""
    wanted = rules.scheme.settlement
    if wanted is None or wanted.period != period.kind or fee is None:
        return None
    try:
        worth = terms.appraised_by.contract_value
        return settle(rules.scheme, found.value, fee, worth, part_days=part_days)
    except ValueError as error:
        raise Invalid({"settlement": str(error)}) from error


def version_of(computed: Computed) -> ContractVersion:
    """The contract version by which it was computed, without its document."""
    return ContractVersion.objects.defer("document").get(pk=computed.terms.version_id)
