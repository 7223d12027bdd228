"""One handle for everything a widget needs to draw itself: colours, type, icons, words.

Made once by the program and passed down. ``restyled`` fires after light and dark change,
``retranslated`` after the language changes; widgets repaint or say their words again.
The applicant's window makes a look of its own (its words, its scale, its contrast).
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPen
from PySide6.QtWidgets import QApplication, QWidget

from desk.ui import theme as themes
from desk.ui.glyphs import Glyph, paint_glyph
from desk.ui.icons import Icons
from desk.ui.theme import Mode, Theme, Type
from desk.words import Words


class Look(QObject):
    """Colours by token, fonts by size of type, icons by name, words by key.

    ``area`` names the table of words; ``say(key, **facts)`` speaks the language that is
    set, ``words.text(key, lang, **facts)`` any other. ``reduced_motion`` keeps the busy
    arc still; ``by_keyboard``: the last input was a key. ``scale`` enlarges type (the
    applicant's larger text), never shrinks it.
    """

    restyled = Signal()
    retranslated = Signal()

    def __init__(
        self,
        area: str = "officer",
        *,
        mode: Mode = Mode.LIGHT,
        language: str = "ko",
        words_folder: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.words = Words(area, words_folder)
        self.icons = Icons()
        self.theme: Theme = themes.load_theme(mode)
        self.language = language
        self.scale = 1.0
        self.reduced_motion = False
        self.by_keyboard = False
        self._sheet: tuple[Theme | None, str] = (None, "")
        self._fonts: dict[tuple[Type, float], QFont] = {}

    # Colours
    def __getitem__(self, token: str) -> QColor:
        return self.theme[token]

    def set_mode(self, mode: Mode) -> None:
        """Change between light and dark; restyle Qt's own parts and repaint the rest."""
        self.theme = themes.load_theme(mode)
        self.dress()
        self.restyled.emit()

    def dress(self) -> None:
        """Give the application this look's palette and base font."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            # A sheet for the whole application would be worked through for every widget at
            # each change; only fields have one (``field_sheet``), the rest paints itself.
            if app.style().objectName() != "fusion":
                app.setStyle("Fusion")
            app.setPalette(themes.palette(self.theme))
            app.setFont(self.font(Type.BODY))
            for widget in app.topLevelWidgets():
                widget.update()

    @property
    def field_sheet(self) -> str:
        """The sheet of a field, its list or its note, for the widget itself."""
        if self._sheet[0] is not self.theme:
            self._sheet = (self.theme, themes.style_sheet(self.theme))
        return self._sheet[1]

    # Type
    def font(self, kind: Type) -> QFont:
        key = (kind, self.scale)
        if key not in self._fonts:
            self._fonts[key] = themes.font(kind, self.scale)
        return self._fonts[key]

    def line(self, kind: Type) -> int:
        """The line height of ``kind`` in pixels at this look's scale."""
        return round(kind.line * self.scale)

    def shows_focus(self, reason: Qt.FocusReason) -> bool:
        """Whether a button draws the ring: when keys brought the focus, not the mouse."""
        by_keys = (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
            Qt.FocusReason.ShortcutFocusReason,
        )
        return reason in by_keys or (self.by_keyboard and reason != Qt.FocusReason.MouseFocusReason)

    # Drawings
    def paint_icon(self, painter: QPainter, name: str, token: str | QColor, rect: QRectF) -> None:
        colour = token if isinstance(token, QColor) else self.theme[token]
        self.icons.paint(painter, name, colour, rect)

    def paint_glyph(
        self,
        painter: QPainter,
        glyph: Glyph,
        rect: QRectF,
        *,
        token: str | None = None,
        mark: str | None = None,
        turn: float = 0.0,
    ) -> None:
        paint_glyph(
            painter,
            rect,
            glyph,
            self.theme,
            colour=self.theme[token] if token else None,
            mark=self.theme[mark] if mark else None,
            turn=turn,
        )

    def icon(self, name: str, token: str, size: int = 20) -> QIcon:
        """For the few places where Qt wants a QIcon (window list, menus)."""
        return QIcon(self.icons.pixmap(name, self.theme[token], size, 2.0))

    # Words
    def set_language(self, language: str) -> None:
        """Change the language of every screen at once; what was typed stays."""
        self.language = language
        self.retranslated.emit()

    def say(self, key: str, **facts: object) -> str:
        """The sentence of ``key`` in the language that is set."""
        return self.words.text(key, self.language, **facts)


def shown(widget: QWidget, visible: bool) -> None:
    """Show or hide a part of a page. What has no parent yet is left alone: Qt would put it
    on the screen as a window of its own."""
    if not visible or widget.parentWidget() is not None:
        widget.setVisible(visible)


def rounded(
    painter: QPainter,
    rect: QRectF,
    radius: float,
    fill: QColor | None,
    line: QColor | None = None,
    width: float = 1.0,
) -> None:
    """A rounded box with a crisp inner line of ``width`` pixels."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(fill if fill is not None else Qt.BrushStyle.NoBrush)
    if line is None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(rect, radius, radius)
        return
    painter.setPen(QPen(line, width))
    half = width / 2
    inner = rect.adjusted(half, half, -half, -half)
    painter.drawRoundedRect(inner, radius - half, radius - half)
