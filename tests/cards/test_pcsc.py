"""PC/SC: every result named; the real service, driver and chip where they can run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from smartcard import scard

from desk.cards import pcsc, troubles
from desk.cards.certificates import load_certificate, public_key_of, verify_signature
from desk.cards.piv import PivSession
from desk.cards.piv_data import KeyType, Slot
from desk.cards.signer import CardSigner, SessionFactory
from desk.iso7816.troubles import CardRemoved, CardTrouble, TransportFailed
from tests.cards.issue import NOW, card_with, pin, session_with
from tests.pcscd import PcscService, ServiceSlot, is_present, pcscd, pcscd_host, wait_until

__all__ = ["pcscd", "pcscd_host"]


# Codes of winscard.h / pcsclite.h; the first two and 0x80100016 are in the field's reports.
@pytest.mark.parametrize(
    ("result", "trouble", "code"),
    [
        (0x8010001D, troubles.ServiceStopped, "READER-01"),
        (0x8010001E, troubles.ServiceStopped, "READER-01"),
        (0x8010002E, troubles.NoReader, "READER-02"),
        (0x80100066, troubles.MuteCard, "READER-03"),
        (0x8010000C, troubles.NoCard, "READER-04"),
        (0x80100069, CardRemoved, "READER-05"),
        (0x8010000B, troubles.ReaderHeld, "READER-06"),
        (0x80100016, TransportFailed, "READER-07"),
        (0x80100068, troubles.CardReset, "READER-10"),
        (0x80100017, troubles.ReaderGone, "READER-11"),
        (0x8010000F, troubles.CardUnsupported, "READER-12"),
        (0x8010006A, troubles.AccessDenied, "READER-13"),
        (0x80100001, TransportFailed, "READER-07"),
    ],
)
def test_results_have_names(result: int, trouble: type[CardTrouble], code: str) -> None:
    """Signed or unsigned as the library gives it, a result becomes one coded trouble."""
    for form in (result, result - (1 << 32)):
        found = pcsc.trouble_for(form)
        assert type(found) is trouble
        assert found.code == code
        assert found.facts == {"result": f"{result:08X}"}


def test_success_is_no_trouble() -> None:
    pcsc.check(0)


@pytest.mark.parametrize(
    ("apdu", "sent"),
    [
        ("00A4040002A00000", "00A4040002A000"),  # case 4: Le goes
        ("00A4040002A000", "00A4040002A000"),
        ("0020008000", "0020008000"),  # case 2: Le stays
        ("00200080", "00200080"),
    ],
)
def test_t0_carries_no_le_beside_data(apdu: str, sent: str) -> None:
    """ISO 7816-3, 12.2.1: over T=0 a case 4 command goes out as case 3."""
    assert pcsc._without_le(bytes.fromhex(apdu)) == bytes.fromhex(sent)


class Scard:
    """Stands where pyscard's functions are, with results of its own choosing."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.connect_result = 0
        self.begin_result = 0
        self.transmit_result = 0
        self.states: list[tuple[int, int]] = []
        self.readers = ["Reader"]
        self.may_begin = threading.Event()
        self.may_begin.set()
        self.closed = threading.Event()

    def SCardEstablishContext(self, _scope: int) -> tuple[int, int]:
        return 0, 1

    def SCardReleaseContext(self, _context: int) -> int:
        self.calls.append("release")
        self.closed.set()
        return 0

    def SCardListReaders(self, _context: int, _groups: list[str]) -> tuple[int, list[str]]:
        return (0, self.readers) if self.readers else (pcsc.NO_READERS - (1 << 32), [])

    def SCardConnect(self, *_args: object) -> tuple[int, int, int]:
        return self.connect_result, 2, 2

    def SCardBeginTransaction(self, _card: int) -> int:
        self.may_begin.wait(20)
        return self.begin_result

    def SCardStatus(self, _card: int) -> tuple[int, str, int, int, list[int]]:
        return 0, "Reader", 0, 2, [0x3B, 0x00]

    def SCardGetStatusChange(
        self, _context: int, _timeout: int, _states: object
    ) -> tuple[int, list[tuple[str, int, list[int]]]]:
        result, state = self.states.pop(0)
        return result, [("Reader", state, [])]

    def SCardTransmit(self, *_args: object) -> tuple[int, list[int]]:
        return self.transmit_result, [0x90, 0x00]

    def SCardEndTransaction(self, _card: int, disposition: int) -> int:
        self.calls.append(f"end {disposition}")
        return 0

    def SCardDisconnect(self, _card: int, _disposition: int) -> int:
        self.calls.append("disconnect")
        return 0


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Scard:
    stand_in = Scard()
    for name in dir(stand_in):
        if name.startswith("SCard"):
            monkeypatch.setattr(scard, name, getattr(stand_in, name))
    return stand_in


