"""A passport's chip in software: answers APDUs as an eMRTD does (Doc 9303-10 and -11).

BAC, secure messaging, the file system; `transmit` is its antenna, `reset` its power. It
serves the training mode, in this process or behind the virtual PC/SC driver, and the
tests. PACE, chip and active authentication are left to come: the chip's DG14 names what
a passport of today offers, and nothing here answers it yet.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.connection import CardConnection
from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import CardRemoved, TlvError
from desk.mrtd import bac
from desk.mrtd.bac import Half
from desk.mrtd.files import AID, File
from desk.mrtd.mrz import MrzKey
from desk.mrtd.secure_messaging import SM_CLASS, SecureMessaging
from desk.mrtd.troubles import SessionBroken

_SHORT_ID_BIT, _SHORT_ID_MASK = 0x80, 0x1F
_TAG_OFFSET, _TAG_DATA = 0x54, 0x53
_NO_INFORMATION = ResponseApdu(b"", StatusWord.OK)


@dataclass(frozen=True)
class Habits:
    """How this chip treats reads; real ones differ in all of it.

    ``max_read`` is the most it gives at once (bytes), ``refusal`` what it says to more:
    6700, or 6C00 with what it would give instead. ``ends_session`` on a refusal, as many
    do. ``past_end`` is its answer to reading beyond the end: data with 6282, data with
    9000, or only 6B00 or 6700.
    """

    extended: bool = True
    max_read: int = 65_536
    refusal: int = StatusWord.WRONG_LENGTH
    ends_session: bool = False
    past_end: int = StatusWord.END_OF_FILE
    short_ids: bool = True


class PassportChip:
    """Files by name (COM, SOD, DG1, ...) behind BAC with the key of a zone."""

    def __init__(
        self, files: Mapping[str, bytes], key: MrzKey, habits: Habits | None = None
    ) -> None:
        self.files = dict(files)
        self.habits = habits or Habits()
        self._suite = bac.access_keys(key)
        self._by_id = {File[name].short_id: name for name in self.files if name in File.__members__}
        self.commands = 0
        self.reset()

    @property
    def atr(self) -> bytes:
        """As PC/SC readers make it up for contactless chips (PC/SC part 3, 3.1.3.2.3.1)."""
        capabilities = bytes([0x73, 0xC0, 0x01, 0x40 if self.habits.extended else 0x00])
        historical = b"\x80" + capabilities
        body = bytes([0x80 | len(historical), 0x80, 0x01]) + historical
        check = 0
        for octet in body:
            check ^= octet
        return b"\x3b" + body + bytes([check])

    def reset(self) -> None:
        """Power off and on: session, selection and challenge are gone."""
        self._session: SecureMessaging | None = None
        self._challenge: bytes | None = None
        self._selected = False
        self._current: str | None = None

    def transmit(self, apdu: bytes) -> bytes:
        """One command in, data and status word out; never raises for a command's sake."""
        self.commands += 1
        try:
            command = CommandApdu.parse(apdu)
        except ValueError:
            return _sw(StatusWord.WRONG_LENGTH).encode()
        if command.is_extended and not self.habits.extended:
            self._session = None
            return _sw(StatusWord.WRONG_LENGTH).encode()
        if command.cla & SM_CLASS == SM_CLASS:
            return self._protected(command).encode()
        # A command in the clear ends secure messaging (Doc 9303-11 clause 9.8.4).
        self._session = None
        return self._answer(command, open_=False).encode()

    def _protected(self, command: CommandApdu) -> ResponseApdu:
        session = self._session
        if session is None:
            return _sw(StatusWord.SM_OBJECTS_MISSING)
        try:
            plain = session.unprotect_command(command)
        except SessionBroken:
            self._session = None
            return _sw(StatusWord.SM_OBJECTS_INCORRECT)
        answer = self._answer(plain, open_=True)
        if self._refused_length(answer.sw) and self.habits.ends_session:
            self._session = None
            return answer
        if self._session is not session:
            return answer  # SELECT of the application began anew
        sealed = session.protect_response(answer, plain.ins)
        if not command.is_extended and len(sealed.data) > 256:
            self._session = None
            return _sw(StatusWord.WRONG_LENGTH)
        return sealed

    def _refused_length(self, sw: int) -> bool:
        return sw == StatusWord.WRONG_LENGTH or sw >> 8 == 0x6C

    def _answer(self, command: CommandApdu, *, open_: bool) -> ResponseApdu:
        handlers = {
            0xA4: self._select,
            0xB0: self._read,
            0xB1: self._read_tlv,
            0x84: self._get_challenge,
            0x82: self._authenticate,
        }
        handler = handlers.get(command.ins)
        if handler is None:
            return _sw(StatusWord.INS_NOT_SUPPORTED)
        selects_application = command.ins == 0xA4 and command.p1 == 0x04
        if not self._selected and not selects_application:
            return _sw(StatusWord.CONDITIONS_NOT_SATISFIED)
        if command.ins in (0xA4, 0xB0, 0xB1) and not selects_application and not open_:
            return _sw(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        return handler(command)

    def _select(self, command: CommandApdu) -> ResponseApdu:
        if command.p1 == 0x04:
            if command.data != AID:
                return _sw(StatusWord.NOT_FOUND)
            self.reset()
            self._selected = True
            return _NO_INFORMATION
        if command.p1 != 0x02:
            return _sw(StatusWord.WRONG_P1_P2)
        if len(command.data) != 2 or command.data[0] != 0x01:
            return _sw(StatusWord.NOT_FOUND)
        return self._choose(command.data[1])

    def _choose(self, short_id: int) -> ResponseApdu:
        name = self._by_id.get(short_id)
        if name is None:
            return _sw(StatusWord.NOT_FOUND)
        self._current = name
        return _NO_INFORMATION

    def _read(self, command: CommandApdu) -> ResponseApdu:
        offset = command.p1 << 8 | command.p2
        if command.p1 & _SHORT_ID_BIT:
            if not self.habits.short_ids:
                return _sw(StatusWord.WRONG_P1_P2)
            chosen = self._choose(command.p1 & _SHORT_ID_MASK)
            if chosen.sw != StatusWord.OK:
                return chosen
            offset = command.p2
        return self._part(offset, command.le or 256)

    def _read_tlv(self, command: CommandApdu) -> ResponseApdu:
        try:
            offset = int.from_bytes(tlv.parse_one(command.data, _TAG_OFFSET).value)
        except TlvError:
            return _sw(StatusWord.WRONG_DATA)
        wanted = command.le or 256
        framed = tlv.encode(_TAG_DATA, bytes(wanted))
        part = self._part(offset, wanted - (len(framed) - wanted))
        data = tlv.encode(_TAG_DATA, part.data) if part.data else b""
        return ResponseApdu(data, part.sw)

    def _part(self, offset: int, wanted: int) -> ResponseApdu:
        if self._current is None:
            return _sw(StatusWord.COMMAND_NOT_ALLOWED)
        habits, content = self.habits, self.files[self._current]
        if wanted > habits.max_read:
            if habits.refusal >> 8 == 0x6C:
                return _sw(0x6C00 | habits.max_read & 0xFF)
            return _sw(habits.refusal)
        if offset > len(content):
            return _sw(StatusWord.WRONG_OFFSET)
        data = content[offset : offset + wanted]
        if len(data) == wanted:
            return ResponseApdu(data, StatusWord.OK)
        if habits.past_end in (StatusWord.END_OF_FILE, StatusWord.OK):
            return ResponseApdu(data, habits.past_end)
        return _sw(habits.past_end)

    def _get_challenge(self, command: CommandApdu) -> ResponseApdu:
        if command.le != bac.NONCE:
            return _sw(StatusWord.WRONG_LENGTH)
        self._challenge = secrets.token_bytes(bac.NONCE)
        return ResponseApdu(self._challenge, StatusWord.OK)

    def _authenticate(self, command: CommandApdu) -> ResponseApdu:
        challenge, self._challenge = self._challenge, None
        if challenge is None:
            return _sw(StatusWord.CONDITIONS_NOT_SATISFIED)
        try:
            terminal = bac.unseal(self._suite, command.data, challenge)
        except SessionBroken:
            return _sw(StatusWord.NO_INFORMATION_63)
        own = Half(challenge, secrets.token_bytes(bac.KEY_PART))
        self._session = bac.session(terminal, own)
        return ResponseApdu(bac.seal(self._suite, own, terminal.nonce), StatusWord.OK)


class LeavingChip:
    """A connection whose chip is pulled away after ``after`` bytes of answers."""

    def __init__(self, inner: CardConnection, after: int) -> None:
        self._inner = inner
        self._left = after

    def transmit(self, apdu: bytes) -> bytes:
        if self._left <= 0:
            raise CardRemoved
        answer = self._inner.transmit(apdu)
        self._left -= len(answer)
        return answer


def _sw(status: int) -> ResponseApdu:
    return ResponseApdu(b"", status)
