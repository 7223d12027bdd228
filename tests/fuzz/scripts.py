"""A chip that answers by a script: what the input says, one object an answer, then nothing.

An answer's last object may be its status word (99 with two bytes); without, it is 9000.
Written so, samples recorded from the training chip stay data objects all through, and
altering them object by object reaches into the answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.connection import CardConnection
from desk.iso7816.troubles import CardRemoved
from desk.mrtd.ciphers import CipherSuite
from desk.mrtd.secure_messaging import SecureMessaging
from desk.mrtd.troubles import SessionBroken

_ANSWER, _STATUS = 0x30, 0x99


class Scripted:
    """A connection for one input; raises TlvError where the input is no script."""

    def __init__(self, data: bytes) -> None:
        self._answers = [_answer(item.value) for item in tlv.parse(data)]
        self._answers.reverse()

    def transmit(self, apdu: bytes) -> bytes:
        CommandApdu.parse(apdu)
        if not self._answers:
            raise CardRemoved
        return self._answers.pop()


class Sealed:
    """The same chip inside a session whose keys it knows: it seals whatever it says.

    What comes under other keys it cannot read, and it answers as it is.
    """

    def __init__(self, inner: CardConnection, suite: CipherSuite) -> None:
        self._inner = inner
        self._messaging = SecureMessaging(suite)

    def transmit(self, apdu: bytes) -> bytes:
        try:
            plain = self._messaging.unprotect_command(CommandApdu.parse(apdu))
        except SessionBroken:
            return self._inner.transmit(apdu)
        answer = ResponseApdu.parse(self._inner.transmit(plain.encode()))
        return self._messaging.protect_response(answer, plain.ins).encode()


class Recorded:
    """Writes down what a real connection answers, as a script."""

    def __init__(self, inner: CardConnection) -> None:
        self._inner = inner
        self.script = b""

    def transmit(self, apdu: bytes) -> bytes:
        answer = self._inner.transmit(apdu)
        self.script += tlv.encode(_ANSWER, answer[:-2], tlv.encode(_STATUS, answer[-2:]))
        return answer


def repeatable(seed: int = 1) -> Callable[[int], bytes]:
    """The same «random» bytes every time, so that recorded answers fit again."""
    return random.Random(seed).randbytes


def _answer(value: bytes) -> bytes:
    if value[-4:-2] == b"\x99\x02":
        return value[:-4] + value[-2:]
    return value + b"\x90\x00"
