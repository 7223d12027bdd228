"""Flat drawings in token colours: the mark, a passport on its reader, a phone, a person.

Drawn in the units of the pictures; each takes the rectangle it has to fill.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.ui.applicant.kit import Kit

GOLD = "rail-warning"


def pen(colour: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    return QPen(colour, width, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def _clear(painter: QPainter) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(Qt.PenStyle.NoPen)


def paint_mark(painter: QPainter, box: QRectF, ground: QColor, ink: QColor, tick: QColor) -> None:
    """The program's mark: a card with a person and a tick. 50 units wide."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(box.topLeft())
    painter.scale(box.width() / 50, box.height() / 50)
    _clear(painter)
    painter.setBrush(ground)
    painter.drawRoundedRect(QRectF(0, 0, 50, 50), 12, 12)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen(ink, 3))
    painter.drawRoundedRect(QRectF(8.5, 12.5, 33, 25), 4.5, 4.5)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    painter.drawEllipse(QPointF(18, 22), 3.6, 3.6)
    shoulders = QPainterPath(QPointF(12.4, 33))
    shoulders.cubicTo(12.4, 26.2, 23.6, 26.2, 23.6, 33)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen(ink, 2.6))
    painter.drawPath(shoulders)
    painter.setPen(pen(tick, 3))
    painter.drawPolyline([QPointF(28.5, 26.5), QPointF(31.5, 29.5), QPointF(37, 23)])
    painter.restore()


def _passport(painter: QPainter, kit: Kit) -> None:
    """150×204 with its corner at 0,0."""
    gold = QColor(kit["warning-line"])
    if not kit.contrast:
        gold = kit.look.theme.mixed("warning-line", "warning", 0.25)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(kit["rail"])
    painter.drawRoundedRect(QRectF(0, 0, 151, 204), 6, 6)
    painter.setPen(pen(kit["rail-line"], 2))
    painter.drawLine(QPointF(11, 1), QPointF(11, 203))
    gold = QColor(kit[GOLD]) if kit.contrast else gold
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(gold)
    painter.drawRoundedRect(QRectF(40, 22, 82, 6), 2, 2)
    painter.drawRoundedRect(QRectF(55, 129, 52, 5), 2, 2)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen(gold, 2.4))
    painter.drawEllipse(QPointF(81, 79), 28, 28)
    painter.drawEllipse(QPointF(81, 79), 11, 28)
    painter.drawLine(QPointF(53, 79), QPointF(109, 79))
    painter.drawRoundedRect(QRectF(66, 169, 30, 17), 2, 2)
    painter.drawEllipse(QPointF(81, 177.5), 4.5, 4.5)
    painter.drawLine(QPointF(66, 177.5), QPointF(76, 177.5))
    painter.drawLine(QPointF(86, 177.5), QPointF(96, 177.5))


def _reader(painter: QPainter, kit: Kit) -> None:
    """296×266 with its corner at 0,0."""
    edge = kit.look.theme.mixed("line", "line-strong", 0.35)
    painter.setPen(pen(edge, 2))
    painter.setBrush(kit["disabled-bg"])
    painter.drawRoundedRect(QRectF(0, 0, 295, 265), 20, 20)
    painter.setBrush(kit["background"])
    painter.drawRoundedRect(QRectF(18, 17, 258, 232), 14, 14)


