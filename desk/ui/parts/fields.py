"""Fields: one line, MRZ, choice, checkbox, and the field for a card's PIN."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QWidget,
)

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, rounded, shown
from desk.ui.parts.box import column, holder, refresh, row
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type

MOST_DIGITS = 8


class Field(QLineEdit):
    """A field of one line, 40 high. ``plain_keys`` switches the input method off."""

    def __init__(
        self, look: Look, name: str = "", *, kind: Type = Type.BODY, plain_keys: bool = False
    ) -> None:
        super().__init__()
        self._look, self._kind = look, kind
        self.ring_radius = 8
        self.setFixedHeight(40)
        self.setFont(look.font(kind))
        self.setAccessibleName(name)
        if plain_keys:
            self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
            self.setInputMethodHints(Qt.InputMethodHint.ImhPreferLatin)
        look.restyled.connect(self._restyle)
        self._restyle()

    def name(self, text: str, placeholder: str = "") -> None:
        self.setAccessibleName(text)
        self.setPlaceholderText(placeholder)

    def mark_wrong(self, wrong: bool) -> None:
        """The 2 px line of a field that was not accepted."""
        self.setProperty("wrong", wrong)
        refresh(self)

    def _restyle(self) -> None:
        self.setStyleSheet(self._look.field_sheet)
        self.setFont(self._look.font(self._kind))


class Remark(QPlainTextEdit):
    """A few lines in a person's own words; Tab goes on to the next control."""

    def __init__(self, look: Look, height: int = 64) -> None:
        super().__init__()
        self._look = look
        self.setTabChangesFocus(True)
        self.setFixedHeight(height)
        look.restyled.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self.setStyleSheet(self._look.field_sheet)


class Problem(QWidget):
    """The sentence under a field: glyph, what is wrong and where, code. Keeps its place."""

    def __init__(self, look: Look, height: int = 20) -> None:
        super().__init__()
        self._sign = GlyphSign(look, Glyph.FAILED, 16)
        self._text = Text(look, "", Type.SMALL, "danger", wrap=True)
        lines = row(column(2, self._sign, None), self._text, gap=8)
        self.setLayout(lines)
        lines.setStretch(1, 1)
        self.setMinimumHeight(height)
        self.show_text("")

    def show_text(
        self, text: str, token: str = "danger", glyph: Glyph | None = Glyph.FAILED
    ) -> None:
        self._text.say(text, token)
        shown(self._sign, bool(text) and glyph is not None)
        if glyph is not None:
            self._sign.show_state(glyph)
        self.setAccessibleName(self._text.text())


class Choice(QComboBox):
    """A choice of one: 40 high, 28 in a row. An empty first entry means nothing chosen."""

    chosen = Signal(str)

    def __init__(self, look: Look, name: str = "", *, height: int = 40) -> None:
        super().__init__()
        self._look = look
        self._kind = Type.BODY if height >= 40 else Type.SMALL
        self._empty = ""
        self.ring_wanted = True
        self.ring_radius = 8 if height >= 40 else 6
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.setFont(look.font(self._kind))
        self.activated.connect(lambda _index: self.chosen.emit(self.value()))
        look.restyled.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self.view().setStyleSheet(self._look.field_sheet)
        self.update()

    def offer(self, entries: Sequence[tuple[str, str]], current: str = "", empty: str = "") -> None:
        """``entries`` are key and words; ``empty`` stands while nothing is chosen."""
        self.blockSignals(True)
        self.clear()
        for key, words in entries:
            self.addItem(words, key)
        self._empty = empty
        self.setCurrentIndex(self.findData(current) if current else -1)
        self.blockSignals(False)
        self.update()

    def value(self) -> str:
        """The chosen key, or an empty text."""
        return str(self.currentData() or "")

    # Qt's own
    def focusInEvent(self, event: QFocusEvent) -> None:
        self.ring_wanted = self._look.shows_focus(event.reason())
        super().focusInEvent(event)

    def wheelEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        # Scrolling a page must never change an answer that lies under the pointer.
        event.ignore()

    def minimumSizeHint(self) -> QSize:
        return QSize(96, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        look = self._look
        ground = look["card"] if self.isEnabled() else look["disabled-bg"]
        rounded(
            painter,
            QRectF(self.rect()),
            8 if self.height() >= 40 else 6,
            ground,
            look["line-strong"],
        )
        pad = 12 if self.height() >= 40 else 9
        size = 16 if self.height() < 40 else 20
        place = QRectF(self.width() - pad - size, (self.height() - size) / 2, size, size)
        look.paint_icon(painter, "chevron-down", "text" if self.isEnabled() else "disabled", place)
        font = look.font(self._kind)
        painter.setFont(font)
        words = self.currentText() if self.currentIndex() >= 0 else self._empty
        token = "text" if self.currentIndex() >= 0 else "muted"
        painter.setPen(look[token if self.isEnabled() else "disabled"])
        room = QRectF(pad, 0, self.width() - 2 * pad - size - 4, self.height())
        cut = QFontMetricsF(font).elidedText(words, Qt.TextElideMode.ElideRight, room.width())
        tip = words if cut != words else ""
        if tip != self.toolTip():
            self.setToolTip(tip)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, cut)


