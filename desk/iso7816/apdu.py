"""Command and response APDUs, short and extended (ISO/IEC 7816-4:2020 clause 5.2)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import CardAnswered, TransportFailed

SHORT_DATA_MAX = 255
SHORT_LE_MAX = 256
EXTENDED_DATA_MAX = 65_535
EXTENDED_LE_MAX = 65_536
HEADER_LENGTH = 4
CHAINING_BIT = 0x10


@dataclass(frozen=True, slots=True)
class CommandApdu:
    """One command. ``le`` is the number of bytes wanted (256 or 65536 for «all»), None for none.

    The encoding is extended where data or ``le`` do not fit the short form, or where
    ``extended`` asks for it. The data may be a PIN and are never part of its repr.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = field(default=b"", repr=False)
    le: int | None = None
    extended: bool = False

    def __post_init__(self) -> None:
        if any(not 0 <= octet <= 0xFF for octet in self.header_octets):
            raise ValueError("CLA, INS, P1 and P2 are single bytes")
        if len(self.data) > EXTENDED_DATA_MAX:
            raise ValueError("command data longer than 65535 bytes")
        if self.le is not None and not 1 <= self.le <= EXTENDED_LE_MAX:
            raise ValueError("Le must be 1 to 65536, or None")

    @property
    def header_octets(self) -> tuple[int, int, int, int]:
        return self.cla, self.ins, self.p1, self.p2

    @property
    def header(self) -> bytes:
        """CLA INS P1 P2."""
        return bytes(self.header_octets)

    @property
    def is_extended(self) -> bool:
        return (
            self.extended
            or len(self.data) > SHORT_DATA_MAX
            or (self.le is not None and self.le > SHORT_LE_MAX)
        )

    @property
    def is_chained(self) -> bool:
        """More commands of the same chain follow (bit 5 of an interindustry CLA)."""
        return self.cla & 0x80 == 0 and bool(self.cla & CHAINING_BIT)

    def encode(self) -> bytes:
        return self.header + (self._extended_body() if self.is_extended else self._short_body())

    def with_le(self, le: int | None) -> CommandApdu:
        return replace(self, le=le)

    def _short_body(self) -> bytes:
        lc = bytes([len(self.data)]) if self.data else b""
        le = b"" if self.le is None else bytes([self.le & 0xFF])
        return lc + self.data + le

    def _extended_body(self) -> bytes:
        if not self.data and self.le is None:
            return b""  # case 1 has no extended form
        le = b"" if self.le is None else (self.le & 0xFFFF).to_bytes(2)
        if not self.data:
            return b"\x00" + le
        return b"\x00" + len(self.data).to_bytes(2) + self.data + le

    @classmethod
    def parse(cls, raw: bytes) -> CommandApdu:
        """The command in ``raw``; ValueError where it is none of the seven cases."""
        if len(raw) < HEADER_LENGTH:
            raise ValueError("command shorter than its header")
        cla, ins, p1, p2 = raw[:HEADER_LENGTH]
        data, le, extended = _parse_body(bytes(raw[HEADER_LENGTH:]))
        return cls(cla, ins, p1, p2, data, le, extended)


def _parse_body(body: bytes) -> tuple[bytes, int | None, bool]:
    if not body:
        return b"", None, False
    if len(body) == 1:
        return b"", body[0] or SHORT_LE_MAX, False
    if body[0]:
        return *_split(body[1:], body[0], le_size=1), False
    if len(body) == 3:  # 00 and a two-byte Le: case 2 extended
        return b"", int.from_bytes(body[1:]) or EXTENDED_LE_MAX, True
    length = int.from_bytes(body[1:3])
    if len(body) < 3 or length == 0:
        raise ValueError("broken extended length")
    return *_split(body[3:], length, le_size=2), True


def _split(rest: bytes, length: int, le_size: int) -> tuple[bytes, int | None]:
    data, le = rest[:length], rest[length:]
    if len(data) != length or len(le) not in (0, le_size):
        raise ValueError("command length does not match its Lc")
    return data, (int.from_bytes(le) or 1 << (8 * le_size)) if le else None


@dataclass(frozen=True, slots=True)
class ResponseApdu:
    """One answer: data and the two-byte status word. The data may be personal: no repr."""

    data: bytes = field(repr=False)
    sw: int

    @classmethod
    def parse(cls, raw: bytes) -> ResponseApdu:
        """Raises TransportFailed for fewer than two bytes: no chip answers so."""
        if len(raw) < 2:
            raise TransportFailed("answer shorter than a status word")
        return cls(bytes(raw[:-2]), int.from_bytes(raw[-2:]))

    def encode(self) -> bytes:
        return self.data + self.sw.to_bytes(2)

    def require(self, *accepted: int) -> bytes:
        """The data, where the status word is 9000 or one of ``accepted``.

        Raises CardAnswered otherwise.
        """
        if self.sw != StatusWord.OK and self.sw not in accepted:
            raise CardAnswered(self.sw)
        return self.data
