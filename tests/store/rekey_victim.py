"""A process that replaces the key of records and dies at an ordered point.

Each line on its input names a folder and a point; the child that serves it is killed there,
and the parent says so when it is gone. Started by ``test_rekey_kills``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path

from desk.cards.piv import PivSession
from desk.store import unlocking
from desk.store.database import StoreKind
from desk.store.journal import Stamp
from desk.store.key import RecordsKey
from desk.store.vault import FileVault
from desk.training.piv_card import PivCard
from tests.cards.issue import pin
from tests.store.conftest import NOW

STAMP = Stamp(NOW, "officer:T-001")
POINTS = (
    "before the ring has both keys",
    "the ring has both keys",
    "in the middle of the pages",
    "all pages are written anew",
    "before the ring has the new key alone",
    "the ring has the new key alone",
)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Fatal(FileVault):
    """A vault in which replacing the key ends at ``point``."""

    def __init__(self, records: Path, point: str) -> None:
        super().__init__(records, StoreKind.TRAINING)
        self._point, self._rings = point, 0

    def put_ring(self, content: bytes) -> None:
        before, after = POINTS[0:2] if self._rings == 0 else POINTS[4:6]
        self._rings += 1
        self._at(before)
        super().put_ring(content)
        self._at(after)

    def rekey(self, old: RecordsKey, new: RecordsKey) -> None:
        if self._point == POINTS[2]:
            threading.Thread(target=self._die_in_mid_change, daemon=True).start()
        super().rekey(old, new)
        self._at(POINTS[3])

    def _die_in_mid_change(self) -> None:
        """The rollback journal is there exactly as long as pages are being written anew."""
        journal = self._records.with_name(self._records.name + "-journal")
        while not (journal.exists() and journal.stat().st_size > 100_000):
            pass
        die()

    def _at(self, point: str) -> None:
        if point == self._point:
            die()


def live(order: dict[str, str]) -> None:
    folder = Path(order["folder"])
    vault = Fatal(folder / "records.db", order["point"])
    with PivCard.from_state(json.loads((folder / "card.json").read_bytes())) as card:
        session = PivSession(card)
        session.select()
        session.verify_pin(pin())
        opened = unlocking.authorise(vault, session, "", STAMP)
    unlocking.replace_key(vault, opened, STAMP, order["without"])


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                live(json.loads(line))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        os.write(1, f"{os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main()
