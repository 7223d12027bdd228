"""The tree is RFC 6962's: published roots and paths, the definition itself, and refusals."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.issuance import merkle
from desk.issuance.merkle import Growing, ProofWrong, Tree

# Leaves, roots and paths of the Certificate Transparency reference implementation
# (certificate-transparency, cpp/merkletree/merkle_tree_test.cc; the same in transparency-dev).
LEAVES = tuple(
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
PATHS = (
    (0, 1, ()),
    (
        0,
        8,
        (
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ),
    ),
    (
        5,
        8,
        (
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ),
    ),
    (2, 3, ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",)),
)
# From the same tests: the proof from 6 to 7 leaves, and from 2 to 5.
CONSISTENT = (
    (
        6,
        7,
        (
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ),
    ),
    (
        2,
        5,
        (
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ),
    ),
)


def tree_of(entries: tuple[bytes, ...]) -> Tree:
    return Tree(merkle.leaf_hash(entry) for entry in entries)


def entries(count: int) -> tuple[bytes, ...]:
    return tuple(str(number).encode() for number in range(count))


def defined_root(leaves: list[bytes]) -> bytes:
    """MTH word for word as section 2.1 defines it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    left, right = defined_root(leaves[:half]), defined_root(leaves[half:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size: int) -> None:
    tree = tree_of(LEAVES)

    assert merkle.root(tree.node, size).hex() == ROOTS[size - 1]


def test_root_of_nothing() -> None:
    assert merkle.root(Tree().node, 0).hex() == EMPTY_ROOT == Growing().root.hex()


@pytest.mark.parametrize(("index", "size", "path"), PATHS)
def test_published_paths(index: int, size: int, path: tuple[str, ...]) -> None:
    tree = tree_of(LEAVES)

    made = merkle.inclusion_proof(tree.node, index, size)

    assert tuple(one.hex() for one in made) == path
    merkle.verify_inclusion(
        merkle.leaf_hash(LEAVES[index]), index, size, made, bytes.fromhex(ROOTS[size - 1])
    )


@pytest.mark.parametrize(("first", "second", "proof"), CONSISTENT)
def test_published_consistency(first: int, second: int, proof: tuple[str, ...]) -> None:
    tree = tree_of(LEAVES)

    made = merkle.consistency_proof(tree.node, first, second)

    assert tuple(one.hex() for one in made) == proof


@pytest.mark.parametrize("size", range(1, 34))
def test_every_path_and_proof_holds(size: int) -> None:
    tree = tree_of(entries(size))
    leaves = [merkle.leaf_hash(entry) for entry in entries(size)]
    whole = merkle.root(tree.node, size)

    assert whole == defined_root(leaves)
    for index in range(size):
        path = merkle.inclusion_proof(tree.node, index, size)
        merkle.verify_inclusion(leaves[index], index, size, path, whole)
    for first in range(size + 1):
        proof = merkle.consistency_proof(tree.node, first, size)
        merkle.verify_consistency(first, size, proof, defined_root(leaves[:first]), whole)


def test_growing_tree_has_the_same_roots() -> None:
    tree, growing = tree_of(entries(70)), Growing()

    for size, entry in enumerate(entries(70), start=1):
        growing.add(merkle.leaf_hash(entry))
        assert growing.root == merkle.root(tree.node, size)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 40), st.data())
def test_altered_path_is_refused(size: int, data: st.DataObject) -> None:
    tree = tree_of(entries(size))
    index = data.draw(st.integers(0, size - 1))
    path = list(merkle.inclusion_proof(tree.node, index, size))
    place = data.draw(st.integers(0, len(path) - 1))
    path[place] = bytes([path[place][0] ^ 1]) + path[place][1:]

    with pytest.raises(ProofWrong):
        merkle.verify_inclusion(
            merkle.leaf_hash(entries(size)[index]),
            index,
            size,
            path,
            merkle.root(tree.node, size),
        )


@settings(max_examples=60, deadline=None)
@given(st.integers(3, 40), st.data())
def test_another_history_is_refused(size: int, data: st.DataObject) -> None:
    """A log in which an old entry was replaced has no proof from the old root."""
    first = data.draw(st.integers(1, size - 1))
    place = data.draw(st.integers(0, first - 1))
    forged = list(entries(size))
    forged[place] += b"!"
    old, new = tree_of(entries(size)), tree_of(tuple(forged))
    proof = merkle.consistency_proof(new.node, first, size)

    with pytest.raises(ProofWrong):
        merkle.verify_consistency(
            first, size, proof, merkle.root(old.node, first), merkle.root(new.node, size)
        )


@pytest.mark.parametrize(
    ("index", "size", "extra"), [(8, 8, ()), (-1, 8, ()), (0, 8, (b"\x00" * 32,)), (0, 1, (b"x",))]
)
def test_wrong_shape_is_refused(index: int, size: int, extra: tuple[bytes, ...]) -> None:
    tree = tree_of(LEAVES)
    path = merkle.inclusion_proof(tree.node, 0, size) + extra

    with pytest.raises(ProofWrong):
        merkle.verify_inclusion(
            merkle.leaf_hash(LEAVES[0]), index, size, path, merkle.root(tree.node, size)
        )


@pytest.mark.parametrize(
    ("first", "second", "proof"),
    [(3, 2, ()), (0, 4, (b"\x00" * 32,)), (4, 4, (b"\x00" * 32,)), (3, 8, ()), (0, 4, ())],
)
def test_wrong_consistency_is_refused(first: int, second: int, proof: tuple[bytes, ...]) -> None:
    tree = tree_of(LEAVES)
    wrong = b"\x01" * 32

    with pytest.raises(ProofWrong):
        merkle.verify_consistency(first, second, proof, wrong, merkle.root(tree.node, second))


def test_no_proof_beyond_the_tree() -> None:
    tree = tree_of(LEAVES)

    with pytest.raises(IndexError):
        merkle.inclusion_proof(tree.node, 8, 8)
    with pytest.raises(IndexError):
        merkle.consistency_proof(tree.node, 5, 4)
