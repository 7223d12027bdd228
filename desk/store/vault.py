"""Where records lie together with their key ring, and what can be done there with a key.

:class:`FileVault` is one station's: an SQLCipher file and the ring in a file beside it.
Records shared in a database implement the same protocol.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import sqlcipher3.dbapi2 as sqlcipher

from desk.store.database import BUSY_SECONDS, Store, StoreKind
from desk.store.key import (
    RecordsKey,
    destroy_former,
    open_private,
    sync_folder,
    take_former,
)
from desk.store.troubles import Busy, Unwritable, driver_trouble

RING_FILE = "records.keys"
ASIDE_FILE = "records-moved.db"


class Vault(Protocol):
    """Records and their ring."""

    def exist(self) -> bool:
        """Whether records have been made here."""

    def ring(self) -> bytes | None:
        """The ring as it was written last. Raises Unwritable."""

    def put_ring(self, content: bytes) -> None:
        """Replace the ring: at the end it is durable, a kill in between leaves the old one."""

    def open(self, key: RecordsKey) -> Store:
        """Open the records, or make them. Raises NotOpened for another key."""

    def rekey(self, old: RecordsKey, new: RecordsKey) -> None:
        """Encrypt everything anew. A kill in between leaves the old key or the new one in
        force, never a mixture. Raises Busy while anybody else has the records open."""

    def former_key(self) -> RecordsKey | None:
        """The key that an earlier version kept in a file; None where there is none."""

    def destroy_former_key(self) -> None: ...


class FileVault:
    """The SQLCipher file ``records``, its ring in ``records.keys`` beside it."""

    def __init__(self, records: Path, kind: StoreKind | None) -> None:
        self._records, self._kind = records, kind
        self._ring = records.with_name(RING_FILE)

    def exist(self) -> bool:
        return self._records.exists()

    def ring(self) -> bytes | None:
        try:
            return self._ring.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as reason:
            raise Unwritable("ring", file=RING_FILE) from reason

    def put_ring(self, content: bytes) -> None:
        new = self._ring.with_name(RING_FILE + ".new")
        try:
            self._ring.parent.mkdir(parents=True, exist_ok=True)
            handle = open_private(new, os.O_TRUNC)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._ring)
            sync_folder(self._ring.parent)
        except OSError as reason:
            raise Unwritable("ring", file=RING_FILE) from reason

    def open(self, key: RecordsKey) -> Store:
        return Store.open(self._records, key, self._kind)

    def rekey(self, old: RecordsKey, new: RecordsKey) -> None:
        with self._alone(old) as connection:
            connection.execute(new.pragma("rekey")).fetchall()

    def demand_alone(self, key: RecordsKey) -> None:
        """Raises Busy while anybody has the records open."""
        with self._alone(key):
            pass

    def lay_aside(self) -> Path:
        """Give the closed records another name, under which nobody works on in them."""
        aside = self._records.with_name(ASIDE_FILE)
        try:
            self._records.replace(aside)
            sync_folder(aside.parent)
        except OSError as reason:
            raise Unwritable("records", file=self._records.name) from reason
        return aside

    @contextmanager
    def _alone(self, key: RecordsKey) -> Iterator[Any]:
        """A connection beside which there is none, on one file without a log beside it."""
        with _driver_troubles(), closing(self._connect()) as connection:
            for pragma in (
                "PRAGMA cipher_log_level = NONE",
                key.pragma(),
                # From the first access on nobody else reads or writes until this is closed.
                "PRAGMA locking_mode = EXCLUSIVE",
                "PRAGMA synchronous = FULL",
            ):
                connection.execute(pragma).fetchall()
            # Back to one file: a rollback journal makes the change of every page one step.
            mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
            if mode != "delete":
                raise Busy("journal", result=mode)
            yield connection

    def _connect(self) -> Any:
        return sqlcipher.connect(str(self._records), timeout=BUSY_SECONDS, isolation_level=None)

    def former_key(self) -> RecordsKey | None:
        return take_former(self._records)

    def destroy_former_key(self) -> None:
        destroy_former(self._records)


@contextmanager
def _driver_troubles() -> Iterator[None]:
    try:
        yield
    except sqlcipher.Error as error:
        trouble = driver_trouble(error)
        if trouble is None:
            raise
        raise trouble from error
