"""Rows of the training desk's lists: applicants, passports, officers' cards."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from desk.mrtd import picture_child
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, rounded, shown
from desk.ui.parts.box import column, row
from desk.ui.parts.person import Picture
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.phone.parts import Pressable
from desk.ui.pictures import image_of
from desk.ui.theme import Type

PERSON_ROW, PASSPORT_ROW = 76, 48


class Ending(StrEnum):
    """What the desk should come to; the value is a word of the bench."""

    GO_ON = "go_on"
    LOOK_CLOSER = "look_closer"
    REFUSE = "refuse"


_GLYPHS = {
    Ending.GO_ON: Glyph.PASSED,
    Ending.LOOK_CLOSER: Glyph.UNDECIDED,
    Ending.REFUSE: Glyph.FAILED,
}


@dataclass(frozen=True)
class Person:
    """An invented applicant. ``story`` is a word of ``desk.training.applicants.Story``,
    ``picture`` JPEG or JPEG2000."""

    key: str
    story: str
    hangul: str
    latin: str
    picture: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Passport:
    """A passport that may be laid down: genuine, or a forgery of this kind.

    ``code`` is what the desk should say about it, empty where nothing.
    """

    key: str
    ending: Ending = Ending.GO_ON
    code: str = ""

    @property
    def is_genuine(self) -> bool:
        return self.ending is Ending.GO_ON


class PersonRow(Pressable):
    """An applicant of the list: thumbnail, names, what the case teaches."""

    ring_inset = True

    def __init__(self, look: Look, person: Person) -> None:
        super().__init__(look)
        self.person = person
        self.setCheckable(True)
        self._picture = Picture(look, 48, 60, 6)
        self._sign = GlyphSign(look, Glyph.PASSED, 20)
        self._first = Text(look, "", Type.STRONG)
        self._second = Text(look, "", Type.SMALL, "muted")
        self._story = Text(look, "", Type.SMALL, wrap=True)
        names = row(self._first, self._second, None, gap=8)
        words = column(None, names, self._story, None)
        layout = row(
            self._picture, 14, words, 8, column(None, self._sign, None), margins=(16, 6, 16, 6)
        )
        layout.setStretch(2, 1)
        self.setLayout(layout)
        self.setFixedHeight(PERSON_ROW)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._image = _picture(person.picture)
        self.show_state(False)

    def show_state(self, chosen: bool) -> None:
        look, person = self._look, self.person
        self.setChecked(chosen)
        first, second = person.hangul, person.latin
        if look.language == "en":
            first, second = second, first
        story = look.say(f"story.{person.story}") if f"story.{person.story}" in look.words else ""
        self._first.say(first)
        self._second.say(second)
        self._story.say(story)
        self._picture.show_image(self._image, first)
        self._sign.show_state(Glyph.PASSED, look.say("people.here"))
        shown(self._sign, chosen)
        self.setAccessibleName(
            look.say("people.row", hangul=person.hangul, latin=person.latin, story=story)
        )
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        paint_row(self, QPainter(self), self._look)


class PassportRow(Pressable):
    """A kind of passport: what was done to it, what that teaches, the code it ends in."""

    ring_inset = True

    def __init__(self, look: Look, passport: Passport) -> None:
        super().__init__(look)
        self.passport = passport
        self.setCheckable(True)
        self._sign = GlyphSign(look, _GLYPHS[passport.ending], 24)
        self._title = Text(look, "", Type.STRONG)
        self._code = Text(look, passport.code, Type.SMALL, "muted")
        self._lesson = Text(look, "", Type.SMALL)
        title = row(self._title, None, self._code, gap=8)
        words = column(None, title, self._lesson, None)
        layout = row(column(None, self._sign, None), 12, words, margins=(16, 3, 16, 3))
        layout.setStretch(2, 1)
        self.setLayout(layout)
        self.setFixedHeight(PASSPORT_ROW)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_state(self, chosen: bool) -> None:
        say, key = self._look.say, self.passport.key
        ending = say(f"ending.{self.passport.ending}")
        title, lesson = say(f"forgery.{key}"), say(f"lesson.{key}")
        self.setChecked(chosen)
        self._title.say(title)
        self._lesson.say(lesson)
        self._sign.show_state(_GLYPHS[self.passport.ending], ending)
        self.setAccessibleName(say("forgeries.row", title=title, lesson=lesson, ending=ending))
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        paint_row(self, QPainter(self), self._look)


class Radio(Pressable):
    """One of several, 40 high."""

    ring_radius = 8

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.setCheckable(True)
        self.setFixedHeight(36)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def say(self, words: str) -> None:
        self.setText(words)
        self.setAccessibleName(words)
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look, on = QPainter(self), self._look, self.isChecked()
        disc = QRectF(1, self.height() / 2 - 10, 20, 20)
        rounded(painter, disc, 10, look["card"], look["accent" if on else "line-strong"], 1.5)
        if on:
            painter.setPen(QPen(Qt.PenStyle.NoPen))
            painter.setBrush(look["accent"])
            painter.drawEllipse(disc.center(), 5.0, 5.0)
        painter.setFont(look.font(Type.BODY))
        painter.setPen(look["text"])
        place = QRectF(32, 0, self.width() - 32, self.height())
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(place, align, self.text())


def paint_row(line: Pressable, painter: QPainter, look: Look) -> None:
    """Ground, mark of the chosen one and the line below."""
    if line.isChecked():
        painter.fillRect(line.rect(), look["accent-soft"])
        painter.fillRect(0, 0, 4, line.height(), look["accent"])
    elif line.underMouse():
        painter.fillRect(line.rect(), look["background"])
    painter.fillRect(0, line.height() - 1, line.width(), 1, look["line"])


def _picture(data: bytes) -> QImage | None:
    """None where there is none, or it cannot be read: the row then shows a stand-in.

    The invented people's pictures are the program's own and need no process of their own.
    """
    outcome, width, height, pixels = picture_child.decode(data)
    if outcome != picture_child.DECODED:
        return None
    return image_of(np.frombuffer(pixels, np.uint8).reshape(height, width, 3))
