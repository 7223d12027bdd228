"""What stands around every page: panel with steps, tools and languages, footer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from desk.issuance.posts import SEOUL
from desk.ui.applicant.drawings import paint_mark
from desk.ui.applicant.kit import Kit, Run
from desk.ui.applicant.parts import IconSpot, Tile, ToolButton, Touch, WideButton, check_mark
from desk.ui.applicant.snapshot import ALL_STEPS, LANGUAGES, RESUMING, PostFacts
from desk.ui.applicant.text import Say, Stack
from desk.ui.look import rounded
from desk.ui.theme import Type

PANEL = 296


class Panel(QWidget):
    """The steps, post and its two clocks; nothing personal."""

    def __init__(self, kit: Kit) -> None:
        super().__init__()
        self._kit = kit
        self._post: PostFacts | None = None
        self._now: datetime | None = None
        self._step: int | None = None
        self._order: tuple[int, ...] = ALL_STEPS
        self._steps = True
        self._all_done = False
        self.setFixedWidth(kit.px(PANEL))

    def show_state(
        self,
        post: PostFacts,
        now: datetime,
        step: int | None,
        order: tuple[int, ...] = ALL_STEPS,
        *,
        steps: bool,
        all_done: bool,
    ) -> None:
        """``order`` are the steps of this visit, ``steps`` whether they are shown at all."""
        self._post, self._now, self._step = post, now, step
        self._order, self._steps, self._all_done = order, steps, all_done
        self.setAccessibleName(self._spoken())
        self.update()

    def _spoken(self) -> str:
        parts = [self._kit.say("service.name")]
        if self._steps and self._step is not None:
            name = self._kit.say(step_key(self._step, self._order))
            parts.append(f"{place_of(self._step, self._order)} {name}")
        if self._post is not None:
            parts.append(self._post.name)
        return ", ".join(parts)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self._kit["rail"])
        painter.scale(self._kit.unit, self._kit.unit)
        height = self.height() / self._kit.unit
        self._paint_name(painter)
        if self._steps:
            self._paint_steps(painter, height)
        if self._post is not None and self._now is not None:
            self._paint_post(painter, height)

    def _paint_name(self, painter: QPainter) -> None:
        kit = self._kit
        paint_mark(painter, QRectF(25, 33, 50, 50), kit["rail-text"], kit["rail"], kit["accent"])
        for number, line in enumerate(kit.say("service.panel").split("\n")):
            run = Run(line, "ko", "rail-text", True)
            self._text(painter, run, 88, 45 + number * 26)

    def _text(
        self, painter: QPainter, run: Run, x: float, middle: float, *, right: bool = False
    ) -> None:
        """One line around ``middle``; units of the design, so the font is not scaled."""
        font = self._kit.font(Type.WIDE_BODY, run.lang, bool(run.strong), tabular=True)
        painter.save()
        painter.scale(1 / self._kit.unit, 1 / self._kit.unit)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(self._kit[run.token])
        left = x * self._kit.unit - (metrics.horizontalAdvance(run.text) if right else 0)
        base = middle * self._kit.unit + (metrics.ascent() - metrics.descent()) / 2
        painter.drawText(QPointF(round(left), round(base)), run.text)
        painter.restore()

    def _paint_steps(self, painter: QPainter, height: float) -> None:
        kit = self._kit
        pitch = min(72.0, (height - 108 - 139) / len(ALL_STEPS))
        painter.setPen(QPen(kit["rail-line"], 2))
        for number in range(1, len(self._order)):
            top = 108 + (number - 0.5) * pitch
            painter.drawLine(QPointF(44, top + 19), QPointF(44, top + pitch - 19))
        for number, step in enumerate(self._order, 1):
            self._paint_step(painter, number, step, 108 + (number - 1) * pitch, pitch)

    def _paint_step(
        self, painter: QPainter, number: int, step: int, top: float, pitch: float
    ) -> None:
        kit, current = self._kit, step == self._step
        middle = top + pitch / 2
        if current:
            line = kit["rail-text"] if kit.contrast else None
            box = QRectF(16, top, 264, pitch)
            rounded(painter, box, 10, kit["rail-active"], line, 2)
            painter.setPen(QPen(kit["rail-line"], 2))
            if number > 1:
                painter.drawLine(QPointF(44, top + 2), QPointF(44, middle - 18))
            if number < len(self._order):
                painter.drawLine(QPointF(44, middle + 18), QPointF(44, top + pitch - 2))
        done = self._step is not None and step < self._step
        done = done or (current and self._all_done)
        self._paint_disc(painter, QRectF(26, middle - 18, 36, 36), number, done, current)
        key = step_key(step, self._order)
        first = kit.main(key, "rail-text").weighted(current)
        second = kit.other(key, "rail-text" if current else "rail-muted")
        if second is None:
            self._text(painter, first, 76, middle)
            return
        self._text(painter, first, 76, middle - 12)
        self._text(painter, second, 76, middle + 12)

    def _paint_disc(
        self, painter: QPainter, box: QRectF, number: int, done: bool, current: bool
    ) -> None:
        kit = self._kit
        if done or current:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(kit["rail-text"])
            painter.drawEllipse(box)
        else:
            painter.setPen(QPen(kit["rail-line" if kit.contrast else "line-strong"], 2))
            painter.setBrush(kit["rail"])
            painter.drawEllipse(box.adjusted(1, 1, -1, -1))
        if done:
            check_mark(painter, box.adjusted(10, 10, -10, -10), kit["rail"], 3)
            return
        ink = "rail" if current else "rail-text"
        run = Run(str(number), "ko", ink, True)
        width = QFontMetricsF(kit.font(Type.WIDE_STRONG, "ko")).horizontalAdvance(run.text)
        self._text(painter, run, box.center().x() - width / kit.unit / 2, box.center().y())

    def _paint_post(self, painter: QPainter, height: float) -> None:
        kit, post, now = self._kit, self._post, self._now
        if post is None or now is None:
            return
        top = height - 123
        painter.fillRect(QRectF(24, top, 248, 1), kit["rail-line"])
        self._text(painter, Run(post.name, "ko", "rail-text", True), 24, top + 30)
        city = kit.given(post.city)[0].coloured("rail-muted")
        korea = kit.main("clock.korea", "rail-muted")
        zones = (city, ZoneInfo(post.zone)), (korea, SEOUL)
        for number, (name, zone) in enumerate(zones):
            at = now.astimezone(zone)
            middle = top + 60 + number * 26
            self._text(painter, name, 24, middle)
            clock = Run(f"{at.month}.{at.day}. {at:%H:%M}", "en", "rail-text")
            self._text(painter, clock, 272, middle, right=True)


class LanguageBar(QWidget):
    """Four languages in one frame; arrows move between them, Space chooses."""

    chosen = Signal(str)

    def __init__(self, kit: Kit) -> None:
        super().__init__()
        self._kit = kit
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.parts = [LanguagePart(kit, lang, place) for place, lang in enumerate(LANGUAGES)]
        for part in self.parts:
            part.clicked.connect(lambda _on=False, lang=part.lang: self.chosen.emit(lang))
            layout.addWidget(part)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    # Qt's own
    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        focused = [i for i, part in enumerate(self.parts) if part.hasFocus()]
        if step is None or not focused:
            super().keyPressEvent(event)
            return
        place = (focused[0] + step) % len(self.parts)
        self.parts[place].setFocus(Qt.FocusReason.TabFocusReason)

    def paintEvent(self, event: QPaintEvent) -> None:
        kit = self._kit
        rounded(
            QPainter(self),
            QRectF(self.rect()),
            kit.px(10),
            kit["card"],
            kit["line"],
            kit.line_width,
        )


class LanguagePart(Touch):
    """One language, written in itself."""

    def __init__(self, kit: Kit, lang: str, place: int) -> None:
        super().__init__(kit, kit.look.words.text(f"language.{lang}", lang))
        self.lang, self._place = lang, place
        self.setCheckable(True)
        self.setChecked(lang == kit.language)
        self.setFixedHeight(kit.px(48))

    # Qt's own
    def nextCheckState(self) -> None:
        """The window decides; a second press on the same language changes nothing."""

    def sizeHint(self) -> QSize:
        kit = self.kit
        font = kit.font(Type.WIDE_BODY, self.lang, self.isChecked())
        words = QFontMetricsF(font).horizontalAdvance(self.text())
        mark = kit.px(26) if self.isChecked() else 0
        return QSize(int(words + mark + 2 * kit.px(16) + 1), kit.px(48))

    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter, on = self.kit, QPainter(self), self.isChecked()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if on:
            painter.fillPath(self._shape(), kit["rail"])
        elif self._place and not self._after_chosen():
            painter.fillRect(QRectF(0, 1, 1, self.height() - 2), kit["line"])
        font = kit.font(Type.WIDE_BODY, self.lang, on)
        metrics = QFontMetricsF(font)
        words = metrics.horizontalAdvance(self.text())
        mark = kit.px(26) if on else 0
        x = (self.width() - words - mark) / 2
        if on:
            side = kit.px(17)
            top = (self.height() - side) / 2
            check_mark(
                painter,
                QRectF(x, top, side, side),
                kit["rail-text"],
                2.2 * kit.unit,
            )
        painter.setFont(font)
        painter.setPen(kit["rail-text" if on else "text"])
        place = QRectF(x + mark, 0, words + 2, self.height())
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(place, middle, self.text())

    def _after_chosen(self) -> bool:
        return LANGUAGES[self._place - 1] == self.kit.language

    def _shape(self) -> QPainterPath:
        """Rounded where the bar is rounded."""
        edge = self.kit.line_width if self.kit.contrast else 1
        box = QRectF(self.rect()).adjusted(0, edge, 0, -edge)
        radius = self.kit.px(10) - 1
        path = QPainterPath()
        if self._place == 0:
            box.setLeft(edge)
            path.addRoundedRect(box, radius, radius)
            path.addRect(box.adjusted(radius, 0, 0, 0))
        elif self._place == len(LANGUAGES) - 1:
            box.setRight(self.width() - edge)
            path.addRoundedRect(box, radius, radius)
            path.addRect(box.adjusted(0, 0, -radius, 0))
        else:
            path.addRect(box)
        path.setFillRule(Qt.FillRule.WindingFill)
        return path


class TopBar(QWidget):
    """Tools left, languages right; folded panel: the step between them."""

    larger = Signal(bool)
    contrast = Signal(bool)
    chosen = Signal(str)

    def __init__(
        self,
        kit: Kit,
        step: int | None,
        order: tuple[int, ...] = ALL_STEPS,
        *,
        languages: bool,
    ) -> None:
        super().__init__()
        big = ToolButton(kit, "a-large-small", kit.say("tool.larger"), on=kit.larger)
        high = ToolButton(
            kit, "contrast", kit.say("tool.contrast"), on=kit.contrast, bare=kit.larger
        )
        big.toggled.connect(self.larger)
        high.toggled.connect(self.contrast)
        items: list[QWidget | None] = [big, high]
        if kit.larger and step is not None:
            items.append(_step_tag(kit, step, order))
        self.bar: LanguageBar | None = None
        items.append(None)
        if languages:
            self.bar = LanguageBar(kit)
            self.bar.chosen.connect(self.chosen)
            items.append(self.bar)
        self.setLayout(
            kit.row(*items, gap=8, margins=(40, kit.pick(24, 16, 18), 40, kit.pick(8, 8, 0)))
        )
        self.setFixedHeight(kit.px(kit.pick(80, 72, 66)))


def step_key(step: int, order: tuple[int, ...]) -> str:
    """The word key of a step: showing what one has is not receiving it."""
    return "step.n6_shown" if step == 6 and order == RESUMING else f"step.n{step}"


def place_of(step: int, order: tuple[int, ...]) -> str:
    """«6/7»: which of the visit's own steps it is."""
    place = order.index(step) + 1 if step in order else step
    return f"{place}/{len(order)}"


