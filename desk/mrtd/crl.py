"""Certificate revocation lists of country signers (Doc 9303-12 clause 7.1.4, RFC 5280).

A list is read whole with its bytes kept, and verified by the key of one certificate. Which
certificates may vouch for it is `desk.mrtd.trust`'s matter, what it says of a document
signer and how old is too old is `desk.mrtd.revocation`'s.

Lists that do not say everything by themselves (delta lists, lists of one kind of
certificate or for other issuers) are refused: Doc 9303 knows none, and such a list would
make a revoked signer look good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from desk.iso7816 import tlv
from desk.iso7816.tlv import Tlv
from desk.iso7816.troubles import TlvError
from desk.mrtd import certificates, signatures
from desk.mrtd.certificates import Certificate, Name
from desk.mrtd.der import MALFORMED, dotted
from desk.mrtd.signatures import Unsupported

MAX_LIST = 1 << 20
"""Bytes. The largest of the ICAO directory are some 100 kB."""
_SEQUENCE, _INTEGER, _BITS = 0x30, 0x02, 0x03
_TIMES = (0x17, 0x18)
_EXTENSIONS = 0xA0
_AUTHORITY_KEY, _NUMBER, _ISSUER_ALTERNATIVE, _DISTRIBUTION_POINT, _DELTA, _REASON = (
    "2.5.29.35",
    "2.5.29.20",
    "2.5.29.18",
    "2.5.29.28",
    "2.5.29.27",
    "2.5.29.21",
)
_KNOWN = {_AUTHORITY_KEY, _NUMBER, _ISSUER_ALTERNATIVE, _DISTRIBUTION_POINT}
_ONLY_PART = {0x82, 0x83, 0xA3, 0x84, 0x85}
"""Fields of an issuing distribution point that say the list does not cover every signer."""
_DIRECTORY_NAME = 0xA4
_REASONS = {
    1: "key_compromise",
    2: "ca_compromise",
    3: "affiliation_changed",
    4: "superseded",
    5: "cessation_of_operation",
    6: "certificate_hold",
    9: "privilege_withdrawn",
    10: "aa_compromise",
}


class RevocationListUnreadable(Exception):
    """Bytes that are no revocation list that can be used; ``reason`` in short English."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Revoked:
    """One entry: since when, and the reason's name, empty where none is given."""

    since: datetime
    reason: str = ""


@dataclass(frozen=True)
class RevocationList:
    """One list; ``der`` and ``signed`` (TBSCertList) are the bytes as they came.

    ``former_names`` are the compared forms of names the issuer had before, ``revoked`` has
    the serial numbers. ``number`` and ``next_update`` are missing in old lists.
    """

    der: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    issuer: Name
    former_names: tuple[str, ...]
    number: int | None
    this_update: datetime
    next_update: datetime | None
    authority_key_id: bytes | None
    revoked: Mapping[int, Revoked] = field(repr=False)
    algorithm: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    def verify_issued_by(self, issuer: Certificate) -> None:
        """Raises signatures.SignatureWrong or Unsupported; names are the caller's matter."""
        if not (issuer.is_authority and issuer.signs_revocation_lists):
            raise Unsupported("certificate may not sign revocation lists")
        how = signatures.scheme_of_der(self.algorithm)
        signatures.verify(issuer.public_key, how, self.signature, self.signed)


def parse(der: bytes) -> RevocationList:
    """The list in ``der``; raises RevocationListUnreadable."""
    if len(der) > MAX_LIST:
        raise RevocationListUnreadable("larger than 1 MB")
    try:
        return _read(der)
    except (*MALFORMED, TlvError) as error:
        raise RevocationListUnreadable(f"not readable: {type(error).__name__}") from error


def _read(der: bytes) -> RevocationList:
    """RFC 5280 clause 5.1, field by field."""
    signed, algorithm, signature = tlv.parse_one(der, _SEQUENCE).children
    fields = list(signed.children)
    if fields[0].tag == _INTEGER:
        fields.pop(0)
    inner, issuer, this_update, *rest = fields
    if inner.raw != algorithm.raw:
        raise RevocationListUnreadable("two different signature algorithms stated")
    next_update = rest.pop(0) if rest and rest[0].tag in _TIMES else None
    entries = rest.pop(0).value if rest and rest[0].tag == _SEQUENCE else b""
    extensions = _extensions(rest[0].value) if rest and rest[0].tag == _EXTENSIONS else {}
    return RevocationList(
        der=der,
        signed=signed.raw,
        issuer=certificates.name(issuer.raw),
        former_names=_former_names(extensions),
        number=_number(extensions),
        this_update=certificates.moment(this_update),
        next_update=None if next_update is None else certificates.moment(next_update),
        authority_key_id=_authority_key_id(extensions),
        revoked=MappingProxyType(dict(_entries(entries))),
        algorithm=algorithm.raw,
        signature=_bits(signature),
    )


