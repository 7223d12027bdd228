"""The board's rows: what became of a credential after its case had ended well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from desk.counter import aftercare, board
from desk.counter.board import AtAnotherWindow, RowState, Since
from desk.counter.station import Station
from desk.issuance.aftercare import SuspendReason
from desk.issuance.case import Case, State
from desk.store import journal, status
from desk.store.status import Validity
from tests.counter.holding_cases import delivered, desk_in, proven
from tests.counter.test_approving import crew

THEIRS = "12"
"""Another window."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    with desk_in(tmp_path_factory.mktemp("records")) as opened:
        yield opened


def row(station: Station, case: Case) -> board.CaseRow:
    found = {one.number: one for one in board.rows_since(station, LONG_AGO)}
    return found[case.number]


def test_a_usable_credential_and_one_that_is_not_there_yet_have_no_since(station: Station) -> None:
    usable, unproven = row(station, proven(station)), row(station, delivered(station))

    assert (usable.row_state, usable.since) == (RowState.USABLE, None)
    assert (unproven.row_state, unproven.since) == (RowState.NOT_PROVEN, None)


def test_suspended_and_taken_back(station: Station) -> None:
    case, officer = proven(station), crew()[0].officer
    aftercare.suspend(station, officer, case.number, SuspendReason.LOSS_CALL)
    before = row(station, case)

    aftercare.undo(station, officer, case.number)

    assert (before.row_state, before.since) == (RowState.USABLE, Since.SUSPENDED)
    assert row(station, case).since is None


@pytest.mark.parametrize(("replaced", "since"), [(False, Since.REVOKED), (True, Since.REPLACED)])
def test_ended_by_a_revocation_or_by_a_reissue(
    station: Station, replaced: bool, since: Since
) -> None:
    case, stamp = proven(station), station.stamp()
    with station.store.write() as session:
        for entry in status.entries_of(session, case.number):
            status.set_validity(session, stamp, entry.slot, Validity.INVALID, "reissued")
        if replaced:
            journal.append(session, stamp, "CARE.REPLACED", case.number, target="LA-2026-000099")

    assert row(station, case).since is since


def test_usable_counts_what_is_usable_now_and_the_books_still_add_up() -> None:
    """Two became usable; one of them was suspended since."""
    states = {State.PROVEN: RowState.USABLE, State.REFUSED: RowState.ENDED}
    rows = [
        board.CaseRow("1", "", state, states[state], None, LONG_AGO, None, "", "3", since=since)
        for state, since in (
            (State.PROVEN, None),
            (State.PROVEN, Since.SUSPENDED),
            (State.REFUSED, None),
        )
    ]

    shown = board.Board((), None, tuple(rows))

    assert shown.count(RowState.USABLE) == shown.usable_no_more == 1
    assert sum(map(shown.count, RowState)) + shown.usable_no_more == len(rows)


def test_a_case_at_another_window_is_left_there(station: Station) -> None:
    """Its slip may still be in the printer there: proven is not yet put away."""
    for case in (delivered(station), proven(station)):
        theirs = replace(case, window=THEIRS, closed_at=None)
        station.save(None, theirs, "CASE.TAKEN_OVER")

        with pytest.raises(AtAnotherWindow) as told:
            board.bring(station, case.number)

        assert told.value.facts == {"case": case.number, "window": THEIRS}


def test_a_case_that_is_put_away_is_looked_at_from_any_window(station: Station) -> None:
    case = replace(proven(station), window=THEIRS, closed_at=station.now())
    station.save(None, case, "CASE.CLOSED")

    assert board.bring(station, case.number).number == case.number


def test_a_case_of_this_window_is_opened(station: Station) -> None:
    case = replace(delivered(station), window=station.settings.station.window)
    station.save(None, case, "CASE.TAKEN_OVER")

    assert board.bring(station, case.number).number == case.number
