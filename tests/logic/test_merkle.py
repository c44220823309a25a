"""The Merkle tree against published vectors, against the recursive definition, and against tampering."""

import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunheng.logic.canonical import CanonicalError
from yunheng.logic.merkle import (
    EMPTY_ROOT,
    Frontier,
    complete_subtrees,
    consistency_nodes,
    consistency_proof,
    inclusion_nodes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    proof_from,
    root,
    subtree_root,
    tree_head_bytes,
    verify_consistency,
    verify_inclusion,
)

LARGEST = 70

# The test tree of the reference implementation of Certificate Transparency.
VECTOR_LEAVES = [
    leaf_hash(bytes.fromhex(data))
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
VECTOR_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
E = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
F = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"


def _leaves(size: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(size)]


def _by_definition(hashes: list[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1, literally."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + _by_definition(hashes[:k]) + _by_definition(hashes[k:])).digest()


def test_roots_are_the_published_ones() -> None:
    assert root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [root(VECTOR_LEAVES[:size]).hex() for size in range(1, 9)] == VECTOR_ROOTS


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (0, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", B, C]),
        (5, 8, [F, D, E]),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (1, 5, [A, B, F]),
    ],
)
def test_inclusion_proofs_are_the_published_ones(index: int, size: int, proof: list[str]) -> None:
    hashes = VECTOR_LEAVES[:size]
    assert [part.hex() for part in inclusion_proof(index, hashes)] == proof


@pytest.mark.parametrize(
    ("old", "new", "proof"),
    [
        (1, 1, []),
        (1, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", B, C]),
        (6, 8, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a", D, E]),
        (2, 5, [B, F]),
    ],
)
def test_consistency_proofs_are_the_published_ones(old: int, new: int, proof: list[str]) -> None:
    assert [part.hex() for part in consistency_proof(old, VECTOR_LEAVES[:new])] == proof


def test_roots_follow_the_definition_for_every_size() -> None:
    for size in range(LARGEST + 1):
        assert root(_leaves(size)) == _by_definition(_leaves(size))


def test_every_inclusion_proof_holds_and_no_other_claim_does() -> None:
    for size in range(1, LARGEST + 1):
        hashes = _leaves(size)
        top = root(hashes)
        for index in range(size):
            proof = inclusion_proof(index, hashes)
            assert verify_inclusion(hashes[index], index, size, proof, top)
            assert not verify_inclusion(hashes[index], (index + 1) % size or size, size, proof, top)
            assert not verify_inclusion(leaf_hash(b"forged"), index, size, proof, top)
            assert not verify_inclusion(hashes[index], index, size, [*proof, top], top)
            if proof:
                assert not verify_inclusion(hashes[index], index, size, proof[:-1], top)


def test_every_consistency_proof_holds_and_no_other_claim_does() -> None:
    roots = [root(_leaves(size)) for size in range(LARGEST + 1)]
    forged = leaf_hash(b"forged")
    for new in range(LARGEST + 1):
        hashes = _leaves(new)
        for old in range(new + 1):
            proof = consistency_proof(old, hashes)
            assert verify_consistency(old, new, roots[old], roots[new], proof)
            assert not verify_consistency(old, new, forged, roots[new], proof)
            if old:
                assert not verify_consistency(old, new, roots[old], forged, proof)
            assert not verify_consistency(old, new, roots[old], roots[new], [*proof, forged])
            if proof:
                assert not verify_consistency(old, new, roots[old], roots[new], proof[:-1])
                assert not verify_consistency(old, new, roots[old], roots[new], [])


@given(st.data())
def test_a_changed_bit_anywhere_breaks_a_proof(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, LARGEST))
    hashes = _leaves(size)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size - 1))
    bit = data.draw(st.integers(0, 255))

    def flip(proof: list[bytes]) -> list[bytes]:
        place = data.draw(st.integers(0, len(proof) - 1))
        changed = (int.from_bytes(proof[place]) ^ (1 << bit)).to_bytes(32)
        return [*proof[:place], changed, *proof[place + 1 :]]

    top = root(hashes)
    assert not verify_inclusion(hashes[index], index, size, flip(inclusion_proof(index, hashes)), top)
    proof = flip(consistency_proof(old, hashes))
    assert not verify_consistency(old, size, root(hashes[:old]), top, proof)


def test_a_rewritten_history_cannot_be_proved_consistent() -> None:
    before = _leaves(20)
    rewritten = [*before[:7], leaf_hash(b"another"), *before[8:], *_leaves(30)[20:]]
    proof = consistency_proof(20, rewritten)
    assert not verify_consistency(20, 30, root(before), root(rewritten), proof)


def test_verification_answers_no_to_nonsense() -> None:
    leaf = _leaves(1)[0]
    assert not verify_inclusion(leaf, 0, 0, [], leaf)
    assert not verify_inclusion(leaf, -1, 1, [], leaf)
    assert not verify_inclusion(leaf[:31], 0, 1, [], leaf[:31])
    assert not verify_consistency(-1, 1, leaf, leaf, [])
    assert not verify_consistency(3, 2, leaf, leaf, [])
    assert not verify_consistency(1, 2, leaf, leaf, [b"short"])
    assert not verify_consistency(0, 0, leaf, leaf, [])
    assert verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])


