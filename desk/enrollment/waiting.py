"""Those who wait inside the service, and the bell that wakes them.

A waiter looks first, sleeps until the bell of its topic rings, and looks again: what it
waits for is in the database, the bell only saves it from asking all the time. Several
processes would need a bell that the database rings; this one knows its own process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

_T = TypeVar("_T")


class Bells:
    """One bell a topic (an offer, a request, a check), made when somebody waits for it."""

    def __init__(self) -> None:
        self._sleepers: dict[str, set[asyncio.Event]] = {}
        self._closed = False

    def ring(self, topic: str) -> None:
        """Wake everybody who waits for ``topic``; free when nobody does."""
        for sleeper in self._sleepers.get(topic, ()):
            sleeper.set()

    def close(self) -> None:
        """Wake everybody for good: nobody waits any longer than one last look."""
        self._closed = True
        for topic in list(self._sleepers):
            self.ring(topic)

    async def wait_for(
        self, topic: str, look: Callable[[], Awaitable[_T | None]], seconds: float
    ) -> _T | None:
        """What ``look`` finds, as soon as it finds something; None after ``seconds``."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        sleeper = asyncio.Event()
        self._sleepers.setdefault(topic, set()).add(sleeper)
        try:
            while True:
                # Cleared before the look, so that a ring during the look is not lost.
                sleeper.clear()
                found = await look()
                left = deadline - loop.time()
                if found is not None or left <= 0 or self._closed:
                    return found
                await _sleep(sleeper, left)
        finally:
            self._leave(topic, sleeper)

    def _leave(self, topic: str, sleeper: asyncio.Event) -> None:
        sleepers = self._sleepers[topic]
        sleepers.discard(sleeper)
        if not sleepers:
            del self._sleepers[topic]


async def _sleep(sleeper: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(sleeper.wait(), seconds)
    except TimeoutError:
        return
