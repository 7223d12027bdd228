"""The layers around a connection, against a card that plays a script."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import pytest

from desk.iso7816.apdu import CommandApdu
from desk.iso7816.connection import (
    APDU_LEVEL,
    CommandChaining,
    Logged,
    ResponseChaining,
    ask,
    send,
)
from desk.iso7816.troubles import AnswerEndless, CardAnswered


class Script:
    """Answers the listed commands in the listed order and nothing else."""

    def __init__(self, lines: Iterable[tuple[str, str]]) -> None:
        self._lines = [(bytes.fromhex(a), bytes.fromhex(b)) for a, b in lines]

    def transmit(self, apdu: bytes) -> bytes:
        expected, answer = self._lines.pop(0)
        assert apdu.hex() == expected.hex()
        return answer

    def done(self) -> bool:
        return not self._lines


GET = CommandApdu(0x00, 0xCB, 0x3F, 0xFF, bytes.fromhex("5C035FC105"), 256)


def test_answers_in_pieces_are_joined() -> None:
    """61XX is followed by GET RESPONSE with that length until 9000 (clause 5.3.4)."""
    card = Script(
        [
            ("00CB3FFF055C035FC10500", "AABB6100"),
            ("00C0000000", "CCDD6102"),
            ("00C0000002", "EEFF9000"),
        ]
    )

    assert ask(ResponseChaining(card), GET).hex() == "aabbccddeeff"
    assert card.done()


def test_wrong_le_is_corrected_once() -> None:
    """6CXX: the same command again with the length the card names."""
    card = Script([("00B0000000", "6C12"), ("00B0000012", "AA" * 18 + "9000")])

    assert ask(ResponseChaining(card), CommandApdu(0, 0xB0, 0, 0, le=256)) == b"\xaa" * 18


def test_error_after_pieces_stands() -> None:
    card = Script([("00B0000000", "AA6101"), ("00C0000001", "6F00")])

    assert send(ResponseChaining(card), CommandApdu(0, 0xB0, 0, 0, le=256)).sw == 0x6F00


def test_answer_without_end_stops() -> None:
    """A chip that always has more is told by its own name and fills no memory."""

    class Endless:
        def transmit(self, apdu: bytes) -> bytes:
            return bytes(256) + b"\x61\x00"

    with pytest.raises(AnswerEndless):
        ResponseChaining(Endless()).transmit(GET.encode())


def test_an_answer_in_crumbs_stops() -> None:
    """A byte at a time the longest answer would take a hundred thousand commands."""

    class Crumbs:
        commands = 0

        def transmit(self, apdu: bytes) -> bytes:
            self.commands += 1
            return b"\x00\x61\x01"

    card = Crumbs()

    with pytest.raises(AnswerEndless):
        ResponseChaining(card).transmit(GET.encode())
    assert card.commands < 1100


def test_long_commands_are_chained() -> None:
    """More than 255 bytes go out in commands with bit 5 of CLA set, but the last (5.3.3)."""
    data = bytes(range(256)) + b"\x01\x02"
    card = Script(
        [
            ("1087079BFF" + data[:255].hex(), "9000"),
            ("0087079B03" + data[255:].hex() + "00", "AA9000"),
        ]
    )

    assert ask(CommandChaining(card), CommandApdu(0, 0x87, 7, 0x9B, data, 256)) == b"\xaa"


def test_refusal_in_mid_chain_ends_it() -> None:
    card = Script([("10DB3FFFFF" + "00" * 255, "6884")])

    with pytest.raises(CardAnswered) as caught:
        ask(CommandChaining(card), CommandApdu(0, 0xDB, 0x3F, 0xFF, bytes(300)))

    assert caught.value.sw == 0x6884


def test_short_commands_pass_untouched() -> None:
    full = CommandApdu(0, 0xDB, 0x3F, 0xFF, bytes(255), 256)
    card = Script([(full.encode().hex(), "9000")])

    assert ask(CommandChaining(card), full) == b""


def test_log_holds_no_data(caplog: pytest.LogCaptureFixture) -> None:
    """The line of a VERIFY shows header and lengths; the PIN stands nowhere."""
    caplog.set_level(APDU_LEVEL, "desk.iso7816.connection")
    verify = CommandApdu(0, 0x20, 0, 0x80, b"123456\xff\xff")

    Logged(Script([(verify.encode().hex(), "9000")])).transmit(verify.encode())

    assert "00200080 +9 -> 9000 +0" in caplog.text
    assert "123456" not in caplog.text and b"123456".hex() not in caplog.text


def test_nothing_is_logged_by_default(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "desk.iso7816.connection")

    Logged(Script([("0020008000", "9000")])).transmit(bytes.fromhex("0020008000"))

    assert caplog.text == ""
