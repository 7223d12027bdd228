"""A chip that fails at one command of a reading, in any way a chip or reader can."""

from __future__ import annotations

from dataclasses import dataclass

from desk.iso7816.connection import CardConnection
from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import CardRemoved, TransportFailed

STATUS_WORDS = (
    *(int(word) for word in StatusWord),
    *(0x6100, 0x6110, 0x6C00, 0x6C10, 0x63C0, 0x63C2, 0x6283, 0x6400, 0x6999, 0x0000, 0xFFFF),
)
"""All that the desk acts on, the ranges, and some that mean nothing to it."""
LOST, GONE, SHORT = TransportFailed, CardRemoved, b"\x90"
"""No answer; the chip pulled; less than a status word."""

Fault = int | bytes | type[Exception]


@dataclass
class FaultyChip:
    """``chip`` answers ``fault`` to command number ``at``, once.

    ``after`` True: the chip has done what it was asked, and only its answer is another.
    """

    chip: CardConnection
    at: int
    fault: Fault
    after: bool = False
    commands: int = 0

    def transmit(self, apdu: bytes) -> bytes:
        number, self.commands = self.commands, self.commands + 1
        if number != self.at:
            return self.chip.transmit(apdu)
        if self.after:
            self.chip.transmit(apdu)
        if isinstance(self.fault, type):
            raise self.fault
        return self.fault if isinstance(self.fault, bytes) else self.fault.to_bytes(2)
