"""What an issuer builds into a training chip: ways in, proofs, further data groups.

`Features` is plain data; `Keys.draw` makes the private keys for it, and the functions
below say in the files of the chip what it can do (Doc 9303-11 clause 9.2). How a chip
does it is `desk.training.chip`'s part, signing the files `desk.training.csca`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from desk.iso7816 import tlv
from desk.mrtd import der, domains, security_infos
from desk.mrtd.ciphers import SessionCipher
from desk.mrtd.domains import Agreement, DomainParameters
from desk.mrtd.security_infos import Mapping, SecurityInfo
from desk.training import chip_files
from desk.training.chip_files import DocumentDetails, PersonalDetails, PersonToNotify
from desk.training.chip_proofs import ActiveKey, StaticKey

_PROTOCOLS = "0.4.0.127.0.7.2.2"
_CHIP_KEY, _CHIP_AUTHENTICATION, _PACE = (f"{_PROTOCOLS}.{arc}" for arc in (1, 3, 4))
_ACTIVE_AUTHENTICATION = "2.23.136.1.1.5"
_ECDSA_PLAIN = {
    "sha1": "0.4.0.127.0.7.1.1.4.1.1",
    "sha224": "0.4.0.127.0.7.1.1.4.1.2",
    "sha256": "0.4.0.127.0.7.1.1.4.1.3",
    "sha384": "0.4.0.127.0.7.1.1.4.1.4",
    "sha512": "0.4.0.127.0.7.1.1.4.1.5",
}
_PACE_FAMILIES = {
    (Agreement.DH, Mapping.GENERIC): 1,
    (Agreement.ECDH, Mapping.GENERIC): 2,
    (Agreement.DH, Mapping.INTEGRATED): 3,
    (Agreement.ECDH, Mapping.INTEGRATED): 4,
    (Agreement.ECDH, Mapping.CHIP_AUTHENTICATION): 6,
}
_FAMILIES = {Agreement.DH: 1, Agreement.ECDH: 2}
SECP256R1, BRAINPOOL_P256R1 = 12, 13
"""Domain parameters by their number in Doc 9303-11 table 12."""


@dataclass(frozen=True)
class PaceOffer:
    """One way of PACE: mapping, cipher, group."""

    mapping: Mapping = Mapping.GENERIC
    cipher: SessionCipher = SessionCipher.AES_128
    parameter_id: int = BRAINPOOL_P256R1

    @property
    def domain(self) -> DomainParameters:
        return domains.standardized(self.parameter_id)

    @property
    def oid(self) -> str:
        family = _PACE_FAMILIES[self.domain.agreement, self.mapping]
        return f"{_PACE}.{family}.{self.cipher.arc}"

    @property
    def info(self) -> SecurityInfo:
        return SecurityInfo(self.oid, der.integer(2), der.integer(self.parameter_id))


@dataclass(frozen=True)
class ChipKeyOffer:
    """One key of chip authentication; ``key_id`` tells several apart."""

    cipher: SessionCipher = SessionCipher.AES_128
    parameter_id: int = SECP256R1
    key_id: int | None = None


@dataclass(frozen=True)
class ActiveOffer:
    """Active authentication: an RSA key of ``bits``, or ECDSA on P-256 where there are none.

    ``stated`` False leaves the hash of ECDSA untold in DG14, as many chips do.
    """

    bits: int = 0
    hash: str = "sha256"
    der: bool = False
    stated: bool = True


@dataclass(frozen=True)
class Features:
    """A chip as ordered. ``can`` are the digits printed on the page, empty for none.

    ``fingerprints`` signs a DG3 that no training terminal may read; ``lengths`` fills
    EF.ATR/INFO with the longest command and answer (bytes). Groups without content are
    left out.
    """

    bac: bool = True
    pace: tuple[PaceOffer, ...] = ()
    can: str = field(default="", repr=False)
    chip_authentication: tuple[ChipKeyOffer, ...] = (ChipKeyOffer(),)
    active: ActiveOffer | None = None
    fingerprints: bool = False
    lengths: tuple[int, int] | None = None
    signatures: tuple[bytes, ...] = field(default=(), repr=False)
    personal: PersonalDetails | None = None
    document: DocumentDetails | None = None
    optional: bytes = field(default=b"", repr=False)
    notify: tuple[PersonToNotify, ...] = ()


MODERN = Features(pace=(PaceOffer(),), fingerprints=True, lengths=(4096, 4096))
"""As passports are made now: PACE besides BAC, chip authentication, fingerprints under lock."""


@dataclass(frozen=True)
class Keys:
    """What never leaves the chip. A copy of its files has none of it."""

    chip: tuple[StaticKey, ...] = ()
    mapping: StaticKey | None = None
    active: ActiveKey | None = None

    @classmethod
    def draw(cls, features: Features) -> Keys:
        cam = next((o for o in features.pace if o.mapping is Mapping.CHIP_AUTHENTICATION), None)
        return cls(
            tuple(
                StaticKey.draw(domains.standardized(offer.parameter_id), offer.cipher, offer.key_id)
                for offer in features.chip_authentication
            ),
            # The terminal finds this key by the number of its group (9.2.1).
            None if cam is None else StaticKey.draw(cam.domain, cam.cipher, cam.parameter_id),
            None if features.active is None else _active_key(features.active),
        )


def card_access(features: Features) -> bytes:
    """EF.CardAccess: the ways of PACE, signed by nobody."""
    return security_infos.encode(*(offer.info for offer in features.pace))


def card_security(features: Features, keys: Keys) -> bytes:
    """Content of EF.CardSecurity: the same, and the key of the chip authentication mapping."""
    offers = [offer.info for offer in features.pace]
    if keys.mapping is not None:
        offers.append(_chip_key(keys.mapping))
    return security_infos.encode(*offers)


def dg14(features: Features, keys: Keys) -> bytes:
    """Every protocol of the chip, for the issuer to sign; empty where it has none."""
    infos = list(_infos(features, keys))
    return tlv.encode(0x6E, security_infos.encode(*infos)) if infos else b""


def data_groups(features: Features, keys: Keys) -> dict[int, bytes]:
    """The groups beside DG1 and DG2, whole files by number."""
    groups = {
        3: chip_files.dg3() if features.fingerprints else b"",
        7: chip_files.dg7(*features.signatures) if features.signatures else b"",
        11: chip_files.dg11(features.personal) if features.personal else b"",
        12: chip_files.dg12(features.document) if features.document else b"",
        13: chip_files.dg13(features.optional) if features.optional else b"",
        14: dg14(features, keys),
        15: chip_files.dg15(keys.active.private.public_key()) if keys.active else b"",
        16: chip_files.dg16(*features.notify) if features.notify else b"",
    }
    return {number: content for number, content in groups.items() if content}


def _infos(features: Features, keys: Keys) -> Iterator[SecurityInfo]:
    yield from (offer.info for offer in features.pace)
    for key in keys.chip:
        family = _FAMILIES[key.domain.agreement]
        identifier = b"" if key.key_id is None else der.integer(key.key_id)
        oid = f"{_CHIP_AUTHENTICATION}.{family}.{key.cipher.arc}"
        yield SecurityInfo(oid, der.integer(1), identifier)
        yield _chip_key(key)
    active = features.active
    if active is not None and active.stated and not active.bits:
        algorithm = tlv.encode(der.OBJECT_ID, der.object_id(_ECDSA_PLAIN[active.hash]))
        yield SecurityInfo(_ACTIVE_AUTHENTICATION, der.integer(1), algorithm)


def _chip_key(key: StaticKey) -> SecurityInfo:
    identifier = b"" if key.key_id is None else der.integer(key.key_id)
    spki = domains.public_key_info(key.domain, key.public)
    return SecurityInfo(f"{_CHIP_KEY}.{_FAMILIES[key.domain.agreement]}", spki, identifier)


def _active_key(offer: ActiveOffer) -> ActiveKey:
    if offer.bits:
        return ActiveKey(rsa.generate_private_key(65537, offer.bits), offer.hash)
    return ActiveKey(ec.generate_private_key(ec.SECP256R1()), offer.hash, offer.der)
