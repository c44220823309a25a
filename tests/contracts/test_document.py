"""Reading YAML: every kind of broken document gets a clear answer with its place, hostile ones fast."""

import time

import pytest
from tests.contracts.documents import SMALL

from yunheng.contracts.document import MAX_BYTES, MapNode, ScalarNode, places, read_document
from yunheng.contracts.problems import DocumentError, Place

BOMB = b'a: &a ["x","x","x","x","x","x","x","x","x"]\n' + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b",".join([b"*%c" % (letter - 1)] * 9)) for letter in range(98, 107)
)

BROKEN = {
    "empty": (b"", "empty", (1, 1), "the document is empty"),
    "only a comment": (b"# x\n", "empty", (1, 1), "key: acme"),
    "list": (b"- a\n", "not_a_mapping", (1, 1), "must be a mapping"),
    "text": (b"just words\n", "not_a_mapping", (1, 1), "key: value"),
    "GB18030": ("a: 1\nb: 中".encode("gb18030"), "encoding", (2, 4), "UTF-8"),
    "UTF-16": ("a: 1".encode("utf-16"), "encoding", (1, 1), "UTF-16"),
    "NUL": (b"a: 1\nb: x\0", "control_character", (2, 5), "U+0000"),
    "escaped NUL": (b'a: "\\0"\n', "control_character", (1, 4), "U+0000"),
    "lone surrogate": (b'a: "\\ud800"\n', "control_character", (1, 4), "U+D800"),
    "tab": (b"a:\n\tb: 1\n", "tab", (2, 1), "indent with spaces"),
    "open quote": (b'a: 1\nb: "x\nc: y\n', "unclosed_quote", (2, 4), "close it"),
    "two colons": (b"a: b: c\n", "colon", (1, 5), "quotes"),
    "no colon": (b"a: 1\nbcd\ne: 1\n", "no_colon", (3, 1), "key: value"),
    "dash among keys": (b"a: 1\n- b\n", "dash", (2, 1), "indent it under its key"),
    "indentation": (b"a:\n    b: 1\n  c: 2\n", "indentation", (3, 3), "same column"),
    "open bracket": (b"a: [1, 2\nb: 3\n", "bracket", (2, 2), "close ["),
    "unknown escape": (b'a: "\\q"\n', "escape", (1, 6), "single quotes"),
    "reserved sign": (b"a: @x\n", "reserved_character", (1, 4), "quotes"),
    "first line shifted": (b"  a: 1\nb: 2\n", "indentation", (2, 1), "same column"),
    "dash in a value": (b"a: - b\n", "dash", (1, 4), "indent it"),
    "text after a bar": (b"a: > b\n", "reserved_character", (1, 6), "quotes"),
    "lone star": (b"a: *\n", "reserved_character", (1, 5), "quotes"),
    "two documents": (b"a: 1\n---\nb: 2\n", "many_documents", (2, 1), "one contract"),
    "YAML 1.1": (b"%YAML 1.1\n---\na: 1\n", "yaml_version", (2, 1), "YAML 1.2"),
    "python tag": (b"a: !!python/object/apply:os.system [id]\n", "tag", (1, 4), "needs no tags"),
    "merge key": (b"a: &x {b: 1}\nc:\n  <<: *x\n", "merge_key", (3, 3), "write the values out"),
    "unknown alias": (b"a: *x\n", "unknown_alias", (1, 4), "no anchor &x"),
    "alias to itself": (b"a: &x [*x]\n", "unknown_alias", (1, 8), "no anchor &x"),
    "list as key": (b"? [a, b]\n: 1\n", "key_not_text", (1, 3), "cannot be a key"),
    "key twice": (b"a: 1\nb:\n  c: 1\n  c: 2\n", "duplicate_key", (4, 3), "line 3"),
    "too deep": (b"a: " + b"[" * 40, "too_deep", (1, 19), "16 deep"),
    "billion laughs": (BOMB, "too_many_nodes", (4, 4), "50000 values"),
    "too large": (b"#" * (MAX_BYTES + 1), "too_large", (1, 1), str(MAX_BYTES)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_document_is_refused_with_its_place(name: str) -> None:
    data, code, place, words = BROKEN[name]
    with pytest.raises(DocumentError) as refused:
        read_document(data)
    problem = refused.value.problems[-1]
    assert (problem.code, problem.place) == (code, Place(*place))
    assert words in problem.text()
    assert problem.line("F").startswith(f"F:{place[0]}:{place[1]}")


@pytest.mark.parametrize(
    "data",
    [
        BOMB,
        b"a: " + b"[" * 200_000,
        b"{" * 200_000,
        b"- " * 120_000,
        b"? " * 120_000,
        b"a: [" + b",".join(b"&a%d x" % number for number in range(20_000)) + b"]",
        b"a: " + b"x" * 250_000,
        b"a: &a x\nb: [" + b"*a," * 60_000 + b"]",
    ],
    ids=["laughs", "brackets", "braces", "dashes", "questions", "anchors", "long", "aliases"],
)
def test_hostile_document_is_answered_fast(data: bytes) -> None:
    began = time.process_time()
    try:
        read_document(data)
    except DocumentError as error:
        assert error.problems
    assert time.process_time() - began < 5  # about one second on an idle machine


def test_several_duplicate_keys_are_all_named() -> None:
    with pytest.raises(DocumentError) as refused:
        read_document(b"a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [problem.path for problem in refused.value.problems] == [("a",), ("b", "c")]


def test_scalars_keep_the_text_as_written() -> None:
    root = read_document(b"\xef\xbb\xbftime: 22:30\nno: NO\noctal: 010\nquoted: '1'\nempty:\n")
    shown = {key.text: (node.text, node.kind) for key, node in root.pairs if isinstance(node, ScalarNode)}
    assert shown == {
        "time": ("22:30", "text"),
        "no": ("NO", "text"),
        "octal": ("010", "number"),
        "quoted": ("1", "text"),
        "empty": ("", "null"),
    }


def test_places_name_keys_and_items() -> None:
    root = read_document(b"a:\n  - b: 1\n    c: [2, 3]\n")
    found = places(root)
    assert found["a",] == Place(1, 1)
    assert found["a", 0, "c"] == Place(3, 5)
    assert found["a", 0, "c", 1] == Place(3, 12)


def test_aliases_work_within_limits() -> None:
    root = read_document(b"a: &x {b: 1}\nc: *x\n")
    first, second = root.get("a"), root.get("c")
    assert isinstance(first, MapNode)
    assert first is second


def test_a_small_contract_reads() -> None:
    assert read_document(SMALL.encode()).get("key") is not None
