"""Fetching what a passport's chip holds: one chip, one attempt (Doc 9303-11 clause 4.2).

`ChipReader.read` is the list of steps; what they bring is judged elsewhere. A session
that breaks on the way is opened again and reading goes on where it stood. What cannot be
mended is raised, and what was read by then stays in `desk.mrtd.kept.Kept` for the next
attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

from desk.iso7816.connection import CardConnection, CommandChaining, ResponseChaining
from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import CardAnswered, CardRemoved, TransportFailed
from desk.mrtd import (
    active_authentication,
    chip_authentication,
    chip_proofs,
    files,
    lds,
    lengths,
    passive,
    signatures,
    sod,
)
from desk.mrtd.access import Door, Opening
from desk.mrtd.active_authentication import Answer
from desk.mrtd.chip_authentication import Attempt
from desk.mrtd.files import ElementaryFile, File, FileReader, MasterFile
from desk.mrtd.kept import Kept
from desk.mrtd.lengths import Capabilities, ReadLength
from desk.mrtd.pace_steps import Password
from desk.mrtd.secure_messaging import SecureChannel
from desk.mrtd.security_infos import SecurityInfos
from desk.mrtd.signatures import Unsupported
from desk.mrtd.sod import SignedHashes, SodMalformed
from desk.mrtd.troubles import (
    AccessNotOffered,
    AccessRefused,
    ChipLost,
    ChipMoved,
    FileMalformed,
    FileMissing,
    SessionBroken,
)

_SAYS_NO = {
    *("6300", "6982", "6983", "6985", "6986", "6988", "6A80", "6A81", "6A86", "6A88"),
    *("6D00", "6E00", *(f"63C{tries:X}" for tries in range(16))),
}
"""What chips say to a wrong password or a way of access they do not have."""


class ReadPhase(StrEnum):
    """Steps of reading, in order; the screen makes the sentence."""

    ACCESS = "access"
    SOD = "sod"
    DG1 = "dg1"
    DG14 = "dg14"
    CHIP_AUTHENTICATION = "chip_authentication"
    DETAILS = "details"
    DG2 = "dg2"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """``done`` and ``total`` are bytes of the phase's file; ``total`` None where unknown."""

    phase: ReadPhase
    done: int = 0
    total: int | None = None


@dataclass(frozen=True)
class ChipContent:
    """What one chip gave: ``files`` by name, the groups it did not give (``absent``), how it
    was opened, and what it made of both proofs (None where they were not asked for)."""

    files: dict[str, bytes] = field(repr=False)
    absent: frozenset[int]
    opening: Opening
    chip_authentication: Attempt | None
    active_authentication: Answer | None

    @property
    def groups(self) -> dict[int, bytes]:
        """Data groups by number."""
        return {n: self.files[f.label] for n, f in _GROUPS.items() if f.label in self.files}


Progress = Callable[[ReadProgress], None]
_GROUPS = {
    1: File.DG1,
    14: File.DG14,
    15: File.DG15,
    11: File.DG11,
    12: File.DG12,
    13: File.DG13,
    16: File.DG16,
    7: File.DG7,
    2: File.DG2,
}
"""Read in this order: keys before proofs, pictures last, when the rest is known already."""
_PHASES = {
    MasterFile.CARD_SECURITY.label: ReadPhase.ACCESS,
    File.COM.label: ReadPhase.SOD,
    File.SOD.label: ReadPhase.SOD,
    File.DG1.label: ReadPhase.DG1,
    File.DG14.label: ReadPhase.DG14,
    File.DG15.label: ReadPhase.CHIP_AUTHENTICATION,
    File.DG2.label: ReadPhase.DG2,
}
_TRIES = 2
"""An answer lost or a refusal is no proof against a chip until it repeats."""


