"""Back to back: which clocks belong together, what becomes of each promise, worked by hand on the pack with a supplier."""

# ruff: noqa: E501  (documents: one line is one clock or one row of goals)

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.contracts.documents import changed

from yunheng.contracts.backtoback.checking import BackToBack, Check, Verdict, back_to_back
from yunheng.contracts.backtoback.drafts import compiled_draft
from yunheng.contracts.backtoback.sentences import (
    Speaker,
    fitting_seconds,
    gaps,
    names_of,
    plain,
    sentences,
    silence,
    verdict_word,
)
from yunheng.contracts.checking import check
from yunheng.contracts.packs import contract_pack, newest_processes
from yunheng.contracts.values import show_seconds

#: One year of it: the one whose holidays are known.
PACK = re.sub(r"to: \d{4}-01-01", "to: 2027-01-01", contract_pack("with-supplier").decode(), count=1)
HOUR = 3600
SHANGHAI = ZoneInfo("Asia/Shanghai")
#: The supplier works in the day's hours, the production line also at night.
BY_DAY = ("uc_restore: 4 h", "uc_restore: {within: 4 h, calendar: extended}")


def found(*replacements: tuple[str, str], document: str = PACK) -> BackToBack:
    return back_to_back(compiled_draft(terms(*replacements, document=document)))


def terms(*replacements: tuple[str, str], document: str = PACK) -> dict[str, object]:
    checked = check(changed(*replacements, document=document).encode(), newest_processes())
    assert checked.terms is not None, [problem.text() for problem in checked.problems]
    return checked.terms


def one(result: BackToBack, clock: str, priority: str, service: str, supplier: str | None) -> Check:
    (check,) = (
        item
        for item in result.checks
        if (item.promise.clock, item.priority, item.supplier) == (clock, priority, supplier)
        and service in item.services
    )
    return check


def path_clocks(check: Check) -> list[list[str]]:
    return [[link.clock for link in path] for path in check.paths]


def local(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone(SHANGHAI):%a %Y-%m-%d %H:%M}"


def speaker(*replacements: tuple[str, str]) -> Speaker:
    return Speaker(str, show_seconds, ", ".join, SHANGHAI, names_of(terms(*replacements), "en"))


def said(check: Check, *replacements: tuple[str, str]) -> list[str]:
    return sentences(check, speaker(*replacements))


# --- the pack as it ships: 2 h + 4 h = 6 h, 4 h + 8 h = 12 h, each in one calendar; nothing is left, nothing is broken


@pytest.mark.parametrize(("priority", "left"), [("P1", 4 * HOUR), ("P2", 8 * HOUR)])
@pytest.mark.parametrize("service", ["server", "line-control"])
def test_the_pack_fits_exactly(service: str, priority: str, left: int) -> None:
    result = found()
    own = one(result, "restore", priority, service, None)
    assert (own.verdict, path_clocks(own)) == (Verdict.COVERED, [["ola_restore"]])
    supplied = one(result, "restore", priority, service, "hardware-vendor")
    assert (supplied.verdict, path_clocks(supplied)) == (Verdict.COVERED, [["ola_restore", "uc_restore"]])
    assert own.examination is not None and supplied.examination is not None
    assert own.examination.excess_seconds == -left
    assert supplied.examination.excess_seconds == 0
    assert fitting_seconds(supplied.examination) == {"P1": 4 * HOUR, "P2": 8 * HOUR}[priority]
    assert {cell.excess_seconds for row in supplied.examination.hours for cell in row if cell} == {0}
    assert supplied.examination.days == 365
    assert not supplied.uncovered  # while waiting for parts the internal clock runs


def test_the_pack_promises_nothing_for_what_the_supplier_does_not() -> None:
    result = found()
    assert not result.of(Verdict.NOT_COVERED, Verdict.OPEN_ENDED)
    grouped = [
        (gap.check.promise.clock, gap.priorities, gap.services, gap.check.lacking) for gap in gaps(result)
    ]
    both = ("server", "line-control")
    assert grouped == [("restore", ("P3",), both, ("uc_restore",)), ("resolve", ("P1", "P2", "P3"), both, ())]
    assert not [
        item for item in result.checks if item.promise.clock == "respond"
    ]  # for our own people to keep
    assert said(gaps(result)[0].check) == [
        "示例硬件厂商 promises nothing for “Restore”.",
        "“Supplier repair (UC)” has no goal here.",
    ]


