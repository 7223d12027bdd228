"""The applicant's window: one snapshot after every change, nothing of the officer's notes.

Which page stands there follows from the case, the officer's page and what the applicant
has done on it. What the applicant does comes back as acts that are kept with the case.
"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from desk.counter import deciding, holdings, intake, relying
from desk.counter.slips.facts import ServiceUse
from desk.face.quality import CaptureQuality, CheckName
from desk.issuance.case import Case, CaseKind, State
from desk.issuance.eligibility import RuleOutcome
from desk.issuance.pin_rules import PinFacts
from desk.issuance.ports import EventKind
from desk.mrtd.portrait import portrait_rgb
from desk.mrtd.reader import ReadPhase, ReadProgress
from desk.mrtd.results import Result
from desk.store import cases
from desk.store.cases import BlobKind
from desk.trouble import Trouble
from desk.ui.applicant.snapshot import (
    ApplicantScreen,
    CameraView,
    Ending,
    Kept,
    LiveState,
    LossContact,
    Page,
    PersonData,
    PostFacts,
    Progress,
    Purpose,
    QrFacts,
    Reading,
    Refusal,
    ServiceLine,
    Spoken,
)
from desk.ui.applicant.window import ApplicantWindow
from desk.ui.control.desk import FIRST_LANGUAGE, Desk
from desk.ui.control.face import FaceControl
from desk.ui.control.passport import PassportControl
from desk.ui.control.phone import PhoneControl
from desk.ui.control.proof import ProofControl
from desk.ui.control.steps import Step
from desk.ui.lanes import Lane
from desk.ui.pictures import image_of, png_of
from desk.ui.second_screen import MonitorGone, SecondScreen
from desk.words import Words

_CHECKS = {
    "one_person": (CheckName.FACE_COUNT,),
    "distance": (CheckName.INTER_EYE,),
    "light": (CheckName.BRIGHTNESS, CheckName.EVENNESS),
    "direction": (CheckName.YAW, CheckName.PITCH, CheckName.ROLL),
}
# The four phases the applicant sees, by the last reading phase of each.
_PHASE_ENDS = (ReadPhase.ACCESS, ReadPhase.DETAILS, ReadPhase.DG2, ReadPhase.VERIFY)
_CLOSED = (Page.EXPIRED, Page.NO_TRIES)


class HelpCalled(Trouble):
    """The applicant asks for the officer."""

    code = "APPL-01"


class DataWrong(Trouble):
    """The applicant says that something on the data page is not right."""

    code = "APPL-02"


_CALLS: dict[str, type[Trouble]] = {"help": HelpCalled, "data_wrong": DataWrong}


class ApplicantControl(QObject):
    """Wires the applicant's window to the desk."""

    def __init__(
        self,
        desk: Desk,
        window: ApplicantWindow,
        monitor: SecondScreen,
        passport: PassportControl,
        face: FaceControl,
        phone: PhoneControl,
        proof: ProofControl,
    ) -> None:
        super().__init__(desk)
        self._desk, self._window, self._monitor = desk, window, monitor
        self._passport, self._face, self._phone, self._proof = passport, face, phone, proof
        self._words = Words("desk")
        # None until the case's are asked for.
        self._services: tuple[ServiceUse, ...] | None = None
        # Whether what was delivered may not become usable; None until the records are asked.
        self._is_barred: bool | None = None
        # What the applicant of this case has touched; empty until then.
        self._language = ""
        self._keeps_language = False
        self._case_number = self._called = ""
        self._started = self._wants_pin = False
        # The page that the applicant has done with, or that has cleared itself.
        self._finished: Page | None = None
        self._reading: Reading | None = None
        self._camera: CameraView | None = None
        self._portrait = b""
        self._slip = b""
        self._wire()

    def _wire(self) -> None:
        desk, window = self._desk, self._window
        for signal in (desk.case_changed, self._phone.progressed, self._proof.progressed):
            signal.connect(self.refresh)
        desk.shown.connect(self._moved)
        desk.ticked.connect(self._on_tick)
        self._monitor.gone.connect(self._lost_sight)
        self._monitor.back.connect(self._in_sight)
        self._passport.progressed.connect(self._read_on)
        self._face.judged.connect(self._judged)
        self._face.staged.connect(self._staged)
        self._phone.pin_wanted.connect(self._want_pin)
        window.language_chosen.connect(self._chose_language)
        window.started.connect(self._start)
        window.consent_given.connect(self._consent)
        window.data_wrong.connect(lambda: self._call("data_wrong"))
        window.help_called.connect(lambda: self._call("help"))
        window.data_confirmed.connect(self._confirm)
        window.pin_progress.connect(self._phone.typed)
        window.pin_chosen.connect(self._choose_pin)
        window.new_pin_wanted.connect(self._phone.new_pin)
        window.finished.connect(self._finish)

    # The page

    def refresh(self) -> None:
        """Show what the applicant has to see now; the officer's header says it too."""
        case = self._desk.case
        number = case.number if case else ""
        if number != self._case_number:
            self._forget(number)
        self._keep_language()
        screen = self._screen(case)
        self._window.show_screen(screen)
        key = "no_monitor" if self._monitor.is_away else self._called or _said_of(screen)
        self._desk.applicant_sees(self._words.text(f"applicant.{key}", self._desk.look.language))

    def _lost_sight(self) -> None:
        """The applicant sees nothing any more: the header says so, and a banner."""
        self.refresh()
        self._desk.show_trouble(MonitorGone())

    def _in_sight(self) -> None:
        self.refresh()
        self._desk.settle_trouble(MonitorGone.code)

    def _moved(self, _step: object) -> None:
        """The officer went on: whoever called has been heard."""
        self._called = ""
        case = self._desk.case
        if case is not None and self._is_barred is not None:
            # It may have been reported lost, on a call that the case waited behind.
            self._ask_if_barred(case)
        self.refresh()

    def _call(self, why: str) -> None:
        """The applicant needs the officer: the header says so, and a banner."""
        self._called = why
        self.refresh()
        self._desk.show_trouble(_CALLS[why]())

    def _forget(self, number: str) -> None:
        self._called = ""
        self._case_number, self._language = number, ""
        if number:
            self._desk.next_language = FIRST_LANGUAGE
        self._started = self._wants_pin = False
        self._finished = None
        self._reading, self._camera = None, None
        self._portrait, self._slip = b"", b""
        self._services = self._is_barred = None

    def _screen(self, case: Case | None) -> ApplicantScreen:
        desk = self._desk
        base = ApplicantScreen(
            page=Page.IDLE,
            post=PostFacts(
                desk.station.post.name["ko"], desk.station.post.city, desk.station.post.zone.key
            ),
            language=(self._language or case.language) if case else desk.next_language,
            case_key=self._case_number,
            resumes=case is not None and case.kind is CaseKind.RESUME,
        )
        page = self._page(case) if case is not None else Page.IDLE
        if case is None or page is self._finished:
            return base
        screen = replace(base, page=page, step=page.step)
        if desk.is_locked:
            return replace(base, page=Page.HIDDEN, step=page.step)
        return self._filled(screen, case)

    def _page(self, case: Case) -> Page:
        if self._slip:
            return Page.SLIP
        by_state = {
            State.CANCELLED: Page.IDLE,
            State.EXPIRED: Page.IDLE,
            State.PROVEN: Page.DONE,
            State.ACTIVATED: Page.DONE,
        }
        if case.state is State.REFUSED:
            return Page.REFUSED if self._may_tell_why(case) else Page.FURTHER_CHECK
        if case.state in by_state:
            return by_state[case.state]
        if case.state is State.DELIVERED:
            return self._delivered_page(case)
        if case.state in (State.APPROVED, State.OFFERED, State.SIGNING):
            return self._phone_page(case)
        return self._early_page(case)

    def _delivered_page(self, case: Case) -> Page:
        """Whoever could not show it may come again: then the check QR stands here too."""
        if self._proof.check is not None:
            self._is_barred = None
            return Page.PROVE
        if not case.held:
            return Page.SENDING
        if self._is_barred is None:
            self._ask_if_barred(case)
            return Page.SENDING
        return Page.BARRED if self._is_barred else Page.NOT_PROVEN

    def _ask_if_barred(self, case: Case) -> None:
        """What the records say of it; until then the window says that it is saved, and no more."""
        station = self._desk.station

        def look() -> bool:
            with station.store.read() as session:
                return bool(holdings.bar_in(session, case.number))

        def done(is_barred: bool) -> None:
            # Somebody else may sit there by now, or another QR stand there.
            if case.number == self._case_number and self._proof.check is None:
                self._is_barred = is_barred
                self.refresh()

        self._desk.work(Lane.RECORDS, look, done, look_at=case)

    def _may_tell_why(self, case: Case) -> bool:
        """A rule is told to the applicant; what was found on the chip is not."""
        if case.verdict is None or case.ending is None or case.ending.reason != "rule_not_met":
            return False
        unmet = deciding.first_unmet(case.verdict)
        fact = next(one.fact for one in case.verdict.rules if one.rule_id == unmet)
        return fact != "failed"

    def _early_page(self, case: Case) -> Page:
        if case.consent is None:
            return Page.CONSENT if self._started else Page.WELCOME
        if case.state is State.OPENED or self._reading is not None:
            return Page.PASSPORT_MOVED if self._passport.was_moved else Page.PASSPORT
        if case.state is State.DOCUMENT_CHECKED:
            return self._checked_page(case)
        if case.state is State.ELIGIBLE and not self._face.has_picture:
            return Page.CAMERA if self._desk.step is Step.FACE else Page.PASSPORT_DONE
        return Page.CHECKING

    @staticmethod
    def _checked_page(case: Case) -> Page:
        if case.document is not None and case.document.overall is Result.FAILED:
            return Page.FURTHER_CHECK
        if case.verdict is not None and case.verdict.overall is RuleOutcome.NOT_MET:
            return Page.REGISTRATION_CHECK
        return Page.PASSPORT_DONE

    def _phone_page(self, case: Case) -> Page:
        if case.held:
            return Page.HIDDEN
        if case.kind is CaseKind.RESUME:
            return Page.PROVE if self._proof.check else Page.CHECKING
        if case.state is State.APPROVED:
            if self._phone.placing:
                return Page.QR
            if self._phone.voided:
                return Page.PIN if self._wants_pin else self._closed_page()
            if case.data_confirmed_at is None:
                return Page.DATA
            return Page.PIN
        if self._phone.is_unheard and not self._is_over(case):
            # Without its QR, as while that is made.
            return Page.QR
        kinds = [event.kind for event in self._phone.events]
        if case.state is State.SIGNING or EventKind.CODE_RIGHT in kinds:
            return Page.SENDING
        if EventKind.CODE_WRONG in kinds:
            return Page.WRONG_PIN
        if EventKind.FETCHED in kinds:
            return Page.SENDING
        return Page.EXPIRED if self._is_over(case) else Page.QR

    def _closed_page(self) -> Page:
        """Why the QR has ended of itself."""
        return Page.NO_TRIES if self._phone.voided == "tries" else Page.EXPIRED

    def _is_over(self, case: Case) -> bool:
        """Also where the service is out of reach and cannot say so."""
        return case.offer is not None and case.offer.expires_at <= self._desk.station.now()

    def _on_tick(self) -> None:
        case = self._desk.case
        if case is not None and self._is_over(case) and self._window.page is Page.QR:
            self.refresh()

    # What the page needs

    def _filled(self, screen: ApplicantScreen, case: Case) -> ApplicantScreen:
        page = screen.page
        if page is Page.CONSENT:
            return replace(screen, consent=self._purposes())
        if page in (Page.PASSPORT, Page.PASSPORT_MOVED):
            return replace(screen, reading=self._reading or _NOT_READ)
        if page in (Page.CAMERA, Page.CHECKING):
            taken = case.face is not None or self._face.has_picture
            return replace(screen, camera=self._camera, face_taken=taken)
        if page is Page.DATA:
            return replace(screen, data=self._data(case))
        if page is Page.PIN:
            return replace(screen, pin_facts=_pin_facts(case))
        if page in (Page.QR, Page.SENDING, Page.WRONG_PIN, Page.PROVE, *_CLOSED):
            return self._with_qr(screen, case)
        if page in (Page.DONE, Page.NOT_PROVEN):
            if page is Page.DONE and self._services is None:
                self._load_services(case)
            return replace(screen, ending=self._ending(case))
        if page is Page.REFUSED:
            return replace(screen, refusal=self._refusal(case))
        if page is Page.SLIP:
            return replace(screen, slip=self._slip)
        return screen

    def _purposes(self) -> tuple[Purpose, ...]:
        days = self._desk.station.settings.retention.closed_case_days
        return (
            Purpose("passport", Kept.ENCRYPTED_DAYS, days),
            Purpose("face", Kept.VISIT_END),
            Purpose("resident", Kept.ENCRYPTED_DAYS, days, asked=False),
        )

    def _data(self, case: Case) -> PersonData | None:
        document, register = case.document, case.register
        if document is None or register is None or case.expiry_date is None:
            return None
        return PersonData(
            name=register.name_hangul,
            latin=document.latin_name,
            birth_date=document.birth_date,
            nationality=document.nationality,
            passport_number=document.number,
            resident_number=register.resident_number,
            address=register.address,
            post=self._desk.station.post.name["ko"],
            valid_until=case.expiry_date,
            portrait=self._portrait,
        )

    def _with_qr(self, screen: ApplicantScreen, case: Case) -> ApplicantScreen:
        offer, check, now = case.offer, self._proof.check, self._desk.station.now()
        if screen.page is Page.PROVE and check is not None:
            qr = QrFacts(check.uri, self._proof.placed_at or now, check.expires_at)
            return replace(screen, qr=qr, live=LiveState.SAVED)
        ended = self._phone.ended_at if screen.page in _CLOSED else None
        if screen.page is Page.EXPIRED and offer is not None:
            ended = offer.expires_at
        screen = replace(screen, live=self._live(case), ended_at=ended)
        if offer is not None and not self._phone.is_unheard:
            screen = replace(screen, qr=QrFacts(offer.uri, offer.placed_at, offer.expires_at))
        wrong = [e for e in self._phone.events if e.kind is EventKind.CODE_WRONG]
        if wrong:
            screen = replace(screen, tries_left=int(wrong[-1].facts.get("tries_left", 0)))
        return screen

    def _live(self, case: Case) -> LiveState:
        kinds = {event.kind for event in self._phone.events}
        if case.state is State.DELIVERED:
            return LiveState.SAVED
        if case.issued:
            return LiveState.SIGNING
        for kind, state in (
            (EventKind.KEY_RECEIVED, LiveState.PHONE_READY),
            (EventKind.CODE_RIGHT, LiveState.PIN_OK),
            (EventKind.FETCHED, LiveState.SCANNED),
        ):
            if kind in kinds:
                return state
        return LiveState.WAITING

    def _ending(self, case: Case) -> Ending | None:
        until = case.last_day(self._desk.station.post.zone)
        if until is None:
            return None
        services = tuple(
            ServiceLine(use.name, use.usable, use.since, use.announced)
            for use in self._services or ()
        )
        contact = self._desk.station.post.contact
        return Ending(until, services, LossContact(day=contact.phone))

    def _load_services(self, case: Case) -> None:
        """They are weighed from the records, which the window does not wait for."""
        station = self._desk.station
        self._services = ()

        def done(services: tuple[ServiceUse, ...]) -> None:
            # Somebody else may sit there by now.
            if case.number == self._case_number:
                self._services = services
                self.refresh()

        def failed(trouble: Trouble) -> None:
            # Asked for again with the next change.
            self._services = None
            self._desk.show_trouble(trouble, case)

        self._desk.work(
            Lane.RECORDS, lambda: relying.uses(station, case), done, failed, look_at=case
        )

    def _refusal(self, case: Case) -> Refusal | None:
        if case.verdict is None:
            return None
        rule = self._desk.station.rules.rule(deciding.first_unmet(case.verdict))
        result = next(one for one in case.verdict.rules if one.rule_id == rule.id)
        steps = tuple(advice.title for advice in rule.possible)
        reason = f"{rule.check.value}.{result.fact}"
        return Refusal(reason, steps, face_taken=case.face is not None)

    # What the desk tells

    def _read_on(self, progress: ReadProgress | None) -> None:
        self._reading = None if progress is None else _reading(progress)
        self.refresh()

    def _judged(self, quality: CaptureQuality) -> None:
        if self._face.has_picture:
            return
        guidance = quality.guidance
        self._camera = CameraView(
            guidance=Spoken(guidance.value) if guidance else Spoken.HOLD,
            **{name: _all_ok(quality, checks) for name, checks in _CHECKS.items()},
        )
        self.refresh()

    def _staged(self) -> None:
        """What was seen last is over: of a lost camera no picture stays either."""
        is_off = self._face.is_camera_off
        self._camera = CameraView(Spoken.NO_CAMERA) if is_off else None
        self.refresh()
        if is_off:
            self._window.show_frame(None)

    def show_frame(self, frame: QImage) -> None:
        self._window.show_frame(frame)

    def _want_pin(self) -> None:
        case = self._desk.the_case()
        if case.data_confirmed_at is None and not self._portrait:
            self._load_portrait(case)
        self._wants_pin = not self._phone.voided
        self.refresh()

    def _load_portrait(self, case: Case) -> None:
        station, number = self._desk.station, case.number

        def load() -> bytes:
            with station.store.read() as session:
                kept = cases.blob(session, case.number, BlobKind.PORTRAIT)
            return b"" if kept is None else png_of(image_of(portrait_rgb(kept)))

        def done(portrait: bytes) -> None:
            # Somebody else may sit there by now.
            if number == self._case_number:
                self._portrait = portrait
                self.refresh()

        self._desk.work(Lane.RECORDS, load, done, look_at=case)

    def show_slip(self, slip: bytes) -> None:
        """No printer works: the slip stands on this window instead."""
        self._slip, self._finished = slip, None
        self.refresh()

    def hide(self) -> None:
        """The desk is locked, or open again."""
        self.refresh()

    # What the applicant did

    def _chose_language(self, language: str) -> None:
        if self._desk.case is None:
            self._desk.next_language = language
            return
        self._language = language
        self._keep_language()

    def _keep_language(self) -> None:
        """With the case as it is kept, and once more where an act that was under way when it was
        chosen brings the case back as it was before."""
        desk, case, language = self._desk, self._desk.case, self._language
        if case is None or case.number != self._case_number or not desk.is_open:
            return
        if language in ("", case.language) or not case.state.is_open or self._keeps_language:
            return
        self._keeps_language = True

        def done(kept: Case) -> None:
            self._keeps_language = False
            # Only this: the act under way may have ended meanwhile.
            if desk.case is not None and desk.case.number == kept.number:
                desk.set_case(replace(desk.case, language=kept.language))

        def failed(trouble: Trouble) -> None:
            self._keeps_language = False
            desk.show_trouble(trouble, case)

        station, officer, number = desk.station, desk.officer, case.number
        desk.work(
            Lane.RECORDS,
            lambda: intake.keep_language(station, officer, number, language),
            done,
            failed,
        )

    def _start(self) -> None:
        self._started = True
        self.refresh()

    def _consent(self, answers: object) -> None:
        desk, case = self._desk, self._desk.the_case()
        given = dict(answers) if isinstance(answers, dict) else dict.fromkeys(answers, True)  # type: ignore[call-overload]
        desk.act(
            Lane.RECORDS,
            lambda: intake.record_consent(
                desk.station, desk.officer, case, given, self._window.language
            ),
        )

    def _confirm(self) -> None:
        desk, case = self._desk, self._desk.the_case()
        now = desk.station.now()
        desk.act(
            Lane.RECORDS,
            lambda: desk.station.keep(
                desk.officer, case, "CASE.DATA_CONFIRMED", data_confirmed_at=now
            ),
            self.refresh,
        )

    def _choose_pin(self, pin: bytearray) -> None:
        self._wants_pin = False
        self._phone.place(pin)

    def _finish(self) -> None:
        case = self._desk.case
        self._finished = self._page(case) if case is not None else None
        self.refresh()


