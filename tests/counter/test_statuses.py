"""desk.counter.statuses: what the records say is what everybody reads, whatever the clocks say."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from desk.counter import aftercare, holdings, statuses
from desk.counter.readying import Ready
from desk.counter.records import Records
from desk.counter.station import Station
from desk.counter.statuses import publish_status
from desk.credential import statuslist
from desk.credential.troubles import StatusListRefused
from desk.credential.verify import Trust
from desk.issuance.aftercare import SuspendReason
from desk.issuance.ports import StatusForm
from desk.store import journal, status
from desk.store.database import Store, StoreKind
from desk.store.key import new_key
from desk.store.postgres import SharedDatabase
from desk.store.status import Validity
from desk.store.troubles import Busy
from desk.training.authority import SIGNER_LIFE, TrainingAuthority
from tests.counter.holding_cases import (
    SIZE,
    Clock,
    Place,
    clock_of,
    delivered,
    desk_in,
    place_of,
    proven,
    validities,
)
from tests.counter.sealed import START
from tests.counter.test_aftercare import LEE, listed, officer
from tests.postgres import PostgresServer

# Never waited for where all is well, in seconds.
LONG = 20
SUSPENDED = {Validity.SUSPENDED.bits}


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with desk_in(tmp_path) as station:
        yield station


def suspend(station: Station, number: str) -> bool:
    """Whether the officer is told that everybody knows."""
    found = aftercare.suspend(station, officer(LEE), number, SuspendReason.LOSS_CALL)
    return found.published


# How long a list holds


def check_all(station: Station, at: datetime) -> None:
    """Both forms of every list as anybody checks them then. Raises StatusListRefused."""
    place, trust = place_of(station), Trust(anchors=station.authority.anchors, now=at)
    for name, (jwt, cwt) in place.lists.items():
        statuslist.verify_jwt(jwt, place.uri(name, StatusForm.JWT), trust)
        statuslist.verify_cwt(cwt, place.uri(name, StatusForm.CWT), trust)


def test_a_list_can_be_checked_over_days_on_which_no_desk_is_on(station: Station) -> None:
    """It ran out a day after it was signed: on a Sunday nobody could check a credential."""
    proven(station)
    publish_status(station)
    signed, lifetime = clock_of(station).at, station.settings.status.lifetime

    check_all(station, signed + timedelta(hours=62))
    check_all(station, signed + lifetime - timedelta(minutes=1))
    with pytest.raises(StatusListRefused) as refused:
        check_all(station, signed + lifetime)

    assert refused.value.facts == {"reason": "list has run out"}


def test_how_long_a_list_holds_is_set(station: Station) -> None:
    short = replace(station.settings, status=replace(station.settings.status, lifetime_hours=24))
    proven(station)
    publish_status(replace(station, settings=short))

    with pytest.raises(StatusListRefused):
        check_all(station, clock_of(station).at + timedelta(hours=25))


# Who signs


def test_what_a_certificate_that_has_ended_would_sign_is_not_published(station: Station) -> None:
    """It went out, nobody could check it, and the officer was told that it is public."""
    case = proven(station)
    publish_status(station)
    clock_of(station).let_pass(SIGNER_LIFE)

    told = suspend(station, case.number)
    with pytest.raises(statuses.StatusSignerOver) as over:
        publish_status(station)

    assert not told
    assert over.value.facts == {"since": "2026-11-22", "until": "2028-02-22"}
    assert listed(station, case) == {Validity.VALID.bits}


def test_what_another_authoritys_certificate_would_sign_is_not_published(station: Station) -> None:
    proven(station)
    strangers = {**vars(station.authority), "anchors": (TrainingAuthority.create(START, ()).iaca,)}

    with pytest.raises(statuses.StatusSignerUnknown):
        publish_status(replace(station, authority=cast(Any, SimpleNamespace(**strangers))))

    assert publish_status(station)


# Clocks


def test_a_suspension_goes_out_after_the_clock_was_set_back(station: Station) -> None:
    case = proven(station)
    publish_status(station)
    clock_of(station).let_pass(timedelta(seconds=-40))

    assert suspend(station, case.number)
    assert listed(station, case) == SUSPENDED


def test_a_suspension_at_a_window_whose_clock_is_behind_goes_out(station: Station) -> None:
    case = proven(station)
    publish_status(station)
    other = replace(station, now=Clock(clock_of(station).at - timedelta(seconds=20)))

    assert suspend(other, case.number)
    assert listed(station, case) == SUSPENDED


def test_a_change_whose_time_was_looked_up_before_another_went_out_goes_out_too(
    station: Station,
) -> None:
    """The writers' lock was had only after another lane's change was made and published."""
    case = proven(station)
    early = station.stamp(officer(LEE))
    other = proven(station)
    publish_status(station)
    with station.store.write() as session:
        for one in status.entries_of(session, case.number):
            status.set_validity(session, early, one.slot, Validity.SUSPENDED, "loss_call")

    assert publish_status(station)
    assert listed(station, case) == SUSPENDED
    assert listed(station, other) == {Validity.VALID.bits}


def test_a_credential_stands_suspended_on_the_list_from_its_birth(station: Station) -> None:
    """Also where the clock was set back since the list went out."""
    proven(station)
    publish_status(station)
    clock_of(station).let_pass(timedelta(seconds=-60))

    born = delivered(station)

    assert (validities(station, born), listed(station, born)) == ({Validity.SUSPENDED}, SUSPENDED)


def test_a_credential_is_born_suspended_while_another_is_ended(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call comes in between the time of the new index and its being taken."""
    victim = proven(station)
    publish_status(station)
    said, calls = Ready.said, [victim.number]

    def interrupted(*arguments: object) -> object:
        made = said(*arguments)  # type: ignore[arg-type]
        if calls:
            suspend(station, calls.pop())
        return made

    monkeypatch.setattr(Ready, "said", interrupted)
    born = delivered(station)

    assert place_of(station).published
    assert (listed(station, born), listed(station, victim)) == (SUSPENDED, SUSPENDED)


