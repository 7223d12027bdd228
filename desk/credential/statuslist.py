"""The status list (draft-ietf-oauth-status-list-20): the array and both its tokens.

Two bits an entry, packed from the least significant bit. Random indexes, never used
twice, are left to ``store``; publishing to ``enrollment``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

from cbor2 import CBORTag

from desk.credential import cbor, chain, cose, jose
from desk.credential.keys import Curve, DeviceKey, b64url, from_b64url
from desk.credential.signer import Signer
from desk.credential.troubles import (
    CredentialTrouble,
    Malformed,
    StatusListRefused,
    StatusUnknown,
    ValueUnfit,
)
from desk.credential.verify import Trust

JWT_TYPE = "statuslist+jwt"
CWT_TYPE = "application/statuslist+cwt"
_CWT_SUBJECT, _CWT_EXPIRES, _CWT_ISSUED = 2, 4, 6
_CWT_LIST, _CWT_TTL = 65533, 65534
_ALLOWED_BITS = (1, 2, 4, 8)
# 2^26 bytes are 268 million entries of two bits; more is a decompression bomb.
_MAX_BYTES = 1 << 26


class Status(IntEnum):
    """Status types of the draft's section 7.1."""

    VALID = 0
    INVALID = 1
    SUSPENDED = 2


