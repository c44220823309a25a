"""Canonical JSON (RFC 8785) of the data that is hashed: one value has exactly one sequence of bytes."""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

__all__ = ["MAX_DEPTH", "MAX_INTEGER", "CanonicalError", "canonical", "decimal_text", "instant"]

MAX_INTEGER = 2**53 - 1
"""Largest magnitude of an integer that every JSON reader keeps exactly (RFC 8785 §3.2.2.3, RFC 7493 §2.2)."""

MAX_DEPTH = 64
"""Deepest nesting that is accepted; a structure that contains itself is refused by it, too."""

_MAX_DECIMAL_PLACES = 64

_Encode = Callable[[object], str]


def _encoder(
    make: Callable[..., Callable[[object, int], Iterable[str]]] | None, *, is_sorted: bool
) -> _Encode:
    """How a value becomes text. `make` is the interpreter's own maker of encoders; None where it has none.

    JSONEncoder.encode makes one anew for every value, which takes longer than to encode a small one.
    """
    plain = json.JSONEncoder(
        ensure_ascii=False,
        sort_keys=is_sorted,
        separators=(",", ":"),
        check_circular=False,
        allow_nan=False,
    )
    if make is None:
        return plain.encode
    quoted = json.encoder.encode_basestring
    chunks = make(None, plain.default, quoted, None, ":", ",", is_sorted, False, False)
    return lambda value: "".join(chunks(value, 0))


_MAKE = getattr(json.encoder, "c_make_encoder", None)
_encode_sorted = _encoder(_MAKE, is_sorted=True)
_encode_as_given = _encoder(_MAKE, is_sorted=False)


class CanonicalError(ValueError):
    """A value that has no canonical form. `path` leads to it ("lines[2].price"; "" is the whole value)."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path or 'value'}: {reason}")
        self.path = path
        self.reason = reason


def canonical(value: object) -> bytes:
    """UTF-8 bytes of `value` as RFC 8785 JSON.

    Accepted: None, bool, int within ±(2^53−1), str, list and tuple, dict with str keys. Numbers with a
    fraction go in as text (`decimal_text`) and instants too (`instant`), so that no reader can round them.
    Raises CanonicalError for everything else, for the character NUL (PostgreSQL cannot keep it) and for
    lone surrogates (no UTF-8 form).
    """
    try:
        text = _encode_sorted(value) if _is_plain(value, 0) else _encode_as_given(_ordered(value))
        encoded = text.encode()
    except (_RefusedError, UnicodeEncodeError):
        raise _find_fault(value) from None
    # An escaped backslash followed by the letters u0000 looks the same: only then is the value searched.
    if "\\u0000" in text and (fault := _fault_in(value, "", 0)) is not None:
        raise fault
    return encoded


def instant(at: datetime) -> str:
    """`at` in UTC with a fixed width, so that text order is time order: "2026-11-21T22:54:07.123456Z".

    Raises CanonicalError when `at` has no time zone, or lies outside the years 1 to 9999 of UTC.
    """
    if at.tzinfo is not UTC:
        if at.utcoffset() is None:
            raise CanonicalError("", "an instant needs a time zone")
        try:
            at = at.astimezone(UTC)
        except OverflowError:
            raise CanonicalError("", "an instant lies in the years 1 to 9999 of UTC") from None
    return at.isoformat(timespec="microseconds")[:26] + "Z"


def decimal_text(value: Decimal, digits: int | None = None) -> str:
    """`value` in plain digits, never with an exponent; equal numbers give equal text.

    Without `digits` trailing zeros of the fraction go ("92.50" → "92.5", "1E+2" → "100", "-0" → "0"). With
    `digits` the fraction has exactly that many ("92.5", 2 → "92.50"). Raises CanonicalError for NaN and
    infinity, for more than 64 digits on a side, and when `digits` would round: rounding is a decision of
    its own.
    """
    if not value.is_finite():
        raise CanonicalError("", "only a finite number has a decimal text")
    if value == 0:
        return f"{Decimal(0):.{digits or 0}f}"
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    if abs(value.adjusted()) >= _MAX_DECIMAL_PLACES or -exponent > 2 * _MAX_DECIMAL_PLACES:
        raise CanonicalError("", f"more than {_MAX_DECIMAL_PLACES} digits")
    text = format(value, "f")
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    if digits is not None:
        if len(fraction) > digits:
            raise CanonicalError("", f"{text} has more than {digits} digits after the point")
        fraction = fraction.ljust(digits, "0")
    return f"{whole}.{fraction}" if fraction else whole


class _RefusedError(Exception):
    """The quick check met something without canonical form; `_find_fault` says what and where."""


def _is_plain(value: object, depth: int) -> bool:
    """Whether code point order is UTF-16 order for the keys in `value`. Raises _RefusedError."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        if -MAX_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]
            return True
        raise _RefusedError
    if depth >= MAX_DEPTH:
        raise _RefusedError
    if isinstance(value, dict):
        plain = True
        for key, item in value.items():
            if not isinstance(key, str):
                raise _RefusedError
            if not key.isascii() and max(key) > "\uffff":
                plain = False
            kind = type(item)
            if kind is not str and item is not None and not _is_plain(item, depth + 1):
                plain = False
        return plain
    if isinstance(value, list | tuple):
        plain = True
        for item in value:
            if type(item) is not str and not _is_plain(item, depth + 1):
                plain = False
        return plain
    if isinstance(value, str):
        return True
    if isinstance(value, int) and -MAX_INTEGER <= value <= MAX_INTEGER:
        return True
    raise _RefusedError


