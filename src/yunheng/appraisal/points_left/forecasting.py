"""The forecast of a running period: ends drawn from the contract's own past, each scored by its scheme (ADR 0019)."""

import hashlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from yunheng.logic.forecast import Outlook, Tier, outlook, results_after
from yunheng.logic.score import Event, Results, Score
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
    card: Scorecard, study: Study, past: Past, running: Mapping[str, Sequence[Running]], tiers: Sequence[Tier]
) -> Forecast | None:
    """The forecast of a running period, with the chance of each tier; None with too few months of history.

    Equal records give equal forecasts: the seed follows from contract, period, log position and day.
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
        outlook(card.rules.scheme, list(_ends(card.results, values, events, ends, draws, past)), asked),
        past.months,
        past.versions,
        held,
        tuple(kind for kind in card.rules.scheme.events if kind not in known),
    )


def _seed(card: Scorecard, past: Past) -> int:
    text = f"{card.contract_key}/{card.period.name}/{card.position}/{card.unsealed}/{past.days.today}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def _ends(
    base: Results,
    values: Sequence[ValueTrack],
    events: Sequence[EventTrack],
    ends: Ends,
    draws: int,
    past: Past,
) -> Iterator[tuple[Hashable, Callable[[], Results]]]:
    """The key of each end, and how its results are made."""
    for draw in range(draws):
        figures = tuple(
            (int(ends.size[one.track.key][draw]), int(ends.amount[one.track.key][draw])) for one in values
        )
        drawn = tuple(tuple(sorted(ends.events[one.track.key][draw])) for one in events)
        grown = tuple(tuple(ends.grown[one.track.key][draw].tolist()) for one in events)
        yield (
            (figures, drawn, grown),
            partial(_results, base, values, events, figures, drawn, grown, past.end),
        )


def _results(
    base: Results,
    values: Sequence[ValueTrack],
    events: Sequence[EventTrack],
    figures: Sequence[tuple[int, int]],
    drawn: Sequence[Sequence[int]],
    grown: Sequence[Sequence[int]],
    end: int,
) -> Results:
    brought = {one.tally: figure for one, figure in zip(values, figures, strict=True)}
    more = [
        Event(f"drawn/{one.kind}/{number}", one.kind, end - 1, one.quantities[place])
        for one, places in zip(events, drawn, strict=True)
        for number, place in enumerate(places)
    ]
    later = {
        key: most if place < 0 else min(one.quantities[place], most)
        for one, places in zip(events, grown, strict=True)
        for (key, most), place in zip(one.growing, places, strict=True)
    }
    return results_after(base, brought, more, later)
