"""Reading a passport's chip from first touch to verdict (Doc 9303-11 clause 4.2).

`read_passport` is the list of steps. What stops it is raised as a trouble; what the
document says about itself is recorded as findings. Fetching stands in
`desk.mrtd.reading`, judging in the modules that are asked here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType

from desk.iso7816.connection import CardConnection, Counted
from desk.mrtd import (
    access_findings,
    chip_proofs,
    details,
    deviations,
    judge,
    lds,
    passive,
    portrait,
)
from desk.mrtd.access import Access
from desk.mrtd.anchors import AnchorSet
from desk.mrtd.details import Details
from desk.mrtd.kept import Kept
from desk.mrtd.mrz import Mrz, MrzError, MrzKey
from desk.mrtd.pace_steps import Password
from desk.mrtd.passive import PassiveResult
from desk.mrtd.picture_process import PictureProcess
from desk.mrtd.reading import ChipContent, ChipReader, Progress, ReadPhase, ReadProgress
from desk.mrtd.results import Check, Finding, Result
from desk.mrtd.trust import TrustStore

__all__ = [
    "Access",
    "Kept",
    "PassportReading",
    "Progress",
    "ReadPhase",
    "ReadProgress",
    "read_passport",
]


@dataclass(frozen=True)
class PassportReading:
    """What the chip holds and what it is worth.

    ``files`` are the raw bytes by name (COM, SOD, DG1, ...); ``portrait`` is the picture as
    it lies in DG2, ``portrait_type`` its media type. ``seconds`` is the time of it all,
    ``commands`` what the chip was asked, ``sent`` and ``received`` the bytes of it with
    their headers and status words, ``bytes_read`` those of the files, ``protocols`` how it
    was opened and what proved the chip.
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
    protocols: tuple[str, ...] = ()
    details: Details = field(default_factory=Details, repr=False)

    def result_of(self, check: Check) -> Result:
        return judge.result_of(self.findings, check)


def read_passport(
    connection: CardConnection,
    key: Password,
    trust: TrustStore | AnchorSet,
    at: datetime,
    progress: Progress = lambda _: None,
    *,
    typed: Mrz | None = None,
    atr: bytes = b"",
    kept: Kept | None = None,
    today: date | None = None,
) -> PassportReading:
    """Open the chip with ``key``, from its zone or its access number, read and judge it.

    ``typed`` is the zone as typed or scanned, compared with the chip's own (without it,
    ``key``'s fields are). ``atr`` tells what lengths the chip takes. ``kept`` lets an attempt
    go on where the one before was interrupted, on the same passport. ``today`` is the day
    where the passport is shown, by which it expires; ``at``'s own without it.

    Raises NotAPassport, AccessNotOffered, AccessRefused, CanNotTaken, ChipLost, ChipMoved,
    ChipSwapped, SessionBroken, FileMissing, FileMalformed, PortraitUnreadable, CardAnswered,
    and the transport's troubles by their own names.
    """
    begun = time.perf_counter()
    counted = Counted(connection)
    reader = ChipReader(counted, key, progress, atr, kept)
    # The decoder's process is up by the time that the chip has given its picture.
    with PictureProcess() as decoder:
        chip = reader.read()
        progress(ReadProgress(ReadPhase.VERIFY))
        zone = lds.parse_dg1(chip.files["DG1"])
        picture = portrait.parse_dg2(chip.files["DG2"])
        shown = judge.portrait(picture.data, decoder)
    further = details.parse(chip.files)
    anchors = trust.anchors() if isinstance(trust, TrustStore) else trust
    content = passive.verify(chip.files["SOD"], chip.groups, anchors, at, chip.absent)
    findings = (
        *_document(zone, typed, key, today or at.date(), content),
        *_chip(chip, content, anchors, at),
        *content.findings,
        judge.file_list(chip.files.get("COM"), content.signed),
        shown,
        *judge.details(further),
    )
    findings = deviations.told_apart(findings, content.defects)
    return PassportReading(
        mrz=zone[0],
        files=MappingProxyType(chip.files),
        portrait=picture.data,
        portrait_type=picture.media_type,
        findings=findings,
        overall=judge.overall(findings),
        access=chip.opening.access,
        read_at=at,
        seconds=time.perf_counter() - begun,
        bytes_read=reader.bytes_read,
        commands=counted.commands,
        sent=counted.sent,
        received=counted.received,
        protocols=_protocols(chip, findings),
        details=further,
    )


def _document(
    zone: tuple[Mrz, tuple[MrzError, ...]],
    typed: Mrz | None,
    key: Password,
    today: date,
    content: PassiveResult,
) -> tuple[Finding, ...]:
    mrz, errors = zone
    typed_key = key if isinstance(key, MrzKey) else None
    return (
        *judge.document(mrz, errors, typed, typed_key, today),
        judge.issuer_country(mrz, content.signer),
    )


def _chip(
    chip: ChipContent, content: PassiveResult, anchors: AnchorSet, at: datetime
) -> tuple[Finding, ...]:
    """How it was opened, and its proofs."""
    return (
        *access_findings.access(chip.opening, chip.files, content),
        *_chip_authentication(chip, content, anchors, at),
        chip_proofs.active_authentication(chip.files, chip.active_authentication, content),
    )


def _chip_authentication(
    chip: ChipContent, content: PassiveResult, anchors: AnchorSet, at: datetime
) -> tuple[Finding, ...]:
    """The mapping's proof stands for chip authentication, unless that was done as well.

    Then the mapping had no key to be judged by, which the other makes good, or it was
    wrong, which nothing does.
    """
    proofs, attempt = chip.opening.proofs, chip.chip_authentication
    card_security = chip.files.get("CardSecurity")
    mapping = chip_proofs.chip_authentication_mapping(card_security, proofs, content, anchors, at)
    if mapping is not None and attempt is None:
        return (mapping,)
    done = chip_proofs.chip_authentication(chip.files, attempt, content)
    wrong = mapping is not None and mapping.result is Result.FAILED
    return (mapping, done) if mapping is not None and wrong else (done,)


def _protocols(chip: ChipContent, findings: Iterable[Finding]) -> tuple[str, ...]:
    """Those that were carried through, with their algorithms, in the order of use."""
    attempt = chip.chip_authentication
    confirmed = attempt is not None and attempt.is_confirmed
    proof = (f"CA {attempt.algorithm}",) if attempt is not None and confirmed else ()
    signed = (
        f"AA {finding.facts['algorithm']}"
        for finding in findings
        if finding.check is Check.ACTIVE_AUTHENTICATION and "algorithm" in finding.facts
    )
    return (chip.opening.label, *proof, *signed)
