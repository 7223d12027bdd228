"""Active Authentication: the chip signs a fresh challenge with a key that cannot be copied.

Doc 9303-11 clause 6.1. RSA with message recovery (ISO/IEC 9796-2 digital signature
scheme 1, partial recovery, trailers BC and XXCC) and ECDSA (plain as the standard says,
DER as some chips answer). Both sides' steps are here; whether the key in DG15 is the
issuer's, without which a signature proves nothing, is judged in `desk.mrtd.chip_proofs`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from desk.iso7816.apdu import CommandApdu
from desk.iso7816.connection import CardConnection, send
from desk.iso7816.status import StatusWord
from desk.mrtd import signatures
from desk.mrtd.ciphers import same
from desk.mrtd.signatures import EcKey, Kind, PublicKey, Scheme, SignatureWrong, Unsupported

INS_INTERNAL_AUTHENTICATE = 0x88
CHALLENGE = 8
_SHORT_LE, _EXTENDED_LE = 256, 65_536
_IMPLICIT_TRAILER, _EXPLICIT_TRAILER = 0xBC, 0xCC
_TRAILER_HASHES = {0x33: "sha1", 0x34: "sha256", 0x35: "sha512", 0x36: "sha384", 0x38: "sha224"}
"""Hash identifiers of ISO/IEC 10118-3 in front of CC. BC alone stands for SHA-1 in passports."""
_HEADER = re.compile(r"6b*a")
"""Partial recovery, then the padding's nibbles; A is its last (9796-2 clause 7.2.3)."""
_MODULUS_BITS, _EXPONENT_BITS = 8192, 64
"""Longest taken: the key is the chip's own claim, and reckoning with it takes our time."""
_ECDSA_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha224": hashes.SHA224,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sha1": hashes.SHA1,
}

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the chip made of ``challenge``: a signature, or only status word ``sw``."""

    challenge: bytes
    signature: bytes = field(repr=False)
    sw: int = StatusWord.OK


def ask_chip(
    connection: CardConnection,
    random: RandomBytes = secrets.token_bytes,
    *,
    extended: bool = False,
) -> Answer:
    """INTERNAL AUTHENTICATE with a fresh challenge; a refusal is an answer too.

    ``extended`` lets the chip answer beyond 256 bytes at once, which RSA keys of 2048 bits
    need under secure messaging.
    """
    challenge = random(CHALLENGE)
    le = _EXTENDED_LE if extended else _SHORT_LE
    command = CommandApdu(0x00, INS_INTERNAL_AUTHENTICATE, 0, 0, challenge, le)
    response = send(connection, command)
    if response.sw != StatusWord.OK:
        return Answer(challenge, b"", response.sw)
    return Answer(challenge, response.data)


def verify(key: PublicKey, answer: Answer, stated_hash: str = "") -> str:
    """The algorithm under which the signature fits, such as «ECDSA plain SHA-256».

    ``stated_hash`` is the one DG14 names for ECDSA (sha256); chips leave it out or state
    another than they use, so the rest is tried after it: which hash the fresh challenge
    went through changes nothing in what the signature proves.

    Raises SignatureWrong, or Unsupported.
    """
    if isinstance(key, rsa.RSAPublicKey):
        return _verify_recovering(key, answer)
    for how in _ecdsa_schemes(key, answer.signature, stated_hash):
        try:
            signatures.verify(key, how, answer.signature, answer.challenge)
        except SignatureWrong:
            continue
        return how.label
    raise SignatureWrong


def sign_rsa(
    key: rsa.RSAPrivateKey,
    challenge: bytes,
    hash_name: str = "sha1",
    random: RandomBytes = secrets.token_bytes,
) -> bytes:
    """Chip's side: signature with a recoverable part M1 of random bytes (appendix F)."""
    trailer = _trailer(hash_name)
    size = key.key_size // 8 - 1 - len(trailer) - hashlib.new(hash_name).digest_size
    recoverable = random(size)
    digest = signatures.digest(hash_name, recoverable + challenge)
    message = int.from_bytes(b"\x6a" + recoverable + digest + trailer)
    numbers = key.private_numbers()
    signed = pow(message, numbers.d, numbers.public_numbers.n)
    return signed.to_bytes(key.key_size // 8)


def sign_ecdsa(
    key: ec.EllipticCurvePrivateKey, challenge: bytes, hash_name: str, *, der: bool = False
) -> bytes:
    """Chip's side: r and s joined, each as long as the curve's order, or DER."""
    signature = key.sign(challenge, ec.ECDSA(_ECDSA_HASHES[hash_name]()))
    if der:
        return signature
    size = (key.key_size + 7) // 8
    return b"".join(number.to_bytes(size) for number in decode_dss_signature(signature))


def _verify_recovering(key: rsa.RSAPublicKey, answer: Answer) -> str:
    numbers = key.public_numbers()
    if key.key_size > _MODULUS_BITS or numbers.e.bit_length() > _EXPONENT_BITS:
        raise Unsupported(f"RSA key of {key.key_size} bits")
    number = int.from_bytes(answer.signature)
    if number >= numbers.n or len(answer.signature) > (key.key_size + 7) // 8:
        raise SignatureWrong
    opened = pow(number, numbers.e, numbers.n)
    # The scheme's other form keeps the smaller of signature and its complement (annex B.7).
    for representative in (opened, numbers.n - opened):
        if representative & 0x0F == 0x0C:
            return _recovered(representative, key.key_size, answer.challenge)
    raise SignatureWrong


def _recovered(representative: int, bits: int, challenge: bytes) -> str:
    """The hash over recovered part and challenge is the one inside (appendix F, 13 to 18)."""
    if bits % 4:
        raise Unsupported(f"RSA modulus of {bits} bits")
    # The header is the highest nibble: nothing shorter than the modulus is a signature.
    header = _HEADER.match(f"{representative:0{bits // 4}x}")
    if header is None:
        raise SignatureWrong
    body = f"{representative:0{bits // 4}x}"[header.end() :]
    if len(body) % 2:
        raise SignatureWrong
    hash_name, content = _untrailed(bytes.fromhex(body))
    size = hashlib.new(hash_name).digest_size
    recoverable, digest = content[:-size], content[-size:]
    if len(digest) != size or not same(
        digest, signatures.digest(hash_name, recoverable + challenge)
    ):
        raise SignatureWrong
    return f"RSA ISO 9796-2 SHA-{hash_name.removeprefix('sha')}"


def _untrailed(body: bytes) -> tuple[str, bytes]:
    """Hash name by the trailer, and what stands in front of it."""
    if body[-1] == _IMPLICIT_TRAILER:
        return "sha1", body[:-1]
    if len(body) < 2 or body[-1] != _EXPLICIT_TRAILER:
        raise SignatureWrong
    name = _TRAILER_HASHES.get(body[-2])
    if name is None:
        raise Unsupported(f"hash identifier {body[-2]:02X}")
    return name, body[:-2]


def _trailer(hash_name: str) -> bytes:
    if hash_name == "sha1":
        return bytes([_IMPLICIT_TRAILER])
    by_name = {name: number for number, name in _TRAILER_HASHES.items()}
    return bytes([by_name[hash_name], _EXPLICIT_TRAILER])


def _ecdsa_schemes(key: EcKey, signature: bytes, stated_hash: str) -> Iterator[Scheme]:
    """Plain and DER, each with every hash, the likely ones first."""
    size = (key.key_size + 7) // 8
    plain = len(signature) == 2 * size
    kinds = (Kind.PLAIN_ECDSA, Kind.ECDSA) if plain else (Kind.ECDSA,)
    fitting = f"sha{min((n for n in (224, 256, 384, 512) if n >= key.key_size), default=512)}"
    for kind in kinds:
        for name in dict.fromkeys((stated_hash, fitting, *_ECDSA_HASHES)):
            if name in _ECDSA_HASHES:
                yield Scheme(kind, name)
