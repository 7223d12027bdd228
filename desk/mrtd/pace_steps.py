"""What both sides of PACE compute (Doc 9303-11 clause 4.4.3): values in, values out.

Passwords and their key, the nonce, its mapping, authentication tokens and the proof of
the chip authentication mapping. The terminal's order of steps stands in
`desk.mrtd.pace`; the training chip keeps its own and shares these functions.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from desk.iso7816 import tlv
from desk.mrtd import ciphers, der
from desk.mrtd.ciphers import CipherSuite, PaddingWrong, SessionCipher, same
from desk.mrtd.domains import Agreement, DomainParameters, KeyInvalid
from desk.mrtd.mrz import MrzKey
from desk.mrtd.security_infos import Mapping, PaceInfo, SecurityInfos
from desk.mrtd.signatures import Unsupported
from desk.mrtd.troubles import CanMalformed

DO_DYNAMIC = 0x7C
DO_NONCE = 0x80
DO_MAP_TERMINAL, DO_MAP_CHIP = 0x81, 0x82
DO_KEY_TERMINAL, DO_KEY_CHIP = 0x83, 0x84
DO_TOKEN_TERMINAL, DO_TOKEN_CHIP = 0x85, 0x86
DO_PROOF = 0x8A
"""Data objects of GENERAL AUTHENTICATE (table 4)."""
_PUBLIC_KEY = 0x7F49
NONCE_MAX = 64
"""Bytes; the standard sets no end to the nonce, and no chip sends more than 32."""
_MARGIN_BITS = 64
_SHORT_CONSTANTS = (
    bytes.fromhex("a668892a7c41e3ca739f40b057d85904"),
    bytes.fromhex("a4e136ac725f738b01c1f60217c188ad"),
)
_LONG_CONSTANTS = (
    bytes.fromhex("d463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676"),
    bytes.fromhex("54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517"),
)
"""c0 and c1 of clause 4.4.3.3.2, for ciphers with 128-bit keys and longer ones."""


class ProofWrong(Exception):
    """The chip does not hold the private key that belongs to the public one."""


@dataclass(frozen=True, slots=True)
class CanKey:
    """The card access number printed on the document (Doc 9303-4 to 9303-6).

    Raises CanMalformed where it is no number of six digits.
    """

    digits: str = field(repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{6}", self.digits):
            raise CanMalformed


Password = MrzKey | CanKey


def reference(password: Password) -> int:
    """The password's number in MSE:Set AT (4.4.4.1)."""
    return 0x02 if isinstance(password, CanKey) else 0x01


def encoded(password: Password) -> bytes:
    """f of clause 9.7.3: the number itself, or the whole hash of the zone's fields."""
    if isinstance(password, CanKey):
        return password.digits.encode("latin-1")
    return hashlib.sha1(password.information.encode(), usedforsecurity=False).digest()


def password_key(password: Password, cipher: SessionCipher) -> bytes:
    """K_pi, which encrypts the nonce."""
    key = ciphers.derive(encoded(password), ciphers.PASSWORD, cipher.key_length)
    return ciphers.with_parity(key) if cipher is SessionCipher.TRIPLE_DES else key


