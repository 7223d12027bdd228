"""Buttons: one shape, five kinds, three heights; and the key cap beside them."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from desk.ui.look import Look, rounded
from desk.ui.theme import Type


class Kind(StrEnum):
    PRIMARY = "primary"
    DANGER = "danger"
    SECONDARY = "secondary"
    DANGER_OUTLINE = "danger_outline"
    QUIET = "quiet"
    LINK = "link"
    ON_PICTURE = "on_picture"


FILLED = (Kind.PRIMARY, Kind.DANGER)
WORDS_ONLY = (Kind.QUIET, Kind.LINK)


class Button(QPushButton):
    """A button of a kind: ``height`` 48 (footer), 40 (page), 32 (row), 64 (applicant).

    ``icon`` stands left of the word, ``after`` right of it. Its accessible name is its
    word. Focus by the mouse draws no ring (``ring_wanted``).
    """

    def __init__(
        self,
        look: Look,
        text: str = "",
        kind: Kind = Kind.SECONDARY,
        *,
        height: int = 40,
        icon: str | None = None,
        after: str | None = None,
        small: bool | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._look, self.kind, self._icon, self._after = look, kind, icon, after
        is_small = height <= 32 if small is None else small
        self._type = Type.SMALL_STRONG if is_small else Type.STRONG
        if height >= 64:
            self._type = Type.WIDE_STRONG
        self._icon_size = 16 if is_small else (28 if height >= 64 else 20)
        self._padding = {True: 12, False: 16}[is_small] if height < 64 else 24
        self._radius = 10.0 if height >= 64 else 8.0
        self._least = 0
        self._word: str | None = None
        self.ring_wanted = True
        self.ring_radius = self._radius
        self.setFixedHeight(height)
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.say(text)
        look.restyled.connect(self.update)

    def say(self, text: str, icon: str | None = None) -> None:
        """Change the word (and the icon, when given)."""
        self.setText(text)
        self.setAccessibleName(text)
        self._icon = icon or self._icon
        self.updateGeometry()
        self.update()

    def set_kind(self, kind: Kind) -> None:
        self.kind = kind
        self.update()

    def set_icon(self, icon: str | None) -> None:
        self._icon = icon
        self.updateGeometry()
        self.update()

    def choose_quietly(self, chosen: bool) -> None:
        """One of several words beside each other: the chosen one stands out."""
        self._type = Type.STRONG if chosen else Type.BODY
        self._word = "text" if chosen else "muted"
        self.updateGeometry()
        self.update()

    def at_least(self, width: int) -> Button:
        """No narrower than ``width``; longer words make it grow."""
        self._least = width
        self.updateGeometry()
        return self

    def _colours(self) -> tuple[QColor | None, QColor | None, QColor]:
        """Fill, line and word."""
        look, theme = self._look, self._look.theme
        if not self.isEnabled():
            if self.kind in WORDS_ONLY:
                return None, None, look["disabled"]
            return look["disabled-bg"], None, look["disabled"]
        if self.kind is Kind.ON_PICTURE:
            return look["rail-active" if self.underMouse() else "rail"], None, look["rail-text"]
        share = 0.18 if self.isDown() else (0.10 if self.underMouse() else 0.0)
        if self.kind in FILLED:
            token = "accent" if self.kind is Kind.PRIMARY else "danger"
            words = "on-accent" if self.kind is Kind.PRIMARY else "on-danger"
            return theme.mixed(token, "text", share), None, look[words]
        line = {Kind.SECONDARY: "line-strong", Kind.DANGER_OUTLINE: "danger"}.get(self.kind)
        word = {Kind.SECONDARY: "text", Kind.DANGER_OUTLINE: "danger"}.get(self.kind, "accent")
        fill = theme.mixed("card", "well", min(1.0, share * 6)) if line or share else None
        if self.kind in WORDS_ONLY:
            fill = None
        return fill, look[line] if line else None, look[self._word or word]

    # Qt's own
    def focusInEvent(self, event: QFocusEvent) -> None:
        self.ring_wanted = self._look.shows_focus(event.reason())
        super().focusInEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            shape = (
                Qt.CursorShape.PointingHandCursor
                if self.isEnabled()
                else Qt.CursorShape.ArrowCursor
            )
            self.setCursor(shape)
            self.update()

    def sizeHint(self) -> QSize:
        width = QFontMetricsF(self._look.font(self._type)).horizontalAdvance(self.text())
        gap = self._gap()
        for icon in (self._icon, self._after):
            width += (self._icon_size + gap) if icon else 0
        padding = 0 if self.kind in WORDS_ONLY else self._padding
        return QSize(max(self._least, round(width + 2 * padding)), self.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _gap(self) -> int:
        return 10 if self._type is not Type.SMALL_STRONG else 8

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill, line, word = self._colours()
        if fill is not None or line is not None:
            rounded(painter, QRectF(self.rect()), self._radius, fill, line)
        font = self._look.font(self._type)
        metrics = QFontMetricsF(font)
        size, gap = self._icon_size, self._gap()
        words = metrics.horizontalAdvance(self.text())
        total = words + sum(size + gap for icon in (self._icon, self._after) if icon)
        x = 0.0 if self.kind in WORDS_ONLY else (self.width() - total) / 2
        middle = self.height() / 2
        if self._icon:
            self._look.paint_icon(
                painter, self._icon, word, QRectF(round(x), middle - size / 2, size, size)
            )
            x += size + gap
        painter.setFont(font)
        painter.setPen(word)
        base = round(middle - metrics.height() / 2 + metrics.ascent())
        painter.drawText(QPointF(x, base), self.text())
        if self._after:
            place = QRectF(round(x + words + gap), middle - size / 2, size, size)
            self._look.paint_icon(painter, self._after, word, place)


class KeyCap(QWidget):
    """The key that does the same as the button beside it; in the footer only."""

    def __init__(self, look: Look, key: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._key = look, key
        self.setFixedHeight(20)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.say(key)
        look.restyled.connect(self.update)

    def say(self, key: str) -> None:
        self._key = key
        self.setAccessibleName(key)
        self.updateGeometry()
        self.update()

    # Qt's own
    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self._look.font(Type.SMALL))
        return QSize(max(22, round(metrics.horizontalAdvance(self._key)) + 13), 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rounded(painter, QRectF(self.rect()), 4, self._look["background"], self._look["line"])
        painter.setFont(self._look.font(Type.SMALL))
        painter.setPen(self._look["muted"])
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._key)
