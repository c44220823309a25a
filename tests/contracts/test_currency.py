"""Decimal places of money: those of the currency, unless a contract names others."""

from decimal import Decimal

import pytest

from yunheng.appraisal.money import money_text
from yunheng.contracts.scoring.checking import Surroundings
from yunheng.contracts.scoring.compile import scheme_of
from yunheng.contracts.scoring.reading import read_rules
from yunheng.logic.score import settle

DOCUMENT = """
scoring:
  full: 100
  start: 100
  events: {{late: {{label: Late}}}}
  sections:
    field: {{label: Field, items: {{late: {{label: Late, occurrence: {{of: [late], points: 1}}}}}}}}
  settlement:
    currency: {currency}
    coefficients: [{{from: 90, coefficient: 1}}, {{below: 90, coefficient: 0.95}}]
"""


@pytest.mark.parametrize(
    ("currency", "more", "payable", "shown"),
    # 33,333 × 0.95 = 31,666.35; half-up to whole yen 31,666
    [
        ("CNY", "", "31666.35", "31,666.35 CNY"),
        ("JPY", "", "31666", "31,666 JPY"),
        ("KWD", "", "31666.350", "31,666.350 KWD"),
        ("CNY", "    digits: 0\n", "31666", "31,666.00 CNY"),
        ("JPY", "    digits: 1\n", "31666.4", "31,666.4 JPY"),  # nothing is rounded away
    ],
)
def test_a_currency_has_its_own_decimal_places(currency: str, more: str, payable: str, shown: str) -> None:
    document = DOCUMENT.format(currency=currency) + more
    terms = read_rules(document.encode(), Surroundings([], [], [], [])).terms
    settled = settle(scheme_of(terms), Decimal(80), Decimal(33_333))
    assert str(settled.payable) == payable
    assert money_text(settled.payable, settled.currency) == shown