def nonce_length(info: PaceInfo) -> int:
    """Bytes of the chip's nonce that carry as much as the key and fill blocks (4.4.3.3)."""
    return -(-info.cipher.key_length // 16) * 16


def is_nonce_length(info: PaceInfo, length: int) -> bool:
    """Whether a chip may use it: one length for the integrated mapping, whole blocks else."""
    if info.mapping is Mapping.INTEGRATED:
        return length == nonce_length(info)
    return 0 < length <= NONCE_MAX and length % info.cipher.block == 0


def pseudo_random(cipher: SessionCipher, s: bytes, t: bytes, modulus: int) -> int:
    """R_p(s, t) of clause 4.4.3.3.2: a number below ``modulus`` out of both nonces.

    Raises KeyInvalid where ``t``, which comes in the clear, is not as long as a key.
    """
    if len(t) != cipher.key_length:
        raise KeyInvalid(f"nonce of {len(t)} bytes for the mapping")
    short = cipher.key_length == 16
    blocks = _blocks(cipher, s, t, *(_SHORT_CONSTANTS if short else _LONG_CONSTANTS))
    wanted = modulus.bit_length() + _MARGIN_BITS
    stream = b""
    while 8 * len(stream) < wanted:
        stream += next(blocks)
    return int.from_bytes(stream) % modulus


def token(info: PaceInfo, suite: CipherSuite, public: bytes) -> bytes:
    """Authentication token over the other side's ephemeral public key (4.4.3.4)."""
    return suite.token(public_key_object(info, public))


def public_key_object(info: PaceInfo, public: bytes) -> bytes:
    """Public key data object without domain parameters (9.4)."""
    tag = 0x84 if info.agreement is Agreement.DH else 0x86
    oid = tlv.encode(der.OBJECT_ID, der.object_id(info.oid))
    return tlv.encode(_PUBLIC_KEY, oid, tlv.encode(tag, public))


def proof_number(domain: DomainParameters, static_private: int, map_private: int) -> int:
    """CA_IC of clause 4.4.3.5.1, by the chip that holds ``static_private``."""
    return pow(static_private, -1, domain.order) * map_private % domain.order


def seal_proof(domain: DomainParameters, suite: CipherSuite, number: int) -> bytes:
    """A_IC: the chip authentication data encrypted (4.4.3.5.3 and 4.4.3.5.4)."""
    data = number.to_bytes(_order_length(domain))
    return suite.encrypt(ciphers.pad(data, suite.block), _minus_one(suite))


def unseal_proof(domain: DomainParameters, suite: CipherSuite, sealed: bytes) -> int:
    """CA_IC out of A_IC; raises ProofWrong where it is no such number."""
    if not sealed or len(sealed) % suite.block:
        raise ProofWrong
    try:
        data = ciphers.unpad(suite.decrypt(sealed, _minus_one(suite)))
    except PaddingWrong as error:
        raise ProofWrong from error
    number = int.from_bytes(data)
    if len(data) != _order_length(domain) or not 0 < number < domain.order:
        raise ProofWrong
    return number


@dataclass(frozen=True)
class MappingProof:
    """What the chip authentication mapping leaves to be judged (4.4.3.5.2).

    It proves the chip genuine only together with the key in EF.CardSecurity, once that
    file's own signature and signer are known as good.
    """

    domain: DomainParameters
    key_id: int | None
    map_public: bytes = field(repr=False)
    number: int | None = field(repr=False)
    """None where the chip sent none that can be read."""

    def verify(self, signed: SecurityInfos) -> None:
        """The chip holds the private key of a public one in ``signed`` (EF.CardSecurity).

        Raises ProofWrong, or signatures.Unsupported where no key there is on this group.
        """
        statics = list(self._static_keys(signed))
        if not statics:
            raise Unsupported(f"no key numbered {self.key_id} on {self.domain.label}")
        if self.number is None or not any(self._fits(self.number, key) for key in statics):
            raise ProofWrong

    def _static_keys(self, signed: SecurityInfos) -> Iterator[bytes]:
        """Keys numbered as PACE's domain parameters are (9.2.1), and those without a number."""
        for key in signed.chip_keys:
            if key.key_id in (self.key_id, None):
                with suppress(KeyInvalid, Unsupported):
                    domain, public = key.key
                    if domain == self.domain:
                        yield public

    def _fits(self, number: int, static: bytes) -> bool:
        return same(self.domain.agree(number, static), self.map_public)


def _blocks(cipher: SessionCipher, s: bytes, t: bytes, c0: bytes, c1: bytes) -> Iterator[bytes]:
    """Figure 2: each key encrypts c1 to the next block and c0 to the next key."""
    key = cipher.encrypt(t, s)[: cipher.key_length]
    while True:
        yield cipher.encrypt(key, c1)
        key = cipher.encrypt(key, c0)[: cipher.key_length]


def _order_length(domain: DomainParameters) -> int:
    return (domain.order.bit_length() + 7) // 8


def _minus_one(suite: CipherSuite) -> bytes:
    return b"\xff" * suite.block
