"""Passports for the tests of reading, and the ways in which a chip or its reader fails."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from desk.iso7816.apdu import CommandApdu
from desk.iso7816.connection import CardConnection
from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import CardRemoved, TransportFailed
from desk.mrtd import mrz
from desk.mrtd.kept import Kept
from desk.mrtd.pace_steps import CanKey, Password
from desk.mrtd.reader import PassportReading, read_passport
from desk.mrtd.reading import ChipContent, ChipReader
from desk.mrtd.results import Result
from desk.mrtd.security_infos import Mapping
from desk.training import csca
from desk.training.chip import PassportChip
from desk.training.chip_features import ActiveOffer, ChipKeyOffer, Features, PaceOffer
from desk.training.csca import TrainingCsca
from tests.anchors import trusting
from tests.mrtd.conftest import LINES, NOW, picture

STATUS_WORDS = (
    *(int(word) for word in StatusWord),
    *(0x6100, 0x6110, 0x6C00, 0x6C10, 0x63C0, 0x63C2, 0x6283, 0x6400, 0x6999, 0x0000, 0xFFFF),
)
"""All that the desk acts on, the ranges, and some that mean nothing to it."""
LOST, GONE, SHORT = TransportFailed, CardRemoved, b"\x90"
"""No answer; the chip pulled; less than a status word."""

Fault = int | bytes | type[Exception]


# The cheapest group of Doc 9303-11 (secp192r1), since nothing here is about groups.
CURVE = 8
CAN = "123456"
BY_BAC = Features(chip_authentication=(), active=ActiveOffer(), lengths=(4096, 4096))
BY_PACE = Features(
    pace=(PaceOffer(parameter_id=CURVE),),
    chip_authentication=(ChipKeyOffer(parameter_id=CURVE),),
    active=ActiveOffer(),
    can=CAN,
)
BY_MAPPING = Features(
    pace=(PaceOffer(Mapping.CHIP_AUTHENTICATION, parameter_id=CURVE),),
    chip_authentication=(),
    bac=False,
)
ZONE = mrz.parse("\n".join(LINES))
KEY = ZONE.key


@dataclass(frozen=True)
class Passport:
    """A chip, and what it gives when nothing fails."""

    chip: PassportChip
    content: ChipContent
    commands: int


@cache
def country() -> TrainingCsca:
    return csca.create(NOW, seed=b"tests")


@cache
def passport_of(features: Features) -> Passport:
    chip = country().personalise(LINES, picture(width=60, height=80), features=features)
    content = fetch(chip, chip)
    return Passport(chip, content, chip.commands)


def fetch(
    chip: PassportChip,
    connection: CardConnection,
    key: Password = KEY,
    kept: Kept | None = None,
) -> ChipContent:
    """Read ``chip``, newly laid down, through ``connection``."""
    chip.reset()
    return ChipReader(connection, key, lambda _: None, chip.atr, kept).read()


def judged(connection: CardConnection, can: str = "") -> PassportReading:
    """Read by the zone, or by the access number and then with no zone to compare."""
    if isinstance(connection, PassportChip):
        connection.reset()
    anchors = trusting(country(), NOW)
    if can:
        return read_passport(connection, CanKey(can), anchors, NOW)
    return read_passport(connection, KEY, anchors, NOW, typed=ZONE)


def proven(content: ChipContent) -> tuple[bool, bool, bool]:
    """What the chip proved: chip authentication, its mapping, active authentication."""
    attempt, answer = content.chip_authentication, content.active_authentication
    return (
        attempt is not None and attempt.is_confirmed,
        bool(content.opening.proofs),
        answer is not None and answer.sw == 0x9000,
    )


def codes(reading: PassportReading) -> dict[str, Result]:
    return {finding.code: finding.result for finding in reading.findings}


@dataclass
class FaultyChip:
    """``chip`` answers ``fault`` to command number ``at``, once.

    ``after`` True: the chip has done what it was asked, and only its answer is another.
    """

    chip: CardConnection
    at: int
    fault: Fault
    after: bool = False
    commands: int = 0

    def transmit(self, apdu: bytes) -> bytes:
        number, self.commands = self.commands, self.commands + 1
        if number != self.at:
            return self.chip.transmit(apdu)
        if self.after:
            self.chip.transmit(apdu)
        if isinstance(self.fault, type):
            raise self.fault
        return self.fault if isinstance(self.fault, bytes) else self.fault.to_bytes(2)


class Deaf:
    """A chip that does not know one instruction."""

    def __init__(self, chip: PassportChip, ins: int) -> None:
        chip.reset()
        self._chip, self._ins = chip, ins

    def transmit(self, apdu: bytes) -> bytes:
        clear = not apdu[0] & 0x0C
        return b"\x6d\x00" if clear and apdu[1] == self._ins else self._chip.transmit(apdu)


class Tilted:
    """A chip that answers no more after ``after`` commands."""

    def __init__(
        self, chip: CardConnection, after: int, trouble: type[Exception] = TransportFailed
    ) -> None:
        self._chip, self._after, self._trouble = chip, after, trouble
        self.commands = 0

    def transmit(self, apdu: bytes) -> bytes:
        self.commands += 1
        if self.commands > self._after:
            raise self._trouble
        return self._chip.transmit(apdu)


class ShortReader:
    """A reader that takes no extended length."""

    def __init__(self, chip: PassportChip) -> None:
        self._chip = chip

    def transmit(self, apdu: bytes) -> bytes:
        if CommandApdu.parse(apdu).is_extended:
            self._chip.reset()
            raise TransportFailed
        return self._chip.transmit(apdu)


class Spy:
    """Remembers how long answers were, with their status words."""

    def __init__(self, chip: PassportChip) -> None:
        self._chip = chip
        self.answers: list[int] = []

    def transmit(self, apdu: bytes) -> bytes:
        answer = self._chip.transmit(apdu)
        self.answers.append(len(answer))
        return answer