class ChipReader:
    """One attempt on one chip, and how far it has come."""

    def __init__(
        self,
        connection: CardConnection,
        password: Password,
        progress: Progress,
        atr: bytes = b"",
        kept: Kept | None = None,
    ) -> None:
        self._raw = ResponseChaining(connection)
        self._password = password
        self._report = progress
        self._capabilities = lengths.of_answer_to_reset(atr)
        self._kept = kept or Kept()
        self._phase, self._done = ReadPhase.ACCESS, 0
        self._files: dict[str, bytes] = {}
        self._absent: set[int] = set()
        self._signed: SignedHashes | None = None
        self._infos: SecurityInfos | None = None
        self._attempt: Attempt | None = None
        self._attempts = 0
        self._mapping_by_sessions: dict[int, bool] = {}
        self._answer: Answer | None = None
        self._current = ""
        self._reader: FileReader | None = None

    def read(self) -> ChipContent:
        """Every file wanted, and the chip's proofs. Raises troubles alone; see `read_passport`."""
        self._kept.begin(self._password)
        with self._watched(), self._keeping():
            self._learn_lengths()
            self._open()
            self._read_card_security()
            self._enter()
            self._read_lists()
            self._read_groups()
            self._settle_chip_authentication()
        self._kept.forget()
        return ChipContent(
            self._files, frozenset(self._absent), self._opening, self._attempt, self._answer
        )

    @property
    def bytes_read(self) -> int:
        return 0 if self._reader is None else self._reader.bytes_read

    # Steps

    def _learn_lengths(self) -> None:
        """EF.ATR/INFO where the answer to reset leaves anything open; a refusal leaves it so."""
        self._tell(ReadPhase.ACCESS)
        if not self._capabilities.in_file:
            return
        raw = b""
        try:
            raw = files.read_atr_info(self._raw)
        except TransportFailed as error:
            if files.is_away(error):
                raise
        self._capabilities = lengths.of_atr_info(raw, self._capabilities)

    def _open(self) -> None:
        self._door = Door(self._connection, self._password, self._raw)
        try:
            channel = self._opened()
        except AccessRefused as error:
            # It opened with the same values a moment ago: this is another chip.
            raise error if self._kept.is_empty else self._kept.swapped() from error
        self._length = ReadLength(*self._lengths(channel))
        self._reader = FileReader(channel, self._door.again, self._length, self._on_bytes)

    def _read_card_security(self) -> None:
        """The key behind the chip authentication mapping, which is readable now.

        One that is no such file is as good as none: the chip can still prove itself by DG14.
        What is made to harm the reader stops the reading here as everywhere.
        """
        if not self._opening.proofs:
            return
        try:
            self._optional(MasterFile.CARD_SECURITY)
        except FileMalformed as error:
            if type(error) is not FileMalformed:
                raise

    def _enter(self) -> None:
        self._mended(self._door.enter)

    def _read_lists(self) -> None:
        """The chip's own list and the signed one; the signed one tells one chip from another."""
        self._optional(File.COM)
        self._file(File.SOD)
        self._kept.compare(self._files["SOD"])
        with suppress(SodMalformed):
            self._signed = sod.hashes(sod.message(self._files["SOD"]).content)

    def _read_groups(self) -> None:
        announced = self._announced()
        for number, file in _GROUPS.items():
            if number in passive.REQUIRED_GROUPS:
                self._group(number, file)
            elif number in announced and not self._optional_group(number, file):
                self._absent.add(number)
            if number == 14:
                self._learn_protocols()
            self._authenticate_chip()
            if number == 15 and file.label in self._files:
                self._ask_for_signature()

    # Files

    def _group(self, number: int, file: File) -> None:
        """One data group: as it was kept where the issuer signed just that, else from the chip."""
        known = self._kept.of(file.label)
        if known and self._is_signed(number, known):
            self._tell(_phase_of(file))
            self._files[file.label] = known
            return
        self._file(file, known)

    def _optional_group(self, number: int, file: File) -> bool:
        with suppress(FileMissing):
            self._group(number, file)
        return file.label in self._files

    def _optional(self, file: ElementaryFile) -> None:
        with suppress(FileMissing):
            self._file(file)

    def _file(self, file: ElementaryFile, begun: bytes = b"") -> None:
        self._tell(_phase_of(file))
        self._current = file.label
        self._files[file.label] = self._session.read(file, begun)

    def _is_signed(self, number: int, content: bytes) -> bool:
        if self._signed is None or number not in self._signed.by_group:
            return False
        try:
            digest = signatures.digest(self._signed.algorithm, content)
        except Unsupported:
            return False
        return digest == self._signed.by_group[number]

    def _announced(self) -> set[int]:
        """Groups that the signed list or the chip's own list names.

        Either list may be broken, which is judged later; the other is read all the same.
        """
        numbers = set() if self._signed is None else set(self._signed.by_group)
        with suppress(FileMalformed, KeyError):
            numbers |= set(lds.parse_com(self._files["COM"]).groups)
        return numbers

    # Proofs

    def _learn_protocols(self) -> None:
        with suppress(FileMalformed, KeyError):
            self._infos = lds.parse_dg14(self._files["DG14"])

    def _authenticate_chip(self) -> None:
        """Once DG14 is known, and once more where the chip did not show its key.

        The next answer under the new keys is the proof. Where chip authentication mapping
        holds, it has shown the same already.
        """
        infos = self._infos
        if infos is None or not infos.offers_chip_authentication:
            return
        if self._attempt is None and self._mapping_holds:
            return
        while self._attempts < _TRIES and (self._attempt is None or self._has_failed):
            self._attempts += 1
            self._tell(ReadPhase.CHIP_AUTHENTICATION)
            self._attempt = self._tried_chip_authentication(infos)
            if self._attempt is None:
                return

    def _tried_chip_authentication(self, infos: SecurityInfos) -> Attempt | None:
        channel, extended = self._channel, self._takes_extended
        try:
            attempt = chip_authentication.authenticate(channel, infos, extended=extended)
        except (SessionBroken, TransportFailed) as error:
            self._lost_in_proof(error, self._attempts)
            return Attempt("", sw=StatusWord.SM_OBJECTS_INCORRECT)
        if channel.broken:
            self._session.renew()
        self._length.narrow(*self._lengths(self._channel))
        return attempt

    @property
    def _mapping_holds(self) -> bool:
        """Every session's proof by mapping fits the key in EF.CardSecurity.

        EF.CardAccess, which offers the mapping, is signed by nobody: a proof that is none
        must not save a copy from being asked by the key in DG14.
        """
        proofs = () if self._door.opening is None else self._door.opening.proofs
        if len(proofs) not in self._mapping_by_sessions:
            raw = self._files.get(MasterFile.CARD_SECURITY.label)
            held = chip_proofs.mapping_holds(raw, proofs)
            self._mapping_by_sessions[len(proofs)] = held
        return self._mapping_by_sessions[len(proofs)]

    @property
    def _awaits_proof(self) -> bool:
        """The session is that of the new keys, and the chip has not answered under them."""
        attempt = self._attempt
        if attempt is None or attempt.messaging is None or attempt.is_confirmed:
            return False
        return attempt.messaging is self._channel.messaging

    @property
    def _has_failed(self) -> bool:
        attempt = self._attempt
        if attempt is None or attempt.reason or attempt.is_confirmed:
            return False
        return not self._awaits_proof

    def _settle_chip_authentication(self) -> None:
        """A proof that nothing has brought yet: the first bytes of DG1 are asked for again."""
        while self._awaits_proof:
            self._session.read(File.DG1, self._files["DG1"])
            self._authenticate_chip()

    def _ask_for_signature(self) -> None:
        """Active authentication; a length refused is asked for otherwise the second time."""
        extended = self._takes_extended
        for attempt in range(1, _TRIES + 1):
            channel = self._channel
            try:
                answer = active_authentication.ask_chip(channel, extended=extended)
            except (SessionBroken, TransportFailed) as error:
                self._lost_in_proof(error, attempt)
                self._answer = Answer(b"", b"", StatusWord.SM_OBJECTS_INCORRECT)
                continue
            if channel.broken:
                self._session.renew()
            self._answer = answer
            if answer.sw == StatusWord.OK:
                return
            extended = extended and not files.refuses_length(answer.sw)

    def _lost_in_proof(self, error: Exception, attempt: int) -> None:
        """Answers that do not come say nothing about the chip's key, however often."""
        if isinstance(error, TransportFailed) and attempt >= _TRIES:
            raise error
        self._session.lost(error)

    # Sessions

    @property
    def _takes_extended(self) -> bool:
        """The chip says so, and no reader was found in the way."""
        return bool(self._capabilities.extended) and self._length.ceiling > self._length.short

    def _lengths(self, channel: SecureChannel) -> tuple[int, int]:
        """Most bytes of a file in one answer of this session: as the chip says, and short."""
        block = channel.messaging.block
        return self._capabilities.ceiling(block), Capabilities().ceiling(block)

    @property
    def _connection(self) -> CardConnection:
        """Long commands in one or, where the chip has not said it takes that, in a chain."""
        return self._raw if self._capabilities.extended else CommandChaining(self._raw)

    @property
    def _opening(self) -> Opening:
        """How it was opened, the sessions that took the place of a lost one with it."""
        if self._door.opening is None:
            raise SessionBroken("the chip was not opened")
        return self._door.opening

    @property
    def _session(self) -> FileReader:
        if self._reader is None:
            raise SessionBroken("no session")
        return self._reader

    @property
    def _channel(self) -> SecureChannel:
        channel = self._session.connection
        if not isinstance(channel, SecureChannel):
            raise SessionBroken("no protected session")
        return channel

    def _opened(self) -> SecureChannel:
        """A second try where an answer was lost, did not fit or told nothing of access."""
        try:
            return self._door.open()
        except (SessionBroken, TransportFailed, CardAnswered) as error:
            if files.is_away(error):
                raise
        except (AccessRefused, AccessNotOffered) as error:
            if str(error.facts.get("sw", "")) in _SAYS_NO:
                raise
        return self._door.open()

    def _mended(self, step: Callable[[SecureChannel], None]) -> None:
        """A step once more in a new session where it broke."""
        try:
            step(self._channel)
        except (SessionBroken, TransportFailed, CardAnswered) as error:
            self._session.lost(error)
            step(self._channel)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Turns a chip that falls silent into ChipLost or ChipMoved, with how far it had come.

        A service that stopped or a reader unplugged say more by their own names.
        """
        try:
            yield
        except CardRemoved as error:
            raise ChipLost(self._phase.value, self._done) from error
        except TransportFailed as error:
            if files.is_away(error):
                raise
            raise ChipMoved(self._phase.value, self._done) from error

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        """An interrupted reading may go on; one that the chip's own files ended may not."""
        try:
            yield
        except (FileMalformed, FileMissing):
            self._kept.forget()
            raise
        except BaseException:
            begun = {} if self._reader is None else {self._current: bytes(self._reader.partial)}
            self._kept.keep(begun | self._files)
            raise

    def _on_bytes(self, file: ElementaryFile, done: int, size: int) -> None:
        self._done = done
        self._report(ReadProgress(self._phase, done, size))

    def _tell(self, phase: ReadPhase) -> None:
        self._phase, self._done = phase, 0
        self._report(ReadProgress(phase))


def _phase_of(file: ElementaryFile) -> ReadPhase:
    return _PHASES.get(file.label, ReadPhase.DETAILS)
