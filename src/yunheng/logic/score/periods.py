"""From the scores of shorter periods to that of a longer one, and the measures that a row of scores brings about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from yunheng.logic.score.scheme import MONTHS, Period, Rollup, Scheme, Trigger
from yunheng.logic.score.scoring import Score, finish
from yunheng.logic.score.tree import Node, Say, leaf

_ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class PeriodScore:
    """The signed score of a period, named as people do ("2026-04"); None: nothing was asked for in it."""

    period: str
    value: Decimal | None
    vetoes: tuple[str, ...] = ()


def roll_up(scheme: Scheme, rollup: Rollup, periods: Sequence[PeriodScore]) -> Score:
    """The score of a longer period from the signed, so rounded, scores of its parts, in the order of time.

    Limits are those of the scheme; of a sum, as many times as it has periods. Periods without a score are left out;
    with none at all the longer one has none. Vetoes of scope "contract" that came into force in any of them hold for
    it, too. Raises ValueError when there are more periods than fit, or a weighted mean has not all of them.
    """
    expected = MONTHS[rollup.period] // MONTHS[rollup.of]
    if len(periods) > expected or (rollup.method == "weighted_mean" and len(periods) != expected):
        raise ValueError(f"a {rollup.period} has {expected} periods of a {rollup.of}, not {len(periods)}")
    if all(one.value is None for one in periods):
        left_out = tuple(_left_out(one) for one in periods)
        return Score(None, None, Node(Say.NO_SCORE, _ZERO, params={"period": rollup.period}, parts=left_out))
    fired = {key for one in periods for key in one.vetoes}
    vetoes = [veto for veto in scheme.vetoes if veto.scope == "contract" and veto.key in fired]
    parts = _shares(scheme, rollup, periods)
    return finish(
        scheme,
        parts,
        vetoes,
        Say.ROLLUP,
        summed=scheme.summed(rollup.period),
        method=rollup.method,
        period=rollup.period,
    )


def _shares(scheme: Scheme, rollup: Rollup, periods: Sequence[PeriodScore]) -> list[Node]:
    if rollup.method in ("min", "last"):
        values = [(one.value, at) for at, one in enumerate(periods) if one.value is not None]
        chosen = (values[-1] if rollup.method == "last" else min(values))[1]
        return [_share(one, 1, 1) if at == chosen else _left_out(one) for at, one in enumerate(periods)]
    if rollup.method == "deductions":
        full = Fraction(scheme.full_of(rollup.of))
        shares = [leaf(Say.FULL_MARKS, full)] if full else []
        for one in periods:
            if one.value is None:
                shares.append(_left_out(one))
            else:
                points = Fraction(one.value) - full
                shares.append(leaf(Say.PERIOD, points, one.period, score=one.value, weight=1, of=1))
        return shares
    weights = [Fraction(1)] * len(periods)
    if rollup.method == "weighted_mean":
        weights = [Fraction(weight) for weight in rollup.weights]
    of = sum((weight for one, weight in zip(periods, weights, strict=True) if one.value is not None), _ZERO)
    if rollup.method == "sum":
        of = Fraction(1)
    return [
        _left_out(one) if one.value is None else _share(one, weight, of)
        for one, weight in zip(periods, weights, strict=True)
    ]


def _share(one: PeriodScore, weight: Fraction | int, of: Fraction | int) -> Node:
    value = Fraction(one.value or 0)
    return leaf(Say.PERIOD, value * weight / of, one.period, score=one.value, weight=weight, of=of)


def _left_out(one: PeriodScore) -> Node:
    return leaf(Say.PERIOD_LEFT_OUT, key=one.period, score=one.value)


# --- triggers ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TriggerState:
    """How far a trigger is: the periods of the present row, and whether it fires, and came about, in the last one."""

    trigger: Trigger
    row: tuple[str, ...]

    @property
    def is_fired(self) -> bool:
        """Whether the row is long enough."""
        return len(self.row) >= self.trigger.times

    @property
    def is_near(self) -> bool:
        """Whether one more such period would fire it; of use where several are needed."""
        return 0 < len(self.row) == self.trigger.times - 1


def triggers_at(scheme: Scheme, kind: Period, history: Sequence[PeriodScore]) -> tuple[TriggerState, ...]:
    """Triggers that look at periods of this kind, after the last of `history`, which is in the order of time."""
    return tuple(
        TriggerState(trigger, _row(scheme, trigger, history))
        for trigger in scheme.triggers
        if trigger.period == kind
    )


def _row(scheme: Scheme, trigger: Trigger, history: Sequence[PeriodScore]) -> tuple[str, ...]:
    """The latest periods within the trigger's interval, without a break; periods without a score are passed over."""
    row: list[str] = []
    for one in reversed(history):
        if one.value is None:
            continue
        looked_at = one.value
        if trigger.looks_at == "deductions":
            looked_at = scheme.full_of(trigger.period) - one.value
        if looked_at not in trigger.interval:
            break
        row.append(one.period)
    return tuple(reversed(row))
