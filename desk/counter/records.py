"""The station's records: closed until an officer's card opens them, then open until the end.

Everything that needs no records (readers, lists, settings, service) stands before the first
sign-in; what stands behind it asks here for the open store. What happens while the records
are closed (a PIN that was refused) waits and is written into the log when they open.
"""

from __future__ import annotations

import threading
from pathlib import Path

from desk.cards.session import CardSession
from desk.issuance.audit import Fact
from desk.store import journal
from desk.store.database import Store, StoreKind
from desk.store.journal import Stamp
from desk.store.key import key_for
from desk.trouble import Trouble


class RecordsClosed(Trouble):
    """The records are closed: nobody has signed in since the desk began."""

    code = "CHECK-02"


class Records:
    """The records in ``file``. Threads may share it; one of them opens it."""

    def __init__(self, file: Path, kind: StoreKind) -> None:
        self._file, self._kind = file, kind
        self._store: Store | None = None
        self._waiting: list[tuple[Stamp, str, dict[str, Fact | float]]] = []
        self._lock = threading.Lock()

    @classmethod
    def around(cls, store: Store) -> Records:
        """Records that are open already."""
        records = cls(Path(), StoreKind.TRAINING)
        records._store = store
        return records

    @property
    def is_open(self) -> bool:
        return self._store is not None

    @property
    def store(self) -> Store:
        """Raises :class:`RecordsClosed`."""
        if self._store is None:
            raise RecordsClosed()
        return self._store

    def admit(self, session: CardSession) -> None:
        """Whether the card can open the records, asked before its PIN is."""

    def open(self, session: CardSession) -> bool:
        """Open the records with a card whose PIN was presented; True where they were closed.

        Raises what the store raises.
        """
        with self._lock:
            if self._store is not None:
                return False
            self._store = Store.open(self._file, key_for(self._file), self._kind)
            self._write_waiting(self._store)
            return True

    def note(self, stamp: Stamp, kind: str, **facts: Fact | float) -> None:
        """One event of no case: now where the records are open, else when they open."""
        with self._lock:
            self._waiting.append((stamp, kind, facts))
            if self._store is not None:
                self._write_waiting(self._store)

    def _write_waiting(self, store: Store) -> None:
        if not self._waiting:
            return
        with store.write() as session:
            for stamp, kind, facts in self._waiting:
                journal.append(session, stamp, kind, None, **facts)
        self._waiting.clear()

    def close(self) -> None:
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None
