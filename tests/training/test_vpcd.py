"""The virtual slot against a stand-in for the driver, which speaks its protocol by hand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from desk.training.vpcd import VirtualSlot


class Echo:
    """A chip that answers with its command, and counts its resets."""

    atr = bytes.fromhex("3B80800101")

    def __init__(self) -> None:
        self.resets = 0
        self.was_reset = threading.Event()

    def transmit(self, apdu: bytes) -> bytes:
        return apdu + b"\x90\x00"

    def reset(self) -> None:
        self.resets += 1
        self.was_reset.set()


class Driver:
    """Listens where the vpcd driver would."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(20)
        self.port: int = self._listener.getsockname()[1]

    def link(self) -> socket.socket:
        link, _ = self._listener.accept()
        link.settimeout(20)
        return link

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def driver() -> Iterator[Driver]:
    made = Driver()
    yield made
    made.close()


def ask(link: socket.socket, message: bytes) -> bytes:
    link.sendall(len(message).to_bytes(2) + message)
    return _read(link)


def _read(link: socket.socket) -> bytes:
    head = link.recv(2, socket.MSG_WAITALL)
    return link.recv(int.from_bytes(head), socket.MSG_WAITALL)


def test_messages_of_the_driver(driver: Driver) -> None:
    """04 asks for the ATR; 00, 01, 02 are power and get no answer; the rest are APDUs."""
    chip = Echo()
    with VirtualSlot(driver.port) as slot:
        slot.insert(chip)
        with driver.link() as link:
            assert ask(link, b"\x04") == chip.atr
            for power in (b"\x01", b"\x02", b"\x00"):
                link.sendall(b"\x00\x01" + power)
            assert ask(link, bytes.fromhex("00A4040000")).hex() == "00a40400009000"
            assert chip.resets == 3


def test_long_messages_arrive_whole(driver: Driver) -> None:
    command = bytes(range(256)) * 20
    with VirtualSlot(driver.port) as slot:
        slot.insert(Echo())
        with driver.link() as link:
            link.sendall(len(command).to_bytes(2) + command[:100])
            link.sendall(command[100:])
            assert _read(link) == command + b"\x90\x00"


def test_removal_closes_the_link_and_ends_the_thread(driver: Driver) -> None:
    chip = Echo()
    slot = VirtualSlot(driver.port)
    slot.insert(chip)
    with driver.link() as link:
        slot.remove()

        assert link.recv(1) == b""
    assert slot.chip is None
    assert chip.resets == 1
    slot.remove()


def test_chip_stays_in_while_the_driver_restarts(driver: Driver) -> None:
    chip = Echo()
    with VirtualSlot(driver.port) as slot:
        slot.insert(chip)
        driver.link().close()
        with driver.link() as link:
            assert ask(link, b"\x04") == chip.atr


def test_chip_waits_for_a_driver_that_is_not_there_yet() -> None:
    probe = Driver()
    port = probe.port
    probe.close()
    with VirtualSlot(port) as slot:
        slot.insert(Echo())
        with socket.create_server(("127.0.0.1", port)) as listener:
            listener.settimeout(20)
            link, _ = listener.accept()
            link.settimeout(20)
            with link:
                assert ask(link, b"\x04") == Echo.atr


def test_another_chip_takes_the_place(driver: Driver) -> None:
    with VirtualSlot(driver.port) as slot:
        slot.insert(Echo())
        first = driver.link()
        other = Echo()
        other.atr = b"\x3b\x00"

        slot.insert(other)

        with first:
            assert first.recv(1) == b""
        with driver.link() as link:
            assert ask(link, b"\x04") == b"\x3b\x00"


def test_link_lost_in_mid_message_powers_the_chip_off(driver: Driver) -> None:
    chip = Echo()
    with VirtualSlot(driver.port) as slot:
        slot.insert(chip)
        link = driver.link()
        link.sendall(b"\x00\x20\x01")
        link.close()

        assert chip.was_reset.wait(20)
