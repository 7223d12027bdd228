"""Reading a passport's chip from first touch to verdict (Doc 9303-11 clause 4.1).

`read_passport` is the list of steps. What stops it is raised as a trouble and leaves
nothing; what the document says about itself is recorded as findings. PACE, chip and
active authentication have their place in the findings and are not done here yet, nor
are groups beyond DG1, 2, 14 and 15 read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from desk.iso7816.connection import CardConnection, Counted, ResponseChaining
from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import CardRemoved, TransportFailed
from desk.mrtd import bac, details, deviations, files, judge, lds, lengths, passive, portrait, sod
from desk.mrtd.anchors import AnchorSet
from desk.mrtd.ciphers import TRIPLE_DES_BLOCK
from desk.mrtd.details import Details
from desk.mrtd.files import ElementaryFile, File, FileReader
from desk.mrtd.lengths import Capabilities, ReadLength
from desk.mrtd.mrz import Mrz, MrzKey
from desk.mrtd.results import Check, Finding, Result
from desk.mrtd.secure_messaging import SecureChannel
from desk.mrtd.sod import SodMalformed
from desk.mrtd.troubles import (
    AccessNotOffered,
    AccessRefused,
    ChipLost,
    FileMalformed,
    FileMissing,
    NotAPassport,
    SessionBroken,
)
from desk.mrtd.trust import TrustStore


class Access(StrEnum):
    """How the chip was opened."""

    BAC = "BAC"
    PACE = "PACE"


class ReadPhase(StrEnum):
    """Steps of reading, in order; the screen makes the sentence."""

    ACCESS = "access"
    COM = "com"
    SOD = "sod"
    DG1 = "dg1"
    DG14 = "dg14"
    DG15 = "dg15"
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
class PassportReading:
    """What the chip holds and what it is worth.

    ``files`` are the raw bytes by name (COM, SOD, DG1, ...); ``portrait`` is the picture as
    it lies in DG2, ``portrait_type`` its media type. ``seconds`` is the time of it all,
    ``commands`` what the chip was asked, ``sent`` and ``received`` the bytes of it with
    their headers and status words, ``bytes_read`` those of the files.
    """

    mrz: Mrz
    files: Mapping[str, bytes] = field(repr=False)
    portrait: bytes = field(repr=False)
    portrait_type: str
    findings: tuple[Finding, ...]
    overall: Result
    access: Access
    read_at: datetime
    seconds: float
    bytes_read: int
    commands: int = 0
    sent: int = 0
    received: int = 0
    details: Details = field(default_factory=Details, repr=False)

    def result_of(self, check: Check) -> Result:
        return judge.result_of(self.findings, check)


Progress = Callable[[ReadProgress], None]
_PHASES = {
    file: ReadPhase(file.label.lower()) for file in File if file.label.lower() in set(ReadPhase)
}
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
"""Read in this order: the large pictures last, when the rest is known already."""


def read_passport(
    connection: CardConnection,
    key: MrzKey,
    trust: TrustStore | AnchorSet,
    at: datetime,
    progress: Progress = lambda _: None,
    *,
    typed: Mrz | None = None,
    atr: bytes = b"",
) -> PassportReading:
    """Open the chip with ``key``, read it, judge it as of ``at``.

    ``typed`` is the zone as typed or scanned, compared with the chip's own (without it,
    ``key``'s fields are); ``atr`` lets reads grow beyond 223 bytes where the chip says it
    takes extended lengths.

    Raises NotAPassport, AccessNotOffered, AccessRefused, ChipLost, SessionBroken, FileMissing,
    FileMalformed, PortraitUnreadable, CardAnswered; nothing is kept then, and reading
    again begins from clean.
    """
    begun = time.perf_counter()
    counted = Counted(connection)
    reading = _Reading(counted, key, progress, _read_length(atr))
    with reading.watched():
        chip = reading.read()
    progress(ReadProgress(ReadPhase.VERIFY))
    mrz, mrz_errors = lds.parse_dg1(chip["DG1"])
    picture = portrait.parse_dg2(chip["DG2"])
    anchors = trust.anchors() if isinstance(trust, TrustStore) else trust
    content = passive.verify(chip["SOD"], _groups(chip), anchors, at, reading.absent)
    findings = (
        *judge.document(mrz, mrz_errors, typed, key, at),
        judge.issuer_country(mrz, content.signer),
        *judge.chip(Access.BAC.value, chip),
        *content.findings,
        judge.file_list(chip.get("COM"), content.signed),
        judge.portrait(picture.data),
    )
    findings = deviations.told_apart(findings, content.defects)
    return PassportReading(
        mrz=mrz,
        files=MappingProxyType(chip),
        portrait=picture.data,
        portrait_type=picture.media_type,
        findings=findings,
        overall=judge.overall(findings),
        access=Access.BAC,
        read_at=at,
        seconds=time.perf_counter() - begun,
        bytes_read=reading.bytes_read,
        commands=counted.commands,
        sent=counted.sent,
        received=counted.received,
        details=details.parse(chip),
    )


class _Reading:
    """One session with the chip, and how far it has come."""

    def __init__(
        self, connection: CardConnection, key: MrzKey, progress: Progress, length: ReadLength
    ) -> None:
        self._connection = ResponseChaining(connection)
        self._key = key
        self._report = progress
        self._length = length
        self._phase, self._done = ReadPhase.ACCESS, 0
        self._reader: FileReader | None = None
        self.absent: set[int] = set()

    @property
    def bytes_read(self) -> int:
        return 0 if self._reader is None else self._reader.bytes_read

    def read(self) -> dict[str, bytes]:
        """Every file wanted, by name."""
        self._tell(ReadPhase.ACCESS)
        channel = self._open()
        self._reader = reader = FileReader(channel, self._reopen, self._length, self._on_bytes)
        found: dict[str, bytes] = {}
        common = self._optional(reader, File.COM)
        if common is not None:
            found["COM"] = common
        found["SOD"] = self._file(reader, File.SOD)
        wanted = _announced(found)
        for number, file in _GROUPS.items():
            if number in passive.REQUIRED_GROUPS:
                found[file.label] = self._file(reader, file)
            elif number in wanted:
                content = self._optional(reader, file)
                if content is None:
                    self.absent.add(number)
                else:
                    found[file.label] = content
        return found

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Turns a chip that falls silent into ChipLost, with how far reading had come.

        A service that stopped or a reader unplugged say more by their own names.
        """
        try:
            yield
        except TransportFailed as error:
            if type(error) not in (TransportFailed, CardRemoved):
                raise
            raise ChipLost(self._phase.value, self._done) from error

    def _reopen(self) -> SecureChannel:
        """The same way as before, so that a refusal is the session's and not the key's."""
        try:
            return self._open()
        except (AccessRefused, AccessNotOffered, NotAPassport) as error:
            raise SessionBroken("the chip does not open again") from error

    def _open(self) -> SecureChannel:
        answer = files.select_application(self._connection)
        if answer.sw != StatusWord.OK:
            raise NotAPassport(sw=f"{answer.sw:04X}")
        return SecureChannel(self._connection, bac.open_session(self._connection, self._key))

    def _file(self, reader: FileReader, file: File) -> bytes:
        self._tell(_PHASES[file])
        return reader.read(file)

    def _optional(self, reader: FileReader, file: File) -> bytes | None:
        try:
            return self._file(reader, file)
        except FileMissing:
            return None

    def _on_bytes(self, file: ElementaryFile, done: int, size: int) -> None:
        self._done = done
        self._report(ReadProgress(self._phase, done, size))

    def _tell(self, phase: ReadPhase) -> None:
        self._phase, self._done = phase, 0
        self._report(ReadProgress(phase))


def _read_length(atr: bytes) -> ReadLength:
    block = TRIPLE_DES_BLOCK
    capabilities = lengths.of_answer_to_reset(atr)
    return ReadLength(capabilities.ceiling(block), Capabilities().ceiling(block))


def _announced(found: Mapping[str, bytes]) -> set[int]:
    """Groups that the signed list or the chip's own list names."""
    numbers: set[int] = set()
    # Either list may be broken, which is judged later; the other is read all the same.
    with suppress(SodMalformed):
        numbers |= set(sod.hashes(sod.message(found["SOD"]).content).by_group)
    with suppress(FileMalformed, KeyError):
        numbers |= set(lds.parse_com(found["COM"]).groups)
    return numbers


def _groups(chip: Mapping[str, bytes]) -> dict[int, bytes]:
    return {number: chip[file.label] for number, file in _GROUPS.items() if file.label in chip}