def _ordered(value: object) -> object:
    """`value` with the keys of every dict in the order of RFC 8785 §3.2.3."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=_utf16_units)}
    if isinstance(value, list | tuple):
        return [_ordered(item) for item in value]
    return value


def _utf16_units(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _find_fault(value: object) -> CanonicalError:
    fault = _fault_in(value, "", 0)
    assert fault is not None, "the quick check refused a value that the thorough check accepts"
    return fault


def _fault_in(value: object, path: str, depth: int) -> CanonicalError | None:
    """The first fault in `value`, in reading order."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return _fault_in_text(value, path)
    if isinstance(value, int):
        if -MAX_INTEGER <= value <= MAX_INTEGER:
            return None
        return CanonicalError(path, "an integer beyond ±(2^53−1) must be text")
    if isinstance(value, dict | list | tuple) and depth >= MAX_DEPTH:
        return CanonicalError(path, f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, dict):
        return _fault_in_dict(value, path, depth)
    if isinstance(value, list | tuple):
        for position, item in enumerate(value):
            if (fault := _fault_in(item, f"{path}[{position}]", depth + 1)) is not None:
                return fault
        return None
    return CanonicalError(path, _advice(value))


def _fault_in_dict(value: Mapping[object, object], path: str, depth: int) -> CanonicalError | None:
    for key, item in value.items():
        if not isinstance(key, str):
            return CanonicalError(path, f"a key must be text, not {type(key).__name__}")
        inner = f"{path}.{key}" if path else key
        fault = _fault_in_text(key, inner) or _fault_in(item, inner, depth + 1)
        if fault is not None:
            return fault
    return None


def _fault_in_text(text: str, path: str) -> CanonicalError | None:
    if "\0" in text:
        return CanonicalError(path.replace("\0", "�"), "text must not contain the character NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        shown = path.encode("utf-8", "replace").decode()
        return CanonicalError(shown, "text must not contain a lone surrogate")
    return None


def _advice(value: object) -> str:
    if isinstance(value, float):
        return "a float is not exact; use decimal_text"
    if isinstance(value, Decimal):
        return "a decimal goes in as text; use decimal_text"
    if isinstance(value, datetime):
        return "an instant goes in as text; use instant"
    return f"{type(value).__name__} has no canonical form"
