"""What is left of an allowance: counted in memory that the processes of a service share.

Each place is one number: the moment from which on its bucket is full again (the «theoretical
arrival time» of the generic cell rate algorithm, ITU-T I.371). Whoever asks is known by a
keyed hash only, and finds a place by it; two may share one, which is rare and strict. Made
before the processes part, the memory is one for all of them: so many requests a minute are so
many, however many processes there are. Two processes that count the same bucket within the
same microsecond may count once.
"""

from __future__ import annotations

import mmap
import secrets
from hashlib import blake2b

from desk.enrollment.policy import Allowance

PLACES = 1 << 18
_BYTES = 8
_SECOND = 1_000_000


class Buckets:
    """Memory of two megabytes, whatever is asked for how often."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._moments = memoryview(mmap.mmap(-1, PLACES * _BYTES)).cast("q")

    def take(self, what: str, allowance: Allowance, now: float) -> float:
        """Take one from the bucket of ``what``: 0, or in how many seconds there will be one.

        ``now`` is a monotonic clock of the machine, in seconds.
        """
        if not allowance.burst or not allowance.per_minute:
            return 0.0
        place, moment = self._place(what), int(now * _SECOND)
        each = 60 * _SECOND // allowance.per_minute
        full_at = max(self._moments[place], moment)
        short = full_at + each - moment - allowance.burst * each
        if short > 0:
            return short / _SECOND
        self._moments[place] = full_at + each
        return 0.0

    def _place(self, what: str) -> int:
        digest = blake2b(what.encode(), key=self._key, digest_size=8).digest()
        return int.from_bytes(digest) % PLACES
