"""Pieces of the phone's pages: bar, language tabs, the ID itself, notes and rows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, rounded, shown
from desk.ui.parts.box import Box, Line, Scrolled, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.person import Picture
from desk.ui.parts.rail import Mark
from desk.ui.parts.sign import Badge, GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.phone.look import LANGUAGES, PhoneLook
from desk.ui.phone.snapshot import CardState, CardView
from desk.ui.theme import Type

BUTTON = 52
EDGE = 20
EDGES = (EDGE, 0, EDGE, 0)
LONG_NAME, LONGEST_LINE, LONGEST_ON_TILE = 13, 18, 10
"""Syllables from which a name is set smaller, and from which it may break anywhere."""


class Clear(Scrolled):
    """Scrolls on the ground of its window: Qt would fill the content with the palette of
    the officer's window, which may be the dark one."""

    def __init__(self, content: QWidget) -> None:
        super().__init__(content)
        content.setAutoFillBackground(False)


class Pressable(QAbstractButton):
    """A painted control that may hold other widgets; the focus ring follows keys only."""

    ring_radius = 10
    ring_wanted = True

    def __init__(self, look: Look, name: str = "") -> None:
        super().__init__()
        self._look = look
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    # Qt's own
    def focusInEvent(self, event: QFocusEvent) -> None:
        self.ring_wanted = self._look.shows_focus(event.reason())
        super().focusInEvent(event)

    def sizeHint(self) -> QSize:
        layout = self.layout()
        return layout.sizeHint() if layout else QSize(48, 48)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Whoever inherits paints."""


class TopBar(QWidget):
    """56 high: the mark and the app's name; a way back where there is one."""

    back = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFixedHeight(56)
        self._back = _BackButton(look)
        self._back.clicked.connect(self.back)
        self._mark = Mark(look, 32)
        self._name = Text(look, "", Type.STRONG, "rail-text")
        self.setLayout(row(self._back, self._mark, self._name, None, gap=12, margins=EDGES))
        self.retranslate()

    def show_back(self, there: bool) -> None:
        shown(self._back, there)
        shown(self._mark, not there)

    def retranslate(self) -> None:
        self._name.say(self._look.say("app.name"))
        self._mark.setAccessibleName(self._look.say("app.name"))
        self._back.setAccessibleName(self._look.say("window.back"))
        self._back.setToolTip(self._look.say("window.back"))

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._look["rail"])


