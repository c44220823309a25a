"""Amounts in figures and in Chinese capitals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunheng.appraisal.money import amount_text
from yunheng.reports.statements.amounts import capital_amount


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "人民币零元整"),
        ("0.05", "人民币伍分"),
        ("0.50", "人民币伍角整"),
        ("0.56", "人民币伍角陆分"),
        ("1", "人民币壹元整"),
        ("10", "人民币壹拾元整"),
        ("101", "人民币壹佰零壹元整"),
        ("1010.10", "人民币壹仟零壹拾元壹角整"),
        ("1001.01", "人民币壹仟零壹元零壹分"),
        ("100000", "人民币壹拾万元整"),
        ("304000", "人民币叁拾万肆仟元整"),
        ("320000.00", "人民币叁拾贰万元整"),
        ("100001", "人民币壹拾万零壹元整"),
        ("10010001", "人民币壹仟零壹万零壹元整"),
        ("100000000", "人民币壹亿元整"),
        ("100000001", "人民币壹亿零壹元整"),
        ("16200000.5", "人民币壹仟陆佰贰拾万元伍角整"),
        ("-1234.56", "人民币负壹仟贰佰叁拾肆元伍角陆分"),
        ("1000000000000", "人民币壹万亿元整"),
    ],
)
def test_capitals(amount: str, text: str) -> None:
    assert capital_amount(Decimal(amount)) == text


@given(st.integers(-(10**17), 10**17))
def test_capitals_read_back(fen: int) -> None:
    """A plain reader of the capitals gets the amount again."""
    amount = Decimal(fen) / 100
    text = capital_amount(amount).removeprefix("人民币")
    assert "零零" not in text
    sign = -1 if text.startswith("负") else 1
    yuan, _, rest = (
        text.removeprefix("负").partition("元") if "元" in text else ("", "", text.removeprefix("负"))
    )
    whole = 0
    groups = {"万亿": 10**12, "亿": 10**8, "万": 10**4, "": 1}
    for unit, factor in groups.items():
        if unit:
            part, found, tail = yuan.partition(unit)
            if found:
                whole, yuan = whole + _small(part) * factor, tail
        else:
            whole += _small(yuan)
    jiao, found, tail = rest.partition("角")
    small = _small(jiao.lstrip("零") or "零") * 10 if found else 0
    fen_part = (tail if found else rest).strip("零整")
    small += _small(fen_part.removesuffix("分") or "零")
    assert sign * (whole * 100 + small) == fen


def _small(text: str) -> int:
    digits = {word: number for number, word in enumerate("零壹贰叁肆伍陆柒捌玖")}
    total = digit = 0
    for word in text:
        if word in digits:
            digit = digits[word]
        else:
            total += digit * {"拾": 10, "佰": 100, "仟": 1000}[word]
            digit = 0
    return total + digit


def test_parts_of_a_fen_and_endless_amounts_are_refused() -> None:
    with pytest.raises(ValueError, match="parts of a fen"):
        capital_amount(Decimal("0.001"))
    with pytest.raises(ValueError, match="too large"):
        capital_amount(Decimal(10) ** 16)


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "0.00"), ("1234.5", "1,234.50"), ("-0.01", "−0.01"), ("1.005", "1.005"), ("1E+3", "1,000.00")],
)
def test_figures(amount: str, text: str) -> None:
    assert amount_text(Decimal(amount)) == text
