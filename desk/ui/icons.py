"""Lucide line icons in a token's colour, sharp at any pixel ratio.

The drawings stand in ``resources/icons`` with their licence. The colour is put into the
drawing before it is rendered, once per colour, size and pixel ratio; the pixmaps are kept.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from desk.ui.theme import RESOURCES

THIN_FROM = 28
"""From this size (pixels) on the stroke is 1.5 instead of 1.75."""


class Icons:
    """The icons of one folder. Raises KeyError for a name that is not there."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or RESOURCES / "icons"
        self._drawings: dict[str, str] = {}
        self._pixmaps: dict[tuple[str, int, int, float], QPixmap] = {}

    def pixmap(self, name: str, colour: QColor, size: int, ratio: float = 1.0) -> QPixmap:
        """The icon ``size`` logical pixels wide and high for a screen of ``ratio``."""
        key = (name, colour.rgba(), size, ratio)
        if key not in self._pixmaps:
            self._pixmaps[key] = self._render(name, colour, size, ratio)
        return self._pixmaps[key]

    def paint(self, painter: QPainter, name: str, colour: QColor, rect: QRectF) -> None:
        """Paint the icon into ``rect`` at the painter's own pixel ratio."""
        ratio = painter.device().devicePixelRatio()
        painter.drawPixmap(rect.topLeft(), self.pixmap(name, colour, round(rect.width()), ratio))

    def _render(self, name: str, colour: QColor, size: int, ratio: float) -> QPixmap:
        stroke = "1.5" if size >= THIN_FROM else "1.75"
        drawing = self._drawing(name).replace("currentColor", colour.name())
        drawing = drawing.replace('stroke-width="2"', f'stroke-width="{stroke}"')
        pixmap = QPixmap(round(size * ratio), round(size * ratio))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        QSvgRenderer(QByteArray(drawing.encode())).render(painter)
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        return pixmap

    def _drawing(self, name: str) -> str:
        if name not in self._drawings:
            path = self._folder / f"{name}.svg"
            if not path.is_file():
                raise KeyError(name)
            self._drawings[name] = path.read_text(encoding="utf-8")
        return self._drawings[name]