def _extensions(value: bytes) -> dict[str, bytes]:
    """Value of each extension; refuses what would change the meaning of the list."""
    found = {}
    for oid, critical, content in _each_extension(tlv.parse_one(value, _SEQUENCE)):
        if oid == _DELTA:
            raise RevocationListUnreadable("only what changed since another list")
        if critical and oid not in _KNOWN:
            raise RevocationListUnreadable(f"critical extension {oid}")
        found[oid] = content
    _refuse_partial(found.get(_DISTRIBUTION_POINT))
    return found


def _each_extension(holder: Tlv) -> Iterator[tuple[str, bool, bytes]]:
    for item in holder.children:
        parts = item.children
        critical = len(parts) == 3 and any(parts[1].value)
        yield dotted(parts[0].value), critical, parts[-1].value


def _refuse_partial(point: bytes | None) -> None:
    if point is None:
        return
    for item in tlv.parse_one(point, _SEQUENCE).children:
        if item.tag in _ONLY_PART and (item.tag in (0x83, 0xA3) or any(item.value)):
            raise RevocationListUnreadable("a list of one kind of certificate only")


def _entries(data: bytes) -> Iterator[tuple[int, Revoked]]:
    """Each entry; counted by `MAX_LIST` alone, since long lists are what must not fail."""
    offset = 0
    while offset < len(data):
        header = tlv.read_header(data, offset)
        entry = tlv.parse_one(data[offset : offset + header.total], _SEQUENCE).children
        offset += header.total
        reason = _reason(entry[2]) if len(entry) > 2 else ""
        serial = int.from_bytes(entry[0].value, signed=True)
        yield serial, Revoked(certificates.moment(entry[1]), reason)


def _reason(extensions: Tlv) -> str:
    found = ""
    for oid, critical, content in _each_extension(extensions):
        if oid == _REASON:
            found = _REASONS.get(int.from_bytes(tlv.parse_one(content, 0x0A).value), "")
        elif critical:
            # Such as an entry that speaks of another issuer's certificates.
            raise RevocationListUnreadable(f"critical extension {oid} in an entry")
    return found


def _former_names(extensions: Mapping[str, bytes]) -> tuple[str, ...]:
    """Names before a change of name (Doc 9303-12 table 10, note 1)."""
    raw = extensions.get(_ISSUER_ALTERNATIVE)
    if raw is None:
        return ()
    names = tlv.parse_one(raw, _SEQUENCE).children
    return tuple(certificates.name(n.value).key for n in names if n.tag == _DIRECTORY_NAME)


def _number(extensions: Mapping[str, bytes]) -> int | None:
    raw = extensions.get(_NUMBER)
    return None if raw is None else int.from_bytes(tlv.parse_one(raw, _INTEGER).value, signed=True)


def _authority_key_id(extensions: Mapping[str, bytes]) -> bytes | None:
    raw = extensions.get(_AUTHORITY_KEY)
    if raw is None:
        return None
    found = tlv.parse_one(raw, _SEQUENCE).find(0x80)
    return None if found is None else found.value


def _bits(item: Tlv) -> bytes:
    if item.tag != _BITS or not item.value or item.value[0]:
        raise ValueError("bit string not whole bytes")
    return item.value[1:]


def looks_like_one(der: bytes) -> bool:
    """Whether the bytes are built like a list: an algorithm, a name and a time."""
    try:
        signed = tlv.parse_one(der, _SEQUENCE).children[0].children
    except (TlvError, IndexError):
        return False
    tags = [item.tag for item in signed if item.tag != _INTEGER][:3]
    return tags[:2] == [_SEQUENCE, _SEQUENCE] and tags[2:] in ([_TIMES[0]], [_TIMES[1]])
