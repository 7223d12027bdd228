"""Starts the officer's window: on real devices, or in the rehearsal on training ones."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import sys
import time
from collections.abc import Callable
from logging.handlers import RotatingFileHandler

import httpx

from desk.app.compose import open_station
from desk.app.home import Home
from desk.app.pcsc_readers import PcscReaders
from desk.app.rehearsal import Rehearsal, officer_card, open_rehearsal, passport_of
from desk.training.applicants import Applicant
from desk.training.camera import NAME as CAMERA_NAME
from desk.training.camera import Rgb, Scene, TrainingCamera
from desk.training.phone import Phone, PhoneEvent
from desk.ui.bench_control import BenchControl, Person
from desk.ui.camera import Camera
from desk.ui.phone.control import PhoneWindowControl
from desk.ui.program import Program, install_guards, lock_home, make_application
from desk.ui.theme import Mode

LOG_BYTES = 2_000_000


def start_log(home: Home) -> None:
    """One log file a home, of bounded size; it holds codes and never personal data."""
    handler = RotatingFileHandler(home.log, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger("desk")
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    if sys.stderr is not None:
        faulthandler.enable()


def run_desk(home: Home) -> int:
    """The officer's window on this station's own devices."""
    start_log(home)
    app = make_application()
    lock = lock_home(home.folder)
    install_guards()
    opened = open_station(home, PcscReaders())
    settings = opened.station.settings
    program = Program(opened.station, Camera(wanted=settings.camera.device))
    try:
        program.start()
        program.show_windows()
        return int(app.exec())
    finally:
        program.close()
        opened.close()
        lock.unlock()


def run_rehearsal(home: Home, args: argparse.Namespace) -> int:
    """The same window on training devices, with the trainee's bench and a phone beside it."""
    start_log(home.training)
    app = make_application()
    lock = lock_home(home.training.folder)
    install_guards()
    rehearsal = open_rehearsal(home, pcsc=vpcd_ports(args.vpcd))
    stage = Stage(rehearsal, mode=Mode.DARK if args.dark else Mode.LIGHT, language=args.language)
    try:
        stage.program.start()
        stage.program.show_windows()
        stage.show_windows()
        stage.choose(args.applicant)
        return int(app.exec())
    finally:
        stage.close()
        lock.unlock()


def vpcd_ports(text: str | None) -> tuple[int, int] | None:
    """``19579,19580``: passport and officer card of the virtual driver."""
    if not text:
        return None
    passport, card = text.split(",")
    return int(passport), int(card)


class Stage:
    """A rehearsal on the screen: the program, the bench, the applicant's camera and phone."""

    def __init__(
        self,
        rehearsal: Rehearsal,
        *,
        mode: Mode = Mode.LIGHT,
        language: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rehearsal = rehearsal
        self._clock = clock
        self.person: Applicant = rehearsal.people[0]
        self.training_camera = TrainingCamera(self.person)
        self.camera = Camera(self._next_frame, CAMERA_NAME)
        self.program = Program(rehearsal.station, self.camera, mode=mode, language=language)
        self._http = httpx.Client(timeout=15, trust_env=False)
        self.phone_control = PhoneWindowControl(
            self.new_phone, self.current_qr, language=self.program.look.language
        )
        self.bench = BenchControl(
            tuple(
                Person(one.key, one.hangul, one.latin, one.story.value, one.portrait_path)
                for one in rehearsal.people
            ),
            language=self.program.look.language,
        )
        self._join()

    def new_phone(self, on_event: Callable[[PhoneEvent], None] = lambda _event: None) -> Phone:
        """A phone that trusts the training authorities and holds nothing yet."""
        authority = self.rehearsal.authority
        return Phone(
            self._http,
            self.rehearsal.station.now,
            anchors=(authority.iaca,),
            verifiers=(authority.relying_party_root,),
            on_event=on_event,
        )

    def _join(self) -> None:
        window = self.bench.window
        window.applicant_chosen.connect(self.choose)
        window.passport_laid.connect(self.lay_passport)
        window.passport_taken.connect(self.take_passport)
        window.card_inserted.connect(self.insert_card)
        window.card_pulled.connect(self.pull_card)
        window.scene_chosen.connect(self.set_scene)
        window.mrz_scanned.connect(self.scan_mrz)

    # What the trainee does at the bench

    def choose(self, key: str) -> None:
        """Another applicant steps up to the window."""
        self.person = next(one for one in self.rehearsal.people if one.key == key)
        self.training_camera = TrainingCamera(self.person)
        self.bench.chosen(key)

    def lay_passport(self) -> None:
        self.rehearsal.bench.lay_passport(passport_of(self.rehearsal, self.person))
        self.bench.laid(True)

    def take_passport(self) -> None:
        self.rehearsal.bench.take_passport()
        self.bench.laid(False)

    def insert_card(self, position: int = 0) -> None:
        self.rehearsal.bench.insert_card(officer_card(self.rehearsal, position))
        self.bench.inserted(position)

    def pull_card(self) -> None:
        self.rehearsal.bench.pull_card()
        self.bench.inserted(None)

    def set_scene(self, scene: str) -> None:
        self.training_camera.scene = Scene(scene)
        self.bench.scened(scene)

    def scan_mrz(self) -> None:
        self.program.shell.mrz_scanned.emit("\n".join(self.person.mrz_lines))

    def current_qr(self) -> str | None:
        """What the applicant's phone would see on the window: the live QR, if there is one."""
        check, case = self.program.proof.check, self.program.desk.case
        if check is not None:
            return check.uri
        return case.offer.uri if case is not None and case.offer is not None else None

    def _next_frame(self) -> Rgb | None:
        return self.training_camera.next_frame(self._clock())

    def show_windows(self) -> None:
        self.bench.window.show()
        self.phone_control.window.show()

    def close(self) -> None:
        self.phone_control.close()
        self.bench.window.close()
        self.program.close()
        self.rehearsal.close()
        self._http.close()
