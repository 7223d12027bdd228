"""What a start settles by itself, with no card in the reader and nobody signed in."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from desk.app.compose import utc_now
from desk.app.rehearsal import Rehearsal
from desk.counter import intake, offering
from desk.counter.settling import settle
from desk.credential.statuslist import Status
from desk.enrollment.process import ServiceProcess
from desk.enrollment.trouble import ServiceDown
from desk.issuance.case import State
from desk.issuance.ports import EventKind
from desk.store.models import IntentRow
from desk.trouble import Trouble
from tests.journey.acts import (
    PATIENCE,
    PIN,
    Counter,
    Holder,
    kinds,
    only_case,
    opened,
    settings_with,
)
from tests.pcscd import wait_until

ROOT = Path(__file__).resolve().parents[2]


def intents_of(rehearsal: Rehearsal) -> list[tuple[str, bytes | None]]:
    with rehearsal.station.store.read() as session:
        rows = session.scalars(select(IntentRow).order_by(IntentRow.written_at))
        return [(row.state, row.signature) for row in rows]


def test_signed_answer_goes_out_again(
    approved_home: Path, service: ServiceProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed, and the desk died before the service had it: the same bytes, no card needed."""
    settings = settings_with(service.url, formats=("mdoc",))
    with opened(approved_home, settings=settings) as rehearsal:
        holder = Holder(rehearsal.authority)
        counter = Counter.begin(rehearsal)
        case = only_case(rehearsal)
        assert case is not None
        case = counter.offer(case)
        assert case.offer is not None
        holder.take(case.offer.uri)

        def lost(*_args: object) -> None:
            raise ServiceDown

        with monkeypatch.context() as cut:
            cut.setattr(rehearsal.station.link, "answer", lost)
            card, after = counter.script.unlocked_card(), 0
            with pytest.raises(ServiceDown):
                while True:
                    case, after = counter.script.attend(case, card, after, 0.3)
        before = intents_of(rehearsal)
        assert [state for state, _ in before] == ["signed"]

    with holder, opened(approved_home, settings=settings) as rehearsal:
        rehearsal.bench.pull_card()

        settle(rehearsal.station)

        assert holder.redeeming is not None
        (kept,) = holder.redeeming.result(PATIENCE)
        settle(rehearsal.station)
        assert intents_of(rehearsal) == [("delivered", before[0][1])]
        case = only_case(rehearsal)
        assert case is not None and case.state is State.DELIVERED
        assert holder.phone.status(kept) is Status.SUSPENDED
        assert Counter.begin(rehearsal).prove(case, holder).state is State.PROVEN


def test_expired_offer_is_withdrawn(approved_home: Path, service: ServiceProcess) -> None:
    """The QR's time ran out while nobody looked: the case waits for a new one."""
    with opened(approved_home, service.url) as rehearsal:
        counter = Counter.begin(rehearsal)
        case = only_case(rehearsal)
        assert case is not None
        station = rehearsal.station
        life = timedelta(minutes=station.settings.enrollment.offer_minutes)
        slow = replace(station, now=lambda: utc_now() - life + timedelta(seconds=0.3))
        case = offering.place_offer(slow, counter.script.officer, case, PIN)
        assert case.offer is not None
        offer_id = case.offer.offer_id
        wait_until(lambda: EventKind.EXPIRED in kinds(rehearsal, offer_id), "the offer's end")

    with opened(approved_home, service.url) as rehearsal:
        settle(rehearsal.station)

        case = only_case(rehearsal)
        assert case is not None
        assert (case.state, case.offer) == (State.APPROVED, None)


@pytest.mark.parametrize("reached", [State.OPENED, State.APPROVED, State.OFFERED])
def test_case_of_a_former_day_expires(
    home: Path, approved_home: Path, service: ServiceProcess, reached: State
) -> None:
    """A case that nobody touched for a day has its end, and its offer with it (I10)."""
    folder = home if reached is State.OPENED else approved_home
    offer_id = ""
    with opened(folder, service.url) as rehearsal:
        counter = Counter.begin(rehearsal)
        case = only_case(rehearsal) or intake.open_case(rehearsal.station, counter.script.officer)
        if reached is State.OFFERED:
            case = counter.offer(case)
            assert case.offer is not None
            offer_id = case.offer.offer_id
        assert case.state is reached

    with opened(folder, service.url, now=later(timedelta(hours=21))) as rehearsal:
        settle(rehearsal.station)

        case = only_case(rehearsal)
        assert case is not None and case.state is State.EXPIRED
        assert case.ending is not None and case.ending.reason == "left_open"
        assert case.closed_at is not None
        if offer_id:
            assert kinds(rehearsal, offer_id)[-1] is EventKind.VOIDED


def test_case_of_today_stays(approved_home: Path, service: ServiceProcess) -> None:
    with opened(approved_home, service.url, now=later(timedelta(hours=19))) as rehearsal:
        before = only_case(rehearsal)

        settle(rehearsal.station)

        assert only_case(rehearsal) == before


def test_delivered_case_waits_for_a_person(approved_home: Path, service: ServiceProcess) -> None:
    """What a phone already holds does not end by itself: somebody must prove or revoke it."""
    with opened(approved_home, service.url) as rehearsal, Holder(rehearsal.authority) as holder:
        case = only_case(rehearsal)
        assert case is not None
        delivered = Counter.begin(rehearsal).deliver(case, holder)

    with opened(approved_home, service.url, now=later(timedelta(hours=21))) as rehearsal:
        settle(rehearsal.station)

        assert only_case(rehearsal) == delivered


def test_silent_service_keeps_nobody_from_starting(
    approved_home: Path, service: ServiceProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offers stay as they are until the service answers again."""
    with opened(approved_home, service.url) as rehearsal:
        case = only_case(rehearsal)
        assert case is not None
        case = Counter.begin(rehearsal).offer(case)

        def silent(*_args: object) -> None:
            raise ServiceDown

        with monkeypatch.context() as cut:
            for call in ("news", "publish_status"):
                cut.setattr(rehearsal.station.link, call, silent)
            settle(rehearsal.station)

        assert only_case(rehearsal) == case


def later(much: timedelta) -> Callable[[], datetime]:
    return lambda: utc_now() + much


HOLD = """
import sys
from pathlib import Path
from desk.ui.start import lock_home
lock = lock_home(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_one_desk_a_home(tmp_path: Path) -> None:
    """A second desk on the same home is refused by code; a killed one leaves no lock."""
    start = pytest.importorskip("desk.ui.start")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"

        with pytest.raises(Trouble) as caught:
            start.lock_home(tmp_path)
        first.send_signal(signal.SIGKILL)
        first.wait()

        assert caught.value.code == "DESK-02"
        start.lock_home(tmp_path).unlock()
