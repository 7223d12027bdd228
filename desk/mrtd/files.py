"""Elementary files of the eMRTD and how they are read (Doc 9303-10, 9303-11 4.7).

Reads with as few commands as chip and reader allow: short file identifier instead of
SELECT, never past the end of the file once its size is known, lengths that grow while
they work and fall back where they do not. A session that is lost on the way is opened
again and reading goes on where it stood. Sizes are capped, since they are the chip's
own claim.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from desk.iso7816 import tlv
from desk.iso7816.apdu import SHORT_LE_MAX, CommandApdu, ResponseApdu
from desk.iso7816.connection import CardConnection, send
from desk.iso7816.status import StatusWord, right_length
from desk.iso7816.troubles import CardAnswered, TlvError, TransportFailed
from desk.mrtd.lengths import ReadLength
from desk.mrtd.troubles import (
    DataEndless,
    FileMalformed,
    FileMissing,
    FileTooLarge,
    SessionBroken,
    malformed,
)

INS_SELECT, INS_READ, INS_READ_TLV = 0xA4, 0xB0, 0xB1
AID = bytes.fromhex("A0000002471001")
MASTER_FILE = bytes.fromhex("3F00")
HEADER_READ = 8
"""Enough for tag and length of every file."""
PATIENCE = 3
"""Sessions lost for no length's sake that one reading mends; then it is a trouble."""
_SHORT_OFFSET_MAX = 0x7FFF
_KB = 1024
_TAG_OFFSET, _TAG_DATA = 0x54, 0x53
_NEVER = -1
_LENGTH_FALLS = 6
_LEAST_PART = 16
"""Bytes. A chip that gives fewer at a time would keep the desk busy for hours."""
_MOST_PARTS = 2_500
"""Parts that one file is taken in: enough for the largest at 112 bytes each, and for any
that a passport holds at 32. At 16 bytes each the largest would take minutes."""
_SESSION_LOST = {StatusWord.SM_OBJECTS_MISSING, StatusWord.SM_OBJECTS_INCORRECT}
_LENGTH_REFUSED = {StatusWord.WRONG_LENGTH, StatusWord.WRONG_P1_P2, StatusWord.WRONG_OFFSET}
_NOT_BY_SHORT_ID = {
    StatusWord.NOT_FOUND,
    StatusWord.WRONG_P1_P2,
    StatusWord.FUNCTION_NOT_SUPPORTED,
    StatusWord.INS_NOT_SUPPORTED,
    StatusWord.COMMAND_NOT_ALLOWED,
    StatusWord.CONDITIONS_NOT_SATISFIED,
}


class ElementaryFile(Enum):
    """``label`` names it, ``tag`` begins its content, ``limit`` is the largest size taken."""

    def __init__(self, label: str, short_id: int, tag: int, limit: int) -> None:
        self.label = label
        self.short_id = short_id
        self.tag = tag
        self.limit = limit

    @property
    def identifier(self) -> bytes:
        return bytes([0x01, self.short_id])


class File(ElementaryFile):
    """Files of the eMRTD application: name, short identifier, tag, largest size (bytes).

    DG3 and DG4, fingerprints and irises, are not here: they are never read.
    """

    COM = ("COM", 0x1E, 0x60, _KB)
    SOD = ("SOD", 0x1D, 0x77, 32 * _KB)
    DG1 = ("DG1", 0x01, 0x61, _KB)
    DG2 = ("DG2", 0x02, 0x75, 256 * _KB)
    DG7 = ("DG7", 0x07, 0x67, 64 * _KB)
    DG11 = ("DG11", 0x0B, 0x6B, 32 * _KB)
    DG12 = ("DG12", 0x0C, 0x6C, 256 * _KB)
    DG13 = ("DG13", 0x0D, 0x6D, 32 * _KB)
    DG14 = ("DG14", 0x0E, 0x6E, 32 * _KB)
    DG15 = ("DG15", 0x0F, 0x6F, 16 * _KB)
    DG16 = ("DG16", 0x10, 0x70, 16 * _KB)


class MasterFile(ElementaryFile):
    """Files beside the application, under the master file (Doc 9303-10 clause 3.11)."""

    CARD_ACCESS = ("CardAccess", 0x1C, 0x31, 4 * _KB)
    CARD_SECURITY = ("CardSecurity", 0x1D, 0x30, 32 * _KB)


class Channel(CardConnection, Protocol):
    """A connection that knows whether its session has ended."""

    @property
    def broken(self) -> bool: ...


class ClearChannel:
    """A connection without a session, for files that are free to read."""

    broken = False

    def __init__(self, inner: CardConnection) -> None:
        self._inner = inner

    def transmit(self, apdu: bytes) -> bytes:
        return self._inner.transmit(apdu)


def select_application(connection: CardConnection) -> ResponseApdu:
    """SELECT the eMRTD application by name; the status word is the caller's matter."""
    return send(connection, CommandApdu(0x00, INS_SELECT, 0x04, 0x0C, AID))


