"""Security infos: what a chip says it can do (Doc 9303-11 clause 9.2).

They stand in EF.CardAccess, unsigned and read before anything else, and again in DG14
and EF.CardSecurity, where a signature covers them. `parse` gives each known entry as a
value; an entry that is unknown or not built as its clause says is kept raw and offers
nothing. Whether an offer is taken, and what the files are worth, is left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from desk.iso7816 import tlv
from desk.iso7816.tlv import Tlv
from desk.iso7816.troubles import TlvError, TlvFault
from desk.mrtd import der, domains
from desk.mrtd.ciphers import SessionCipher
from desk.mrtd.domains import Agreement, DomainParameters
from desk.mrtd.signatures import Unsupported

_CHIP_KEY = "0.4.0.127.0.7.2.2.1."
_TERMINAL_AUTHENTICATION = "0.4.0.127.0.7.2.2.2"
_CHIP_AUTHENTICATION = "0.4.0.127.0.7.2.2.3."
_PACE = "0.4.0.127.0.7.2.2.4."
_ACTIVE_AUTHENTICATION = "2.23.136.1.1.5"
_AGREEMENTS = {"1": Agreement.DH, "2": Agreement.ECDH}
_PACE_VERSION = 2
MAX_INFOS = 64
"""Entries taken; chips of the field have up to some twenty. Every protocol may have to be
tried with every key, and a file has room for a thousand of each."""
T = TypeVar("T")


class Mapping(StrEnum):
    """How PACE maps its nonce to a generator (4.4.3.3); the value is the standard's short name."""

    GENERIC = "GM"
    INTEGRATED = "IM"
    CHIP_AUTHENTICATION = "CAM"


_PACE_FAMILIES = {
    "1": (Agreement.DH, Mapping.GENERIC),
    "2": (Agreement.ECDH, Mapping.GENERIC),
    "3": (Agreement.DH, Mapping.INTEGRATED),
    "4": (Agreement.ECDH, Mapping.INTEGRATED),
    "6": (Agreement.ECDH, Mapping.CHIP_AUTHENTICATION),
}


@dataclass(frozen=True)
class SecurityInfo:
    """One entry as it stands there; ``required`` and ``optional`` are DER."""

    oid: str
    required: bytes = field(repr=False)
    optional: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class PaceDomainParameters:
    """Explicit domain parameters (9.2.2); ``domain`` None where they are no standardised group."""

    agreement: Agreement
    mapping: Mapping
    parameter_id: int | None
    domain: DomainParameters | None


@dataclass(frozen=True)
class PaceInfo:
    """One way of PACE (9.2.1).

    ``domain`` is None where the desk does not know the group. ``several`` tells that the
    chip offers more than one group, so that MSE:Set AT must name this one (4.4.4.1).
    """

    oid: str
    version: int
    parameter_id: int | None
    agreement: Agreement
    mapping: Mapping
    cipher: SessionCipher
    domain: DomainParameters | None = None
    several: bool = False

    @property
    def is_usable(self) -> bool:
        """Version 2 on a known group that its mapping can be done on."""
        if self.domain is None or self.version != _PACE_VERSION:
            return False
        return self.mapping is not Mapping.INTEGRATED or self.domain.maps_integrated

    @property
    def label(self) -> str:
        """Such as «ECDH-GM AES-128 brainpoolP256r1»."""
        group = f"group {self.parameter_id}" if self.domain is None else self.domain.label
        return f"{self.agreement.value}-{self.mapping.value} {self.cipher.value} {group}"


@dataclass(frozen=True)
class ChipAuthenticationInfo:
    """One way of chip authentication (9.2.5)."""

    oid: str
    version: int
    key_id: int | None
    agreement: Agreement
    cipher: SessionCipher


@dataclass(frozen=True)
class ChipPublicKey:
    """A static key of the chip (9.2.6); ``spki`` is a DER SubjectPublicKeyInfo."""

    key_id: int | None
    agreement: Agreement
    spki: bytes = field(repr=False)

    @property
    def key(self) -> tuple[DomainParameters, bytes]:
        """Group and element; raises signatures.Unsupported, domains.KeyInvalid."""
        return domains.of_public_key(self.spki)


