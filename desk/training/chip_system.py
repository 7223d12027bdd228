"""The files of the training chip and how it answers reads (Doc 9303-10 and -11 clause 4.7).

Two folders: the root with what may be read by anybody or after PACE (EF.CardAccess,
EF.CardSecurity, EF.ATR/INFO), and the eMRTD application with EF.COM, EF.SOD and the data
groups. Whether the terminal has access is the caller's knowledge; what a file holds is
`desk.training.chip_files`' matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import TlvError

AID = bytes.fromhex("A0000002471001")
ROOT_ID = bytes.fromhex("3F00")
ROOT_FILES = {
    "CardAccess": (0x011C, 0x1C),
    "CardSecurity": (0x011D, 0x1D),
    "ATR": (0x2F01, 0x01),
}
"""Identifier and short identifier by name (Doc 9303-10 clause 3.11)."""
APPLICATION_FILES = {"COM": (0x011E, 0x1E), "SOD": (0x011D, 0x1D)} | {
    f"DG{number}": (0x0100 + number, number) for number in range(1, 17)
}
OPEN_FILES = frozenset({"CardAccess", "ATR"})
"""Read before access control."""
NO_INFORMATION = ResponseApdu(b"", StatusWord.OK)
_SHORT_ID_BIT, _SHORT_ID_MASK = 0x80, 0x1F
_TAG_OFFSET, _TAG_DATA = 0x54, 0x53
_BY_IDENTIFIER, _BY_SHORT_ID = 0, 1
_SELECT_BY_NAME, _SELECT_ROOT, _SELECT_FILE = 0x04, 0x00, 0x02


@dataclass(frozen=True)
class Habits:
    """How this chip treats commands; real ones differ in all of it.

    ``max_read`` is the most it gives at once (bytes), ``refusal`` what it says to more:
    6700, or 6C00 with what it would give instead. ``ends_session`` on a refusal, as many
    do. ``past_end`` is its answer to reading beyond the end: data with 6282, data with
    9000, or only 6B00 or 6700. ``chained_reads`` gives what does not fit a short answer in
    parts (61XX); without it such a read ends the session. ``locked`` files are there and
    closed to this terminal, as fingerprints are. ``endless`` files go on with zeros for as
    long as anybody reads. ``root_before_access`` False refuses every read of the root.
    """

    extended: bool = True
    max_read: int = 65_536
    refusal: int = StatusWord.WRONG_LENGTH
    ends_session: bool = False
    past_end: int = StatusWord.END_OF_FILE
    short_ids: bool = True
    chained_reads: bool = False
    locked: frozenset[str] = frozenset()
    endless: frozenset[str] = frozenset()
    root_before_access: bool = True


class FileSystem:
    """Both folders, what is selected, and reads in every form the standard names."""

    def __init__(
        self, application: Mapping[str, bytes], root: Mapping[str, bytes], habits: Habits
    ) -> None:
        self.application = dict(application)
        self.root = dict(root)
        self.habits = habits
        self.reset()

    def reset(self) -> None:
        """As after power on: the root is selected, no file."""
        self.in_application = False
        self._current: str | None = None

    def select(self, command: CommandApdu) -> ResponseApdu:
        """The application by name, the root, or a file by its identifier."""
        if command.p1 == _SELECT_BY_NAME:
            if command.data != AID:
                return status(StatusWord.NOT_FOUND)
            self.in_application, self._current = True, None
            return NO_INFORMATION
        if command.p1 == _SELECT_ROOT and command.data in (b"", ROOT_ID):
            self.reset()
            return NO_INFORMATION
        if command.p1 != _SELECT_FILE:
            return status(StatusWord.WRONG_P1_P2)
        if len(command.data) != 2:
            return status(StatusWord.WRONG_LENGTH)
        return self._choose(int.from_bytes(command.data), _BY_IDENTIFIER)

    def read(self, command: CommandApdu, *, access: bool) -> ResponseApdu:
        """READ BINARY, even instruction (ISO/IEC 7816-4 clause 11.3.3)."""
        offset = command.p1 << 8 | command.p2
        if command.p1 & _SHORT_ID_BIT:
            if not self.habits.short_ids:
                return status(StatusWord.WRONG_P1_P2)
            chosen = self._choose(command.p1 & _SHORT_ID_MASK, _BY_SHORT_ID)
            if chosen.sw != StatusWord.OK:
                return chosen
            offset = command.p2
        return self._part(offset, command.le or 256, access=access)

    def read_tlv(self, command: CommandApdu, *, access: bool) -> ResponseApdu:
        """READ BINARY, odd instruction: offset and data travel as data objects."""
        try:
            offset = int.from_bytes(tlv.parse_one(command.data, _TAG_OFFSET).value)
        except TlvError:
            return status(StatusWord.WRONG_DATA)
        wanted = command.le or 256
        framed = tlv.encode(_TAG_DATA, bytes(wanted))
        part = self._part(offset, wanted - (len(framed) - wanted), access=access)
        data = tlv.encode(_TAG_DATA, part.data) if part.data else b""
        return ResponseApdu(data, part.sw)

    def may_read(self, *, access: bool) -> int:
        """9000, or the status word with which this chip keeps the file to itself."""
        if access:
            return StatusWord.OK
        if self.in_application:
            return StatusWord.SECURITY_STATUS_NOT_SATISFIED
        if not self.habits.root_before_access or not self.root:
            return StatusWord.CONDITIONS_NOT_SATISFIED
        return StatusWord.OK

    def _choose(self, number: int, kind: int) -> ResponseApdu:
        """The file of this identifier or short identifier, in the folder selected."""
        files = self.application if self.in_application else self.root
        names = APPLICATION_FILES if self.in_application else ROOT_FILES
        for name, numbers in names.items():
            if name in files and numbers[kind] == number:
                self._current = name
                return NO_INFORMATION
        return status(StatusWord.NOT_FOUND)

    def _part(self, offset: int, wanted: int, *, access: bool) -> ResponseApdu:
        if self._current is None:
            return status(StatusWord.COMMAND_NOT_ALLOWED)
        if self._current in self.habits.locked or not (access or self._current in OPEN_FILES):
            return status(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if wanted > self.habits.max_read:
            return status(self._refusal())
        return self._slice(offset, wanted)

    def _refusal(self) -> int:
        if self.habits.refusal >> 8 == 0x6C:
            return 0x6C00 | self.habits.max_read & 0xFF
        return self.habits.refusal

    def _slice(self, offset: int, wanted: int) -> ResponseApdu:
        habits, name = self.habits, self._current or ""
        content = (self.application if self.in_application else self.root)[name]
        data = content[offset : offset + wanted]
        if name in habits.endless:
            return ResponseApdu(data.ljust(wanted, b"\x00"), StatusWord.OK)
        if offset > len(content):
            return status(StatusWord.WRONG_OFFSET)
        if len(data) == wanted:
            return ResponseApdu(data, StatusWord.OK)
        if habits.past_end in (StatusWord.END_OF_FILE, StatusWord.OK):
            return ResponseApdu(data, habits.past_end)
        return status(habits.past_end)


def status(sw: int) -> ResponseApdu:
    """An answer of a status word alone."""
    return ResponseApdu(b"", sw)
