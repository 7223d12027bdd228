"""How much may be read at once: what the chip says of itself, and what it then takes.

The chip speaks in its answer to reset and in EF.ATR/INFO (ISO/IEC 7816-4 clause 12; Doc
9303-10 clause 3.11.3). `ReadLength` begins small, grows to that ceiling and falls where
a length is refused. What the reader takes shows only in trying.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from desk.iso7816 import tlv
from desk.iso7816.apdu import EXTENDED_LE_MAX, SHORT_LE_MAX
from desk.iso7816.troubles import TlvError

SHORT_READ = 223
"""Most that a short protected answer holds under AES; under 3DES it is 231."""
EXTENDED_READ = 4000
"""Asked for where the chip takes extended lengths and names no limit."""
EXTENDED_MOST = 16_000
"""Asked for at most: one command lost costs a third of a second on the air then."""
_RUNGS = (32, 112, SHORT_READ, 1000, EXTENDED_READ)
_STATUS_WORD, _STATUS_OBJECT, _CODE_OBJECT, _INDICATOR = 2, 4, 10, 1
_EXTENDED_LENGTH, _EXTENDED_LENGTH_IN_FILE = 0x40, 0x20
_CAPABILITIES, _LENGTH_INFORMATION, _INTEGER = 0x47, 0x7F66, 0x02
_COMPACT_CAPABILITIES = 7
_PADDING = (0x00, 0xFF)


@dataclass
class ReadLength:
    """How much to ask for at once: ``short`` first, then ``ceiling``, less when refused."""

    ceiling: int = SHORT_READ
    short: int = SHORT_READ
    current: int = field(init=False)

    def __post_init__(self) -> None:
        self.current = min(self.ceiling, self.short)

    @property
    def grown(self) -> bool:
        """More is asked for than every chip and reader takes."""
        return self.current > self.short

    def narrow(self, ceiling: int, short: int) -> None:
        """No more than this from now on: another cipher leaves less room in an answer."""
        self.short = min(self.short, short)
        self.ceiling = min(self.ceiling, max(ceiling, self.short))
        self.current = min(self.current, self.ceiling)

    def succeeded(self, asked: int) -> None:
        if asked >= self.current:
            self.current = self.ceiling

    def refused(self, asked: int, offered: int | None = None) -> bool:
        """Fall to what the chip offers, or a rung; False when there is no lower one."""
        lower = [rung for rung in _RUNGS if rung < asked]
        # One byte cannot say more than 256: chips with a longer limit offer its remainder.
        sensible = offered is not None and _RUNGS[0] <= offered < asked
        best = (offered or 0) if sensible else max(lower, default=0)
        if not best:
            return False
        self.ceiling = self.current = best
        return True


@dataclass(frozen=True, slots=True)
class Capabilities:
    """``extended``: lengths beyond a byte are taken; None where nothing is said of it.

    ``in_file``: EF.ATR/INFO may say more. ``response``: most bytes of an answer, with its
    status word; None where no limit is named.
    """

    extended: bool | None = None
    in_file: bool = True
    response: int | None = None

    def ceiling(self, block: int) -> int:
        """Most bytes of a file to ask for under secure messaging with cipher ``block``."""
        if not self.extended:
            return plain_length(SHORT_LE_MAX, block)
        if self.response is None:
            return EXTENDED_READ
        room = plain_length(min(self.response, EXTENDED_LE_MAX) - _STATUS_WORD, block)
        return max(min(room, EXTENDED_MOST), plain_length(SHORT_LE_MAX, block))


def plain_length(room: int, block: int) -> int:
    """Bytes of content that fit protected into ``room`` bytes of response data."""
    room -= _STATUS_OBJECT + _CODE_OBJECT
    framing = len(tlv.encode(0x87, bytes(max(room, 0)))) - max(room, 0)
    blocks = (room - framing - _INDICATOR) // block
    return max(blocks * block - 1, 1)  # the last block holds at least one byte of padding


def of_answer_to_reset(atr: bytes) -> Capabilities:
    """By the card capabilities in the historical bytes (ISO/IEC 7816-4 clause 12.1.1.9)."""
    return _of_software_functions(_compact_tlv(_historical(atr)).get(_COMPACT_CAPABILITIES, b""))


def of_atr_info(raw: bytes, before: Capabilities | None = None) -> Capabilities:
    """By the content of EF.ATR/INFO; ``before`` holds where the file says nothing.

    Never raises: a file that does not read says nothing.
    """
    known = before or Capabilities()
    objects = {item.tag: item for item in _objects(raw)}
    if _CAPABILITIES in objects:
        said = _of_software_functions(objects[_CAPABILITIES].value)
        known = Capabilities(said.extended, False, known.response)
    limits = _limits(objects.get(_LENGTH_INFORMATION))
    if limits:
        # Naming lengths beyond the short ones is saying that they are taken.
        return Capabilities(limits[-1] > SHORT_LE_MAX + _STATUS_WORD, False, limits[-1])
    return Capabilities(known.extended, False, known.response)


def _of_software_functions(functions: bytes) -> Capabilities:
    """The third software function byte: b7 extended lengths, b6 their limits in EF.ATR/INFO."""
    if len(functions) < 3:
        return Capabilities()
    extended = bool(functions[2] & _EXTENDED_LENGTH)
    return Capabilities(extended, extended and bool(functions[2] & _EXTENDED_LENGTH_IN_FILE))


def _limits(information: tlv.Tlv | None) -> tuple[int, ...]:
    """Most bytes of a command and of an answer (clause 12.7.1), or nothing."""
    if information is None:
        return ()
    try:
        numbers = [item.value for item in information.children if item.tag == _INTEGER]
    except TlvError:
        return ()
    found = tuple(int.from_bytes(number) for number in numbers)
    return found if len(found) == 2 and all(found) else ()


def _objects(raw: bytes) -> list[tlv.Tlv]:
    """Data objects one after another, up to padding or what is none."""
    found: list[tlv.Tlv] = []
    offset = 0
    while offset < len(raw) and raw[offset] not in _PADDING:
        try:
            header = tlv.read_header(raw, offset)
            found.extend(tlv.parse(raw[offset : offset + header.total]))
        except TlvError:
            break
        offset += header.total
    return found


def _historical(atr: bytes) -> bytes:
    """Historical bytes of an answer to reset (ISO/IEC 7816-3 clause 8.2)."""
    if len(atr) < 2:
        return b""
    count, flags, position = atr[1] & 0x0F, atr[1] >> 4, 2
    while flags:
        position += (flags & 0b0111).bit_count()
        if not flags & 0b1000 or position >= len(atr):
            break
        flags, position = atr[position] >> 4, position + 1
    return atr[position : position + count]


def _compact_tlv(historical: bytes) -> dict[int, bytes]:
    """COMPACT-TLV objects behind category 80 or 00 (clause 12.1.1)."""
    found: dict[int, bytes] = {}
    if not historical or historical[0] not in (0x80, 0x00):
        return found
    position = 1
    while position < len(historical):
        tag, length = historical[position] >> 4, historical[position] & 0x0F
        found[tag] = historical[position + 1 : position + 1 + length]
        position += 1 + length
    return found
