"""How often each endpoint answered what, and how long it took: counted in memory that the
processes of a service share.

The memory is made before the processes part and belongs to no file, so that no full disk stands
in the way of counting: each of them counts at a place of its own, and whoever is asked adds them
up. One in a dead one's place goes on with its numbers.
"""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections.abc import Iterator
from copy import copy
from http import HTTPStatus
from itertools import accumulate

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Up to these durations are told apart."""
ENDPOINTS = 64
"""More than the service has."""
_STATUSES = [status.value for status in HTTPStatus]
_PLACES = {status: place for place, status in enumerate(_STATUSES)}
# Of an endpoint: the statuses, the durations and longer ones, the sum of all.
_DURATIONS = len(_STATUSES)
_SUM = _DURATIONS + len(SECONDS) + 1
_WIDTH = _SUM + 1
_BYTES = 8


class Counts:
    """Of so many processes, which number the endpoints alike; written by one of them."""

    def __init__(self, processes: int = 1) -> None:
        self._processes, self._own = processes, 0
        self._numbers = memoryview(mmap.mmap(-1, processes * ENDPOINTS * _WIDTH * _BYTES)).cast("d")

    def of(self, process: int) -> Counts:
        """The same for the process of that number, from 0."""
        same = copy(self)
        same._own = process
        return same

    def note(self, endpoint: int, status: int, seconds: float) -> None:
        """One answer."""
        start = (self._own * ENDPOINTS + endpoint) * _WIDTH
        self._numbers[start + _PLACES[status]] += 1
        self._numbers[start + _DURATIONS + bisect_left(SECONDS, seconds)] += 1
        self._numbers[start + _SUM] += seconds

    def answered(self, endpoint: int) -> dict[int, float]:
        """How often with which status."""
        sums = self._of_all(endpoint, 0, len(_STATUSES))
        return {status: count for status, count in zip(_STATUSES, sums, strict=True) if count}

    def took(self, endpoint: int) -> tuple[list[float], float]:
        """How many answers took no longer than each of ``SECONDS``, in the end all of them; and
        their durations' sum, in seconds."""
        *counts, spent = self._of_all(endpoint, _DURATIONS, _WIDTH)
        return list(accumulate(counts)), spent

    def _of_all(self, endpoint: int, first: int, end: int) -> Iterator[float]:
        starts = [(one * ENDPOINTS + endpoint) * _WIDTH for one in range(self._processes)]
        of_each = (self._numbers[start + first : start + end] for start in starts)
        return map(sum, zip(*of_each, strict=True))
