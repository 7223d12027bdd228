"""The program on the screen: on a station's own devices, or on the rehearsal's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx

from desk.app.compose import Opened
from desk.app.rehearsal import TRAINING_PIN, Rehearsal, officer_card, passport_of
from desk.mrtd.results import Result
from desk.training import forgeries
from desk.training.applicants import Applicant
from desk.training.camera import NAME as CAMERA_NAME
from desk.training.camera import Rgb, Scene, TrainingCamera
from desk.training.forgeries import Forgery
from desk.training.phone import Phone, PhoneEvent
from desk.training.piv_card import TRAINING_MANAGEMENT_KEY
from desk.ui.camera import Camera
from desk.ui.phone.bench import GENUINE, BenchView, BenchWindow
from desk.ui.phone.bench_rows import Ending, Passport, Person
from desk.ui.phone.control import PhoneControl
from desk.ui.phone.window import PhoneWindow
from desk.ui.program import Program, report_bug
from desk.ui.start import Front

PHONE_SECONDS = 15.0
PHONES = 2
"""So many phones lie on the table: what is reissued goes to another one, as in life."""


@dataclass(frozen=True)
class _Handset:
    phone: Phone
    window: PhoneWindow
    control: PhoneControl


class RealDesk:
    """The program on this station's own readers, camera and printer."""

    def __init__(self, front: Front, opened: Opened) -> None:
        self._opened = opened
        camera = Camera(wanted=opened.station.settings.camera.device)
        self.program = Program(opened.station, camera, front)
        self.program.start()
        self.program.show_windows()

    def close(self) -> None:
        self.program.close()
        self._opened.close()


