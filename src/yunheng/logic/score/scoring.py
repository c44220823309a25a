"""Applies a scheme to the results of one period: the score, its grade, and the tree that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from yunheng.logic.measure import Number, round_half_up
from yunheng.logic.score.faults import ScoreError, faults_of
from yunheng.logic.score.results import NOT_APPLICABLE, Results
from yunheng.logic.score.rules import Material, alone, is_counted, parts_of
from yunheng.logic.score.scheme import (
    AtMost,
    Bonus,
    GradeAtMost,
    Happened,
    Item,
    Occurrence,
    Rating,
    Scheme,
    Section,
    Veto,
)
from yunheng.logic.score.tree import Node, Say, leaf, limit, total, whole

_ZERO = Fraction(0)
_EMPTY = {"reweight": Say.EMPTY_LEFT_OUT, "full": Say.EMPTY_FULL, "zero": Say.EMPTY_ZERO}


@dataclass(frozen=True, slots=True)
class Score:
    """A score rounded to the scheme's digits; None when nothing was asked for, which is neither 0 nor full marks.

    `vetoes` are the keys of those that came into force. `tree.points` equals `value`, and every node the sum of
    its parts.
    """

    value: Decimal | None
    grade: str | None
    tree: Node
    vetoes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Part:
    """Points with what they are at best, and how much of that was asked for. `bonus` stands apart."""

    node: Node
    full: Fraction = _ZERO
    applicable: Fraction = _ZERO
    bonus: Fraction = _ZERO


def score(scheme: Scheme, results: Results) -> Score:
    """The score of one period.

    The order is fixed: items with their own limits → sections (reweighted, limited, weighted) → start → sections
    that nothing was asked in → bonus cap → ceiling → floor → vetoes → rounding → grade. Raises ScoreError, with every
    fault, for results that are not complete or not allowed.
    """
    faults = faults_of(scheme, results)
    if faults:
        raise ScoreError(faults)
    return _Scoring(scheme, results).score()


def is_in_force(veto: Veto, results: Results) -> bool:
    """Whether the veto's condition holds."""
    if isinstance(veto.when, Happened):
        return any(
            event.kind in veto.when.kinds and event.party in veto.when.parties and not event.is_taken_out
            for event in results.events
        )
    value = results.measured.get(veto.when.reads, NOT_APPLICABLE).value
    return value is not None and value in veto.when.interval


def finish(
    scheme: Scheme, parts: list[Node], vetoes: Sequence[Veto], say: Say, *, summed: int = 1, **params: str
) -> Score:
    """Limits, vetoes, rounding and grade for parts that are a score; `summed`: of so many scored periods."""
    if scheme.ceiling is not None and total(parts) > scheme.ceiling * summed:
        parts.append(limit(Say.HIGHEST, parts, scheme.ceiling * summed))
    if scheme.floor is not None and total(parts) < scheme.floor * summed:
        parts.append(limit(Say.LOWEST, parts, scheme.floor * summed))
    parts += _capped(vetoes, parts)
    exact = total(parts)
    value = round_half_up(exact, scheme.digits)
    if Fraction(value) != exact:
        parts.append(limit(Say.ROUNDED, parts, value, digits=scheme.digits))
    grade, notes = _graded(scheme, value, vetoes)
    return Score(value, grade, whole(say, [*parts, *notes], **params), tuple(veto.key for veto in vetoes))


def _capped(vetoes: Sequence[Veto], parts: Sequence[Node]) -> list[Node]:
    """Vetoes in force, in the contract's order, each with what it takes; those that take nothing are told, too."""
    found: list[Node] = []
    for veto in vetoes:
        if isinstance(veto.effect, AtMost):
            so_far = [*parts, *found]
            bound: Number = min(Fraction(veto.effect.points), total(so_far))
            found.append(limit(Say.VETO, so_far, bound, veto.key))
    return found


def _graded(scheme: Scheme, value: Decimal, vetoes: Sequence[Veto]) -> tuple[str | None, list[Node]]:
    """The grade of a score, not better than vetoes allow."""
    order = [grade.key for grade in scheme.grades]
    grade, notes = scheme.grade_of(value), []
    for veto in vetoes:
        if isinstance(veto.effect, GradeAtMost):
            worst = veto.effect.grade
            if grade is None or order.index(grade) < order.index(worst):
                grade = worst
            notes.append(leaf(Say.GRADE_VETO, key=veto.key, grade=worst))
    return grade, notes