@given(st.lists(st.integers(0, 40), max_size=6))
def test_a_frontier_grown_in_any_batches_has_the_same_root(batches: list[int]) -> None:
    hashes = _leaves(sum(batches))
    frontier = Frontier()
    done = 0
    for batch in batches:
        frontier = frontier.extend(hashes[done : done + batch])
        done += batch
        assert frontier.size == done
        assert frontier.root() == _by_definition(hashes[:done])
    assert frontier == Frontier().extend(hashes)


def test_a_frontier_that_does_not_fit_its_size_is_refused() -> None:
    assert Frontier(3, (A.encode(), B.encode())).size == 3
    with pytest.raises(ValueError, match="complete subtrees"):
        Frontier(4, (A.encode(), B.encode()))


@given(st.lists(st.integers(0, 300), min_size=1, max_size=5), st.data())
def test_proofs_need_only_stored_subtrees_and_a_few_leaves(batches: list[int], data: st.DataObject) -> None:
    """A sealer stores what `grow` completes from 2^3 leaves on; proofs then read no other leaves."""
    level = 3
    hashes = _leaves(sum(batches))
    stored: dict[tuple[int, int], bytes] = {}
    frontier = Frontier()
    done = 0
    for batch in batches:
        frontier, nodes = frontier.grow(hashes[done : done + batch], keep_from=level)
        for start, end, node in nodes:
            assert (start, end) not in stored, "a completed subtree is told of once"
            stored[start, end] = node
        done += batch
    read = 0

    def fetch(start: int, end: int) -> bytes:
        nonlocal read
        if end - start >= 1 << level:
            return stored[start, end]
        read += end - start
        return root(hashes[start:end])

    if not done:
        return
    index = data.draw(st.integers(0, done - 1))
    proof = proof_from(inclusion_nodes(index, done), fetch)
    assert proof == inclusion_proof(index, hashes)
    assert read < 2 << level
    read = 0
    old = data.draw(st.integers(0, done))
    assert proof_from(consistency_nodes(old, done), fetch) == consistency_proof(old, hashes)
    assert read < 2 << level


def test_complete_subtrees_cover_a_ragged_edge_and_refuse_what_is_no_subtree() -> None:
    assert complete_subtrees(8, 15) == [(8, 12), (12, 14), (14, 15)]
    assert complete_subtrees(8, 16) == [(8, 16)]
    assert subtree_root(4, 7, lambda start, end: root(_leaves(7)[start:end])) == root(_leaves(7)[4:7])
    for start, end in ((1, 3), (4, 9), (3, 3), (-8, 0)):
        with pytest.raises(ValueError, match="no subtree"):
            complete_subtrees(start, end)


def test_asking_for_a_proof_that_cannot_exist_is_an_error() -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError, match="is not in a tree"):
            inclusion_nodes(index, size)
    for old, new in ((6, 5), (-1, 5)):
        with pytest.raises(ValueError, match="is no prefix"):
            consistency_nodes(old, new)


def test_nodes_and_leaves_never_hash_alike() -> None:
    left, right = _leaves(2)
    assert node_hash(left, right) != leaf_hash(left + right)


def test_a_tree_head_is_canonical_and_names_its_log() -> None:
    at = datetime(2026, 4, 1, 2, 3, 4, tzinfo=UTC)
    head = tree_head_bytes("ACME", 0, EMPTY_ROOT, at)
    assert head == (
        b'{"at":"2026-04-01T02:03:04.000000Z","kind":"tree_head","log":"ACME",'
        b'"root":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0,"v":1}'
    )
    assert json.loads(tree_head_bytes("OTHER", 0, EMPTY_ROOT, at))["log"] == "OTHER"
    with pytest.raises(ValueError, match="32 bytes"):
        tree_head_bytes("ACME", 0, b"", at)
    with pytest.raises(ValueError, match="negative"):
        tree_head_bytes("ACME", -1, EMPTY_ROOT, at)
    with pytest.raises(CanonicalError, match="time zone"):
        tree_head_bytes("ACME", 0, EMPTY_ROOT, datetime(2026, 4, 1))  # noqa: DTZ001
