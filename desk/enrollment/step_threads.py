"""The mailbox's steps on a server, in threads; a server that is away is waited for.

A server that is started again is away for a second or two. A step of which nothing happened,
or that does no more when it is done twice, is done again meanwhile, so that phones and desks
notice nothing; after :data:`OUTAGE_SECONDS` they are told to come back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from desk.enrollment.trouble import MailboxAway

OUTAGE_SECONDS = 6.0
"""Wallets' HTTP clients give up after ten."""
THREADS = 4
_PAUSE_SECONDS = 0.1

_T = TypeVar("_T")


class StepThreads:
    """Threads of one service process, made when the first step wants one."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, "mailbox")
        self._closed = False

    async def run(self, step: Callable[[], _T]) -> _T:
        """Raises what ``step`` raises: MailboxAway after having asked again for a while."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + OUTAGE_SECONDS
        while True:
            try:
                return await loop.run_in_executor(self._pool, step)
            except MailboxAway as away:
                if not away.may_repeat or self._closed or loop.time() > ends:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)

    def close(self) -> None:
        """Wait for the steps under way; none comes after them."""
        self._closed = True
        self._pool.shutdown()