class Stage:
    """A rehearsal on the screen: the program, the bench, the applicant's camera and phone."""

    def __init__(
        self,
        front: Front,
        rehearsal: Rehearsal,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rehearsal = rehearsal
        self._clock = clock
        self.person: Applicant = rehearsal.people[0]
        self.forgery: Forgery | None = None
        self.training_camera = TrainingCamera(self.person)
        self.camera = Camera(self._next_frame, CAMERA_NAME)
        self.program = Program(rehearsal.station, self.camera, front)
        for card_setup in self.program.set_up.card_setups:
            card_setup.known_key = TRAINING_MANAGEMENT_KEY.hex()
        self._http = httpx.Client(timeout=PHONE_SECONDS, trust_env=False)
        language = front.look.language
        self._handsets = tuple(self._new_handset(language, number + 1) for number in range(PHONES))
        self._held = 0
        self.bench = BenchWindow(language)
        self._view = BenchView(
            people=tuple(_bench_person(one) for one in rehearsal.people),
            chosen=self.person.key,
            passports=(GENUINE, *map(_bench_passport, Forgery)),
            cards=tuple(
                {"ko": f"{one.name_ko} {one.title_ko}", "en": f"{one.title_en} {one.name_en}"}
                for one in rehearsal.station.officers.values()
            ),
            card_pin=TRAINING_PIN,
            phones=PHONES,
        )
        self._join()
        self.program.start()
        self.bench.show_view(self._view)

    def _new_handset(self, language: str, number: int) -> _Handset:
        """A phone that trusts the training authorities and holds nothing yet."""
        authority = self.rehearsal.authority
        listening: list[PhoneControl] = []

        def hear(event: PhoneEvent) -> None:
            listening[0].hear(event)

        window = PhoneWindow(language, number=number)
        phone = Phone(
            self._http,
            self.rehearsal.station.now,
            anchors=(authority.iaca,),
            verifiers=(authority.relying_party_root,),
            on_event=hear,
        )
        listening.append(PhoneControl(window, phone, self.current_qr, report_bug))
        return _Handset(phone, window, listening[0])

    @property
    def phone(self) -> Phone:
        """The one in the applicant's hand."""
        return self._handsets[self._held].phone

    @property
    def phone_window(self) -> PhoneWindow:
        return self._handsets[self._held].window

    @property
    def phone_control(self) -> PhoneControl:
        return self._handsets[self._held].control

    def _join(self) -> None:
        bench = self.bench
        bench.applicant_chosen.connect(self.choose)
        bench.passport_chosen.connect(self.choose_passport)
        bench.passport_laid.connect(self.lay_passport)
        bench.passport_taken.connect(self.take_passport)
        bench.card_inserted.connect(self.insert_card)
        bench.card_pulled.connect(self.pull_card)
        bench.scene_chosen.connect(self.set_scene)
        bench.phone_chosen.connect(self.take_phone)
        bench.mrz_scanned.connect(self.scan_mrz)

    def _show(self, **changes: object) -> None:
        self._view = replace(self._view, **changes)  # type: ignore[arg-type]
        self.bench.show_view(self._view)

    # What the trainee does at the bench

    def choose(self, key: str) -> None:
        """Another applicant steps up to the window."""
        self.person = next(one for one in self.rehearsal.people if one.key == key)
        self.training_camera = TrainingCamera(self.person, self.training_camera.scene)
        self._show(chosen=key)

    def choose_passport(self, key: str) -> None:
        """The genuine passport of whoever sits there, or a forgery made from it."""
        self.forgery = None if key == GENUINE.key else Forgery.of(key)
        self._show(kind=key)

    def lay_passport(self) -> None:
        chip = passport_of(self.rehearsal, self.person, self.forgery)
        self.rehearsal.bench.lay_passport(chip)
        self._show(passport=self.person.key, laid=self._view.kind)

    def take_passport(self) -> None:
        self.rehearsal.bench.take_passport()
        self._show(passport="")

    def insert_card(self, position: int = 0) -> None:
        self.rehearsal.bench.insert_card(officer_card(self.rehearsal, position))
        self._show(card=position)

    def pull_card(self) -> None:
        self.rehearsal.bench.pull_card()
        self._show(card=None)

    def set_scene(self, scene: str) -> None:
        self.training_camera.scene = Scene(scene)
        self._show(scene=scene)

    def take_phone(self, place: int) -> None:
        """Another phone in the applicant's hand, in the place of the one before; each keeps
        what it has."""
        before = self.phone_window
        self._held = place
        if self.phone_window is not before:
            self.phone_window.move(before.pos())
            self.phone_window.setVisible(before.isVisible())
            before.hide()
        self._show(phone=place)

    def scan_mrz(self) -> None:
        """The page reader types the zone printed in the applicant's passport."""
        lines = self.person.mrz_lines
        if self.forgery is not None:
            lines = forgeries.printed(self.forgery, lines)
        self.program.shell.mrz_scanned.emit("\n".join(lines))

    def current_qr(self) -> str | None:
        """What the applicant's phone would see on the window: the live QR, if there is one."""
        check, case = self.program.proof.check, self.program.desk.case
        if check is not None:
            return check.uri
        return case.offer.uri if case is not None and case.offer is not None else None

    def _next_frame(self) -> Rgb | None:
        return self.training_camera.next_frame(self._clock())

    def show_windows(self) -> None:
        """All windows of the rehearsal."""
        self.program.show_windows()
        self.bench.show()
        self.phone_window.show()

    def close(self) -> None:
        for one in self._handsets:
            one.control.close()
            one.window.close()
        self.bench.close()
        self.program.close()
        self.rehearsal.close()
        self._http.close()


def _bench_passport(forgery: Forgery) -> Passport:
    """The forgery as a line of the bench."""
    ending = Ending.REFUSE if forgery.ends is Result.FAILED else Ending.LOOK_CLOSER
    return Passport(forgery.key, ending, forgery.code)


def _bench_person(person: Applicant) -> Person:
    """The applicant as a line of the bench."""
    return Person(person.key, person.story.value, person.hangul, person.latin, person.portrait())
