"""Words on the applicant's window: runs of languages, fixed line heights, even lines."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from desk.ui.applicant.kit import Kit, Run
from desk.ui.theme import Type

SPACE = Run("  ", "ko")
"""Between two languages on one line."""


class Say(QLabel):
    """One line or one paragraph. ``even`` makes the lines of a paragraph about as long as
    each other; ``line`` is the line height in units where it differs from the type's.
    ``anywhere`` breaks a word that is longer than the line: nothing of a value is cut off."""

    def __init__(
        self,
        kit: Kit,
        runs: Sequence[Run | None] | Run,
        kind: Type = Type.WIDE_BODY,
        *,
        wrap: bool = False,
        even: bool = False,
        anywhere: bool = False,
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        line: int | None = None,
    ) -> None:
        super().__init__()
        self._kit, self._kind, self._wrap, self._even = kit, kind, wrap or even or anywhere, even
        self._anywhere = anywhere
        self._line = line or kind.line
        self._runs: tuple[Run, ...] = ()
        self.setAlignment(align)
        self.setTextFormat(Qt.TextFormat.PlainText)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        if self._wrap:
            policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.set_runs([runs] if isinstance(runs, Run) else runs)

    def set_runs(self, runs: Sequence[Run | None]) -> None:
        found = tuple(run for run in runs if run is not None)
        if found == self._runs:
            return
        self._runs = found
        text = "".join(run.text for run in found)
        self.setText(text)
        self.setAccessibleName(" ".join(text.split()))
        self.updateGeometry()
        self.update()

    def _layout(self, width: float | None) -> QTextLayout:
        text = "".join(run.text for run in self._runs).replace("\n", "\u2028")
        layout = QTextLayout(text, self._kit.font(self._kind, "ko"))
        formats, place = [], 0
        for run in self._runs:
            part = QTextLayout.FormatRange()
            part.start, part.length = place, len(run.text)
            place += len(run.text)
            style = QTextCharFormat()
            style.setFont(self._kit.font(self._kind, run.lang, run.strong, tabular=run.tabular))
            token = run.token if self.isEnabled() else "disabled"
            style.setForeground(self._kit[token])
            part.format = style
            formats.append(part)
        layout.setFormats(formats)
        option = QTextOption()
        mode = QTextOption.WrapMode
        wraps = mode.WrapAtWordBoundaryOrAnywhere if self._anywhere else mode.WordWrap
        option.setWrapMode(wraps if width is not None else mode.ManualWrap)
        layout.setTextOption(option)
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width if width is not None else 1e6)
        layout.endLayout()
        return layout

    def _best(self, width: float) -> QTextLayout:
        """The layout at ``width``, or the narrowest with as many lines."""
        layout = self._layout(width)
        if not self._even or layout.lineCount() < 2:
            return layout
        low, high, count = width / layout.lineCount(), width, layout.lineCount()
        for _ in range(8):
            middle = (low + high) / 2
            if self._layout(middle).lineCount() > count:
                low = middle
            else:
                high = middle
        return self._layout(high)

    def _height(self, lines: int) -> int:
        return self._kit.px(self._line) * max(1, lines)

    # Qt's own
    def sizeHint(self) -> QSize:
        layout = self._layout(None)
        widths = [layout.lineAt(i).naturalTextWidth() for i in range(layout.lineCount())]
        return QSize(int(max(widths, default=0) + 0.999), self._height(layout.lineCount()))

    def minimumSizeHint(self) -> QSize:
        hint = self.sizeHint()
        return QSize(0 if self._wrap else hint.width(), self._height(1))

    def hasHeightForWidth(self) -> bool:
        return self._wrap

    def heightForWidth(self, width: int) -> int:
        if not self._wrap:
            return self.sizeHint().height()
        return self._height(self._layout(float(width)).lineCount())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        layout = self._best(float(self.width())) if self._wrap else self._layout(None)
        height = self._kit.px(self._line)
        for number in range(layout.lineCount()):
            line = layout.lineAt(number)
            left = self._left(line.naturalTextWidth())
            # Every family has the ascent and descent of the letters' font, so one base
            # line holds for all runs.
            y = number * height + (height - line.height()) / 2
            line.draw(painter, QPointF(left, round(y)) - line.position())

    def _left(self, width: float) -> float:
        if self.alignment() & Qt.AlignmentFlag.AlignRight:
            return float(self.width()) - width
        if self.alignment() & Qt.AlignmentFlag.AlignHCenter:
            return (self.width() - width) / 2
        return 0.0


class Stack(QWidget):
    """The chosen language over the second one."""

    def __init__(
        self,
        kit: Kit,
        pair: tuple[Run, Run | None],
        kind: Type = Type.WIDE_BODY,
        *,
        wrap: bool = False,
        even: bool = False,
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        gap: int = 0,
        line: int | None = None,
        second_line: int | None = None,
    ) -> None:
        super().__init__()
        self.first = Say(kit, pair[0], kind, wrap=wrap, even=even, align=align, line=line)
        self.second: Say | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(kit.px(gap))
        layout.addWidget(self.first)
        if pair[1] is not None:
            small = Type.WIDE_BODY
            self.second = Say(
                kit, pair[1], small, wrap=wrap, align=align, line=second_line or small.line
            )
            layout.addWidget(self.second)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        if wrap or even:
            # Fixed would hold the height of one line.
            policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_pair(self, pair: tuple[Run, Run | None]) -> None:
        self.first.set_runs([pair[0]])
        if self.second is not None:
            self.second.set_runs([pair[1]])


def inline(pair: tuple[Run, Run | None], strong: bool = True) -> list[Run]:
    """Both languages on one line: the first (600) and the second, muted."""
    first, second = pair
    runs = [first.weighted(strong)]
    if second is not None:
        runs += [SPACE.weighted(False), second]
    return runs
