"""Those who wait inside the service, and the bell that wakes them.

A waiter looks first, sleeps until the bell of its topic rings, and looks again: what it
waits for is in the database, the bell only saves it from asking all the time. What happens
in other processes is heard through the database (:func:`listen`); a ring that got lost costs
a waiter its patience and nothing else, for everybody looks once more before giving up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from desk.enrollment.keys import sha256
from desk.enrollment.mailbox import Mailbox
from desk.enrollment.mailbox.driver import Ear
from desk.enrollment.records import RequestView
from desk.enrollment.trouble import MailboxTrouble

_T = TypeVar("_T")
_AGAIN_SECONDS = 0.25
_MOMENT_SECONDS = 0.5
# A loop's clock may be late by this: nobody is to wake just before the end of their time.
_TICK = 0.001


class Bells:
    """One bell a topic (an offer, a request, a check), made when somebody waits for it."""

    def __init__(self) -> None:
        self._sleepers: dict[str, set[asyncio.Event]] = {}
        self._closed = False

    def ring(self, topic: str) -> None:
        """Wake everybody who waits for ``topic``; free when nobody does."""
        if self._sleepers:
            self.ring_mark(sha256(topic))

    def ring_mark(self, mark: str) -> None:
        """The same by the topic's hash, which is how other processes name it."""
        for sleeper in self._sleepers.get(mark, ()):
            sleeper.set()

    def ring_all(self) -> None:
        for mark in list(self._sleepers):
            self.ring_mark(mark)

    def close(self) -> None:
        """Wake everybody for good: nobody waits any longer than one last look."""
        self._closed = True
        self.ring_all()

    async def wait_for(
        self, topic: str, look: Callable[[], Awaitable[_T | None]], seconds: float
    ) -> _T | None:
        """What ``look`` finds, as soon as it finds something; None after ``seconds``."""
        with self.listening(topic) as sleeper:
            sleeper.set()
            return await self.wait_at(sleeper, look, seconds)

    @contextmanager
    def listening(self, topic: str) -> Iterator[asyncio.Event]:
        """What is set whenever ``topic`` rings meanwhile."""
        sleeper, mark = asyncio.Event(), sha256(topic)
        self._sleepers.setdefault(mark, set()).add(sleeper)
        try:
            yield sleeper
        finally:
            self._leave(mark, sleeper)

    async def wait_at(
        self, sleeper: asyncio.Event, look: Callable[[], Awaitable[_T | None]], seconds: float
    ) -> _T | None:
        """As :meth:`wait_for`, looking for the first time when ``sleeper`` is set."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            left = deadline - loop.time()
            if left > 0 and not self._closed:
                await _sleep(sleeper, left, loop)
            # Cleared before the look, so that a ring during the look is not lost.
            sleeper.clear()
            found = await look()
            if found is not None or deadline <= loop.time() or self._closed:
                return found

    def _leave(self, mark: str, sleeper: asyncio.Event) -> None:
        sleepers = self._sleepers[mark]
        sleepers.discard(sleeper)
        if not sleepers:
            del self._sleepers[mark]


class Filings:
    """What phones are filing in this process, for the desk that asks for news meanwhile: a
    moment later it hears of the request as well, and need not ask twice."""

    def __init__(self) -> None:
        self._going: dict[str, list[asyncio.Event]] = {}

    @contextmanager
    def going_on(self, offer_id: str) -> Iterator[None]:
        over = asyncio.Event()
        beside = self._going.setdefault(offer_id, [])
        beside.append(over)
        try:
            yield
        finally:
            over.set()
            beside.remove(over)
            if not beside:
                del self._going[offer_id]

    async def over(self, offer_id: str) -> None:
        """Until the last that began is over, whatever became of it; for a moment at most,
        because a database that is away keeps it longer."""
        if going := self._going.get(offer_id):
            await _sleep(going[-1], _MOMENT_SECONDS, asyncio.get_running_loop())


@dataclass
class Parked:
    """A phone that waits for the answer to its request; ``taken`` is the request with its
    answer, once that was taken out for this phone."""

    bell: asyncio.Event
    taken: RequestView | None = None


class ParkedPhones:
    """The phones that wait in this process: an answer is handed to them as it comes. Those of
    other processes find it in the database when the bell rings."""

    def __init__(self) -> None:
        self._parked: dict[str, list[Parked]] = {}

    @contextmanager
    def park(self, request_id: str, bell: asyncio.Event) -> Iterator[Parked]:
        parked = Parked(bell)
        beside = self._parked.setdefault(request_id, [])
        beside.append(parked)
        try:
            yield parked
        finally:
            beside.remove(parked)
            if not beside:
                del self._parked[request_id]

    def is_there(self, request_id: str) -> bool:
        return request_id in self._parked

    def hand(self, view: RequestView) -> None:
        """To all who wait for it: a phone that asked again may wait twice."""
        for parked in self._parked.get(view.request_id, ()):
            parked.taken = view
            parked.bell.set()


async def _sleep(sleeper: asyncio.Event, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
    """Until it is set, by a bell or at the end of its time."""
    if sleeper.is_set():
        return
    timer = loop.call_later(seconds + _TICK, sleeper.set)
    try:
        await sleeper.wait()
    finally:
        timer.cancel()


async def listen(mailbox: Mailbox, bells: Bells, listening: asyncio.Event) -> None:
    """Ring the bells that other processes ring, until cancelled; ``listening`` is set once
    they can be heard. Ends at once where there are no other processes."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            ear = await loop.run_in_executor(None, mailbox.ear)
        except MailboxTrouble:
            await asyncio.sleep(_AGAIN_SECONDS)
            continue
        listening.set()
        if ear is None:
            return
        # Whatever was told before is in the database, for whoever looks.
        bells.ring_all()
        await _hear(ear, bells)


async def _hear(ear: Ear, bells: Bells) -> None:
    """Until the ear is deaf."""
    loop, deaf, line = asyncio.get_running_loop(), asyncio.Event(), ear.fileno()

    def something() -> None:
        try:
            for mark in ear.heard():
                bells.ring_mark(mark)
        except MailboxTrouble:
            # At once: the number of a closed line may soon be another one's.
            loop.remove_reader(line)
            deaf.set()

    try:
        loop.add_reader(line, something)
        await deaf.wait()
    finally:
        if not deaf.is_set():
            loop.remove_reader(line)
        ear.close()
