"""Parts of the face page: answers, quality, attempts, two pictures, machine's comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from desk.issuance.case import FaceCheck, Judgement
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, rounded, shown
from desk.ui.parts.box import Card, Line, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.person import DashedBox, Facts, Picture, cover
from desk.ui.parts.score import QualityRow, ScoreBand
from desk.ui.parts.sign import Badge, GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type

ANSWERS = {
    Judgement.SAME: ("user-check", "1"),
    Judgement.UNSURE: ("circle-question-mark", "2"),
    Judgement.DIFFERENT: ("user-x", "3"),
}
ATTEMPTS = 3


@dataclass(frozen=True)
class QualityLine:
    """One measure: ``share`` and ``tick`` are places on its bar (0 to 1), ``value`` words."""

    key: str
    ok: bool
    share: float
    tick: float
    value: str


class Answer(QAbstractButton):
    """An answer with icon, words and key; recorded ones cannot be pressed any more."""

    ring_radius = 8

    def __init__(self, look: Look, judgement: Judgement) -> None:
        super().__init__()
        self._look, self.judgement = look, judgement
        self._final = False
        self.ring_wanted = True
        self.setCheckable(True)
        self.setFixedHeight(48)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        look.restyled.connect(self.update)

    def show_state(self, can_choose: bool, final: bool) -> None:
        word = self._look.say(f"judgement.{self.judgement.value}")
        self.setText(word)
        self._final = final
        self.setEnabled(can_choose)
        self.setAccessibleName(word)
        self.update()

    # Qt's own
    def sizeHint(self) -> QSize:
        return QSize(200, self.height())

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.ring_wanted = self._look.shows_focus(event.reason())
        super().focusInEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        box = QRectF(self.rect())
        icon, key = ANSWERS[self.judgement]
        if self.isChecked():
            rounded(painter, box, 8, look["accent-soft"], look["accent"], 2)
            token = "text"
        elif self.isEnabled():
            over = self.underMouse()
            rounded(painter, box, 8, look["well" if over else "card"], look["line-strong"])
            token = "text"
        else:
            ground = "card" if self._final else "background"
            rounded(painter, box, 8, look[ground], look["line"])
            token = "disabled"
        middle = self.height() / 2
        look.paint_icon(painter, icon, token, QRectF(17, middle - 10, 20, 20))
        painter.setFont(look.font(Type.STRONG))
        painter.setPen(look[token])
        room = QRectF(49, 0, self.width() - 100, self.height())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self.text())
        if self.isChecked():
            place = QRectF(self.width() - 37, middle - 10, 20, 20)
            look.paint_icon(painter, "check", "accent", place)
            return
        cap = QRectF(self.width() - 39, middle - 10, 22, 20)
        rounded(painter, cap, 4, look["background"], look["line"])
        painter.setFont(look.font(Type.SMALL))
        painter.setPen(look["muted"])
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, key)


class JudgementCard(Card):
    """The question and its three answers; none is chosen beforehand."""

    chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.choice: Judgement | None = None
        self._badge = Badge(look, Glyph.WAITING, " ")
        self.right.addWidget(self._badge)
        self._question = Text(look, "", Type.BODY, wrap=True)
        self._answers = {one: Answer(look, one) for one in Judgement}
        self._note = Text(look, "", Type.SMALL, "muted", wrap=True)
        self._list = column(*self._answers.values(), gap=8)
        for one, answer in self._answers.items():
            answer.clicked.connect(lambda _=False, key=one: self.choose(key))
        for item in (self._question, 12, self._list, 12, self._note):
            if isinstance(item, int):
                self.body.addSpacing(item)
            elif isinstance(item, QWidget):
                self.body.addWidget(item)
            else:
                self.body.addLayout(item)
        # As high as its paragraphs are at this width: squeezed, one answer would lie over another.
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_narrow(self, narrow: bool) -> None:
        edge = 13 if narrow else 17
        self.body.setContentsMargins(edge, 12 if narrow else 16, edge, 12 if narrow else 16)
        for answer in self._answers.values():
            answer.setFixedHeight(36 if narrow else 48)

    def forget(self) -> None:
        """No answer is chosen (a new picture is taken)."""
        self.choice = None

    def choose(self, judgement: Judgement) -> None:
        """Choose, not yet record; another choice takes its place."""
        self.choice = judgement
        for one, answer in self._answers.items():
            answer.setChecked(one is judgement)
            answer.update()
        self.chosen.emit(judgement.value)

    def render(self, can_choose: bool, recorded: FaceCheck | None, here: says.Here) -> None:
        say = self._look.say
        self.name(say("face.judgement"))
        self._question.say(say("face.question"))
        if recorded is not None:
            self.choice = recorded.judgement
            time = says.clock(recorded.judged_at, here)
            self._badge.show_state(Glyph.PASSED, say("face.recorded", time=time))
            self._note.say(say("face.not_changed"))
        else:
            glyph = Glyph.HALF if can_choose else Glyph.WAITING
            word = say("face.judge_first" if can_choose else "face.after_capture")
            self._badge.show_state(glyph, word)
            self._note.say(say("face.score_later"))
        for one, answer in self._answers.items():
            answer.setChecked(one is self.choice)
            answer.show_state(can_choose and recorded is None, recorded is not None)


class QualityCard(Card):
    """How good the live picture is, measure by measure."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(17, 8, 17, 8))
        self._narrow = False
        self._count = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._count)
        self._rows: list[QualityRow] = []
        self.body.addStretch(1)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        for line in self._rows:
            self._size(line)

    def _size(self, line: QualityRow) -> None:
        line.setFixedHeight(23 if self._narrow else 32)
        english = self._look.language == "en"
        line.set_widths(58 if self._narrow else 114, 44 if not english else 48)

    def render(self, lines: Sequence[QualityLine]) -> None:
        say = self._look.say
        self.name(say("face.quality"))
        while len(self._rows) < len(lines):
            line = QualityRow(self._look)
            line._padding = 0
            self._size(line)
            self.body.insertWidget(len(self._rows), line)
            self._rows.append(line)
        for row_, one in zip(self._rows, lines, strict=False):
            word = say("quality.good" if one.ok else "quality.adjust")
            name = say(f"quality.{one.key}")
            self._size(row_)
            row_.show_measure(one.ok, name, one.share, one.tick, one.value, word)
        for place, row_ in enumerate(self._rows):
            shown(row_, place < len(lines))
        good = sum(line.ok for line in lines)
        self._count.say(say("face.quality_count", n=good, of=len(lines)) if lines else "")


