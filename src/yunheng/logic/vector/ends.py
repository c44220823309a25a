"""Draws many ends of a running period from the contract's own past: arrivals by days, months' characters, open items.

The method and its reasons are in ADR 0019. Days are numbers (days since 1 January 1970 of the contract's zone),
chances are floats; what is counted stays whole numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
TrackKind = Literal["share", "mean", "events"]

LEAST_MONTHS: Final = 2  #: whole months of history without which nothing is drawn
#: What is supposed of how months differ (standard deviation of the logarithm) before the history says it: in the number
#: of items, in the share that is missed, in a mean duration; and the number of months that this supposition weighs.
SUPPOSED_SIZE, SUPPOSED_SHARE, SUPPOSED_MEAN, SUPPOSED_MONTHS = 0.15, 0.35, 0.2, 1
_LEAST_DAYS: Final = 4  #: a kind of day with fewer past days borrows from all working days, or all days off
_WIDEST: Final = 3.0  #: months differ by no more than e³ either way, whatever a few of them suggest


def _none() -> Int64:
    return np.empty(0, np.int64)


def _no_chance() -> Float:
    return np.empty(0, np.float64)


@dataclass(frozen=True, slots=True)
class Days:
    """Every day from the first of the history to the last of the period.

    `kind` says which days are alike (a weekday, a holiday …), `month` is any number that differs between calendar
    months. `today` is under way, `second` seconds of it are over.
    """

    first: int
    today: int
    second: int
    kind: Int64
    month: Int64
    is_working: Bool

    @property
    def last(self) -> int:
        """The last day of the period."""
        return self.first + len(self.kind) - 1

    @property
    def left(self) -> int:
        """Days that are not over, today among them."""
        return self.last - self.today + 1

    def months_past(self) -> list[int]:
        """Months that were over before the one of today, in the order of time. The history begins with a month."""
        present = int(self.month[self.today - self.first])
        past = self.month[: self.today - self.first]
        return [int(month) for month in dict.fromkeys(past.tolist()) if month != present]


@dataclass(frozen=True, slots=True)
class Pending:
    """Open items, one element each: the chance to come in before the period ends, well (`good`) or ill (`bad`).

    Of means `good` is the chance to come in at all, and the amount is one of `pool`, what past items of the same age
    brought, from the place `pool_from` to before `pool_to`. Of events `growing` are those that are late and still
    run: the place among the ascending quantities from which on their final one is drawn.
    """

    good: Float = field(default_factory=_no_chance)
    bad: Float = field(default_factory=_no_chance)
    pool_from: Int64 = field(default_factory=_none)
    pool_to: Int64 = field(default_factory=_none)
    pool: Int64 = field(default_factory=_none)
    growing: Int64 = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Track:
    """What past items brought to one figure, one element each: opened on a day at a second, came in on `day`.

    `amount`: of a share 1 for what is rare (say, a miss) and 0 else; of a mean what is summed up; of events the place
    of the quantity among all past ones, ascending, of which there are `quantities`.
    """

    key: str
    kind: TrackKind
    opened_day: Int64
    opened_second: Int64
    day: Int64
    amount: Int64
    pending: Pending = Pending()
    quantities: int = 0


@dataclass(frozen=True, slots=True)
class Ends:
    """What the rest of the period brought in each draw: by figure how many items and their amounts, shape (draws,);
    of events the places of the quantities of new ones, and of the growing ones (-1: still running at the end).
    """

    size: Mapping[str, Int64]
    amount: Mapping[str, Int64]
    events: Mapping[str, Sequence[Sequence[int]]]
    grown: Mapping[str, Int64]


def draw_ends(days: Days, tracks: Sequence[Track], *, draws: int, seed: int) -> Ends:
    """So many ends of the period. Raises ValueError with less than LEAST_MONTHS whole months of history."""
    months = days.months_past()
    if len(months) < LEAST_MONTHS:
        raise ValueError(f"{len(months)} whole months are no history to draw from")
    rng = np.random.default_rng(seed)
    donors = list(_donors(days, months, draws, rng))
    characters = dict(one for track in tracks for one in _characters(days, months, track))
    effects = _effects(days, characters, len(months), draws, rng)
    ends = Ends({}, {}, {}, {})
    for track in tracks:
        if track.kind == "events":
            events, grown = _draw_events(days, track, donors, characters, effects, draws, rng)
            ends = Ends(
                ends.size, ends.amount, {**ends.events, track.key: events}, {**ends.grown, track.key: grown}
            )
        else:
            size, amount = _draw_figure(days, track, donors, characters, effects, draws, rng)
            ends = Ends(
                {**ends.size, track.key: size}, {**ends.amount, track.key: amount}, ends.events, ends.grown
            )
    return ends


# --- which past days stand for the days to come --------------------------------------------------------------


def _donors(days: Days, months: Sequence[int], draws: int, rng: np.random.Generator) -> Iterator[Int64]:
    """For each day that is left, the past day (counted from the first) that stands for it in each draw.

    Months have random weights in each draw (a Bayesian bootstrap), so that few months say less than many. A past day
    is of the same kind, and so long ago that all is known that it can bring before the period ends.
    """
    weights = rng.standard_exponential((draws, len(months)))
    past = np.flatnonzero(np.isin(days.month[: days.today - days.first], months))
    place_of_month = np.searchsorted(np.sort(months), days.month[past])
    order = np.argsort(np.argsort(months))
    weight_of_month = weights[:, np.argsort(order)]
    for day in range(days.today, days.last + 1):
        known = past + (days.last - day) < days.today - days.first
        pool = np.flatnonzero(known & _is_alike(days, past, day))
        if not len(pool):
            pool = np.flatnonzero(_is_alike(days, past, day))
        yield past[pool[_weighted(weight_of_month, place_of_month[pool], draws, rng)]]


def _is_alike(days: Days, past: Int64, day: int) -> Bool:
    """Which past days are of the day's kind, or with too few of them, work is done on or not as on it."""
    place = day - days.first
    same: Bool = days.kind[past] == days.kind[place]
    if int(same.sum()) >= _LEAST_DAYS:
        return same
    wider: Bool = days.is_working[past] == days.is_working[place]
    return wider if wider.any() else np.ones(len(past), np.bool_)


