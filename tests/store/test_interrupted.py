"""Interrupted at every touch of ring, records and key file: what was there stays, a card opens
it, and the log tells once what came of it. (Kills by the system: ``test_rekey_kills``.)"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from desk.store import journal, key_ring, meta, unlocking
from desk.store.database import Store, StoreKind
from desk.store.journal import Stamp
from desk.store.key import RecordsKey
from desk.store.key_ring import CardKind
from desk.store.troubles import CardNotEnrolled, NotBegun
from desk.store.vault import FileVault
from desk.training.piv_card import PivCard
from tests.store.cards import begun, card, vault_in, verified
from tests.store.conftest import template

HOLDER = "T-001"


class Interrupted(BaseException):
    """As if the power had gone."""


class Dying(FileVault):
    """Ends at its touch number ``at``, counted before and after each."""

    def __init__(self, records: Path, at: int) -> None:
        super().__init__(records, StoreKind.TRAINING)
        self._at, self._touches = at, 0

    def _touch(self) -> None:
        self._touches += 1
        if self._touches == self._at:
            raise Interrupted

    def put_ring(self, content: bytes) -> None:
        self._touch()
        super().put_ring(content)
        self._touch()

    def open(self, key: RecordsKey) -> Store:
        self._touch()
        store = super().open(key)
        try:
            self._touch()
        except Interrupted:
            store.close()
            raise
        return store

    def rekey(self, old: RecordsKey, new: RecordsKey) -> None:
        self._touch()
        super().rekey(old, new)
        self._touch()

    def destroy_former_key(self) -> None:
        self._touch()
        super().destroy_former_key()
        self._touch()


@pytest.fixture
def officer() -> PivCard:
    return card("officer")


@pytest.fixture
def second() -> PivCard:
    return card("second")


def interrupted_everywhere(
    folder: Path, act: Callable[[Path, FileVault], None], check: Callable[[FileVault], None]
) -> int:
    """Run ``act`` in a folder of its own for each touch; the number of touches."""
    for at in count(1):
        place = folder / str(at)
        place.mkdir()
        try:
            act(place, Dying(place / "records.db", at))
        except Interrupted:
            check(vault_in(place))
            continue
        check(vault_in(place))
        return at - 1
    raise AssertionError


def unlock(vault: FileVault, one: PivCard, stamp: Stamp) -> Store:
    with verified(one) as session:
        return unlocking.unlock(vault, session, HOLDER, stamp)


def told(store: Store) -> list[str]:
    with store.read() as session:
        assert meta.value(session, "kind") == "training"
        return [event.kind for event in journal.events(session)]


def test_taking_over_a_key_that_lay_in_a_file(
    tmp_path: Path, officer: PivCard, stamp: Stamp
) -> None:
    """In the end the records have another key, and the file is gone."""
    content, key = template()

    def act(place: Path, vault: FileVault) -> None:
        vault_in(place, content)
        (place / "records.key").write_bytes(key.secret)
        unlock(vault, officer, stamp).close()

    def check(vault: FileVault) -> None:
        store = unlock(vault, officer, stamp)
        kinds = told(store)
        store.close()
        assert vault.former_key() is None
        assert kinds.count("RECORDS.KEY_MADE") == kinds.count("RECORDS.CARD_ADDED") == 1
        assert kinds.count("RECORDS.KEY_TAKEN_OVER") <= 1
        ring = unlocking.read_ring(vault)
        assert ring is not None and ring.following is None
        assert ring.present.key_id != key.key_id

    assert interrupted_everywhere(tmp_path, act, check) >= 10


def test_beginning(tmp_path: Path, officer: PivCard, second: PivCard, stamp: Stamp) -> None:
    """Nothing has begun, or both cards open empty records."""

    def act(place: Path, vault: FileVault) -> None:
        begun(vault, officer, second, stamp).close()

    def check(vault: FileVault) -> None:
        try:
            store = unlock(vault, officer, stamp)
        except NotBegun:
            store = begun(vault, officer, second, stamp)
        assert told(store).count("RECORDS.KEY_MADE") == 1
        store.close()
        unlock(vault, second, stamp).close()

    assert interrupted_everywhere(tmp_path, act, check) >= 6


def test_letting_a_card_in(tmp_path: Path, officer: PivCard, second: PivCard, stamp: Stamp) -> None:
    """The card is in and logged once, or it is not in."""
    content, key = template()

    def act(place: Path, vault: FileVault) -> None:
        plain = vault_in(place, content)
        with verified(officer) as session:
            entry = key_ring.enrolled(session, CardKind.OFFICER, HOLDER, stamp.at, stamp.actor)
        plain.put_ring(key_ring.to_bytes(key_ring.new_ring("ab" * 16, key, [entry], stamp.at)))
        store = unlock(plain, officer, stamp)
        try:
            with verified(officer) as session:
                opened = unlocking.authorise(vault, session, HOLDER, stamp)
            with verified(second) as session:
                kind = CardKind.OFFICER
                unlocking.add_card(vault, store, opened, session, kind, HOLDER, stamp)
        finally:
            store.close()

    def check(vault: FileVault) -> None:
        store = unlock(vault, officer, stamp)
        kinds = told(store)
        store.close()
        try:
            unlock(vault, second, stamp).close()
        except CardNotEnrolled:
            assert kinds.count("RECORDS.CARD_ADDED") == 1
        else:
            assert kinds.count("RECORDS.CARD_ADDED") == 2

    assert interrupted_everywhere(tmp_path, act, check) == 2
