"""A QR symbol as filled squares: whole pixels a module, black on white in both modes."""

from __future__ import annotations

import qrcode
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

QUIET_ZONE = 4
"""Modules of white around the symbol (ISO/IEC 18004, 6.3.8)."""


def modules(text: str) -> tuple[tuple[bool, ...], ...]:
    """The symbol's modules, error correction M, without quiet zone."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
    code.add_data(text)
    code.make(fit=True)
    return tuple(tuple(bool(cell) for cell in row) for row in code.get_matrix())


class QrCode(QWidget):
    """``module`` logical pixels a module, quiet zone included in the size.

    ``fit`` makes it choose the largest whole module (6 at least) that its size allows.
    """

    def __init__(
        self, text: str = "", module: int = 9, *, fit: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._module, self._fit = module, fit
        self._rows: tuple[tuple[bool, ...], ...] = ()
        self._text = ""
        fixed = QSizePolicy.Policy.Expanding if fit else QSizePolicy.Policy.Fixed
        self.setSizePolicy(fixed, fixed)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """Show the symbol of ``text``; an empty text shows nothing and keeps nothing."""
        if text == self._text:
            return
        self._text = text
        self._rows = modules(text) if text else ()
        self.updateGeometry()
        self.update()

    def set_module(self, module: int) -> None:
        self._module = module
        self.updateGeometry()
        self.update()

    @property
    def side(self) -> int:
        """Modules on a side, quiet zone included."""
        return len(self._rows) + 2 * QUIET_ZONE if self._rows else 0

    # Qt's own
    def sizeHint(self) -> QSize:
        edge = max(self.side, 53) * self._module
        return QSize(edge, edge)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint() if not self._fit else QSize(self.side * 6, self.side * 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._rows:
            return
        painter = QPainter(self)
        if self._fit:
            painter.fillRect(self.rect(), Qt.GlobalColor.white)
        module = (
            max(6, min(self.width(), self.height()) // self.side) if self._fit else self._module
        )
        span = len(self._rows) * module
        left, top = (self.width() - span) // 2, (self.height() - span) // 2
        black = QColor(Qt.GlobalColor.black)
        for y, row in enumerate(self._rows):
            for x, dark in enumerate(row):
                if dark:
                    painter.fillRect(
                        QRectF(left + x * module, top + y * module, module, module), black
                    )
