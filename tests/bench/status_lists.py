"""How fast status lists are made and published: a nation's at once, and one change.

    python -m tests.bench.status_lists [lists]

Lists of 1,048,576 entries in records on the disk, 2 % of each not valid; published to a
folder, both forms, signed. Then one entry changes and its list goes out again. One line of
JSON; times in milliseconds.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import insert

from desk.counter.settings import load_settings
from desk.counter.station import Station
from desk.counter.statuses import publish_status
from desk.enrollment.storage import FolderLists
from desk.store import status
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.key import new_key
from desk.store.models import StatusEntryRow
from desk.store.status import StatusSlot, Validity
from desk.training.authority import TrainingAuthority

NOT_VALID = 0.02
CHANGES = 9


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


def station(store: Store, folder: Path, now: Clock) -> Station:
    """As much of a station as publishing needs."""
    authority = TrainingAuthority.create(now())
    parts: dict[str, Any] = {
        "store": store,
        "settings": load_settings(),
        "now": now,
        "status_place": FolderLists(folder, "https://status.example"),
        "authority": SimpleNamespace(
            anchors=(authority.iaca,), status_signer=authority.status_signer
        ),
        "stamp": lambda: Stamp(now(), "station:LA01"),
    }
    return cast(Station, SimpleNamespace(**parts))


def fill(store: Store, lists: int, now: Clock) -> StatusSlot:
    """Every list with its share of revoked entries; one of them, to be changed later."""
    drawn = random.Random(9303)
    for _ in range(lists):
        with store.write() as session:
            name = status.begin_list(session, Stamp(now(), "station:LA01"))
        taken = drawn.sample(range(status.DEFAULT_SIZE), int(status.DEFAULT_SIZE * NOT_VALID))
        at = now()
        rows = [
            {
                "list_name": name,
                "position": position,
                "case_number": "LA-2026-000001",
                "validity": "suspended",
                "allocated_at": at,
                "changed_at": at,
            }
            for position in taken
        ]
        with store.load() as connection:
            connection.execute(insert(StatusEntryRow), rows)
    return StatusSlot(name, taken[0])


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def measure(lists: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name:
        folder, now = Path(name), Clock()
        store = Store.open(folder / "records.db", new_key())
        try:
            slot = fill(store, lists, now)
            desk = station(store, folder, now)
            everything = timed(lambda: publish_status(desk))
            changes = [timed(partial(_change, desk, slot, turn)) for turn in range(CHANGES)]
            sizes = sorted(file.stat().st_size for file in folder.glob("*.cwt"))
        finally:
            store.close()
    return {
        "entries": lists * status.DEFAULT_SIZE,
        "not_valid": NOT_VALID,
        "cwt_bytes": sizes[-1],
        "all_published_ms": round(everything),
        "one_change_ms": round(statistics.median(changes)),
        "one_change_max_ms": round(max(changes)),
    }


def _change(desk: Station, slot: StatusSlot, turn: int) -> None:
    to = Validity.VALID if turn % 2 == 0 else Validity.SUSPENDED
    with desk.store.write() as session:
        status.set_validity(session, desk.stamp(), slot, to, "bench")
    publish_status(desk)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else 5)))
