"""The second tier: clocks, indicators, score and money of a pack computed again from the facts in its entries.

What `verify.py` has read is gone through with the product's own scalar rules (`logic/`, `contracts.compile`), and every
difference is named. No Django, no database, no numpy: all of it is packed into yunheng-verify.pyz.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from yunheng.contracts.compile import compile_terms
from yunheng.contracts.indicators import INDICATORS
from yunheng.contracts.terms import ContractTerms, IndicatorSpec
from yunheng.logic.clock import Fact
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.score import PartDays, plain, results_from_plain, scheme_of, score, score_plain, settle
from yunheng.logic.worktime import OpenTime, WorkingDays

from .clocks import Reign, clock_line, reigns_of
from .lives import DRAWS, Asked, Drawn, Life, life_of
from .verify import TIMELINESS, WORDS, Verifier, epoch, exact, period_of

Document = dict[str, Any]

WORDS.update(
    {
        "other_clock": ("{0}, {1}: the facts give another clock ({2})", "{0} 的 {1}：由事实算得不同（{2}）"),
        "other_items": (
            "{0}: the facts give other members ({1})",
            "{0}：由事实算得的明细不同（{1}）",
        ),
        "other_events": (
            "events of the clocks: the facts give others ({0})",
            "由时限产生的事件：由事实算得不同（{0}）",
        ),
        "other_score": ("the scheme gives {0}, not {1}", "按方案算得 {0}，而不是 {1}"),
        "other_money": ("the scheme gives {0}, not {1} to pay", "按方案应付 {0}，而不是 {1}"),
        "unknown_entry": ("{0}: a fact refers to an entry that is not there", "{0}：有事实指向不存在的记录"),
        "other_entry": (
            "{0}: the number {1} is not that of the entry which leaf {2} refers to",
            "{0}：编号 {1} 不是叶子 {2} 所指的记录",
        ),
        "other_period": ("{0} is not what its days, instants or kind say", "{0} 与其日期、时刻或类型不符"),
        "no_zone": (
            "the time zone {0} is not known here: install the package `tzdata`",
            "此处不知时区 {0}：请安装 tzdata 包",
        ),
        "other_version": (
            "contract version {0} was in force, not {1}",
            "当时生效的是合同第 {0} 版，而不是第 {1} 版",
        ),
        "other_agreed": ("{0}: the contract says {1}, not {2}", "{0}：合同所载为 {1}，而不是 {2}"),
        "not_told": (
            "{0}: part of its record was erased, it is not computed again",
            "{0}：其记录有一部分已删除，不复算",
        ),
        "not_recomputed": ("{0}: not computed again here", "{0}：此处不复算"),
        "recomputed": (
            "computed again from the facts: {0} clocks, {1} measurements, the score of {2}",
            "由事实重新算得相同：{0} 个时限、{1} 项测量、得分 {2}",
        ),
    }
)


def recompute(verifier: Verifier) -> tuple[object, ...] | None:
    """Compute everything again; what differs is said to the verifier's report. Returns what to say if nothing does."""
    return _Recomputation.of(verifier).run()


