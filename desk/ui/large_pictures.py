"""The chip's picture and the one just taken, as large as the window allows, side by side."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desk.ui.look import Look
from desk.ui.parts.above import Above
from desk.ui.parts.box import column, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.text import Text


class LargePictures(Above):
    """Esc or the button closes it; nothing is decided here."""

    def __init__(self, look: Look, parent: QWidget, chip: QImage, live: QImage) -> None:
        say = look.say
        super().__init__(look, parent, say("face.two_pictures"))
        close = Button(look, say("dialog.close"), Kind.SECONDARY, icon="x")
        close.clicked.connect(self.reject)
        left = column(
            _Fitted(chip, say("face.picture_chip")), 8, Text(look, say("face.picture_chip"))
        )
        right = column(
            _Fitted(live, say("face.picture_live")), 8, Text(look, say("face.picture_live"))
        )
        pictures = row(left, 24, right)
        pictures.setStretch(0, 1)
        pictures.setStretch(2, 1)
        whole = column(pictures, 16, row(None, close), margins=(24, 24, 24, 24))
        whole.setStretch(0, 1)
        self.setLayout(whole)
        self.setGeometry(parent.window().geometry())


class _Fitted(QWidget):
    """A picture that fills its place and keeps its shape."""

    def __init__(self, image: QImage, name: str) -> None:
        super().__init__()
        self._image = image
        self.setAccessibleName(name)
        self.setMinimumSize(200, 260)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        painter.drawImage(QRectF(left, top, size.width(), size.height()), self._image)