def passport_on_reader(painter: QPainter, kit: Kit) -> None:
    """400×384: the closed passport in the middle of the reader, waves at its sides."""
    painter.translate(53, 63)
    _reader(painter, kit)
    painter.save()
    painter.translate(72, 30)
    _passport(painter, kit)
    painter.restore()
    painter.setPen(pen(kit["accent"], 4.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for x, y, reach, bow in ((24, 78, 109, -31), (44, 92, 96, -20)):
        for side in (1, -1):
            painter.save()
            if side < 0:
                painter.translate(295, 0)
                painter.scale(-1, 1)
            path = QPainterPath(QPointF(x, y))
            path.quadTo(x + bow, y + reach / 2, x, y + reach)
            painter.drawPath(path)
            painter.restore()


def passport_moved(painter: QPainter, kit: Kit) -> None:
    """400×432: where it belongs, and where it lies."""
    painter.translate(53, 87)
    _reader(painter, kit)
    amber = kit["warning"]
    dashed = QPen(amber, 3, Qt.PenStyle.CustomDashLine, Qt.PenCapStyle.FlatCap)
    dashed.setDashPattern([3.0, 2.4])
    painter.setPen(dashed)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(66, 24, 162, 215), 10, 10)
    painter.setPen(pen(amber, 4.5))
    path = QPainterPath(QPointF(196, -4))
    path.quadTo(150, -12, 126, 17)
    painter.drawPath(path)
    painter.drawPolyline([QPointF(125, -4), QPointF(125, 17), QPointF(146, 17)])
    painter.save()
    painter.translate(183, -17)
    painter.rotate(14)
    _passport(painter, kit)
    painter.restore()


def phone_outline(painter: QPainter, kit: Kit) -> None:
    """188×305 with its corner at 0,0."""
    painter.setPen(pen(kit["text"], 8))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(4, 4, 180, 297), 24, 24)
    painter.setPen(pen(kit["text"], 6.5))
    painter.drawLine(QPointF(74, 20), QPointF(113, 20))


def phone_receiving(painter: QPainter, kit: Kit) -> None:
    phone_outline(painter, kit)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(kit["rail"])
    painter.drawRoundedRect(QRectF(41, 77, 106, 68), 6, 6)
    painter.setBrush(kit["rail-muted"])
    painter.drawEllipse(QPointF(64, 102), 9.5, 9.5)
    body = QPainterPath(QPointF(50.5, 128))
    body.cubicTo(52, 116, 76, 116, 77.5, 128)
    painter.drawPath(body)
    painter.setPen(pen(kit["rail-text"], 5.5))
    painter.drawLine(QPointF(88, 96), QPointF(132, 96))
    painter.drawLine(QPointF(88, 111), QPointF(121, 111))
    painter.setPen(pen(kit["accent"], 7.5))
    painter.drawLine(QPointF(94, 177), QPointF(94, 238))
    painter.drawPolyline([QPointF(70, 213), QPointF(94, 238), QPointF(118, 213)])


def phone_wrong(painter: QPainter, kit: Kit) -> None:
    phone_outline(painter, kit)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(kit["text"])
    for dot in range(6):
        painter.drawEllipse(QPointF(37.5 + dot * 22.6, 113), 7.6, 7.6)
    painter.setPen(pen(kit["danger"], 8))
    painter.drawLine(QPointF(71, 169), QPointF(117, 215))
    painter.drawLine(QPointF(117, 169), QPointF(71, 215))


def phone_clock(painter: QPainter, kit: Kit) -> None:
    phone_outline(painter, kit)
    painter.setPen(pen(kit["muted"], 6))
    painter.drawEllipse(QPointF(94, 151), 53, 53)
    painter.drawPolyline([QPointF(94, 118), QPointF(94, 153), QPointF(119, 167)])


PHONE = (188.0, 305.0)


class Drawing(QWidget):
    """A drawing of ``width`` × ``height`` units, centred, never larger than its room."""

    def __init__(
        self,
        kit: Kit,
        paint: Callable[[QPainter, Kit], None],
        size: tuple[float, float],
        name: str,
    ) -> None:
        super().__init__()
        self._kit, self._paint, self._size = kit, paint, size
        self.setAccessibleName(name)
        self.setMinimumSize(kit.px(size[0] * 0.6), kit.px(size[1] * 0.6))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wide, high = self._size
        scale = min(self.width() / wide, self.height() / high, self._kit.unit)
        painter.translate((self.width() - wide * scale) / 2, (self.height() - high * scale) / 2)
        painter.scale(scale, scale)
        self._paint(painter, self._kit)