@dataclass(frozen=True, slots=True)
class _Recomputation:
    """A pack that was read, with its contract compiled and its facts in order."""

    verifier: Verifier
    reigns: Sequence[Reign]
    facts: Mapping[str, Sequence[Fact]]
    lives: Mapping[str, Life]
    working_days: dict[tuple[int, str], WorkingDays] = field(default_factory=dict)  #: by version and calendar

    @classmethod
    def of(cls, verifier: Verifier) -> _Recomputation:
        terms = {number: _compiled(verifier, number) for number in verifier.terms}
        spans = {number: _span(told) for number, told in verifier.versions.items() if number in terms}
        facts = dict(_facts(verifier))
        lives = {ticket: life_of(own) for ticket, own in facts.items()}
        return cls(verifier, reigns_of(spans, terms), facts, lives)

    def run(self) -> tuple[object, ...]:
        statement, report = self.verifier.statement, self.verifier.report
        for ticket in sorted(self.verifier.erased & self.facts.keys()):
            report.add("?", "", "not_told", ticket)
        self._period()
        self._agreed()
        count = self._clocks()
        measured = 0
        for one in statement["measurements"]:
            indicator = one["indicator"]
            if indicator in TIMELINESS:
                measured += 1  # counted from the clocks: verify.py held both against each other
            elif indicator in DRAWS:
                measured += 1
                self._measurement(one)
            elif one["numerator"] is not None:
                report.add(" ", "", "not_recomputed", one["reads"])
        if statement["results"] is None:
            report.add(" ", "", "not_recomputed", "rollup")
        else:
            self._events()
            self._score()
        return "recomputed", count, measured, statement["score"]["value"]

    # --- what the statement is about ---

    def _period(self) -> None:
        """Whether its name, days and instants are one period, in the zone of the contract."""
        statement, report = self.verifier.statement, self.verifier.report
        period, version = statement["period"], self.verifier.terms[statement["rules"]["contract_version"]]
        try:
            zone = ZoneInfo(version["zone"])
        except ZoneInfoNotFoundError:
            report.add("?", "", "no_zone", version["zone"])
            return
        first, after = days_of(period["name"])
        begins, ends = (int(datetime.combine(day, time(), zone).timestamp()) for day in (first, after))
        told = [*period_of(statement), period["start"], period["end"], statement["zone"]]
        found = [begins, ends, str(first), str(after - timedelta(days=1)), version["zone"]]
        if told != found or kind_of(period["name"]) != period["kind"]:
            report.fails("statement.json", "other_period", period["name"])

    def _agreed(self) -> None:
        """Whether the rules are those in force at the period's end, and parties and fee those that they name."""
        statement, report = self.verifier.statement, self.verifier.report
        number = statement["rules"]["contract_version"]
        last = min(period_of(statement)[1] - 1, self.verifier.evaluated_at)
        if (terms := self._terms_at(last)).number != number:
            report.fails("statement.json", "other_version", terms.number, number)
        for side in ("provider", "client"):
            agreed, told = (
                self.verifier.terms[number]["parties"][side]["key"],
                statement["parties"][side]["key"],
            )
            if agreed != told:
                report.fails("statement.json", "other_agreed", side, agreed, told)
        if (money := statement["settlement"]) is None:
            return
        own = terms.appraised_by
        for name, amount in (
            ("fee", own.fee_of(statement["period"]["kind"])),
            ("contract_value", own.contract_value),
        ):
            found = None if money[name] is None else exact(money[name])
            if found != (None if amount is None else Fraction(amount)):
                report.fails("statement.json", "other_agreed", name, amount, money[name])
        parts, told_parts = list(self._part_days(terms)), money.get("part_days", [])
        if parts != told_parts and statement["v"] > 1:  # before, a fee was always taken whole
            report.fails("statement.json", "other_agreed", "part_days", parts, told_parts)

    def _part_days(self, terms: ContractTerms) -> Iterator[Document]:
        """Periods of the fee on some of whose days no version was in force, as a settlement tells of them."""
        own, period = terms.appraised_by, self.verifier.statement["period"]
        if own.fee is None or own.fee_of(period["kind"]) is None:
            return
        zone, (first, after) = ZoneInfo(terms.zone), days_of(period["name"])
        while first < after:
            quarter = f"Q{(first.month + 2) // 3}"
            name = (
                f"{first:%Y}" + {"month": f"-{first:%m}", "quarter": f"-{quarter}", "year": ""}[own.fee.per]
            )
            _first, end = days_of(name)
            days = [first + timedelta(days=day) for day in range((end - first).days + 1)]
            edges = [int(datetime.combine(day, time(), zone).timestamp()) for day in days]
            covered = sum(
                any(reign.terms is not None and reign.begin < b and reign.end > a for reign in self.reigns)
                for a, b in pairwise(edges)
            )
            if covered < len(days) - 1:
                counted = {"covered": covered, "days": len(days) - 1, "is_whole": own.part_period == "whole"}
                yield {"period": name, "fee": f"{own.fee.amount:f}", **counted}
            first = end

    # --- clocks ---

    def _clocks(self) -> int:
        report, now = self.verifier.report, self.verifier.evaluated_at
        for (ticket, clock), told in self.verifier.clocks.items():
            if ticket in self.verifier.erased:
                continue
            found = clock_line(clock, ticket, self.facts.get(ticket, ()), self.reigns, _leaf, now)
            if found != told:
                differing = ", ".join(name for name in found if found[name] != told.get(name))
                report.fails(f"clocks/{clock}-*.jsonl", "other_clock", ticket, clock, differing)
        return len(self.verifier.clocks)

    # --- indicators ---

    def _measurement(self, one: Document) -> None:
        drawn, left_out = self._drawn(one["indicator"], one["by"], one["group"])
        hits: dict[str, int | None] = dict.fromkeys(one["hits"])
        if "seconds" in one:
            hits = dict(zip(one["hits"], one["seconds"], strict=True))
        told = (hits, set(one["misses"]), set(one["waiting"]), {out["ticket"] for out in one["excluded"]})
        found = (drawn.hits, drawn.misses, drawn.waiting, left_out)
        if told != found:
            odd = set().union(*(set(a) ^ set(b) for a, b in zip(told, found, strict=True)))
            odd |= {ticket for ticket, seconds in hits.items() if drawn.hits.get(ticket) != seconds}
            if odd := odd - self.verifier.erased:
                names = ", ".join(sorted(odd)[:5])
                self.verifier.report.fails("statement.json", "other_items", one["reads"], names)

    def _drawn(self, indicator: str, by: str | None, group: str | None) -> tuple[Drawn, set[str]]:
        """Members of an indicator, and those that were left out of it with approval."""
        begin, end = period_of(self.verifier.statement)
        drawn, lives = Drawn(), self.lives
        if indicator == "backlog_age":
            end = min(end, self.verifier.evaluated_at)
            lives = {ticket: life_of(own, before=end) for ticket, own in self.facts.items()}
        for first, last, spec, terms in self._pieces(indicator, begin, end):
            asked = Asked(
                start=first,
                end=last,
                within_seconds=spec.within_seconds or 86_400,
                days=spec.days or 30,
                of=spec.of or "closed",
                duration=_duration(spec, terms),
            )
            DRAWS[indicator](lives, asked, drawn)
        place = {"service": 0, "priority": 1}.get(by or "")
        own = {
            number
            for number, life in lives.items()
            if place is None or ([*life.profile.split("|"), "", ""][place] or "-") == group
        }
        out = {number for number in own if self.lives[number].is_left_out}
        members = own - out
        left_out = out & (drawn.hits.keys() | drawn.misses)
        kept = Drawn(
            {number: seconds for number, seconds in drawn.hits.items() if number in members},
            drawn.misses & members,
            drawn.waiting & members,
        )
        return kept, left_out

    def _terms_at(self, instant: int) -> ContractTerms:
        reigning = [reign for reign in self.reigns if reign.terms is not None]
        begun = [reign for reign in reigning if reign.begin <= instant]
        found = (begun or reigning[:1])[-1].terms
        assert found is not None
        return found

    def _pieces(
        self, indicator: str, begin: int, end: int
    ) -> Iterator[tuple[int, int, IndicatorSpec, ContractTerms]]:
        """The period cut where another version begins to say how the indicator is measured."""
        terms = self._terms_at(begin)
        if indicator == "backlog_age":
            terms = self._terms_at(end - 1)
            yield begin, end, _spec(terms, indicator), terms
            return
        for reign in self.reigns:
            if reign.terms is None or not begin < reign.begin < end:
                continue
            if _is_alike(_spec(terms, indicator), _spec(reign.terms, indicator)):
                continue
            yield begin, reign.begin, _spec(terms, indicator), terms
            begin, terms = reign.begin, reign.terms
        yield begin, end, _spec(terms, indicator), terms

    # --- events, score, money ---

    def _events(self) -> None:
        """Events that follow from clocks by themselves: one for each ticket that missed the clock, and how late."""
        statement = self.verifier.statement
        found: dict[str, tuple[int, Fraction]] = {}
        for event in statement["rules"]["scheme"]["events"]:
            if "from" in event:
                found |= self._late(event["key"], event["from"])
        told = {
            event["key"]: event
            for event in statement["results"]["events"]
            if event["evidence"].startswith("clock:") and event["evidence"] == event["proposer"]
        }
        odd = set(found.keys() ^ told.keys())
        for key in found.keys() & told.keys():
            at, quantity = found[key]
            if told[key]["ruling"] == "" and (told[key]["at"], exact(told[key]["quantity"])) != (
                at,
                quantity,
            ):
                odd.add(key)
        odd = {key for key in odd if key.rpartition("/")[2] not in self.verifier.erased}
        if odd:
            self.verifier.report.fails("statement.json", "other_events", ", ".join(sorted(odd)[:5]))

    def _late(self, kind: str, source: Document) -> dict[str, tuple[int, Fraction]]:
        begin, end = period_of(self.verifier.statement)
        only = source.get("only", {})
        found = {}
        for (ticket, clock), line in self.verifier.clocks.items():
            if clock != source["clock"] or line["met"] is not False or not begin <= line["settled_at"] < end:
                continue
            service, _bar, priority = line["profile"].partition("|")
            is_wanted = only.get("service", service) == service and only.get("priority", priority) == priority
            if not is_wanted or self.lives[ticket].is_left_out:
                continue
            seconds = max(line["counted_seconds"] - line["goal_seconds"], 1)
            quantity = (
                Fraction(seconds, 3600) if source["unit"] == "hours" else self._working_days(line, seconds)
            )
            found[f"{kind}/{ticket}"] = (line["settled_at"], quantity)
        return found

    def _working_days(self, line: Document, seconds: int) -> Fraction:
        terms = next(
            reign.terms
            for reign in self.reigns
            if reign.number == line["version"] and reign.terms is not None
        )
        policy = terms.clocks[line["clock"]]
        goal = policy.goals.get(line["profile"]) or next(iter(policy.goals.values()))
        key = line["version"], goal.calendar
        if key not in self.working_days:
            self.working_days[key] = WorkingDays(terms.calendars[goal.calendar])
        return self.working_days[key].spent(line["settled_at"], seconds)

    def _score(self) -> None:
        statement, report = self.verifier.statement, self.verifier.report
        scheme, results = scheme_of(statement["rules"]["scheme"]), results_from_plain(statement["results"])
        found = score_plain(score(scheme, results), None if statement["v"] == 1 else results)
        if found != statement["score"]:
            report.fails("statement.json", "other_score", found["value"], statement["score"]["value"])
        money = statement["settlement"]
        if money is None:
            return
        worth = None if money["contract_value"] is None else Decimal(money["contract_value"])
        value = None if found["value"] is None else Decimal(found["value"])
        parts = [
            PartDays(one["period"], Decimal(one["fee"]), one["covered"], one["days"], one["is_whole"])
            for one in money.get("part_days", ())
        ]
        settled = settle(scheme, value, Decimal(money["fee"]), worth, part_days=parts)
        if (f"{settled.payable:f}", plain(settled.tree)) != (money["payable"], money["tree"]):
            report.fails("statement.json", "other_money", settled.payable, money["payable"])


