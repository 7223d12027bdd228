"""The readers of the station: which one holds the passport, which one the officer's card.

Two kinds stand behind :class:`Readers`: the PC/SC service of the machine, and the bench
of the training mode. Which reader plays which part comes from the settings; where they
are silent, the part is asked of the card itself (the PIV application answers or not).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from desk.cards.piv import PivSession
from desk.cards.troubles import NoCard, NoReader, NotOfficerCard
from desk.cards.watcher import CardWorld
from desk.counter.settings import ReaderSettings
from desk.iso7816.connection import CardConnection


class ReaderSession(CardConnection, Protocol):
    """An open connection to one chip."""

    @property
    def atr(self) -> bytes: ...

    def close(self) -> None: ...


class Readers(Protocol):
    """Readers come and go; ``watch`` tells every change from a thread of its own."""

    def world(self) -> CardWorld: ...

    def connect(self, reader: str) -> ReaderSession: ...

    def watch(self, on_change: Callable[[CardWorld], None]) -> None: ...

    def stop(self) -> None: ...


@contextmanager
def officer_card(readers: Readers, roles: ReaderSettings) -> Iterator[PivSession]:
    """A PIV session with the officer's card, closed at the end.

    Raises NoReader, NoCard, NotOfficerCard, and the transport's own troubles.
    """
    if roles.officer:
        with _connected(readers, roles.officer) as connection:
            session = PivSession(connection)
            session.select()
            yield session
        return
    empty = NoReader() if not readers.world().readers else NoCard()
    for reader in _with_card(readers, besides=roles.passport):
        with _connected(readers, reader) as connection:
            session = PivSession(connection)
            try:
                session.select()
            except NotOfficerCard:
                empty = NoCard()
                continue
            yield session
            return
    raise empty


@contextmanager
def passport_chip(readers: Readers, roles: ReaderSettings) -> Iterator[ReaderSession]:
    """A connection to the chip on the passport reader. Raises NoReader and NoCard."""
    if roles.passport:
        with _connected(readers, roles.passport) as connection:
            yield connection
        return
    empty = NoReader() if not readers.world().readers else NoCard()
    for reader in _with_card(readers, besides=roles.officer):
        with _connected(readers, reader) as connection:
            if _is_officer_card(connection):
                continue
        # A fresh connection: the question above left an application selected.
        with _connected(readers, reader) as connection:
            yield connection
            return
    raise empty


def _with_card(readers: Readers, besides: str) -> tuple[str, ...]:
    world = readers.world()
    return tuple(r.name for r in world.readers if r.present and r.name != besides)


def _is_officer_card(connection: CardConnection) -> bool:
    try:
        PivSession(connection).select()
    except NotOfficerCard:
        return False
    return True


@contextmanager
def _connected(readers: Readers, name: str) -> Iterator[ReaderSession]:
    connection = readers.connect(name)
    try:
        yield connection
    finally:
        connection.close()