def test_connection_is_locked_and_leaves_a_restarted_chip(fake: Scard) -> None:
    with pcsc.connect("Reader") as connection:
        assert connection.atr == b"\x3b\x00"
        assert connection.transmit(b"\x00\x20\x00\x80") == b"\x90\x00"
    connection.close()

    assert fake.calls == [f"end {scard.SCARD_RESET_CARD}", "disconnect", "release"]


def test_failed_beginning_leaves_nothing_open(fake: Scard) -> None:
    fake.begin_result = 0x80100069

    with pytest.raises(CardRemoved):
        pcsc.connect("Reader")

    assert fake.calls == ["disconnect", "release"]


@pytest.mark.parametrize(
    ("result", "trouble"),
    [
        (0x8010000B, troubles.ReaderHeld),
        (0x80100066, troubles.MuteCard),
        (0x8010000C, troubles.NoCard),
        (0x80100009, troubles.ReaderGone),
    ],
)
def test_connecting_names_what_is_in_the_way(
    fake: Scard, result: int, trouble: type[CardTrouble]
) -> None:
    fake.connect_result = result

    with pytest.raises(trouble):
        pcsc.connect("Reader")

    assert fake.calls == ["release"]


def test_unknown_reader_among_none_means_no_reader(fake: Scard) -> None:
    fake.connect_result, fake.readers = 0x80100009, []

    with pytest.raises(troubles.NoReader):
        pcsc.connect("Reader")


