"""What an interrupted reading leaves for the next attempt on the same passport.

In memory alone, and only until the reading succeeds, another passport is laid down or
the holder of this object lets it go. The files count again only where the chip gives the
same EF.SOD once more, which signs each of them; proofs of the chip are never kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest

from desk.mrtd.pace_steps import Password
from desk.mrtd.troubles import ChipSwapped

_UNSIGNED = frozenset({"COM", "SOD", "CardAccess", "CardSecurity"})


class Kept:
    """Data groups of one reading, whole or begun, by name."""

    def __init__(self) -> None:
        self._password: Password | None = None
        self._sod = b""
        self._files: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"Kept({sorted(self._files)})"

    @property
    def is_empty(self) -> bool:
        return not self._sod

    def begin(self, password: Password) -> None:
        """A reading begins; what another password opened is not its own."""
        if password != self._password:
            self.forget()
        self._password = password

    def compare(self, sod: bytes) -> None:
        """Take ``sod`` as this reading's. Raises ChipSwapped where it is not the former one."""
        if self._sod and not compare_digest(self._sod, sod):
            raise self.swapped()
        self._sod = sod

    def swapped(self) -> ChipSwapped:
        """The trouble of another chip in the place of the former, whose files are let go."""
        self.forget()
        return ChipSwapped()

    def of(self, name: str) -> bytes:
        """What there is of this file, empty where there is nothing."""
        return self._files.get(name, b"")

    def keep(self, files: Mapping[str, bytes]) -> None:
        """Remember these files for another attempt; without an EF.SOD they count for nothing."""
        if self._sod:
            self._files |= {n: raw for n, raw in files.items() if raw and n not in _UNSIGNED}

    def forget(self) -> None:
        self._password, self._sod, self._files = None, b"", {}