def test_a_supplier_that_works_by_day_cannot_cover_the_night() -> None:
    """Opened at 16:00 on a workday: called by 18:00, two hours are left until 20:00, two more from 08:00 on: done at 10:00.
    That is 18 h on the production line, 12 h more than the 6 h promised.
    """
    check = one(found(BY_DAY), "restore", "P1", "line-control", "hardware-vendor")
    assert check.verdict is Verdict.NOT_COVERED
    assert check.examination is not None and check.worst is not None
    assert check.examination.excess_seconds == 12 * HOUR
    assert local(check.worst.at)[-5:] == "16:00"
    assert local(check.worst.outer.due_at)[-5:] == "22:00"
    assert [local(step.kept_until)[-5:] for step in check.worst.steps] == ["18:00", "10:00"]
    assert fitting_seconds(check.examination) is None  # called at 20:00, and due at midnight
    monday = [None if cell is None else cell.excess_seconds for cell in check.examination.hours[0]]
    # 0 to 6: called within two hours, the supplier begins at 08:00 and is done at 12:00, due six hours after the start
    assert monday[:6] == [hours * HOUR for hours in (6, 5, 4, 3, 2, 1)]
    assert monday[6:14] == [0] * 8  # called by 16:00, done by 20:00
    assert monday[14:19] == [12 * HOUR] * 5
    assert monday[19:] == [hours * HOUR for hours in (11, 10, 9, 8, 7)]
    # Saturday ends at 20:00 for both: what is open then goes on on Monday for both
    assert (
        said(check, BY_DAY)[0]
        == "Up to 12 h late (Production shifts with nights), although everybody keeps theirs."
    )
    assert one(found(BY_DAY), "restore", "P1", "server", "hardware-vendor").verdict is Verdict.COVERED


def test_a_holiday_is_where_it_breaks() -> None:
    """The client is served around the clock, the supplier on office days: worst before the longest break of the year.

    2026: Saturday 14 February is worked, 15 to 23 are not. Called on the 14th after 20:00, the supplier begins on the 24th.
    """
    around = ("  extended:\n", "  around: {always: true}\n  extended:\n")
    night = ("calendar: production\n", "calendar: around\n")
    unused = ("  # 夜班跨零点", "  # ")
    replacements = (
        around, night, unused, BY_DAY,
        ("ola_restore: 2 h", "ola_restore: {within: 2 h, calendar: around}"),
        ("restore: 6 h", "restore: 24 h"),
    )  # fmt: skip
    check = one(found(*replacements), "restore", "P1", "line-control", "hardware-vendor")
    assert check.examination is not None and check.worst is not None
    assert check.verdict is Verdict.NOT_COVERED
    # opened 14:00 on the 14th, called at 16:00, may end at 20:00 or, still in time, when the supplier opens on the 24th
    first, last = datetime(2026, 2, 14, 14, 0, tzinfo=SHANGHAI), datetime(2026, 2, 24, 8, 0, tzinfo=SHANGHAI)
    assert check.examination.excess_seconds == int((last - first).total_seconds()) - 24 * HOUR
    assert local(check.worst.at).startswith("Sat 2026-02-14")
    broken = check.examination.broken_days
    assert 0 < broken < check.examination.days == 365
    assert f"It can happen on {broken} of 365 days." in said(check, *replacements)


# --- which clocks belong together


def test_without_an_internal_goal_nothing_says_when_the_supplier_is_called() -> None:
    result = found(("ola_restore: 2 h", "ola_restore: none"))
    check = one(result, "restore", "P1", "server", "hardware-vendor")
    assert (check.verdict, path_clocks(check), check.lacking) == (
        Verdict.OPEN_ENDED,
        [["uc_restore"]],
        ("ola_restore",),
    )
    assert check.examination is not None and check.examination.excess_seconds == -2 * HOUR
    assert check.uncovered == ("waiting_parts",)  # now no clock within runs while parts are awaited
    text = said(check)
    assert text[:2] == [
        "No internal goal says by when 示例硬件厂商 is called.",
        "Called at once, 2 h are left in the worst case (Mon to Sat 08:00-20:00).",
    ]
    assert "Waiting for parts" in text[-1]