def _leaf(entry: int) -> int:
    """Entries are numbered from 1 here by their place in the log, since 0 is none."""
    return entry - 1


def _facts(verifier: Verifier) -> Iterator[tuple[str, list[Fact]]]:
    """Facts of each subject in order, with entries named by their place in the log.

    Facts of one instant stand in the order in which their entries were recorded: that of the log, or, where the pack
    gives the number of every entry of the subject, that of those.
    """
    for ticket, told in verifier.facts.items():
        places = {entry["id"]: entry["index"] for entry in told if entry["id"] is not None}
        has_all = len(places) == len(told)
        for code, *values in misreferred(told):
            verifier.report.fails(_member(told[0]["index"]), code, ticket, *values)
        found = []
        for fact in verifier.standing(ticket):
            place = fact["index"] + 1
            kind, ref = FactKind[fact["fact"].upper()], fact.get("ref", 0)
            if ref and ref not in places:
                continue  # that was said
            own = place if kind in _OWN_REF else 0
            found.append(
                Fact(
                    at=fact["at"],
                    seq=(fact["id"] if has_all else place) * 8 + fact["ordinal"],
                    kind=kind,
                    term=fact.get("term", ""),
                    party=Party[fact["party"].upper()] if "party" in fact else Party.NONE,
                    ref=places[ref] + 1 if ref else own,
                    entry=place,
                )
            )
        yield ticket, sorted(found, key=lambda fact: (fact.at, fact.seq))