class StatusList:
    """A byte array of statuses of ``bits`` bits each."""

    def __init__(self, size: int, bits: int = 2, data: bytes | None = None) -> None:
        per_byte = 8 // bits if bits in _ALLOWED_BITS else 0
        if not per_byte or size <= 0 or size % per_byte:
            raise ValueError("size must fill whole bytes of 1, 2, 4 or 8 bits an entry")
        self.size = size
        self.bits = bits
        self._data = bytearray(data if data is not None else size // per_byte)
        self._compressed: bytes | None = None
        if len(self._data) != size // per_byte:
            raise ValueError("data of another size")

    def __getitem__(self, index: int) -> int:
        """Raises ``StatusUnknown`` outside of the list."""
        byte, shift = self._place(index)
        return self._data[byte] >> shift & self._mask

    def set(self, index: int, status: int) -> None:
        """Raises ``StatusUnknown`` outside of the list, ``ValueError`` for too big a status."""
        if not 0 <= status <= self._mask:
            raise ValueError("status does not fit the bits of an entry")
        byte, shift = self._place(index)
        self._data[byte] = self._data[byte] & ~(self._mask << shift) | status << shift
        self._compressed = None

    def set_all(self, status: int, indexes: Iterable[int]) -> None:
        """The same for many entries; a list of a million has tens of thousands not valid."""
        if not 0 <= status <= self._mask:
            raise ValueError("status does not fit the bits of an entry")
        data, bits, mask = self._data, self.bits, self._mask
        self._compressed = None
        for index in indexes:
            if not 0 <= index < self.size:
                raise StatusUnknown(index=index)
            place = index * bits
            shift = place & 7
            data[place >> 3] = data[place >> 3] & ~(mask << shift) | status << shift

    @property
    def _mask(self) -> int:
        return (1 << self.bits) - 1

    def _place(self, index: int) -> tuple[int, int]:
        if not 0 <= index < self.size:
            raise StatusUnknown(index=index)
        byte, bit = divmod(index * self.bits, 8)
        return byte, bit

    def to_bytes(self) -> bytes:
        """The uncompressed array, for keeping."""
        return bytes(self._data)

    def compressed(self) -> bytes:
        """zlib with DEFLATE (section 4.1), made once for both tokens. Level 8 takes 0.08 s for a
        million entries with 2 % set; level 9 makes it 4 % smaller in two and a half times that."""
        if self._compressed is None:
            self._compressed = zlib.compress(self._data, level=8)
        return self._compressed

    @classmethod
    def from_compressed(cls, data: bytes, bits: int) -> StatusList:
        """Raises ``Malformed``."""
        if bits not in _ALLOWED_BITS:
            raise Malformed(reason="status list of odd bits")
        inflating = zlib.decompressobj()
        try:
            array = inflating.decompress(data, _MAX_BYTES)
        except zlib.error as broken:
            raise Malformed(reason="status list does not inflate") from broken
        if not inflating.eof or not array:
            raise Malformed(reason="status list is empty, cut or too large")
        return cls(len(array) * 8 // bits, bits, array)


@dataclass(frozen=True)
class ListTerms:
    """Where a list stands, when it was made and how long it may be used.

    ``time_to_live`` says after how long a reader should fetch a new one; ``expires`` when it must.
    """

    uri: str
    issued: datetime
    expires: datetime
    time_to_live: timedelta

    def __post_init__(self) -> None:
        if not self.issued < self.expires:
            raise ValueUnfit(item="status list", reason="expires before it is issued")


def sign_jwt(statuses: StatusList, terms: ListTerms, signer: Signer) -> str:
    """The status list token as JWT (section 5.1), for SD-JWT VC."""
    header = {
        "alg": signer.algorithm,
        "typ": JWT_TYPE,
        "x5c": jose.x5c_header(signer.certificate_chain),
    }
    payload = {
        "sub": terms.uri,
        "iat": int(terms.issued.timestamp()),
        "exp": int(terms.expires.timestamp()),
        "ttl": int(terms.time_to_live.total_seconds()),
        "status_list": {"bits": statuses.bits, "lst": b64url(statuses.compressed())},
    }
    return jose.sign_compact(header, payload, signer)


def sign_cwt(statuses: StatusList, terms: ListTerms, signer: Signer) -> bytes:
    """The status list token as CWT (section 5.2), for mdoc; COSE_Sign1 with its tag."""
    protected = cose.protected_header(
        Curve.by_algorithm(signer.algorithm),
        {
            cose.HEADER_TYPE: CWT_TYPE,
            cose.HEADER_X5CHAIN: cose.x5chain_value(signer.certificate_chain),
        },
    )
    payload = cbor.encode(
        {
            _CWT_SUBJECT: terms.uri,
            _CWT_ISSUED: int(terms.issued.timestamp()),
            _CWT_EXPIRES: int(terms.expires.timestamp()),
            _CWT_TTL: int(terms.time_to_live.total_seconds()),
            _CWT_LIST: {"bits": statuses.bits, "lst": statuses.compressed()},
        }
    )
    signature = signer.sign(cose.to_be_signed(protected, payload))
    return cbor.encode(CBORTag(cose.TAG_SIGN1, [protected, {}, payload, signature]))


# Reading --------------------------------------------------------------------------


def verify_jwt(token: str, uri: str, trust: Trust) -> StatusList:
    """The list of a genuine, current token for ``uri`` (section 8.3); raises ``StatusListRefused``.

    The signer must chain to one of ``trust.anchors``, the credential's own IACA.
    """
    try:
        parsed = jose.parse_compact(token)
        if parsed.header.get("typ") != JWT_TYPE:
            raise Malformed(reason="another token type")
        parsed.verify(_signer_key(jose.x5c(parsed.header), trust))
        claims = parsed.claims()
        _check_claims(claims.get("sub"), claims.get("iat"), claims.get("exp"), uri, trust)
        return decode(claims.get("status_list"))
    except CredentialTrouble as trouble:
        raise StatusListRefused(reason=_reason(trouble)) from trouble


def verify_cwt(token: bytes, uri: str, trust: Trust) -> StatusList:
    """The same for a CWT; raises ``StatusListRefused``."""
    try:
        parsed = cose.parse(token)
        if parsed.headers.get(cose.HEADER_TYPE) != CWT_TYPE or parsed.payload is None:
            raise Malformed(reason="another token type")
        parsed.verify(_signer_key(parsed.x5chain(), trust))
        claims = cbor.decode(parsed.payload)
        if not isinstance(claims, dict):
            raise Malformed(reason="no claims")
        subject, issued, expires = (
            claims.get(label) for label in (_CWT_SUBJECT, _CWT_ISSUED, _CWT_EXPIRES)
        )
        _check_claims(subject, issued, expires, uri, trust)
        return decode(claims.get(_CWT_LIST))
    except CredentialTrouble as trouble:
        raise StatusListRefused(reason=_reason(trouble)) from trouble


def decode(entry: Any) -> StatusList:
    """The ``status_list`` member of either token (sections 4.2 and 4.3); raises ``Malformed``."""
    if not isinstance(entry, Mapping) or type(entry.get("bits")) is not int:
        raise Malformed(reason="status list is missing")
    packed = entry.get("lst")
    data = from_b64url(packed) if isinstance(packed, str) else packed
    if not isinstance(data, bytes):
        raise Malformed(reason="status list is missing")
    return StatusList.from_compressed(data, entry["bits"])


def _signer_key(certificates: tuple[bytes, ...], trust: Trust) -> DeviceKey:
    chain.verify(certificates, trust.anchors, trust.now)
    return DeviceKey.from_certificate(certificates[0])


def _check_claims(subject: Any, issued: Any, expires: Any, uri: str, trust: Trust) -> None:
    if subject != uri:
        raise Malformed(reason="list of another address")
    if type(issued) is not int or not isinstance(expires, int | None):
        raise Malformed(reason="list without times")
    now = trust.now.astimezone(UTC).timestamp()
    if issued > now + trust.leeway.total_seconds():
        raise Malformed(reason="list of the future")
    if expires is not None and now >= expires:
        raise Malformed(reason="list has run out")


def _reason(trouble: CredentialTrouble) -> str:
    return str(trouble.facts.get("reason") or type(trouble).__name__)
