"""SIGKILL for the desk and for its service at many points: the case resumes or is void.

Each test prints one line of the table: where it died, what stood in the records, what the
start settled, how it ended. Nothing is ever doubled, and no status index serves twice.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from desk.app.rehearsal import Rehearsal
from desk.app.serve import release_holder
from desk.counter import intake
from desk.counter.settling import settle
from desk.enrollment.link import HttpLink
from desk.enrollment.process import ServiceProcess
from desk.issuance.case import Case, State
from desk.store import offer_ends
from desk.store.models import IntentRow
from desk.training.authority import TrainingAuthority
from desk.training.phone import PhoneEvent
from desk.training.wallet_issuer import Manner
from desk.training.wallet_trouble import PinTriesOver, PinWrong
from tests.journey import victim
from tests.journey.acts import (
    PATIENCE,
    WRONG_PIN,
    Counter,
    Holder,
    only_case,
    opened,
)
from tests.journey.invariants import Ended, hold
from tests.journey.victim import POINTS, Point
from tests.pcscd import wait_until

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Table:
    """What the tests print at the end: one line a death."""

    title: str
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def text(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in self.rows]
        return "\n".join(["", self.title, *lines, ""])


@pytest.fixture(scope="module")
def tables(pytestconfig: pytest.Config) -> Iterator[Callable[[str], Table]]:
    made: dict[str, Table] = {}

    yield lambda title: made.setdefault(title, Table(title))

    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        for table in made.values():
            sys.stdout.write(table.text())


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """The process that forks desks."""
    errors = tmp_path_factory.mktemp("desks") / "errors.log"
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "tests.journey.victim"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        yield process
        assert process.stdin is not None
        process.stdin.close()


def kill_at(
    desks: subprocess.Popen[str], order: dict[str, str], scan: Callable[[str, str], object]
) -> int:
    """Let a desk live up to its point; ``scan`` gets every QR it shows. Its exit status."""
    assert desks.stdin is not None and desks.stdout is not None
    desks.stdin.write(json.dumps(order) + "\n")
    desks.stdin.flush()
    for line in desks.stdout:
        said = json.loads(line)
        if "ended" in said:
            return int(said["ended"])
        for kind, uri in said.items():
            scan(kind, uri)
    raise AssertionError("the desks are gone")


END = "ended | holds"
VOIDED = {
    "9C signed, signature lost",
    "four of a batch signed, none durable",
    "answer handed to the service",
    "delivered",
}
"""Points behind which the officer, back at the desk, ends the case instead."""

NOBODY_COUNTS_ON = {"offer at the service, not in the records", "withdrawn, service not told"}
"""Points at which an offer is left over that no case counts on."""

DEATHS = [(point, State.PROVEN) for point in POINTS]
DEATHS += [(point, State.CANCELLED) for point in POINTS if point.name in VOIDED]


@pytest.mark.parametrize(
    ("point", "end"), DEATHS, ids=[f"{point.name}, {end}" for point, end in DEATHS]
)
def test_desk_killed(
    point: Point,
    end: State,
    request: pytest.FixtureRequest,
    service: ServiceProcess,
    desks: subprocess.Popen[str],
    tables: Callable[[str], Table],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home: Path = request.getfixturevalue("home" if point.early else "approved_home")
    log = tmp_path / "signed-by-9C"
    log.touch()
    authority = TrainingAuthority.load(home / "training" / "authority")
    with Holder(authority, manner=Manner(keys=point.keys)) as holder:
        order = {"home": str(home), "url": service.url, "point": point.name, "log": str(log)}
        status = kill_at(desks, order, scanner(holder))
        assert status == -signal.SIGKILL, "the point was never reached"

        monkeypatch.setattr(victim.PivSession, "verify_and_sign", victim.PivSession.verify_and_sign)
        victim.log_signatures(log)
        settings = point.settings(service.url)
        with opened(home, settings=settings, service_options=("--wait", "0.5")) as rehearsal:
            found = state_found(rehearsal)
            dropped = untold(rehearsal)
            assert bool(dropped) == (point.name in NOBODY_COUNTS_ON)
            settle(rehearsal.station)
            settled = state_found(rehearsal)
            assert untold(rehearsal) == []
            counter = Counter.begin(rehearsal)
            if point.plan != "prove":
                holder.start_over()
            officer = counter.script.officer
            case = only_case(rehearsal) or intake.open_case(rehearsal.station, officer)
            if end is State.PROVEN:
                case = counter.finish(case, holder)
            else:
                case = intake.cancel(rehearsal.station, officer, case, "desk_failed")
                holder.start_over()

            assert case.state is end
            signed = set(log.read_text().split())
            ended, came = Ended(rehearsal, holder, case, signed, [home], offers=dropped), "-"
            if settled != found:
                came = settled
            row = (point.name, found, came, ending(rehearsal), hold(ended))
    tables(f"desk killed at | found in the records | settled at the start | {END}").rows.append(row)


def untold(rehearsal: Rehearsal) -> list[str]:
    """Offers of whose end the service does not know."""
    with rehearsal.station.store.read() as session:
        return [end.offer_id for end in offer_ends.due(session, rehearsal.station.actor)]


def scanner(holder: Holder) -> Callable[[str, str], object]:
    def scan(kind: str, uri: str) -> None:
        if kind == "offer":
            holder.take(uri)
        else:
            holder.present(uri)

    return scan


def state_found(rehearsal: Rehearsal) -> str:
    """The case's state with its intents: ``signing: 10 mdoc signed, sd-jwt live``."""
    case = only_case(rehearsal)
    if case is None:
        return "nothing"
    with rehearsal.station.store.read() as session:
        rows = session.scalars(select(IntentRow).order_by(IntentRow.written_at)).all()
    kinds = Tally(f"{row.format} {row.state}" for row in rows)
    intents = ", ".join(kind if times == 1 else f"{times} {kind}" for kind, times in kinds.items())
    return f"{case.state}: {intents}" if intents else str(case.state)