def test_looser_than_promised_even_if_called_at_once() -> None:
    replacements = (("ola_restore: 2 h", "ola_restore: none"), ("uc_restore: 4 h", "uc_restore: 7 h"))
    check = one(found(*replacements), "restore", "P1", "server", "hardware-vendor")
    assert check.verdict is Verdict.NOT_COVERED and check.is_looser and check.is_at_once
    assert check.examination is not None and check.examination.excess_seconds == HOUR
    text = said(check, *replacements)
    assert (
        text[0]
        == "Up to 1 h late (Mon to Sat 08:00-20:00), although 示例硬件厂商 keeps theirs, called at once."
    )
    assert "“Supplier repair (UC)” has more time than “Restore”, in the same calendar." in text
    assert text[-2] == "It would fit with at most 6 h for “Supplier repair (UC)” (Mon to Sat 08:00-20:00)."


def test_an_internal_clock_that_does_not_wait_for_the_supplier_says_nothing_of_the_call() -> None:
    result = found(("stops: [ola_restore]", "stops: none"))
    assert one(result, "restore", "P1", "server", "hardware-vendor").verdict is Verdict.OPEN_ENDED


def test_an_internal_clock_until_the_dispatch_limits_the_call() -> None:
    replacements = (
        ("  ola_restore:\n", "  ola_dispatch: {audience: internal, start: [opened], stop: [dispatched, resolved, closed]}\n  ola_restore:\n"),
        ("ola_restore: 2 h", "ola_dispatch: 30 min, ola_restore: none"),
        ("uc_restore: 4 h", "uc_restore: 5 h"),
    )  # fmt: skip
    check = one(found(*replacements), "restore", "P1", "server", "hardware-vendor")
    assert (check.verdict, path_clocks(check)) == (Verdict.COVERED, [["ola_dispatch", "uc_restore"]])
    assert check.examination is not None and check.examination.excess_seconds == -HOUR // 2


def test_of_two_limits_the_earlier_one_decides() -> None:
    replacements = (
        ("  ola_restore:\n", "  ola_dispatch: {audience: internal, start: [opened], stop: [dispatched]}\n  ola_restore:\n"),
        ("ola_restore: 2 h", "ola_dispatch: 30 min, ola_restore: 2 h"),
        ("uc_restore: 4 h", "uc_restore: 5 h"),
    )  # fmt: skip
    check = one(found(*replacements), "restore", "P1", "server", "hardware-vendor")
    assert path_clocks(check) == [["ola_dispatch", "uc_restore"], ["ola_restore", "uc_restore"]]
    assert check.verdict is Verdict.COVERED
    assert check.worst is not None and check.worst.path == 0


def test_internal_lines_one_after_the_other() -> None:
    """First line until the assignment, second line from there on: 1 h + 1 h 30 min + 4 h exceed 6 h by half an hour."""
    replacements = (
        ("    audience: internal\n", "    audience: internal\n    start: [assigned]\n"),
        ("  ola_restore:\n", "  ola_assign: {audience: internal, start: [opened], stop: [assigned]}\n  ola_restore:\n"),
        ("ola_restore: 2 h", "ola_assign: 1 h, ola_restore: 1 h 30 min"),
    )  # fmt: skip
    result = found(*replacements)
    own = one(result, "restore", "P1", "server", None)
    assert (own.verdict, path_clocks(own)) == (Verdict.COVERED, [["ola_assign", "ola_restore"]])
    check = one(result, "restore", "P1", "server", "hardware-vendor")
    assert path_clocks(check) == [["ola_assign", "ola_restore", "uc_restore"]]
    assert check.verdict is Verdict.NOT_COVERED
    assert check.examination is not None and check.examination.excess_seconds == HOUR // 2
    assert fitting_seconds(check.examination) == 3 * HOUR + HOUR // 2


def test_the_clients_clock_that_stops_for_the_supplier_is_safe_for_that_reason() -> None:
    replacements = (
        ("stops: [ola_restore]", "stops: [restore, ola_restore]"),
        ("uc_restore: 4 h", "uc_restore: 400 h"),
    )
    check = one(found(*replacements), "restore", "P1", "server", "hardware-vendor")
    assert (check.verdict, path_clocks(check)) == (Verdict.CLOCK_STOPS, [["ola_restore"]])
    assert said(check, *replacements) == [
        "“Restore” stops while we wait for 示例硬件厂商: that time does not count.",
        "In the worst case 4 h are left (Mon to Sat 08:00-20:00).",
    ]
    late = (replacements[0], ("ola_restore: 2 h", "ola_restore: 7 h"))
    check = one(found(*late), "restore", "P1", "server", "hardware-vendor")
    assert check.verdict is Verdict.NOT_COVERED  # our own people alone are too slow
    none = (replacements[0], ("ola_restore: 2 h", "ola_restore: none"))
    check = one(found(*none), "restore", "P1", "server", "hardware-vendor")
    assert check.verdict is Verdict.CLOCK_STOPS and not check.paths
    assert said(check, *none)[1:] == ["No internal goal limits the time of our own people."]