@dataclass(frozen=True)
class ActiveAuthenticationInfo:
    """Signature algorithm of active authentication with an ECDSA key (9.2.4), by its OID."""

    version: int
    algorithm: str

    @property
    def identifier(self) -> bytes:
        """The same as a DER AlgorithmIdentifier."""
        oid = tlv.encode(der.OBJECT_ID, der.object_id(self.algorithm))
        return tlv.encode(der.SEQUENCE, oid)


@dataclass(frozen=True)
class TerminalAuthenticationInfo:
    """The chip can ask a terminal for its certificates (9.2.8); the desk has none."""

    version: int


Known = (
    PaceInfo
    | PaceDomainParameters
    | ChipAuthenticationInfo
    | ChipPublicKey
    | ActiveAuthenticationInfo
    | TerminalAuthenticationInfo
)


@dataclass(frozen=True)
class SecurityInfos:
    """All entries as they stand (``items``), and those that are understood."""

    items: tuple[SecurityInfo, ...]
    pace: tuple[PaceInfo, ...] = ()
    pace_domains: tuple[PaceDomainParameters, ...] = ()
    chip_authentication: tuple[ChipAuthenticationInfo, ...] = ()
    chip_keys: tuple[ChipPublicKey, ...] = ()
    active_authentication: ActiveAuthenticationInfo | None = None
    terminal_authentication: TerminalAuthenticationInfo | None = None

    @property
    def offers_pace(self) -> bool:
        """Named at all, be it in a way that the desk cannot use."""
        return self._names(_PACE)

    @property
    def offers_chip_authentication(self) -> bool:
        """Protocol named, or its key alone, as first-generation chips do."""
        return self._names(_CHIP_AUTHENTICATION) or self._names(_CHIP_KEY)

    def lacks(self, others: SecurityInfos) -> tuple[SecurityInfo, ...]:
        """Entries of ``others`` that are not here.

        What EF.CardAccess says must stand in DG14 and EF.CardSecurity again (9.2.11), since
        nobody signs EF.CardAccess: an entry that is lacking was slipped in.
        """
        return tuple(item for item in others.items if item not in self.items)

    def _names(self, prefix: str) -> bool:
        return any(item.oid.startswith(prefix) for item in self.items)


def parse(raw: bytes) -> SecurityInfos:
    """The entries of a DER SET OF SecurityInfo; raises TlvError where it is none."""
    entries = tlv.parse_one(raw, der.SET).children
    if len(entries) > MAX_INFOS:
        raise TlvError(f"{len(entries)} security infos", fault=TlvFault.ENDLESS)
    items = tuple(map(_item, entries))
    known = tuple(filter(None, map(_understood, items)))
    explicit = _of_kind(known, PaceDomainParameters)
    return SecurityInfos(
        items=items,
        pace=_with_domains(_of_kind(known, PaceInfo), explicit),
        pace_domains=explicit,
        chip_authentication=_of_kind(known, ChipAuthenticationInfo),
        chip_keys=_of_kind(known, ChipPublicKey),
        active_authentication=next(iter(_of_kind(known, ActiveAuthenticationInfo)), None),
        terminal_authentication=next(iter(_of_kind(known, TerminalAuthenticationInfo)), None),
    )


def encode(*items: SecurityInfo) -> bytes:
    """The DER SET of ``items``, as a chip holds it (in DER's order of a set)."""
    entries = (
        tlv.encode(
            der.SEQUENCE,
            tlv.encode(der.OBJECT_ID, der.object_id(item.oid)),
            item.required,
            item.optional,
        )
        for item in items
    )
    return tlv.encode(der.SET, *sorted(entries))


def _item(item: Tlv) -> SecurityInfo:
    parts = item.children
    if item.tag != der.SEQUENCE or not 2 <= len(parts) <= 3 or parts[0].tag != der.OBJECT_ID:
        raise TlvError("no security info")
    optional = parts[2].raw if len(parts) == 3 else b""
    return SecurityInfo(der.dotted(parts[0].value), parts[1].raw, optional)


