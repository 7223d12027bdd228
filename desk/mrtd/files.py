"""Elementary files of the eMRTD application and how they are read (Doc 9303-10, 9303-11 4.7).

Reads with as few commands as chip and reader allow: short file identifier instead of
SELECT, never past the end of the file, lengths that grow while they work and fall back
where they do not. Sizes are capped, since they are the chip's own claim.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.connection import CardConnection, send
from desk.iso7816.status import StatusWord, right_length
from desk.iso7816.troubles import CardAnswered, TlvError
from desk.mrtd.secure_messaging import SecureChannel
from desk.mrtd.troubles import FileMalformed, FileMissing, SessionBroken

INS_SELECT, INS_READ, INS_READ_TLV = 0xA4, 0xB0, 0xB1
AID = bytes.fromhex("A0000002471001")
HEADER_READ = 8
"""Enough for tag and length of every file."""
SHORT_READ = 223
"""Most that a short protected answer holds under AES; 3DES would take 231."""
EXTENDED_READ = 4000
_SHORT_OFFSET_MAX = 0x7FFF
_RUNGS = (32, 112, SHORT_READ, 1000, EXTENDED_READ)
_KB = 1024
_TAG_OFFSET, _TAG_DATA = 0x54, 0x53
_LENGTH_REFUSED = {StatusWord.WRONG_LENGTH, StatusWord.WRONG_P1_P2, StatusWord.WRONG_OFFSET}
_SESSION_LOST = {StatusWord.SM_OBJECTS_MISSING, StatusWord.SM_OBJECTS_INCORRECT}
_NOT_BY_SHORT_ID = {
    StatusWord.NOT_FOUND,
    StatusWord.WRONG_P1_P2,
    StatusWord.FUNCTION_NOT_SUPPORTED,
    StatusWord.INS_NOT_SUPPORTED,
    StatusWord.COMMAND_NOT_ALLOWED,
    StatusWord.CONDITIONS_NOT_SATISFIED,
}


class File(Enum):
    """Name, short identifier, tag of the content, largest size taken (bytes)."""

    COM = ("COM", 0x1E, 0x60, _KB)
    SOD = ("SOD", 0x1D, 0x77, 64 * _KB)
    DG1 = ("DG1", 0x01, 0x61, _KB)
    DG2 = ("DG2", 0x02, 0x75, 256 * _KB)
    DG14 = ("DG14", 0x0E, 0x6E, 32 * _KB)
    DG15 = ("DG15", 0x0F, 0x6F, 16 * _KB)

    def __init__(self, label: str, short_id: int, tag: int, limit: int) -> None:
        self.label = label
        self.short_id = short_id
        self.tag = tag
        self.limit = limit

    @property
    def identifier(self) -> bytes:
        return bytes([0x01, self.short_id])


@dataclass
class ReadLength:
    """How much to ask for at once: grows rung by rung to ``ceiling``, falls when refused."""

    ceiling: int = SHORT_READ
    current: int = field(init=False)

    def __post_init__(self) -> None:
        self.current = min(self.ceiling, SHORT_READ)

    def succeeded(self, asked: int) -> None:
        if asked >= self.current:
            higher = (rung for rung in _RUNGS if self.current < rung <= self.ceiling)
            self.current = next(higher, self.current)

    def refused(self, asked: int, offered: int | None = None) -> bool:
        """Fall to what the chip offers, or a rung; False when there is no lower one."""
        lower = [rung for rung in _RUNGS if rung < asked]
        best = offered if offered is not None and 0 < offered < asked else max(lower, default=0)
        if not best:
            return False
        self.ceiling = self.current = best
        return True


def ceiling_of(atr: bytes) -> int:
    """How much may be asked for at once, by the card capabilities in the historical bytes.

    ISO/IEC 7816-4 clause 12.1.1.9: the third software function byte says whether the chip
    takes extended lengths. SHORT_READ where nothing is said.
    """
    capabilities = _compact_tlv(_historical(atr)).get(7, b"")
    extended = len(capabilities) >= 3 and bool(capabilities[2] & 0x40)
    return EXTENDED_READ if extended else SHORT_READ


def select_application(connection: CardConnection) -> ResponseApdu:
    """SELECT the eMRTD application by name; the status word is the caller's matter."""
    return send(connection, CommandApdu(0x00, INS_SELECT, 0x04, 0x0C, AID))


