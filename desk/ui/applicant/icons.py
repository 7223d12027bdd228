"""Line icons whose stroke follows their size: bold in tags, fine in large drawings."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from desk.ui.icons import Icons


def stroke_for(units: float) -> float:
    """Stroke in the drawing's 24 units for an icon of ``units`` of the design."""
    for most, stroke in ((24, 2.4), (28, 2.0), (36, 1.75), (60, 1.6)):
        if units <= most:
            return stroke
    return 1.1


class WideIcons(Icons):
    """The same drawings with a stroke of its own, kept as pixmaps."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[tuple[str, int, int, float, float], QPixmap] = {}

    def draw(
        self, painter: QPainter, name: str, colour: QColor, rect: QRectF, stroke: float
    ) -> None:
        ratio = painter.device().devicePixelRatio()
        key = (name, colour.rgba(), round(rect.width()), ratio, stroke)
        if key not in self._kept:
            self._kept[key] = self._drawn(name, colour, round(rect.width()), ratio, stroke)
        painter.drawPixmap(rect.topLeft(), self._kept[key])

    def _drawn(self, name: str, colour: QColor, size: int, ratio: float, stroke: float) -> QPixmap:
        drawing = self._drawing(name).replace("currentColor", colour.name())
        drawing = drawing.replace('stroke-width="2"', f'stroke-width="{stroke}"')
        pixmap = QPixmap(round(size * ratio), round(size * ratio))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        QSvgRenderer(QByteArray(drawing.encode())).render(painter)
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        return pixmap
