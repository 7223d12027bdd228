"""Records open by cards alone: who opens them, who does not, and how the cards change."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from desk.cards.piv_data import KeyType, Slot
from desk.cards.troubles import KeyUnusable, PinNeeded
from desk.store import journal, key_ring, meta, unlocking
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.key import RecordsKey, new_key
from desk.store.key_ring import CardKind, OpenedRing, Ring
from desk.store.troubles import (
    AlreadyBegun,
    AlreadyEnrolled,
    Busy,
    CardNotEnrolled,
    KeyMissing,
    KeyUnsound,
    LastOfItsKind,
    NoSuchCard,
    NotBegun,
    NotOpened,
    RecordsGone,
    RingAltered,
    Unwritable,
)
from desk.store.vault import FileVault
from desk.training.piv_card import PivCard
from tests.cards.issue import session_with
from tests.store.cards import begun, card, vault_in, verified
from tests.store.conftest import template

HOLDER = "T-001"


@pytest.fixture
def vault(tmp_path: Path) -> FileVault:
    return vault_in(tmp_path)


@pytest.fixture
def officer() -> PivCard:
    return card("officer")


@pytest.fixture
def recovery() -> PivCard:
    return card("recovery")


@pytest.fixture
def records(vault: FileVault, officer: PivCard, recovery: PivCard, stamp: Stamp) -> FileVault:
    """Begun records with a planted fact, closed. Their content comes from a template, whose
    key the ring gets as if it had been begun with it."""
    content, key = template()
    vault_in(vault._records.parent, content)
    _enrol(vault, key, (officer, CardKind.OFFICER), (recovery, CardKind.RECOVERY), stamp=stamp)
    return vault


def _enrol(
    vault: FileVault, key: RecordsKey, *cards: tuple[PivCard, CardKind], stamp: Stamp
) -> Ring:
    entries = [
        key_ring.enrolled(session_with(one), kind, HOLDER, stamp.at, stamp.actor)
        for one, kind in cards
    ]
    ring = replace(key_ring.new_ring("ab" * 16, key, entries, stamp.at), begun=True)
    vault.put_ring(key_ring.to_bytes(key_ring.sealed(ring, key)))
    return ring


def unlock(vault: FileVault, one: PivCard, stamp: Stamp) -> Store:
    with verified(one) as session:
        return unlocking.unlock(vault, session, HOLDER, stamp)


def authorised(vault: FileVault, one: PivCard, stamp: Stamp) -> OpenedRing:
    with verified(one) as session:
        return unlocking.authorise(vault, session, HOLDER, stamp)


def kinds(store: Store) -> list[str]:
    with store.read() as session:
        return [event.kind for event in journal.events(session)]


def ring_of(vault: FileVault) -> Ring:
    ring = unlocking.read_ring(vault)
    assert ring is not None
    return ring


class TestBeginning:
    def test_two_cards_begin_and_each_opens(
        self, vault: FileVault, officer: PivCard, recovery: PivCard, stamp: Stamp
    ) -> None:
        store = begun(vault, officer, recovery, stamp)
        assert kinds(store) == ["RECORDS.KEY_MADE", "RECORDS.CARD_ADDED", "RECORDS.CARD_ADDED"]
        store.close()

        for one in (officer, recovery):
            store = unlock(vault, one, stamp)
            assert len(kinds(store)) == 3, "nothing more to log"
            store.close()

    def test_one_card_alone_begins_nothing(
        self, vault: FileVault, officer: PivCard, stamp: Stamp, tmp_path: Path
    ) -> None:
        with verified(officer) as session:
            opened = unlocking.begin(vault, session, HOLDER, stamp)
            with pytest.raises(AlreadyEnrolled):
                unlocking.conclude(vault, opened, session, stamp)

        assert list(tmp_path.iterdir()) == []

    def test_records_are_never_begun_over_others(self, records: FileVault, stamp: Stamp) -> None:
        with verified(card("stranger")) as session, pytest.raises(AlreadyBegun):
            unlocking.begin(records, session, HOLDER, stamp)

    def test_killed_between_ring_and_records(
        self, records: FileVault, officer: PivCard, stamp: Stamp
    ) -> None:
        """The ring is durable first: the next opening makes the records."""
        ring = ring_of(records)
        key = authorised(records, officer, stamp).key
        records.put_ring(key_ring.to_bytes(key_ring.sealed(replace(ring, begun=False), key)))
        records._records.unlink()

        store = unlock(records, officer, stamp)

        assert "RECORDS.KEY_MADE" in kinds(store)
        assert ring_of(records).begun
        store.close()


class TestOpening:
    @pytest.mark.parametrize("key_type", list(KeyType))
    def test_every_kind_of_card(self, vault: FileVault, key_type: KeyType, stamp: Stamp) -> None:
        content, key = template()
        vault_in(vault._records.parent, content)
        one = card("other kind", key_type)
        _enrol(vault, key, (one, CardKind.OFFICER), stamp=stamp)

        unlock(vault, one, stamp).close()

    def test_a_stranger_is_refused_before_its_pin(self, records: FileVault) -> None:
        session = session_with(card("stranger"))

        with pytest.raises(CardNotEnrolled):
            unlocking.admit(records, session)

        assert session.tries_left() == 3

    def test_an_enrolled_card_is_admitted_without_pin_and_opens_nothing_without(
        self, records: FileVault, officer: PivCard, stamp: Stamp
    ) -> None:
        session = session_with(officer)

        unlocking.admit(records, session)
        with pytest.raises(PinNeeded):
            unlocking.unlock(records, session, HOLDER, stamp)

    def test_nothing_here_yet(self, vault: FileVault, officer: PivCard) -> None:
        with pytest.raises(NotBegun):
            unlocking.admit(vault, session_with(officer))

    def test_records_without_ring(
        self, records: FileVault, officer: PivCard, tmp_path: Path
    ) -> None:
        (tmp_path / "records.keys").unlink()

        with pytest.raises(KeyMissing):
            unlocking.admit(records, session_with(officer))

    def test_ring_without_records_makes_no_new_ones(
        self, records: FileVault, officer: PivCard, stamp: Stamp, tmp_path: Path
    ) -> None:
        """Empty records in the place of lost ones would look as if nothing had ever been."""
        (tmp_path / "records.db").unlink()

        with pytest.raises(RecordsGone):
            unlock(records, officer, stamp)

        assert not (tmp_path / "records.db").exists()

    def test_a_card_whose_slot_was_emptied(self, records: FileVault, officer: PivCard) -> None:
        officer.install(Slot.KEY_MANAGEMENT, None, None)

        with pytest.raises(KeyUnusable):
            unlocking.admit(records, session_with(officer))

    def test_the_ring_of_other_records_opens_nothing(
        self, records: FileVault, officer: PivCard, stamp: Stamp
    ) -> None:
        _enrol(records, new_key(), (officer, CardKind.OFFICER), stamp=stamp)

        with pytest.raises(NotOpened):
            unlock(records, officer, stamp)


def _other_key(members: dict[str, Any]) -> None:
    stranger = key_ring.enrolled(
        session_with(card("stranger")), CardKind.OFFICER, HOLDER, _added(members), "T-9"
    )
    members["cards"][1]["key"] = key_ring._text(stranger.key)


def _added(members: dict[str, Any]) -> Any:
    return datetime.fromisoformat(members["cards"][0]["added"])


def _as_officer(members: dict[str, Any]) -> None:
    members["cards"][1]["kind"] = "officer"


def _one_less(members: dict[str, Any]) -> None:
    del members["cards"][1]


def _other_person(members: dict[str, Any]) -> None:
    members["cards"][0]["by"] = "officer:T-009"


def _not_begun(members: dict[str, Any]) -> None:
    members["begun"] = False


ALTERATIONS = [_other_key, _as_officer, _one_less, _other_person, _not_begun]


class TestRing:
    @pytest.mark.parametrize("alter", ALTERATIONS)
    def test_a_change_without_a_card_shows(
        self, records: FileVault, officer: PivCard, stamp: Stamp, alter: Any, tmp_path: Path
    ) -> None:
        """Somebody with the disk cannot slip a key in that the next replacement would serve."""
        file = tmp_path / "records.keys"
        members = json.loads(file.read_bytes())
        alter(members)
        file.write_bytes(json.dumps(members).encode())

        with pytest.raises(RingAltered):
            unlock(records, officer, stamp)

    @pytest.mark.parametrize(
        "content",
        [b"", b"{}", b"[]", b"\xff", b'{"format": "desk-records-keys-9"}', b"[" * 100_000],
        ids=range(6),
    )
    def test_what_is_no_ring(
        self, records: FileVault, officer: PivCard, content: bytes, tmp_path: Path
    ) -> None:
        (tmp_path / "records.keys").write_bytes(content)

        with pytest.raises(KeyUnsound):
            unlocking.admit(records, session_with(officer))

    def test_ring_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        with pytest.raises(Unwritable):
            FileVault(tmp_path / "file" / "records.db", None).put_ring(b"ring")

    def test_it_holds_no_key_and_is_private(
        self, records: FileVault, officer: PivCard, stamp: Stamp, tmp_path: Path
    ) -> None:
        key = authorised(records, officer, stamp).key
        content = (tmp_path / "records.keys").read_bytes()

        assert not [form for form in _forms(key) if form in content]
        assert (tmp_path / "records.keys").stat().st_mode & 0o777 == 0o600
        assert str(key) == repr(key) == "RecordsKey()"


def _forms(key: RecordsKey) -> set[bytes]:
    """The key as it might stand somewhere: raw, in hexadecimal, in base64 of both alphabets."""
    secret = key.secret
    return {
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret)[:43],
        base64.urlsafe_b64encode(secret)[:43],
    }


class TestChanging:
    def test_a_card_that_was_added_opens_and_is_logged_with_who_did_it(
        self, records: FileVault, officer: PivCard, stamp: Stamp
    ) -> None:
        second = card("second")
        store = unlock(records, officer, stamp)
        opened = authorised(records, officer, stamp)

        with verified(second) as session:
            unlocking.add_card(records, store, opened, session, CardKind.OFFICER, "second", stamp)

        with store.read() as session:
            last = journal.events(session)[-1]
        assert (last.kind, last.actor) == ("RECORDS.CARD_ADDED", stamp.actor)
        store.close()
        unlock(records, second, stamp).close()

    def test_a_card_is_enrolled_once(
        self, records: FileVault, officer: PivCard, stamp: Stamp
    ) -> None:
        store = unlock(records, officer, stamp)
        opened = authorised(records, officer, stamp)

        with verified(officer) as session, pytest.raises(AlreadyEnrolled):
            unlocking.add_card(records, store, opened, session, CardKind.OFFICER, "", stamp)

        store.close()

    def test_losing_one_card_loses_nothing(
        self, records: FileVault, officer: PivCard, recovery: PivCard, stamp: Stamp
    ) -> None:
        """The only officer's card is lost: the recovery card lets another in, which then opens
        everything; the lost one is removed and opens nothing, not even from an old copy."""
        store = unlock(records, officer, stamp)
        with store.write() as session:
            meta.put(session, "planted", "kept")
            journal.append(session, stamp, "TEST.EVENT")
        store.close()
        lost, copy = ring_of(records).cards[0].fingerprint, records.ring()
        second = card("second")

        store = unlock(records, recovery, stamp)
        opened = authorised(records, recovery, stamp)
        with verified(second) as session:
            unlocking.add_card(records, store, opened, session, CardKind.OFFICER, "", stamp)
        store.close()
        unlocking.replace_key(records, authorised(records, second, stamp), stamp, lost)

        store = unlock(records, second, stamp)
        with store.read() as session:
            assert meta.value(session, "planted") == "kept"
        assert kinds(store)[-2:] == ["RECORDS.KEY_REPLACED", "RECORDS.CARD_REMOVED"]
        store.close()
        with pytest.raises(CardNotEnrolled):
            unlock(records, officer, stamp)
        assert copy is not None
        records.put_ring(copy)
        with pytest.raises(NotOpened):
            unlock(records, officer, stamp)

    def test_another_key_for_the_same_cards(
        self, records: FileVault, officer: PivCard, recovery: PivCard, stamp: Stamp
    ) -> None:
        before = authorised(records, officer, stamp)

        after = unlocking.replace_key(records, before, stamp)

        assert after != before.key
        for one in (officer, recovery):
            assert authorised(records, one, stamp).key == after
            unlock(records, one, stamp).close()
        with pytest.raises(NotOpened):
            records.open(before.key)

    def test_the_last_of_its_kind_stays(
        self, records: FileVault, officer: PivCard, stamp: Stamp
    ) -> None:
        opened, before = authorised(records, officer, stamp), records.ring()

        for one in opened.ring.cards:
            with pytest.raises(LastOfItsKind):
                unlocking.replace_key(records, opened, stamp, one.fingerprint)
        with pytest.raises(NoSuchCard):
            unlocking.replace_key(records, opened, stamp, "ab" * 32)

        assert records.ring() == before

    def test_while_the_records_are_open_elsewhere_nothing_changes(
        self,
        records: FileVault,
        officer: PivCard,
        stamp: Stamp,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("desk.store.vault.BUSY_SECONDS", 0.0)
        store = unlock(records, officer, stamp)
        opened, before = authorised(records, officer, stamp), records.ring()

        with pytest.raises(Busy):
            unlocking.replace_key(records, opened, stamp)

        assert records.ring() == before
        with store.read() as session:
            assert meta.value(session, "kind") == "training"
        store.close()

    def test_a_change_decided_on_an_old_ring_is_refused(
        self, records: FileVault, officer: PivCard, stamp: Stamp
    ) -> None:
        """Between the two cards of one act somebody else replaced the key."""
        opened = authorised(records, officer, stamp)
        unlocking.replace_key(records, opened, stamp)
        store = unlock(records, officer, stamp)

        with verified(card("second")) as session, pytest.raises(Busy):
            unlocking.add_card(records, store, opened, session, CardKind.OFFICER, "", stamp)

        store.close()


class TestFormerKey:
    @pytest.fixture
    def former(self, vault: FileVault, tmp_path: Path) -> RecordsKey:
        """Records of an earlier version: the key in a file beside them."""
        content, key = template()
        vault_in(tmp_path, content)
        (tmp_path / "records.key").write_bytes(key.secret)
        return key

    def test_taken_over_once_replaced_and_destroyed(
        self, vault: FileVault, former: RecordsKey, officer: PivCard, stamp: Stamp, tmp_path: Path
    ) -> None:
        unlocking.admit(vault, session_with(officer))
        store = unlock(vault, officer, stamp)
        told = kinds(store)
        store.close()

        assert told == ["RECORDS.KEY_TAKEN_OVER", "RECORDS.KEY_MADE", "RECORDS.CARD_ADDED"]
        assert not (tmp_path / "records.key").exists()
        assert authorised(vault, officer, stamp).key != former
        with pytest.raises(NotOpened):
            vault.open(former)
        store = unlock(vault, officer, stamp)
        assert kinds(store) == told
        store.close()

    def test_killed_before_the_file_was_destroyed(
        self, vault: FileVault, former: RecordsKey, officer: PivCard, stamp: Stamp, tmp_path: Path
    ) -> None:
        """The next opening destroys it; it says nothing twice."""
        unlock(vault, officer, stamp).close()
        (tmp_path / "records.key").write_bytes(former.secret)

        store = unlock(vault, officer, stamp)

        assert kinds(store).count("RECORDS.KEY_TAKEN_OVER") == 1
        assert not (tmp_path / "records.key").exists()
        store.close()

    def test_a_key_of_another_length_is_no_key(
        self, vault: FileVault, former: RecordsKey, officer: PivCard, tmp_path: Path
    ) -> None:
        (tmp_path / "records.key").write_bytes(former.secret[:-1])

        with pytest.raises(KeyUnsound):
            unlocking.admit(vault, session_with(officer))