def _weighted(weights: Float, groups: Int64, draws: int, rng: np.random.Generator) -> Int64:
    """A place among `groups` for each draw, at random by the draw's weight of its group."""
    present, places, counts = np.unique(groups, return_inverse=True, return_counts=True)
    mass = weights[:, present] * counts
    edges = np.cumsum(mass, axis=1)
    point = rng.random(draws) * edges[:, -1]
    chosen = np.minimum((edges < point[:, None]).sum(axis=1), len(present) - 1)
    order = np.argsort(places, kind="stable")
    begin = np.concatenate([[0], np.cumsum(counts)[:-1]])
    inner = (rng.random(draws) * counts[chosen]).astype(np.int64)
    found: Int64 = order[begin[chosen] + inner]
    return found


# --- how months differ ---------------------------------------------------------------------------------------

_Characters = Mapping[tuple[str, str], "_Character"]
_Factors = Mapping[tuple[str, str, int], Float]
"""By figure, "size" or "amount", and month of the rest: the factor of each draw."""


@dataclass(frozen=True, slots=True)
class _Character:
    """How one number of one figure differed between months: logarithms of observed to expected, and their spread."""

    ratios: Float
    levels: Float  #: by day of the history: its month's factor, as far as it is character and no chance
    spread: float  #: variance between months, as far as chance within the month does not explain it
    so_far: float  #: the present month's own logarithm, as far as it went
    trust: float  #: how much of it is its character and no chance, 0 to 1


