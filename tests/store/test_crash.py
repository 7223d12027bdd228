"""Killed at any moment: what was told to be stored is there, the chain holds, none is doubled."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from desk.issuance import audit
from desk.store import intents, journal, status
from desk.store.database import Store
from desk.store.key import RecordsKey
from desk.store.postgres import SharedDatabase
from tests.store.conftest import NOW

ROOT = Path(__file__).resolve().parents[2]

# Runs in a process of its own: opens the records and writes intents, each with its index,
# until it is killed; a line on its output tells that one is durable.
WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from desk.issuance.case import open_case
from desk.store import cases, intents, status
from desk.store.database import Store
from desk.store.intents import Draft
from desk.store.journal import Stamp
from desk.store.key import RecordsKey
from desk.store.postgres import SharedDatabase

place, key = sys.argv[1], RecordsKey(sys.stdin.buffer.read(32))
store = Store.open(SharedDatabase.at(place) if "://" in place else Path(place), key, kind=None)
stamp = Stamp(datetime.now(UTC), "station:LA01")
with store.write() as session:
    status.open_list(session, stamp, "1")
for number in range(1, 100_000):
    case = open_case(f"LA-2026-{number:06d}", "LA", "1", "T-001", "name", stamp.at)
    with store.write() as session:
        cases.add(session, stamp, case)
        slot = status.allocate(session, stamp, "1", case.number)
        intents.write(session, stamp, Draft(case.number, "o", "r", "mdoc", "k", slot, b"b", b"m"))
    print(slot.index, flush=True)
"""


@pytest.mark.parametrize("after", [1, 7, 40])
def test_killed_while_writing(place: Path | SharedDatabase, key: RecordsKey, after: int) -> None:
    told = _run_and_kill(place, key, after)

    store = Store.open(place, key, kind=None)
    with store.read() as session:
        left = intents.unfinished(session)
        indexes = [one.draft.slot.index for one in left]
        lines = [line.encode() + b"\n" for line in journal.lines(session, NOW)]
        used = status.content(session, "1").values
    store.close()
    assert set(told) <= set(indexes)
    assert len(indexes) <= len(told) + 1
    assert len(set(indexes)) == len(indexes) == len(used)
    # One event for the list, two for each case: never a change without its event.
    assert audit.verify(lines).count == 1 + 2 * len(indexes)


def test_killed_while_made(tmp_path: Path) -> None:
    """A file that was touched but never migrated opens as new records."""
    path = tmp_path / "records.db"
    path.touch()
    key = RecordsKey(bytes(range(32)))

    Store.open(path, key).close()

    Store.open(path, key).close()


def _run_and_kill(place: Path | SharedDatabase, key: RecordsKey, after: int) -> list[int]:
    """The indexes the process told of before it was killed, ``after`` of them at least."""
    where = str(place.url) if isinstance(place, SharedDatabase) else str(place)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, where],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(key.secret)
        process.stdin.flush()
        told = [int(process.stdout.readline()) for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
    return told + [int(line) for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]
