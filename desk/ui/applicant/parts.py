"""Boxes, buttons, tags and signs of the applicant's window, sized for fingers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QVariantAnimation
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetricsF,
    QHideEvent,
    QPainter,
    QPaintEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from desk.ui.applicant.drawings import pen
from desk.ui.applicant.kit import Kit, Run
from desk.ui.glyphs import TURN_MS, Glyph
from desk.ui.look import rounded
from desk.ui.theme import Type

RADIUS = 10


class Tile(QWidget):
    """A card: ground, line, rounded by 10."""

    def __init__(self, kit: Kit, ground: str = "card", line: str | None = "line") -> None:
        super().__init__()
        self._kit, self._ground, self._line = kit, ground, line

    def colour(self, ground: str, line: str) -> None:
        self._ground, self._line = ground, line
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        kit = self._kit
        line = kit[self._line] if self._line else None
        width = kit.line_width if line else 1.0
        rounded(QPainter(self), QRectF(self.rect()), kit.px(RADIUS), kit[self._ground], line, width)


class Rule(QWidget):
    """A line across."""

    def __init__(self, kit: Kit, *, standing: bool = False) -> None:
        super().__init__()
        self._kit = kit
        if standing:
            self.setFixedWidth(1)
            self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        else:
            self.setFixedHeight(1)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._kit["line"])


class IconSpot(QWidget):
    """A line icon of ``size`` units in a column of ``width`` units. It only decorates the
    words beside it, so it has no name of its own."""

    def __init__(
        self,
        kit: Kit,
        icon: str,
        size: int = 32,
        token: str = "accent",
        width: int | None = None,
        stroke: float | None = None,
    ) -> None:
        super().__init__()
        self._stroke = stroke
        self._kit, self._icon, self._size, self._token = kit, icon, size, token
        self.setFixedSize(kit.px(width or size), kit.px(size))

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        side = self._kit.px(self._size)
        box = QRectF((self.width() - side) / 2, 0, side, side)
        painter = QPainter(self)
        self._kit.paint_icon(painter, self._icon, self._token, box, self._stroke)


class GlyphSpot(QWidget):
    """A state glyph; the busy arc turns while it is seen, unless motion is unwanted."""

    def __init__(self, kit: Kit, glyph: Glyph, size: int = 32, name: str = "") -> None:
        super().__init__()
        self._kit, self._glyph, self._turn = kit, glyph, 0.0
        self.setFixedSize(kit.px(size), kit.px(size))
        self.setAccessibleName(name)
        self._spin = QVariantAnimation(self)
        self._spin.setDuration(TURN_MS)
        self._spin.setStartValue(0.0)
        self._spin.setEndValue(1.0)
        self._spin.setLoopCount(-1)
        self._spin.valueChanged.connect(self._turned)

    def show_glyph(self, glyph: Glyph, name: str = "") -> None:
        self._glyph = glyph
        self.setAccessibleName(name)
        self._move()
        self.update()

    def _move(self) -> None:
        moves = self._glyph is Glyph.BUSY and self.isVisible()
        if moves and not self._kit.look.reduced_motion:
            self._spin.start()
        else:
            self._spin.stop()

    def _turned(self, value: float) -> None:
        self._turn = value
        self.update()

    # Qt's own
    def showEvent(self, event: QShowEvent) -> None:
        self._move()

    def hideEvent(self, event: QHideEvent) -> None:
        self._spin.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        self._kit.look.paint_glyph(
            QPainter(self), self._glyph, QRectF(self.rect()), turn=self._turn
        )


class Disc(QWidget):
    """A number in a filled disc of 48 units."""

    def __init__(self, kit: Kit, number: int, size: int = 48) -> None:
        super().__init__()
        self._kit, self._number = kit, number
        self.setFixedSize(kit.px(size), kit.px(size))
        self.setAccessibleName(str(number))

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._kit["rail"])
        painter.drawEllipse(QRectF(self.rect()))
        painter.setPen(self._kit["rail-text"])
        painter.setFont(self._kit.font(Type.WIDE_LEAD_STRONG, "ko"))
        painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, str(self._number))


@dataclass(frozen=True)
class Look36:
    """Colours and sign of a tag."""

    token: str
    ground: str
    glyph: Glyph | None = None
    icon: str | None = None


class TagKind(Enum):
    DONE = Look36("success", "success-soft")
    NOW = Look36("accent", "accent-soft")
    WAITING = Look36("muted", "background")
    GOOD = Look36("success", "success-soft", icon="check")
    ADJUST = Look36("warning", "warning-soft", icon="move")
    LIVE = Look36("success", "success-soft", glyph=Glyph.PASSED)
    LATER = Look36("accent", "accent-soft", icon="calendar-clock")
    ANNOUNCED = Look36("accent", "accent-soft", icon="info")
    NO_DATE = Look36("muted", "background", icon="circle")
    PREPARED = Look36("muted", "card", icon="hourglass")


class Tag(QWidget):
    """Glyph and word, 36 high."""

    def __init__(self, kit: Kit, kind: TagKind, run: Run, icon: str | None = None) -> None:
        super().__init__()
        self._kit = kit
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_tag(kind, run, icon)

    def show_tag(self, kind: TagKind, run: Run, icon: str | None = None) -> None:
        self._kind, self._run = kind, run
        self._icon = icon or kind.value.icon
        self.setAccessibleName(run.text)
        self.updateGeometry()
        self.update()

    def _sign(self) -> bool:
        return self._icon is not None or self._kind.value.glyph is not None

    # Qt's own
    def sizeHint(self) -> QSize:
        kit = self._kit
        metrics = QFontMetricsF(kit.font(Type.WIDE_STRONG, self._run.lang))
        width = metrics.horizontalAdvance(self._run.text) + 2 * kit.px(12)
        width += kit.px(32) if self._sign() else 0
        return QSize(int(width + 0.99), kit.px(36))

    def paintEvent(self, event: QPaintEvent) -> None:
        kit, look, painter = self._kit, self._kind.value, QPainter(self)
        framed = kit.contrast or self._kind is TagKind.PREPARED
        rounded(
            painter,
            QRectF(self.rect()),
            kit.px(8),
            kit[look.ground],
            kit["line"] if framed else None,
        )
        x = float(kit.px(12))
        if self._sign():
            side = kit.px(24)
            box = QRectF(x, (self.height() - side) / 2, side, side)
            if look.glyph is not None:
                kit.look.paint_glyph(painter, look.glyph, box)
            else:
                kit.paint_icon(painter, str(self._icon), look.token, box)
            x += kit.px(32)
        painter.setPen(kit[look.token])
        painter.setFont(kit.font(Type.WIDE_STRONG, self._run.lang))
        place = QRectF(x, 0, self.width() - x, self.height())
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(place, middle, self._run.text)


class Touch(QAbstractButton):
    """Base of everything that is pressed: acts on release, sliding off cancels."""

    ring_radius = RADIUS
    ring_wanted = True

    def __init__(self, kit: Kit, name: str) -> None:
        super().__init__()
        self.kit = kit
        self.setText(name)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.ring_radius = kit.px(RADIUS)

    # Qt's own
    def focusInEvent(self, event: QFocusEvent) -> None:
        self.ring_wanted = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
            Qt.FocusReason.ShortcutFocusReason,
        )
        super().focusInEvent(event)


class WideButton(Touch):
    """64 high, at least 208 wide, both languages on one line. One filled button a page."""

    def __init__(
        self,
        kit: Kit,
        pair: tuple[Run, Run | None],
        *,
        filled: bool,
        icon: str | None = None,
        after: str | None = None,
    ) -> None:
        super().__init__(kit, pair[0].text)
        self._pair, self._filled, self._icon, self._after = pair, filled, icon, after
        self.setFixedHeight(kit.px(60 if kit.larger else 64))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def filled(self) -> bool:
        return self._filled

    def _runs(self) -> list[tuple[str, str, bool]]:
        first, second = self._pair
        runs = [(first.text, first.lang, True)]
        if second is not None:
            runs.append((second.text, second.lang, False))
        return runs

    def _words(self) -> float:
        widths = [self._metrics(lang, bold).horizontalAdvance(t) for t, lang, bold in self._runs()]
        return sum(widths) + self.kit.px(12) * (len(widths) - 1)

    def _metrics(self, lang: str, bold: bool) -> QFontMetricsF:
        return QFontMetricsF(self.kit.font(Type.WIDE_BODY, lang, bold))

    def _content(self) -> float:
        icons = sum(self.kit.px(28 + 12) for icon in (self._icon, self._after) if icon)
        return self._words() + icons

    # Qt's own
    def sizeHint(self) -> QSize:
        width = self._content() + 2 * self.kit.px(25)
        return QSize(max(self.kit.px(208), int(width + 0.99)), self.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter = self.kit, QPainter(self)
        fill, line, word = self._colours()
        rounded(painter, QRectF(self.rect()), kit.px(RADIUS), fill, line, self._line())
        x = (self.width() - self._content()) / 2
        if self._icon:
            self._paint_icon(painter, self._icon, x, word)
            x += kit.px(40)
        for number, (text, lang, bold) in enumerate(self._runs()):
            x += kit.px(12) if number else 0
            metrics = self._metrics(lang, bold)
            painter.setFont(kit.font(Type.WIDE_BODY, lang, bold))
            painter.setPen(kit[word])
            base = round((self.height() - metrics.height()) / 2 + metrics.ascent())
            painter.drawText(QPointF(x, base), text)
            x += metrics.horizontalAdvance(text)
        if self._after:
            self._paint_icon(painter, self._after, x + kit.px(12), word)

    def _line(self) -> float:
        return max(2.0, self.kit.line_width) if self.isEnabled() else 1.0

    def _colours(self):  # type: ignore[no-untyped-def]
        kit = self.kit
        share = 0.18 if self.isDown() else 0.0
        if not self.isEnabled():
            return kit["disabled-bg"], kit["line"], "disabled"
        if self._filled:
            return kit.look.theme.mixed("accent", "text", share), None, "on-accent"
        return kit.look.theme.mixed("card", "accent-soft", share * 5), kit["accent"], "accent"

    def _paint_icon(self, painter: QPainter, name: str, x: float, token: str) -> None:
        side = self.kit.px(28)
        box = QRectF(round(x), round((self.height() - side) / 2), side, side)
        self.kit.paint_icon(painter, name, token, box)


class ToolButton(Touch):
    """Larger text, high contrast: 48 high, stays down while it holds."""

    def __init__(
        self, kit: Kit, icon: str, name: str, *, on: bool = False, bare: bool = False
    ) -> None:
        super().__init__(kit, name)
        self._icon, self._bare = icon, bare
        self.setCheckable(True)
        self.setChecked(on)
        self.setFixedHeight(kit.px(48))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    # Qt's own
    def sizeHint(self) -> QSize:
        kit = self.kit
        if self._bare:
            return QSize(kit.px(48), kit.px(48))
        font = kit.font(Type.WIDE_BODY, kit.language, self.isChecked())
        words = QFontMetricsF(font).horizontalAdvance(self.text())
        return QSize(int(words + kit.px(13 + 28 + 8 + 17)), kit.px(48))

    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter, on = self.kit, QPainter(self), self.isChecked()
        fill, line = ("rail", None) if on else ("card", "line")
        edge = kit[line] if line else None
        rounded(painter, QRectF(self.rect()), kit.px(RADIUS), kit[fill], edge, kit.line_width)
        word = "rail-text" if on else "text"
        side = kit.px(28)
        icon = "check" if on and not self._bare else self._icon
        x = kit.px(10) if self._bare else kit.px(13)
        box = QRectF(x, round((self.height() - side) / 2), side, side)
        kit.paint_icon(painter, icon, word, box)
        if self._bare:
            return
        painter.setFont(kit.font(Type.WIDE_BODY, kit.language, on))
        painter.setPen(kit[word])
        place = QRectF(x + side + kit.px(8), 0, self.width(), self.height())
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(place, middle, self.text())


class ShowButton(Touch):
    """«보기»: 44 high, held down to see; 48 of touch with its row."""

    def __init__(self, kit: Kit, name: str, spoken: str) -> None:
        super().__init__(kit, name)
        self.setAccessibleName(spoken)
        self.setFixedHeight(kit.px(44))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    # Qt's own
    def sizeHint(self) -> QSize:
        kit = self.kit
        metrics = QFontMetricsF(kit.font(Type.WIDE_STRONG, kit.language))
        words = metrics.horizontalAdvance(self.text())
        return QSize(int(words + kit.px(13 + 24 + 8 + 13)), kit.px(44))

    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter = self.kit, QPainter(self)
        ground = "accent-soft" if self.isDown() else "card"
        box = QRectF(self.rect())
        rounded(painter, box, kit.px(8), kit[ground], kit["accent"], max(2.0, kit.line_width))
        side = kit.px(24)
        kit.paint_icon(
            painter,
            "eye",
            "accent",
            QRectF(kit.px(13), round((self.height() - side) / 2), side, side),
        )
        painter.setPen(kit["accent"])
        painter.setFont(kit.font(Type.WIDE_STRONG, kit.language))
        place = QRectF(kit.px(13 + 24 + 8), 0, self.width(), self.height())
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(place, middle, self.text())


class ScrollButton(Touch):
    """A square with an arrow, 64 by 64: reading on without a gesture."""

    def __init__(self, kit: Kit, icon: str, name: str) -> None:
        super().__init__(kit, name)
        self._icon = icon
        self.setFixedSize(kit.px(64), kit.px(64))

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter, on = self.kit, QPainter(self), self.isEnabled()
        fill = kit["accent-soft"] if self.isDown() else kit["card" if on else "disabled-bg"]
        line = kit["accent" if on else "line"]
        width = max(2.0, kit.line_width) if on else 1.0
        rounded(painter, QRectF(self.rect()), kit.px(RADIUS), fill, line, width)
        side = kit.px(32)
        box = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        kit.paint_icon(painter, self._icon, "accent" if on else "disabled", box)


def check_mark(painter: QPainter, box: QRectF, colour, width: float) -> None:  # type: ignore[no-untyped-def]
    """A tick inside ``box``."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen(colour, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    x, y, w, h = box.x(), box.y(), box.width(), box.height()
    painter.drawPolyline(
        [
            QPointF(x + 0.12 * w, y + 0.55 * h),
            QPointF(x + 0.4 * w, y + 0.82 * h),
            QPointF(x + 0.9 * w, y + 0.2 * h),
        ]
    )