class _BackButton(Pressable):
    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.setFixedSize(32, 48)
        self.ring_wanted = False

    # Qt's own
    def focusInEvent(self, event: QFocusEvent) -> None:
        # Accent does not show on the rail's blue: this one draws its own ring.
        QAbstractButton.focusInEvent(self, event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(self.rect()).adjusted(0, 4, 0, -4)
        ground = "rail-active" if self.isDown() or self.underMouse() else "rail"
        line = self._look["rail-text"] if self.hasFocus() else None
        rounded(painter, box, 8, self._look[ground], line, 2.0)
        place = QRectF(4, self.height() / 2 - 12, 24, 24)
        self._look.paint_icon(painter, "chevron-left", "rail-text", place)


class LanguageTabs(QWidget):
    """The four languages, each by its own name; one Tab stop, arrows inside."""

    chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFixedHeight(45)
        self._tabs = [_Tab(look, language) for language in LANGUAGES]
        for tab in self._tabs:
            tab.clicked.connect(lambda _on=False, tab=tab: self.chosen.emit(tab.language))
        tabs = row(*self._tabs)
        self.setLayout(column(tabs, Line(look)))
        self.retranslate()

    def retranslate(self) -> None:
        self.setAccessibleName(self._look.say("window.languages"))
        for tab in self._tabs:
            tab.setChecked(tab.language == self._look.language)
            tab.update()


class _Tab(Pressable):
    ring_inset = True
    ring_radius = 6

    def __init__(self, look: Look, language: str) -> None:
        super().__init__(look, look.words.text(f"language.{language}", "ko"))
        self.language = language
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setFixedHeight(44)
        self.setText(self.accessibleName())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look, on = QPainter(self), self._look, self.isChecked()
        painter.setFont(look.font(Type.SMALL_STRONG if on else Type.SMALL))
        painter.setPen(look["accent" if on else "muted"])
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        if on:
            painter.fillRect(0, self.height() - 3, self.width(), 3, look["accent"])


def wide(button: Button) -> Button:
    """The button as wide as the page."""
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return button


def big(look: Look, words: str, kind: Kind = Kind.PRIMARY, icon: str | None = None) -> Button:
    return wide(Button(look, words, kind, height=BUTTON, icon=icon))


def second(look: Look, words: str, icon: str | None = None) -> Button:
    """The other way, under the main act."""
    return wide(Button(look, words, Kind.SECONDARY, height=48, icon=icon))


def title(look: Look, words: str, lead: str = "") -> QVBoxLayout:
    """Title and the sentence under it."""
    items: list[QWidget | int] = [Text(look, words, Type.TITLE, wrap=True)]
    if lead:
        items += [4, Text(look, lead, Type.BODY, "muted", wrap=True)]
    return column(*items)


class Note(Box):
    """A quiet or coloured box: icon or glyph, a strong line, a sentence."""

    def __init__(
        self,
        look: Look,
        strong: str,
        words: str = "",
        *,
        tone: str = "",
        icon: str = "",
        glyph: Glyph | None = None,
        kind: Type = Type.SMALL,
    ) -> None:
        ground, line = (f"{tone}-soft", f"{tone}-line") if tone else ("background", "line")
        super().__init__(look, ground if tone != "accent" else "accent-soft",
                         line if tone != "accent" else None)  # fmt: skip
        token = tone or "text"
        sign: QWidget = (
            GlyphSign(look, glyph, 24, "") if glyph else IconSign(look, icon, 24, tone or "accent")
        )
        texts: list[QWidget] = [
            Text(look, strong, Type.STRONG, "text" if tone == "accent" else token, wrap=True)
        ]
        if words:
            texts.append(Text(look, words, kind, "text", wrap=True))
        signed = column(2, sign, None)
        words_column = column(*texts, gap=2)
        outer = row(signed, 14, words_column, margins=(16, 14, 16, 14))
        outer.setStretch(2, 1)
        self.setLayout(outer)
        self.setAccessibleName(f"{strong} {words}".strip())


def fact(look: Look, label: str, value: str, *, strong: bool = True, more: str = "") -> QWidget:
    """A label over its value; both may take several lines."""
    items: list[QWidget | int] = [
        Text(look, label, Type.SMALL, "muted", wrap=True),
        Text(look, value, Type.STRONG if strong else Type.BODY, wrap=True),
    ]
    if more:
        items.append(Text(look, more, Type.SMALL, "muted", wrap=True))
    box = holder(column(*items))
    box.setAccessibleName(f"{label}: {value}")
    return box


def ruled(look: Look, rows: Sequence[QWidget], gap: int = 12) -> Box:
    """Rows in a box with a line between each two."""
    box = Box(look, "card", "line")
    inner = column(margins=(16, gap, 16, gap))
    for place, one in enumerate(rows):
        if place:
            inner.addSpacing(gap)
            inner.addWidget(Line(look))
            inner.addSpacing(gap)
        inner.addWidget(one)
    box.setLayout(inner)
    return box


def state_badge(look: PhoneLook, state: CardState) -> Badge:
    return Badge(look, state.glyph, look.say(f"state.{state.value}"))


def portrait(look: PhoneLook, card: CardView, width: int, height: int) -> Picture:
    picture = Picture(look, width, height)
    image = QImage.fromData(card.portrait) if card.portrait else None
    name = look.say("card.portrait" if card.portrait else "card.no_portrait")
    picture.show_image(image, name)
    return picture


def breakable(name: str, longest: int = LONGEST_LINE) -> str:
    """A name too long for one line may break after every syllable."""
    if len(name) <= longest or " " in name:
        return name
    return "\u200b".join(name)


class IdCard(Box):
    """The ID: what it is, portrait, state, post and end; both names beneath."""

    def __init__(self, look: PhoneLook, card: CardView) -> None:
        super().__init__(look, "rail", None, 14)
        kind = Type.STRONG if len(card.hangul) > LONG_NAME else Type.TITLE
        name = Text(look, look.named(card.names), Type.STRONG, "rail-text", wrap=True)
        name.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        head = row(column(Mark(look, 32), None), 12, name)
        head.setStretch(2, 1)
        facts = column(
            self._fact(look, look.say("card.post"), card.post),
            8,
            self._fact(look, look.say("card.until"), look.day(card.until)),
            None,
            row(state_badge(look, card.state), None),
        )
        face = row(portrait(look, card, 112, 144), 16, facts)
        face.setStretch(2, 1)
        names = column(gap=0)
        if card.hangul:
            hangul = Text(look, breakable(card.hangul), kind, "rail-text", wrap=True)
            hangul.setAccessibleName(card.hangul)
            names.addWidget(hangul)
        names.addWidget(Text(look, card.latin, Type.BODY, "rail-muted", wrap=True))
        self.setLayout(column(head, 16, face, 12, names, margins=(18, 18, 18, 18)))
        self.setAccessibleName(f"{look.named(card.names)}, {look.say(f'state.{card.state.value}')}")

    @staticmethod
    def _fact(look: PhoneLook, label: str, value: str) -> QVBoxLayout:
        return column(
            Text(look, label, Type.SMALL, "rail-muted", wrap=True),
            Text(look, value, Type.STRONG, "rail-text", wrap=True),
        )


class CardTile(Pressable):
    """An ID in the list of the home page; opens it."""

    def __init__(self, look: PhoneLook, card: CardView) -> None:
        state = look.say(f"state.{card.state.value}")
        name = look.named(card.names)
        super().__init__(look, look.say("home.open", name=name, state=state))
        shown_name = card.hangul or card.latin
        breaks = breakable(shown_name, LONGEST_ON_TILE)
        holder_name = Text(look, breaks, Type.STRONG, "rail-text", wrap=True)
        holder_name.setAccessibleName(shown_name)
        words = column(
            None,
            Text(look, name, Type.SMALL, "rail-muted", wrap=True),
            holder_name,
            8,
            row(state_badge(look, card.state), None),
            None,
        )
        chevron = IconSign(look, "chevron-right", 24, "rail-muted")
        layout = row(portrait(look, card, 72, 92), 16, words, 8, chevron, margins=(14, 14, 12, 14))
        layout.setStretch(2, 1)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.ring_radius = 14

    # Qt's own
    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        layout = self.layout()
        return layout.heightForWidth(width) if layout else 120

    def paintEvent(self, event: QPaintEvent) -> None:
        ground = "rail-active" if self.isDown() else "rail"
        rounded(QPainter(self), QRectF(self.rect()), 14, self._look[ground])
