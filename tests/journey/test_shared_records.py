"""Desks of a post on one PostgreSQL: the same journey, nothing to read there, one key."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from desk.app.rehearsal import TRAINING_PIN, Rehearsal, recovery_card
from desk.app.scripted import Script
from desk.app.training_records import opening
from desk.counter import approving
from desk.counter.settings import RecordsSettings, Settings
from desk.enrollment.process import ServiceProcess
from desk.issuance.approvals import PreparerMayNotApprove
from desk.issuance.case import NotPossible, State
from desk.issuance.roles import Role
from desk.store import cases
from desk.store.cases import BlobKind
from desk.store.troubles import KeyReplaced, Unreachable
from desk.training.piv_card import PivCard
from tests.journey.acts import Counter, Holder, Preparing, assert_invariants, opened, settings_with
from tests.journey.sightings import planted, sightings
from tests.postgres import Database, PostgresServer


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    made = postgres.database()
    yield made
    postgres.drop(made)


@pytest.fixture
def settings(database: Database, service: ServiceProcess) -> Settings:
    return replace(settings_with(service.url), records=RecordsSettings(database.url))


@pytest.fixture
def other_home(home: Path, tmp_path: Path) -> Path:
    """A second desk of the post: the same ministry, the same officers."""
    copy = tmp_path / "other"
    shutil.copytree(home, copy)
    return copy


def test_prepared_here_approved_there_issued_here(
    home: Path,
    other_home: Path,
    settings: Settings,
    database: Database,
    postgres: PostgresServer,
    tmp_path: Path,
) -> None:
    """A whole case at two desks with other people's cards; in the middle of it the server is
    gone, is told of, and comes back. What lies on the server then names nobody."""
    own_file = home / "training" / "records.db"
    before = own_file.read_bytes()
    settings = replace(settings, approval=replace(settings.approval, second_card="always"))
    with (
        opened(home, settings=settings) as one,
        opened(other_home, settings=settings) as other,
        Holder(one.authority) as holder,
    ):
        here, there = Preparing.begin(one), Script.begin(other)
        counter = Counter(one, here)
        case = counter.approved()
        assert case.state is State.PREPARED
        with pytest.raises(NotPossible):
            here.offer(case, "482915")

        approver = next(a for a in other.station.officers.values() if a.role is Role.APPROVER)
        assert approving.waiting(other.station, approver) == (case,)
        assert approving.waiting(other.station, there.officer) == ()
        with other.station.officer_card() as session, pytest.raises(PreparerMayNotApprove):
            approving.admit_approver(other.station, session, case)
        postgres.stop("immediate")
        with pytest.raises(Unreachable):
            there._approve_second(case)
        postgres.start()
        approved = there._approve_second(case)
        case = one.station.load(case.number)

        assert case == approved
        signers = {signed.officer for signed in case.approvals}
        assert signers == {here.officer.officer_id, approver.officer_id}
        with one.station.store.read() as session:
            pictures = [
                cases.blob(session, case.number, kind)
                for kind in (BlobKind.PORTRAIT, BlobKind.FACE, BlobKind.DG2)
            ]
        case = counter.prove(counter.deliver(case, holder), holder)

        assert case.state is State.PROVEN
        assert_invariants(one, holder, case)
        secrets = planted(counter.person, [picture for picture in pictures if picture])
        secrets["the log, which does stand there"] = {b"CRED.SIGNED"}
        found = sightings(lies_on(postgres, database, tmp_path / "server"), secrets)
    assert {what for _file, what in found} == {"the log, which does stand there"}
    assert own_file.read_bytes() == before


def test_key_replaced_at_the_other_desk(home: Path, other_home: Path, settings: Settings) -> None:
    """The open desk is told, and its next sign-in opens the records with the new key."""
    with (
        opened(home, settings=settings) as one,
        opened(other_home, settings=settings) as other,
    ):
        case = Counter.begin(one).approved()

        with opening(recovery(other), TRAINING_PIN) as card:
            changing = other.station.records.authorise(card, "", other.station.stamp())
            other.station.records.rotate(changing, other.station.stamp())
        with pytest.raises(KeyReplaced):
            one.station.load(case.number)
        with opening(recovery(one), TRAINING_PIN) as card:
            reopened = one.station.records.open(card, "", one.station.stamp())

        assert reopened
        assert one.station.load(case.number) == case
        assert other.station.load(case.number) == case


def recovery(rehearsal: Rehearsal) -> PivCard:
    station = rehearsal.station
    return recovery_card(rehearsal.authority, station.home, TRAINING_PIN, station.now())


def lies_on(server: PostgresServer, database: Database, folder: Path) -> Path:
    """The dump, the tables and the write-ahead log, in a folder to search."""
    folder.mkdir()
    with closing(database.connect()) as connection:
        connection.execute("CHECKPOINT")
        query = "SELECT oid::text FROM pg_database WHERE datname = current_database()"
        ((oid,),) = connection.execute(query).fetchall()
    (folder / "dump.sql").write_bytes(server.dump(database))
    for file in server.files():
        if file.parent.name in (oid, "pg_wal"):
            shutil.copy(file, folder / f"{file.parent.name}-{file.name}")
    return folder