def _understood(item: SecurityInfo) -> Known | None:
    """The entry as a value; None where it is unknown or not built as its clause says."""
    for prefix, read in _READERS.items():
        if item.oid == prefix or (prefix.endswith(".") and item.oid.startswith(prefix)):
            try:
                return read(item)
            except (TlvError, KeyError):
                return None
    return None


def _pace(item: SecurityInfo) -> Known | None:
    family, *arcs = item.oid.removeprefix(_PACE).split(".")
    agreement, mapping = _PACE_FAMILIES[family]
    parameter_id = _optional_number(item)
    if not arcs:
        return PaceDomainParameters(agreement, mapping, parameter_id, _domain(item.required))
    cipher = _cipher(arcs)
    if mapping is Mapping.CHIP_AUTHENTICATION and cipher is SessionCipher.TRIPLE_DES:
        raise KeyError(item.oid)
    return PaceInfo(item.oid, _number(item), parameter_id, agreement, mapping, cipher)


def _chip_authentication(item: SecurityInfo) -> Known:
    family, *arcs = item.oid.removeprefix(_CHIP_AUTHENTICATION).split(".")
    agreement, cipher = _AGREEMENTS[family], _cipher(arcs)
    return ChipAuthenticationInfo(
        item.oid, _number(item), _optional_number(item), agreement, cipher
    )


def _chip_key(item: SecurityInfo) -> Known:
    agreement = _AGREEMENTS[item.oid.removeprefix(_CHIP_KEY)]
    tlv.parse_one(item.required, der.SEQUENCE)
    return ChipPublicKey(_optional_number(item), agreement, item.required)


def _terminal_authentication(item: SecurityInfo) -> Known:
    return TerminalAuthenticationInfo(_number(item))


def _active_authentication(item: SecurityInfo) -> Known:
    algorithm = tlv.parse_one(item.optional, der.OBJECT_ID)
    return ActiveAuthenticationInfo(_number(item), der.dotted(algorithm.value))


_READERS: dict[str, Callable[[SecurityInfo], Known | None]] = {
    _PACE: _pace,
    _CHIP_AUTHENTICATION: _chip_authentication,
    _CHIP_KEY: _chip_key,
    _TERMINAL_AUTHENTICATION: _terminal_authentication,
    _ACTIVE_AUTHENTICATION: _active_authentication,
}


def _with_domains(
    infos: tuple[PaceInfo, ...], explicit: tuple[PaceDomainParameters, ...]
) -> tuple[PaceInfo, ...]:
    found = [replace(info, domain=_domain_of(info, explicit)) for info in infos]
    groups = {(info.agreement, info.parameter_id) for info in found}
    return tuple(replace(info, several=len(groups) > 1) for info in found)


def _domain_of(
    info: PaceInfo, explicit: tuple[PaceDomainParameters, ...]
) -> DomainParameters | None:
    """The group that ``info`` means: a standardised number, or one stated in full."""
    if info.parameter_id in domains.STANDARDIZED:
        domain: DomainParameters | None = domains.STANDARDIZED[info.parameter_id]
    else:
        fitting = [
            stated
            for stated in explicit
            if (stated.agreement, stated.parameter_id) == (info.agreement, info.parameter_id)
        ]
        domain = fitting[0].domain if len(fitting) == 1 else None
    return domain if domain is not None and domain.agreement is info.agreement else None


def _domain(algorithm: bytes) -> DomainParameters | None:
    try:
        return domains.of_algorithm(algorithm)
    except Unsupported:
        return None


def _cipher(arcs: list[str]) -> SessionCipher:
    cipher = SessionCipher.of_arc(int(arcs[0])) if len(arcs) == 1 else None
    if cipher is None:
        raise KeyError("cipher")
    return cipher


def _number(item: SecurityInfo) -> int:
    return der.number(tlv.parse_one(item.required))


def _optional_number(item: SecurityInfo) -> int | None:
    return der.number(tlv.parse_one(item.optional)) if item.optional else None


def _of_kind(items: Iterable[object], kind: type[T]) -> tuple[T, ...]:
    return tuple(item for item in items if isinstance(item, kind))
