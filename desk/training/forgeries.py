"""Forged passports to practise on: each by one trick, which ends in a finding of its own.

`Forgery` names the tricks and what the desk should say to each; `forge` makes the chip.
All of them open by the zone of the page they come with (`printed`). The keys a forger
would have to steal or make are in the `Workshop`; like everything of `desk.training.csca`
they are worth nothing outside the training mode.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from desk.iso7816 import tlv
from desk.mrtd.results import Result
from desk.mrtd.trust import TrustStore
from desk.training import bombs, chip_files, csca, csca_lists
from desk.training.chip import PassportChip
from desk.training.chip_features import MODERN, Features, Keys
from desk.training.csca import Manner, Pair, TrainingCsca

_STOLEN_AGO = timedelta(days=90)
_COUNTRY_ENDED_YEARS, _SIGNER_YEARS = -2, 9
_APPOINTED_AGO, _SIGNED_AGO = timedelta(days=400), timedelta(days=200)
_OTHER_NAME = "GARAM"
_NAME_START, _NAME_LENGTH = 5, 39
_NESTED = 4000
_CLAIMED = 50_000_000
_BEYOND_THE_FILE = 0xFFFF
_GROUP, _TEMPLATES, _TEMPLATE, _BLOCK, _LAYER = 0x75, 0x7F61, 0x7F60, 0x7F2E, 0xA1


class Forgery(Enum):
    """A trick, the code that the desk answers it with, and what that result is.

    FAILED means refuse, UNDECIDED look closer.
    """

    CLONE = ("clone", "CA-05", Result.FAILED)
    ALTERED = ("altered", "PA-DG-01", Result.FAILED)
    OTHER_FACE = ("other_face", "PA-DG-02", Result.FAILED)
    WRONG_HASH = ("wrong_hash", "PA-SIG-02", Result.FAILED)
    SIGNER_REVOKED = ("signer_revoked", "PA-CRL-02", Result.FAILED)
    CSCA_EXPIRED = ("csca_expired", "PA-VAL-03", Result.FAILED)
    ABSURD_LENGTH = ("absurd_length", "CHIP-21", Result.FAILED)
    ENDLESS = ("endless", "CHIP-22", Result.FAILED)
    CLAIMS_50MB = ("claims_50mb", "CHIP-23", Result.FAILED)
    SIGNER_UNKNOWN = ("signer_unknown", "PA-CHAIN-02", Result.UNDECIDED)
    DOWNGRADE = ("downgrade", "PACE-05", Result.UNDECIDED)
    PICTURE_BOMB = ("picture_bomb", "DG2-03", Result.UNDECIDED)
    PICTURE_SLOW = ("picture_slow", "DG2-04", Result.UNDECIDED)

    def __init__(self, key: str, code: str, ends: Result) -> None:
        self.key = key
        self.code = code
        self.ends = ends

    @classmethod
    def of(cls, key: str) -> Forgery:
        """Raises KeyError."""
        return {one.key: one for one in cls}[key]


@dataclass(frozen=True)
class Book:
    """The genuine passport a forger begins with; ``other`` is another person's picture."""

    mrz_lines: tuple[str, str] = field(repr=False)
    portrait: bytes = field(repr=False)
    other: bytes = field(repr=False)
    features: Features = MODERN


@dataclass(frozen=True)
class Workshop:
    """Keys of the trade: the country's own, a stolen one, a run-out one, and a forger's."""

    country: TrainingCsca
    stolen: Pair
    ended: TrainingCsca
    own: TrainingCsca

    @classmethod
    def create(cls, country: TrainingCsca, now: datetime, seed: bytes | None = None) -> Workshop:
        key = ec.generate_private_key(ec.SECP256R1())
        appointed = csca.document_signer(country.country, key.public_key(), now)
        return cls(country, Pair(key, appointed), _ended(now), csca.create(now, seed))

    @classmethod
    def load_or_create(cls, folder: Path, country: TrainingCsca, now: datetime) -> Workshop:
        """Kept beside the country, since the trust store goes on knowing these keys."""
        made = cls.create(country, now)
        try:
            kept = csca.load(folder / "stolen"), csca.load(folder / "ended")
        except (OSError, ValueError):
            kept = None
        if kept is not None and kept[0].country.certificate == country.country.certificate:
            manner = made.ended.manner
            return replace(made, stolen=kept[0].signer, ended=kept[1].with_manner(manner))
        replace(country, signer=made.stolen).save(folder / "stolen")
        made.ended.save(folder / "ended")
        return made

    def trust_in(self, store: TrustStore, now: datetime) -> None:
        """Make the run-out country an anchor, as old books still need one, and tell the theft.

        The country itself is held already.
        """
        store.import_certificate(self.ended.country.certificate, now)
        store.import_revocation_list(self.revocations(now), now)

    def revocations(self, now: datetime) -> bytes:
        """The country's list of ``now``, with the stolen key on it."""
        number, since = int(now.timestamp()), now - _STOLEN_AGO
        return csca_lists.revocation_list(
            self.country.country, (self.stolen.certificate,), now, number=number, since=since
        )


def forge(forgery: Forgery, workshop: Workshop, book: Book) -> PassportChip:
    """The chip of this trick."""
    return _TRICKS[forgery](workshop, book)


def genuine(workshop: Workshop, book: Book) -> PassportChip:
    """The chip as its issuer made it."""
    return workshop.country.personalise(book.mrz_lines, book.portrait, features=book.features)


def printed(forgery: Forgery, mrz_lines: tuple[str, str]) -> tuple[str, str]:
    """The zone on the page: a forger who alters the name prints it as well."""
    return _renamed(mrz_lines) if forgery is Forgery.ALTERED else mrz_lines


