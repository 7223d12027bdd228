"""Killed anywhere while the key is replaced: a card opens the records, whole, and the
replacement is finished or has never been."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from desk.store import journal, key_ring, meta, unlocking
from desk.store.journal import Stamp
from desk.store.key import RecordsKey
from desk.store.key_ring import CardKind
from desk.store.troubles import CardNotEnrolled
from tests.cards.issue import session_with
from tests.store.cards import card, vault_in, verified
from tests.store.conftest import template
from tests.store.rekey_victim import POINTS, STAMP

ROOT = Path(__file__).resolve().parents[2]
PLANTED = "planted " * 400_000
"""Enough pages that writing them anew takes a while."""


@cache
def filled(folder: Path) -> tuple[bytes, RecordsKey]:
    content, key = template()
    vault = vault_in(folder, content)
    store = vault.open(key)
    with store.write() as session:
        meta.put(session, "planted", PLANTED)
        journal.append(session, STAMP, "TEST.EVENT")
    store.close()
    return (folder / "records.db").read_bytes(), key


class Victims:
    """The process whose children die."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.rekey_victim"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def die(self, folder: Path, point: str, without: str) -> int:
        """Let one die; its exit status."""
        order = {"folder": str(folder), "point": point, "without": without}
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    victims = Victims()
    yield victims
    victims.close()


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, RecordsKey]:
    return filled(tmp_path_factory.mktemp("filled"))


@pytest.mark.parametrize("point", POINTS)
def test_killed(
    victims: Victims, content: tuple[bytes, RecordsKey], tmp_path: Path, point: str
) -> None:
    """The card that stays opens; the removed one does not once the ring has both keys."""
    vault = vault_in(tmp_path, content[0])
    staying, leaving = card("officer"), card("second")
    entries = [
        key_ring.enrolled(session_with(one), CardKind.OFFICER, "", STAMP.at, STAMP.actor)
        for one in (staying, leaving)
    ]
    ring = key_ring.new_ring("ab" * 16, content[1], entries, STAMP.at)
    vault.put_ring(key_ring.to_bytes(ring))
    store = vault.open(content[1])
    with store.write() as session:
        unlocking.log_ring(session, ring, STAMP)
    store.close()
    (tmp_path / "card.json").write_text(json.dumps(staying.state()))

    status = victims.die(tmp_path, point, entries[1].fingerprint)

    assert status == -9
    with verified(staying) as session:
        store = unlocking.unlock(vault, session, "", Stamp(STAMP.at, "officer:T-002"))
    with store.read() as session:
        assert meta.value(session, "planted") == PLANTED
        told = [event.kind for event in journal.events(session)]
    store.close()
    left = unlocking.read_ring(vault)
    assert left is not None and left.following is None
    replaced = left.present.key_id != content[1].key_id
    assert replaced is (point != POINTS[0])
    changes = ["RECORDS.KEY_REPLACED", "RECORDS.CARD_REMOVED"] if replaced else []
    assert told[4:] == changes, "each change is logged once, whoever finished it"
    if replaced:
        with pytest.raises(CardNotEnrolled):
            unlocking.admit(vault, session_with(leaving))
