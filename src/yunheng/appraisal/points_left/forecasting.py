"""The forecast of a running period: ends drawn from the contract's own past, each scored by its scheme (ADR 0019)."""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from math import lcm
from typing import Final

from yunheng.logic.forecast import Outlook, Tier, outlook, results_after
from yunheng.logic.score import Event, Results, Scheme, Score, prices, steady_kinds
from yunheng.logic.vector.ends import LEAST_MONTHS, Ends, draw_ends

from ..scorecard import Scorecard
from ..study import Study
from .past import Past, Running
from .tracks import EventTrack, Held, ValueTrack, event_track, frame_of, held_because, value_track

MOST_DRAWS: Final = 2_000
LEAST_DRAWS: Final = 200
#: So many events are scored in all: a period with many is drawn less often.
_EVENTS_SCORED: Final = 60_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """How the period may end. `months` of history were drawn from, under `versions` of the contract.

    `held` says what was taken as it stands, by the name under which it is read, and why; `held_kinds` are kinds of
    events that people enter and that were taken not to happen again.
    """

    outlook: Outlook
    months: int
    versions: int
    held: Mapping[str, Held]
    held_kinds: tuple[str, ...]


def forecast(
    card: Scorecard,
    base: Results,
    study: Study,
    past: Past,
    running: Mapping[str, Sequence[Running]],
    tiers: Sequence[Tier],
) -> Forecast | None:
    """The forecast of a running period, with the chance of each tier; None with too few months of history.

    Equal records give equal forecasts: the seed follows from contract, period, log position and day. `base` are the
    card's results, condensed but for the events that may still grow.
    """
    if past.months < LEAST_MONTHS:
        return None
    frame = frame_of(study, past)
    held: dict[str, Held] = {}
    values: list[ValueTrack] = []
    for reads, value in card.values.items():
        why = "people" if value.is_decided else held_because(value.source, frame)
        if why is not None:
            held[reads] = why
        else:
            values.append(value_track(study, past, value.source, running))
    events = [
        event_track(study, past, source, running.get(source.clock, ()))
        for source in card.rules.event_sources()
    ]
    counted = len(card.results.events) + sum(len(one.quantities) for one in events) / past.months
    draws = int(min(MOST_DRAWS, max(LEAST_DRAWS, _EVENTS_SCORED / (counted + 10))))
    tracks = [*(one.track for one in values), *(one.track for one in events)]
    ends = draw_ends(past.days, tracks, draws=draws, seed=_seed(card, past))
    asked: dict[str, Callable[[Score], bool]] = {f"{tier.kind}/{tier.key}": tier.is_reached for tier in tiers}
    known = {source.kind for source in card.rules.event_sources()}
    return Forecast(
        outlook(
            card.rules.scheme,
            list(_ends(card.rules.scheme, base, values, events, ends, draws, past)),
            asked,
        ),
        past.months,
        past.versions,
        held,
        tuple(kind for kind in card.rules.scheme.events if kind not in known),
    )