def _effects(
    days: Days, characters: "_Characters", count: int, draws: int, rng: np.random.Generator
) -> _Factors:
    """What the months of the rest multiply the drawn days by: the spread of past months, together for all figures.

    A month to come differs from the mean of `count` past ones, which is itself known by so many only. Factors are drawn
    from a t distribution, as the spread is known from few months, too.
    """
    freedom = SUPPOSED_MONTHS + count - 1
    own = (count - 1) / freedom
    present = int(days.month[days.today - days.first])
    found: dict[tuple[str, str, int], Float] = {}
    for month in dict.fromkeys(days.month[days.today - days.first :].tolist()):
        shared = rng.standard_normal((draws, count))
        stretch = np.sqrt(freedom / rng.chisquare(freedom, draws))
        for (key, part), one in characters.items():
            centred = one.ratios - one.ratios.mean()
            length = float(np.sqrt((centred**2).sum()))
            alone = rng.standard_normal(draws)
            together = shared @ (centred / length) if length > 0 else rng.standard_normal(draws)
            deviation = np.sqrt(own) * together + np.sqrt(1 - own) * alone
            trust = one.trust if month == present else 0.0
            spread = one.spread * (1 - trust + 1 / count)
            exponent = trust * one.so_far + np.sqrt(spread) * stretch * deviation - spread / 2
            found[key, part, int(month)] = np.exp(np.clip(exponent, -_WIDEST, _WIDEST))
    return found


def _characters(
    days: Days, months: Sequence[int], track: Track
) -> Iterator[tuple[tuple[str, str], _Character]]:
    """How months differed in the number of items, and in what an item brought: a share missed, a mean duration."""
    counted = _daily(days, track.day, None)
    supposed = SUPPOSED_SHARE if track.kind == "events" else SUPPOSED_SIZE
    yield (track.key, "size"), _character(days, months, counted, _expected(days, months, counted), supposed)
    if track.kind != "events":
        brought = _daily(days, track.day, track.amount)
        rate = _expected(days, months, brought)
        each = rate / np.maximum(_expected(days, months, counted), 1e-12)
        supposed = SUPPOSED_SHARE if track.kind == "share" else SUPPOSED_MEAN
        yield (track.key, "amount"), _character(days, months, brought, each * counted, supposed)


def _daily(days: Days, day: Int64, weights: Int64 | None) -> Float:
    """Sums by day of the history."""
    length = days.today - days.first
    inside = (day >= days.first) & (day < days.today)
    found = np.bincount(day[inside] - days.first, None if weights is None else weights[inside], length)
    return found[:length].astype(np.float64)


def _expected(days: Days, months: Sequence[int], daily: Float) -> Float:
    """The mean of past days of the same kind, for each day of the history."""
    month, kind, is_working = (one[: len(daily)] for one in (days.month, days.kind, days.is_working))
    is_past = np.isin(month, months)
    rate = np.zeros(len(daily))
    for one in np.unique(kind):
        alike = kind == one
        known = alike & is_past
        if int(known.sum()) < _LEAST_DAYS:
            known = is_past & (is_working == bool(is_working[alike][0]))
        rate[alike] = daily[known if known.any() else is_past].mean()
    return rate


def _character(days: Days, months: Sequence[int], daily: Float, rate: Float, supposed: float) -> _Character:
    """Observed against expected, month by month, and the present month as far as it went.

    Chance within a month is taken from how its days scatter about what they should bring, as a multiple of that.
    """
    month = days.month[: len(daily)]
    is_past = np.isin(month, months)
    busy = int(np.count_nonzero(daily[is_past]))
    each = float(daily[is_past].sum()) / max(busy, 1)
    half = max(each, 1e-9) / 2  # so that a month with none has a logarithm
    observed = np.array([daily[month == one].sum() for one in months])
    expected = np.array([rate[month == one].sum() for one in months])
    ratios = np.log((observed + half) / (expected + half))
    level, levels = np.ones(len(daily)), np.ones(len(daily))
    for one, ratio in zip(months, ratios.tolist(), strict=True):
        level[month == one] = np.exp(ratio)
    total = float((rate * level)[is_past].sum())
    noise = float((((daily - rate * level)[is_past]) ** 2).sum())
    scale = noise / total if total > 0 else 2 * half
    chances = scale / (expected + half)
    between = max(0.0, float(ratios.var(ddof=1)) - float(chances.mean()))
    known = len(months) - 1
    spread = min((SUPPOSED_MONTHS * supposed**2 + known * between) / (SUPPOSED_MONTHS + known), _WIDEST)
    for one, ratio, chance in zip(months, ratios.tolist(), chances.tolist(), strict=True):
        levels[month == one] = np.exp(ratio * spread / (spread + chance))
    had, should = float(daily[~is_past].sum()), float(rate[~is_past].sum())
    return _Character(
        ratios=ratios,
        levels=levels,
        spread=spread,
        so_far=float(np.log((had + half) / (should + half))),
        trust=spread / (spread + scale / (should + half)),
    )


