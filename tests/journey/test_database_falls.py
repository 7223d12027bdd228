"""The post's PostgreSQL falls (immediate stop) at every durable step of a redemption.

Records and mailbox lie on the same server, so desk and service lose theirs in the same
moment, inside a transaction or between two, while phone and desk wait. The server comes
back, everybody asks again, and I1 to I10 hold. Three falls a case, one line of the table each
case.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desk.app.serve import release_holder
from desk.counter.settings import RecordsSettings
from desk.enrollment.process import ServiceOrder, ServiceProcess
from desk.issuance.case import State
from desk.store import journal
from desk.training.phone import PhoneEvent
from tests.journey.acts import PATIENCE, WRONG_PIN, Counter, Holder, opened, settings_with
from tests.journey.invariants import Ended, hold
from tests.journey.test_kills import END, Table, ending, tables
from tests.pcscd import wait_until
from tests.postgres import PostgresServer

__all__ = ["tables"]

MOMENTS = (
    "writing OFFER.PLACED",
    "phone offer_read",
    "phone pin_wrong",
    "phone pin_right",
    "phone key_sent",
    "writing PHONE.KEY_TAKEN",
    "phone waiting",
    "writing CRED.INTENT",
    "writing CRED.SIGNED",
    "writing CASE.CREDENTIAL_SIGNED",
    "phone card_kept",
    "writing CASE.ANSWERED",
    "phone presented",
    "writing STATUS.CHANGED",
    "writing PROOF.GIVEN",
)
"""``writing``: inside the transaction of the event; ``phone``: just after the phone's step."""
CASES = [MOMENTS[first::5] for first in range(5)]


class Falls:
    """The server's falls at moments of a journey, once at each."""

    def __init__(self, server: PostgresServer, moments: Sequence[str]) -> None:
        self._server, self._lock = server, threading.Lock()
        self.left = list(moments)

    def reached(self, moment: str) -> None:
        """An immediate stop leaves what a power cut would; the server comes back at once."""
        with self._lock:
            if moment in self.left:
                self.left.remove(moment)
                self._server.stop("immediate")
                self._server.start()

    def over(self) -> None:
        """Wait until the server is back."""
        with self._lock:
            assert self._server.running

    def told(self, event: PhoneEvent) -> None:
        self.reached(f"phone {event.step}")

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Strike inside the transaction that writes the event."""
        append = journal.append

        def noted(session: Any, stamp: Any, kind: str, /, *rest: Any, **facts: Any) -> Any:
            event = append(session, stamp, kind, *rest, **facts)
            self.reached(f"writing {kind}")
            return event

        monkeypatch.setattr(journal, "append", noted)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("falls")


@pytest.fixture(scope="module")
def counter(prepared: Path, folder: Path, postgres_host: PostgresServer) -> Iterator[Counter]:
    """A desk with its records, and a service with its mailbox, on one server."""
    home = folder / "home"
    shutil.copytree(prepared, home)
    served = ServiceProcess(
        ServiceOrder(
            postgres_host.database().address,
            home / "training" / "station.key",
            folder / "enrollment.log",
            extra=("--wait", "0.5"),
        )
    )
    with ExitStack() as stack:
        stack.callback(served.stop)
        settings = settings_with(served.start())
        if served._thread is not None:
            served._thread.name = "session-falls"
        records = RecordsSettings(postgres_host.database().url)
        settings = replace(settings, records=records)
        yield Counter.begin(stack.enter_context(opened(home, settings=settings)))


@pytest.mark.parametrize("moments", CASES, ids=", ".join)
def test_database_falls(
    moments: Sequence[str],
    counter: Counter,
    folder: Path,
    postgres: PostgresServer,
    tables: Callable[[str], Table],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The desk sees a code or nothing at all, the phone too; both go on, nothing is doubled."""
    rehearsal = counter.rehearsal
    release_holder(rehearsal, counter.person.overseas_number)
    case = counter.approved()
    counter.troubles.clear()
    falls = Falls(postgres, moments)
    falls.watch(monkeypatch)
    counter.wait = falls.over
    guesses = 0
    with Holder(rehearsal.authority, falls.told) as holder:
        holder.wait_for_service = falls.over
        case = counter.offer(case)
        assert case.offer is not None
        if "phone pin_wrong" in moments:
            holder.take(case.offer.uri, WRONG_PIN).exception(PATIENCE)
            holder.redeeming, guesses = None, 1
        if "phone waiting" in moments:
            holder.take(case.offer.uri)
            wait_until(lambda: "phone waiting" not in falls.left, "the phone waiting")

        case = counter.prove(counter.deliver(case, holder), holder)

        assert falls.left == []
        assert case.state is State.PROVEN
        offers = sum(step.state is State.OFFERED for step in case.history)
        troubles = " ".join(counter.troubles) or "-"
        end = ending(rehearsal, case.number)
        held = hold(Ended(rehearsal, holder, case, None, [folder], guesses))
    row = (", ".join(moments), troubles, f"{offers}", end, held)
    tables(f"database falls | troubles at the desk | offers needed | {END}").rows.append(row)
