"""What one input may cost: processor time and memory.

Time is the processor's, so that a busy machine does not fail an input that is quick.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 2.0
MEGABYTES = 200
_CLEAR, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
_HAS_PEAK = os.access(_CLEAR, os.W_OK)


class TooMuch(BaseException):
    """An input that costs more than it may; no parser's own «except» may swallow it."""


@contextmanager
def limited() -> Iterator[None]:
    """Raises TooMuch where the block takes more than SECONDS or MEGABYTES."""
    before = _peak_from_here()
    with _timed():
        yield
    grown = (_peak() - before) // 1024
    if grown > MEGABYTES:
        raise TooMuch(f"{grown} MB for one input")


def _peak_from_here() -> int:
    """Forgets the most memory held before (proc(5), clear_refs) and gives what is held now."""
    if _HAS_PEAK:
        _CLEAR.write_bytes(b"5")
    return _peak()


def _peak() -> int:
    """The most memory held since, kB; 0 where the system does not tell."""
    if not _HAS_PEAK:
        return 0
    status = _STATUS.read_bytes()
    start = status.index(b"VmHWM:") + 6
    return int(status[start : status.index(b"kB", start)])


@contextmanager
def _timed() -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return

    def late(*_: object) -> None:
        raise TooMuch(f"more than {SECONDS} s for one input")

    previous = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