# Where


@dataclass
class Moved(Place):
    """The settings name another address than when credentials were issued."""

    def uri(self, name: str, form: StatusForm) -> str:
        return f"https://new.example/{name}.{form.value}"


def test_what_goes_out_elsewhere_is_not_called_published(station: Station) -> None:
    """Who checks the credential looks where it says, and that list stays as it was."""
    case = proven(station)
    publish_status(station)

    moved = replace(station, status_storage=Moved())
    told = suspend(moved, case.number)

    assert not told
    assert holdings.read(moved, officer(LEE), case.number).moved
    assert not holdings.read(station, officer(LEE), case.number).moved
    assert listed(station, case) == {Validity.VALID.bits}


# Two publications at once


@pytest.fixture(params=["file", "postgresql"])
def two(request: pytest.FixtureRequest, station: Station) -> Iterator[tuple[Station, Station]]:
    """Two lanes of a desk, or two desks that share their records; one place to publish."""
    if request.param == "file":
        yield station, station
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    database = server.database()
    key = new_key()
    stores = [
        Store.open(SharedDatabase.at(database.url), key, StoreKind.TRAINING) for _desk in range(2)
    ]
    first, second = (replace(station, records=Records.around(store)) for store in stores)
    with first.store.write() as session:
        status.begin_list(session, first.stamp(), SIZE)
    yield first, second
    for store in stores:
        store.close()
    server.drop(database)


@dataclass
class Held:
    """The first publication stands before the place with its list in hand until ``go``;
    ``behind`` is set once another one has to wait for it, or was not kept and went out."""

    place: Place
    first: threading.Thread | None = None
    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    behind: threading.Event = field(default_factory=threading.Event)
    outcome: list[object] = field(default_factory=list)

    def uri(self, name: str, form: StatusForm) -> str:
        return self.place.uri(name, form)

    def publish(self, name: str, jwt: str, cwt: bytes) -> None:
        if threading.current_thread() is self.first:
            self.reached.set()
            self.go.wait(LONG)
        self.place.publish(name, jwt, cwt)
        if threading.current_thread() is not self.first:
            self.behind.set()

    def begin(self, station: Station) -> None:
        """A publication of everything on a thread of its own, up to its list's way out."""
        desk = replace(station, status_storage=self)
        job = partial(publish_status, desk, even_if_same=True)
        self.first = threading.Thread(target=lambda: self.outcome.append(job()))
        self.first.start()
        self.reached.wait(LONG)

    def end(self) -> None:
        assert self.first is not None
        self.go.set()
        self.first.join()

    def end_when_another_waits(self, monkeypatch: pytest.MonkeyPatch) -> threading.Thread:
        in_turn = Store.in_turn

        @contextmanager
        def watched(store: Store, what: str, patience: float) -> Iterator[None]:
            try:
                with in_turn(store, what, 0.01):
                    pass
            except Busy:
                self.behind.set()
            with in_turn(store, what, patience):
                yield

        monkeypatch.setattr(Store, "in_turn", watched)

        def end() -> None:
            self.behind.wait(LONG)
            self.end()

        ending = threading.Thread(target=end)
        ending.start()
        return ending


def test_an_older_list_is_not_laid_over_a_newer_one(
    two: tuple[Station, Station], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call comes while another lane, or another desk, has the list of before in hand."""
    first, second = two
    victim = proven(first)
    publish_status(first)
    held = Held(place_of(first))
    held.begin(first)
    ending = held.end_when_another_waits(monkeypatch)

    told = suspend(replace(second, status_storage=held), victim.number)
    ending.join()

    assert told
    assert listed(first, victim) == SUSPENDED


@pytest.mark.parametrize("even_if_same", [False, True])
def test_what_went_out_meanwhile_does_not_go_out_again(
    two: tuple[Station, Station], even_if_same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    proven(first)
    place = place_of(first)
    before = place.published
    held = Held(place)
    held.begin(first)
    ending = held.end_when_another_waits(monkeypatch)

    went_out = publish_status(replace(second, status_storage=held), even_if_same=even_if_same)
    ending.join()

    assert (held.outcome, went_out, place.published) == ([True], False, before + 1)


def test_a_publication_that_does_not_end_keeps_the_next_only_so_long(
    two: tuple[Station, Station], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed stays due, is told as such, and goes out at the next try."""
    first, second = two
    victim = proven(first)
    publish_status(first)
    monkeypatch.setattr(statuses, "PATIENCE_SECONDS", 0.05)
    held = Held(place_of(first))
    held.begin(first)

    told = suspend(second, victim.number)
    with pytest.raises(statuses.PublicationWaits):
        publish_status(second)
    held.end()

    assert not told
    assert aftercare.publish_due(second)
    assert listed(first, victim) == SUSPENDED


def test_the_records_can_be_written_while_a_list_is_on_its_way(
    two: tuple[Station, Station],
) -> None:
    first, second = two
    proven(first)
    held = Held(place_of(first))
    held.begin(first)

    with second.store.write() as session:
        journal.append(session, second.stamp(), "TEST.EVENT")
    held.end()

    assert held.outcome == [True]
