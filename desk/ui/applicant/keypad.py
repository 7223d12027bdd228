"""The cells and the keys of the issuance PIN. Cells show dots; keys keep their places."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.issuance.pin_rules import LENGTH
from desk.ui.applicant.kit import Kit
from desk.ui.applicant.parts import Touch
from desk.ui.keypad import Keypad
from desk.ui.look import rounded
from desk.ui.theme import Type


class PinCells(QWidget):
    """Six cells 70×84; one field for who listens instead of looking."""

    def __init__(self, kit: Kit) -> None:
        super().__init__()
        self._kit, self._count = kit, 0
        self.setFixedHeight(kit.px(84))
        self.setFixedWidth(kit.px(LENGTH * 82 - 12))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_count(0)

    def show_count(self, count: int) -> None:
        self._count = count
        self.setAccessibleName(self._kit.say("pin.cells", n=count))
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter = self._kit, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(kit.unit, kit.unit)
        for place in range(LENGTH):
            box = QRectF(place * 82, 0, 70, 84)
            here = place == self._count
            line = kit["accent" if here else "line-strong"]
            rounded(painter, box, 10, kit["card"], line, 3 if here else 2)
            if here:
                painter.fillRect(QRectF(box.x() + 34, 24, 3, 36), kit["accent"])
            elif place < self._count:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(kit["text"])
                painter.drawEllipse(box.center(), 11.0, 11.0)


class Key(Touch):
    """A key of the pad, 112×84."""

    def __init__(self, kit: Kit, text: str, *, quiet: bool = False, icon: str | None = None):
        super().__init__(kit, text)
        self._quiet, self._icon = quiet, icon
        wide = 106 if kit.larger else 112
        self.setFixedSize(kit.px(wide), kit.px(kit.pick(84, 74, 84)))

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter = self.kit, QPainter(self)
        theme = kit.look.theme
        ground = kit["well"] if self._quiet else kit["card"]
        if self.isDown():
            ground = theme.mixed("card", "accent", 0.2)
        width = max(1.0, kit.line_width)
        rounded(painter, QRectF(self.rect()), kit.px(8), ground, kit["line-strong"], width)
        painter.setPen(kit["text"])
        centre = Qt.AlignmentFlag.AlignCenter
        if not self._quiet:
            painter.setFont(kit.font(Type.WIDE_DISPLAY, "ko"))
            painter.drawText(QRectF(self.rect()), centre, self.text())
            return
        painter.setFont(kit.font(Type.WIDE_BODY, kit.language))
        if self._icon is None:
            painter.drawText(QRectF(self.rect()), centre, self.text())
            return
        side = kit.px(32)
        box = QRectF((self.width() - side) / 2, kit.px(kit.pick(12, 7, 12)), side, side)
        kit.paint_icon(painter, self._icon, "text", box)
        place = QRectF(0, kit.px(kit.pick(45, 39, 45)), self.width(), kit.px(28))
        painter.drawText(place, centre, self.text())


class PinPad(Keypad):
    """The pad in the applicant's look."""

    def __init__(self, kit: Kit, order: str) -> None:
        super().__init__(
            {digit: Key(kit, digit) for digit in order},
            clear=Key(kit, kit.say("pin.clear"), quiet=True),
            drop=Key(kit, kit.say("pin.delete"), quiet=True, icon="delete"),
            spacing=kit.px(kit.pick(16, 14, 16)),
        )
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