def misreferred(told: Sequence[Document]) -> Iterator[tuple[Any, ...]]:
    """Where entries of a ticket refer to others by numbers that cannot be theirs: what is sealed is the reference, and
    not whose number it is. Each number stands once, in the order of the log (but where each entry has one: then they
    were sealed in another order), with an entry of before that tells what is referred to.
    """
    numbered = [entry for entry in told if entry["id"] is not None]
    ids = [entry["id"] for entry in numbered]
    by_id = dict(zip(ids, numbered, strict=True))
    if len(by_id) < len(ids) or (ids != sorted(ids) and len(ids) < len(told)):
        yield ("unknown_entry",)
    for entry in told:
        facts, gone = entry["facts"], entry["gone"]
        refs = [(fact["ref"], _BEGINS.get(fact["fact"])) for fact in facts if fact.get("ref")]
        for number, begins in [*refs, *((seq // 8, None) for seq in gone)]:
            found = by_id.get(number)
            if found is None or (ids == sorted(ids) and found["index"] >= entry["index"]):
                yield ("unknown_entry",)
            elif begins and begins not in [fact["fact"] for fact in found["facts"]]:
                yield "other_entry", number, entry["index"]
        if entry["old"] and any(not _is_of(by_id.get(seq // 8), seq % 8, entry["old"]) for seq in gone):
            yield "other_entry", gone[0] // 8, entry["index"]


#: Kinds of facts that refer to an entry by its number, and what that entry has to tell.
_BEGINS = dict.fromkeys(
    (
        "wait_began",
        "wait_ended",
        "pause_confirmed",
        "pause_disputed",
        "pause_upheld",
        "pause_rejected",
    ),
    "wait_began",
)


def _is_of(entry: Document | None, ordinal: int, instant: str) -> bool:
    """Whether a fact of the entry has the instant that a correction says it had."""
    facts = () if entry is None else entry["facts"]
    return ordinal < len(facts) and facts[ordinal]["at"] == epoch(instant)


def kind_of(name: str) -> str:
    """What "2026-04", "2026-Q2" or "2026" is."""
    return "year" if len(name) == 4 else "quarter" if name[5] == "Q" else "month"


def days_of(name: str) -> tuple[date, date]:
    """First day of a period, and the day after its last."""
    kind, year = kind_of(name), int(name[:4])
    month = {"month": lambda: int(name[5:]), "quarter": lambda: int(name[6:]) * 3 - 2, "year": lambda: 1}[
        kind
    ]()
    after = year * 12 + month - 1 + {"month": 1, "quarter": 3, "year": 12}[kind]
    return date(year, month, 1), date(after // 12, after % 12 + 1, 1)


def _member(index: int) -> str:
    return f"log/leaves-{index // 50_000:05d}.jsonl"


_OWN_REF = frozenset({FactKind.WAIT_BEGAN, FactKind.EXCLUSION_BEGAN, FactKind.EXCLUSION_ENDED})


def _span(told: Document) -> tuple[int, int]:
    return epoch(told["valid_from"]), epoch(told["valid_to"])


def _compiled(verifier: Verifier, number: int) -> ContractTerms:
    told = verifier.versions[number]
    calendars = {}
    for key in told["calendars"]:
        document = json.loads(verifier.members[f"calendars/version-{number}-{key}.json"])
        calendars[key] = OpenTime.from_document(document["open_time"])
    return compile_terms(
        verifier.terms[number],
        version_id=number,
        number=number,
        scope_id=0,
        valid_from=datetime.fromisoformat(told["valid_from"]),
        valid_to=datetime.fromisoformat(told["valid_to"]),
        calendars=calendars,
    )


def _spec(terms: ContractTerms, indicator: str) -> IndicatorSpec:
    """What the contract says of the indicator, else what a contract that merely named it would say."""
    kind = INDICATORS[indicator]
    return terms.indicators.get(indicator) or IndicatorSpec(
        key=indicator,
        label={},
        goal=None,
        time_base="elapsed",
        calendar=None,
        digits=kind.digits,
        within_seconds=kind.within_seconds,
        days=kind.days,
        of=kind.of[0] if kind.of else None,
    )


def _is_alike(one: IndicatorSpec, other: IndicatorSpec) -> bool:
    """Whether two versions measure an indicator the same way; a calendar is of its version alone."""
    return one.time_base == other.time_base == "elapsed" and (one.within_seconds, one.days, one.of) == (
        other.within_seconds,
        other.days,
        other.of,
    )


def _duration(spec: IndicatorSpec, terms: ContractTerms) -> Any:
    if spec.time_base != "working" or not spec.calendar:
        return lambda begin, finish: finish - begin
    calendar = terms.calendars[spec.calendar]

    def inside(at: int) -> int:
        return min(max(at, calendar.first_at), calendar.last_at)  # outside the calendar's span is closed

    def duration(begin: int, finish: int) -> int:
        if begin > finish:
            return -calendar.elapsed(inside(finish), inside(begin))
        return calendar.elapsed(inside(begin), inside(finish))

    return duration