class AttemptStrip(Card):
    """The chip's picture and the attempts so far."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, header=0, padding=(17, 17, 17, 12))
        self._chip = Picture(look, 88, 104)
        self._chip_name = Text(look, "", Type.SMALL_STRONG, align=Qt.AlignmentFlag.AlignHCenter)
        self._places = [(Picture(look, 88, 104), DashedBox(look, 88, 104)) for _ in range(ATTEMPTS)]
        self._names = [
            Text(look, "", Type.SMALL, align=Qt.AlignmentFlag.AlignHCenter) for _ in range(ATTEMPTS)
        ]
        line = row(column(self._chip, 4, self._chip_name, None), Line(look, standing=True), gap=16)
        for (picture, dashed), name in zip(self._places, self._names, strict=True):
            line.addLayout(column(picture, dashed, 4, name, None))
        line.addStretch(1)
        self.body.addLayout(line)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_narrow(False)

    def set_narrow(self, narrow: bool) -> None:
        wide, high = (80, 88) if narrow else (88, 104)
        for picture, dashed in ((self._chip, None), *self._places):
            picture.setFixedSize(wide, high)
            if dashed is not None:
                dashed.setFixedSize(wide, high)
        self.setFixedHeight(144 if narrow else 170)

    def render(self, portrait: QImage | None, attempts: Sequence[tuple[QImage, str]]) -> None:
        say = self._look.say
        self._chip.show_image(portrait, say("passport.chip_picture"))
        self._chip_name.say(say("face.chip_picture"))
        for number, (picture, dashed) in enumerate(self._places):
            taken = number < len(attempts)
            name = say("face.attempt", n=number + 1)
            shown(picture, taken)
            shown(dashed, not taken)
            if taken:
                image, word = attempts[number]
                picture.show_image(image, name)
                name = f"{name} · {word}" if word else name
            else:
                dashed.show_place(
                    "camera" if number == len(attempts) else "", str(number + 1), name
                )
            self._names[number].say(name)


class TwoPictures(Card):
    """Chip and live picture, equal in size; what was good; when they are wiped."""

    enlarge = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 16))
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self._chip, self._live = FullPicture(look), FullPicture(look)
        pictures = row(self._chip, self._live, gap=16, margins=(16, 0, 16, 0))
        self._names = [Text(look, "", Type.STRONG) for _ in range(2)]
        self._sources = [Text(look, "", Type.SMALL, "muted") for _ in range(2)]
        captions = row(gap=16, margins=(16, 0, 16, 0))
        for name, source in zip(self._names, self._sources, strict=True):
            captions.addWidget(holder(row(name, None, source)), 1)
        self._good_sign = GlyphSign(look, Glyph.PASSED, 16)
        self._good = Text(look, "", Type.SMALL)
        self._wiped = Text(look, "", Type.SMALL, "muted")
        facts = row(
            self._good_sign, 8, self._good, None, IconSign(look, "trash-2", 16), 8, self._wiped,
            margins=(16, 0, 16, 0),
        )  # fmt: skip
        self.large = Button(look, "", Kind.SECONDARY, height=32, icon="maximize-2")
        self.large.clicked.connect(self.enlarge)
        self._line = Line(look)
        self.body.addLayout(pictures, 1)
        self.body.addSpacing(8)
        self.body.addLayout(captions)
        self.body.addSpacing(20)
        self.body.addWidget(holder(column(self._line)))
        self.body.addSpacing(12)
        self.body.addLayout(facts)
        self.body.addSpacing(12)
        self.body.addLayout(row(self.large, None, margins=(16, 0, 16, 0)))

    def render(
        self,
        chip: QImage | None,
        live: QImage | None,
        chip_source: str,
        live_source: str,
        good: tuple[int, int],
        deleted_by: str,
    ) -> None:
        say = self._look.say
        self.name(say("face.two_pictures"))
        self._note.say(say("face.same_size"))
        for picture, image, key in ((self._chip, chip, "chip"), (self._live, live, "live")):
            picture.show_image(image, say(f"face.picture_{key}"))
        for place, key in enumerate(("chip", "live")):
            self._names[place].say(say(f"face.picture_{key}"))
        self._sources[0].say(chip_source)
        self._sources[1].say(live_source)
        passed, whole = good
        glyph = Glyph.PASSED if passed == whole else Glyph.ATTENTION
        self._good_sign.show_state(glyph, say("face.quality"))
        key = "face.quality_all" if passed == whole else "face.quality_some"
        self._good.say(say(key, n=passed, of=whole))
        self._wiped.say(deleted_by)
        self.large.say(say("face.enlarge"))

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        # This card's header runs into the pictures without a line.
        rounded(QPainter(self), QRectF(self.rect()), 10, self._look["card"], self._look["line"])


class FullPicture(QWidget):
    """A picture as large as its place, cut and never stretched."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._image: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 200)
        look.restyled.connect(self.update)

    def show_image(self, image: QImage | None, name: str) -> None:
        self._image = image
        self.setAccessibleName(name)
        self.update()

    # Qt's own
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(self.rect())
        rounded(painter, box, 8, self._look["disabled-bg"])
        if self._image is not None and not self._image.isNull():
            clip = QPainterPath()
            clip.addRoundedRect(box, 8, 8)
            painter.setClipPath(clip)
            painter.drawImage(box, self._image, cover(self._image, box))
            painter.setClipping(False)
        rounded(painter, box, 8, None, self._look["line"])


