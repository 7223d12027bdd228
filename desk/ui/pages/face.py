"""Face: the picture is taken, the officer judges, only then the machine's figure is shown.

Signals: ``capture_requested``, ``retake_requested``, ``other_camera``,
``judgement_recorded(str)`` (same, unsure, different), ``enlarge_requested``, ``go_on``;
besides ``back``, ``stop_case``, ``remedy(str)``. Frames come through
:meth:`FacePage.show_frame`. Before the judgement is recorded no score is in this page's
widgets, names or descriptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QBoxLayout, QStackedWidget, QWidget

from desk.issuance.case import Case, Judgement
from desk.ui import says
from desk.ui.look import Look
from desk.ui.pages.face_parts import (
    AttemptStrip,
    JudgementCard,
    MachineCard,
    QualityCard,
    QualityLine,
    TwoPictures,
)
from desk.ui.parts.box import column, holder, row
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.live import LiveFrame
from desk.ui.parts.verdict import Remedy
from desk.ui.troubles import Spoken

KEYS = {"1": Judgement.SAME, "2": Judgement.UNSURE, "3": Judgement.DIFFERENT}
GUIDANCE_ICONS = {
    "no_face": "user",
    "one_person": "users",
    "closer": "zoom-in",
    "back": "zoom-out",
    "head_left": "arrow-left",
    "head_right": "arrow-right",
    "chin_up": "arrow-up",
    "glasses": "glasses",
    "dark_side": "sun",
    "hold": "check",
    "taken": "camera",
}


class FaceStage(StrEnum):
    """LIVE: the camera runs. TAKING: one second of stillness. JUDGE: two pictures, no
    score. SCORED: the judgement is recorded. CAMERA_OFF: no camera answers."""

    LIVE = "live"
    TAKING = "taking"
    JUDGE = "judge"
    SCORED = "scored"
    CAMERA_OFF = "camera_off"


@dataclass(frozen=True)
class FaceView:
    """``guidance`` is a key of the guidance words; ``can_capture`` comes from the quality.

    ``captured`` is the picture taken, ``captured_at`` its time as words. ``deleted_by``
    says when pictures are wiped. ``attempts`` are former pictures with a word.
    """

    here: says.Here
    case: Case
    stage: FaceStage = FaceStage.LIVE
    camera: str = ""
    guidance: str = ""
    quality: tuple[QualityLine, ...] = ()
    can_capture: bool = False
    cameras: int = 1
    portrait: QImage | None = None
    captured: QImage | None = None
    captured_at: str = ""
    attempt: int = 1
    attempts: tuple[tuple[QImage, str], ...] = ()
    deleted_by: str = ""
    busy: bool = False
    trouble: Spoken | None = None
    remedies: tuple[Remedy, ...] = ()
    read_only: bool = False


class FacePage(Page):
    """Live picture or two pictures left; judgement and quality or comparison right."""

    capture_requested = Signal()
    retake_requested = Signal()
    other_camera = Signal()
    judgement_recorded = Signal(str)
    enlarge_requested = Signal()
    go_on = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._view: FaceView | None = None
        self.frame = LiveFrame(look)
        self.frame.other_camera.connect(self.other_camera)
        self.strip = AttemptStrip(look)
        self._live_column = column(self.frame, self.strip)
        self._live_column.setStretch(0, 1)
        self._live = holder(self._live_column)
        self.two = TwoPictures(look)
        self.two.enlarge.connect(self.enlarge_requested)
        self._left = QStackedWidget()
        self._left.addWidget(self._live)
        self._left.addWidget(self.two)
        self.judgement = JudgementCard(look)
        self.judgement.chosen.connect(self._chosen)
        self.quality = QualityCard(look)
        self.machine = MachineCard(look)
        self._low = QStackedWidget()
        self._low.addWidget(self.quality)
        self._low.addWidget(self.machine)
        self._right_column = column(self.judgement, self._low)
        self._right_column.setStretch(1, 1)
        self._right = holder(self._right_column)
        self._columns = row(self._left, self._right)
        self._columns.setStretch(0, 1)
        self.body.addLayout(self._columns, 1)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        tight = narrow or small
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        for layout in (self._columns, self._live_column, self._right_column):
            layout.setSpacing(self.gap)
        width = 336 if narrow else 400
        self._right.setMinimumWidth(0 if small else width)
        self._right.setMaximumWidth(16777215 if small else width)
        self._left.setMinimumHeight(420 if small else 0)
        self.strip.set_narrow(tight)
        self.judgement.set_narrow(tight)
        self.quality.set_narrow(tight)
        self.machine.set_narrow(tight)

    def show_frame(self, frame: QImage) -> None:
        """The newest frame of the camera; ignored while two pictures are judged."""
        if self._view is not None and self._view.stage is FaceStage.LIVE:
            self.frame.show_frame(frame)

    def render(self, view: FaceView) -> None:
        fresh = self._view is None or self._view.stage is not view.stage
        self._view = view
        live = view.stage in (FaceStage.LIVE, FaceStage.TAKING, FaceStage.CAMERA_OFF)
        self._left.setCurrentWidget(self._live if live else self.two)
        self._low.setCurrentWidget(self.quality if live else self.machine)
        if live:
            self._render_live(view)
        else:
            self._render_pictures(view)
        face = view.case.face if view.stage is FaceStage.SCORED else None
        if fresh and view.stage is FaceStage.LIVE:
            self.judgement.forget()
        self.judgement.render(view.stage is FaceStage.JUDGE, face, view.here)
        self.machine.render(face)
        self.show_trouble(view.trouble, view.remedies)
        self._render_footer(view)
        say = self.look.say
        stage = FaceStage.LIVE if live else view.stage
        self.say_head(say("step.face"), say(f"face.head_{stage.value}"))

    def _render_live(self, view: FaceView) -> None:
        say = self.look.say
        if view.stage is FaceStage.CAMERA_OFF:
            self.frame.show_words("", "", "camera", "", "")
            self.frame.show_off(say("face.no_camera"), say("face.no_camera_next"))
        else:
            source = say("face.live", camera=view.camera)
            key = (
                "guidance.taking" if view.stage is FaceStage.TAKING else f"guidance.{view.guidance}"
            )
            words = say(key) if key in self.look.words else ""
            icon = GUIDANCE_ICONS.get(view.guidance, "user")
            other = say("face.other_camera") if view.cameras > 1 else ""
            self.frame.show_words(source, words, icon, say("face.also_there"), other)
        self.strip.render(view.portrait, view.attempts)
        self.quality.render(view.quality)

    def _render_pictures(self, view: FaceView) -> None:
        document = view.case.document
        read = f"DG2 · {document.read_at.astimezone(view.here.zone):%H:%M}" if document else "DG2"
        good = sum(line.ok for line in view.quality)
        self.two.render(
            view.portrait,
            view.captured,
            read,
            self.look.say("face.attempt_at", n=view.attempt, time=view.captured_at),
            (good, len(view.quality)),
            view.deleted_by,
        )

    def _render_footer(self, view: FaceView) -> None:
        say = self.look.say
        if view.read_only:
            self.footer.show_others(())
            self.footer.show_primary(Primary(say("footer.to_current"), keys=("Ctrl+Enter",)))
            return
        retake = Other("retake", say("face.retake"), icon="rotate-ccw")
        judging = view.stage is FaceStage.JUDGE
        self.footer.show_others((*self.leave_out(), retake) if judging else self.leave_out())
        if judging:
            self._footer_judge(view)
        elif view.stage is FaceStage.SCORED:
            self.footer.show_primary(Primary(say("footer.next_review"), keys=("Ctrl+Enter",)))
        else:
            self._footer_live(view)

    def _footer_live(self, view: FaceView) -> None:
        say = self.look.say
        may = view.can_capture and view.stage is FaceStage.LIVE
        faults = [line for line in view.quality if not line.ok]
        why = ""
        if not may:
            why = say("face.cannot_capture")
        elif faults:
            why = say("face.advice_only", name=say(f"quality.{faults[0].key}"))
        if view.stage is FaceStage.TAKING:
            why = say("face.taking")
        keys = ("Space",) if may else ()
        self.footer.show_primary(Primary(say("face.capture"), may, why, keys, icon="camera"))

    def _footer_judge(self, view: FaceView) -> None:
        say = self.look.say
        chosen = self.judgement.choice is not None and not view.busy
        if chosen:
            primary = Primary(say("face.record"), True, say("face.final"), ("Ctrl+Enter",))
        else:
            more = say("face.key_judge")
            primary = Primary(say("face.record"), False, "", ("1", "2", "3"), after_keys=more)
        self.footer.show_primary(primary)

    def _chosen(self, _judgement: str) -> None:
        if self._view is not None:
            self._render_footer(self._view)

    # Keys and buttons
    def plain_key(self, key: str) -> bool:
        view = self._view
        if view is None or view.read_only:
            return False
        if key == " " and view.stage is FaceStage.LIVE and view.can_capture:
            self.capture_requested.emit()
            return True
        if key in KEYS and view.stage is FaceStage.JUDGE and not view.busy:
            self.judgement.choose(KEYS[key])
            return True
        return False

    def other_asked(self, key: str) -> None:
        if key == "retake":
            self.retake_requested.emit()

    def primary_key(self) -> None:
        view = self._view
        if view is None or view.read_only or view.stage is FaceStage.SCORED:
            self.go_on.emit()
        elif view.stage is FaceStage.JUDGE:
            if self.judgement.choice is not None and not view.busy:
                self.judgement_recorded.emit(self.judgement.choice.value)
        elif view.can_capture and view.stage is FaceStage.LIVE:
            self.capture_requested.emit()

    def enlarge(self) -> None:
        if self._view is not None and self._view.stage in (FaceStage.JUDGE, FaceStage.SCORED):
            self.enlarge_requested.emit()

    def first_focus(self) -> QWidget | None:
        view = self._view
        if view is not None and view.stage is FaceStage.JUDGE:
            # Never an answer: the pictures' own button is the nearest harmless place.
            return self.two.large
        return self.footer.primary

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)
