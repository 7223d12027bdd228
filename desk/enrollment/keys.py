"""The station's key, and the secrets that follow from it and from access tokens.

One 32-byte key stands in a file of mode 0600 that the desk and its service share. From it
follow what the desk signs its calls with, the handle and code of every offer, and the pepper of the
PIN hashes; the database alone therefore gives none of them away. What only a phone may
open follows from its access token, of which the service keeps a hash.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import sys
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pybase64
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from desk.enrollment.trouble import KeyFileUnsafe

KEY_LENGTH = 32
_SHA256 = SHA256()
_NO_SALT, _FIRST_BLOCK = bytes(32), b"\x01"
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PIN_SALT_LENGTH = 16
IDENTIFIER = r"[A-Za-z0-9._-]{1,64}"
"""What a desk may call an offer."""
_CARRYING = re.compile(rf"({IDENTIFIER})\.([A-Za-z0-9_-]+)\Z")


def to_base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return pybase64.b64encode_as_string(data, b"-_", padded=False)


def from_base64url(text: str) -> bytes:
    """The inverse of :func:`to_base64url`; raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha256(text: str) -> str:
    """Hexadecimal SHA-256, the only form in which secrets are looked up."""
    return hashlib.sha256(text.encode()).hexdigest()


def mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256 under a key that is the service's own and asked for again and again: what
    follows from the key alone is kept. Not for secrets of phones, which would be kept too."""
    keyed = _keyed(key).copy()
    keyed.update(data)
    return keyed.finalize()


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> HMAC:
    return HMAC(key, _SHA256)


@lru_cache(maxsize=16)
def _derived(secret: bytes, purpose: str) -> bytes:
    """What is asked for with every call, once for all."""
    return _derive(secret, purpose)


@lru_cache(maxsize=16)
def _extracted(secret: bytes) -> bytes:
    return mac(_NO_SALT, secret)


def _derive(secret: bytes, purpose: str) -> bytes:
    """HKDF-SHA256 without a salt (RFC 5869), whose 32 bytes are one step of either part; the
    library's own takes its first key, which is always the same, in anew for each secret."""
    expanding = HMAC(mac(_NO_SALT, secret), _SHA256)
    expanding.update(purpose.encode() + _FIRST_BLOCK)
    return expanding.finalize()


@dataclass(frozen=True)
class StationKey:
    """The key shared by a desk and its service; everything else is derived per purpose."""

    secret: bytes = field(repr=False)

    def desk_key(self) -> bytes:
        """What the desk signs its calls with; it is never sent."""
        return _derived(self.secret, "desk calls")

    def offer_handle(self, offer_id: str) -> str:
        """The unguessable last part of an offer's address: a repeated order gets the same."""
        purpose = f"offer handle {offer_id}".encode()
        # As by ``_derive``, whose first step is the same for each offer.
        return to_base64url(mac(_extracted(self.secret), purpose + _FIRST_BLOCK))

    def client_mark(self, code: str, address: str, agent: str) -> str:
        """Tells two clients of one offer apart without keeping who they are."""
        text = f"client\0{code}\0{address}\0{agent}".encode()
        return mac(self.secret, text).hex()[:32]

    def pin_hash(self, pin: str, salt: bytes) -> bytes:
        """A salted hash of a transaction code, under a key that is not in the database.

        That key keeps a stolen database from being searched. Whoever has both is the service,
        to whom phones show their code: a slow hash would keep six digits from nobody, and
        would be the larger part of an issuance.
        """
        return mac(_derived(self.secret, "pin pepper"), salt + pin.encode())

    def request_key(self) -> ec.EllipticCurvePrivateKey:
        """The P-256 key that wallets encrypt their requests to: the same in every process of
        the service. Derived with 128 bits to spare (FIPS 186-5 A.2.1)."""
        wide = HKDF(SHA256(), 48, salt=None, info=b"request encryption").derive(self.secret)
        return ec.derive_private_key(int.from_bytes(wide) % (_P256_ORDER - 1) + 1, ec.SECP256R1())

    def nonce_key(self) -> bytes:
        return _derived(self.secret, "nonce")

    def dpop_nonce_key(self) -> bytes:
        return _derived(self.secret, "dpop nonce")

    def check_opener(self, check_id: str) -> X25519PrivateKey:
        """Opens an answer that a wallet posted unencrypted and the service sealed."""
        return X25519PrivateKey.from_private_bytes(_derive(self.secret, f"check {check_id}"))


