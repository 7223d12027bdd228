"""The mailbox's steps on a server, in threads; a server that is away is waited for.

A server that is started again is away for a second or two. A step does no more when it is done
twice, so it is done again meanwhile, and phones and desks notice nothing; after
:data:`OUTAGE_SECONDS` they are told to come back.

The threads are the service's own: a pool of the library's takes twice as long to hand a step
over, and there are twenty of them an issuance.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

from desk.enrollment.trouble import MailboxAway

OUTAGE_SECONDS = 6.0
"""Wallets' HTTP clients give up after ten."""
THREADS = 4
_PAUSE_SECONDS = 0.1

_T = TypeVar("_T")


class StepThreads:
    """Threads of one service process, made when the first step wants one."""

    def __init__(self) -> None:
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._closed = False

    async def run(self, step: Callable[[], _T], *, patient: bool = True) -> _T:
        """Raises what ``step`` raises: MailboxAway after having asked again for a while."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + (OUTAGE_SECONDS if patient else 0)
        while True:
            try:
                return await self._run(step, loop)
            except MailboxAway:
                if self._closed or loop.time() >= ends:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)

    def close(self) -> None:
        """Wait for the steps under way; none comes after them."""
        self._closed = True
        for _ in self._threads:
            self._orders.put(None)
        for thread in self._threads:
            thread.join()

    async def _run(self, step: Callable[[], _T], loop: asyncio.AbstractEventLoop) -> _T:
        if self._closed:
            raise MailboxAway
        if not self._threads:
            self._threads = [threading.Thread(target=self._work) for _ in range(THREADS)]
            for number, thread in enumerate(self._threads):
                thread.name, thread.daemon = f"mailbox-{number}", True
                thread.start()
        order = _Order(step, loop)
        self._orders.put(order)
        result: _T = await order.done
        return result

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            order.do()


class _Order:
    """One step, and whoever waits for it."""

    def __init__(self, step: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self._step, self._loop = step, loop
        self.done: asyncio.Future[Any] = loop.create_future()

    def do(self) -> None:
        """In a thread; nobody may be waiting any more."""
        try:
            result = self._step()
        except BaseException as error:
            self._tell(self.done.set_exception, error)
        else:
            self._tell(self.done.set_result, result)

    def _tell(self, how: Callable[[Any], None], what: Any) -> None:
        def tell() -> None:
            if not self.done.done():
                how(what)

        # The loop of a service that ended meanwhile is closed.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(tell)