# --- drawing -------------------------------------------------------------------------------------------------


def _draw_figure(
    days: Days,
    track: Track,
    donors: Sequence[Int64],
    characters: _Characters,
    effects: _Factors,
    draws: int,
    rng: np.random.Generator,
) -> tuple[Int64, Int64]:
    """Items and amounts of the rest: new ones by days, month by month, then those that are open."""
    sizes, amounts = _cumulated(days, track, 0)
    today = _cumulated(days, track, days.second)
    size, amount = np.zeros(draws, np.int64), np.zeros(draws, np.int64)
    level = characters[track.key, "size"].levels
    weight = level * characters[track.key, "amount"].levels
    per_month: dict[int, tuple[Float, Float]] = {}
    for place, donor in enumerate(donors):
        room = len(donors) - 1 - place
        of_size, of_amount = (sizes, amounts) if place else today
        month = int(days.month[days.today - days.first + place])
        had = per_month.setdefault(month, (np.zeros(draws), np.zeros(draws)))
        per_month[month] = (
            had[0] + of_size[donor, room] / level[donor],
            had[1] + of_amount[donor, room] / weight[donor],
        )
    for month, (many, much) in per_month.items():
        busier = effects[track.key, "size", month]
        more = _rounded(many * busier, rng)
        brought = _rounded(much * busier * effects[track.key, "amount", month], rng)
        brought = np.minimum(brought, more) if track.kind == "share" else np.where(more > 0, brought, 0)
        size += more
        amount += brought
    present = int(days.month[days.today - days.first])
    more, brought = _draw_pending(track, effects[track.key, "amount", present], draws, rng)
    return size + more, amount + brought


def _draw_pending(track: Track, harder: Float, draws: int, rng: np.random.Generator) -> tuple[Int64, Int64]:
    """What open items bring, each by its own chance; the character of the month makes misses likelier or rarer."""
    pending = track.pending
    size, amount = np.zeros(draws, np.int64), np.zeros(draws, np.int64)
    for begin in range(0, len(pending.good), _SLICE):
        good, bad = pending.good[begin : begin + _SLICE], pending.bad[begin : begin + _SLICE]
        point = rng.random((draws, len(good)))
        whole = good + bad
        ill = (
            bad[None, :]
            if track.kind == "mean"
            else np.minimum(bad[None, :] * harder[:, None], whole[None, :])
        )
        comes = point < whole[None, :]
        size += comes.sum(axis=1)
        if track.kind == "share":
            amount += (point < ill).sum(axis=1)
        else:
            low = pending.pool_from[begin : begin + _SLICE]
            span = np.maximum(pending.pool_to[begin : begin + _SLICE] - low, 1)
            place = low[None, :] + (rng.random(point.shape) * span[None, :]).astype(np.int64)
            if len(pending.pool):
                drawn = pending.pool[np.minimum(place, len(pending.pool) - 1)]
                amount += np.where(comes, drawn, 0).sum(axis=1)
    return size, amount


_SLICE: Final = 2_000  #: open items drawn at a time, so that memory stays bounded


