"""The mailbox's steps on a server; a server that is away is waited for.

A server that is started again is away for a second or two. A step does no more when it is done
twice, so it is done again meanwhile, and phones and desks notice nothing; after
:data:`OUTAGE_SECONDS` they are told to come back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from desk.enrollment import fibres
from desk.enrollment.trouble import MailboxAway

OUTAGE_SECONDS = 6.0
"""Wallets' HTTP clients give up after ten."""
MOST_AT_ONCE = 4
_PAUSE_SECONDS = 0.1

_T = TypeVar("_T")


class ServerSteps:
    """Those of one service process, so many at once; the others wait for their turn."""

    def __init__(self) -> None:
        self._places = fibres.Places(MOST_AT_ONCE)
        self._closed = False

    async def run(self, step: Callable[[], _T], *, patient: bool = True) -> _T:
        """Raises what ``step`` raises: MailboxAway after having asked again for a while."""
        ends = time.monotonic() + OUTAGE_SECONDS if patient else None
        if fibres.inside():
            return self._do(step, ends)
        return await fibres.begin(lambda: self._do(step, ends), asyncio.get_running_loop())

    def close(self) -> None:
        """No step begins any more."""
        self._closed = True

    def _do(self, step: Callable[[], _T], ends: float | None) -> _T:
        while True:
            try:
                with self._places:
                    # Its turn may come too late.
                    if self._is_over(ends):
                        raise MailboxAway
                    return step()
            except MailboxAway:
                if ends is None or self._is_over(ends):
                    raise
            fibres.pause(_PAUSE_SECONDS)

    def _is_over(self, ends: float | None) -> bool:
        return self._closed or (ends is not None and time.monotonic() >= ends)
