"""What the reading found, line by line with its codes; and one finding in full words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QWidget

from desk.mrtd.results import Finding
from desk.ui.look import Look
from desk.ui.parts.box import Scrolled, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.text import Text
from desk.ui.theme import Type
from desk.ui.troubles import Spoken, TroubleWords

WIDTH, HEIGHT = 720, 620


class _Sheet(QDialog):
    """A title, something to read, and a button that closes it; Esc closes it too."""

    def __init__(self, look: Look, parent: QWidget, title: str, body: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self.setModal(True)
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint, True)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        close = Button(look, look.say("dialog.close"), Kind.SECONDARY, icon="x")
        close.clicked.connect(self.reject)
        layout = column(
            Text(look, title, Type.TITLE), 16, body, 16, row(None, close), margins=(24, 24, 24, 24)
        )
        layout.setStretch(2, 1)
        self.setLayout(layout)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._look["card"])


class ReadingLog(_Sheet):
    """Every finding: code, result, its sentence and the facts that were measured."""

    def __init__(
        self, look: Look, parent: QWidget, findings: Sequence[Finding], troubles: TroubleWords
    ) -> None:
        lines: list[QWidget | int] = []
        for finding in findings:
            spoken = troubles.of(finding.code, look.language, finding.facts)
            result = look.say(f"state.{finding.result.value}")
            lines += [
                Text(look, f"{finding.code} · {result}", Type.STRONG),
                Text(look, spoken.title, Type.BODY, wrap=True),
                Text(look, spoken.text, Type.SMALL, "muted", wrap=True),
                12,
            ]
        body = Scrolled(holder(column(*lines, None, gap=2)))
        super().__init__(look, parent, look.say("passport.log"), body)
        self.resize(WIDTH, HEIGHT)


class FindingSheet(_Sheet):
    """One finding in words: what is, what it means, what to do."""

    def __init__(self, look: Look, parent: QWidget, spoken: Spoken) -> None:
        words = column(
            Text(look, spoken.title, Type.STRONG, wrap=True),
            Text(look, spoken.text, Type.BODY, wrap=True),
            Text(look, spoken.next, Type.BODY, wrap=True),
            gap=8,
        )
        super().__init__(look, parent, spoken.code, holder(words))
        self.setFixedWidth(480)
