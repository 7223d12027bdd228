"""The seam to a chip, and behaviours laid around it as thin layers.

A layer takes a connection and is one, so a session is built by stacking, e.g.
``ResponseChaining(CommandChaining(Logged(card)))``. What carries the bytes (PC/SC,
a simulated chip in this process) is left to others.
"""

from __future__ import annotations

import logging
import time
from typing import Protocol

from desk.iso7816.apdu import CHAINING_BIT, SHORT_DATA_MAX, CommandApdu, ResponseApdu
from desk.iso7816.status import StatusWord, more_data, right_length
from desk.iso7816.troubles import AnswerEndless, CardAnswered

INS_GET_RESPONSE = 0xC0
SECURED_BITS = 0x0C
"""Bits of an interindustry CLA that announce secure messaging (clause 5.4.1)."""
ANSWER_MAX = 128 * 1024
_MOST_PARTS = 1024
"""Parts that one answer is fetched in; the longest there is comes in 257 of 256 bytes."""
APDU_LEVEL = 5
"""Log level of APDU lines, below DEBUG: headers, lengths and status words, never data."""

_log = logging.getLogger(__name__)


class CardConnection(Protocol):
    """Something that carries one command APDU to a chip and brings its answer."""

    def transmit(self, apdu: bytes) -> bytes:
        """Data and status word. Raises TransportFailed (CardRemoved when the chip is gone)."""
        ...


class ResponseChaining:
    """Fetches answers longer than one APDU (61XX) and corrects Le (6CXX), clause 5.3.4."""

    def __init__(self, inner: CardConnection) -> None:
        self._inner = inner

    def transmit(self, apdu: bytes) -> bytes:
        response = ResponseApdu.parse(self._inner.transmit(apdu))
        wanted = right_length(response.sw)
        # A protected command counts: it cannot be sent a second time.
        if wanted is not None and not apdu[0] & SECURED_BITS:
            corrected = CommandApdu.parse(apdu).with_le(wanted)
            response = ResponseApdu.parse(self._inner.transmit(corrected.encode()))
        data, cla = bytearray(response.data), apdu[0] & ~(CHAINING_BIT | SECURED_BITS)
        for _ in range(_MOST_PARTS):
            if (waiting := more_data(response.sw)) is None:
                return ResponseApdu(bytes(data), response.sw).encode()
            get_response = CommandApdu(cla, INS_GET_RESPONSE, 0, 0, le=waiting)
            response = ResponseApdu.parse(self._inner.transmit(get_response.encode()))
            data += response.data
            # An endless stream of 61XX must not fill the memory, with or without data.
            if len(data) > ANSWER_MAX or (more_data(response.sw) and not response.data):
                break
        raise AnswerEndless("the chip's answer does not end")


class CommandChaining:
    """Cuts commands of more than 255 bytes into a chain of short ones, clause 5.3.3."""

    def __init__(self, inner: CardConnection, chunk: int = SHORT_DATA_MAX) -> None:
        self._inner = inner
        self._chunk = chunk

    def transmit(self, apdu: bytes) -> bytes:
        if len(apdu) <= SHORT_DATA_MAX + 6:
            return self._inner.transmit(apdu)
        command = CommandApdu.parse(apdu)
        cla, ins, p1, p2 = command.header_octets
        data, chunk = command.data, self._chunk
        while len(data) > chunk:
            part = CommandApdu(cla | CHAINING_BIT, ins, p1, p2, data[:chunk])
            answer = ResponseApdu.parse(self._inner.transmit(part.encode()))
            if answer.sw != StatusWord.OK:
                return answer.encode()
            data = data[chunk:]
        le = None if command.le is None else min(command.le, 256)
        return self._inner.transmit(CommandApdu(cla, ins, p1, p2, data, le).encode())


class Logged:
    """Writes one line a command at APDU_LEVEL: header, lengths, status word, time; no data."""

    def __init__(self, inner: CardConnection, log: logging.Logger = _log) -> None:
        self._inner = inner
        self._log = log

    def transmit(self, apdu: bytes) -> bytes:
        if not self._log.isEnabledFor(APDU_LEVEL):
            return self._inner.transmit(apdu)
        begun = time.perf_counter()
        answer = self._inner.transmit(apdu)
        milliseconds = (time.perf_counter() - begun) * 1000
        self._log.log(
            APDU_LEVEL,
            "%s +%d -> %s +%d, %.1f ms",
            apdu[:4].hex(),
            len(apdu) - 4,
            answer[-2:].hex(),
            max(len(answer) - 2, 0),
            milliseconds,
        )
        return answer


class Counted:
    """Counts what travels: commands, bytes sent and received, status words with them."""

    def __init__(self, inner: CardConnection) -> None:
        self._inner = inner
        self.commands = self.sent = self.received = 0

    def transmit(self, apdu: bytes) -> bytes:
        self.commands += 1
        self.sent += len(apdu)
        answer = self._inner.transmit(apdu)
        self.received += len(answer)
        return answer


def send(connection: CardConnection, command: CommandApdu) -> ResponseApdu:
    """One command there and back, as values."""
    return ResponseApdu.parse(connection.transmit(command.encode()))


def ask(connection: CardConnection, command: CommandApdu, *accepted: int) -> bytes:
    """The data of the answer; raises CardAnswered unless 9000 or ``accepted``."""
    return send(connection, command).require(*accepted)


__all__ = [
    "APDU_LEVEL",
    "CardAnswered",
    "CardConnection",
    "CommandChaining",
    "Counted",
    "Logged",
    "ResponseChaining",
    "ask",
    "send",
]
