"""The readers of the station: which one holds the passport, which one the officer's card.

Two kinds stand behind :class:`Readers`: the PC/SC service of the machine, and the bench
of the training mode. Which reader plays which part comes from the settings; where they
are silent, the part is asked of the card itself (the PIV application answers or not).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from desk.cards.fault_tree import MuteMemory
from desk.cards.piv import PivSession
from desk.cards.session import CardSession
from desk.cards.troubles import NoCard, NoReader, NotOfficerCard, ReaderTrouble
from desk.cards.watcher import CardWorld
from desk.counter.settings import ReaderSettings
from desk.iso7816.connection import CardConnection
from desk.iso7816.status import StatusWord
from desk.mrtd import files


class ReaderSession(CardConnection, Protocol):
    """An open connection to one chip."""

    @property
    def atr(self) -> bytes: ...

    def close(self) -> None: ...


class Readers(Protocol):
    """Readers come and go; ``watch`` tells every change from a thread of its own.
    ``look_again`` after a sleep in which nobody told anything."""

    def world(self) -> CardWorld: ...

    def connect(self, reader: str) -> ReaderSession: ...

    def watch(self, on_change: Callable[[CardWorld], None]) -> None: ...

    def look_again(self) -> None: ...

    def stop(self) -> None: ...


class ReaderRoles:
    """Which reader plays which part, from the settings or as last seen.

    ``asked`` is where the officer's card was looked for last, found or not.
    The officer's reader is remembered: asking it first keeps the desk from disturbing a
    passport that is being read, and its emptiness tells at once that the card has left.
    """

    def __init__(self, readers: Readers, settings: ReaderSettings) -> None:
        self._readers, self._settings = readers, settings
        self._seen = settings.officer
        self.asked = settings.officer
        self.mute = MuteMemory()

    @property
    def named_officer(self) -> str:
        """The officer's reader of the settings, empty where they are silent."""
        return self._settings.officer

    @property
    def named_passport(self) -> str:
        """The passport reader of the settings, empty where they are silent."""
        return self._settings.passport

    @property
    def officer_reader(self) -> str:
        """Where the officer's card is, or was seen last; empty before the first time."""
        return self._seen

    def officer_is_gone(self, world: CardWorld) -> bool:
        """The reader in which the officer's card was last seen holds nothing any more."""
        reader = world.reader(self._seen) if self._seen else None
        return reader is None or not reader.present

    @contextmanager
    def officer_card(self) -> Iterator[CardSession]:
        """A session with the officer's card, closed at the end: through the vendor's module
        where the settings name one, else with the card itself.

        Raises NoReader, NoCard, NotOfficerCard (settings name a reader with another card),
        ModuleMissing, and the transport's own troubles.
        """
        way = self._by_module() if self._settings.module else self.piv_card()
        with way as session:
            yield session

    @contextmanager
    def _by_module(self) -> Iterator[CardSession]:
        from desk.cards.token import open_token

        with open_token(Path(self._settings.module)) as session:
            self._seen = self._reader_named(session.reader)
            yield session

    def _reader_named(self, described: str) -> str:
        """A module's words for a reader are its name, perhaps cut short."""
        names = [reader.name for reader in self._readers.world().readers]
        return next((name for name in names if name.startswith(described)), self._seen)

    @contextmanager
    def piv_card(self) -> Iterator[PivSession]:
        """A PIV session with the officer's card, whatever the settings say of a module."""
        for reader in self._candidates(self._settings.officer, self._settings.passport):
            self.asked = reader
            with _connected(self._readers, reader) as connection:
                session = PivSession(connection)
                if self._settings.officer:
                    session.select()
                elif not _selects(session):
                    continue
                self._seen = reader
                yield session
                return
        raise self._nothing()

    @contextmanager
    def passport_chip(self) -> Iterator[ReaderSession]:
        """A connection to the chip on the passport reader. Raises NoReader and NoCard."""
        for reader in self._candidates(self._settings.passport, self._settings.officer):
            if not self._settings.passport and self._holds_officer_card(reader):
                continue
            with _connected(self._readers, reader) as connection:
                yield connection
                return
        raise self._nothing()

    def _candidates(self, named: str, besides: str) -> tuple[str, ...]:
        """Readers to ask: the named one alone, else those with a card, the known one first and
        those whose card is mute last."""
        if named:
            return (named,)
        world = self._readers.world()
        filled = [one for one in world.readers if one.present and one.name != besides]
        filled.sort(key=lambda one: (one.mute, one.name != self._seen))
        return tuple(one.name for one in filled)

    def stranger(self) -> str:
        """The reader whose card answers and is neither an officer's nor a passport; empty
        where there is none. Raises the transport's troubles."""
        for reader in self._candidates("", self._settings.passport):
            with _connected(self._readers, reader) as connection:
                if not _selects(PivSession(connection)) and not _is_passport(connection):
                    return reader
        return ""

    def _holds_officer_card(self, reader: str) -> bool:
        if self._seen:
            return reader == self._seen
        with _connected(self._readers, reader) as connection:
            return _selects(PivSession(connection))

    def _nothing(self) -> ReaderTrouble:
        return NoCard() if self._readers.world().readers else NoReader()


def _selects(session: PivSession) -> bool:
    try:
        session.select()
    except NotOfficerCard:
        return False
    return True


def _is_passport(connection: CardConnection) -> bool:
    return files.select_application(connection).sw == StatusWord.OK


@contextmanager
def _connected(readers: Readers, name: str) -> Iterator[ReaderSession]:
    connection = readers.connect(name)
    try:
        yield connection
    finally:
        connection.close()