def _seed(card: Scorecard, past: Past) -> int:
    text = f"{card.contract_key}/{card.period.name}/{card.position}/{card.unsealed}/{past.days.today}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Events of one kind that may be drawn, or are late and still grow. Where each costs the same whatever else
    happens, `whole` is what they cost by item and by the place of their quantity, in parts of a point, `parts` to one;
    else they are told one by one.

    `growing`: of the track's growing events those that are plain (nobody ruled on them), by their place in it, with the
    place from which on they cost the most that they may grow to, and what that is by item.
    """

    track: EventTrack
    whole: Mapping[str, Sequence[int]] | None
    parts: int = 1
    growing: Mapping[int, tuple[int, Sequence[int]]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, scheme: Scheme, steady: Collection[str], track: EventTrack, events: Mapping[str, Event]
    ) -> "_Drawn":
        """What is drawn of a track; `events` of the period so far, by key."""
        if track.kind not in steady:
            return cls(track, None)
        plain = {
            place: most
            for place, (key, most) in enumerate(track.growing)
            if key in events and events[key].ruling == "" and events[key].party == "provider"
        }
        quantities = [*track.quantities, *plain.values()]
        each = [prices(scheme, Event("", track.kind, quantity=quantity)) for quantity in quantities]
        parts = lcm(*{price.denominator for one in each for price in one.values()})
        items = dict.fromkeys(key for one in each for key in one)
        whole = {key: [int(one.get(key, 0) * parts) for one in each] for key in items}
        growing = {
            place: (
                bisect_right(track.quantities, most),
                [own[len(track.quantities) + at] for own in whole.values()],
            )
            for at, (place, most) in enumerate(plain.items())
        }
        return cls(track, whole, parts, growing)

    @property
    def keys(self) -> frozenset[str]:
        """Keys of events of the period so far that are drawn here, and nowhere else."""
        return frozenset(self.track.growing[place][0] for place in self.growing)

    def told(self, places: Sequence[int], grown: Sequence[int]) -> tuple[int, ...]:
        """What is to be known of a draw: the places of its quantities, or what they cost by item, growing ones too."""
        if self.whole is None:
            return tuple(sorted(places))
        costs = [sum(map(own.__getitem__, places)) for own in self.whole.values()]
        for place, (limit, most) in self.growing.items():
            until = grown[place]
            for at, own in enumerate(self.whole.values()):
                costs[at] += own[until] if 0 <= until < limit else most[at]
        return tuple(costs)

    def grown(self, places: Sequence[int]) -> tuple[int, ...]:
        """Places of the quantities of growing events that are told one by one."""
        return tuple(place for at, place in enumerate(places) if at not in self.growing)

    def later(self, grown: Sequence[int]) -> Iterator[tuple[str, Fraction]]:
        """Keys and quantities of those."""
        told = [one for at, one in enumerate(self.track.growing) if at not in self.growing]
        for (key, most), place in zip(told, grown, strict=True):
            yield key, most if place < 0 else min(self.track.quantities[place], most)

    def spent(self, told: Sequence[int]) -> Mapping[str, Fraction]:
        """What the events of a draw cost by item; nothing where they are told one by one."""
        return {key: Fraction(cost, self.parts) for key, cost in zip(self.whole or (), told, strict=False)}

    def events(self, told: Sequence[int], end: int) -> Iterator[Event]:
        """The events of a draw that are told one by one."""
        if self.whole is None:
            kind, quantities = self.track.kind, self.track.quantities
            yield from (
                Event(f"drawn/{kind}/{number}", kind, end - 1, quantities[place])
                for number, place in enumerate(told)
            )


def _ends(
    scheme: Scheme,
    base: Results,
    values: Sequence[ValueTrack],
    events: Sequence[EventTrack],
    ends: Ends,
    draws: int,
    past: Past,
) -> Iterator[tuple[Hashable, Callable[[], Results]]]:
    """The key of each end, and how its results are made."""
    steady, known = steady_kinds(scheme), {event.key: event for event in base.events}
    drawn = [_Drawn.of(scheme, steady, one, known) for one in events]
    gone = frozenset[str]().union(*(one.keys for one in drawn))
    base = replace(base, events=tuple(event for event in base.events if event.key not in gone))
    for draw in range(draws):
        figures = tuple(
            (int(ends.size[one.track.key][draw]), int(ends.amount[one.track.key][draw])) for one in values
        )
        later = [ends.grown[one.track.key][draw].tolist() for one in events]
        told = tuple(
            one.told(ends.events[one.track.track.key][draw], own)
            for one, own in zip(drawn, later, strict=True)
        )
        grown = tuple(one.grown(own) for one, own in zip(drawn, later, strict=True))
        yield (figures, told, grown), partial(_results, base, values, drawn, figures, told, grown, past.end)


def _results(
    base: Results,
    values: Sequence[ValueTrack],
    events: Sequence[_Drawn],
    figures: Sequence[tuple[int, int]],
    told: Sequence[Sequence[int]],
    grown: Sequence[Sequence[int]],
    end: int,
) -> Results:
    brought = {one.tally: figure for one, figure in zip(values, figures, strict=True)}
    more: list[Event] = []
    spent = dict(base.spent)
    for one, own in zip(events, told, strict=True):
        more += one.events(own, end)
        for key, cost in one.spent(own).items():
            spent[key] = spent.get(key, Fraction(0)) + cost
    later = dict(pair for one, own in zip(events, grown, strict=True) for pair in one.later(own))
    return replace(results_after(base, brought, more, later), spent=spent)
