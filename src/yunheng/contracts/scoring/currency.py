"""Decimal places of currencies (ISO 4217): a yuan has fen, a yen has nothing below it."""

from typing import Final

_NONE: Final = frozenset(
    (
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
        *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
    )
)
_THREE: Final = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


def places_of(currency: str) -> int:
    """How many decimal places amounts of a currency have; 2 for one that is not known here."""
    return 0 if currency in _NONE else 3 if currency in _THREE else 2
