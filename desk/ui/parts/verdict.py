"""The verdict: first thing on a page. And the banner: what went wrong and the one next step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.parts.box import Bar, Box, Line, clear, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.sign import GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type

TONES = {"success", "warning", "danger"}
GUARD_MS = 400
"""So long after a banner appeared do page buttons ignore the mouse."""


def announce(widget: QWidget, words: str) -> None:
    """Have a screen reader say ``words`` once."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, words))


@dataclass(frozen=True)
class Count:
    """One of the counts at the right of a verdict."""

    glyph: Glyph
    number: int
    word: str


class Verdict(Box):
    """72 high (64 narrow): glyph 36, title 20, sentence 15; counts, clock or buttons right."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._said = ""
        self.sign = GlyphSign(look, Glyph.WAITING, 36)
        self.title = Text(look, "", Type.TITLE)
        self.sentence = Text(look, "", Type.BODY)
        self.figures = Text(look, "", Type.BODY, "muted")
        self.figures.strong_token = "accent"
        self.bar = Bar(look)
        self._bar_row = holder(row(self.bar, margins=(0, 6, 0, 4)))
        self.right = row(gap=16)
        self._made: list[QWidget] = []
        self._right_now: object = None
        first = row(self.title, None, self.figures, gap=16)
        words = column(None, first, self.sentence, self._bar_row, None)
        self._gap = words
        self._outer = row(self.sign, 16, words, 24, self.right, margins=(25, 0, 25, 0))
        self._outer.setStretch(2, 1)
        self.setLayout(self._outer)
        self.setFixedHeight(72)

    def set_narrow(self, narrow: bool) -> None:
        self.setFixedHeight(64 if narrow else 72)
        self._outer.setContentsMargins(17 if narrow else 25, 0, 17 if narrow else 25, 0)
        self.sentence.say(self.sentence.text(), kind=Type.SMALL if narrow else Type.BODY)

    def show_state(self, glyph: Glyph, title: str, sentence: str, word: str = "") -> None:
        """``glyph`` sets the colours; said once to a screen reader when the title changes."""
        tone = glyph.token if glyph.token in TONES else None
        self.paint_with(f"{tone}-soft" if tone else "card", f"{tone}-line" if tone else "line")
        self.sign.show_state(glyph, word or title)
        self.title.say(title, glyph.token if glyph.token != "muted" else "text")
        self.sentence.say(sentence)
        shown(self.sentence, bool(sentence))
        self._bar_row.hide()
        self.figures.hide()
        self.setAccessibleName(f"{title}. {sentence}")
        if title != self._said:
            self._said = title
            announce(self, f"{title}. {sentence}")

    def show_progress(self, share: float, figures: str) -> None:
        """The bar and the figures of something that runs."""
        self.figures.say(figures)
        shown(self.figures, bool(figures))
        self.bar.show_share(share)
        self.bar.setAccessibleName(f"{round(share * 100)} %")
        self._bar_row.show()
        self.sentence.hide()

    def show_right(self, *widgets: QWidget) -> None:
        """What stands at the right; the widgets stay the caller's."""
        self._right_now = None
        self._take_out()
        for widget in widgets:
            self.right.addWidget(widget)
            widget.show()

    def _take_out(self) -> None:
        while self.right.count():
            item = self.right.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()
                widget.setParent(None)
                if widget in self._made:
                    widget.deleteLater()
        self._made = []

    def _show_made(self, key: object, make: Callable[[], QWidget]) -> None:
        """Show something of the verdict's own; the same again is left alone."""
        if key == self._right_now:
            return
        widget = make()
        self.show_right(widget)
        self._made, self._right_now = [widget], key

    def show_counts(self, counts: Sequence[Count]) -> None:
        wanted = tuple(counts)
        look = self._look
        self._show_made(wanted, lambda: holder(row(*[_count(look, c) for c in wanted], gap=24)))

    def show_clock(self, label: str, value: str) -> None:
        quiet, strong = (
            Text(self._look, label, Type.SMALL, "muted"),
            Text(self._look, value, Type.SMALL_STRONG),
        )
        for text in (quiet, strong):
            text.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._show_made((label, value), lambda: holder(column(None, quiet, strong, None)))

    def show_hint(self, icon: str, title: str, detail: str) -> None:
        """An icon with a request and how long it lasts, right of a line."""
        self._show_made((icon, title, detail), lambda: self._hint(icon, title, detail))

    def _hint(self, icon: str, title: str, detail: str) -> QWidget:
        line = Line(self._look, standing=True)
        line.setFixedHeight(38)
        words = column(
            None,
            Text(self._look, title, Type.STRONG, "accent"),
            Text(self._look, detail, Type.SMALL, "muted"),
            None,
        )
        return holder(row(line, 24, IconSign(self._look, icon, 28, "accent"), 12, words))


