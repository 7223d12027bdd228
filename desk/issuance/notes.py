"""Signed notes (c2sp.org/signed-note) as an officer's card signs them.

A note is a text that ends with a line end, an empty line, and one line for each signature:
an em dash, the key's name, and base64 of four bytes of key ID and the signature.

A card's key is P-256, P-384 or RSA-2048. P-256 is the specification's type 0x02: ASN.1 ECDSA
over SHA-256, key ID from SHA-256 of the key's SubjectPublicKeyInfo. Types for the other two
are not assigned there, and type 0x02 hashes by SHA-256 where a P-384 card hashes by SHA-384;
both stand under 0xFF with a longer identifier, as the specification recommends.

Which certificate a key is from, and who vouches for it, is left to the caller.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from desk.trouble import Trouble

NoteKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_MOST_SIGNATURES = 16
_LONGEST = 1 << 16
_KEY_ID_BYTES = 4
_DASH = "\N{EM DASH} "
_NAME = re.compile(r"[^\s+]+")
_OWN_TYPES = {"P384": b"desk-ecdsa-p384-sha384", "RSA": b"desk-rsa-pkcs1v15-sha256"}


class NoteMalformed(Trouble):
    """Not a signed note as the specification writes it. Fact: reason."""

    code = "AUDIT-10"


class NoteSignatureWrong(Trouble):
    """A signature under the note is not that of its key, or there is none of it."""

    code = "AUDIT-11"


@dataclass(frozen=True)
class NoteSignature:
    """``key_id`` are four bytes; ``signature`` is ASN.1 for ECDSA, as it is for RSA."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        encoded = base64.b64encode(self.key_id + self.signature).decode("ascii")
        return f"{_DASH}{self.name} {encoded}\n"


@dataclass(frozen=True)
class SignedNote:
    """``text`` ends with a line end; the signatures are over its UTF-8 bytes."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, whole: str) -> SignedNote:
        """Raises :class:`NoteMalformed`."""
        if len(whole) > _LONGEST:
            raise NoteMalformed(reason="too_long")
        if any(ord(character) < 0x20 and character != "\n" for character in whole):
            raise NoteMalformed(reason="control_character")
        text, gap, signed = whole.rpartition("\n\n")
        if not gap or not text or not signed.endswith("\n"):
            raise NoteMalformed(reason="no_signature")
        lines = signed.removesuffix("\n").split("\n")
        if len(lines) > _MOST_SIGNATURES:
            raise NoteMalformed(reason="too_many_signatures")
        return cls(text + "\n", tuple(_signature(line) for line in lines))

    @property
    def whole(self) -> str:
        """The note as it is written."""
        return self.text + "\n" + "".join(one.line for one in self.signatures)

    def with_signature(self, signature: NoteSignature) -> SignedNote:
        """The same note with one more signature below the others."""
        return SignedNote(self.text, (*self.signatures, signature))

    def verify(self, name: str, key: NoteKey) -> None:
        """This key signed. Raises :class:`NoteSignatureWrong` where it did not, or where
        what stands under its name and ID is not its signature."""
        wanted = key_id(name, key)
        mine = [one for one in self.signatures if (one.name, one.key_id) == (name, wanted)]
        if not mine:
            raise NoteSignatureWrong(reason="absent")
        for one in mine:
            verify_signature(key, one.signature, self.text.encode())


def key_id(name: str, key: NoteKey) -> bytes:
    """The four bytes that tell this key from others of the same name."""
    public = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    own = _own_type(key)
    hashed = public if own is None else name.encode() + b"\n\xff" + own + public
    return hashlib.sha256(hashed).digest()[:_KEY_ID_BYTES]


def sign_with(name: str, key: NoteKey, signature: bytes) -> NoteSignature:
    """The line of a signature that ``key`` has just made (ASN.1 for ECDSA)."""
    if not _NAME.fullmatch(name):
        raise ValueError("a key name with spaces or a plus sign")
    return NoteSignature(name, key_id(name, key), signature)


def verify_signature(key: NoteKey, signature: bytes, data: bytes) -> None:
    """As a card signs: SHA-384 for P-384, SHA-256 else. Raises :class:`NoteSignatureWrong`."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        else:
            key.verify(signature, data, ec.ECDSA(_digest(key)))
    except (InvalidSignature, UnsupportedAlgorithm) as reason:
        raise NoteSignatureWrong(reason="signature") from reason


def signers(note: SignedNote, name: str, keys: Sequence[NoteKey]) -> tuple[NoteKey, ...]:
    """Those of ``keys`` that signed, in the order of the signatures; unknown keys are passed
    over, as the specification wants. Raises :class:`NoteSignatureWrong` for a known key whose
    signature does not verify, and where no known key signed."""
    known = {key_id(name, key): key for key in keys}
    found = []
    for one in note.signatures:
        key = known.get(one.key_id) if one.name == name else None
        if key is not None:
            verify_signature(key, one.signature, note.text.encode())
            found.append(key)
    if not found:
        raise NoteSignatureWrong(reason="absent")
    return tuple(found)


def _digest(key: ec.EllipticCurvePublicKey) -> hashes.HashAlgorithm:
    return hashes.SHA384() if isinstance(key.curve, ec.SECP384R1) else hashes.SHA256()


def _own_type(key: NoteKey) -> bytes | None:
    if isinstance(key, rsa.RSAPublicKey):
        return _OWN_TYPES["RSA"]
    return _OWN_TYPES["P384"] if isinstance(key.curve, ec.SECP384R1) else None


def _signature(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _NAME.fullmatch(name):
        raise NoteMalformed(reason="signature_line")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as reason:
        raise NoteMalformed(reason="base64") from reason
    if len(raw) <= _KEY_ID_BYTES or base64.b64encode(raw).decode("ascii") != encoded:
        raise NoteMalformed(reason="base64")
    return NoteSignature(name, raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])
