"""What may be laid side by side, and what may not."""

from decimal import Decimal
from fractions import Fraction

import pytest

from yunheng.logic.comparison import FEW, Scored, Share, by_score, change, differ, numbered, union_seconds


def scored(scheme: str, value: str | None) -> Scored:
    return Scored(scheme, None if value is None else Decimal(value))


@pytest.mark.parametrize(
    ("share", "fraction", "is_few"),
    [
        (Share(3, 4), Fraction(3, 4), True),
        (Share(0, 1), Fraction(0), True),  # 0 % is a figure …
        (Share(0, 0), None, False),  # … and nothing is none
        (Share(4, FEW), Fraction(4, 5), False),
    ],
)
def test_a_share_of_nothing_is_no_share(share: Share, fraction: Fraction | None, is_few: bool) -> None:
    assert (share.fraction, share.is_few, share.missed) == (
        fraction,
        is_few,
        share.denominator - share.numerator,
    )


def test_shares_are_added_by_their_sums() -> None:
    both = Share(1, 1) + Share(0, 3)
    assert (both, both.fraction) == (Share(1, 4), Fraction(1, 4))  # not the mean of 100 % and 0 %


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (scored("a", "92.5"), scored("a", "90"), Decimal("2.5")),
        (scored("a", "-3"), scored("a", "-1"), Decimal(-2)),
        (scored("a", "92.5"), scored("b", "90"), None),  # another scheme: another measure
        (scored("a", None), scored("a", "90"), None),
        (scored("a", "92.5"), scored("a", None), None),
        (scored("a", "92.5"), None, None),
        (None, scored("a", "90"), None),
    ],
)
def test_only_scores_of_one_scheme_have_a_difference(
    now: Scored | None, before: Scored | None, expected: Decimal | None
) -> None:
    assert change(now, before) == expected


def test_kinds_are_numbered_as_they_appear() -> None:
    assert numbered(["g", None, "a", "g"]) == (1, None, 2, 1)
    assert numbered([]) == ()


def test_what_is_not_known_does_not_differ() -> None:
    assert differ(["98", "95", None])
    assert not differ(["98", None, "98"])
    assert not differ([None, None])


def test_scores_are_ordered_scheme_by_scheme() -> None:
    rows = [
        scored("g", "70"),
        None,
        scored("a", "99"),
        scored("g", "95"),
        scored("g", None),
        scored("g", "70"),
    ]
    # g has the most rows; its best first, equals in their order, without a score last; then a, although it is higher
    assert by_score(rows) == (3, 0, 5, 4, 2, 1)


def test_a_score_below_zero_is_worse() -> None:
    assert by_score([scored("b", "-12.5"), scored("b", "0"), scored("b", "-1")]) == (1, 2, 0)


def test_seconds_that_two_spans_share_count_once() -> None:
    assert union_seconds([(5, 9), (0, 4), (3, 6), (20, 20), (30, 25)]) == 9
    assert union_seconds([]) == 0
