"""The station's records: closed until an officer's card opens them, then open until the end.

Everything that needs no records (readers, lists, settings, service) stands before the first
sign-in; what stands behind it asks here for the open store. What happens while the records
are closed (a PIN that was refused) waits and is written into the log when they open.
"""

from __future__ import annotations

import threading
from typing import cast

from desk.cards.session import CardSession
from desk.issuance.audit import Fact
from desk.store import journal, unlocking
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.key_ring import CardKind, EnrolledCard, OpenedRing
from desk.store.vault import Vault
from desk.store.waiting import WaitingEvent, WaitingEvents
from desk.trouble import Trouble


class RecordsClosed(Trouble):
    """The records are closed: nobody has signed in since the desk began."""

    code = "CHECK-02"


class Records:
    """The records in ``vault``. Threads may share it; one of them opens it. ``waiting`` keeps
    events of a closed desk beyond the program's end."""

    def __init__(self, vault: Vault, waiting: WaitingEvents | None = None) -> None:
        self._vault, self._waiting = vault, waiting
        self._store: Store | None = None
        self._held: list[WaitingEvent] = []
        self._lock = threading.RLock()
        # Apart from the other: whoever only asks for the store waits for no event that is written.
        self._replacing = threading.RLock()

    @classmethod
    def around(cls, store: Store) -> Records:
        """Records that are open already; no card opens or changes them."""
        records = cls(cast(Vault, None))
        records._store = store
        return records

    @property
    def is_open(self) -> bool:
        return self._store is not None

    @property
    def store(self) -> Store:
        """Raises :class:`RecordsClosed`. A replacement of the key is waited for: the former store
        would go on by the former key."""
        with self._replacing:
            if self._store is None:
                raise RecordsClosed()
            return self._store

    # Opening

    def admit(self, session: CardSession) -> CardKind:
        """What kind of enrolled card it is, asked before its PIN is: also of a card that takes
        over a desk whose records are open.

        Raises CardNotEnrolled, NotBegun, KeyMissing, KeyUnusable, KeyUnsound.
        """
        return unlocking.admit(self._vault, session)

    def require_none(self) -> None:
        """Raises AlreadyBegun where records or their ring are here."""
        unlocking.require_none(self._vault)

    def open(self, session: CardSession, holder: str, stamp: Stamp) -> bool:
        """Open the records with a card whose PIN was presented; True where they were closed.
        ``holder`` is the officer's id in the list.

        Raises what :func:`desk.store.unlocking.unlock` raises.
        """
        with self._lock:
            if self._store is not None:
                if self._store.key_is_in_force():
                    return False
                # Another desk that shares the records replaced their key.
                self._store.close()
                self._store = None
            self._take(unlocking.unlock(self._vault, session, holder, stamp), stamp)
            return True

    def begin(self, session: CardSession, holder: str, stamp: Stamp) -> OpenedRing:
        """The first half of making records: the first officer's card."""
        return unlocking.begin(self._vault, session, holder, stamp)

    def conclude(self, begun: OpenedRing, session: CardSession, stamp: Stamp) -> None:
        """The second half: the recovery card; the records are open then."""
        with self._lock:
            self._take(unlocking.conclude(self._vault, begun, session, stamp), stamp)

    # The cards that open them

    def cards(self) -> tuple[EnrolledCard, ...]:
        """The enrolled cards; needs no card and no PIN."""
        ring = unlocking.read_ring(self._vault)
        return () if ring is None else ring.cards

    def authorise(self, session: CardSession, holder: str, stamp: Stamp) -> OpenedRing:
        """Let an enrolled card, its PIN presented, agree to a change; the records open too."""
        with self._lock:
            self.open(session, holder, stamp)
            return unlocking.authorise(self._vault, session, holder, stamp)

    def add_card(
        self, opened: OpenedRing, session: CardSession, kind: CardKind, holder: str, stamp: Stamp
    ) -> EnrolledCard:
        """Let the card of ``session`` in, its PIN presented."""
        return unlocking.add_card(self._vault, self.store, opened, session, kind, holder, stamp)

    def remove_card(self, opened: OpenedRing, fingerprint: str, stamp: Stamp) -> None:
        """A removed card may have seen the key, so the others get another one with it."""
        self._replace_key(opened, stamp, fingerprint)

    def rotate(self, opened: OpenedRing, stamp: Stamp) -> None:
        """Another key for the same cards."""
        self._replace_key(opened, stamp)

    def _replace_key(self, opened: OpenedRing, stamp: Stamp, without: str = "") -> None:
        """Raises Busy while a job or another program uses the records: nothing changed then."""
        with self._lock, self._replacing:
            self.store.close()
            key = opened.key
            try:
                key = unlocking.replace_key(self._vault, opened, stamp, without)
            finally:
                self._store = self._vault.open(key)

    # The log

    def note(self, stamp: Stamp, kind: str, **facts: Fact | float) -> None:
        """One event of no case: now where the records are open, else when they open."""
        event = WaitingEvent(stamp, kind, facts)
        with self._lock:
            if self._store is None and self._waiting is not None and event.is_fit:
                self._waiting.add(event)
                return
            self._held.append(event)
            if self._store is not None:
                self._write_held(self._store)

    def _take(self, store: Store, stamp: Stamp) -> None:
        self._store = store
        self._write_waiting(store, stamp)
        self._write_held(store)

    def _write_held(self, store: Store) -> None:
        if not self._held:
            return
        with store.write() as session:
            for event in self._held:
                journal.append(session, event.stamp, event.kind, None, **event.facts)
        self._held.clear()

    def _write_waiting(self, store: Store, stamp: Stamp) -> None:
        waiting = self._waiting
        if waiting is None or not waiting.set_aside():
            return
        with store.write() as session:
            waiting.write_into(session, stamp)
        waiting.forget()

    def close(self) -> None:
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None
