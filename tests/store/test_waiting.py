"""What happened while the records were closed reaches the log, and nothing else does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from desk.store import journal
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.troubles import Unwritable
from desk.store.waiting import FILE_NAME, WaitingEvent, WaitingEvents
from tests.store.conftest import NOW

STATION = Stamp(NOW, "station:LA-03-4471")
REFUSED = WaitingEvent(STATION, "SESSION.PIN_REFUSED", {"code": "CARD-02"})


@pytest.fixture
def waiting(tmp_path: Path) -> WaitingEvents:
    return WaitingEvents(tmp_path / "home")


def written(store: Store, waiting: WaitingEvents, stamp: Stamp) -> list[str]:
    """Log what waits; the kinds of all events."""
    assert waiting.set_aside()
    with store.write() as session:
        waiting.write_into(session, stamp)
    waiting.forget()
    with store.read() as session:
        return [event.kind for event in journal.events(session)]


def test_events_reach_the_log_in_their_order_with_their_own_time_and_facts(
    store: Store, waiting: WaitingEvents, stamp: Stamp
) -> None:
    waiting.add(REFUSED)
    waiting.add(WaitingEvent(STATION, "CARD.PIN_CHANGED", {}))

    assert written(store, waiting, stamp) == ["SESSION.PIN_REFUSED", "CARD.PIN_CHANGED"]
    with store.read() as session:
        first = journal.events(session)[0]
    assert (first.at, first.actor, first.facts) == (NOW, STATION.actor, {"code": "CARD-02"})
    assert not waiting.set_aside(), "they are gone when the log has them"


def test_what_comes_while_they_are_being_logged_waits_for_the_next_time(
    store: Store, waiting: WaitingEvents, stamp: Stamp
) -> None:
    waiting.add(REFUSED)
    assert waiting.set_aside()
    waiting.add(WaitingEvent(STATION, "CARD.PIN_CHANGED", {}))

    with store.write() as session:
        waiting.write_into(session, stamp)
    waiting.forget()

    assert written(store, waiting, stamp) == ["SESSION.PIN_REFUSED", "CARD.PIN_CHANGED"]


def test_a_kill_before_they_were_forgotten_loses_none(
    store: Store, waiting: WaitingEvents, stamp: Stamp, tmp_path: Path
) -> None:
    waiting.add(REFUSED)
    assert waiting.set_aside()

    assert written(store, WaitingEvents(tmp_path / "home"), stamp) == ["SESSION.PIN_REFUSED"]


FORGED = {
    "an officer's act": {"actor": "officer:T-002"},
    "an event of a case": {"kind": "CASE.APPROVED"},
    "an event of the records": {"kind": "RECORDS.CARD_REMOVED"},
    "no kind": {"kind": "SESSION"},
    "a fact outside the whitelist": {"facts": {"name": "김하늘"}},
    "a fact that is no fact": {"facts": {"code": ["CARD-02"]}},
    "facts that are none": {"facts": 7},
    "a time without zone": {"at": "2026-11-23T10:00:00"},
    "no time": {"at": None},
}


@pytest.mark.parametrize("what", FORGED)
def test_what_this_program_would_not_have_written_is_counted_and_left_out(
    store: Store, waiting: WaitingEvents, stamp: Stamp, tmp_path: Path, what: str
) -> None:
    """The file is as open as any of this user's: it brings no forged act into the log."""
    waiting.add(REFUSED)
    file = tmp_path / "home" / FILE_NAME
    line = json.dumps({**json.loads(file.read_bytes()), **FORGED[what]})
    file.write_text(f"{line}\nnot json\n[]\n", encoding="utf-8")

    assert written(store, waiting, stamp) == ["RECORDS.WAITING_LEFT_OUT"]
    with store.read() as session:
        assert journal.events(session)[0].facts == {"count": 3}


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Unwritable):
        WaitingEvents(tmp_path / "file").add(REFUSED)
