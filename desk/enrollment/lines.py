"""The service's log on standard error: a line for each answer, at little cost."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

log = logging.getLogger("desk.enrollment")


class Lines(logging.Formatter):
    """``2026-11-22 20:15:07,123 INFO words``."""

    def __init__(self) -> None:
        super().__init__()
        self._second, self._written = -1, ""

    def format(self, record: logging.LogRecord) -> str:
        line = self.line(record.levelname, record.getMessage(), record.created)
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return line

    def line(self, level: str, words: str, moment: float) -> str:
        """The time is written anew once a second."""
        second = int(moment)
        if second != self._second:
            self._second = second
            self._written = time.strftime(self.default_time_format, time.localtime(second))
        return f"{self._written},{int((moment - second) * 1000):03d} {level} {words}"


def logged(words: str) -> None:
    """A line of INFO by way of Python's logging."""
    log.info("%s", words)


def straight(stream: TextIO) -> Callable[[str], None]:
    """What writes the same line to ``stream`` without that way, which costs several times the
    line."""
    lines = Lines()

    def say(words: str) -> None:
        # One write: several processes may share the file. Where no log can be written any more
        # (a full disk, a reader that went away), phones are served all the same.
        with suppress(OSError):
            stream.write(lines.line("INFO", words, time.time()) + "\n")
            stream.flush()

    return say


def log_to_stderr() -> None:
    """For a process of the service."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler])
    log.setLevel(logging.INFO)