def _cumulated(days: Days, track: Track, since: int) -> tuple[Int64, Int64]:
    """By past day and number of days after it: items (and amounts) opened on it after `since` that had come in."""
    length, room = days.today - days.first, days.left
    lag = track.day - track.opened_day
    day = track.opened_day - days.first
    keep = (day >= 0) & (day < length) & (lag >= 0) & (lag < room) & (track.opened_second >= since)
    flat = day[keep] * room + lag[keep]
    sizes = np.bincount(flat, minlength=length * room).reshape(length, room)
    # sums of whole seconds stay exact in a float up to 2⁵³, which is 285 million years
    weighed = np.bincount(flat, weights=track.amount[keep], minlength=length * room).reshape(length, room)
    return sizes.cumsum(axis=1).astype(np.int64), weighed.cumsum(axis=1).astype(np.int64)


def _rounded(values: Float, rng: np.random.Generator) -> Int64:
    """Whole numbers that are right on average."""
    found: Int64 = np.floor(values + rng.random(len(values))).astype(np.int64)
    return found


def _draw_events(
    days: Days,
    track: Track,
    donors: Sequence[Int64],
    characters: _Characters,
    effects: _Factors,
    draws: int,
    rng: np.random.Generator,
) -> tuple[list[list[int]], Int64]:
    """Quantities of new events in each draw, and what those that run grow to."""
    lists = _event_lists(days, track, 0)
    today = _event_lists(days, track, days.second)
    level = characters[track.key, "size"].levels
    found: list[list[int]] = [[] for _draw in range(draws)]
    months = days.month[days.today - days.first :]
    for month in dict.fromkeys(months.tolist()):
        places = [place for place, one in enumerate(months.tolist()) if one == month]
        factor = effects[track.key, "size", int(month)]
        for draw in range(draws):
            drawn: list[int] = []
            weight = 0.0
            for place in places:
                room, donor = len(donors) - 1 - place, int(donors[place][draw])
                for lag, quantity in (lists if place else today).get(donor, ()):
                    if lag <= room:
                        drawn.append(quantity)
                        weight += 1 / level[donor]
            found[draw] += _scaled(drawn, weight * float(factor[draw]), rng)
    pending = track.pending
    if len(pending.bad) and track.quantities:
        factor = effects[track.key, "size", int(months[0])]
        late = rng.random((draws, len(pending.bad))) < np.minimum(pending.bad[None, :] * factor[:, None], 1.0)
        drawn_places = rng.integers(0, track.quantities, late.shape)
        for draw in range(draws):
            found[draw] += drawn_places[draw][late[draw]].tolist()
    span = np.maximum(track.quantities - pending.growing, 0)
    grown = pending.growing[None, :] + (rng.random((draws, len(span))) * span[None, :]).astype(np.int64)
    return found, np.where(span[None, :] > 0, grown, -1)


def _event_lists(days: Days, track: Track, since: int) -> dict[int, list[tuple[int, int]]]:
    """By past day, counted from the first: (days after it, quantity) of events of items opened on it after `since`."""
    lists: dict[int, list[tuple[int, int]]] = {}
    lag = track.day - track.opened_day
    keep = (track.opened_second >= since) & (lag >= 0) & (lag < days.left)
    for day, after, quantity in zip(
        (track.opened_day[keep] - days.first).tolist(),
        lag[keep].tolist(),
        track.amount[keep].tolist(),
        strict=True,
    ):
        lists.setdefault(day, []).append((after, quantity))
    return lists


def _scaled(drawn: list[int], number: float, rng: np.random.Generator) -> list[int]:
    """So many of them on average: some left out at random, or some again."""
    wanted = int(np.floor(number + rng.random())) if drawn else 0
    if wanted == len(drawn):
        return drawn
    if wanted < len(drawn):
        return [drawn[place] for place in rng.permutation(len(drawn))[:wanted].tolist()]
    return drawn + [drawn[place] for place in rng.integers(0, len(drawn), wanted - len(drawn)).tolist()]
