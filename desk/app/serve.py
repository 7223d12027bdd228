"""The rehearsal without a window: service and desk for wallets, load and tests.

The desk side approves and signs by itself with the training card. ``POST
/rehearsal/offers`` (on loopback) brings an offer and its PIN; ``{"configuration":
"mdoc" | "sd-jwt" | "both"}`` chooses what it holds. What a phone then asks for is signed
as soon as its proof has been verified. Each offer is one invented person's; so many phones may
be on their way at the same time as there are people for whom everything goes well, and one more
offer ends the oldest.
"""

from __future__ import annotations

import argparse
import json
import logging
import queue
import secrets
import signal
import sys
import threading
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from desk.app.home import Home
from desk.app.rehearsal import Rehearsal, open_rehearsal
from desk.app.scripted import Script
from desk.cards.signer import CardSigner
from desk.counter import aftercare, intake, settling
from desk.counter.settings import Settings, load_settings
from desk.issuance.case import Case, State
from desk.training.applicants import Applicant, Story
from desk.trouble import Trouble

_log = logging.getLogger(__name__)

CHOICES = {"mdoc": ("mdoc",), "sd-jwt": ("sd-jwt",), "both": ("mdoc", "sd-jwt")}
ROUND_SECONDS = 0.2
_LONGEST_QUESTION = 2048


STORIES = (Story.PLAIN, Story.ELDEST, Story.LONG_NAME)
"""Whose cases end well without anybody's second look."""
_AWAITING = (State.OFFERED, State.SIGNING)


@dataclass
class _Live:
    """An offer that was minted; ``after`` is the last event of it that was seen."""

    person: Applicant
    case: Case
    after: int = 0


class Minter:
    """Makes approved cases and attends to their phones, all in one thread of its own."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal
        self._script = Script.begin(rehearsal)
        self._card: CardSigner = self._script.unlocked_card()
        self._wanted: queue.Queue[tuple[tuple[str, ...], queue.Queue[Any]]] = queue.Queue()
        self._people = [one for one in rehearsal.people if one.story in STORIES]
        # In the order in which they were minted.
        self._open: dict[str, _Live] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rehearsal-desk")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._card.lock()

    def mint(self, configurations: tuple[str, ...]) -> dict[str, str]:
        """An offer for one more training case. Raises the Trouble that prevented it."""
        answer: queue.Queue[Any] = queue.Queue()
        self._wanted.put((configurations, answer))
        minted = answer.get()
        if isinstance(minted, BaseException):
            raise minted
        return dict(minted)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                configurations, answer = self._wanted.get(timeout=ROUND_SECONDS)
            except queue.Empty:
                pass
            else:
                answer.put(self._answer(configurations))
            for number in list(self._open):
                self._attend(number)

    def _answer(self, configurations: tuple[str, ...]) -> dict[str, str] | BaseException:
        try:
            return self._mint(configurations)
        except Exception as reason:  # handed to the asking thread
            _log.warning("no offer: %s", getattr(reason, "code", type(reason).__name__))
            return reason

    def _mint(self, configurations: tuple[str, ...]) -> dict[str, str]:
        script, station = self._script, self._rehearsal.station
        person = self._whose_turn()
        self._free(person)
        case = script.approved_case(person)
        # Six digits that no rule for the applicant's own choice has to refuse.
        tx_code = f"{secrets.randbelow(900_000) + 100_000}"
        case = script.offer(case, tx_code, configurations)
        assert case.offer is not None
        self._open[case.number] = _Live(person, case)
        _log.info("offer for %s at %s", case.number, station.settings.station.serial)
        return {"offer": case.offer.uri, "tx_code": tx_code}

    def _whose_turn(self) -> Applicant:
        """The first whose phone nobody awaits, else whose offer is the oldest."""
        awaited = [one.person for one in self._open.values() if one.case.state in _AWAITING]
        free = [one for one in self._people if one not in awaited]
        return (free or awaited)[0]

    def _free(self, person: Applicant) -> None:
        """One phone a person: what earlier offers of this run left is ended first."""
        station, officer = self._rehearsal.station, self._script.officer
        for number in [number for number, one in self._open.items() if one.person == person]:
            case = self._after_round(self._open.pop(number).case)
            if case.state.is_open:
                intake.cancel(station, officer, case, "rehearsal_goes_on")
        release_holder(self._rehearsal, person.overseas_number)

    def _after_round(self, case: Case) -> Case:
        return self._rehearsal.station.load(case.number)

    def _attend(self, number: str) -> None:
        live = self._open[number]
        try:
            live.case, live.after = self._script.attend(live.case, self._card, live.after, 0.0)
        except Trouble as reason:
            _log.warning("case %s: %s", number, reason.code)
            live.case = self._after_round(live.case)
        if live.case.offer is None or live.case.state in (State.PROVEN, State.ACTIVATED):
            del self._open[number]


def release_holder(rehearsal: Rehearsal, overseas_number: str) -> None:
    """End what former training cases gave this invented person."""
    from desk.store import cases

    station = rehearsal.station
    with station.store.read() as session:
        numbers = cases.held_elsewhere(session, overseas_number, "")
    for number in numbers:
        aftercare.end_rehearsed(station, number)


class _Handler(BaseHTTPRequestHandler):
    minter: Minter

    def do_POST(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), _LONGEST_QUESTION)
        try:
            asked = json.loads(self.rfile.read(length) or b"{}")
            configurations = CHOICES[asked.get("configuration", "both")]
        except (ValueError, KeyError, AttributeError):
            self._reply(HTTPStatus.BAD_REQUEST, {"error": "invalid_request"})
            return
        try:
            self._reply(HTTPStatus.OK, self.minter.mint(configurations))
        except Trouble as reason:
            self._reply(HTTPStatus.CONFLICT, {"error": reason.code})

    def _reply(self, status: HTTPStatus, body: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Offers are secrets: nothing of a request goes to a log."""


class Serving:
    """Service, desk and the endpoint that mints, from start to stop."""

    def __init__(self, home: Home, port: int) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        mint_at = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self.rehearsal = open_rehearsal(
            home, settings=_on_port(home, port), service_options=("--mint-at", mint_at)
        )
        settling.settle(self.rehearsal.station)
        self._minter = Minter(self.rehearsal)
        _Handler.minter = self._minter
        self._listener = threading.Thread(target=self._server.serve_forever, name="mint")

    def start(self) -> dict[str, str]:
        """What a tester has to know."""
        self._minter.start()
        self._listener.start()
        station = self.rehearsal.station
        return {
            "issuer": station.link.issuer,
            "offers": f"{station.link.issuer}/rehearsal/offers",
            "iaca": str(station.home / station.settings.authority.iaca),
        }

    def stop(self) -> None:
        self._server.shutdown()
        self._listener.join()
        self._server.server_close()
        self._minter.stop()
        self.rehearsal.close()


def _on_port(home: Home, port: int) -> Settings:
    settings = load_settings(home.training.settings)
    return replace(settings, enrollment=replace(settings.enrollment, port=port))


def run_serve(home: Home, args: argparse.Namespace) -> int:
    """Serve until SIGTERM, SIGINT or the end of the process that started this one."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    serving = Serving(home, args.port)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        ready = serving.start()
        line = json.dumps(ready) if args.json else "\n".join(f"{k}: {v}" for k, v in ready.items())
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        ended.wait()
    finally:
        serving.stop()
    return 0