def select_master_file(connection: CardConnection) -> ResponseApdu:
    """SELECT the master file; some chips refuse it and stand there all the same."""
    return send(connection, CommandApdu(0x00, INS_SELECT, 0x00, 0x0C, MASTER_FILE))


def read_atr_info(connection: CardConnection) -> bytes:
    """EF.ATR/INFO, free to read at the master file; empty where the chip gives none.

    A file of data objects side by side, so nothing tells its size: one short command.
    """
    response = send(connection, CommandApdu(0x00, INS_READ, 0x81, 0, le=SHORT_LE_MAX))
    readable = response.sw in (StatusWord.OK, StatusWord.END_OF_FILE)
    return response.data if readable else b""


class FileReader:
    """Reads whole files over an open session.

    ``reopen`` gives a fresh session where the chip ended the old one; ``on_bytes`` hears
    file, bytes so far and size. ``partial`` holds what came of the file that was being
    read when something stopped it, for a later attempt.
    """

    def __init__(
        self,
        connection: Channel,
        reopen: Callable[[], Channel],
        length: ReadLength,
        on_bytes: Callable[[ElementaryFile, int, int], None],
    ) -> None:
        self._connection = connection
        self._reopen = reopen
        self._length = length
        self._on_bytes = on_bytes
        self._short_ids = True
        self._caution = 0
        self._at_start = True
        self._patience = PATIENCE
        self._moved_at, self._refused_start = 0, _NEVER
        self.partial = bytearray()
        self.bytes_read = 0

    @property
    def connection(self) -> Channel:
        """The session that holds now."""
        return self._connection

    def renew(self) -> None:
        """A fresh session in the place of one that an answer in the clear has ended."""
        self._connection = self._reopen()

    def lost(self, error: Exception) -> None:
        """A fresh session in the place of one that broke; raises ``error`` out of patience.

        Also where the chip is away, or its reader: that is no matter of sessions.
        """
        if not self._patience or is_away(error):
            raise error
        self._patience -= 1
        self.renew()

    def read(self, file: ElementaryFile, have: bytes = b"") -> bytes:
        """The whole file; ``have`` is its beginning as an earlier attempt got it.

        Raises FileMissing, FileMalformed, SessionBroken, CardAnswered, TransportFailed.
        """
        self.partial, self._refused_start = bytearray(have), _NEVER
        for _ in range(_LENGTH_FALLS + PATIENCE + 1):
            try:
                return self._read(file)
            except _SessionEnded:
                continue
        raise SessionBroken("the chip ends the session at every length")

    def _read(self, file: ElementaryFile) -> bytes:
        data = self.partial
        start = self._begin(file, HEADER_READ if data else 0)
        if data and data[: len(start)] != start[: len(data)]:
            data.clear()  # not the file that was begun
        if len(start) > len(data):
            data[:] = start
        size = _size(file, bytes(data))
        self._count(file, len(start), size)
        for _ in range(_MOST_PARTS):
            if len(data) >= size:
                return bytes(data[:size])
            part = self._part(len(data), size - len(data))
            if len(part) < min(size - len(data), _LEAST_PART):
                raise FileMalformed(file.label, f"ends at {len(data)} of {size} bytes")
            data += part
            self._count(file, len(part), size)
        raise DataEndless(file.label, f"{len(data)} of {size} bytes in {_MOST_PARTS} parts")

    def _count(self, file: ElementaryFile, new: int, size: int) -> None:
        self.bytes_read += new
        self._on_bytes(file, min(len(self.partial), size), size)

    def _begin(self, file: ElementaryFile, wanted: int) -> bytes:
        """The first bytes, which tell the size: as many as ``wanted``, or as lengths allow.

        A chip that refuses it may not take the length, or not read past the end of a small
        file: it is asked for less from then on, at last for the header alone.
        """
        while True:
            asked = wanted or self._first_length()
            response = self._first(file, asked)
            if not refuses_length(response.sw) or not self._asks_less(asked, response.sw):
                break
        if response.sw not in (StatusWord.OK, StatusWord.END_OF_FILE) or not response.data:
            raise FileMissing(file.label, response.sw)
        self._length.succeeded(asked)
        return response.data[: file.limit]

    def _first_length(self) -> int:
        length = self._length
        return (length.current, min(length.current, length.short), HEADER_READ)[self._caution]

    def _first(self, file: ElementaryFile, asked: int) -> ResponseApdu:
        self._at_start = True
        if self._short_ids:
            response = self._send(CommandApdu(0x00, INS_READ, 0x80 | file.short_id, 0, le=asked))
            if not _may_be_there_by_name(file, response):
                return response
        if isinstance(file, MasterFile):
            # Refusals there mean least: some chips have to be led to the master file first.
            self._send(CommandApdu(0x00, INS_SELECT, 0x00, 0x0C, MASTER_FILE))
        selected = self._send(CommandApdu(0x00, INS_SELECT, 0x02, 0x0C, file.identifier))
        if selected.sw != StatusWord.OK:
            raise FileMissing(file.label, selected.sw)
        self._short_ids = False  # the file is there: it was the short identifier
        return self._send(CommandApdu(0x00, INS_READ, 0, 0, le=asked))

    def _part(self, offset: int, missing: int) -> bytes:
        """The next bytes of the current file, no more than ``missing``."""
        self._at_start = False
        while True:
            command = _read_command(offset, missing, self._length.current)
            asked = command.le or 0
            response = self._send(command)
            if response.sw in (StatusWord.OK, StatusWord.END_OF_FILE):
                self._length.succeeded(asked)
                return _content(offset, response.data)[:missing]
            if not refuses_length(response.sw) or not self._asks_less(asked, response.sw):
                raise CardAnswered(response.sw)

    def _send(self, command: CommandApdu) -> ResponseApdu:
        try:
            response = send(self._connection, command)
        except TransportFailed as error:
            self._moved(command, error)
        except SessionBroken as error:
            self.lost(error)
        else:
            if self._connection.broken:
                self._answered_in_the_clear(command, response.sw)
            return response
        raise _SessionEnded

    def _moved(self, command: CommandApdu, error: TransportFailed) -> None:
        """No answer came though the chip is there: it was tilted, or the reader takes no more.

        A length at which that happens twice is taken to be beyond the reader.
        """
        self.lost(error)
        if command.is_extended and command.le is not None:
            if self._moved_at == command.le:
                self._length.refused(command.le, self._length.short)
            self._moved_at = command.le

    def _answered_in_the_clear(self, command: CommandApdu, sw: int) -> None:
        """The chip answered unprotected, so the session is over whatever it said (9.8.4).

        A refused length is asked for again in a new session, smaller. A file that is not
        there is handed up as the answer, with a new session behind it; so is any other
        refusal that repeats itself. All else counts as a session lost.
        """
        not_there = self._at_start and sw in _NOT_BY_SHORT_ID
        if refuses_length(sw) and not not_there:
            if not self._asks_less(command.le or 0, sw):
                raise SessionBroken("the chip takes no length", sw=f"{sw:04X}")
            self.renew()
            raise _SessionEnded
        if not not_there and (sw != self._refused_start or sw in _SESSION_LOST):
            self._refused_start = sw if self._at_start else _NEVER
            self.lost(SessionBroken("the chip ended the session", sw=f"{sw:04X}"))
            raise _SessionEnded
        self.renew()

    def _asks_less(self, asked: int, sw: int) -> bool:
        """A shorter read next time; False where there is none."""
        if not self._at_start:
            return self._length.refused(asked, right_length(sw))
        while asked <= self._first_length() and asked > HEADER_READ:
            self._caution += 1
        return asked > HEADER_READ


