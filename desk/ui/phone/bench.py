"""The training desk: a panel to lay passports down, insert cards and change the camera.

A dumb window: ``show_view`` takes a frozen view, the signals say what the trainee wants.
Chips, readers and the camera are moved by whoever listens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QVBoxLayout, QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.parts.box import Card, QuietBar, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import Choice, Labelled
from desk.ui.parts.ring import FocusRing
from desk.ui.parts.sign import Badge
from desk.ui.parts.text import Text
from desk.ui.phone.bench_rows import Passport, PassportRow, Person, PersonRow, Radio
from desk.ui.phone.parts import Clear, wide
from desk.ui.shell import BAND, FRAME, TrainingBand
from desk.ui.theme import Type

SIZE = (1240, 800)
SCROLL_BAR = QuietBar.WIDTH + 2
SIDE = 300
GENUINE = Passport("genuine")
"""The passport as its issuer made it."""
SCENES = (
    "normal",
    "two_faces",
    "nobody",
    "other_person",
    "too_far",
    "chin_down",
    "dark_side",
    "unplugged",
)
"""What the camera may see; the words of ``desk.training.camera.Scene``."""


@dataclass(frozen=True)
class BenchView:
    """What lies where. ``passport`` and ``chosen`` are keys of ``people``, empty for none;
    ``kind`` is the key of the passport that the one chosen brings, ``laid`` of the one lying;
    ``card`` is the place in ``cards`` of the one inserted. ``cards`` hold the officers'
    names by language; ``card_pin`` is told to the trainee, empty to keep it back. ``phone`` of
    ``phones`` is the one in the applicant's hand, from 0."""

    people: tuple[Person, ...] = ()
    chosen: str = ""
    passports: tuple[Passport, ...] = (GENUINE,)
    kind: str = GENUINE.key
    passport: str = ""
    laid: str = GENUINE.key
    cards: tuple[Mapping[str, str], ...] = ()
    card: int | None = None
    card_pin: str = ""
    scene: str = SCENES[0]
    scenes: tuple[str, ...] = SCENES
    phone: int = 0
    phones: int = 2

    def person(self, key: str) -> Person | None:
        return next((one for one in self.people if one.key == key), None)

    def of_kind(self, key: str) -> Passport:
        return next((one for one in self.passports if one.key == key), GENUINE)


