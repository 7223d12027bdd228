"""What a target is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One parser under test; ``samples`` are accepted as they are.

    ``run`` takes bytes and returns, or raises one of ``refusals``. What comes out is used
    as the desk uses it (keys, dates, schemes), since much is parsed when first asked for.
    """

    name: str
    run: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    samples: Callable[[], Sequence[bytes]]
    most: int = 8_192
    """Longest input tried, bytes."""
    examples: int = 40
    """Altered samples that the test suite tries; long runs are another command's."""

    def __call__(self, data: bytes) -> None:
        with suppress(*self.refusals):
            self.run(data)