class FileReader:
    """Reads whole files over an open session.

    ``reopen`` gives a fresh session where the chip ended the old one, as many do for a
    length they do not take; ``on_bytes`` hears file, bytes so far and size.
    """

    def __init__(
        self,
        connection: SecureChannel,
        reopen: Callable[[], SecureChannel],
        length: ReadLength,
        on_bytes: Callable[[File, int, int], None],
    ) -> None:
        self._connection = connection
        self._reopen = reopen
        self._length = length
        self._on_bytes = on_bytes
        self._short_ids = True
        self._headers_first = False
        self._at_start = True
        self.bytes_read = 0

    def read(self, file: File) -> bytes:
        """The whole file. Raises FileMissing, FileMalformed, SessionBroken, CardAnswered."""
        for _ in range(len(_RUNGS) + 1):
            try:
                return self._read(file)
            except _SessionEnded:
                continue
        raise SessionBroken("the chip ends the session at every length")

    def _read(self, file: File) -> bytes:
        data = bytearray(self._begin(file))
        size = _size(file, bytes(data))
        self._count(file, len(data), size)
        while len(data) < size:
            part = self._part(len(data), size - len(data))
            if not part:
                raise FileMalformed(file.label, f"ends at {len(data)} of {size} bytes")
            data += part
            self._count(file, len(part), size, len(data))
        return bytes(data[:size])

    def _count(self, file: File, new: int, size: int, done: int | None = None) -> None:
        self.bytes_read += new
        self._on_bytes(file, min(new if done is None else done, size), size)

    def _begin(self, file: File) -> bytes:
        """The first bytes, which tell the size.

        A chip that refuses to read past the end of a small file is asked for the header
        alone from then on.
        """
        response = self._first(file)
        if _refuses_length(response.sw) and not self._headers_first:
            self._headers_first = True
            response = self._first(file)
        if response.sw not in (StatusWord.OK, StatusWord.END_OF_FILE) or not response.data:
            raise FileMissing(file.label, response.sw)
        return response.data

    def _first(self, file: File) -> ResponseApdu:
        self._at_start = True
        wanted = HEADER_READ if self._headers_first else self._length.current
        if self._short_ids:
            response = self._send(CommandApdu(0x00, INS_READ, 0x80 | file.short_id, 0, le=wanted))
            if response.sw not in _NOT_BY_SHORT_ID:
                return response
        selected = self._send(CommandApdu(0x00, INS_SELECT, 0x02, 0x0C, file.identifier))
        if selected.sw != StatusWord.OK:
            raise FileMissing(file.label, selected.sw)
        self._short_ids = False  # the file is there: it was the short identifier
        return self._send(CommandApdu(0x00, INS_READ, 0, 0, le=wanted))

    def _part(self, offset: int, missing: int) -> bytes:
        """The next bytes of the current file, no more than ``missing``."""
        self._at_start = False
        while True:
            asked = min(missing, self._length.current)
            response = self._send(_read_command(offset, asked))
            if response.sw in (StatusWord.OK, StatusWord.END_OF_FILE):
                self._length.succeeded(asked)
                return _content(offset, response.data)[:missing]
            if not _refuses_length(response.sw) or not self._fall(asked, response.sw):
                raise CardAnswered(response.sw)

    def _send(self, command: CommandApdu) -> ResponseApdu:
        response = send(self._connection, command)
        if self._connection.broken:
            self._begin_again(command, response.sw)
        return response

    def _begin_again(self, command: CommandApdu, sw: int) -> None:
        """The chip answered in the clear, so the session is over whatever it said.

        A refused length is asked for again in a new session, smaller; any other refusal
        is handed up as an answer, with a new session behind it.
        """
        if sw in _SESSION_LOST:
            raise SessionBroken("the chip ended the session", sw=f"{sw:04X}")
        self._connection = self._reopen()
        if command.le is None or not _refuses_length(sw):
            return
        if self._at_start and not self._headers_first:
            self._headers_first = True
        elif self._at_start or not self._fall(command.le, sw):
            raise SessionBroken("the chip takes no length", sw=f"{sw:04X}")
        raise _SessionEnded

    def _fall(self, asked: int, sw: int) -> bool:
        return self._length.refused(asked, right_length(sw))


class _SessionEnded(Exception):
    """The session is gone because of a length; a new one may go on with less."""


def _refuses_length(sw: int) -> bool:
    return sw in _LENGTH_REFUSED or right_length(sw) is not None


def _read_command(offset: int, length: int) -> CommandApdu:
    if offset <= _SHORT_OFFSET_MAX:
        return CommandApdu(0x00, INS_READ, offset >> 8, offset & 0xFF, le=length)
    # Beyond 32 kB the offset travels as a data object (ISO/IEC 7816-4 clause 11.3.3), and
    # so do the bytes, whose tag and length count as well.
    position = tlv.encode(_TAG_OFFSET, offset.to_bytes(2 if offset <= 0xFFFF else 3))
    wanted = length + len(tlv.encode(_TAG_DATA, bytes(length))) - length
    return CommandApdu(0x00, INS_READ_TLV, 0, 0, position, le=wanted)


def _content(offset: int, data: bytes) -> bytes:
    if offset <= _SHORT_OFFSET_MAX:
        return data
    try:
        return tlv.parse_one(data, _TAG_DATA).value
    except TlvError as error:
        raise FileMalformed("part", str(error)) from error


def _size(file: File, start: bytes) -> int:
    """Size of the whole file by the tag and length it begins with."""
    try:
        header = tlv.read_header(start)
    except TlvError as error:
        raise FileMalformed(file.label, str(error)) from error
    if header.tag != file.tag:
        raise FileMalformed(file.label, f"tag {header.tag:X} instead of {file.tag:X}")
    if header.total > file.limit:
        raise FileMalformed(file.label, f"claims {header.total} bytes")
    return header.total


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