def _step_tag(kit: Kit, step: int, order: tuple[int, ...]) -> QWidget:
    tile = Tile(kit)
    runs = [
        Run(place_of(step, order).replace("/", " / "), "en", "text", True),
        Run("  ", "en"),
        kit.main(step_key(step, order)),
    ]
    words = Say(kit, runs)
    tile.setLayout(kit.row(words, margins=(14, 0, 16, 0)))
    tile.setFixedHeight(kit.px(48))
    return tile


@dataclass(frozen=True)
class Press:
    """A button of the footer. ``act`` is called on release and by Enter where filled."""

    key: str
    act: Callable[[], None]
    filled: bool = False
    icon: str | None = None
    after: str | None = None
    enabled: bool = True


@dataclass(frozen=True)
class Foot:
    """The footer of a page: a sentence with its icon, a remark, the buttons."""

    key: str
    icon: str
    presses: Sequence[Press] = field(default_factory=tuple)
    strong: bool = False
    remark: tuple[str, dict[str, object]] | None = None


class Footer(QWidget):
    """96 high: icon and sentence left, buttons right, the filled one last."""

    def __init__(self, kit: Kit) -> None:
        super().__init__()
        self._kit = kit
        self._foot: Foot | None = None
        self.buttons: list[WideButton] = []
        self._remark: Stack | None = None
        self._presses: tuple[Press, ...] = ()
        self.setFixedHeight(kit.px(kit.pick(96, 88)))

    def show_foot(self, foot: Foot) -> None:
        """Built once per page; later calls only switch buttons on and off and follow the
        remark, so that a press in progress is not lost."""
        if self._foot is not None and _same_shape(self._foot, foot):
            self._follow(foot)
            return
        kit = self._kit
        words = Stack(kit, _pair(kit, foot), line=26, second_line=26)
        self.buttons = []
        items: list[QWidget | int | None] = [IconSpot(kit, foot.icon, 32), 12, words, None]
        if foot.remark is not None:
            right = Qt.AlignmentFlag.AlignRight
            self._remark = Stack(kit, self._remark_of(foot), align=right, line=26, second_line=26)
            items += [self._remark]
        self._presses = tuple(foot.presses)
        for place, press in enumerate(self._presses):
            items += [16, self._button(place, press)]
        self.setLayout(kit.row(*items, margins=(40, 1, 40, 0)))
        self._foot = foot
        self._fit()

    def _remark_of(self, foot: Foot) -> tuple[Run, Run | None]:
        key, facts = foot.remark or ("", {})
        first, second = self._kit.pair(key, **facts)
        return first.coloured("muted"), second

    def _button(self, place: int, press: Press) -> WideButton:
        button = WideButton(
            self._kit,
            self._kit.pair(press.key),
            filled=press.filled,
            icon=press.icon,
            after=press.after,
        )
        button.setEnabled(press.enabled)
        button.clicked.connect(lambda _on=False: self._presses[place].act())
        self.buttons.append(button)
        return button

    def _follow(self, foot: Foot) -> None:
        self._foot, self._presses = foot, tuple(foot.presses)
        for button, press in zip(self.buttons, foot.presses, strict=True):
            button.setEnabled(press.enabled)
        if self._remark is not None and foot.remark is not None:
            self._remark.set_pair(self._remark_of(foot))

    @property
    def filled(self) -> WideButton | None:
        """The button that Enter presses."""
        return next((button for button in self.buttons if button.filled), None)

    def _fit(self) -> None:
        """Where the words are too long, the remark keeps its first language only."""
        if self._remark is None or self._remark.second is None:
            return
        others = [w for w in self.findChildren(Stack) if w is not self._remark]
        wide = [w.sizeHint().width() for w in (*others, *self.buttons, self._remark.second)]
        room = self.width() - self._kit.px(40 + 32 + 12 + 24 + 16 * len(self.buttons) + 40)
        self._remark.second.setVisible(sum(wide) <= room)

    # Qt's own
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._kit["card"])
        painter.fillRect(0, 0, self.width(), 1, self._kit["line"])


def _pair(kit: Kit, foot: Foot) -> tuple[Run, Run | None]:
    first, second = kit.pair(foot.key)
    return first.weighted(foot.strong), second


def _same_shape(old: Foot, new: Foot) -> bool:
    def shape(foot: Foot) -> tuple[object, ...]:
        keys = tuple((press.key, press.filled) for press in foot.presses)
        return foot.key, foot.icon, keys, foot.remark is None

    return shape(old) == shape(new)