def ending(rehearsal: Rehearsal, number: str = "") -> str:
    """The end, and how many prepared credentials were thrown away on the way."""
    case = rehearsal.station.load(number) if number else only_case(rehearsal)
    assert case is not None
    mine = IntentRow.case_number == case.number
    with rehearsal.station.store.read() as session:
        rows = session.scalars(select(IntentRow).where(mine)).all()
    void = sum(row.state == "void" for row in rows)
    return f"{case.state}, {len(rows) - void} kept, {void} void"


# The service

MOMENTS = (
    "before place_offer",
    "after place_offer",
    "phone offer_read",
    "phone pin_wrong",
    "phone pin_right",
    "phone key_sent",
    "phone waiting",
    "before news",
    "after news",
    "before publish_status",
    "before answer",
    "after answer",
    "phone card_kept",
    "before place_check",
    "after place_check",
    "phone request_read",
    "phone presented",
    "before check_answer",
)


class Killer:
    """Kills the desk's own service once, at a moment of a journey."""

    def __init__(self, rehearsal: Rehearsal, moment: str) -> None:
        assert rehearsal.opened.service is not None
        self._service = rehearsal.opened.service
        self._lock = threading.Lock()
        self._side, self._name = moment.split(" ")
        self.struck = False

    def strike(self) -> None:
        """SIGKILL, and wait until it is gone for good; the next one may not serve yet."""
        with self._lock:
            if self.struck:
                return
            self.struck = True
            starts, pid = self._service.starts, self._service.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: self._service.starts > starts, "the next service")

    def told(self, event: PhoneEvent) -> None:
        """What the phone says of its steps."""
        if self._side == "phone" and event.step == self._name:
            self.strike()

    def wrap(self, link: HttpLink, monkeypatch: pytest.MonkeyPatch) -> None:
        """Strike around a call of the desk."""
        if self._side == "phone":
            return
        real = getattr(link, self._name)

        def call(*args: Any) -> Any:
            if self._side == "before":
                self.strike()
            answer = real(*args)
            if self._side == "after":
                self.strike()
            return answer

        monkeypatch.setattr(link, self._name, call)


