"""One thread for each device; their jobs never overlap, the window never waits.

A job is a plain function that takes and returns plain data and holds no QObject. Its
result, its trouble or its bug arrives on the window's thread. Progress comes the same
way, the newest first: what the window had no time to show is dropped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from desk.trouble import Trouble

_log = logging.getLogger(__name__)


class Lane(StrEnum):
    """The things that can do only one job at a time."""

    PASSPORT = "passport"
    CARD = "card"
    FACE = "face"
    SERVICE = "service"
    EVENTS = "events"
    RECORDS = "records"
    COPIES = "copies"
    OTHER_DESKS = "other-desks"


class Lanes(QObject):
    """Runs jobs in lanes and brings their outcome back to the window's thread."""

    _arrived = Signal(object)

    def __init__(
        self, on_bug: Callable[[BaseException], Trouble | None], parent: QObject | None = None
    ) -> None:
        """``on_bug`` notes a bug, and returns what whoever waits is told of it."""
        super().__init__(parent)
        self._on_bug = on_bug
        self._pools: dict[Lane, ThreadPoolExecutor] = {}
        self._closed = False
        self._arrived.connect(self._run_here, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        lane: Lane,
        job: Callable[[], Any],
        done: Callable[[Any], None] | None = None,
        trouble: Callable[[Trouble], None] | None = None,
    ) -> None:
        """Queue ``job``; then ``done(result)`` or ``trouble(reason)`` on the window's thread.

        A bug is noted, and comes as a trouble too: nobody waits for what will not come.
        """
        if self._closed:
            return
        pool = self._pools.get(lane)
        if pool is None:
            pool = ThreadPoolExecutor(1, thread_name_prefix=f"desk-{lane}")
            self._pools[lane] = pool
        future = pool.submit(job)
        future.add_done_callback(lambda f: self._post(lambda: self._settle(f, done, trouble)))

    def post(self, call: Callable[[], None]) -> None:
        """Run ``call`` on the window's thread; may be called from any thread."""
        self._post(call)

    def _post(self, call: Callable[[], None]) -> None:
        if not self._closed:
            self._arrived.emit(call)

    def _run_here(self, call: Callable[[], None]) -> None:
        if not self._closed:
            call()

    def _settle(
        self,
        future: Future[Any],
        done: Callable[[Any], None] | None,
        trouble: Callable[[Trouble], None] | None,
    ) -> None:
        reason = future.exception()
        if reason is None:
            if done is not None:
                done(future.result())
            return
        told = reason if isinstance(reason, Trouble) and trouble is not None else None
        told = told or self._on_bug(reason)
        if told is not None and trouble is not None:
            trouble(told)

    def close(self) -> None:
        """Wait for the jobs under way; what they bring is dropped."""
        self._closed = True
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