class MachineCard(Card):
    """Hidden until the judgement is recorded; then band, figures, and whether they agree."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._badge = Badge(look, Glyph.NOT_DONE, " ")
        self.right.addWidget(self._badge)
        self._narrow = False
        self._hidden_title = Text(look, "", Type.STRONG, align=Qt.AlignmentFlag.AlignHCenter)
        self._hidden_words = Text(
            look, "", Type.SMALL, "muted", wrap=True, align=Qt.AlignmentFlag.AlignHCenter
        )
        icon = row(None, IconSign(look, "eye-off", 36), None)
        self._hidden = holder(
            column(None, icon, 12, self._hidden_title, 8, self._hidden_words, None)
        )
        self.band = ScoreBand(look)
        self._facts = Facts(look)
        self._line = Line(look)
        self._sign = GlyphSign(look, Glyph.PASSED, 20)
        self._agrees = Text(look, "", Type.STRONG, wrap=True)
        verdict = row(column(2, self._sign, None), self._agrees, gap=8)
        verdict.setStretch(1, 1)
        self._scored = holder(column(8, self.band, 16, self._facts, None, self._line, 14, verdict))
        self.body.addWidget(self._hidden, 1)
        self.body.addWidget(self._scored, 1)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._facts.set_line(24 if narrow else 28)
        edge = 12 if narrow else 16
        self.body.setContentsMargins(17, edge, 17, edge)

    def render(self, check: FaceCheck | None) -> None:
        """``check`` only once it is recorded; before that nothing of it is known here."""
        say = self._look.say
        self.name(say("face.machine"))
        shown(self._hidden, check is None)
        shown(self._scored, check is not None)
        if check is None:
            self._badge.show_state(Glyph.NOT_DONE, say("face.kept_back"))
            self._hidden_title.say(say("face.hidden"))
            self._hidden_words.say(say("face.hidden_why"))
            return
        self._render_score(check)

    def _render_score(self, check: FaceCheck) -> None:
        say = self._look.say
        bands = {"similar": Glyph.PASSED, "dissimilar": Glyph.FAILED}
        glyph = bands.get(check.band, Glyph.UNDECIDED)
        word = say(f"band.{check.band}")
        self._badge.show_state(glyph, word)
        zones = (say("band.similar"), say("band.person"), say("band.dissimilar_short"))
        self.band.show_score(check.distance, check.limits, zones)
        self.band.setAccessibleName(f"{check.distance:.2f}, {word}")
        low, high = check.limits
        middle = [(say("face.middle"), say("face.middle_value"))]
        self._facts.show_facts(
            [
                (say("face.distance"), say("face.distance_value", n=f"{check.distance:.2f}")),
                *([] if self._narrow else middle),
                (say("face.matcher"), f"{check.matcher} {check.matcher_version}"),
                (say("face.limits"), f"{low:.2f} · {high:.2f}"),
            ]
        )
        agrees = (check.judgement is Judgement.SAME) == (check.band == "similar")
        agrees = agrees and check.judgement is not Judgement.UNSURE
        self._sign.show_state(Glyph.PASSED if agrees else Glyph.ATTENTION, say("face.machine"))
        self._agrees.say(say("face.agrees" if agrees else "face.differs"))