class Check(QCheckBox):
    """A checkbox of 20; the whole row is the target. ``detail`` is a muted second line."""

    def __init__(
        self, look: Look, text: str = "", *, detail: str = "", small: bool = False
    ) -> None:
        super().__init__()
        self._look, self._detail = look, detail
        self._kind = Type.SMALL if small else (Type.STRONG if detail else Type.BODY)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.ring_radius = 6
        self.ring_wanted = True
        self.say(text, detail)
        look.restyled.connect(self.update)

    def say(self, text: str, detail: str = "") -> None:
        self.setText(text)
        self._detail = detail
        if detail and self._kind is Type.BODY:
            self._kind = Type.STRONG
        self.setAccessibleName(f"{text}. {detail}" if detail else text)
        self.updateGeometry()
        self.update()

    # Qt's own
    def focusInEvent(self, event: QFocusEvent) -> None:
        self.ring_wanted = self._look.shows_focus(event.reason())
        super().focusInEvent(event)

    def hitButton(self, place) -> bool:  # type: ignore[no-untyped-def]
        return self.rect().contains(place)

    def sizeHint(self) -> QSize:
        words = QFontMetricsF(self._look.font(self._kind)).horizontalAdvance(self.text())
        more = QFontMetricsF(self._look.font(Type.SMALL)).horizontalAdvance(self._detail)
        height = self._look.line(self._kind) + (20 if self._detail else 0)
        return QSize(round(max(words, more)) + 33, max(24, height))

    def minimumSizeHint(self) -> QSize:
        return QSize(48, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        look = self._look
        top = 2.0 if self._kind is not Type.SMALL else 0.0
        box = QRectF(0, top, 20, 20)
        if self.isChecked():
            fill = look["accent"] if self.isEnabled() else look["disabled"]
            rounded(painter, box, 4, fill)
            look.paint_icon(painter, "check", "on-accent", box.adjusted(2, 2, -2, -2))
        else:
            ground = "card" if self.isEnabled() else "disabled-bg"
            rounded(painter, box, 4, look[ground], look["line-strong"])
        line = look.line(self._kind)
        shift = 12 if self._kind is Type.STRONG else 8
        painter.setFont(look.font(self._kind))
        painter.setPen(look["text"] if self.isEnabled() else look["disabled"])
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(QRectF(20 + shift, 0, self.width(), line), align, self.text())
        if self._detail:
            painter.setFont(look.font(Type.SMALL))
            painter.setPen(look["muted"])
            painter.drawText(QRectF(20 + shift, line, self.width(), 20), align, self._detail)


class PinDots(QLineEdit):
    """Takes a card PIN: shows dots, keeps the digits in a buffer that can be wiped.

    Qt's own text only ever holds bullets, so neither its undo history nor an assistive
    tool can read a digit. Nothing can be pasted or dropped. ``take`` hands the digits
    over and forgets them; ``wipe`` forgets them.
    """

    entered = Signal()
    counted = Signal(int)

    BULLET = "•"

    def __init__(self, look: Look, *, height: int = 40, most: int = MOST_DIGITS) -> None:
        super().__init__()
        self._look, self._digits, self._most, self._wrong = look, bytearray(), most, False
        self.ring_radius = 8
        self.setFixedHeight(height)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setAcceptDrops(False)
        self.setDragEnabled(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setInputMethodHints(Qt.InputMethodHint.ImhDigitsOnly)
        self.textChanged.connect(self._keep_bullets)
        look.restyled.connect(self.update)

    def count(self) -> int:
        return len(self._digits)

    def take(self) -> bytearray:
        """The digits as ASCII; the field is empty afterwards. The caller wipes them."""
        digits = bytearray(self._digits)
        self.wipe()
        return digits

    def wipe(self) -> None:
        """Forget what was typed, undo history included."""
        for place in range(len(self._digits)):
            self._digits[place] = 0
        self._digits.clear()
        self._show_count()

    @property
    def ring_wanted(self) -> bool:
        """The line of danger stands alone, without the ring around it."""
        return not self._wrong

    def mark_wrong(self, wrong: bool) -> None:
        self._wrong = wrong
        self.update()

    def _show_count(self) -> None:
        bullets = self.BULLET * len(self._digits)
        if self.text() != bullets:
            self.setText(bullets)
        self.setAccessibleDescription(str(len(self._digits)))
        self.counted.emit(len(self._digits))
        self.update()

    def _keep_bullets(self, text: str) -> None:
        """Text that came from anywhere but the keyboard is taken out again."""
        if text != self.BULLET * len(self._digits):
            self.setText(self.BULLET * len(self._digits))

    # Qt's own
    def keyPressEvent(self, event: QKeyEvent) -> None:
        text, key = event.text(), event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif key == Qt.Key.Key_Backspace and self._digits:
            self._digits[-1] = 0
            self._digits.pop()
            self._show_count()
        elif key == Qt.Key.Key_Escape or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return
        elif text.isascii() and text.isdigit() and len(self._digits) < self._most:
            self._digits += text.encode()
            self._show_count()
        elif not text or key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            event.ignore()
            return
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        event.ignore()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        # The middle button would insert the primary selection.
        if event.button() == Qt.MouseButton.LeftButton:
            super().mouseReleaseEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        look = self._look
        ground = look["card"] if self.isEnabled() else look["disabled-bg"]
        wrong = self._wrong and self.isEnabled()
        line = look["danger"] if wrong else look["line-strong" if self.isEnabled() else "line"]
        rounded(painter, QRectF(self.rect()), 8, ground, line, 2.0 if wrong else 1.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look["text"])
        middle = self.height() / 2
        for place in range(len(self._digits)):
            painter.drawEllipse(QRectF(13 + place * 18, middle - 5, 10, 10))
        if self.hasFocus() and self.isEnabled():
            x = 13 + len(self._digits) * 18
            painter.setPen(QPen(look["text"], 1))
            painter.drawLine(x, round(middle - 10), x, round(middle + 10))
        if not self.isEnabled() and self.placeholderText():
            painter.setPen(look["disabled"])
            painter.setFont(look.font(Type.SMALL))
            room = QRectF(self.rect()).adjusted(12, 0, -12, 0)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self.placeholderText())


class PinEntry(QWidget):
    """Card PIN with tries left above it and 40 px kept for the sentence below.

    ``ready`` says whether it may be sent (six digits, and the consent for the last try).
    ``pin_given`` fires on Enter when ready; the page then calls ``take``. Where the reader
    has keys of its own nothing is typed here, and ``take`` gives None.
    """

    LEAST = 6

    pin_given = Signal()
    ready_changed = Signal(bool)

    def __init__(self, look: Look, *, height: int = 40, room: int = 40) -> None:
        super().__init__()
        self._look, self._last, self._was_ready = look, False, False
        self._tries: int | None = None
        self._wrong = False
        self._told: tuple[int | None, bool] | None = None
        self._note, self._why, self._may = "", "", True
        self._on_pad = self._was_typing = False
        self.name = Text(look, "", Type.STRONG)
        self._warn = GlyphSign(look, Glyph.ATTENTION, 16)
        self.left = Text(look, "", Type.SMALL, "muted")
        self.dots = PinDots(look, height=height)
        self._problem = Problem(look)
        self._consent = Check(look, small=True)
        head = row(self.name, None, self._warn, self.left, gap=8)
        below = column(self._problem, self._consent, None, gap=4)
        self._below = holder(below)
        self._below.setMinimumHeight(room)
        gap = 6 if height < 48 else 8
        self.setLayout(column(head, gap, self.dots, gap, self._below))
        self.dots.counted.connect(self._count_changed)
        self.dots.entered.connect(self._enter)
        self._consent.toggled.connect(self._count_changed)
        look.retranslated.connect(self.retranslate)
        self.show_tries(None)
        self.retranslate()

    def show_tries(self, tries: int | None, wrong: bool = False) -> None:
        """``tries`` left on the card (None: unknown, nothing is said). ``wrong``: the PIN
        given last was not right. At one try left the consent is asked for. The same again
        changes nothing: what was typed and agreed to stays through a redraw."""
        if (tries, wrong) == self._told:
            return
        self._told = (tries, wrong)
        self._tries, self._last = tries, tries == 1
        self._wrong = wrong
        self.dots.mark_wrong(wrong)
        self._consent.setChecked(False)
        self.retranslate()

    def show_note(self, note: str) -> None:
        """The quiet sentence below while nothing is wrong."""
        self._note = note
        self.retranslate()

    def show_pad(self, on_pad: bool) -> None:
        """The PIN is typed on the reader's keys: the field here rests."""
        if on_pad != self._on_pad:
            self._on_pad = on_pad
            self.dots.wipe()
            self.dots.setEnabled(self._may and not on_pad)
            self.retranslate()

    def allow(self, may: bool, why: str = "") -> None:
        """Switch the field off; ``why`` stands in the place of the tries."""
        self._may, self._why = may, why
        if not may:
            self.dots.wipe()
        self.dots.setEnabled(may and not self._on_pad)
        self.retranslate()
        self._lead_back()

    def _lead_back(self) -> None:
        """A PIN that was refused is typed again where it was typed: while the card was asked,
        the field was off and handed the focus on."""
        if not (self._was_typing and self.dots.isEnabled() and self.dots.isVisible()):
            return
        self._was_typing = False
        typing = isinstance(QApplication.focusWidget(), QLineEdit | QPlainTextEdit)
        if self._wrong and not typing:
            self.dots.setFocus(Qt.FocusReason.OtherFocusReason)

    def is_ready(self) -> bool:
        agreed = not self._last or self._consent.isChecked()
        typed = self._on_pad or self.dots.count() >= self.LEAST
        return self._may and typed and agreed and self._tries != 0

    def take(self) -> bytearray | None:
        """The digits, which the taker wipes; None where they are typed on the reader."""
        self._was_typing = self.dots.hasFocus()
        return None if self._on_pad else self.dots.take()

    def wipe(self) -> None:
        self.dots.wipe()

    def retranslate(self) -> None:
        say, tries = self._look.say, self._tries
        self.name.say(say("pin.card_pin"), "text" if self._may else "disabled")
        self.dots.setAccessibleName(say("pin.card_pin"))
        alarming = tries is not None and tries < 3 and self._may
        words = "" if tries is None else say("pin.tries_left", n=tries)
        if not self._may:
            words = self._why
        self.left.say(words, "warning" if alarming else "muted", self._weight(alarming))
        shown(self._warn, alarming)
        self._warn.show_state(Glyph.ATTENTION, say("state.attention"))
        shown(self._consent, self._last and self._may)
        self._consent.say(say("pin.last_try_consent"))
        self._say_problem(say, tries)
        self._count_changed()

    @staticmethod
    def _weight(strong: bool) -> Type:
        return Type.SMALL_STRONG if strong else Type.SMALL

    def _say_problem(self, say, tries: int | None) -> None:  # type: ignore[no-untyped-def]
        if not self._may:
            self._problem.show_text("", glyph=None)
        elif self._last:
            self._problem.show_text(say("pin.last_try"))
        elif self._wrong and tries is not None:
            self._problem.show_text(say("pin.wrong", n=tries))
        elif self._on_pad:
            self._problem.show_text(say("pin.on_pad"), "muted", None)
        else:
            self._problem.show_text(self._note, "muted", None)

    def _count_changed(self, *_ignored: object) -> None:
        if self.dots.count() and self._wrong:
            self.dots.mark_wrong(False)
        ready = self.is_ready()
        if ready != self._was_ready:
            self._was_ready = ready
            self.ready_changed.emit(ready)

    def _enter(self) -> None:
        if self.is_ready():
            self.pin_given.emit()


class Labelled(QWidget):
    """A field or choice under its name (13 muted), with the place for what is wrong."""

    def __init__(self, look: Look, field: QWidget, *, problem: bool = False) -> None:
        super().__init__()
        self.field = field
        self._label = Text(look, "", Type.SMALL, "muted")
        self.problem = Problem(look) if problem else None
        items: list[QWidget | int] = [self._label, field]
        if self.problem is not None:
            items += [4, self.problem]
        self.setLayout(column(*items, gap=0))

    def say(self, label: str) -> None:
        self._label.say(label)
        self.field.setAccessibleName(label)
