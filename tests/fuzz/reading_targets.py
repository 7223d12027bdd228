"""Targets: a whole reading, of a chip whose issuer was careless and past somebody who meddles.

Pictures are decoded in this process; the other one is started by every reading in vain.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self
from unittest.mock import patch

import numpy as np

from desk.iso7816.connection import CardConnection
from desk.iso7816.troubles import CardRemoved, CardTrouble, TransportFailed
from desk.mrtd import picture_child, reader
from desk.mrtd.access import Access
from desk.mrtd.picture_process import Limits, Rgb
from desk.mrtd.reader import PassportReading
from desk.mrtd.results import Check, Result
from desk.mrtd.troubles import PassportTrouble, PictureFault, PortraitUnreadable
from desk.training import csca
from desk.training.csca import Manner
from tests.fuzz import samples
from tests.fuzz.target import Target
from tests.fuzz.trust_targets import anchors

_TROUBLES = (CardTrouble, PassportTrouble)
_APPLICATION = ("COM", "SOD", "DG1", "DG2", "DG7", "DG11", "DG12", "DG13", "DG14", "DG15", "DG16")
_ROOT = ("CardAccess", "CardSecurity", "ATR")
_FILES = _APPLICATION + _ROOT
_UNSIGNED = 0x80
"""Bit of the first byte: the altered file is put in the signed one's place."""
_STATUS_WORDS = bytes.fromhex("9000 6282 6700 6982 6988 6A82 6B00 6CFF 6110 63C0 6F00 6D00")


class InThisProcess:
    """Stands in for the decoding process."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to end."""

    def decode(self, picture: bytes) -> Rgb:
        outcome, width, height, pixels = picture_child.decode(picture)
        if outcome != picture_child.DECODED:
            raise PortraitUnreadable("not decoded", PictureFault.BROKEN)
        return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)


def _read(connection: CardConnection, atr: bytes) -> PassportReading:
    with patch.object(reader, "PictureProcess", InThisProcess):
        return reader.read_passport(connection, samples.KEY, anchors(), samples.NOW, atr=atr)


def _careless_issuer(data: bytes) -> None:
    """One file is the input; its signer signs it, or somebody altered it afterwards."""
    choice, content = (data[0], data[1:]) if data else (0, b"")
    name = _FILES[(choice & ~_UNSIGNED) % len(_FILES)]
    altered = bool(choice & _UNSIGNED)
    chip = samples.chip(pace=name in _ROOT, **{name: content})
    if name.startswith("DG") and not altered:
        groups = samples.groups() | {int(name[2:]): content}
        sod = csca.build_sod(groups, samples.country().signer, Manner(signed_at=samples.SIGNED_AT))
        chip.files["SOD"] = sod
    reading = _read(chip, chip.atr)
    if altered and name.startswith("DG") and content != samples.passport_files()[name]:
        assert reading.overall is not Result.PASSED, f"{name} altered and passed"


def _whole_files() -> list[bytes]:
    files = samples.passport_files() | samples.root_files()
    return [bytes([number]) + files[name] for number, name in enumerate(_FILES)]


class Meddler:
    """Lets answers through, but for those that the input tells it to spoil.

    Three bytes a step: how many answers go by, what is done to the next one, and how.
    """

    def __init__(self, inner: CardConnection, plan: bytes) -> None:
        self._inner = inner
        self._steps = [plan[at : at + 3] for at in range(0, len(plan) - 2, 3)]
        self._left = self._steps[0][0] if self._steps else -1
        self._last = b"\x6f\x00"

    def transmit(self, apdu: bytes) -> bytes:
        answer = self._inner.transmit(apdu)
        if self._left != 0:
            self._left -= 1
            self._last = answer
            return answer
        _, what, how = self._steps.pop(0)
        self._left = self._steps[0][0] if self._steps else -1
        spoilt = self._spoilt(answer, what % 7, how)
        self._last = answer
        return spoilt

    def _spoilt(self, answer: bytes, what: int, how: int) -> bytes:
        match what:
            case 0:
                at = 2 * how % len(_STATUS_WORDS)
                return answer[:-2] + _STATUS_WORDS[at : at + 2]
            case 1:
                at = 2 * how % len(_STATUS_WORDS)
                return _STATUS_WORDS[at : at + 2]
            case 2:
                at = how % len(answer)
                return answer[:at] + bytes([answer[at] ^ 1 << how % 8]) + answer[at + 1 :]
            case 3:
                return answer[: how % len(answer)]
            case 4:
                return self._last
            case 5:
                raise TransportFailed("no answer")
        raise CardRemoved


def _meddled(data: bytes) -> None:
    """Whoever stands between chip and reader may stop the reading and alter none of it."""
    chip = samples.chip()
    reading = _read(Meddler(chip, data), chip.atr)
    for name, content in reading.files.items():
        if name not in _ROOT:
            assert content == samples.passport_files()[name], f"{name} altered on its way"
    if reading.overall is Result.PASSED:
        assert reading.access is Access.PACE, "a step down that nobody tells"
        for proof in (Check.CHIP_AUTHENTICATION, Check.ACTIVE_AUTHENTICATION):
            assert reading.result_of(proof) is Result.PASSED, f"{proof} done away with"


def _plans() -> list[bytes]:
    """Nothing, and one of each kind after the session stands."""
    return [b"", *(bytes([12, what, 4]) for what in range(5))]


TARGETS = (
    Target("reading", _careless_issuer, _TROUBLES, _whole_files, 8_192, 16),
    Target("meddled", _meddled, _TROUBLES, _plans, 30, 10),
)