def test_reader_locked_by_another_program_is_given_up(
    fake: Scard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait inside the service has no end of its own; a late lock is let go at once."""
    monkeypatch.setattr(pcsc, "HELD_AFTER", 0.01)
    fake.may_begin.clear()

    with pytest.raises(troubles.ReaderHeld):
        pcsc.connect("Reader")

    fake.may_begin.set()
    assert fake.closed.wait(20)
    assert "disconnect" in fake.calls


PRESENT = pcsc.STATE_PRESENT


@pytest.mark.parametrize(
    ("result", "states", "trouble"),
    [
        (0x80100016, [(0, 0)], CardRemoved),
        (0x80100016, [(0, PRESENT), (0, 0)], CardRemoved),
        (0x80100016, [(0, PRESENT), (pcsc.TIMED_OUT, 0)], TransportFailed),
        (0x80100016, [(0, PRESENT), (0, PRESENT)], TransportFailed),
        (0x80100016, [(0x8010001D, 0)], troubles.ServiceStopped),
        (0x80100069, [], CardRemoved),
        (0x8010000C, [], CardRemoved),
        (0x80100066, [], CardRemoved),
        (0x80100068, [], troubles.CardReset),
        (0x80100017, [], troubles.ReaderGone),
        (0x80100013, [], troubles.ServiceStopped),
    ],
)
def test_broken_session_says_why(
    fake: Scard, result: int, states: list[tuple[int, int]], trouble: type[CardTrouble]
) -> None:
    """All of them are failed transports: no try is counted for any."""
    with pcsc.connect("Reader") as connection:
        fake.transmit_result, fake.states = result - (1 << 32), states

        with pytest.raises(trouble) as caught:
            connection.transmit(b"\x00\x20\x00\x80")

    assert type(caught.value) is trouble
    assert isinstance(caught.value, TransportFailed)


# --- the real thing ---------------------------------------------------------------------


@pytest.fixture
def slot(pcscd: PcscService) -> Iterator[ServiceSlot]:
    with pcscd.slot(0) as slot:
        yield slot


def test_stopped_service_is_named(pcscd: PcscService) -> None:
    pcscd.stop()

    with pytest.raises(troubles.ServiceStopped):
        pcsc.readers()
    with pytest.raises(troubles.ServiceStopped):
        pcsc.connect("Virtual PCD 00 00")


def test_empty_and_unknown_readers_are_named(slot: ServiceSlot) -> None:
    reader = slot.reader
    with pytest.raises(troubles.NoCard):
        pcsc.connect(reader)
    with pytest.raises(troubles.ReaderGone):
        pcsc.connect("No such reader")


@pytest.mark.parametrize("key_type", list(KeyType))
def test_card_signs_over_pcsc(slot: ServiceSlot, key_type: KeyType) -> None:
    """SELECT, certificate, VERIFY and signature through service and driver."""
    card = card_with(key_type)
    reader = slot.lay(card)

    with pcsc.connect(reader) as connection:
        assert connection.atr == card.atr
        assert connection.name == reader
        session = PivSession(connection)
        session.select()
        signature = session.verify_and_sign(Slot.SIGNATURE, b"over the wire", pin())
        certificate = session.certificate(Slot.SIGNATURE)

    assert certificate is not None
    key = public_key_of(load_certificate(certificate))
    verify_signature(key, signature, b"over the wire")


def test_signer_over_pcsc_and_nobody_inherits_the_pin(slot: ServiceSlot) -> None:
    reader = slot.lay(card_with())

    with CardSigner(_sessions(reader), now=lambda: NOW) as signer:
        signer.unlock(pin())
        assert len(signer.sign(b"first")) == len(signer.sign(b"second")) == 64
        with _sessions(reader)() as session:
            assert session.tries_left() == 3


def test_card_pulled_in_mid_session(slot: ServiceSlot) -> None:
    reader = slot.lay(card_with())
    with pcsc.connect(reader) as connection:
        session = PivSession(connection)
        session.select()

        slot.remove()

        with pytest.raises(CardRemoved):
            session.tries_left()
    wait_until(lambda: not is_present(reader), "card gone")
    with pytest.raises(troubles.NoCard):
        pcsc.connect(reader)


def test_service_stopped_in_mid_session(pcscd: PcscService, slot: ServiceSlot) -> None:
    card = card_with()
    reader = slot.lay(card)
    with pcsc.connect(reader) as connection:
        session = PivSession(connection)
        session.select()

        pcscd.stop()

        with pytest.raises(troubles.ServiceStopped):
            session.tries_left()
    pcscd.start()
    wait_until(lambda: reader in pcsc.readers() and is_present(reader), "card back")
    with _sessions(reader)() as session:
        assert session.tries_left() == 3


def test_second_client_waits_and_then_names_the_holder(
    slot: ServiceSlot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one session holds the chip, another finds the reader held, and later free."""
    reader = slot.lay(card_with())
    with pcsc.connect(reader):
        monkeypatch.setattr(pcsc, "HELD_AFTER", 0.05)
        with pytest.raises(troubles.ReaderHeld):
            pcsc.connect(reader)
    monkeypatch.undo()

    with pcsc.connect(reader) as connection:
        assert connection.atr


def _sessions(reader: str) -> SessionFactory:
    @contextmanager
    def opened() -> Iterator[PivSession]:
        with pcsc.connect(reader) as connection:
            yield session_with(connection)

    return opened
