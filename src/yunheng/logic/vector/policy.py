"""A clock policy as lookup tables: what each kind of fact does, and what each term means to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag

import numpy as np

from yunheng.logic.clock import ClockPolicy, Goal
from yunheng.logic.facts import FactKind
from yunheng.logic.vector.columns import NONE, Array


class Effect(IntFlag):
    """What a kind of fact may do to the clock."""

    STARTS = 1
    STOPS = 2
    CANCELS = 4
    RESETS = 8
    REOPENS = 16
    PROFILES = 32
    WAITS = 64  #: a wait begins or ends
    EXCLUDES = 128  #: an exclusion begins or ends
    BEGINS = 256  #: with WAITS or EXCLUDES: it begins
    JUDGES = 512  #: gives a pause its standing


_FIXED = {
    FactKind.PROFILED: Effect.PROFILES,
    FactKind.WAIT_BEGAN: Effect.WAITS | Effect.BEGINS,
    FactKind.WAIT_ENDED: Effect.WAITS,
    FactKind.EXCLUSION_BEGAN: Effect.EXCLUDES | Effect.BEGINS,
    FactKind.EXCLUSION_ENDED: Effect.EXCLUDES,
    FactKind.PAUSE_CONFIRMED: Effect.JUDGES,
    FactKind.PAUSE_DISPUTED: Effect.JUDGES,
    FactKind.PAUSE_UPHELD: Effect.JUDGES,
    FactKind.PAUSE_REJECTED: Effect.JUDGES,
}
_NO_TERM = -2  #: of a text that no fact carries
_KINDS = 1 << 16  # every value of an int16 column, as an unsigned index


@dataclass(frozen=True, slots=True)
class VectorPolicy:
    """A `ClockPolicy` for columns whose terms are numbers of a dictionary."""

    policy: ClockPolicy
    effects: Array  #: uint16, by kind read as uint16
    goals: tuple[Goal, ...]  #: the different goals of the policy
    goal_of_term: Array  #: index of the goal by term, -1 without; the last element is for unknown terms
    is_pause_reason: Array  #: bool by term; the last element is for unknown terms
    supplier_term: int | None  #: the only term with which DISPATCHED is heard; None: with any

    @classmethod
    def from_policy(cls, policy: ClockPolicy, terms: Mapping[str, int]) -> "VectorPolicy":
        """Tables for `policy`; `terms` numbers the terms of the fact columns, from 0 on.

        A term that is not in `terms` does not occur in the columns, so it needs no number. Raises ValueError
        for a negative number.
        """
        if any(number < 0 for number in terms.values()):
            raise ValueError("terms are numbered from 0 on")
        effects = np.zeros(_KINDS, np.uint16)
        by_condition = [
            (policy.start, Effect.STARTS),
            (policy.stop, Effect.STOPS),
            (policy.cancel, Effect.CANCELS),
            (policy.reset, Effect.RESETS),
            (frozenset({FactKind.REOPENED}) if policy.is_reopenable else frozenset(), Effect.REOPENS),
        ]
        for kinds, effect in by_condition:
            for kind in kinds:
                effects[kind] |= effect
        for kind, effect in _FIXED.items():
            effects[kind] |= effect

        size = max(terms.values(), default=-1) + 2
        goals = tuple(dict.fromkeys(policy.goals.values()))
        goal_of_term = np.full(size, NONE, np.int32)
        for profile, goal in policy.goals.items():
            if profile in terms:
                goal_of_term[terms[profile]] = goals.index(goal)
        is_pause_reason = np.zeros(size, np.bool_)
        is_pause_reason[[terms[reason] for reason in policy.pause_reasons if reason in terms]] = True
        supplier_term = None if policy.supplier is None else terms.get(policy.supplier, _NO_TERM)
        return cls(policy, effects, goals, goal_of_term, is_pause_reason, supplier_term)

    def effects_of(self, kind: Array, term: Array) -> Array:
        """`Effect` of each fact: none where the clock does not hear it (`ClockPolicy.hears`)."""
        effects: Array = self.effects.take(kind.view(np.uint16))
        if self.supplier_term is not None:
            effects[(kind == FactKind.DISPATCHED) & (term != self.supplier_term)] = 0
        return effects

    def starts(self, kind: Array, term: Array) -> Array:
        """Rows of the facts that start the clock, if none before them has."""
        return np.flatnonzero((self.effects_of(kind, term) & np.uint16(Effect.STARTS)) != 0)

    def goal_for(self, term: Array) -> Array:
        """Index of the goal of each term, -1 without."""
        result: Array = self.goal_of_term[self._known(term)]
        return result

    def can_pause(self, term: Array) -> Array:
        """Whether the contract lets each reason stop the clock."""
        result: Array = self.is_pause_reason[self._known(term)]
        return result

    def _known(self, term: Array) -> Array:
        last = len(self.goal_of_term) - 1
        result: Array = np.where((term >= 0) & (term < last), term, last)
        return result
