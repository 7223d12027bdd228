"""The passport page: the zone opens the chip, the chip is read, differences are explained."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from desk.counter import deciding, document, intake
from desk.iso7816.troubles import TransportFailed
from desk.issuance.case import Case
from desk.mrtd import mrz as zone
from desk.mrtd.mrz import Mrz, MrzError
from desk.mrtd.portrait import portrait_rgb
from desk.mrtd.reader import Kept, ReadProgress
from desk.mrtd.troubles import ChipLost, PassportTrouble
from desk.store import cases
from desk.store.cases import BlobKind
from desk.store.troubles import FormerPassport
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.control.reading_track import ReadingTrack
from desk.ui.control.steps import Step
from desk.ui.findings import found
from desk.ui.lanes import Lane
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.passport import PassportPage, PassportView, Stage
from desk.ui.pages.passport_parts import PhaseLine
from desk.ui.parts.verdict import Remedy
from desk.ui.pictures import image_of
from desk.ui.reading_log import FindingSheet, ReadingLog
from desk.ui.renewals import AREA as RENEWAL
from desk.words import Words

PROGRESS_MS = 100


class ReadingStopped(Trouble):
    """The officer stopped the reading; nothing of it is kept."""

    code = "CHIP-90"


class PassportControl(QObject):
    """Reads in the passport's lane; the page polls the newest progress ten times a second.

    ``progressed(ReadProgress | None)``: the applicant's window follows (None: it ended).
    ``reissue_asked(Case)``: what this case should resume names a former passport.
    """

    progressed = Signal(object)
    reissue_asked = Signal(object)

    def __init__(self, desk: Desk, page: PassportPage) -> None:
        super().__init__(desk)
        self._desk, self._page = desk, page
        self._stage = Stage.EMPTY
        self._typed: Mrz | None = None
        self._typed_lines: tuple[str, ...] = ()
        self._scanned = False
        self._problem: MrzError | None = None
        self._trouble: Trouble | None = None
        self._picture: QImage | None = None
        self._progress: ReadProgress | None = None
        self._track = ReadingTrack()
        self._words = Words("desk")
        # Each reading has its own: one that was left must not go on with the next.
        self._stop = threading.Event()
        self._turn = 0
        self._kept = Kept()
        self._timer = QTimer(self)
        self._timer.setInterval(PROGRESS_MS)
        self._timer.timeout.connect(self._on_time)
        page.mrz_entered.connect(lambda text: self.read(text, scanned=False))
        page.stop_reading.connect(self._stop_reading)
        page.read_again.connect(self._again)
        page.difference_reason_chosen.connect(self._explain)
        page.refuse_requested.connect(self._refuse)
        page.go_on.connect(self._go_on)
        page.log_requested.connect(self._show_log)
        page.finding_opened.connect(self.show_code)
        page.remedy.connect(self._remedy)
        desk.shell.mrz_scanned.connect(self._scan)
        desk.look.retranslated.connect(self.render)
        desk.shown.connect(self._shown)

    # Showing

    def enter(self, case: Case) -> None:
        """Show what is known of the document; the page of a new case waits for the zone."""
        self._give_up()
        self._kept = Kept()
        self._progress, self._problem, self._trouble = None, None, None
        self._track = ReadingTrack()
        self._typed_lines = case.typed_mrz
        self._typed = zone.parse("\n".join(case.typed_mrz)) if case.typed_mrz else None
        self._stage = Stage.READ if case.document is not None else Stage.EMPTY
        self._picture = None
        if case.document is not None:
            self._load_picture(case)
        self.render()
        self._desk.show(Step.PASSPORT, self._page)

    def _shown(self, step: Step | None) -> None:
        if step is not Step.PASSPORT:
            self._give_up()

    def _give_up(self) -> None:
        """A reading that nobody looks at any more is stopped, and nobody is told of it."""
        self._turn += 1
        self._stop.set()
        if self._stage is Stage.READING:
            self._timer.stop()
            self._progress, self._stage = None, Stage.EMPTY
            self.progressed.emit(None)

    def _load_picture(self, case: Case) -> None:
        """The picture of this reading; until it is there, none, and not the one before."""
        self._picture = None
        station = self._desk.station

        def load() -> QImage | None:
            with station.store.read() as session:
                data = cases.blob(session, case.number, BlobKind.PORTRAIT)
            return None if data is None else _decoded(data)

        def done(picture: QImage | None) -> None:
            if self._desk.is_at(case):
                self._picture = picture
                self.render()

        self._desk.work(Lane.RECORDS, load, done, look_at=case)

    def is_shown(self) -> bool:
        """The result with its picture is on the page."""
        return self._stage is Stage.READ and self._picture is not None

    @property
    def was_moved(self) -> bool:
        """The chip was lost in the middle of the reading."""
        return isinstance(self._trouble, ChipLost | TransportFailed)

    @property
    def _was_refused(self) -> bool:
        """The chip that lay there last could not be read, and nothing interrupted it.

        What an earlier reading found then waits until a passport was read again.
        """
        refused = isinstance(self._trouble, PassportTrouble)
        return refused and not isinstance(self._trouble, ChipLost)

    def _on_time(self) -> None:
        self.render()
        self.progressed.emit(self._progress)

    def render(self) -> None:
        """A new view for the page."""
        case = self._desk.case
        if case is None or self._desk.step not in (None, Step.PASSPORT):
            return
        desk = self._desk
        self._page.render(
            PassportView(
                here=desk.here(),
                case=case,
                stage=self._stage,
                picture=self._picture,
                phases=self._phases(),
                typed=self._typed_lines,
                typed_values=self._typed_values(),
                scanned=self._scanned,
                mrz_problem=desk.spoken(self._problem) if self._problem else None,
                trouble=desk.spoken(self._trouble) if self._trouble else None,
                remedies=self._remedies(),
                can_go_on=document.may_go_on(case) and not self._was_refused,
                read_only=self._is_read_only,
            )
        )

    def _typed_values(self) -> dict[str, str]:
        if self._typed is None:
            return {}
        return document.zone_values(self._typed, document.today_at(self._desk.station))

    def _phases(self) -> tuple[PhaseLine, ...]:
        return self._track.lines()

    # Reading

    @property
    def _is_read_only(self) -> bool:
        """Looked back at: the chip that lies there now is somebody else's affair."""
        case = self._desk.the_case()
        return self._desk.current() > Step.ELIGIBILITY or case.closed_at is not None

    def _scan(self, text: str) -> None:
        if self._desk.step is Step.PASSPORT and self._stage is not Stage.READING:
            self.read(text, scanned=True)

    def read(self, text: str, *, scanned: bool) -> None:
        """Open and read the chip with this zone; a zone that does not fit says where."""
        if self._is_read_only:
            return
        self._typed_lines = tuple(text.splitlines())
        self._scanned = scanned
        self._problem, self._trouble = None, None
        try:
            self._typed = zone.parse(text)
        except MrzError as problem:
            self._problem = problem
            self._stage = Stage.EMPTY
            self.render()
            return
        self._stage = Stage.READING
        self._progress, self._track = None, ReadingTrack()
        self._stop = threading.Event()
        self._turn += 1
        self._timer.start()
        self.render()
        self._start(text, scanned, self._turn)

    def _start(self, text: str, scanned: bool, turn: int) -> None:
        desk, case = self._desk, self._desk.the_case()
        station, officer, stop, kept = desk.station, desk.officer, self._stop, self._kept
        track = self._track

        def progress(step: ReadProgress) -> None:
            if turn == self._turn:
                self._progress = step
            track.note(step)
            if stop.is_set():
                raise ReadingStopped()

        desk.act(
            Lane.PASSPORT,
            lambda: document.read_document(station, officer, case, text, scanned, progress, kept),
            lambda: self._read(turn),
            lambda reason: self._failed(turn, reason),
        )

    def _stop_reading(self) -> None:
        self._stop.set()

    def _read(self, turn: int) -> None:
        if turn != self._turn and self._stage is Stage.READING:
            return
        self._timer.stop()
        self.progressed.emit(None)
        self._stage = Stage.READ
        self._load_picture(self._desk.the_case())
        self.render()

    def _failed(self, turn: int, reason: Trouble) -> None:
        if turn != self._turn:
            return
        self._timer.stop()
        self._progress, self._track = None, ReadingTrack()
        self._stage = Stage.READ if self._desk.the_case().document else Stage.EMPTY
        if isinstance(reason, ReadingStopped):
            self._kept.forget()
        self._trouble = None if isinstance(reason, ReadingStopped) else reason
        self.progressed.emit(None)
        self.render()

    def _remedies(self) -> tuple[Remedy, ...]:
        if isinstance(self._trouble, document.ConsentMissing):
            words = self._words.text("consent.by_word", self._desk.look.language)
            return (Remedy("consent", words, "check"),)
        if isinstance(self._trouble, PassportTrouble | TransportFailed):
            words = self._desk.look.say("passport.read_again")
            return (Remedy("read_again", words, "rotate-ccw"),)
        if isinstance(self._trouble, FormerPassport):
            words = OwnWords(self._desk.look, RENEWAL)("resume_refused.reissue")
            return (Remedy("reissue", words, "arrow-right-left"),)
        return ()

    def _remedy(self, key: str) -> None:
        if key == "reissue":
            self.reissue_asked.emit(self._desk.the_case())
            return
        if key != "consent":
            self._again()
            return
        desk, case = self._desk, self._desk.the_case()
        given = dict.fromkeys(intake.PURPOSES, True)
        desk.act(
            Lane.RECORDS,
            lambda: intake.record_consent(
                desk.station, desk.officer, case, given, case.language, "officer"
            ),
            self._again,
        )

    def _again(self) -> None:
        if self._typed_lines and self._stage is not Stage.READING:
            self.read("\n".join(self._typed_lines), scanned=self._scanned)

    # What the officer decides

    def _explain(self, item: str, reason: str) -> None:
        desk, case = self._desk, self._desk.the_case()
        desk.act(
            Lane.RECORDS,
            lambda: document.explain(desk.station, desk.officer, case, item, reason),
            self.render,
        )

    def _show_log(self) -> None:
        desk, case = self._desk, self._desk.the_case()
        if case.document is not None:
            ReadingLog(desk.look, self._page.window(), case, desk.troubles).open()

    def show_code(self, code: str) -> None:
        """A finding or trouble in full words, with this reading's figures where it has some."""
        desk, case = self._desk, self._desk.case
        findings = found(case) if case else ()
        facts = next((one.facts for one in findings if one.code == code), {})
        spoken = desk.troubles.of(code, desk.look.language, facts)
        FindingSheet(desk.look, self._page.window(), spoken).open()

    def _refuse(self, reason: str, remark: str) -> None:
        desk, case = self._desk, self._desk.the_case()
        code = document.worst_code(case)
        desk.act(
            Lane.RECORDS,
            lambda: intake.refuse(desk.station, desk.officer, case, reason, code, remark),
            desk.refused.emit,
        )

    def _go_on(self) -> None:
        desk, case = self._desk, self._desk.the_case()
        if desk.current() > Step.ELIGIBILITY:
            desk.go_to.emit(desk.current())
            return

        def decide() -> Case:
            present = deciding.confirm_in_person(desk.station, desk.officer, case)
            return deciding.decide(desk.station, desk.officer, present)

        self._trouble = None
        desk.act(Lane.RECORDS, decide, lambda: desk.go_to.emit(Step.ELIGIBILITY), self._not_decided)

    def _not_decided(self, reason: Trouble) -> None:
        self._trouble = reason
        self.render()


def _decoded(data: bytes) -> QImage | None:
    """None where the picture cannot be opened: a finding says so and why."""
    try:
        return image_of(portrait_rgb(data))
    except Trouble:
        return None