def carrying(offer_id: str, rest: str) -> str:
    """A code, token or request's name, which says whose it is; ``rest`` is base64url."""
    return f"{offer_id}.{rest}"


def parted(name: str) -> tuple[str, str]:
    """The inverse of :func:`carrying`; of any other text no identifier, and all of it."""
    found = _CARRYING.match(name)
    return (found[1], found[2]) if found else ("", name)


def code_secret(handle: str) -> str:
    """What follows the offer's identifier in its pre-authorized code: only who has the handle
    can know it."""
    return to_base64url(_derive(handle.encode(), "pre-authorized code"))


def new_access_token(offer_id: str) -> str:
    return carrying(offer_id, secrets.token_urlsafe(KEY_LENGTH))


def token_opener(access_token: str) -> X25519PrivateKey:
    """The key pair whose private half exists only while a phone holds its token out, and for the
    moment before (``openers``)."""
    return X25519PrivateKey.from_private_bytes(_derive(access_token.encode(), "answer opener"))


def token_reference(access_token: str, purpose: str, request_id: str) -> str:
    """A transaction or notification identifier: nothing of it has to be stored."""
    return to_base64url(_derive(access_token.encode(), f"{purpose} {request_id}")[:24])


def public_bytes(opener: X25519PrivateKey) -> bytes:
    return opener.public_key().public_bytes_raw()


def seal(
    plain: bytes, seal_to: bytes, bound_to: str, ephemeral: X25519PrivateKey | None = None
) -> bytes:
    """Encrypt ``plain`` to an X25519 key (32 bytes), bound to an identifier.

    Ephemeral X25519, HKDF-SHA256 over both public keys, AES-256-GCM. What comes of it:
    ephemeral key (32), nonce (12), ciphertext with tag (16). An ``ephemeral`` key that was
    made beforehand must serve for nothing else.
    """
    ephemeral = ephemeral or X25519PrivateKey.generate()
    ours = public_bytes(ephemeral)
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(seal_to))
    nonce = secrets.token_bytes(12)
    cipher = AESGCM(_sealing_key(shared, ours, seal_to))
    return ours + nonce + cipher.encrypt(nonce, plain, bound_to.encode())


def unseal(sealed: bytes, opener: X25519PrivateKey, bound_to: str) -> bytes:
    """The inverse of :func:`seal`; raises ValueError when it is not for this key."""
    theirs, nonce, ciphertext = sealed[:32], sealed[32:44], sealed[44:]
    shared = opener.exchange(X25519PublicKey.from_public_bytes(theirs))
    cipher = AESGCM(_sealing_key(shared, theirs, public_bytes(opener)))
    try:
        return cipher.decrypt(nonce, ciphertext, bound_to.encode())
    except InvalidTag as error:
        raise ValueError("sealed to another key or request") from error


def _sealing_key(shared: bytes, ephemeral: bytes, receiver: bytes) -> bytes:
    derivation = HKDF(SHA256(), KEY_LENGTH, salt=ephemeral + receiver, info=b"desk seal 1")
    return derivation.derive(shared)


def make_key_file(path: Path) -> StationKey:
    """Write a new key, readable by its owner only; raises FileExistsError when there is one."""
    secret = secrets.token_bytes(KEY_LENGTH)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(to_base64url(secret) + "\n")
    return StationKey(secret)


def read_key_file(path: Path) -> StationKey:
    """Read the station's key; raises :class:`KeyFileUnsafe`."""
    try:
        mode = path.stat().st_mode
        secret = from_base64url(path.read_text(encoding="ascii").strip())
    except OSError as error:
        reason = "missing" if isinstance(error, FileNotFoundError) else "unreadable"
        raise KeyFileUnsafe(file=path.name, reason=reason) from error
    except ValueError as error:
        raise KeyFileUnsafe(file=path.name, reason="malformed") from error
    if len(secret) != KEY_LENGTH:
        raise KeyFileUnsafe(file=path.name, reason="malformed")
    # Windows keeps access lists instead of these bits; the installer sets them there.
    if sys.platform != "win32" and stat.S_IMODE(mode) & 0o077:
        raise KeyFileUnsafe(file=path.name, reason="open_to_others")
    return StationKey(secret)


def key_file(path: Path) -> StationKey:
    """Read the station's key, making one first where there is none."""
    if not path.exists():
        return make_key_file(path)
    return read_key_file(path)
