"""The key of the records: 256 random bits that no file holds.

Where it comes from is :mod:`desk.store.key_ring`'s business: it lies wrapped to the officers'
cards. Records of earlier versions had it in a file beside them; :func:`take_former` and
:func:`destroy_former` serve the one time such a file is taken over.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from desk.store.troubles import KeyUnsound, Unwritable

KEY_BYTES = 32
FORMER_FILE = "records.key"


@dataclass(frozen=True)
class RecordsKey:
    """``secret`` is 32 bytes; it is never part of a text form of this object."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise KeyUnsound("length", length=len(self.secret))

    def pragma(self, name: str = "key") -> str:
        """SQLCipher's raw-key form, which skips key derivation. Goes to the driver only."""
        return f"PRAGMA {name} = \"x'{self.secret.hex()}'\""

    def derived(self, purpose: str, length: int = KEY_BYTES) -> bytes:
        """A key of its own for ``purpose`` (HKDF-Expand, RFC 5869, SHA-256; this key is
        uniformly random, so nothing has to be extracted first)."""
        return HKDFExpand(hashes.SHA256(), length, purpose.encode("ascii")).derive(self.secret)

    @property
    def key_id(self) -> str:
        """A public name of 16 hexadecimal digits, from which nothing of the key follows."""
        return self.derived("desk records key id", 8).hex()

    def seal(self, content: bytes) -> str:
        """HMAC-SHA256 (hex) over ``content``: only who opens the records can have made it."""
        return hmac.new(self.derived("desk records key ring"), content, hashlib.sha256).hexdigest()


def new_key() -> RecordsKey:
    return RecordsKey(secrets.token_bytes(KEY_BYTES))


def take_former(records: Path) -> RecordsKey | None:
    """The key that an earlier version left beside ``records``; None where there is none.

    Raises :class:`KeyUnsound` for a wrong length, :class:`Unwritable`.
    """
    file = records.with_name(FORMER_FILE)
    if not file.exists():
        return None
    try:
        return RecordsKey(file.read_bytes())
    except OSError as reason:
        raise Unwritable("key", file=FORMER_FILE) from reason


def destroy_former(records: Path) -> None:
    """Overwrite the file and remove it. What the disk itself keeps of it is beyond reach,
    which is why a key that lay in a file is replaced as well."""
    file = records.with_name(FORMER_FILE)
    try:
        with file.open("r+b") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(0)
            opened.write(secrets.token_bytes(size))
            opened.flush()
            os.fsync(opened.fileno())
        file.unlink()
        sync_folder(file.parent)
    except OSError as reason:
        raise Unwritable("key", file=FORMER_FILE) from reason


def open_private(path: Path, flags: int) -> int:
    """A file of this user alone, opened for writing, as bytes on every system."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0) | flags, 0o600)


def sync_folder(folder: Path) -> None:
    """Make a new, replaced or removed name in ``folder`` durable."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
