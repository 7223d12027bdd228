"""The officer's program as a whole: pages, controls, both windows, and how they are joined.

The composition root hands in a station and the devices that belong to a screen (camera,
printers); from here on everything is Qt.
"""

from __future__ import annotations

import logging
import secrets
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from types import TracebackType

from PySide6.QtCore import QObject, QTimer, QtMsgType, qInstallMessageHandler

from desk.counter import bundle, day_close, doctor, document, handing, intake, settling
from desk.counter.bundle import Bundle
from desk.counter.doctor import Diagnosis
from desk.counter.holdings import Deed
from desk.counter.station import Station
from desk.counter.statuses import publish_status
from desk.issuance.case import Case, State
from desk.store import register, retention
from desk.trouble import Trouble
from desk.ui.applicant.snapshot import ApplicantScreen, Page, PostFacts
from desk.ui.applicant.window import ApplicantWindow
from desk.ui.camera import Camera, camera_name
from desk.ui.control.aftercare import AftercareControl
from desk.ui.control.applicant import ApplicantControl
from desk.ui.control.approver import ApproverControl
from desk.ui.control.audit import AuditControl
from desk.ui.control.board import BoardControl
from desk.ui.control.bundle import BundleControl
from desk.ui.control.card_pin import CardPin
from desk.ui.control.changes import ChangesControl
from desk.ui.control.checks import Checks
from desk.ui.control.copies import CopiesControl
from desk.ui.control.day_close import DayCloseControl
from desk.ui.control.desk import Desk
from desk.ui.control.eligibility import EligibilityControl
from desk.ui.control.face import FaceControl
from desk.ui.control.hand_over import HandOverControl
from desk.ui.control.history import HistoryControl
from desk.ui.control.other_desks import OtherDesks
from desk.ui.control.passport import PassportControl
from desk.ui.control.phone import PhoneControl
from desk.ui.control.posts import PostsControl
from desk.ui.control.proof import ProofControl
from desk.ui.control.renewal import RenewalControl
from desk.ui.control.review import ReviewControl
from desk.ui.control.session import Session
from desk.ui.control.set_up import SetUp
from desk.ui.control.steps import Step, current_step
from desk.ui.dialogs import close_all, stop_dialog, take_over_dialog
from desk.ui.lanes import Lane, Lanes
from desk.ui.navigation import Place
from desk.ui.pages.aftercare import AftercarePage
from desk.ui.pages.approvals import ApprovalsPage
from desk.ui.pages.approver import ApproverPage
from desk.ui.pages.audit import AuditPage
from desk.ui.pages.board import BoardPage
from desk.ui.pages.card_setup import CardSetupPage
from desk.ui.pages.changes import ChangesPage
from desk.ui.pages.day_close import DayClosePage
from desk.ui.pages.diagnosis import DiagnosisPage
from desk.ui.pages.eligibility import EligibilityPage
from desk.ui.pages.face import FacePage
from desk.ui.pages.hand_over import HandOverPage
from desk.ui.pages.history import HistoryPage
from desk.ui.pages.lent_reader import LentReaderPage
from desk.ui.pages.locked import LockedPage, LockReason
from desk.ui.pages.passport import PassportPage
from desk.ui.pages.phone import PhonePage
from desk.ui.pages.posts import PostsPage
from desk.ui.pages.proof import ProofPage
from desk.ui.pages.review import ReviewPage
from desk.ui.pages.sign_in import SignInPage
from desk.ui.parts.frame import Page as StepPage
from desk.ui.printing import Printers
from desk.ui.rules import RuleWords
from desk.ui.second_screen import SecondScreen
from desk.ui.start import Front
from desk.ui.steps import steps_of
from desk.ui.troubles import TroubleWords

_log = logging.getLogger(__name__)

LOG_NAME = "desk.log"
STATUS_MS = 6 * 60 * 60 * 1000
"""How often status lists go out anew."""
CONCLUDE_MS = 30_000
"""How soon what was proven is looked at again whose list could not go out."""


@dataclass(frozen=True)
class Pages:
    sign_in: SignInPage
    locked: LockedPage
    board: BoardPage
    history: HistoryPage
    audit: AuditPage
    day_close: DayClosePage
    aftercare: AftercarePage
    changes: ChangesPage
    posts: PostsPage
    diagnosis: DiagnosisPage
    card_setup: CardSetupPage
    passport: PassportPage
    eligibility: EligibilityPage
    face: FacePage
    review: ReviewPage
    approver: ApproverPage
    approvals: ApprovalsPage
    lent_reader: LentReaderPage
    phone: PhonePage
    proof: ProofPage
    hand_over: HandOverPage

    @property
    def steps(self) -> tuple[StepPage, ...]:
        return (
            self.passport,
            self.eligibility,
            self.face,
            self.review,
            self.phone,
            self.proof,
            self.hand_over,
        )


