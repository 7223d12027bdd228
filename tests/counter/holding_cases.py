"""A station in which credentials were issued, for the tests of what happens afterwards.

Cases come the whole way through the desk's own acts; the phone's part and the service's are
left out: delivery and proof are noted as the desk notes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from desk.counter.station import Station
from desk.credential.claims import load_profile
from desk.issuance.case import Act, Case, UseProof, advance
from desk.issuance.ports import StatusForm
from desk.store import cases, intents, status
from desk.store.status import StatusSlot, Validity
from desk.training.authority import TrainingAuthority
from desk.trouble import Trouble
from tests.counter.sealed import START, station_in
from tests.counter.test_approving import (
    CredentialCard,
    Person,
    Reader,
    Service,
    approved_case,
    crew,
    issue,
    new_case,
    nothing_revoked,
    offered,
    prepare,
)

SIZE = 1 << 10


@cache
def ministry() -> TrainingAuthority:
    """Whose certificate signs the status lists."""
    return TrainingAuthority.create(START)


class PlaceAway(Trouble):
    """Where the lists are published does not answer."""

    code = "ENROLL-01"


@dataclass
class Place:
    """Where lists are read: keeps the last of each, or is away."""

    away: bool = False
    lists: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    published: int = 0

    def uri(self, name: str, form: StatusForm) -> str:
        return f"https://desk.example/status/{name}.{form.value}"

    def publish(self, name: str, jwt: str, cwt: bytes) -> None:
        if self.away:
            raise PlaceAway()
        self.lists[name] = (jwt, cwt)
        self.published += 1


@dataclass
class Clock:
    """Every look takes a second; a test may let more go by."""

    at: datetime = START

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def let_pass(self, time: timedelta) -> None:
        self.at += time


@contextmanager
def desk_in(folder: Path, size: int = SIZE) -> Iterator[Station]:
    with station_in(folder) as bare:
        with bare.store.write() as session:
            status.begin_list(session, bare.stamp(), size)
        authority = SimpleNamespace(
            revocations=SimpleNamespace(check=nothing_revoked),
            anchors=(ministry().iaca,),
            status_signer=ministry().status_signer,
        )
        yield replace(
            bare,
            now=Clock(),
            roles=cast(Any, Reader(crew()[0].card)),
            officers={one.officer.card: one.officer for one in crew()},
            authority=cast(Any, authority),
            profile=load_profile(),
            link=cast(Any, Service()),
            status_storage=cast(Any, Place()),
        )


def place_of(station: Station) -> Place:
    return cast(Place, station.status_storage)


def clock_of(station: Station) -> Clock:
    return cast(Clock, station.now)


def insert(station: Station, who: Person) -> None:
    cast(Any, station.roles).card = who.card


def delivered(station: Station, *, exception: bool = False) -> Case:
    """One credential on a phone that has not presented it; an exception has two signatures."""
    insert(station, crew()[0])
    if exception:
        approved = approved_case(station)
    else:
        approved = prepare(station, new_case(station, exception=False), crew()[0])
    case = issue(station, offered(station, approved), CredentialCard(station))
    stamp = station.stamp()
    with station.store.write() as session:
        for intent in intents.standing(session, case.number):
            intents.mark_delivered(session, stamp, intent.id)
        case = advance(case, Act.DELIVER, stamp.at)
        cases.save(session, stamp, case, "CASE.ANSWERED", configuration="mdoc")
    return case


def proven(station: Station, *, exception: bool = False) -> Case:
    """The same after its proof, on the published list."""
    case = delivered(station, exception=exception)
    stamp = station.stamp()
    with station.store.write() as session:
        for one in case.issued:
            slot = StatusSlot(one.status_list, one.status_index)
            status.set_validity(session, stamp, slot, Validity.VALID, "proven")
        proof = UseProof(stamp.at, case.issued_configurations, stamp.at)
        case = advance(case, Act.PROVE, stamp.at, proof=proof, closed_at=stamp.at)
        cases.save(session, stamp, case, "PROOF.GIVEN", count=len(case.issued))
    return case


def validities(station: Station, case: Case) -> set[Validity]:
    with station.store.read() as session:
        return {one.validity for one in status.entries_of(session, case.number)}
