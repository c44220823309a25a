"""What texts are stored under and what searches look for: both sides must meet, and nothing breaks their notation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunheng.logic.words import (
    MOST_BYTES,
    MOST_TERMS,
    MOST_WORDS,
    number_words,
    queries,
    texts_in,
    vector,
    words_of,
)


def is_found(query: str, text: str) -> bool:
    """What the database does: every part a stored word, or the beginning of one."""
    stored = set(words_of(text))
    for term in queries(query):
        for part in term.split(" & "):
            word, is_prefix = part.removesuffix(":*")[1:-1], part.endswith(":*")
            if not (any(one.startswith(word) for one in stored) if is_prefix else word in stored):
                return False
    return bool(queries(query))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("端口", "核心交换机端口闪断"),
        ("闪断", "核心交换机端口闪断"),
        ("机", "核心交换机端口闪断"),
        ("断", "核心交换机端口闪断"),  # the last character of a run
        ("交换机 闪断", "核心交换机端口闪断"),
        ("mes", "产线 MES 间歇性断连"),
        ("SW-CORE-01", "更换 sw-core-01 的光模块"),
        ("core", "SW-CORE-01"),
        ("switch", "Switches fail"),
        ("ＭＥＳ", "mes"),  # full width
        ("⾼⻔", "高门"),  # a Kangxi radical and one of the supplement, as PDF files have them
        ("straße", "STRASSE"),
        ("10.0.0.1", "host 10.0.0.1 down"),
        ("サーバ", "サーバが落ちた"),
        ("it's", "it's"),
    ],
)
def test_found(query, text):
    assert is_found(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("口端", "核心交换机端口闪断"),  # pairs have an order
        ("端口 打印机", "核心交换机端口闪断"),  # all parts or nothing
        ("sw", "switch"),  # two letters find themselves only
        ("", "anything"),
        ("!? —", "anything"),
    ],
)
def test_not_found(query, text):
    assert not is_found(query, text)


def test_a_number_is_found_by_its_tail():
    assert set(number_words("ACME-INC-20260401-0007")) == {"acme", "inc", "20260401", "0007", "7"}
    assert set(number_words("INC0000045")) == {"inc0000045", "0000045", "45"}
    assert set(number_words("核心-A")) == {"a"}
    assert list(number_words("")) == []


def test_the_text_of_a_vector_is_quoted():
    assert vector(["a", "b", "a"]) == "'a' 'b'"
    assert vector(["it's", "back\\slash"]) == "'it''s' 'back\\\\slash'"
    assert vector([]) == ""


def test_limits():
    assert len(vector(f"w{number}" for number in range(MOST_WORDS + 5)).split()) == MOST_WORDS
    assert len(queries(" ".join(f"w{number}" for number in range(50)))) == MOST_TERMS
    (long,) = words_of("ö" * 500)
    assert len(long.encode()) <= MOST_BYTES
    assert is_found("ö" * 500, "ö" * 400)  # by its beginning


def test_what_people_wrote_in_an_entry():
    data = {
        "changes": {"title": "t", "state": "new", "resolution": "r", "is_major": True},
        "form": {"note": "n", "team": "second-line", "reason": "why"},
        "files": [{"name": "photo.jpg", "sha256": "00"}],
        "requester": {"id": "x", "name": "王海波"},
        "facts": [{"fact": "opened"}],
        "text": "hello",
        "transition": "resolve",
    }
    assert sorted(texts_in(data)) == sorted(["t", "r", "n", "why", "photo.jpg", "王海波", "hello"])
    assert list(texts_in(None)) == []
    assert list(texts_in({"text": 4, "form": None, "files": "x", "requester": "y"})) == []


texts = st.text(max_size=60)


@settings(max_examples=100, deadline=None)
@given(text=texts)
def test_every_text_is_found_by_itself(text):
    if queries(text) and len(queries(text)) < MOST_TERMS:
        assert is_found(text, text)


@settings(max_examples=100, deadline=None)
@given(text=texts)
def test_no_word_carries_what_the_notation_needs(text):
    assert not any(letter in word for word in words_of(text) for letter in "'\\ \t\n\0:&|!()*")


@settings(max_examples=100, deadline=None)
@given(
    head=st.text("核心交换机端口闪断", max_size=5),
    middle=st.text("核心交换机端口闪断", min_size=1, max_size=6),
    tail=texts,
)
def test_any_piece_of_chinese_is_found(head, middle, tail):
    assert is_found(middle, head + middle + tail)
