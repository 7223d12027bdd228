"""The Merkle tree of RFC 6962, section 2.1 over the events of the audit log.

A root names a whole log of a size; a path proves that one entry is in it (2.1.1), and a
consistency proof that a later log only added to it (2.1.2). Here are the sums alone: what an
entry is and where hashes are kept is the caller's. A hash is 32 bytes, SHA-256.

A tree of any size is a row of complete subtrees, one for each bit of the size, the largest
first (:func:`parts`); every hash that is ever needed is that of a complete subtree or made
of such. ``Nodes`` gives them by level (0 for leaves) and position from the left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from desk.trouble import Trouble

HASH_BYTES = 32
EMPTY = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""

Nodes = Callable[[int, int], bytes]
"""The hash of the complete subtree of ``2**level`` leaves at ``position``."""


class ProofWrong(Trouble):
    """A path or consistency proof does not lead to the root it should. Fact: reason."""

    code = "AUDIT-12"


def leaf_hash(entry: bytes) -> bytes:
    """MTH of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def parts(start: int, end: int) -> list[tuple[int, int]]:
    """Level and position of the complete subtrees that cover the leaves ``start`` to ``end``
    (without), from the left. Each is the largest that begins there and still fits."""
    found = []
    while start < end:
        fits = (end - start).bit_length() - 1
        level = min(fits, (start & -start).bit_length() - 1) if start else fits
        found.append((level, start >> level))
        start += 1 << level
    return found


def root(nodes: Nodes, size: int) -> bytes:
    """The root of the first ``size`` leaves."""
    return _range(nodes, 0, size) if size else EMPTY


def closed_by(leaf: int) -> int:
    """How many inner nodes become complete with the leaf at this position."""
    return ((leaf + 1) & -(leaf + 1)).bit_length() - 1


def inclusion_proof(nodes: Nodes, index: int, size: int) -> tuple[bytes, ...]:
    """PATH(index, D[size]): from the leaf's sibling up. Raises ``IndexError``."""
    if not 0 <= index < size:
        raise IndexError(index)
    path, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range(nodes, middle, high))
            high = middle
        else:
            path.append(_range(nodes, low, middle))
            low = middle
    return tuple(reversed(path))


def consistency_proof(nodes: Nodes, first: int, second: int) -> tuple[bytes, ...]:
    """PROOF(first, D[second]); empty where there is nothing to prove. Raises ``IndexError``."""
    if not 0 <= first <= second:
        raise IndexError(first)
    if first in (0, second):
        return ()
    proof, low, high, whole = [], 0, second, True
    while first < high:
        middle = low + _split(high - low)
        if first <= middle:
            proof.append(_range(nodes, middle, high))
            high = middle
        else:
            proof.append(_range(nodes, low, middle))
            low, whole = middle, False
    if not whole:
        proof.append(_range(nodes, low, high))
    return tuple(reversed(proof))


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes
) -> None:
    """The entry with this leaf hash stands at ``index`` of that tree (RFC 9162, 2.1.3.2).

    Raises :class:`ProofWrong`.
    """
    if not 0 <= index < size:
        raise ProofWrong(reason="index")
    position, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofWrong(reason="too_long")
        if position & 1 or position == last:
            computed = node_hash(sibling, computed)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        position, last = position >> 1, last >> 1
    if last or computed != expected:
        raise ProofWrong(reason="root")


def verify_consistency(
    first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """The tree of ``second`` leaves begins with that of ``first`` (RFC 9162, 2.1.4.2).

    Raises :class:`ProofWrong`.
    """
    if not 0 <= first <= second:
        raise ProofWrong(reason="sizes")
    if first in (0, second):
        same = first_root == (second_root if first else EMPTY)
        if proof or not same:
            raise ProofWrong(reason="root")
        return
    _climb(first, second, proof, (first_root, second_root))


def _climb(first: int, second: int, proof: Sequence[bytes], roots: tuple[bytes, bytes]) -> None:
    path = list(proof)
    if first & (first - 1) == 0:
        # A complete tree is itself the first hash of the path.
        path.insert(0, roots[0])
    if not path:
        raise ProofWrong(reason="too_short")
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofWrong(reason="too_long")
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    if last or (old, new) != roots:
        raise ProofWrong(reason="root")


class Growing:
    """A tree that only grows, in memory of one hash a bit: for logs read once from a file."""

    def __init__(self, peaks: Iterable[bytes] = (), size: int = 0) -> None:
        self.size = size
        self._peaks = list(peaks)

    def add(self, leaf: bytes) -> None:
        """Append a leaf's hash."""
        for _ in range(closed_by(self.size)):
            leaf = node_hash(self._peaks.pop(), leaf)
        self._peaks.append(leaf)
        self.size += 1

    @property
    def root(self) -> bytes:
        return _folded(self._peaks) if self._peaks else EMPTY


class Tree:
    """A whole tree in memory, level by level: for the entries of one file or test."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.add(leaf)

    @property
    def size(self) -> int:
        return len(self._levels[0])

    def add(self, leaf: bytes) -> None:
        closed = closed_by(self.size)
        self._levels[0].append(leaf)
        for level in range(closed):
            if len(self._levels) == level + 1:
                self._levels.append([])
            row = self._levels[level]
            self._levels[level + 1].append(node_hash(row[-2], row[-1]))

    def node(self, level: int, position: int) -> bytes:
        return self._levels[level][position]


def _range(nodes: Nodes, low: int, high: int) -> bytes:
    """MTH of the leaves ``low`` to ``high`` (without), as they hang in a tree."""
    return _folded([nodes(level, position) for level, position in parts(low, high)])


def _folded(hashes: Sequence[bytes]) -> bytes:
    *left, folded = hashes
    for one in reversed(left):
        folded = node_hash(one, folded)
    return folded


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)