def _said_of(screen: ApplicantScreen) -> str:
    """Key of what the officer's header says of this page."""
    is_saved = screen.page is Page.SENDING and screen.live is LiveState.SAVED
    if screen.page is Page.WELCOME and screen.resumes:
        return "welcome_resume"
    return "saved" if is_saved else screen.page.value


_NOT_READ = Reading(0, (Progress.NOW, Progress.WAITING, Progress.WAITING, Progress.WAITING))


def _reading(progress: ReadProgress) -> Reading:
    """The applicant's four phases and one percentage, from the officer's eight."""
    order = list(ReadPhase)
    place = order.index(progress.phase)
    ends = [order.index(phase) for phase in _PHASE_ENDS]
    current = next(number for number, end in enumerate(ends) if place <= end)
    phases = tuple(
        Progress.DONE if n < current else Progress.NOW if n == current else Progress.WAITING
        for n in range(4)
    )
    share = progress.done / progress.total if progress.total else 0.0
    percent = int((place + share) / len(order) * 100)
    return Reading(percent, phases)  # type: ignore[arg-type]


def _all_ok(quality: CaptureQuality, names: tuple[CheckName, ...]) -> bool | None:
    checks = [quality.check(name) for name in names]
    if any(check is None for check in checks):
        return None
    return all(check.ok for check in checks if check is not None)


def _pin_facts(case: Case) -> PinFacts:
    document = case.document
    if document is None:
        return PinFacts()
    return PinFacts(birth_date=document.birth_date, passport_number=document.number)
