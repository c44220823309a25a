"""Amounts of money as they are shown: grouped by thousands, with the currency."""

from decimal import Decimal

from yunheng.contracts.scoring.currency import places_of

__all__ = ["amount_text", "money_text"]


def amount_text(amount: Decimal, digits: int = 2) -> str:
    """ "−1,234.50": grouped by thousands, with a true minus. `digits` decimal places; nothing is rounded away."""
    places = max(digits, -int(amount.normalize().as_tuple().exponent) if amount else 0)
    text = f"{abs(amount):,.{places}f}"
    return f"−{text}" if amount < 0 else text


def money_text(amount: Decimal, currency: str) -> str:
    """ "304,000.00 CNY", "304,000 JPY"."""
    return f"{amount_text(amount, places_of(currency))} {currency}".strip()
