"""SIGKILL for the desk and for its service at many points: the case resumes or is void.

Each test prints one line of the table: where it died, what stood in the records, what the
start settled, how it ended. Nothing is ever doubled, and no status index serves twice.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from desk.app.rehearsal import Rehearsal
from desk.counter import intake
from desk.counter.settling import settle
from desk.enrollment.process import ServiceProcess
from desk.issuance.case import State
from desk.store.models import IntentRow
from desk.training.authority import TrainingAuthority
from tests.journey import victim
from tests.journey.acts import (
    Counter,
    Holder,
    assert_invariants,
    only_case,
    opened,
)
from tests.journey.victim import POINTS, Point

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


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_desk_killed(
    point: Point,
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
    url = "" if point.own_service else service.url
    authority = TrainingAuthority.load(home / "training" / "authority")
    with Holder(authority) as holder:
        order = {"home": str(home), "url": service.url, "point": point.name, "log": str(log)}
        status = kill_at(desks, order, scanner(holder))
        assert status == -signal.SIGKILL, "the point was never reached"

        monkeypatch.setattr(victim.CardSigner, "sign", victim.CardSigner.sign)
        victim.log_signatures(log)
        with opened(home, url, service_options=("--wait", "0.5")) as rehearsal:
            found = state_found(rehearsal)
            settle(rehearsal.station)
            settled = state_found(rehearsal)
            counter = Counter.begin(rehearsal)
            if point.plan != "prove":
                holder.start_over()
            case = only_case(rehearsal) or intake.open_case(
                rehearsal.station, counter.script.officer
            )
            case = counter.finish(case, holder)

            signed = set(log.read_text().split())
            assert case.state is State.PROVEN
            assert_invariants(rehearsal, holder, signed)
            row = (point.name, found, settled if settled != found else "-", ending(rehearsal))
    table = tables("desk killed | found in the records | settled at the start | ended")
    table.rows.append(row)


def scanner(holder: Holder) -> Callable[[str, str], object]:
    def scan(kind: str, uri: str) -> None:
        if kind == "offer":
            holder.take(uri)
        else:
            holder.present(uri)

    return scan


def state_found(rehearsal: Rehearsal) -> str:
    """The case's state with its intents: ``signing: mdoc signed, sd-jwt live``."""
    case = only_case(rehearsal)
    if case is None:
        return "nothing"
    with rehearsal.station.store.read() as session:
        rows = session.scalars(select(IntentRow).order_by(IntentRow.written_at)).all()
    intents = ", ".join(f"{row.format} {row.state}" for row in rows)
    return f"{case.state}: {intents}" if intents else str(case.state)


def ending(rehearsal: Rehearsal) -> str:
    """The end, and how many prepared credentials were thrown away on the way."""
    with rehearsal.station.store.read() as session:
        rows = session.scalars(select(IntentRow)).all()
    case = only_case(rehearsal)
    void = sum(row.state == "void" for row in rows)
    state = str(case.state) if case else "nothing"
    return f"{state}, {len(rows) - void} kept, {void} void"
