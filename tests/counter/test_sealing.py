"""Cards of every kind seal the log; what they cannot seal takes nothing back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.cards.piv_data import KeyType, Slot
from desk.cards.signer import CardSigner
from desk.cards.troubles import OtherCard, PinNeeded, SignatureMismatch
from desk.counter import sealing
from desk.counter.sealing import SealMissed
from desk.counter.station import Station
from desk.issuance.notes import SignedNote
from desk.issuance.seals import Purpose, fingerprint, trace
from desk.store import journal, seals
from tests.cards.faults import Fault, FaultProxy
from tests.cards.issue import NOW, PIN, card_with, pin, session_with, sessions
from tests.counter.sealed import (
    NUMBER,
    card,
    officer,
    root,
    root_der,
    sealed,
    station_in,
    write_events,
)


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with station_in(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("kind", list(KeyType))
def test_each_kind_of_key(station: Station, kind: KeyType) -> None:
    write_events(station, 3)

    kept = sealed(station, used=card(kind))

    checkpoint = kept.seal.verify()
    assert checkpoint.size == 3
    assert kept.seal.officers == ("T-001",)
    trace(kept.seal, [root_der()])


def test_two_cards_under_one_checkpoint(station: Station) -> None:
    write_events(station, 4)
    checkpoint = sealing.next_checkpoint(station)
    signed = []
    for number, kind in ((1, KeyType.P256), (2, KeyType.P384)):
        used = card_with(kind, root())
        holder = officer(number, used)
        session = session_with(used)
        session.verify_pin(bytearray(PIN, "ascii"))
        by = sealing.by_session(session)
        signed.append(sealing.sign_checkpoint(checkpoint, holder, by))

    kept = sealing.keep(station, checkpoint, Purpose.DAY_CLOSE, signed)

    assert kept.seal.verify() == checkpoint
    assert kept.seal.officers == ("T-001", "T-002")
    assert len(SignedNote.parse(kept.seal.note.whole).signatures) == 2


def test_signature_of_another_card_does_not_count(station: Station) -> None:
    write_events(station, 1)
    stranger = session_with(card_with(KeyType.P256, root()))
    stranger.verify_pin(bytearray(PIN, "ascii"))
    own = session_with(card())

    def forged(data: bytes) -> tuple[bytes, bytes]:
        certificate = own.certificate(Slot.AUTHENTICATION)
        assert certificate is not None
        return certificate, stranger.sign(Slot.AUTHENTICATION, data)

    with pytest.raises(SignatureMismatch):
        sealing.seal(station, officer(), Purpose.SIGN_IN, forged)
    with station.store.read() as session:
        assert seals.seals(session) == ()


def test_card_of_somebody_else_seals_nothing(station: Station) -> None:
    write_events(station, 1)
    session = session_with(card_with(issuer=root()))
    session.verify_pin(pin())

    with pytest.raises(OtherCard):
        sealing.seal(station, officer(), Purpose.SIGN_IN, sealing.by_session(session))


def test_seal_that_is_missing_is_told(station: Station) -> None:
    """A card without a PIN presented: what was done stays, the log says what is missing."""
    write_events(station, 1)
    card().reset()
    by = sealing.by_session(session_with(card()))

    made = sealing.try_to_seal(station, officer(), Purpose.APPROVAL, by, NUMBER)

    assert made is None
    with station.store.read() as session:
        last = journal.events(session)[-1]
    assert (last.kind, last.case) == ("AUDIT.SEAL_MISSED", NUMBER)
    assert last.facts["purpose"] == "approval"
    assert last.facts["code"] == PinNeeded.code


@pytest.mark.parametrize("kind", list(KeyType))
def test_signer_of_credentials_seals_with_the_same_pin(station: Station, kind: KeyType) -> None:
    """9C signs credentials, 9A of the same card seals: one PIN, typed once."""
    write_events(station, 2)
    used = card(kind)
    signer = CardSigner(sessions(used), now=lambda: NOW)

    with signer:
        signer.unlock(pin())
        kept = sealing.seal(station, officer(used=used), Purpose.SIGNING, signer.attest, NUMBER)

    kept.seal.verify()
    held = session_with(used).certificate(Slot.AUTHENTICATION)
    assert held is not None
    assert [fingerprint(one) for one in kept.seal.certificates] == [fingerprint(held)]


def test_locked_signer_seals_nothing(station: Station) -> None:
    signer = CardSigner(sessions(card()), now=lambda: NOW)

    with pytest.raises(PinNeeded):
        signer.attest(b"anything")


def test_missing_seal_is_told_until_the_next_one(station: Station) -> None:
    write_events(station, 1)
    sealing.demand_sealed(station.store)
    card().reset()
    by = sealing.by_session(session_with(card()))
    sealing.try_to_seal(station, officer(), Purpose.APPROVAL, by, NUMBER)

    with pytest.raises(SealMissed) as missed:
        sealing.demand_sealed(station.store)
    assert missed.value.facts == {"reason": PinNeeded.code}
    sealed(station)
    sealing.demand_sealed(station.store)


def test_every_fault_at_every_command(station: Station) -> None:
    """A seal that is kept holds; where none is, the log says so; no try is ever lost."""
    write_events(station, 2)
    outcomes = {True: 0, False: 0}
    own, other = card_with(issuer=root()), card_with(issuer=root())
    holder = officer(used=own)
    for fault in Fault:
        number, reached = 0, True
        while reached:
            own.reset()
            proxy = FaultProxy(own, other, PIN)
            session = session_with(proxy)
            session.verify_pin(pin())
            proxy.arm(number, fault)

            by = sealing.by_session(session)
            made = sealing.try_to_seal(station, holder, Purpose.SIGN_IN, by)

            reached = len(proxy.commands) > number
            if made is not None:
                made.seal.verify()
                assert fingerprint(made.seal.certificates[0]) == holder.card
            outcomes[made is not None] += 1
            assert set(proxy.card.tries) == {3}
            number += 1
    with station.store.read() as session_:
        kinds = [event.kind for event in journal.events(session_, after=2)]
        assert len(seals.seals(session_)) == outcomes[True]
    assert kinds.count("AUDIT.SEAL_MISSED") == outcomes[False] > 20