def is_away(error: BaseException) -> bool:
    """The chip has left, or its reader or service is gone: more than an answer lost."""
    return isinstance(error, TransportFailed) and type(error) is not TransportFailed


class _SessionEnded(Exception):
    """The session is gone and a new one stands in its place; the file is begun again."""


def _may_be_there_by_name(file: ElementaryFile, response: ResponseApdu) -> bool:
    """A refusal that may be about the short identifier, or about where the chip stands."""
    if isinstance(file, MasterFile) and not refuses_length(response.sw):
        return not response.data
    return response.sw in _NOT_BY_SHORT_ID


def refuses_length(sw: int) -> bool:
    """The chip does not take a command of this length, or not an answer of it."""
    return sw in _LENGTH_REFUSED or right_length(sw) is not None


def _read_command(offset: int, missing: int, most: int) -> CommandApdu:
    """READ BINARY of no more than ``missing`` bytes, ``most`` in its answer."""
    if offset <= _SHORT_OFFSET_MAX:
        wanted = min(missing, most)
        return CommandApdu(0x00, INS_READ, offset >> 8, offset & 0xFF, le=wanted)
    # Beyond 32 kB the offset travels as a data object (ISO/IEC 7816-4 clause 11.3.3), and
    # so do the bytes, whose tag and length count as well.
    position = tlv.encode(_TAG_OFFSET, offset.to_bytes(2 if offset <= 0xFFFF else 3))
    framing = len(tlv.encode(_TAG_DATA, bytes(min(missing, most)))) - min(missing, most)
    wanted = min(missing + framing, most)
    return CommandApdu(0x00, INS_READ_TLV, 0, 0, position, le=wanted)


def _content(offset: int, data: bytes) -> bytes:
    if offset <= _SHORT_OFFSET_MAX:
        return data
    try:
        return tlv.parse_one(data, _TAG_DATA).value
    except TlvError as error:
        raise malformed("part", error) from error


def _size(file: ElementaryFile, start: bytes) -> int:
    """Size of the whole file by the tag and length it begins with."""
    try:
        header = tlv.read_header(start)
    except TlvError as error:
        if error.claimed:
            raise FileTooLarge(file.label, error.claimed, file.limit) from error
        raise malformed(file.label, error) from error
    if header.tag != file.tag:
        raise FileMalformed(file.label, f"tag {header.tag:X} instead of {file.tag:X}")
    if header.total > file.limit:
        raise FileTooLarge(file.label, header.total, file.limit)
    return header.total