class Program(QObject):
    """Everything on the screens of one station."""

    def __init__(
        self,
        station: Station,
        camera: Camera,
        front: Front,
    ) -> None:
        super().__init__()
        self.station = station
        self.camera = camera
        self.look, self.shell, self.window = front.look, front.shell, front.window
        self._sign_in_page = front.sign_in
        self._tidied_on: date | None = None
        self.lanes = Lanes(report_bug)
        self.desk = Desk(station, self.look, self.shell, self.lanes)
        self.pages = self._make_pages()
        folder = station.home / "slips"
        self.printers = Printers(station.settings.printer.name, folder)
        self._make_controls()
        self._fill_rail()
        self._join()
        self._status_timer = QTimer(self)
        self._status_timer.setInterval(STATUS_MS)
        self._status_timer.timeout.connect(self._refresh_status)
        self._conclude_timer = QTimer(self, interval=CONCLUDE_MS)
        self._conclude_timer.timeout.connect(self._conclude)

    def _make_pages(self) -> Pages:
        look, troubles = self.look, TroubleWords()
        pages = Pages(
            sign_in=self._sign_in_page,
            locked=LockedPage(look),
            board=BoardPage(look, troubles),
            history=HistoryPage(look),
            audit=AuditPage(look, troubles),
            day_close=DayClosePage(look),
            aftercare=AftercarePage(look),
            changes=ChangesPage(look),
            posts=PostsPage(look),
            diagnosis=DiagnosisPage(look, troubles),
            card_setup=CardSetupPage(look, troubles),
            passport=PassportPage(look, troubles),
            eligibility=EligibilityPage(look, RuleWords()),
            face=FacePage(look),
            review=ReviewPage(look, troubles),
            approver=ApproverPage(look, troubles),
            approvals=ApprovalsPage(look),
            lent_reader=LentReaderPage(look),
            phone=PhonePage(look, troubles),
            proof=ProofPage(look),
            hand_over=HandOverPage(look),
        )
        self.shell.add_full_page(pages.locked)
        self.shell.add_full_page(pages.lent_reader)
        places = (
            pages.board,
            pages.approvals,
            pages.history,
            pages.aftercare,
            pages.changes,
            pages.posts,
            pages.audit,
            pages.day_close,
        )
        for page in (*places, pages.approver, *pages.steps):
            self.shell.add_page(page)
        return pages

    def _make_controls(self) -> None:
        desk, pages, station = self.desk, self.pages, self.station
        self.session = Session(desk, pages.sign_in, pages.locked)
        self.card_pin = CardPin(desk)
        self.copies = CopiesControl(desk)
        self.other_desks = OtherDesks(desk)
        self.audit = AuditControl(desk, pages.audit)
        self.day_close = DayCloseControl(
            desk, pages.day_close, lambda: self.session.lock(LockReason.BY_OFFICER)
        )
        self.aftercare = AftercareControl(desk, self.session, pages.aftercare)
        self.changes = ChangesControl(
            desk, pages.changes, self.aftercare.show_holding, self.aftercare.two_cards
        )
        self.aftercare.show_changes = self.changes.enter
        self.aftercare.count_changes = lambda: self.changes.count
        self.history = HistoryControl(desk, pages.history, self.aftercare.show_holding)
        self.posts = PostsControl(desk, pages.posts)
        self.checks = Checks(desk.work, self._prepare_checks, station.readers.world, desk)
        self.bundle = BundleControl(self.look, desk.work, self._make_bundle, self.shell)
        self.board = BoardControl(desk, pages.board, self.checks, self.bundle, self.open_case)
        self.set_up = SetUp(
            desk,
            self.checks,
            self.bundle,
            self.card_pin.open,
            lambda: self.session.lock(LockReason.BY_OFFICER),
        )
        self.passport = PassportControl(desk, pages.passport)
        self.eligibility = EligibilityControl(desk, pages.eligibility, self.aftercare.two_cards)
        self.face = FaceControl(desk, pages.face, self.camera)
        self.review = ReviewControl(desk, pages.review)
        self.approver = ApproverControl(
            desk,
            self.session,
            pages.approver,
            pages.approvals,
            pages.lent_reader,
            self.review.enter,
        )
        pages.review.approve_here.connect(self.approver.lend)
        self.phone = PhoneControl(desk, pages.phone, self.printers)
        self.proof = ProofControl(desk, pages.proof)
        self.hand_over = HandOverControl(desk, pages.hand_over, self.printers)
        self.renewal = RenewalControl(desk, self._open_renewal)
        self.passport.reissue_asked.connect(self.renewal.instead)
        self.proof.reissue_asked.connect(self.renewal.instead)
        self.aftercare.ways[Deed.RESUME] = self.renewal.resume
        self.aftercare.ways[Deed.REISSUE] = self.renewal.reissue
        first = ApplicantScreen(
            page=Page.IDLE,
            post=PostFacts(station.post.name["ko"], station.post.city, station.post.zone.key),
        )
        self.applicant_window = ApplicantWindow(station.now, first, training=station.training)
        self.second_screen = SecondScreen(self.window, self.applicant_window)
        self.applicant = ApplicantControl(
            desk,
            self.applicant_window,
            self.second_screen,
            self.passport,
            self.face,
            self.phone,
            self.proof,
        )
        self._enter = {
            Step.PASSPORT: self.passport.enter,
            Step.ELIGIBILITY: self.eligibility.enter,
            Step.FACE: self.face.enter,
            Step.REVIEW: self._review,
            Step.PHONE: self.phone.enter,
            Step.PROOF: self.proof.enter,
            Step.HAND_OVER: self.hand_over.enter,
        }

    def _fill_rail(self) -> None:
        """One line for each place that has a page."""
        places = self.desk.navigation
        places.add(Place.BOARD, self.board.enter)
        places.add(Place.APPROVALS, self.approver.enter_list, self.approver.count)
        places.add(Place.HISTORY, self.history.enter)
        places.add(Place.AFTERCARE, self.aftercare.enter)
        places.add(Place.DAY_CLOSE, self.day_close.enter)
        places.add(Place.AUDIT, self.audit.enter)
        places.add(Place.POSTS, self.posts.enter)
        places.add(Place.SETUP, self.set_up.enter)

    def _join(self) -> None:
        desk, shell, pages = self.desk, self.shell, self.pages
        self.session.opened.connect(self._opened)
        self.session.taken_over.connect(self._taken_over)
        # Each a slot of its own: what one of them runs into keeps none of the others from it.
        for cover in (
            self.camera.stop,
            self.applicant.refresh,
            close_all,
            self.phone.cover,
            self.proof.close_large,
            pages.review.wipe,
            self.set_up.cover,
            pages.day_close.wipe,
            self.history.cover,
            self.changes.cover,
        ):
            self.session.closed.connect(cover)
        desk.go_to.connect(self.go_to)
        desk.to_board.connect(self.to_board)
        desk.woke.connect(lambda _seconds: self._refresh_status())
        desk.refused.connect(lambda: self.go_to(Step.HAND_OVER))
        self.other_desks.heard.connect(self._look_again)
        shell.home.connect(self.to_board)
        shell.entry_chosen.connect(self._entry_chosen)
        shell.step_chosen.connect(self._look_back)
        shell.devices_chosen.connect(self._to_checks)
        shell.explain_asked.connect(self._explain)
        shell.search_asked.connect(self._search)
        shell.loss_call_asked.connect(self.aftercare.call)
        self.changes.counted.connect(self.aftercare.render)
        self.aftercare.changed.connect(lambda _holding: self.changes.recount())
        for page in self.pages.steps:
            page.stop_case.connect(self._stop_case)
        for covering in (self.pages.sign_in, self.pages.locked):
            covering.pin_change.connect(partial(self.card_pin.open, covering))
            covering.check_devices.connect(self.set_up.outside.enter)
        self.set_up.outside.left.connect(self.session.cover)
        self.second_screen.turned.connect(lambda: self.session.lock(LockReason.MONITOR_GONE))
        self.camera.pictured.connect(self.applicant.show_frame)
        self.hand_over.on_screen.connect(self.applicant.show_slip)
        self.pages.hand_over.activate_asked.connect(
            lambda: self.aftercare.activate(self.desk.the_case().number)
        )
        for leading in (self.pages.proof, self.pages.hand_over):
            leading.aftercare_asked.connect(
                lambda: self.aftercare.show_holding(self.desk.the_case().number)
            )
        self.aftercare.case_moved.connect(self._go_on)

    def _prepare_checks(self) -> Callable[[], Diagnosis]:
        # Cameras and printers are asked here: Qt's device lists belong to this thread.
        station = self.station
        camera, printer = self._camera_ready(), self.printers.ready()
        return lambda: doctor.check_all(station, lambda: camera, lambda: printer)

    def _make_bundle(self, found: Diagnosis) -> Bundle:
        station = self.station
        log = station.home / LOG_NAME
        return bundle.make(found, station.settings, log, training=station.training)

    def _camera_ready(self) -> str | None:
        wanted = self.station.settings.camera.device
        return self.camera.name if self.station.training else camera_name(wanted)

    # Running

    def start(self) -> None:
        """Show the sign-in page; devices are followed from here on."""
        self.desk.start_clock()
        self._status_timer.start()
        self._conclude_timer.start()
        self.desk.refresh_frame()
        self.applicant.refresh()
        self.session.begin()

    def show_windows(self) -> None:
        """The officer's window, and the applicant's on the second screen where there is one."""
        self.window.show()
        self.second_screen.begin()

    def close(self) -> None:
        """End everything that runs: cameras, clocks, jobs under way."""
        self._status_timer.stop()
        self._conclude_timer.stop()
        self.session.stop()
        self.desk.stop_clock()
        self.phone.forget_pin()
        self.camera.stop()
        self.station.readers.stop()
        self.other_desks.close()
        self.lanes.close()
        self.window.close()
        self.second_screen.end()

    # Moving

    def _look_again(self, _kinds: object) -> None:
        """Another desk of the post has changed the records."""
        self.board.look_again()
        self.history.look_again()
        self.changes.look_again()
        self.aftercare.look_again()
        self.approver.refresh()

    def _opened(self, same_person: bool) -> None:
        self.applicant.refresh()
        self.other_desks.listen()
        case, place = self.desk.case, self.desk.place
        is_back = case is not None or place not in (None, Place.BOARD)
        stays = same_person and is_back and not self._is_over(case)
        if not stays or self._tidied_on != day_close.today(self.station):
            self._tidy_up()
        if not stays:
            self.face.warm_up()
            self.to_board()
        elif case is None and self.shell.page is self.pages.changes:
            self.changes.enter()
        elif case is None and place is not None:
            self.go_to_place(place)
        elif self.desk.step is not None and self._runs_on(self.desk.step):
            self.go_to(self.desk.step)
        elif self.desk.step is Step.HAND_OVER:
            self.hand_over.come_back()
        # A page that stands as it was has still to tell what came behind the lock.
        self.desk.tell_late()

    def _runs_on(self, step: Step) -> bool:
        """The page stands as it was behind the lock; what went on meanwhile is asked again. A
        picture that waits for its judgement is not taken twice."""
        watches = step is Step.FACE and not self.face.is_judging()
        return watches or step in (Step.PHONE, Step.PROOF)

    def _is_over(self, case: Case | None) -> bool:
        """It has outlived its day behind the lock, and ends now."""
        return case is not None and intake.is_stale(self.station, case)

    def _taken_over(self) -> None:
        """A colleague goes on with the open case, at the step where it was stopped."""
        self.applicant.refresh()
        if self._is_over(self.desk.case):
            self._tidy_up()
            self.to_board()
        elif self.desk.step is not None:
            self.go_to(self.desk.step)

    def _tidy_up(self) -> None:
        """What a start has to settle: what a killed desk left, cut-off imports, former days."""
        station, work = self.station, self.desk.work
        self._tidied_on = day_close.today(station)

        def purge() -> None:
            kept = timedelta(days=station.settings.retention.closed_case_days)
            retention.purge(station.store, station.stamp(), station.now() - kept)

        # Each a job of its own: what one runs into keeps no personal data beyond its time.
        work(Lane.SERVICE, lambda: settling.settle(station), lambda _none: self.board.refresh())
        work(Lane.SERVICE, lambda: register.tidy(station.store))
        work(Lane.SERVICE, purge)

    def _refresh_status(self) -> None:
        """A status list is signed anew before its last signature runs out."""
        station = self.station
        if station.records.is_open:
            self.desk.work(Lane.SERVICE, lambda: publish_status(station, even_if_same=True))

    def _conclude(self) -> None:
        """What was proven while no list could go out, as soon as one can: also what nobody has
        open any more."""
        station = self.station
        if not station.records.is_open:
            # Whoever signs in next settles it.
            return

        def done(concluded: list[Case]) -> None:
            for case in concluded:
                self.proof.concluded(case)
            if concluded:
                self.board.look_again()

        # Records that are away are told where somebody wants something of them.
        self.desk.work(
            Lane.SERVICE,
            lambda: settling.conclude_decided(station),
            done,
            lambda reason: _log.warning("trouble %s", reason.code),
        )

    def open_case(self, case: Case) -> None:
        """Go on with ``case`` where it stands; a colleague's is taken over first."""
        desk = self.desk
        if not desk.is_open:
            return
        if not handing.is_anothers(case, desk.officer):
            self._go_on(case)
            return
        whose, bars = case.officer_name, handing.would_bar_approval(case, desk.officer)
        if take_over_dialog(self.look, self.window, case.number, whose, bars=bars).exec():
            officer = desk.officer
            desk.work(
                Lane.RECORDS, lambda: handing.take_over(self.station, officer, case), self._go_on
            )

    def _open_renewal(self, case: Case) -> None:
        self.aftercare.let_go()
        self.open_case(case)

    def _go_on(self, case: Case) -> None:
        self.desk.case = case
        self.go_to(current_step(case))

    def go_to(self, step: Step) -> None:
        case = self.desk.case
        if case is not None and not self.aftercare.holds(step):
            self._enter[step](case)

    def _review(self, case: Case) -> None:
        """The review of whoever prepares the case, or the page of its approver."""
        if self.approver.is_for(case):
            self.approver.enter(case)
        else:
            self.review.enter(case)

    def to_board(self) -> None:
        self.go_to_place(Place.BOARD)

    def go_to_place(self, place: Place) -> None:
        """Show one of the rail's places; an open case is kept and left."""
        if self.desk.is_open and self.desk.navigation.leads_to(place, self.desk.officer):
            self.desk.navigation.enter(place)
            self.applicant.refresh()

    def _to_checks(self) -> None:
        if self.desk.is_open:
            self.set_up.to_checks()
            self.applicant.refresh()

    def _entry_chosen(self, key: str) -> None:
        self.go_to_place(Place(key))

    def _look_back(self, number: int) -> None:
        """Look at a step that is done; ``number`` is its place among the case's own."""
        case = self.desk.case
        if not self.desk.is_open or case is None or number > len(steps_of(case)):
            return
        step = Step[steps_of(case)[number - 1].name]
        unproven = case.state is State.ACTIVATED and step is Step.PROOF
        if step <= current_step(case) and not unproven:
            self.go_to(step)

    def _explain(self) -> None:
        """F1: the code that stands on this page, in full words."""
        page = self.shell.page
        code = page.banner.code.text() if page is not None and page.banner.isVisible() else ""
        if not code and self.desk.step is Step.PASSPORT and self.desk.case is not None:
            code = document.worst_code(self.desk.case)
        if code:
            self.passport.show_code(code)

    def _search(self) -> None:
        if self.shell.page is not None:
            self.shell.page.search()

    def _stop_case(self) -> None:
        case = self.desk.case
        if case is not None and self.renewal.may_end(case):
            self.renewal.stop(case)
        elif stop_dialog(self.look, self.window).exec():
            self.to_board()


_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
}


class Unexpected(Trouble):
    """A bug of the program's own; ``reference`` finds it in the log."""

    code = "DESK-01"


def report_bug(reason: BaseException) -> Trouble:
    """A bug: a reference for the support, the case kept, the program running on."""
    reference = secrets.token_hex(4)
    _log.error("bug %s", reference, exc_info=(type(reason), reason, reason.__traceback__))
    return Unexpected(reference=reference)


def install_guards(tell: Callable[[Trouble], None]) -> None:
    """Exceptions of slots and threads, and Qt's own words, end in the log; ``tell`` says on the
    screen what a slot left undone."""

    def in_slot(
        kind: type[BaseException], value: BaseException, trace: TracebackType | None
    ) -> None:
        if isinstance(value, Trouble):
            _log.warning("unclaimed trouble %s", value.code)
            tell(value)
        else:
            tell(report_bug(value.with_traceback(trace)))

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            report_bug(args.exc_value)

    def qt_says(kind: QtMsgType, _context: object, message: str) -> None:
        _log.log(_LEVELS.get(kind, logging.ERROR), "Qt: %s", message)

    sys.excepthook = in_slot
    threading.excepthook = in_thread
    qInstallMessageHandler(qt_says)
