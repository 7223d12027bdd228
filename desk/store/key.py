"""The key of the records: 256 random bits in one file that only its owner may read.

This module is the only place that knows where the key comes from. Wrapping it to the
officers' cards (slot 9D) and a recovery card changes this module alone.
"""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from desk.store.troubles import KeyMissing, KeyUnsound, Unwritable

KEY_BYTES = 32
FILE_NAME = "records.key"


@dataclass(frozen=True)
class RecordsKey:
    """``secret`` is 32 bytes; it is never part of a text form of this object."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise KeyUnsound("length", length=len(self.secret))

    def pragma(self) -> str:
        """SQLCipher's raw-key form, which skips key derivation. Goes to the driver only."""
        return f"PRAGMA key = \"x'{self.secret.hex()}'\""


def new_key() -> RecordsKey:
    return RecordsKey(secrets.token_bytes(KEY_BYTES))


def key_for(records: Path) -> RecordsKey:
    """The key that lies beside the file ``records``; made with the first records.

    Raises :class:`KeyMissing` where records exist without their key: a new key could never
    open them, and would hide that the old one is lost.
    """
    path = records.with_name(FILE_NAME)
    if path.exists():
        return read_key(path)
    if records.exists():
        raise KeyMissing(str(FILE_NAME))
    key = new_key()
    write_key(path, key)
    return key


def read_key(path: Path) -> RecordsKey:
    """Raises :class:`KeyUnsound` for a wrong length or a file that others may read."""
    try:
        mode = path.stat().st_mode
        secret = path.read_bytes()
    except OSError as reason:
        raise Unwritable("key", file=FILE_NAME) from reason
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise KeyUnsound("mode", mode=oct(stat.S_IMODE(mode)))
    return RecordsKey(secret)


def write_key(path: Path, key: RecordsKey) -> None:
    """Durable before the first record is: file and folder are synchronised."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key.secret)
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(path.parent)
    except OSError as reason:
        raise Unwritable("key", file=FILE_NAME) from reason


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
