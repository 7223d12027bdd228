"""The face page: live frames judged as they come, a picture, a judgement, then the score.

Frames go to the screen at once; the newest goes to the face lane whenever that is idle.
The comparison is computed after the judgement is recorded and not before.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from desk.counter import facing
from desk.face.finder import FaceFinder
from desk.face.matcher import Matcher
from desk.face.quality import CaptureLimits, CaptureQuality, CheckName, QualityCheck, judge
from desk.face.troubles import FaceTrouble
from desk.issuance.case import Case, Judgement, State
from desk.mrtd.portrait import portrait_rgb
from desk.store import cases
from desk.store.cases import BlobKind
from desk.trouble import Trouble
from desk.ui import says
from desk.ui.camera import Camera
from desk.ui.control.desk import Desk
from desk.ui.control.steps import Step
from desk.ui.lanes import Lane
from desk.ui.large_pictures import LargePictures
from desk.ui.pages.face import FacePage, FaceStage, FaceView
from desk.ui.pages.face_parts import QualityLine
from desk.ui.pictures import Rgb, image_of, pixels_of
from desk.words import Words

_UNITS = {
    CheckName.INTER_EYE: "px",
    CheckName.PITCH: "°",
    CheckName.YAW: "°",
    CheckName.ROLL: "°",
    CheckName.BRIGHTNESS: "%",
}


class FaceControl(QObject):
    """``judged(CaptureQuality)`` with every frame that was looked at; ``staged`` when the
    picture stands or is taken anew, and when the camera goes or comes: the applicant's
    window follows both."""

    judged = Signal(object)
    staged = Signal()

    def __init__(self, desk: Desk, page: FacePage, camera: Camera) -> None:
        super().__init__(desk)
        self._desk, self._page, self._camera = desk, page, camera
        settings = desk.station.settings.face
        self._limits = CaptureLimits(inter_eye_px=settings.inter_eye_px)
        self._finder = FaceFinder()
        self._matcher = Matcher((settings.similar, settings.dissimilar), self._finder)
        self._words = Words("desk")
        self._stage = FaceStage.LIVE
        self._image: QImage | None = None
        self._looking = False
        # Since when the page stands: a frame that was looked at before is of nobody here.
        self._turn = 0
        self._quality: CaptureQuality | None = None
        self._frame: Rgb | None = None
        self._captured: QImage | None = None
        self._captured_at = ""
        self._portrait: QImage | None = None
        self._attempts: list[tuple[QImage, str]] = []
        self._busy = False
        self._trouble: Trouble | None = None
        camera.pictured.connect(self._pictured)
        camera.lost.connect(self._lost)
        camera.found.connect(self._found)
        page.capture_requested.connect(self._capture)
        page.retake_requested.connect(self._retake)
        page.judgement_recorded.connect(self._judge)
        page.enlarge_requested.connect(self._enlarge)
        page.go_on.connect(self._go_on)
        page.back.connect(lambda: desk.go_to.emit(Step.ELIGIBILITY))
        page.remedy.connect(lambda _key: self._retake())
        desk.look.retranslated.connect(self.render)
        desk.shown.connect(self._shown)

    def enter(self, case: Case) -> None:
        """A case that is ELIGIBLE looks through the camera; a judged one shows its score."""
        self._busy, self._trouble, self._quality = False, None, None
        self._turn += 1
        self._looking = False
        self._attempts = []
        self._captured = self._portrait = self._frame = None
        self._load_pictures(case)
        self._stage = FaceStage.SCORED if case.face is not None else FaceStage.LIVE
        self._desk.show(Step.FACE, self._page)
        self.render()

    def _shown(self, step: Step | None) -> None:
        if step is Step.FACE and self._stage in (FaceStage.LIVE, FaceStage.CAMERA_OFF):
            self._camera.start()
        else:
            self._camera.stop()

    def warm_up(self) -> None:
        """Load the models before the first applicant stands there."""
        blank = pixels_of(QImage(64, 64, QImage.Format.Format_RGB888))
        self._desk.work(Lane.FACE, lambda: self._finder.find(blank))

    def _load_pictures(self, case: Case) -> None:
        station = self._desk.station

        def load() -> tuple[QImage | None, QImage | None]:
            with station.store.read() as session:
                chip = cases.blob(session, case.number, BlobKind.PORTRAIT)
                live = cases.blob(session, case.number, BlobKind.FACE)
            return _image(chip), _image(live)

        def done(pictures: tuple[QImage | None, QImage | None]) -> None:
            if not self._desk.is_at(case):
                # Another applicant's case is open by now.
                return
            self._portrait = pictures[0]
            self._captured = self._captured or pictures[1]
            self.render()

        self._desk.work(Lane.RECORDS, load, done, look_at=case)

    # Frames

    def _pictured(self, image: QImage) -> None:
        if self._stage not in (FaceStage.LIVE, FaceStage.TAKING):
            return
        self._image = image
        self._page.show_frame(image)
        if not self._looking:
            self._look_at(image)

    def _look_at(self, image: QImage) -> None:
        self._looking = True
        pixels = pixels_of(image)
        turn, taking = self._turn, self._stage is FaceStage.TAKING

        def job() -> tuple[Rgb, CaptureQuality]:
            return pixels, judge(self._finder.find(pixels), pixels, self._limits)

        self._desk.work(
            Lane.FACE,
            job,
            lambda seen: self._seen(turn, seen, taking),
            lambda trouble: self._not_seen(turn, trouble),
        )

    def _seen(self, turn: int, seen: tuple[Rgb, CaptureQuality], taking: bool) -> None:
        if turn != self._turn:
            return
        self._looking = False
        if self._stage not in (FaceStage.LIVE, FaceStage.TAKING):
            return
        self._quality = seen[1]
        self.judged.emit(seen[1])
        if taking and seen[1].one_person:
            self._take(seen[0])
        elif taking:
            self._stage = FaceStage.LIVE
        self.render()

    def _not_seen(self, turn: int, trouble: Trouble) -> None:
        """The frame told nothing; after a bug the next one would tell no more."""
        if turn != self._turn:
            return
        self._looking = not isinstance(trouble, FaceTrouble)
        self._trouble = trouble
        if self._stage is FaceStage.TAKING:
            self._stage = FaceStage.LIVE
        self.render()

    def _lost(self) -> None:
        if self._stage in (FaceStage.LIVE, FaceStage.TAKING):
            self._stage = FaceStage.CAMERA_OFF
            self._quality = None
            self.render()
            self.staged.emit()

    def _found(self) -> None:
        if self._stage is FaceStage.CAMERA_OFF:
            self._stage = FaceStage.LIVE
            self.render()
            self.staged.emit()

    # Picture and judgement

    def may_capture(self) -> bool:
        """Exactly one face is before the camera, near enough and straight."""
        quality = self._quality
        if self._stage is not FaceStage.LIVE or quality is None or not quality.one_person:
            return False
        checks = [quality.check(name) for name in (CheckName.INTER_EYE, CheckName.YAW)]
        return all(check is not None and check.ok for check in checks)

    @property
    def has_picture(self) -> bool:
        """The picture is taken: the applicant need not look at the camera any more."""
        return self._stage in (FaceStage.JUDGE, FaceStage.SCORED)

    @property
    def is_camera_off(self) -> bool:
        return self._stage is FaceStage.CAMERA_OFF

    def is_judging(self) -> bool:
        """The picture stands and waits for the officer's judgement."""
        return self._stage is FaceStage.JUDGE

    def _capture(self) -> None:
        """The next frame that is looked at becomes the picture, if one face is on it."""
        if self._stage is FaceStage.LIVE and self._quality and self._quality.one_person:
            self._stage = FaceStage.TAKING
            self.render()

    def _take(self, frame: Rgb) -> None:
        self._frame = frame
        self._captured = image_of(frame)
        self._captured_at = says.clock(self._desk.station.now(), self._desk.here())
        self._stage = FaceStage.JUDGE
        self._camera.stop()
        self.staged.emit()

    def _retake(self) -> None:
        if self._stage is not FaceStage.JUDGE or self._busy:
            return
        if self._captured is not None:
            self._attempts.append((self._captured, self._captured_at))
        self._captured, self._frame, self._trouble = None, None, None
        self._stage = FaceStage.LIVE
        self._camera.start()
        self.render()
        self.staged.emit()

    def _judge(self, judgement: str) -> None:
        desk, case = self._desk, self._desk.the_case()
        frame, quality = self._frame, self._quality
        if frame is None or quality is None or self._busy:
            return
        self._busy, self._trouble = True, None
        self.render()
        desk.act(
            Lane.FACE,
            lambda: facing.judge_face(
                desk.station,
                desk.officer,
                case,
                frame,
                quality,
                Judgement(judgement),
                self._matcher,
            ),
            self._recorded,
            self._failed,
        )

    def _recorded(self) -> None:
        self._busy = False
        self._stage = FaceStage.SCORED
        self.render()

    def _failed(self, trouble: Trouble) -> None:
        self._busy = False
        self._trouble = trouble
        self.render()

    def _enlarge(self) -> None:
        if self._portrait is not None and self._captured is not None:
            LargePictures(
                self._desk.look, self._page.window(), self._portrait, self._captured
            ).exec()

    def _go_on(self) -> None:
        self._desk.go_to.emit(self._desk.current())

    # Showing

    def render(self) -> None:
        desk, case = self._desk, self._desk.case
        if case is None or desk.step is not Step.FACE:
            return
        quality = self._quality
        self._page.render(
            FaceView(
                here=desk.here(),
                case=case,
                stage=self._stage,
                camera=self._camera.name,
                guidance=quality.guidance.value if quality and quality.guidance else "",
                quality=self._lines(quality),
                can_capture=quality is not None and quality.one_person,
                portrait=self._portrait,
                captured=self._captured,
                captured_at=self._captured_at,
                attempt=len(self._attempts) + 1,
                attempts=tuple(self._attempts[-3:]),
                deleted_by=self._words.text("camera.kept_until", desk.look.language),
                busy=self._busy,
                trouble=desk.spoken(self._trouble) if self._trouble else None,
                read_only=case.state not in (State.ELIGIBLE, State.FACE_CHECKED),
            )
        )

    def _lines(self, quality: CaptureQuality | None) -> tuple[QualityLine, ...]:
        if quality is None:
            return ()
        return tuple(_line(check) for check in quality.checks)


def _line(check: QualityCheck) -> QualityLine:
    unit = _UNITS.get(check.name, "")
    value = f"{check.value:+.0f}{unit}" if unit == "°" else f"{check.value:.0f}{unit}"
    return QualityLine(
        check.name.value, check.ok, check.score / 100, check.limit_score / 100, value
    )


def _image(data: bytes | None) -> QImage | None:
    return None if data is None else image_of(portrait_rgb(data))
