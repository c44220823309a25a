"""Amounts of money in Chinese capitals, as vouchers and contracts want them."""

from decimal import Decimal
from typing import Final

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万亿")
_MOST: Final = Decimal(10) ** 16


def capital_amount(amount: Decimal) -> str:
    """An amount of yuan in capitals, as it stands on Chinese vouchers (人民币大写): “人民币壹拾万元整”.

    By the usual rules of writing vouchers: one 零 for any row of zeros inside, 整 where there is no fen. Raises
    ValueError for parts of a fen and for 10^16 yuan or more.
    """
    if amount != amount.quantize(Decimal("0.01")):
        raise ValueError(f"{amount} has parts of a fen")
    if abs(amount) >= _MOST:
        raise ValueError(f"{amount} is too large for words")
    sign = "负" if amount < 0 else ""
    fen_in_all = int(abs(amount) * 100)
    yuan, rest = divmod(fen_in_all, 100)
    jiao, fen = divmod(rest, 10)
    whole = f"{_whole(yuan)}元" if yuan else ""
    if not rest:
        return f"人民币{sign}{whole or '零元'}整"
    part = ""
    if jiao:
        part += f"{_DIGITS[jiao]}角"
    elif yuan:
        part += "零"
    part += f"{_DIGITS[fen]}分" if fen else "整"
    return f"人民币{sign}{whole}{part}"


def _whole(number: int) -> str:
    """A whole number above 0 in capitals, in groups of four places."""
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    text = ""
    is_gap = False  # zeros that wait for the next digit
    for place in reversed(range(len(groups))):
        group = groups[place]
        if not group:
            is_gap = bool(text)
            continue
        if text and (is_gap or group < 1_000):
            text += _DIGITS[0]
        text += _group(group) + _GROUPS[place]
        is_gap = False
    return text


def _group(number: int) -> str:
    """Up to four places, with one 零 for zeros between digits and none at the end."""
    text = ""
    is_gap = False
    for place in reversed(range(4)):
        digit = number // 10**place % 10
        if not digit:
            is_gap = bool(text)
            continue
        if is_gap:
            text += _DIGITS[0]
            is_gap = False
        text += _DIGITS[digit] + _PLACES[place]
    return text
