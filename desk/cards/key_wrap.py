"""A secret key wrapped to an officer's card: made with the card's public key alone, undone
only inside the card, by its key management key (9D) and behind its PIN.

Elliptic curves: ``ECDH-ES+A256KW`` of RFC 7518, 4.6 (ephemeral-static Diffie-Hellman, the
one-step key derivation of NIST SP 800-56A bound to ``context`` and recipient, AES key wrap of
RFC 3394). RSA, for cards that have no other 9D key: ``RSA-OAEP-256`` of RFC 7518, 4.3, with
``context`` as OAEP's label; the card does the bare RSA operation and the padding is undone
here (RFC 8017, 7.1.2). Who may be a recipient is left to the caller.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from desk.cards.certificates import load_certificate, public_key_of
from desk.cards.piv_data import PublicKey, Slot
from desk.cards.session import CardSession
from desk.cards.troubles import KeyUnusable, NotForThisCard

ECDH_ES = "ECDH-ES+A256KW"
RSA_OAEP = "RSA-OAEP-256"
KEK_BYTES = 32
_HASH_BYTES = 32


@dataclass(frozen=True)
class WrappedKey:
    """A key for one recipient. ``alg`` as in RFC 7518; ``epk`` is the ephemeral public key
    (uncompressed point, empty for RSA)."""

    alg: str
    epk: bytes
    encrypted_key: bytes


def recipient_key(session: CardSession) -> PublicKey:
    """The card's key management key, by the certificate in 9D; asks for no PIN.

    Raises KeyUnusable where the card has none, CertificateUnreadable.
    """
    der = session.certificate(Slot.KEY_MANAGEMENT)
    if der is None:
        raise KeyUnusable(slot="9D")
    return public_key_of(load_certificate(der))


def fingerprint(key: PublicKey) -> str:
    """SHA-256 (hex) of the SubjectPublicKeyInfo: a renewed certificate of the same key is
    the same recipient."""
    return _digest_of(key).hex()


def wrap(key: PublicKey, secret: bytes, context: bytes) -> WrappedKey:
    """``secret`` (a multiple of 8 bytes, at least 16) for the holder of ``key``'s private
    half; only the same ``context`` undoes it."""
    if isinstance(key, rsa.RSAPublicKey):
        return WrappedKey(RSA_OAEP, b"", key.encrypt(secret, _oaep(context)))
    ephemeral = ec.generate_private_key(key.curve)
    shared = ephemeral.exchange(ec.ECDH(), key)
    kek = derive(shared, ECDH_ES, context, _digest_of(key), KEK_BYTES)
    epk = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return WrappedKey(ECDH_ES, epk, aes_key_wrap(kek, secret))


def unwrap(session: CardSession, wrapped: WrappedKey, context: bytes) -> bytes:
    """The secret, by the card, whose PIN was presented.

    Raises NotForThisCard where another card, another context or a changed byte does not open
    it, KeyUnusable, PinNeeded.
    """
    key = recipient_key(session)
    if isinstance(key, rsa.RSAPublicKey) != (wrapped.alg == RSA_OAEP):
        raise NotForThisCard
    try:
        if isinstance(key, rsa.RSAPublicKey):
            _demand_representative(key, wrapped.encrypted_key)
            block = session.decipher(Slot.KEY_MANAGEMENT, wrapped.encrypted_key)
            return _oaep_decode(block, context)
        # A point that is not on the card's curve never reaches the card.
        ec.EllipticCurvePublicKey.from_encoded_point(key.curve, wrapped.epk)
        shared = session.ecdh(Slot.KEY_MANAGEMENT, wrapped.epk)
        kek = derive(shared, ECDH_ES, context, _digest_of(key), KEK_BYTES)
        return aes_key_unwrap(kek, wrapped.encrypted_key)
    except (InvalidUnwrap, ValueError) as reason:
        raise NotForThisCard from reason


def derive(shared: bytes, algorithm: str, apu: bytes, apv: bytes, length: int) -> bytes:
    """RFC 7518, 4.6.2: the Concat KDF of SP 800-56A with SHA-256 over the shared x coordinate;
    ``length`` in bytes."""
    other = b"".join(_counted(part) for part in (algorithm.encode("ascii"), apu, apv))
    other += (length * 8).to_bytes(4)
    return ConcatKDFHash(hashes.SHA256(), length, other).derive(shared)


def _counted(part: bytes) -> bytes:
    return len(part).to_bytes(4) + part


def _digest_of(key: PublicKey) -> bytes:
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(info).digest()


def _demand_representative(key: rsa.RSAPublicKey, encrypted: bytes) -> None:
    """RFC 8017, 5.1.2, step 1. Raises ValueError.

    What was encrypted for a larger modulus the card would refuse with words of its own.
    """
    modulus = key.public_numbers().n
    if len(encrypted) != key.key_size // 8 or int.from_bytes(encrypted) >= modulus:
        raise ValueError("not a ciphertext of this key")


def _oaep(label: bytes) -> padding.OAEP:
    return padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label)


def _oaep_decode(block: bytes, label: bytes) -> bytes:
    """EME-OAEP decoding, RFC 8017, 7.1.2, step 3. Raises ValueError.

    Every answer is the same: who sees it already has card and PIN, yet nothing is told of why.
    """
    masked_seed, masked_db = block[1 : 1 + _HASH_BYTES], block[1 + _HASH_BYTES :]
    seed = _xor(masked_seed, _mgf1(masked_db, _HASH_BYTES))
    db = _xor(masked_db, _mgf1(seed, len(masked_db)))
    lhash, rest = db[:_HASH_BYTES], db[_HASH_BYTES:]
    message = rest.lstrip(b"\x00")
    sound = block[:1] == b"\x00" and lhash == hashlib.sha256(label).digest()
    if not sound or message[:1] != b"\x01":
        raise ValueError("not encrypted for this key and label")
    return message[1:]


def _mgf1(seed: bytes, length: int) -> bytes:
    """RFC 8017, B.2.1, with SHA-256."""
    rounds = range(-(-length // _HASH_BYTES))
    whole = b"".join(hashlib.sha256(seed + count.to_bytes(4)).digest() for count in rounds)
    return whole[:length]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