def _count(look: Look, count: Count) -> QWidget:
    token = count.glyph.token
    number = Text(look, str(count.number), Type.SMALL_STRONG, token)
    sign = GlyphSign(look, count.glyph, 16, count.word)
    label = Text(look, count.word, Type.SMALL, "muted")
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    return holder(column(None, row(None, sign, number, None, gap=5), label, None))


@dataclass(frozen=True)
class Remedy:
    """A button in a banner: what it does, its word and icon; ``name`` says more than its word
    to who cannot see where it stands."""

    key: str
    word: str
    icon: str | None = None
    name: str = ""


class Banner(Box):
    """Glyph 28, title, sentence, «next step», code at the top right, at most two buttons.

    ``asked`` carries the key of the button that was pressed. Buttons rest for 0.4 s after
    the banner appears, so that a click meant for the page does not hit them.
    """

    asked = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._keys: tuple[tuple[str, str], ...] = ()
        self.sign = GlyphSign(look, Glyph.ATTENTION, 28)
        self.title = Text(look, "", Type.STRONG)
        self.code = Text(look, "", Type.SMALL, "muted")
        self.sentence = Text(look, "", Type.BODY, wrap=True)
        self._arrow = IconSign(look, "arrow-right", 20, "text")
        # Level with arrow and buttons, which are higher than one line.
        self.next = Text(look, "", Type.BODY, wrap=True, align=Qt.AlignmentFlag.AlignVCenter)
        self._buttons = row(gap=8)
        self._next_row = holder(row(self._arrow, self.next, gap=8))
        self._next_row.layout().setStretch(1, 1)  # type: ignore[union-attr]
        low = row(self._next_row, 16, self._buttons)
        low.setStretch(0, 1)
        words = column(row(self.title, None, self.code), self.sentence, 4, low)
        outer = row(column(self.sign, None), 16, words, margins=(17, 12, 17, 12))
        outer.setStretch(2, 1)
        self.setLayout(outer)
        self.setMinimumHeight(96)
        self.hide()

    def show_trouble(
        self,
        glyph: Glyph,
        title: str,
        sentence: str,
        next_step: str,
        code: str = "",
        remedies: Sequence[Remedy] = (),
    ) -> None:
        """Show it; the same banner again changes words in place and is not said twice."""
        fresh = self.isHidden() or self.title.text() != title
        tone = glyph.token
        self.paint_with(f"{tone}-soft", tone)
        self.sign.show_state(glyph, title)
        self.title.say(title, tone)
        self.sentence.say(sentence)
        shown(self.sentence, bool(sentence))
        self.next.say(f"**{self._look.say('banner.next')}**  {next_step}" if next_step else "")
        shown(self._next_row, bool(next_step))
        self.code.say(code)
        self._show_buttons(tuple(remedies))
        self.setAccessibleName(
            " ".join(part for part in (title, sentence, next_step, code) if part)
        )
        self.show()
        if fresh:
            announce(self, f"{title}. {sentence} {next_step}")

    def _show_buttons(self, remedies: tuple[Remedy, ...]) -> None:
        if tuple((r.key, r.word) for r in remedies) == self._keys:
            return
        self._keys = tuple((r.key, r.word) for r in remedies)
        clear(self._buttons)
        for remedy in remedies[:2]:
            button = Button(self._look, remedy.word, Kind.SECONDARY, height=32, icon=remedy.icon)
            button.clicked.connect(lambda _=False, key=remedy.key: self.asked.emit(key))
            if remedy.name:
                button.setAccessibleName(remedy.name)
            self._buttons.addWidget(button)


class ClickGuard(QWidget):
    """Lets the mouse rest over ``page`` for a moment after something moved under it."""

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self.hide()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)

    def rest(self) -> None:
        page = self.parentWidget()
        if page is not None:
            self.setGeometry(page.rect())
            self.show()
            self.raise_()
            self._timer.start(GUARD_MS)

    # Qt's own
    def event(self, event: QEvent) -> bool:
        swallowed = (
            QEvent.Type.MouseButtonPress,
            QEvent.Type.MouseButtonRelease,
            QEvent.Type.MouseButtonDblClick,
        )
        return True if event.type() in swallowed else super().event(event)
