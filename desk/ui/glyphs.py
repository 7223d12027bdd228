"""State glyphs: each state has its own outline, so that it reads in black and white.

A glyph always stands beside its word; who shows one gives the word as accessible name.
Drawn in a box of 24 units; used at 16, 20, 24, 28 and 36 pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from desk.ui.theme import Theme

TURN_MS = 1200
"""One turn of the busy arc, in milliseconds."""


class Glyph(StrEnum):
    """The states a glyph can tell."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"
    NOT_DONE = "not_done"
    NOT_SUPPORTED = "not_supported"
    ATTENTION = "attention"
    WAITING = "waiting"
    HALF = "half"
    BUSY = "busy"
    NOTE = "note"

    @property
    def token(self) -> str:
        """The colour of the glyph and of the word beside it."""
        return _TOKENS.get(self, "muted")

    @property
    def ground(self) -> str:
        """The soft colour behind it in badges, rows and banners."""
        return _GROUNDS.get(self.token, "well")


_TOKENS = {
    Glyph.PASSED: "success",
    Glyph.FAILED: "danger",
    Glyph.UNDECIDED: "warning",
    Glyph.ATTENTION: "warning",
    Glyph.HALF: "accent",
    Glyph.BUSY: "accent",
    Glyph.NOTE: "accent",
}
_GROUNDS = {
    "success": "success-soft",
    "danger": "danger-soft",
    "warning": "warning-soft",
    "accent": "accent-soft",
}


def paint_glyph(
    painter: QPainter,
    rect: QRectF,
    glyph: Glyph,
    theme: Theme,
    *,
    colour: QColor | None = None,
    mark: QColor | None = None,
    turn: float = 0.0,
) -> None:
    """Paint ``glyph`` into ``rect``; ``mark`` is the colour of the sign inside a filled
    outline (the card's by default), ``turn`` the busy arc's place in whole turns."""
    fill = colour or theme[glyph.token]
    inner = mark or theme["card"]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width() / 24, rect.height() / 24)
    if glyph is Glyph.BUSY:
        _busy(painter, fill, turn)
    else:
        _SHAPES[glyph](painter, fill, inner)
    painter.restore()


def _pen(colour: QColor, width: float) -> QPen:
    cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    return QPen(colour, width, Qt.PenStyle.SolidLine, cap, join)


def _filled(painter: QPainter, fill: QColor, path: QPainterPath, rounding: float = 0.0) -> None:
    painter.setPen(_pen(fill, rounding) if rounding else Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.drawPath(path)


def _disc_path(radius: float = 10.0) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(12, 12), radius, radius)
    return path


def _polygon(points: list[tuple[float, float]]) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    path.closeSubpath()
    return path


def _stroke(
    painter: QPainter, colour: QColor, points: list[tuple[float, float]], width: float
) -> None:
    painter.setPen(_pen(colour, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in points]))


def _dot(painter: QPainter, colour: QColor, x: float, y: float, radius: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(QPointF(x, y), radius, radius)


def _passed(painter: QPainter, fill: QColor, mark: QColor) -> None:
    _filled(painter, fill, _disc_path())
    _stroke(painter, mark, [(7.6, 12.4), (10.7, 15.4), (16.4, 9.0)], 2.3)


def _failed(painter: QPainter, fill: QColor, mark: QColor) -> None:
    side, cut = 9.7, 4.0
    corners = [
        (12 + sx * x, 12 + sy * y)
        for sx, sy, x, y in (
            (-1, -1, cut, side),
            (1, -1, cut, side),
            (1, -1, side, cut),
            (1, 1, side, cut),
            (1, 1, cut, side),
            (-1, 1, cut, side),
            (-1, 1, side, cut),
            (-1, -1, side, cut),
        )
    ]
    _filled(painter, fill, _polygon(corners), 0.6)
    _stroke(painter, mark, [(8.9, 8.9), (15.1, 15.1)], 2.4)
    _stroke(painter, mark, [(15.1, 8.9), (8.9, 15.1)], 2.4)


def _undecided(painter: QPainter, fill: QColor, mark: QColor) -> None:
    _filled(painter, fill, _polygon([(12, 2), (22, 12), (12, 22), (2, 12)]), 1.4)
    path = QPainterPath(QPointF(9.3, 10.0))
    path.cubicTo(9.4, 6.6, 14.7, 6.8, 14.7, 9.9)
    path.cubicTo(14.7, 11.8, 12.1, 11.9, 12.0, 13.7)
    painter.setPen(_pen(mark, 1.9))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
    _dot(painter, mark, 12, 16.7, 1.2)


def _attention(painter: QPainter, fill: QColor, mark: QColor) -> None:
    _filled(painter, fill, _polygon([(12, 2.6), (22.8, 21.2), (1.2, 21.2)]), 1.6)
    _stroke(painter, mark, [(12, 9.2), (12, 14.2)], 2.2)
    _dot(painter, mark, 12, 17.9, 1.35)


def _note(painter: QPainter, fill: QColor, mark: QColor) -> None:
    _filled(painter, fill, _disc_path())
    _stroke(painter, mark, [(12, 11.2), (12, 16.6)], 2.2)
    _dot(painter, mark, 12, 7.6, 1.35)


def _ring(painter: QPainter, fill: QColor, _mark: QColor) -> None:
    painter.setPen(_pen(fill, 1.9))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QPointF(12, 12), 9.1, 9.1)


def _dashed(painter: QPainter, fill: QColor, _mark: QColor) -> None:
    painter.setPen(QPen(fill, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    step = 360 / 10
    for part in range(10):
        start = round((part * step + 6) * 16)
        painter.drawArc(QRectF(2.9, 2.9, 18.2, 18.2), start, round(step * 0.56 * 16))


def _minus(painter: QPainter, fill: QColor, mark: QColor) -> None:
    _ring(painter, fill, mark)
    _stroke(painter, fill, [(7.8, 12), (16.2, 12)], 1.9)


def _half(painter: QPainter, fill: QColor, mark: QColor) -> None:
    _ring(painter, fill, mark)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.drawPie(QRectF(6.2, 6.2, 11.6, 11.6), -90 * 16, 180 * 16)


def _busy(painter: QPainter, fill: QColor, turn: float) -> None:
    track = QColor(fill)
    track.setAlphaF(0.26)
    box = QRectF(3.2, 3.2, 17.6, 17.6)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(track, 2.6))
    painter.drawEllipse(box)
    painter.setPen(QPen(fill, 2.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    start = 90 - math.fmod(turn, 1.0) * 360
    painter.drawArc(box, round(start * 16), -100 * 16)


_SHAPES: dict[Glyph, Callable[[QPainter, QColor, QColor], None]] = {
    Glyph.PASSED: _passed,
    Glyph.FAILED: _failed,
    Glyph.UNDECIDED: _undecided,
    Glyph.NOT_DONE: _dashed,
    Glyph.NOT_SUPPORTED: _minus,
    Glyph.ATTENTION: _attention,
    Glyph.WAITING: _ring,
    Glyph.HALF: _half,
    Glyph.NOTE: _note,
}
