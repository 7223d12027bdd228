"""The second place gets every seal with its events, in order, once, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.counter import audit_commands, copies
from desk.counter.copies import CopyDiffers, CopyFailed
from desk.counter.station import Station
from tests.counter.sealed import COPIES, root_der, sealed, station_in, write_events


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with station_in(tmp_path, COPIES) as opened:
        yield opened


def log_folder(station: Station) -> Path:
    return next((station.home / COPIES).iterdir())


def names(station: Station) -> list[str]:
    return sorted(file.name for file in log_folder(station).iterdir())


def test_each_seal_with_its_events(station: Station) -> None:
    write_events(station, 3)
    sealed(station)
    write_events(station, 2)
    sealed(station)

    state = copies.send(station)

    assert (state.size, state.waiting) == (6, 0)
    assert names(station) == [
        "000000000001-000000000003.jsonl",
        "000000000003-000001.seal",
        "000000000004-000000000006.jsonl",
        "000000000006-000002.seal",
    ]


def test_copy_verifies_alone(station: Station) -> None:
    write_events(station, 4)
    sealed(station)
    copies.send(station)
    write_events(station, 4)
    sealed(station)
    copies.send(station)

    answer = audit_commands.verify(log_folder(station), roots=[root_der()])

    # Seal, copy: each leaves its event, and the next seal covers it.
    assert (answer.status, answer.facts["events"], answer.facts["seals"]) == (0, 10, 2)
    assert answer.facts["signers"] == "traced"


def test_nothing_new_copies_nothing(station: Station) -> None:
    write_events(station, 1)
    sealed(station)
    copies.send(station)
    before = names(station)

    state = copies.send(station)

    assert names(station) == before
    assert state.waiting == 0


def test_place_that_is_away(station: Station) -> None:
    """Not one seal is lost while the place is away; they go when it is back."""
    blocked = station.home / COPIES
    blocked.write_text("a file stands where the folder should be")
    for _ in range(3):
        write_events(station, 1)
        sealed(station)
        with pytest.raises(CopyFailed):
            copies.send(station)
    assert copies.state(station.store).waiting == 3

    blocked.unlink()
    state = copies.send(station)

    assert (state.waiting, len(list(log_folder(station).glob("*.seal")))) == (0, 3)
    assert audit_commands.verify(log_folder(station), roots=[root_der()]).status == 0


def test_cut_off_in_the_middle(station: Station) -> None:
    """A program that died between copy and note copies again over the same content."""
    write_events(station, 2)
    sealed(station)
    with station.store.read() as session:
        waiting = copies.seals.not_copied(session)
    copies._copy(station, station.home / COPIES, waiting[0])

    state = copies.send(station)

    assert state.waiting == 0
    assert len(names(station)) == 2


def test_copy_that_differs_is_not_overwritten(station: Station) -> None:
    write_events(station, 2)
    sealed(station)
    copies.send(station)
    file = next(log_folder(station).glob("*.seal"))
    file.write_bytes(file.read_bytes().replace(b"T-001", b"T-002"))

    with pytest.raises(CopyDiffers):
        copies.compare(station)
    assert b"T-002" in file.read_bytes()


def test_compare_without_a_copy_or_with_a_lost_one(station: Station) -> None:
    assert copies.compare(station).size == 0
    write_events(station, 1)
    sealed(station)
    copies.send(station)
    next(log_folder(station).glob("*.seal")).unlink()

    with pytest.raises(CopyFailed):
        copies.compare(station)


def test_no_second_place(tmp_path: Path) -> None:
    with station_in(tmp_path) as station:
        write_events(station, 1)
        sealed(station)

        state = copies.send(station)

        assert (state.waiting, state.at) == (1, None)
        assert copies.folder_of(station) is None
