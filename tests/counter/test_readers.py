"""Which reader plays which part, with and without settings."""

from __future__ import annotations

import threading

import pytest

from desk.cards.troubles import NoCard, NotOfficerCard
from desk.counter.readers import ReaderRoles
from desk.counter.settings import ReaderSettings
from desk.iso7816.troubles import CardRemoved
from desk.training.bench import CARD_READER, PASSPORT_READER, Bench
from desk.training.piv_card import PivCard

FREE = ReaderSettings(passport="", officer="")


class Silent:
    """A chip that knows no application."""

    atr = b"\x3b\x80\x80\x01\x01"

    def __init__(self) -> None:
        self.resets = 0

    def transmit(self, apdu: bytes) -> bytes:
        return b"\x6a\x82"

    def reset(self) -> None:
        self.resets += 1


def test_the_officers_card_is_found_by_asking_whichever_reader_holds_it() -> None:
    """Two chips, no settings: the PIV application decides."""
    bench, roles = Bench(), None
    bench.put(PASSPORT_READER, PivCard())
    bench.put(CARD_READER, Silent())
    roles = ReaderRoles(bench, FREE)

    with roles.officer_card() as session:
        assert session.tries_left() == 3
    with roles.passport_chip() as chip:
        assert chip.atr == Silent.atr


def test_a_passport_on_its_reader_is_not_disturbed_once_the_officers_reader_is_known() -> None:
    """Looking at the officer's card again must not reset a chip that is being read."""
    bench, passport = Bench(), Silent()
    bench.put(CARD_READER, PivCard())
    roles = ReaderRoles(bench, FREE)
    with roles.officer_card():
        pass
    bench.put(PASSPORT_READER, passport)

    with roles.officer_card():
        pass

    assert passport.resets == 0


def test_the_officer_is_gone_when_that_very_reader_is_empty() -> None:
    """A passport that still lies on the other reader does not keep the desk open."""
    bench = Bench()
    bench.put(PASSPORT_READER, Silent())
    bench.put(CARD_READER, PivCard())
    roles = ReaderRoles(bench, FREE)
    with roles.officer_card():
        pass
    assert not roles.officer_is_gone(bench.world())

    bench.take(CARD_READER)

    assert roles.officer_is_gone(bench.world())


def test_a_named_reader_with_another_card_is_said_to_hold_no_officer_card() -> None:
    """The settings are believed: nobody looks elsewhere."""
    bench = Bench()
    bench.put(CARD_READER, Silent())
    bench.put(PASSPORT_READER, PivCard())
    roles = ReaderRoles(bench, ReaderSettings(passport=PASSPORT_READER, officer=CARD_READER))

    with pytest.raises(NotOfficerCard), roles.officer_card():
        pass


def test_empty_readers_are_no_card() -> None:
    """The readers are there, nothing lies on them."""
    roles = ReaderRoles(Bench(), FREE)

    with pytest.raises(NoCard), roles.officer_card():
        pass
    with pytest.raises(NoCard), roles.passport_chip():
        pass


def test_a_chip_taken_away_ends_every_connection_to_it() -> None:
    """As PC/SC does: the next command fails, a new chip in its place changes nothing."""
    bench = Bench()
    bench.put(CARD_READER, PivCard())
    connection = bench.connect(CARD_READER)

    bench.put(CARD_READER, PivCard())

    with pytest.raises(CardRemoved):
        connection.transmit(b"\x00\xa4\x04\x00")
    connection.close()


def test_one_connection_at_a_time() -> None:
    """A second connection waits until the first one is closed."""
    bench = Bench()
    bench.put(CARD_READER, PivCard())
    first = bench.connect(CARD_READER)
    order: list[str] = []

    def second() -> None:
        connection = bench.connect(CARD_READER)
        order.append("second")
        connection.close()

    waiting = threading.Thread(target=second)
    waiting.start()
    order.append("first closes")
    first.close()
    waiting.join()

    assert order == ["first closes", "second"]