@pytest.fixture(scope="module")
def counter(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """One desk with a service of its own, for one case after another."""
    home = tmp_path_factory.mktemp("service-killed") / "home"
    shutil.copytree(prepared, home)
    with opened(home, service_options=("--wait", "0.5")) as rehearsal:
        yield Counter.begin(rehearsal)


@pytest.mark.parametrize("moment", MOMENTS)
def test_service_killed(
    moment: str,
    counter: Counter,
    tables: Callable[[str], Table],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The desk sees ENROLL-01, the phone no answer; both go on, and nothing is doubled."""
    rehearsal = counter.rehearsal
    service, station = rehearsal.opened.service, rehearsal.station
    assert service is not None and isinstance(station.link, HttpLink)
    release_holder(rehearsal, counter.person.overseas_number)
    case = counter.approved()
    counter.troubles.clear()
    killer = Killer(rehearsal, moment)
    killer.wrap(station.link, monkeypatch)
    with Holder(rehearsal.authority, killer.told) as holder:
        holder.wait_for_service = service.wait_until_serving
        case = counter.offer(case)
        if moment == "phone pin_wrong":
            guess_wrong(holder, case)
        if moment == "phone waiting":
            # An officer who is slower than the service's patience.
            assert case.offer is not None
            holder.take(case.offer.uri)
            wait_until(lambda: killer.struck, "the phone waiting")

        case = counter.prove(counter.deliver(case, holder), holder)

        assert killer.struck
        assert case.state is State.PROVEN
        offers = sum(step.state is State.OFFERED for step in case.history)
        troubles = ", ".join(dict.fromkeys(counter.troubles)) or "-"
        end = ending(rehearsal, case.number)
        guesses = 3 if moment == "phone pin_wrong" else 0
        held = hold(Ended(rehearsal, holder, case, None, [rehearsal.station.home], guesses))
    row = (moment, troubles, f"{offers}", end, held)
    tables(f"service killed | troubles at the desk | offers needed | {END}").rows.append(row)


def guess_wrong(holder: Holder, case: Case) -> None:
    """Two wrong guesses before, one after the death: each counts, none twice (I6)."""
    assert case.offer is not None
    left = []
    for _ in range(3):
        guess = holder.take(case.offer.uri, WRONG_PIN).exception(PATIENCE)
        assert isinstance(guess, PinWrong)
        left.append(guess.facts["tries_left"])
        holder.wait_for_service()
    assert left == [4, 3, 2]
    holder.redeeming = None


def test_tries_end_over_a_death(counter: Counter) -> None:
    """Five wrong guesses void the offer, however often the service died in between (I6)."""
    rehearsal = counter.rehearsal
    release_holder(rehearsal, counter.person.overseas_number)
    case = counter.offer(counter.approved())
    assert case.offer is not None
    offer_id = case.offer.offer_id
    with Holder(rehearsal.authority) as holder:
        for guess in range(5):
            refused = holder.take(case.offer.uri, WRONG_PIN).exception(PATIENCE)
            assert isinstance(refused, PinWrong if guess < 4 else PinTriesOver)
            if guess in (1, 3):
                Killer(rehearsal, "phone -").strike()
                service = rehearsal.opened.service
                assert service is not None and service.wait_until_serving()

        case = counter.attend(case, lambda known: known.offer is None)

        assert case.state is State.APPROVED
        assert not holder.cards
        case = intake.cancel(rehearsal.station, counter.script.officer, case, "tries")
        hold(Ended(rehearsal, holder, case, None, [rehearsal.station.home], 5, [offer_id]))
