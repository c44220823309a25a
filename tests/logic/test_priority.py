"""Priority is looked up in a complete table; an incomplete one is refused with every gap named."""

import pytest

from yunheng.logic.priority import PriorityError, priority_table

IMPACTS = ("high", "medium", "low")
URGENCIES = ("high", "low")
PRIORITIES = ("p1", "p2", "p3", "p4")
MATRIX = {
    "high": {"high": "p1", "low": "p2"},
    "medium": {"high": "p2", "low": "p3"},
    "low": {"high": "p3", "low": "p4"},
}


def test_every_cell_is_found_where_the_contract_wrote_it() -> None:
    table = priority_table(IMPACTS, URGENCIES, PRIORITIES, MATRIX)
    found = {
        impact: {urgency: table.priority_of(impact, urgency) for urgency in URGENCIES} for impact in IMPACTS
    }
    assert found == MATRIX
    assert table.unused() == ()
    assert table.inversions() == ()


def test_a_word_that_the_table_does_not_have_is_refused() -> None:
    table = priority_table(IMPACTS, URGENCIES, PRIORITIES, MATRIX)
    with pytest.raises(PriorityError) as caught:
        table.priority_of("huge", "soon")
    assert [fault.path for fault in caught.value.faults] == ["impact", "urgency"]
    assert "'huge' is none of high, medium, low" in str(caught.value)


def test_an_incomplete_or_wrong_table_is_refused_with_every_fault() -> None:
    matrix = {
        "high": {"high": "p1"},
        "medium": {"high": "p9", "low": "p3", "soon": "p1"},
        "huge": {"high": "p1"},
    }
    with pytest.raises(PriorityError) as caught:
        priority_table(IMPACTS, URGENCIES, (*PRIORITIES, "p4"), matrix)
    assert {(fault.path, fault.reason.split(";")[0]) for fault in caught.value.faults} == {
        ("priorities", "names 'p4' more than once"),
        ("matrix.huge", "there is no impact 'huge'"),
        ("matrix.high.low", "missing"),
        ("matrix.medium.soon", "there is no urgency 'soon'"),
        ("matrix.medium.high", "there is no priority 'p9'"),
        ("matrix.low", "missing"),
    }


def test_empty_lists_are_refused() -> None:
    with pytest.raises(PriorityError) as caught:
        priority_table((), (), (), {})
    assert [fault.path for fault in caught.value.faults] == ["impacts", "urgencies", "priorities"]


def test_a_priority_without_a_cell_and_a_cell_against_the_order_are_seen() -> None:
    matrix = MATRIX | {"high": {"high": "p2", "low": "p3"}, "medium": {"high": "p1", "low": "p3"}}
    table = priority_table(IMPACTS, URGENCIES, (*PRIORITIES, "p5"), matrix)
    assert table.unused() == ("p5",)
    assert table.inversions() == (("high", "high"),)
