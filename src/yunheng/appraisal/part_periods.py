"""Periods that a contract covers in part: it begins or ends in them, or rests for a while."""

from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from yunheng.contracts.terms import ContractTerms
from yunheng.logic.score import PartDays

from .periods import midnight
from .scored_period import ScoredPeriod, period_holding
from .study import Study


def part_days_of(study: Study, terms: ContractTerms, period: ScoredPeriod) -> tuple[PartDays, ...]:
    """Of the periods that the fee is for, within the scored one: those on some of whose days the contract is not in
    force, by the days of the contract's zone. A day of which it is in force for a part counts.

    None without a fee, and for a period shorter than the fee is agreed for.
    """
    agreed = terms.appraised_by
    if agreed.fee is None or agreed.fee_of(period.kind) is None:
        return ()
    zone = ZoneInfo(terms.zone)
    found = []
    one = period_holding(agreed.fee.per, period.start)
    while one.start <= period.end:
        days = (one.after.start - one.start).days
        covered = _covered(study, one, days, zone)
        if covered < days:
            found.append(PartDays(one.name, agreed.fee.amount, covered, days, agreed.part_period == "whole"))
        one = one.after
    return tuple(found)


def _covered(study: Study, period: ScoredPeriod, days: int, zone: ZoneInfo) -> int:
    edges = [midnight(period.start + timedelta(days=day), zone) for day in range(days + 1)]
    return sum(
        any(reign.begin < end and reign.end > begin for reign in study.reigns)
        for begin, end in pairwise(edges)
    )
