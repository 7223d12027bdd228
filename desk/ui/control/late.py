"""What acts on a case ran into while its page did not stand there to tell it.

Kept by the case's number as long as the program runs: told at home with the number, at the
case itself when it is entered next, and on no other applicant's page.
"""

from __future__ import annotations

from collections.abc import Iterator

from desk.trouble import Trouble


class LateTroubles:
    """By case and act; the same act again brings its own trouble, or none."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, Trouble]] = {}

    def keep(self, number: str, act: str, reason: Trouble) -> None:
        self._kept.setdefault(number, {})[act] = reason

    def settle(self, number: str, act: str) -> bool:
        """``act`` has succeeded now; whether something was kept of it."""
        kept = self._kept.get(number, {})
        settled = kept.pop(act, None) is not None
        if not kept:
            self._kept.pop(number, None)
        return settled

    def of(self, number: str) -> dict[str, Trouble]:
        """What is kept of one case, by its act, the oldest first."""
        return dict(self._kept.get(number, {}))

    def __iter__(self) -> Iterator[tuple[str, Trouble]]:
        """Case numbers and troubles of all cases, the oldest first."""
        for number, kept in self._kept.items():
            for reason in kept.values():
                yield number, reason