def test_what_is_resolved_is_restored_too() -> None:
    """A supplier that promises to resolve covers the restoring, where that is soon enough; else it promises nothing for it."""
    kind = ("  uc_restore:\n    kind: restore", "  uc_restore:\n    kind: resolve")
    check = one(found(kind), "restore", "P1", "server", "hardware-vendor")
    assert (check.verdict, path_clocks(check)) == (Verdict.COVERED, [["ola_restore", "uc_restore"]])
    check = one(
        found(kind, ("uc_restore: 4 h", "uc_restore: 9 h")), "restore", "P1", "server", "hardware-vendor"
    )
    assert check.verdict is Verdict.NOTHING_PROMISED


def test_clocks_that_start_together_have_nothing_before_them() -> None:
    """The client's and the supplier's arrival are both counted from the dispatch."""
    replacements = (
        ("  respond: {}\n", "  respond: {}\n  arrive: {}\n"),
        ("P1: {respond: 15 min", "P1: {respond: 15 min, arrive: 1 h 30 min"),
        ("P2: {respond: 30 min", "P2: {respond: 30 min, arrive: none"),
        ("P3: {respond: 2 h", "P3: {respond: 2 h, arrive: none"),
    )  # fmt: skip
    check = one(found(*replacements), "arrive", "P1", "server", "hardware-vendor")
    assert (check.verdict, path_clocks(check)) == (Verdict.NOT_COVERED, [["uc_arrive"]])
    assert check.examination is not None and check.examination.excess_seconds == HOUR // 2
    assert not check.is_at_once


def test_a_supplier_without_clocks_and_one_that_serves_another_service() -> None:
    another = ("name: 示例硬件厂商}\n", "name: 示例硬件厂商}\n    - {key: silent-vendor, name: Silent Ltd}\n")
    result = found(another)
    assert result.silent == ("silent-vendor",)
    assert (
        silence("silent-vendor", speaker(another))
        == "Silent Ltd is a party to the contract and promises nothing in it."
    )
    assert not [item for item in result.checks if item.supplier == "silent-vendor"]


@pytest.mark.parametrize("pack", ["standard", "office-8x5", "datacentre-24x7", "uci"])
def test_without_suppliers_and_internal_goals_there_is_nothing_to_check(pack: str) -> None:
    assert found(document=contract_pack(pack).decode()) == BackToBack((), ())


def test_goals_in_working_days() -> None:
    """One day and two days are three only where nobody uses the night between: called before Wednesday opens is still in
    time for Tuesday's end, and two working days after Wednesday are Friday. The client was promised Thursday.
    """
    replacements = (
        ("restore: 3 working days, resolve: 5 working days, ola_restore: none, uc_arrive: none, uc_restore: none", "restore: 3 working days, resolve: 5 working days, ola_restore: 1 working days, uc_arrive: none, uc_restore: 2 working days"),
    )  # fmt: skip
    check = one(found(*replacements), "restore", "P3", "server", "hardware-vendor")
    assert check.examination is not None and check.worst is not None
    assert check.verdict is Verdict.NOT_COVERED
    assert check.examination.excess_seconds == 12 * HOUR


def test_plain_data_tells_all_of_it_and_of_every_hour() -> None:
    result = plain(found(BY_DAY), speaker(BY_DAY))
    (broken,) = (item for item in result["checks"] if item["verdict"] == "not_covered")
    assert broken["services"] == ["line-control"] and broken["excess_seconds"] == 12 * HOUR
    assert [len(row) for row in broken["hours"]] == [24] * 7
    assert broken["worst"]["promise"]["due_at"].endswith("22:00:00+08:00")
    assert [step["clock"] for step in broken["worst"]["steps"]] == ["ola_restore", "uc_restore"]
    assert broken["fitting_seconds"] is None
    assert result["silent_suppliers"] == []


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_words(verdict: Verdict) -> None:
    words: Sequence[str] = [verdict_word(item) for item in Verdict]
    assert verdict_word(verdict) and len(set(words)) == len(words)
