"""A passport's chip in software: answers APDUs as an eMRTD does (Doc 9303-10 and -11).

`transmit` is its antenna, `reset` its power. It serves the training mode, in this process
or behind the virtual PC/SC driver, and the tests. This module keeps the session and hands
each command to its part: files to `chip_system`, access control to `chip_access`, proofs
that the chip is no copy to `chip_proofs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from desk.iso7816 import tlv
from desk.iso7816.apdu import EXTENDED_DATA_MAX, CommandApdu, ResponseApdu
from desk.iso7816.connection import INS_GET_RESPONSE, CardConnection
from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import CardRemoved, TlvError
from desk.mrtd.mrz import MrzKey
from desk.mrtd.pace_steps import CanKey
from desk.mrtd.secure_messaging import SM_CLASS, SecureMessaging
from desk.mrtd.troubles import SessionBroken
from desk.training import chip_pace, chip_proofs
from desk.training.chip_access import BasicAccess, Step
from desk.training.chip_features import Keys
from desk.training.chip_pace import Pace
from desk.training.chip_proofs import AUTHENTICATION, KEY_AGREEMENT, ChipAuthentication
from desk.training.chip_system import FileSystem, Habits, status

__all__ = ["Habits", "LeavingChip", "PassportChip"]
_SELECT, _READ, _READ_TLV = 0xA4, 0xB0, 0xB1
_GET_CHALLENGE, _EXTERNAL_AUTHENTICATE, _INTERNAL_AUTHENTICATE = 0x84, 0x82, 0x88
_MANAGE, _GENERAL_AUTHENTICATE = 0x22, 0x86
_SHORT_ANSWER = 256


class PassportChip:
    """Files by name (COM, SOD, DG1, ...) behind the access that ``key`` opens.

    ``root`` are files beside the application (CardAccess, CardSecurity, ATR); the ways of
    PACE are those that CardAccess says. ``bac`` False is a chip of an issuer that has
    dropped Basic Access Control, ``can`` the card access number printed on the page.
    """

    def __init__(
        self,
        files: Mapping[str, bytes],
        key: MrzKey,
        habits: Habits | None = None,
        keys: Keys | None = None,
        *,
        root: Mapping[str, bytes] | None = None,
        bac: bool = True,
        can: str = "",
    ) -> None:
        self._can = can
        self._system = FileSystem(files, root or {}, habits or Habits())
        self._keys = keys or Keys()
        self._proof = ChipAuthentication(self._keys.chip)
        self._key = key
        self._basic = BasicAccess(key) if bac else None
        self._pace = self._ways_of_pace()
        self.commands = 0
        self.reset()

    @property
    def files(self) -> dict[str, bytes]:
        """The files of the application."""
        return self._system.application

    @property
    def root(self) -> dict[str, bytes]:
        """The files beside the application."""
        return self._system.root

    @property
    def habits(self) -> Habits:
        return self._system.habits

    @habits.setter
    def habits(self, habits: Habits) -> None:
        self._system.habits = habits

    def with_files(self, **changed: bytes) -> PassportChip:
        """A chip with the same keys and these files in place of its own."""
        return self._like(self.files | changed, self._keys)

    def copied(self) -> PassportChip:
        """What a thief gets who read every file: all of it but the keys."""
        return self.with_keys(Keys())

    def with_keys(self, keys: Keys) -> PassportChip:
        """The same files on a chip with other keys."""
        return self._like(self.files, keys)

    def with_root(self, **changed: bytes) -> PassportChip:
        """The same chip that says this beside its application."""
        bac, root = self._basic is not None, self.root | changed
        return PassportChip(
            self.files, self._key, self.habits, self._keys, root=root, bac=bac, can=self._can
        )

    def without_root(self) -> PassportChip:
        """A chip that says nothing beside its application, and so does no PACE."""
        bac = self._basic is not None
        return PassportChip(self.files, self._key, self.habits, self._keys, bac=bac)

    def with_habits(self, **changed: object) -> PassportChip:
        """The same chip that treats commands otherwise."""
        chip = self._like(self.files, self._keys)
        chip.habits = replace(self.habits, **changed)  # type: ignore[arg-type]
        return chip

    def _like(self, files: Mapping[str, bytes], keys: Keys) -> PassportChip:
        return PassportChip(
            files,
            self._key,
            self.habits,
            keys,
            root=self.root,
            bac=self._basic is not None,
            can=self._can,
        )

    def _ways_of_pace(self) -> Pace | None:
        """What EF.CardAccess says, opened by the zone and by the card access number."""
        access = self.root.get("CardAccess")
        passwords = (self._key, *((CanKey(self._can),) if self._can else ()))
        return None if access is None else Pace(access, passwords, self._keys.mapping)

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
        self._chained = b""
        self._waiting = b""
        self._system.reset()
        self._proof.reset()
        if self._pace is not None:
            self._pace.reset()
        if self._basic is not None:
            self._basic.reset()

    def transmit(self, apdu: bytes) -> bytes:
        """One command in, data and status word out; never raises for a command's sake."""
        self.commands += 1
        try:
            command = CommandApdu.parse(apdu)
        except ValueError:
            return status(StatusWord.WRONG_LENGTH).encode()
        return self._command(command).encode()

    def _command(self, command: CommandApdu) -> ResponseApdu:
        if command.ins == INS_GET_RESPONSE:
            return self._next_part(command.le or _SHORT_ANSWER)
        self._waiting = b""
        if command.is_extended and not self.habits.extended:
            self._session = None
            return status(StatusWord.WRONG_LENGTH)
        if command.cla & SM_CLASS == SM_CLASS:
            return self._protected(command)
        # A command in the clear ends secure messaging (Doc 9303-11 clause 9.8.4).
        self._session = None
        step = self._answer(command, access=False)
        self._session = step.session
        return self._fitted(step.answer, command)

    def _protected(self, command: CommandApdu) -> ResponseApdu:
        session = self._session
        if session is None:
            return status(StatusWord.SM_OBJECTS_MISSING)
        try:
            plain = session.unprotect_command(command)
        except SessionBroken:
            self._session = None
            return status(StatusWord.SM_OBJECTS_INCORRECT)
        step = self._answer(plain, access=True)
        if _refuses_length(step.answer.sw) and self.habits.ends_session:
            self._session = None
            return step.answer
        sealed = session.protect_response(step.answer, plain.ins)
        # A proof of the chip's key is answered in the old session and opens the new one.
        self._session = step.session or session
        return self._fitted(sealed, command)

    def _fitted(self, answer: ResponseApdu, command: CommandApdu) -> ResponseApdu:
        """What a short answer holds now; the rest waits for GET RESPONSE."""
        if command.is_extended or len(answer.data) <= _SHORT_ANSWER:
            return answer
        if command.ins in (_READ, _READ_TLV) and not self.habits.chained_reads:
            self._session = None
            return status(StatusWord.WRONG_LENGTH)
        self._waiting, self._waiting_status = answer.data, answer.sw
        return self._next_part(_SHORT_ANSWER)

    def _next_part(self, wanted: int) -> ResponseApdu:
        if not self._waiting:
            return status(StatusWord.CONDITIONS_NOT_SATISFIED)
        part, self._waiting = self._waiting[:wanted], self._waiting[wanted:]
        left = min(len(self._waiting), 0xFF)
        return ResponseApdu(part, 0x6100 | left if left else self._waiting_status)

    def _answer(self, command: CommandApdu, *, access: bool) -> Step:
        handlers: dict[int, Callable[[CommandApdu, bool], Step]] = {
            _SELECT: self._select,
            _READ: self._read,
            _READ_TLV: self._read,
            _GET_CHALLENGE: self._basic_access,
            _EXTERNAL_AUTHENTICATE: self._basic_access,
            _INTERNAL_AUTHENTICATE: self._active,
            _MANAGE: self._manage,
            _GENERAL_AUTHENTICATE: self._authenticate,
        }
        handler = handlers.get(command.ins)
        if handler is None:
            return Step.refused(StatusWord.INS_NOT_SUPPORTED)
        data, self._chained = self._chained + command.data, b""
        if len(data) > EXTENDED_DATA_MAX:
            return Step.refused(StatusWord.NOT_ENOUGH_MEMORY)
        if command.is_chained and not _is_step(command.ins, data):
            self._chained = data
            return Step.refused(StatusWord.OK)
        return handler(replace(command, data=data), access)

    def _select(self, command: CommandApdu, access: bool) -> Step:
        if command.p1 == 0x02 and (sw := self._system.may_read(access=access)) != StatusWord.OK:
            return Step.refused(sw)
        return Step(self._system.select(command))

    def _read(self, command: CommandApdu, access: bool) -> Step:
        if (sw := self._system.may_read(access=access)) != StatusWord.OK:
            return Step.refused(sw)
        read = self._system.read if command.ins == _READ else self._system.read_tlv
        return Step(read(command, access=access))

    def _basic_access(self, command: CommandApdu, access: bool) -> Step:
        if not self._system.in_application:
            return Step.refused(StatusWord.CONDITIONS_NOT_SATISFIED)
        if self._basic is None or access:
            return Step.refused(StatusWord.INS_NOT_SUPPORTED)
        if command.ins == _GET_CHALLENGE:
            return self._basic.challenge(command)
        return self._basic.authenticate(command)

    def _active(self, command: CommandApdu, access: bool) -> Step:
        if not access or not self._system.in_application:
            return Step.refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        return chip_proofs.internal_authenticate(self._keys.active, command)

    def _manage(self, command: CommandApdu, access: bool) -> Step:
        if (command.p1, command.p2) == chip_pace.AUTHENTICATION:
            if self._pace is None:
                return Step.refused(StatusWord.FUNCTION_NOT_SUPPORTED)
            return self._pace.choose(command)
        if not access or not self._system.in_application:
            return Step.refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if (command.p1, command.p2) not in (KEY_AGREEMENT, AUTHENTICATION):
            return Step.refused(StatusWord.WRONG_P1_P2)
        return self._proof.manage(command)

    def _authenticate(self, command: CommandApdu, access: bool) -> Step:
        """PACE comes in the clear, chip authentication in a session."""
        if access:
            return self._proof.authenticate(command)
        if self._pace is None:
            return Step.refused(StatusWord.INS_NOT_SUPPORTED)
        return self._pace.authenticate(command)


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


def _refuses_length(sw: int) -> bool:
    return sw == StatusWord.WRONG_LENGTH or sw >> 8 == 0x6C


def _is_step(ins: int, data: bytes) -> bool:
    """Whether a chained GENERAL AUTHENTICATE is a whole step: PACE chains its steps, too."""
    if ins != _GENERAL_AUTHENTICATE:
        return False
    try:
        tlv.parse_one(data)
    except TlvError:
        return False
    return True
