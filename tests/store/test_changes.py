"""A waiting list wakes up when somebody changes the records, here or at another desk."""

from __future__ import annotations

import threading

import pytest

from desk.store import journal
from desk.store.changes import ANYTHING, NOTHING, Changes, payload
from desk.store.database import Store, StoreKind
from desk.store.journal import Stamp
from desk.store.key import RecordsKey
from tests.store.conftest import SharedGround

PATIENCE = 20.0


def tell(store: Store, stamp: Stamp, *kinds: str) -> None:
    with store.write() as session:
        for kind in kinds:
            journal.append(session, stamp, kind)


def heard(changes: Changes) -> frozenset[str]:
    """What comes within the patience; the test fails by its assertion where nothing does."""
    return changes.wait(PATIENCE)


def test_own_change_is_heard(store: Store, stamp: Stamp) -> None:
    changes = store.changes()

    tell(store, stamp, "TEST.ONE", "TEST.TWO")

    assert heard(changes) == {"TEST.ONE", "TEST.TWO"}
    assert changes.wait(0) == NOTHING
    changes.close()


def test_what_was_taken_back_is_not_heard(store: Store, stamp: Stamp) -> None:
    changes = store.changes()

    with pytest.raises(RuntimeError), store.write() as session:
        journal.append(session, stamp, "TEST.FAILED")
        raise RuntimeError("cut off")
    tell(store, stamp, "TEST.DONE")

    assert heard(changes) == {"TEST.DONE"}
    changes.close()


def test_reading_is_not_heard(store: Store, stamp: Stamp) -> None:
    changes = store.changes()

    with store.read() as session:
        journal.head(session)

    assert changes.wait(0) == NOTHING
    changes.close()


def test_closing_wakes_who_waits(store: Store) -> None:
    changes = store.changes()
    got: list[frozenset[str]] = []
    waiting = threading.Thread(target=lambda: got.append(changes.wait(PATIENCE)))
    waiting.start()

    changes.close()
    waiting.join(PATIENCE)

    assert got == [NOTHING]


def test_another_desk_is_heard(shared: SharedGround, key: RecordsKey, stamp: Stamp) -> None:
    """An approval asked for at one window wakes the list at the other."""
    here, there = (Store.open(shared.place, key, StoreKind.TRAINING) for _ in range(2))
    changes = here.changes()

    tell(there, stamp, "TEST.ELSEWHERE")

    assert heard(changes) == {"TEST.ELSEWHERE"}
    changes.close()
    here.close()
    there.close()


def test_broken_line_is_made_again(shared: SharedGround, key: RecordsKey, stamp: Stamp) -> None:
    """The server restarts: what was missed counts as anything, and then all goes on."""
    store = Store.open(shared.place, key, StoreKind.TRAINING)
    changes = store.changes()
    shared.server.stop("immediate")
    away = changes.wait(0.1)
    shared.server.start()

    back = heard(changes)
    tell(store, stamp, "TEST.AFTER")

    assert (away, back) == (NOTHING, {ANYTHING})
    assert heard(changes) == {"TEST.AFTER"}
    changes.close()
    store.close()


def test_begun_while_the_server_is_away(
    shared: SharedGround, key: RecordsKey, stamp: Stamp
) -> None:
    store = Store.open(shared.place, key, StoreKind.TRAINING)
    shared.server.stop("immediate")
    changes = store.changes()

    away = changes.wait(0.1)
    shared.server.start()

    assert (away, heard(changes)) == (NOTHING, {ANYTHING})
    changes.close()
    store.close()


def test_too_much_to_tell() -> None:
    assert payload({f"KIND.{n:04d}" for n in range(2000)}) == ANYTHING