class BenchWindow(QWidget):
    """Signals carry the key of an applicant or a passport, the place of a card or a phone, a
    scene."""

    applicant_chosen = Signal(str)
    passport_chosen = Signal(str)
    passport_laid = Signal()
    passport_taken = Signal()
    card_inserted = Signal(int)
    card_pulled = Signal()
    scene_chosen = Signal(str)
    phone_chosen = Signal(int)
    mrz_scanned = Signal()

    def __init__(self, language: str = "ko", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = Look("bench", language=language)
        self._view = BenchView()
        self._card = 0
        self.people: list[PersonRow] = []
        self.passports: list[PassportRow] = []
        self.cards: list[Radio] = []
        self._build()
        self._ring = FocusRing(self.look, self)
        self.setMinimumSize(960, 480)
        self.resize(*SIZE)
        self.look.retranslated.connect(self._retranslate)
        self._retranslate()

    def set_language(self, language: str) -> None:
        self.look.set_language(language)

    def show_view(self, view: BenchView) -> None:
        """Show ``view``; rows are built anew only where people or cards are others."""
        before, self._view = self._view, view
        if view.people != before.people:
            self._fill_people()
        if list(view.passports) != [one.passport for one in self.passports]:
            self._fill_passports()
        if view.cards != before.cards:
            self._fill_cards()
        if view.card is not None and view.card != before.card:
            self._card = view.card
        self._retranslate()

    # Building

    def _build(self) -> None:
        look = self.look
        right = column(
            self._passport_card(), self._officer_card(), self._camera_card(), None, gap=16
        )
        right.setContentsMargins(0, 0, SCROLL_BAR, 0)
        side = Clear(holder(right))
        side.setFixedWidth(SIDE + SCROLL_BAR)
        content = row(
            self._people_card(), self._forgeries_card(), side,
            gap=16, margins=(20, 20, 20 - SCROLL_BAR, 20),
        )  # fmt: skip
        content.setStretch(0, 5)
        content.setStretch(1, 6)
        outer = column(TrainingBand(look), content, margins=(FRAME, 0, FRAME, FRAME))
        outer.setStretch(1, 1)
        self.setLayout(outer)

    def _people_card(self) -> QWidget:
        self._people, self._rows, self._scroll = self._list()
        self._group = QButtonGroup(self)
        return self._people

    def _forgeries_card(self) -> QWidget:
        self._forgeries, self._forgery_rows, self._forgery_scroll = self._list()
        self._forgery_group = QButtonGroup(self)
        return self._forgeries

    def _list(self) -> tuple[Card, QVBoxLayout, Clear]:
        """A card of rows that scroll."""
        card, rows = Card(self.look, " ", padding=(1, 0, 1, 1)), column()
        scroll = Clear(holder(column(rows, None)))
        card.body.addWidget(scroll)
        return card, rows, scroll

    def _passport_card(self) -> QWidget:
        look = self.look
        self._passport = Card(look, " ")
        self._passport_badge = Badge(look)
        self._passport.right.addWidget(self._passport_badge)
        self._passport_line = Text(look, "", wrap=True)
        self.lay, self.take = wide(Button(look)), wide(Button(look))
        self.scan = wide(Button(look, icon="scan-line"))
        self._scan_note = Text(look, "", Type.SMALL, "muted", wrap=True)
        self.lay.clicked.connect(self.passport_laid)
        self.take.clicked.connect(self.passport_taken)
        self.scan.clicked.connect(self.mrz_scanned)
        self._stack(
            self._passport, self._passport_line, row(self.lay, self.take, gap=8),
            self.scan, self._scan_note,
        )  # fmt: skip
        return self._passport

    def _officer_card(self) -> QWidget:
        look = self.look
        self._officer = Card(look, " ")
        self._officer_badge = Badge(look)
        self._officer.right.addWidget(self._officer_badge)
        self._officer_line = Text(look, "", wrap=True)
        self._radios = column(gap=0)
        self._radio_group = QButtonGroup(self)
        self.insert, self.pull = wide(Button(look)), wide(Button(look))
        self._pin = Text(look, "", Type.SMALL, "muted")
        self.insert.clicked.connect(lambda: self.card_inserted.emit(self._card))
        self.pull.clicked.connect(self.card_pulled)
        self._stack(
            self._officer, self._officer_line, self._radios,
            row(self.insert, self.pull, gap=8), self._pin,
        )  # fmt: skip
        return self._officer

    def _camera_card(self) -> QWidget:
        look = self.look
        self._camera = Card(look, " ")
        self.scene = Choice(look)
        self.scene.chosen.connect(self.scene_chosen)
        self._scene_box = Labelled(look, self.scene)
        self._camera.body.addWidget(self._scene_box)
        self.phone = Choice(look)
        self.phone.chosen.connect(lambda key: self.phone_chosen.emit(int(key)))
        self._phone_box = Labelled(look, self.phone)
        self._camera.body.addSpacing(2)
        self._camera.body.addWidget(self._phone_box)
        return self._camera

    @staticmethod
    def _stack(card: Card, *items: QWidget | QVBoxLayout | object) -> None:
        card.body.setSpacing(10)
        for item in items:
            if isinstance(item, QWidget):
                card.body.addWidget(item)
            else:
                card.body.addLayout(item)  # type: ignore[arg-type]

    def _fill_people(self) -> None:
        for old in self.people:
            self._group.removeButton(old)
            old.setParent(None)
            old.deleteLater()
        self.people = [PersonRow(self.look, one) for one in self._view.people]
        for line in self.people:
            self._group.addButton(line)
            self._rows.addWidget(line)
            line.clicked.connect(
                lambda _on=False, key=line.person.key: self.applicant_chosen.emit(key)
            )

    def _fill_passports(self) -> None:
        for old in self.passports:
            self._forgery_group.removeButton(old)
            old.setParent(None)
            old.deleteLater()
        self.passports = [PassportRow(self.look, one) for one in self._view.passports]
        for line in self.passports:
            self._forgery_group.addButton(line)
            self._forgery_rows.addWidget(line)
            line.clicked.connect(
                lambda _on=False, key=line.passport.key: self.passport_chosen.emit(key)
            )

    def _fill_cards(self) -> None:
        for old in self.cards:
            self._radio_group.removeButton(old)
            old.setParent(None)
            old.deleteLater()
        self.cards = [Radio(self.look) for _ in self._view.cards]
        self._card = min(self._card, max(0, len(self.cards) - 1))
        for place, radio in enumerate(self.cards):
            self._radio_group.addButton(radio)
            self._radios.addWidget(radio)
            radio.clicked.connect(lambda _on=False, place=place: self._choose_card(place))

    def _choose_card(self, place: int) -> None:
        self._card = place
        self._retranslate()

    # Saying

    def _retranslate(self) -> None:
        say, view = self.look.say, self._view
        self.setWindowTitle(say("window.title"))
        self.setAccessibleName(say("window.title"))
        self._people.name(say("people.title"), say("people.note", n=len(view.people)))
        for line in self.people:
            line.show_state(line.person.key == view.chosen)
            if line.isChecked():
                self._scroll.ensureWidgetVisible(line, 0, 0)
        self._say_forgeries()
        self._say_passport()
        self._say_card()
        self._camera.name(say("camera.title"))
        self._scene_box.say(say("camera.choose"))
        self.scene.offer([(one, say(f"camera.{one}")) for one in view.scenes], view.scene)
        self._phone_box.say(say("phone.choose"))
        phones = [(str(place), say("phone.numbered", n=place + 1)) for place in range(view.phones)]
        self.phone.offer(phones, str(view.phone))

    def _say_forgeries(self) -> None:
        say, view = self.look.say, self._view
        forged = sum(not one.is_genuine for one in view.passports)
        self._forgeries.name(say("forgeries.title"), say("forgeries.note", n=forged))
        for line in self.passports:
            line.show_state(line.passport.key == view.kind)

    def _say_passport(self) -> None:
        say, view = self.look.say, self._view
        lying, chosen = view.person(view.passport), view.person(view.chosen)
        self._passport.name(say("passport.title"))
        badge = (
            (Glyph.PASSED, "passport.chip_on") if lying else (Glyph.WAITING, "passport.chip_off")
        )
        self._passport_badge.show_state(badge[0], say(badge[1]))
        self._passport_line.say(self._what_lies())
        self.lay.say(say("passport.lay"))
        self.take.say(say("passport.take"))
        self.scan.say(say("passport.scan"))
        self._kinds(self.lay, self.take, primary=lying is None)
        there = (view.chosen, view.kind) == (view.passport, view.laid)
        self.lay.setEnabled(chosen is not None and not there)
        self.take.setEnabled(lying is not None)
        self.scan.setEnabled(chosen is not None)
        self._scan_note.say(say("passport.scan_note", name=self._name(chosen)) if chosen else "")
        shown(self._scan_note, chosen is not None)

    def _what_lies(self) -> str:
        say, view = self.look.say, self._view
        lying = view.person(view.passport)
        if lying is None:
            return say("passport.empty")
        if view.of_kind(view.laid).is_genuine:
            return say("passport.lies", name=self._name(lying))
        what = say(f"forgery.{view.laid}")
        return say("passport.forged_lies", name=self._name(lying), what=what)

    def _say_card(self) -> None:
        say, view = self.look.say, self._view
        names = [self._local(one) for one in view.cards]
        inserted = view.card is not None and view.card < len(names)
        self._officer.name(say("card.title"))
        badge = (Glyph.PASSED, "card.on") if inserted else (Glyph.WAITING, "card.off")
        self._officer_badge.show_state(badge[0], say(badge[1]))
        name = names[view.card] if inserted and view.card is not None else ""
        self._officer_line.say(say("card.lies", name=name) if inserted else say("card.empty"))
        for place, radio in enumerate(self.cards):
            radio.say(say("card.numbered", n=place + 1, name=names[place]))
            radio.setChecked(place == self._card)
        self.insert.say(say("card.insert"))
        self.pull.say(say("card.pull"))
        self._kinds(self.insert, self.pull, primary=not inserted)
        self.insert.setEnabled(bool(names) and self._card != view.card)
        self.pull.setEnabled(inserted)
        self._pin.say(say("card.pin", pin=view.card_pin) if view.card_pin else "")
        shown(self._pin, bool(view.card_pin))

    @staticmethod
    def _kinds(put: Button, away: Button, *, primary: bool) -> None:
        put.set_kind(Kind.PRIMARY if primary else Kind.SECONDARY)
        away.set_kind(Kind.SECONDARY)

    def _name(self, person: Person | None) -> str:
        if person is None:
            return ""
        return person.latin if self.look.language == "en" else person.hangul

    def _local(self, names: Mapping[str, str]) -> str:
        return names.get(self.look.language) or next(iter(names.values()), "")

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.look["training"])
        inner = self.rect().adjusted(FRAME, BAND, -FRAME, -FRAME)
        painter.fillRect(inner, self.look["background"])
