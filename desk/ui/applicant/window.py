"""The window on the second monitor: shows snapshots, gives back what the applicant does.

``show_screen`` takes the next snapshot; nothing else changes what is shown but the
applicant's own touch (language, larger text, contrast, digits, ticks). Language, size and
what was typed survive a redraw; none of it survives the case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desk.ui.applicant.acts import Acts
from desk.ui.applicant.frame import Footer, Panel, TopBar
from desk.ui.applicant.kit import Kit
from desk.ui.applicant.page import Context, PageView, Visit, head
from desk.ui.applicant.pages_checks import CameraPage, CheckingPage, MovedPage, PassportPage
from desk.ui.applicant.pages_data import DataPage
from desk.ui.applicant.pages_end import (
    BarredPage,
    DonePage,
    HiddenPage,
    NoticePage,
    NotProvenPage,
    RefusedPage,
    SlipPage,
)
from desk.ui.applicant.pages_phone import (
    ExpiredPage,
    LargeQrPage,
    NoTriesPage,
    ProvePage,
    QrPage,
    SendingPage,
    WrongPinPage,
)
from desk.ui.applicant.pages_pin import PinPage
from desk.ui.applicant.pages_start import ConsentPage, IdlePage, WelcomePage
from desk.ui.applicant.parts import Touch
from desk.ui.applicant.snapshot import ApplicantScreen, CameraView, LiveState, Page, Spoken
from desk.ui.parts.ring import FocusRing
from desk.ui.theme import Type

SIZE = (1280, 800)
LOW = 780
"""Below so many lines of the design, gaps shrink and what only helps is left out."""
LEAST = (1280, 720)
LEAST_FOLDED = (1000, 640)
"""Units a page needs; smaller windows make the unit smaller instead of cutting words."""
GUIDANCE_STAYS = timedelta(milliseconds=1500)
FRAME, BAND = 6, 36

PAGES: dict[Page, type[PageView]] = {
    Page.IDLE: IdlePage,
    Page.WELCOME: WelcomePage,
    Page.CONSENT: ConsentPage,
    Page.PASSPORT: PassportPage,
    Page.PASSPORT_MOVED: MovedPage,
    Page.PASSPORT_DONE: CheckingPage,
    Page.CAMERA: CameraPage,
    Page.CHECKING: CheckingPage,
    Page.DATA: DataPage,
    Page.PIN: PinPage,
    Page.QR: QrPage,
    Page.SENDING: SendingPage,
    Page.WRONG_PIN: WrongPinPage,
    Page.EXPIRED: ExpiredPage,
    Page.NO_TRIES: NoTriesPage,
    Page.PROVE: ProvePage,
    Page.DONE: DonePage,
    Page.NOT_PROVEN: NotProvenPage,
    Page.BARRED: BarredPage,
    Page.HIDDEN: HiddenPage,
    Page.REGISTRATION_CHECK: NoticePage,
    Page.REFUSED: RefusedPage,
    Page.FURTHER_CHECK: NoticePage,
    Page.SLIP: SlipPage,
}


class ApplicantWindow(QWidget):
    """Shown full screen on the second monitor, or as a window where there is none.

    ``now`` is the desk's clock (UTC). The signals of :class:`Acts` are attributes here.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        first: ApplicantScreen,
        *,
        training: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._now, self._screen, self._training = now, first, training
        self._kit = Kit()
        self._visit = Visit(touched_at=now())
        self._larger = self._contrast = False
        self._language = first.language
        self._page: PageView | None = None
        self._shape: tuple[object, ...] | None = None
        self._footer: Footer | None = None
        self._panel: Panel | None = None
        self._shown_guidance: CameraView | None = None
        self._guided_at: datetime | None = None
        self.acts = Acts(self)
        self._offer_signals()
        self._room = QVBoxLayout(self)
        self._room.setSpacing(0)
        edge = FRAME if training else 0
        self._room.setContentsMargins(edge, BAND + edge if training else 0, edge, edge)
        self._stage = QWidget(self)
        self._room.addWidget(self._stage)
        self._ring = FocusRing(self._kit.look, self, 3.0, 3.0)
        self.setMinimumSize(640, 480)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.resize(*SIZE)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.tick)
        self._timer.start()
        self.show_screen(first)

    def _offer_signals(self) -> None:
        acts = self.acts
        self.language_chosen = acts.language_chosen
        self.larger_text_chosen = acts.larger_text_chosen
        self.high_contrast_chosen = acts.high_contrast_chosen
        self.started = acts.started
        self.consent_given = acts.consent_given
        self.data_confirmed = acts.data_confirmed
        self.data_wrong = acts.data_wrong
        self.number_shown = acts.number_shown
        self.pin_progress = acts.pin_progress
        self.pin_refused = acts.pin_refused
        self.pin_chosen = acts.pin_chosen
        self.new_pin_wanted = acts.new_pin_wanted
        self.finished = acts.finished
        self.help_called = acts.help_called
        acts.language_chosen.connect(self.set_language)
        acts.larger_text_chosen.connect(self.set_larger)
        acts.high_contrast_chosen.connect(self.set_contrast)

    # What the desk tells
    def show_screen(self, screen: ApplicantScreen) -> None:
        """Show ``screen``. Hiding wipes what was typed at once."""
        before, self._screen = self._screen, screen
        if screen.case_key != before.case_key or screen.page is Page.IDLE:
            self._forget()
        if screen.page in (Page.HIDDEN, Page.QR, Page.REFUSED, Page.FURTHER_CHECK):
            self._visit.pin.restart()
        if screen.page is not before.page:
            self._visit.touched_at = self._now()
            self._visit.key_at = None
            self._visit.enlarged = self._visit.looks_back = False
            self._visit.ended_since = None
        if screen.language != before.language:
            self._language = screen.language
        if screen.page is Page.IDLE and before.page is not Page.IDLE:
            self._larger = self._contrast = False
            self._language = screen.language
        self._screen = self._steady(before, screen)
        self._show()

    def _forget(self) -> None:
        self._visit.pin.restart()
        self._visit = Visit()
        self._visit.touched_at = self._now()

    def _steady(self, before: ApplicantScreen, screen: ApplicantScreen) -> ApplicantScreen:
        """A guidance stays 1.5 s at least, so that it can be read aloud."""
        if screen.page is not Page.CAMERA or screen.camera is None:
            self._shown_guidance = None
            return screen
        now, shown = self._now(), self._shown_guidance
        recent = self._guided_at is not None and now - self._guided_at < GUIDANCE_STAYS
        # What was read aloud of a camera that is gone holds no longer.
        recent = recent and screen.camera.guidance is not Spoken.NO_CAMERA
        if shown is not None and recent and shown.guidance is not screen.camera.guidance:
            return replace(screen, camera=replace(screen.camera, guidance=shown.guidance))
        if shown is None or shown.guidance is not screen.camera.guidance:
            self._guided_at = now
        self._shown_guidance = screen.camera
        return screen

    def show_frame(self, frame: QImage | None) -> None:
        """The newest camera frame, as the camera gives it; mirrored here."""
        if isinstance(self._page, CameraPage):
            self._page.live.show_frame(frame)

    def press_primary(self) -> bool:
        """The officer presses the filled button on the applicant's word; whether it was on."""
        button = self._footer.filled if self._footer is not None else None
        if button is None or not button.isEnabled():
            return False
        button.click()
        return True

    @property
    def page(self) -> Page:
        """What stands there."""
        return self._screen.page

    # What the applicant sets
    @property
    def language(self) -> str:
        return self._language

    def set_language(self, language: str) -> None:
        """Redraw in place; step and what was typed stay."""
        self._language = language
        self._touched()
        self._show()

    def set_larger(self, on: bool) -> None:
        self._larger = on
        self._show()

    def set_contrast(self, on: bool) -> None:
        self._contrast = on
        self._show()

    # Showing
    def _room_size(self) -> tuple[int, int]:
        """What the training frame leaves."""
        if not self._training:
            return self.width(), self.height()
        return self.width() - 2 * FRAME, self.height() - 2 * FRAME - BAND

    def _unit(self) -> float:
        """Pixels a unit: by the monitor, larger by a quarter for larger text, and never so
        large that a page would not fit."""
        width, height = self._room_size()
        unit = 1.5 if width >= 1880 else 1.25 if width >= 1560 else 1.0
        unit *= 1.25 if self._larger else 1.0
        wide, high = LEAST_FOLDED if self._folded() else LEAST
        return min(unit, (width + 2 * FRAME) / wide, height / high)

    def _folded(self) -> bool:
        return self._larger or self.width() < self.height()

    def _show(self) -> None:
        enlarged = self._visit.enlarged and self._screen.page is Page.QR
        back = self._visit.looks_back and self._screen.page is Page.CONSENT
        pin = self._visit.pin.stage_repeat
        unit = self._unit()
        low = self._room_size()[1] / unit < LOW
        shape = (
            self._screen.page,
            self._screen.case_key,
            self._language,
            self._larger,
            self._contrast,
            unit,
            low,
            enlarged,
            back,
            self._folded(),
            pin if self._screen.page is Page.PIN else False,
            _built_from(self._screen),
        )
        if shape == self._shape and self._page is not None:
            self._page.context.screen = self._screen
            self._page.follow()
            self._refresh_frame()
            return
        self._shape = shape
        view = LargeQrPage if enlarged else WelcomePage if back else PAGES[self._screen.page]
        self._build(view, unit, low=low)

    def _build(self, view: type[PageView], unit: float, *, low: bool) -> None:
        focus = self._focused_name()
        self._kit.dress(
            language=self._language,
            unit=unit,
            larger=self._larger,
            contrast=self._contrast,
            low=low,
        )
        context = Context(
            self._kit, self._screen, self._now, self._visit, self.acts, self._refreshed
        )
        page = view(context)
        stage = QWidget(self)
        stage.setLayout(self._around(stage, page))
        self._stage.hide()
        self._room.replaceWidget(self._stage, stage)
        self._stage.setParent(None)
        self._stage.deleteLater()
        self._stage, self._page = stage, page
        for touch in stage.findChildren(Touch):
            touch.pressed.connect(self._touched)
        self._refresh_frame()
        stage.show()
        page.follow()
        self._give_focus(focus)
        self.setWindowTitle(self._kit.say("service.name"))
        self.setAccessibleName(self._kit.say("service.name"))

    def _around(self, stage: QWidget, page: PageView) -> QVBoxLayout:
        kit = self._kit
        self._panel = None
        folded = self._folded() or page.bare
        main = kit.column()
        if not page.bare:
            step = self._screen.shown_step if folded and page.steps else None
            bar = TopBar(kit, step, self._screen.steps, languages=page.languages)
            bar.larger.connect(self.acts.larger_text_chosen)
            bar.contrast.connect(self.acts.high_contrast_chosen)
            bar.chosen.connect(self.acts.language_chosen)
            main.addWidget(bar)
        title = None if page.full else head(kit, page)
        edges = (40, kit.pick(8, 4, 8), 40, kit.pick(page.bottom, min(page.bottom, 8), 12))
        edges = (0, 0, 0, 0) if page.full else edges
        room = kit.column(margins=edges)
        if title is not None:
            room.addWidget(title)
            room.addSpacing(kit.px(kit.pick(page.top, 12, 10)))
        room.addWidget(page, 1)
        main.addLayout(room, 1)
        self._footer = Footer(kit)
        main.addWidget(self._footer)
        if folded:
            return main
        self._panel = Panel(kit)
        outer = kit.column()
        outer.addLayout(kit.row(self._panel, main))
        return outer

    def _refreshed(self) -> None:
        """The applicant did something on the page."""
        self._show()

    def _refresh_frame(self) -> None:
        page = self._page
        if page is None:
            return
        if self._footer is not None:
            self._footer.show_foot(page.foot())
        if self._panel is not None:
            self._panel.show_state(
                self._screen.post,
                self._now(),
                self._screen.shown_step,
                self._screen.steps,
                steps=page.steps,
                all_done=self._screen.page is Page.DONE,
            )

    def tick(self) -> None:
        """Once a second: clocks, countdowns, forgotten entries."""
        if self._page is not None:
            self._page.tick()
        if self._screen.page is Page.CAMERA and self._page is not None:
            self._page.follow()
        self._refresh_frame()

    def _focused_name(self) -> str:
        focus = self.focusWidget()
        return focus.accessibleName() if focus is not None and focus.hasFocus() else ""

    def _give_focus(self, name: str) -> None:
        """Keep the focus where it was if that is still there; else the first thing to do."""
        if self._page is None:
            return
        found = [w for w in self._stage.findChildren(QWidget) if w.accessibleName() == name]
        target = found[0] if name and found else self._page.first_focus()
        (target or self).setFocus(Qt.FocusReason.OtherFocusReason)

    def _touched(self) -> None:
        self._visit.touched_at = self._now()

    # Qt's own
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._touched()
        self.tick()
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._touched()
        if event.key() == Qt.Key.Key_F1:
            self.acts.help_called.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.press_primary()
        elif self._page is None or not self._page.key(event):
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._visit.pin.restart()
        self._timer.stop()
        super().closeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter = self._kit, QPainter(self)
        if not self._training:
            painter.fillRect(self.rect(), kit["background"])
            return
        painter.fillRect(self.rect(), kit["training"])
        painter.fillRect(self._stage.geometry(), kit["background"])
        painter.setPen(kit["rail-text"])
        painter.setFont(kit.font(Type.WIDE_STRONG, self._language))
        band = QRectF(0, 0, self.width(), BAND + FRAME)
        painter.drawText(band, Qt.AlignmentFlag.AlignCenter, kit.say("training.band"))


def _built_from(screen: ApplicantScreen) -> object:
    """The parts of a snapshot a page is built from and does not follow."""
    if screen.page is Page.WRONG_PIN:
        return screen.tries_left
    if screen.page in (Page.CONSENT, Page.DATA, Page.DONE, Page.NOT_PROVEN, Page.REFUSED):
        return (screen.consent, screen.data, screen.ending, str(screen.refusal))
    if screen.page is Page.SLIP:
        return screen.slip
    if screen.page is Page.SENDING:
        return screen.live is LiveState.SAVED
    if screen.page in (Page.EXPIRED, Page.NO_TRIES):
        return screen.ended_at
    return (screen.face_taken, screen.keypad)
