"""The live picture of the camera with its guide, and what the officer reads aloud."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.ui.look import Look, rounded
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.person import cover
from desk.ui.theme import Type

OVAL_SLENDER = 0.767
"""The guide's width as a share of its height."""


class LiveFrame(QWidget):
    """Shows frames as they come; the newest wins, painting never waits for the camera.

    Without a frame it is grey and says why. Signal ``other_camera``.
    """

    other_camera = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._frame: QImage | None = None
        self._source, self._guidance, self._icon, self._side = "", "", "", ""
        self._off: tuple[str, str] = ("", "")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self._other = Button(look, "", Kind.ON_PICTURE, height=32, icon="refresh-cw", parent=self)
        self._other.clicked.connect(self.other_camera)
        self._other.hide()
        look.restyled.connect(self.update)

    def show_frame(self, frame: QImage) -> None:
        self._frame = frame
        self.update()

    def show_off(self, title: str, words: str) -> None:
        """No picture: why, and the next step."""
        self._frame, self._off = None, (title, words)
        self.setAccessibleName(f"{title}. {words}")
        self.update()

    def show_words(self, source: str, guidance: str, icon: str, side: str, other: str) -> None:
        """``source`` names the camera; ``guidance`` is said to the applicant; ``other``
        is the word of the button for another camera (empty: there is none)."""
        self._source, self._guidance, self._icon, self._side = source, guidance, icon, side
        self._other.setVisible(bool(other))
        self._other.say(other)
        self._place_button()
        self.setAccessibleName(f"{source}. {guidance}")
        self.update()

    def _place_button(self) -> None:
        hint = self._other.sizeHint().width()
        self._other.setGeometry(self.width() - 16 - hint, 16, hint, 32)

    # Qt's own
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_button()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        look, box = self._look, QRectF(self.rect())
        rounded(painter, box, 10, look["disabled-bg"], look["line"])
        clip = QPainterPath()
        clip.addRoundedRect(box, 10, 10)
        painter.setClipPath(clip)
        if self._frame is None or self._frame.isNull():
            self._paint_off(painter, box)
        else:
            painter.drawImage(box, self._frame, cover(self._frame, box))
            self._paint_oval(painter, box)
        painter.setClipping(False)
        if self._source:
            self._paint_source(painter)
        if self._guidance:
            self._paint_guidance(painter, box)

    def _paint_off(self, painter: QPainter, box: QRectF) -> None:
        look, middle = self._look, box.center()
        look.paint_icon(
            painter, "camera", "muted", QRectF(middle.x() - 18, middle.y() - 60, 36, 36)
        )
        painter.setPen(look["text"])
        painter.setFont(look.font(Type.TITLE))
        align = int(Qt.AlignmentFlag.AlignHCenter) | int(Qt.TextFlag.TextWordWrap)
        title = QRectF(24, middle.y() - 8, box.width() - 48, 32)
        painter.drawText(title, align, self._off[0])
        painter.setPen(look["muted"])
        painter.setFont(look.font(Type.BODY))
        words = QRectF(24, middle.y() + 30, box.width() - 48, 60)
        painter.drawText(words, align, self._off[1])

    def _paint_oval(self, painter: QPainter, box: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(Qt.GlobalColor.white, 3, Qt.PenStyle.CustomDashLine, Qt.PenCapStyle.FlatCap)
        pen.setDashPattern([3.6, 2.6])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        # Above the bar with the guidance, a little larger in a small frame.
        high = 0.45 * box.height() + 106
        middle = QPointF(box.center().x(), 0.6 * box.height() - 82)
        painter.drawEllipse(middle, high * OVAL_SLENDER / 2, high / 2)

    def _paint_source(self, painter: QPainter) -> None:
        look = self._look
        font = look.font(Type.SMALL)
        wide = QFontMetricsF(font).horizontalAdvance(self._source)
        box = QRectF(16, 16, wide + 40, 32)
        rounded(painter, box, 6, look["rail"])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look["success-line"])
        painter.drawEllipse(QPointF(32, 32), 4, 4)
        painter.setPen(look["rail-text"])
        painter.setFont(font)
        words = QRectF(44, 16, wide + 4, 32)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self._source)

    def _paint_guidance(self, painter: QPainter, box: QRectF) -> None:
        look = self._look
        high = 72 if box.height() > 440 else 64
        bar = QRectF(16, box.height() - 16 - high, box.width() - 32, high)
        rounded(painter, bar, 8, look["rail"])
        middle = bar.center().y()
        look.paint_icon(
            painter, self._icon, "rail-text", QRectF(bar.left() + 28, middle - 14, 28, 28)
        )
        painter.setPen(look["rail-text"])
        painter.setFont(look.font(Type.DISPLAY))
        words = QRectF(bar.left() + 76, bar.top(), bar.width() - 200, high)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self._guidance)
        painter.setPen(look["rail-muted"])
        painter.setFont(look.font(Type.SMALL))
        side = QRectF(bar.right() - 224, middle - 20, 200, 40)
        right = Qt.AlignmentFlag.AlignRight
        for number, line in enumerate(self._side.split("\n")[:2]):
            painter.drawText(side.translated(0, 20 * number), right, line)
