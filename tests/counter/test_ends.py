"""What a case leaves behind when it ends: nothing of the applicant's visit but its paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from desk.counter import intake, settling
from desk.counter.station import Station
from desk.issuance.case import Case, State
from desk.store import cases
from desk.store.cases import OF_THE_VISIT, BlobKind
from desk.store.database import Store
from desk.store.troubles import Full
from tests.counter.test_closing import OFFICER, case_in, station

__all__ = ["station"]

KEPT = (BlobKind.SLIP, BlobKind.CHECK_LOG)


def with_everything(station: Station, state: State) -> Case:
    case = case_in(state)
    stamp = station.stamp(OFFICER)
    with station.store.write() as session:
        cases.add(session, stamp, case)
        for kind in BlobKind:
            cases.keep_blob(session, stamp, case.number, kind, "application/pdf", b"x" * 99)
    return case


def left(station: Station, case: Case) -> set[BlobKind]:
    with station.store.read() as session:
        return {kind for kind in BlobKind if cases.blob(session, case.number, kind) is not None}


def test_a_cancelled_case_keeps_no_picture_and_no_file_of_the_passport(station: Station) -> None:
    """The applicant was told that the picture goes when the visit is over; it stayed a month."""
    case = with_everything(station, State.FACE_CHECKED)

    ended = intake.cancel(station, OFFICER, case, "applicant_left")

    assert ended.closed_at is not None
    assert left(station, case) == set(KEPT)


def test_a_case_that_was_left_open_ends_in_the_same_way(station: Station) -> None:
    case = with_everything(station, State.ELIGIBLE)
    later = replace(station, now=lambda: station.now() + timedelta(days=2))

    intake.expire_stale(later)

    assert station.load(case.number).state is State.EXPIRED
    assert left(station, case) == set(KEPT)


def test_a_full_disk_behind_the_end_ends_it_all_the_same(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cutting the log file can wait; to be told that it did not end cannot."""

    def full(_store: Store) -> bool:
        raise Full()

    case = with_everything(station, State.APPROVED)
    monkeypatch.setattr(Store, "checkpoint", full)

    ended = intake.cancel(station, OFFICER, case, "applicant_left")

    assert station.load(case.number) == ended


def test_what_cannot_be_destroyed_yet_keeps_nothing_else_from_being_settled(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at the start: offers and status lists waited for it as well."""

    def full(_store: Store) -> bool:
        raise Full()

    with_everything(station, State.REFUSED)
    settled: list[str] = []
    monkeypatch.setattr(Store, "checkpoint", full)
    monkeypatch.setattr(settling.offering, "tell_ends", lambda _station: settled.append("ends"))
    monkeypatch.setattr(
        settling, "publish_status", lambda _station, even_if_same: settled.append("lists")
    )

    settling.settle(replace(station, now=lambda: station.now() + timedelta(hours=21)))

    assert settled == ["ends", "lists"]


@pytest.mark.parametrize("state", [State.REFUSED, State.PROVEN, State.ACTIVATED])
def test_an_end_that_nobody_closed_keeps_nothing_of_the_visit_beyond_its_day(
    station: Station, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program was killed before the hand-over was closed; the case may still be."""
    case = with_everything(station, state)
    monkeypatch.setattr(settling.offering, "tell_ends", lambda _station: None)
    monkeypatch.setattr(settling, "publish_status", lambda _station, even_if_same: False)

    settling.settle(station)
    assert left(station, case) == set(BlobKind)
    settling.settle(replace(station, now=lambda: station.now() + timedelta(hours=21)))

    assert left(station, case) == set(BlobKind) - set(OF_THE_VISIT)
    assert station.load(case.number) == case