def _clone(workshop: Workshop, book: Book) -> PassportChip:
    """Every file copied to a chip that does every protocol, with keys of the forger's own."""
    return genuine(workshop, book).with_keys(Keys.draw(book.features))


def _altered(workshop: Workshop, book: Book) -> PassportChip:
    return genuine(workshop, book).with_files(DG1=chip_files.dg1(_renamed(book.mrz_lines)))


def _other_face(workshop: Workshop, book: Book) -> PassportChip:
    return genuine(workshop, book).with_files(DG2=chip_files.dg2(book.other))


def _wrong_hash(workshop: Workshop, book: Book) -> PassportChip:
    """The picture changed, and its hash in the signed list as well."""
    chip, picture = genuine(workshop, book), chip_files.dg2(book.other)
    signed, new = (hashlib.sha256(dg2).digest() for dg2 in (chip.files["DG2"], picture))
    return chip.with_files(DG2=picture, SOD=chip.files["SOD"].replace(signed, new))


def _signer_unknown(workshop: Workshop, book: Book) -> PassportChip:
    return genuine(replace(workshop, country=workshop.own), book)


def _signer_revoked(workshop: Workshop, book: Book) -> PassportChip:
    country = replace(workshop.country, signer=workshop.stolen)
    return genuine(replace(workshop, country=country), book)


def _csca_expired(workshop: Workshop, book: Book) -> PassportChip:
    return genuine(replace(workshop, country=workshop.ended), book)


def _downgrade(workshop: Workshop, book: Book) -> PassportChip:
    """PACE hidden from the terminal, so that it falls back to what can be overheard."""
    return genuine(workshop, book).without_root()


def _absurd_length(workshop: Workshop, book: Book) -> PassportChip:
    """A template inside DG2 that claims to be longer than the file."""
    start = tlv.tag_bytes(_TEMPLATES) + tlv.length_bytes(_BEYOND_THE_FILE)
    return _with_dg2(workshop, book, tlv.encode(_GROUP, start, bytes(200)))


def _endless(workshop: Workshop, book: Book) -> PassportChip:
    """A picture wrapped in thousands of layers, one in the other."""
    content = b""
    for _ in range(_NESTED):
        content = tlv.encode(_LAYER, content)
    template = tlv.encode(_TEMPLATE, tlv.encode(_BLOCK, content))
    return _with_dg2(workshop, book, tlv.encode(_GROUP, tlv.encode(_TEMPLATES, template)))


def _claims_50mb(workshop: Workshop, book: Book) -> PassportChip:
    """A picture of 50 MB by its header, and a chip that would go on for ever."""
    start = tlv.tag_bytes(_GROUP) + tlv.length_bytes(_CLAIMED)
    chip = _with_dg2(workshop, book, start + bytes(1000))
    return chip.with_habits(endless=frozenset({"DG2"}))


def _picture_bomb(workshop: Workshop, book: Book) -> PassportChip:
    """A small picture that says it is 65,500 pixels high and wide."""
    side = bombs.HUGE_SIDE
    return _with_dg2(workshop, book, chip_files.dg2(bombs.huge_picture(), (side, side)))


def _picture_slow(workshop: Workshop, book: Book) -> PassportChip:
    """A picture of allowed size that takes its decoder many seconds."""
    return _with_dg2(workshop, book, chip_files.dg2(bombs.slow_picture()))


_TRICKS: dict[Forgery, Callable[[Workshop, Book], PassportChip]] = {
    Forgery.CLONE: _clone,
    Forgery.ALTERED: _altered,
    Forgery.OTHER_FACE: _other_face,
    Forgery.WRONG_HASH: _wrong_hash,
    Forgery.SIGNER_REVOKED: _signer_revoked,
    Forgery.CSCA_EXPIRED: _csca_expired,
    Forgery.ABSURD_LENGTH: _absurd_length,
    Forgery.ENDLESS: _endless,
    Forgery.CLAIMS_50MB: _claims_50mb,
    Forgery.SIGNER_UNKNOWN: _signer_unknown,
    Forgery.DOWNGRADE: _downgrade,
    Forgery.PICTURE_BOMB: _picture_bomb,
    Forgery.PICTURE_SLOW: _picture_slow,
}


def _with_dg2(workshop: Workshop, book: Book, dg2: bytes) -> PassportChip:
    """A chip with this DG2 that all else is right with: its signer was made to sign it."""
    chip = genuine(workshop, book)
    groups = {
        int(name.removeprefix("DG")): content
        for name, content in chip.files.items()
        if name.startswith("DG")
    }
    return chip.with_files(DG2=dg2, SOD=workshop.country.sod(groups | {2: dg2}))


def _ended(now: datetime) -> TrainingCsca:
    """A country whose certificate has run out, and a signer appointed after that."""
    country, signer = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = csca.authority(country, now, "Training CSCA (ended)", years=_COUNTRY_ENDED_YEARS)
    appointed = csca.document_signer(
        Pair(country, root), signer.public_key(), now,
        begins=now - _APPOINTED_AGO, years=_SIGNER_YEARS,
    )  # fmt: skip
    manner = Manner(signed_at=now - _SIGNED_AGO)
    return TrainingCsca(Pair(country, root), Pair(signer, appointed), manner)


def _renamed(mrz_lines: tuple[str, str]) -> tuple[str, str]:
    """Another given name; no check digit covers the name (Doc 9303-4 clause 4.2.2.1)."""
    first, second = mrz_lines
    surname = first[_NAME_START:].split("<<")[0]
    name = f"{surname}<<{_OTHER_NAME}"[:_NAME_LENGTH].ljust(_NAME_LENGTH, "<")
    return first[:_NAME_START] + name, second