@dataclass(slots=True)
class _Scoring:
    """One scheme at one period's results."""

    scheme: Scheme
    results: Results
    in_force: tuple[Veto, ...] = ()
    elsewhere: dict[str, dict[str, str]] = field(default_factory=dict)  #: item → event → where it counts

    def score(self) -> Score:
        scheme = self.scheme
        self.in_force = tuple(veto for veto in scheme.vetoes if is_in_force(veto, self.results))
        self._settle_once_across()
        sections = [self._section(section) for section in scheme.sections]
        parts = [leaf(Say.START, scheme.start)] if scheme.start else []
        parts += [section.node for section in sections]
        start = Fraction(scheme.start)
        full = start + sum((section.full for section in sections), _ZERO)
        applicable = start + sum((section.applicable for section in sections), _ZERO)
        vetoes = [veto for veto in self.in_force if veto.scope in ("period", "contract")]
        if full and not applicable:
            return self._nothing_asked(parts, vetoes)
        if full != applicable:
            earned = start + sum(
                (section.node.points - section.bonus for section in sections if section.applicable), _ZERO
            )
            parts.append(_reweighted(earned, full, applicable))
        bonus = sum((section.bonus for section in sections), _ZERO)
        if scheme.bonus_cap is not None and bonus > scheme.bonus_cap:
            over = Fraction(scheme.bonus_cap) - bonus
            parts.append(leaf(Say.BONUS_CAP, over, before=bonus, after=scheme.bonus_cap))
        done = finish(scheme, parts, vetoes, Say.SCORE)
        return Score(done.value, done.grade, done.tree, self._keys())

    def _nothing_asked(self, parts: list[Node], vetoes: Sequence[Veto]) -> Score:
        """No score, unless a veto limits it: a month in which nothing was asked for does not hide what it forbids."""
        limits = [veto for veto in vetoes if isinstance(veto.effect, AtMost)]
        if not limits:
            return Score(None, None, Node(Say.NO_SCORE, _ZERO, parts=_silenced(parts)), self._keys())
        done = finish(
            self.scheme, [*_silenced(parts), leaf(Say.FULL_MARKS, self.scheme.full)], vetoes, Say.SCORE
        )
        return Score(done.value, done.grade, done.tree, self._keys())

    def _keys(self) -> tuple[str, ...]:
        return tuple(veto.key for veto in self.in_force)

    def _settle_once_across(self) -> None:
        """Where each event counts that several items of a group would charge."""
        groups = self.scheme.once_across
        wanted = dict.fromkeys(key for group in groups for key in group)
        found = {item.key: item.rule for item in self.scheme.items() if item.key in wanted}
        rules = {key: rule for key in wanted if isinstance(rule := found.get(key), Occurrence)}
        places = {key: [at for at, group in enumerate(groups) if key in group] for key in rules}
        for event in self.results.events if rules else ():
            charges = [(key, alone(rule, event)) for key, rule in rules.items() if is_counted(rule, event)]
            taken: dict[int, str] = {}  # group → the item that has the event
            for key, _price in sorted(charges, key=lambda charge: -charge[1]):  # the first of equals
                holder = next((taken[at] for at in places[key] if at in taken), None)
                if holder is None:
                    taken |= dict.fromkeys(places[key], key)
                else:
                    self.elsewhere.setdefault(key, {})[event.key] = holder

    def _section(self, section: Section) -> _Part:
        items = [(item, self._item(item)) for item in section.items]
        start, full = Fraction(section.points), Fraction(section.own_full)
        applicable = start + sum((part.applicable for _, part in items), _ZERO)
        parts = [leaf(Say.START, start)] if start else []
        parts += [part.node for item, part in items if not isinstance(item.rule, Bonus)]
        if full != applicable and applicable:
            earned = start + sum((part.node.points for _, part in items if part.applicable), _ZERO)
            parts.append(_reweighted(earned, full, applicable))
        vetoes = self._vetoes("section", section.key)
        if full and not applicable and vetoes:  # nothing was asked for, and that hides no veto
            parts.append(leaf(Say.FULL_MARKS, full))
            applicable = full
        if applicable and total(parts) < 0:
            parts.append(limit(Say.LOWEST, parts, 0))
        parts += _capped(vetoes, parts)
        if full and section.weight is not None and total(parts) and section.weight != full:
            scaled = total(parts) * Fraction(section.weight) / full
            parts.append(limit(Say.WEIGHTED, parts, scaled, full=section.own_full, weight=section.weight))
        bonuses = [part.node for item, part in items if isinstance(item.rule, Bonus)]
        node = whole(Say.SECTION, [*parts, *bonuses], section.key)
        worth = Fraction(section.full)
        return _Part(node, worth, worth if applicable else _ZERO, total(bonuses))

    def _vetoes(self, scope: str, target: str) -> list[Veto]:
        """Those in force that limit the points of an item or section."""
        return [
            veto
            for veto in self.in_force
            if (veto.scope, veto.target) == (scope, target) and isinstance(veto.effect, AtMost)
        ]

    def _item(self, item: Item) -> _Part:
        full = Fraction(item.points)
        measured = self.results.measured[item.reads] if item.reads else None
        vetoes = self._vetoes("item", item.key)
        if self._is_empty(item):
            # a veto leaves no points to the others: it limits full marks
            on_empty = "full" if vetoes and item.on_empty == "reweight" else item.on_empty
            parts = [leaf(_EMPTY[on_empty], full if on_empty == "full" else _ZERO)]
            parts += _capped(vetoes, parts)
            node = whole(Say.ITEM, parts, item.key)
            return _Part(node, full, _ZERO if on_empty == "reweight" else full)
        material = Material(
            measured,
            self.results.events,
            self.results.marks.get(item.key, ()),
            self.elsewhere.get(item.key, {}),
            self.results.spent.get(item.key, _ZERO),
        )
        parts = parts_of(item, material)
        if full:
            if total(parts) > full:
                parts.append(limit(Say.HIGHEST, parts, full))
            if total(parts) < 0:
                parts.append(limit(Say.LOWEST, parts, 0))
        parts += _capped(vetoes, parts)
        return _Part(whole(Say.ITEM, parts, item.key), full, full)

    def _is_empty(self, item: Item) -> bool:
        """Whether nothing was asked for: the value is not applicable, or nobody was there to rate."""
        if item.reads:
            return self.results.measured[item.reads].value is None
        return isinstance(item.rule, Rating) and not self.results.marks[item.key]


def _reweighted(earned: Fraction, full: Fraction, applicable: Fraction) -> Node:
    return leaf(
        Say.REWEIGHTED,
        earned * full / applicable - earned,
        before=earned,
        full=full,
        applicable=applicable,
    )


def _silenced(parts: Sequence[Node]) -> tuple[Node, ...]:
    """Parts of what has no score: they stay to be read, and bring nothing."""
    return tuple(_without_points(part) for part in parts)


def _without_points(node: Node) -> Node:
    parts = tuple(_without_points(part) for part in node.parts)
    return Node(node.say, _ZERO, node.key, node.params, parts, node.event, node.mark)
