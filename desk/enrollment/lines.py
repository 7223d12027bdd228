"""The service's log on standard error: one line for each answer, at little cost.

What no line shows is not looked up either (caller, thread, process: the switches that
Python's logging documents for this), and the time is written once a second.
"""

from __future__ import annotations

import logging
import sys
import time


class Lines(logging.Formatter):
    """``2026-11-22 20:15:07,123 INFO words``."""

    def __init__(self) -> None:
        super().__init__()
        self._second, self._written = -1, ""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{self._time(record)} {record.levelname} {record.getMessage()}"
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return line

    def _time(self, record: logging.LogRecord) -> str:
        second = int(record.created)
        if second != self._second:
            self._second = second
            self._written = time.strftime(self.default_time_format, time.localtime(second))
        return f"{self._written},{int(record.msecs):03d}"


def log_to_stderr() -> None:
    """For the process of the service: the switches are the whole process's."""
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler])
