"""Whether something has come on a line: asked at once, or waited for."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Sequence
from typing import Protocol


class Line(Protocol):
    """A socket, or what has one."""

    def fileno(self) -> int: ...


Readable = Callable[[int], Sequence[object]]
"""Empty where nothing has come within so many milliseconds. An end is something too."""


def readable(line: Line) -> Readable:
    """What asks it of ``line``, whose number it keeps."""
    if sys.platform == "win32":
        return lambda wait: select.select([line], [], [], wait / 1000)[0]
    # Unlike select, without a bound on how many files a process may have open.
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return poll.poll
