"""A reader with keys of its own, as PC/SC part 10 describes it, for the tests.

It reads the structures field by field by the published layout (part 10 rev. 2.02.09, 2.5.2
and 2.5.3) and puts what its user types into the command, so that a wrong offset or byte
order in the desk's structures gives a wrong PIN here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from desk.training.piv_card import PivCard

VERIFY_CODE, MODIFY_CODE, PROPERTIES_CODE = 0x42330006, 0x42330007, 0x42330012
TIMED_OUT, CANCELLED, DIFFERENT, LENGTH = b"\x64\x00", b"\x64\x01", b"\x64\x02", b"\x64\x03"


class PadReader:
    """The card in it, and ``typing``: what its user types when asked, None for nothing."""

    def __init__(
        self,
        card: PivCard,
        typing: Callable[[str], str | None],
        *,
        can_change: bool = True,
        properties: bytes | None = None,
    ) -> None:
        self.card = card
        self.asked: list[str] = []
        self.lengths: tuple[int, int] = (0, 0)
        self._typing = typing
        self._properties = properties
        self._codes = {0x06: VERIFY_CODE}
        if can_change:
            self._codes[0x07] = MODIFY_CODE
        if properties is not None:
            self._codes[0x12] = PROPERTIES_CODE

    def transmit(self, apdu: bytes) -> bytes:
        return self.card.transmit(apdu)

    def reset(self) -> None:
        self.card.reset()

    def features(self) -> bytes:
        return b"".join(
            bytes((tag, 4)) + code.to_bytes(4, "big") for tag, code in self._codes.items()
        )

    def control(self, code: int, data: bytes) -> bytes:
        if code == PROPERTIES_CODE:
            return self._properties or b""
        return self._verify(data) if code == VERIFY_CODE else self._modify(data)

    def _verify(self, data: bytes) -> bytes:
        fields = struct.unpack("<BBBBBHBBHB3sI", data[:19])
        form, block, size_format, digits, when, _count, _language, _message = fields[2:10]
        frame = bytearray(data[19:])
        assert (form, block, size_format, when) == (0x82, 0x08, 0x00, 0x02)
        assert fields[-1] == len(frame) == 13
        self.lengths = digits >> 8, digits & 0xFF
        pin = self._type("pin")
        if isinstance(pin, bytes):
            return pin
        self._put(frame, 5, pin)
        return self.card.transmit(bytes(frame))

    def _modify(self, data: bytes) -> bytes:
        fields = struct.unpack("<BBBBBBBHBBBHBBB3sI", data[:24])
        form, block, size_format, old_at, new_at, digits, confirm = fields[2:9]
        frame = bytearray(data[24:])
        assert (form, block, size_format, confirm) == (0x82, 0x08, 0x00, 0x03)
        assert fields[12:15] == (0, 1, 2)
        assert fields[-1] == len(frame) == 21
        self.lengths = digits >> 8, digits & 0xFF
        typed = [self._type(what) for what in ("old", "new", "again")]
        if refused := next((one for one in typed if isinstance(one, bytes)), None):
            return refused
        if typed[1] != typed[2]:
            return DIFFERENT
        self._put(frame, 5 + old_at, str(typed[0]))
        self._put(frame, 5 + new_at, str(typed[1]))
        return self.card.transmit(bytes(frame))

    def _type(self, what: str) -> str | bytes:
        self.asked.append(what)
        typed = self._typing(what)
        if typed is None:
            return TIMED_OUT
        least, most = self.lengths
        return typed if least <= len(typed) <= most else LENGTH

    @staticmethod
    def _put(frame: bytearray, at: int, digits: str) -> None:
        frame[at : at + len(digits)] = digits.encode("ascii")
