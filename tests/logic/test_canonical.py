"""Canonical JSON: vectors of RFC 8785, refusals with their place, and the leaf made from it."""

import hashlib
import json
from array import array
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import yunheng.logic.canonical as canonical_module
from yunheng.logic.canonical import (
    MAX_DEPTH,
    MAX_INTEGER,
    CanonicalError,
    _encoder,
    canonical,
    decimal_text,
    instant,
)
from yunheng.logic.leaf import class_digest, discloses, leaf_hash, leaf_header

# --- RFC 8785 ---------------------------------------------------------------------------------------------


def test_strings_escape_as_in_rfc_8785_section_3_2_2_2() -> None:
    value = {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/", "literals": [None, True, False]}
    assert canonical(value) == (
        b'{"literals":[null,true,false],"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_control_characters_take_the_short_escape_where_there_is_one() -> None:
    assert canonical("\b\t\n\f\r\x01\x1f\x7f\u2028") == b'"\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\xe2\x80\xa8"'


def test_keys_sort_by_utf_16_code_unit_as_in_rfc_8785_section_3_2_3() -> None:
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert list(json.loads(canonical({"outer": value}))["outer"].values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


def test_no_space_and_no_order_of_insertion_is_left() -> None:
    assert canonical({"b": [1, (2, {})], "a": {"d": -0, "c": []}}) == b'{"a":{"c":[],"d":0},"b":[1,[2,{}]]}'


def test_subclasses_of_text_and_integer_are_written_by_their_value() -> None:
    class Kind(IntEnum):
        OPENED = 1

    class Label(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "something else"

    assert canonical({Label("k"): Label("v"), "n": Kind.OPENED}) == b'{"k":"v","n":1}'


_texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=5),
    max_leaves=20,
)


def _plainly(value: Any) -> str:
    """RFC 8785 written out once more, slowly."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: array("H", key.encode("utf-16")).tolist())
        return "{" + ",".join(_plainly(key) + ":" + _plainly(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_plainly, value)) + "]"
    if isinstance(value, str):
        short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
        return (
            '"'
            + "".join(short.get(ord(c)) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in value)
            + '"'
        )
    return "null" if value is None else str(value).lower()


@given(_values)
def test_canonical_agrees_with_a_plain_writing_of_the_rfc_and_reads_back(value: Any) -> None:
    encoded = canonical(value)
    assert encoded == _plainly(value).encode()
    assert json.loads(encoded) == value


@given(_values)
def test_an_interpreter_without_a_fast_encoder_gives_the_same_bytes(value: Any) -> None:
    fast = canonical(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonical_module, "_encode_sorted", _encoder(None, is_sorted=True))
        patch.setattr(canonical_module, "_encode_as_given", _encoder(None, is_sorted=False))
        assert canonical(value) == fast


@given(st.dictionaries(_texts, _values, max_size=6), st.randoms())
def test_order_of_keys_does_not_matter(value: dict[str, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert canonical(dict(items)) == canonical(value)


# --- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "path", "reason"),
    [
        ({"a": [0, {"b": 1.5}]}, "a[1].b", "a float is not exact"),
        ({"a": float("nan")}, "a", "a float is not exact"),
        (Decimal("1.5"), "", "a decimal goes in as text"),
        ({"at": datetime(2026, 4, 1, tzinfo=UTC)}, "at", "an instant goes in as text"),
        ([MAX_INTEGER + 1], "[0]", "an integer beyond"),
        ({"n": -MAX_INTEGER - 1}, "n", "an integer beyond"),
        ({"t": "a\0b"}, "t", "the character NUL"),
        ({"t": "\\u0000 \0"}, "t", "the character NUL"),
        ({"t": ["ok", "\ud800"]}, "t[1]", "a lone surrogate"),
        ({"a": {"k\udfff": 1}}, "a.k?", "a lone surrogate"),
        ({"a": {"\U0001f600": 1, "k\udfff": 1}}, "a.k?", "a lone surrogate"),
        ({"a": {1: "x"}}, "a", "a key must be text, not int"),
        ({"a": {None: "x"}}, "a", "a key must be text, not NoneType"),
        ({"a": b"x"}, "a", "bytes has no canonical form"),
        ({"a": {1, 2}}, "a", "set has no canonical form"),
    ],
)
def test_what_has_no_canonical_form_is_refused_with_its_place(value: Any, path: str, reason: str) -> None:
    with pytest.raises(CanonicalError) as caught:
        canonical(value)
    assert caught.value.path == path
    assert reason in caught.value.reason


def test_the_limits_themselves_are_accepted() -> None:
    assert canonical([MAX_INTEGER, -MAX_INTEGER]) == b"[9007199254740991,-9007199254740991]"
    assert canonical("\\u0000") == b'"\\\\u0000"'  # the six characters, not NUL
    deepest: list[Any] = []
    for _ in range(MAX_DEPTH - 1):
        deepest = [deepest]
    assert canonical(deepest) == b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    with pytest.raises(CanonicalError, match="nested deeper"):
        canonical([deepest])


def test_a_structure_that_contains_itself_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    with pytest.raises(CanonicalError, match="nested deeper"):
        canonical(loop)


# --- instants and decimals --------------------------------------------------------------------------------


def test_an_instant_outside_the_years_of_utc_is_refused() -> None:
    with pytest.raises(CanonicalError):
        instant(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8))))


def test_an_instant_has_a_fixed_width_in_utc() -> None:
    assert instant(datetime(2026, 11, 21, 22, 54, 7, 123456, tzinfo=UTC)) == "2026-11-21T22:54:07.123456Z"
    beijing = timezone(timedelta(hours=8))
    assert instant(datetime(2026, 1, 1, 7, 0, tzinfo=beijing)) == "2025-12-31T23:00:00.000000Z"
    assert instant(datetime(33, 1, 1, tzinfo=UTC)) == "0033-01-01T00:00:00.000000Z"
    with pytest.raises(CanonicalError, match="time zone"):
        instant(datetime(2026, 1, 1))  # noqa: DTZ001 - the refusal is the point


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_order_of_instants_is_order_of_their_text(a: datetime, b: datetime) -> None:
    assert (instant(a) < instant(b)) == (a < b)
    assert datetime.fromisoformat(instant(a)) == a


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("92.50", "92.5"),
        ("1E+2", "100"),
        ("-0.00", "0"),
        ("1E-7", "0.0000001"),
        ("-3.10", "-3.1"),
        ("0E+9", "0"),
    ],
)
def test_a_decimal_is_plain_digits(value: str, text: str) -> None:
    assert decimal_text(Decimal(value)) == text


def test_a_decimal_with_given_digits_is_padded_and_never_rounded() -> None:
    assert decimal_text(Decimal("92.5"), 2) == "92.50"
    assert decimal_text(Decimal(0), 1) == "0.0"
    assert decimal_text(Decimal("92.500"), 1) == "92.5"
    with pytest.raises(CanonicalError, match="more than 1 digits"):
        decimal_text(Decimal("92.55"), 1)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "sNaN", "1E+64", "1E-999999"])
def test_a_decimal_without_reasonable_text_is_refused(value: str) -> None:
    with pytest.raises(CanonicalError):
        decimal_text(Decimal(value))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=6))
def test_equal_decimals_have_equal_text(value: Decimal) -> None:
    text = decimal_text(value)
    assert Decimal(text) == value
    assert text == decimal_text(value.normalize())


# --- the leaf ---------------------------------------------------------------------------------------------

_AT = datetime(2026, 4, 1, 1, 2, 3, 4, tzinfo=UTC)
_SALT = bytes(range(16))


def _header(**changes: Any) -> Any:
    fields: dict[str, Any] = {
        "log": "ACME",
        "subject": "ACME-INC-20260401-0007",
        "type": "ticket.opened",
        "occurred_at": _AT,
        "recorded_at": _AT + timedelta(seconds=1),
        "actor": "person",
        "source": "person",
        "shared": class_digest(_SALT, {"title": "打印机", "priority": "p3"}),
    }
    return leaf_header(**(fields | changes))


def test_the_leaf_format_never_changes() -> None:
    """Computed here from the definition; a different figure would orphan every log that was ever sealed."""
    shared = hashlib.sha256(_SALT + '{"priority":"p3","title":"打印机"}'.encode()).hexdigest()
    header = (
        '{"actor":"person","internal":null,"log":"ACME","occurred_at":"2026-04-01T01:02:03.000004Z","personal":null,'
        f'"recorded_at":"2026-04-01T01:02:04.000004Z","shared":"{shared}","source":"person",'
        '"subject":"ACME-INC-20260401-0007","type":"ticket.opened","v":1}'
    )
    assert shared == "a55fe47b80b38f2a0a767b9940f70c7f873bbbf23b7b6ddd0cdb9939c09ab6e4"
    assert leaf_hash(_header()) == hashlib.sha256(b"\0" + header.encode()).digest()
    assert leaf_hash(_header()).hex() == "c29c26acf00b3ae394ec568f091934b8b08c928f1f51c762145a2f6a8585e763"


@given(_texts, _texts, _texts)
def test_the_leaf_is_the_hash_of_the_canonical_header_whatever_its_texts(
    log: str, subject: str, kind: str
) -> None:
    header = _header(log=log, subject=subject, type=kind)
    assert leaf_hash(header) == hashlib.sha256(b"\0" + canonical(header)).digest()


def test_a_header_with_a_key_too_many_has_another_hash() -> None:
    assert leaf_hash(_header() | {"extra": 1}) != leaf_hash(_header())


def test_a_header_read_from_elsewhere_cannot_pass_by_another_type() -> None:
    assert leaf_hash(_header() | {"v": "1"}) != leaf_hash(_header())
    assert leaf_hash(_header() | {"log": ["ACME"]}) != leaf_hash(_header())
    for value in (1.0, Decimal(1)):
        for field in ("v", "log"):
            with pytest.raises(CanonicalError):
                leaf_hash(_header() | {field: value})


@pytest.mark.parametrize("field", ["log", "subject", "type", "actor"])
@pytest.mark.parametrize("text", ["\0", "\ud800"])
def test_a_header_with_text_that_cannot_be_kept_is_refused(field: str, text: str) -> None:
    with pytest.raises(CanonicalError) as caught:
        leaf_hash(_header(**{field: text}))
    assert caught.value.path == field


def test_a_header_refuses_an_unknown_source_and_a_digest_that_is_none() -> None:
    with pytest.raises(ValueError, match="unknown source 'robot'"):
        _header(source="robot")
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        _header(internal="abc")
    with pytest.raises(CanonicalError, match="time zone"):
        _header(occurred_at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_disclosure_matches_only_the_committed_data_and_salt() -> None:
    header = _header()
    data = {"title": "打印机", "priority": "p3"}
    assert discloses(header, "shared", _SALT, data)
    assert not discloses(header, "shared", _SALT, data | {"priority": "p1"})
    assert not discloses(header, "shared", bytes(16), data)
    assert not discloses(header, "internal", _SALT, data)
    with pytest.raises(ValueError, match="16 bytes"):
        class_digest(b"short", data)
