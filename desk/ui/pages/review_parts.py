"""Cards of the review: flagged items, facts in short, the credential's content, the signature.

The page that puts them together is ``desk.ui.pages.review``; some stand on the approver's
page too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.issuance.case import Case, CaseKind
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.review_words import AREA, FactLine, FlagLine
from desk.ui.parts.box import Card, Line, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import PinEntry
from desk.ui.parts.person import Facts, Picture
from desk.ui.parts.qrcard import CheckWords
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.sign import Badge, GlyphSign
from desk.ui.parts.text import Text
from desk.ui.renewals import kind_words, renewal_title, renewal_words
from desk.ui.theme import Type


class FlaggedCard(Card):
    """Items that must be opened; opening shows the evidence in the row itself."""

    opened = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 1))
        self.first_unopened: QWidget | None = None
        self._count = Badge(look)
        self.left.addWidget(self._count)
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self._empty = Text(look, "", Type.BODY, "muted")
        self._empty_row = holder(
            row(GlyphSign(look, Glyph.PASSED, 20), 12, self._empty, None, margins=(16, 16, 16, 16))
        )
        self._rows: list[_FlagRow] = []
        self._shown: tuple[FlagLine, ...] = ()
        self.body.addWidget(self._empty_row)

    def render(self, lines: Sequence[FlagLine]) -> None:
        say = self._look.say
        self.name(say("review.look_first"))
        word = say("review.count", n=len(lines)) if lines else ""
        self._count.show_state(None, word, token="warning", ground="warning-soft")
        self._note.say(say("review.look_first_note"))
        shown(self._empty_row, not lines)
        self._empty.say(say("review.nothing_flagged"))
        if [line.key for line in lines] != [line.key for line in self._shown]:
            self._rebuild(lines)
        for widget, line in zip(self._rows, lines, strict=True):
            widget.render(line, last=line is lines[-1])
        self._shown = tuple(lines)
        waiting = [widget.button for widget in self._rows if not widget.is_open]
        self.first_unopened = waiting[0] if waiting else None

    def _rebuild(self, lines: Sequence[FlagLine]) -> None:
        for widget in self._rows:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
        self._rows = [_FlagRow(self._look, line.key) for line in lines]
        for widget in self._rows:
            widget.opened.connect(self.opened)
            self.body.addWidget(widget)


class _FlagRow(QWidget):
    opened = Signal(str)

    def __init__(self, look: Look, key: str) -> None:
        super().__init__()
        self._look, self._key, self.is_open = look, key, False
        self._sign = GlyphSign(look, Glyph.UNDECIDED, 24)
        self._title = Text(look, "", Type.STRONG, line=21)
        self._fact = Text(look, "", Type.BODY, wrap=True, line=21)
        self._detail = Text(look, "", Type.SMALL, "muted", wrap=True)
        self._seen_sign = GlyphSign(look, Glyph.PASSED, 16)
        self._seen = Text(look, "", Type.SMALL, "success")
        self.button = Button(look, "", Kind.SECONDARY, height=32)
        self.button.clicked.connect(lambda: self.opened.emit(self._key))
        words = column(self._title, self._fact, self._detail)
        line = row(
            column(None, self._sign, None), 16, words, 16,
            column(None, row(self._seen_sign, 8, self._seen, 16, self.button), None),
            margins=(17, 7, 16, 8),
        )  # fmt: skip
        line.setStretch(2, 1)
        self._line = Line(look)
        self.setLayout(column(line, self._line))

    def render(self, line: FlagLine, last: bool) -> None:
        say = self._look.say
        self.is_open = line.opened
        self._sign.show_state(line.glyph, say(f"state.{line.glyph.value}"))
        self._title.say(line.title)
        self._fact.say(line.fact if line.opened else say("review.not_opened"))
        self._fact.say(self._fact.text(), "text" if line.opened else "muted")
        self._detail.say(line.detail if line.opened else "")
        shown(self._detail, line.opened)
        seen = say("review.opened", time=line.time) if line.opened else say("review.closed")
        self._seen_sign.show_state(Glyph.PASSED if line.opened else Glyph.WAITING, seen)
        self._seen_sign._colour = "success" if line.opened else "warning"
        self._seen.say(seen, "success" if line.opened else "warning")
        self.button.say(say("review.open"))
        self.button.setAccessibleName(f"{say('review.open')}: {line.title}")
        shown(self.button, not line.opened)
        shown(self._line, not last)
        parts = (line.title, line.fact, line.detail, seen)
        self.setAccessibleName(", ".join(part for part in parts if part))


class FactsCard(Card):
    """One line a step: what it found, and the way back to it."""

    step_asked = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 8))
        self._narrow = False
        self._rows = RowList()
        self._rows.opened.connect(self._open)
        self._lines: list[FactLine] = []
        self._shown: object = None
        self.body.addWidget(self._rows)
        self.body.addStretch(1)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._shown = None
        if self._lines:
            self.render(self._lines)

    def render(self, lines: Sequence[FactLine]) -> None:
        look, say = self._look, self._look.say
        self.name(say("review.facts"))
        state = (tuple(lines), look.language, self._narrow)
        if state == self._shown:
            return
        self._shown = state
        self._lines = list(lines)
        with self._rows.rebuilding():
            self._fill(lines)

    def _fill(self, lines: Sequence[FactLine]) -> None:
        look, say = self._look, self._look.say
        self._rows.empty()
        for line in lines:
            item = Row(
                look, 38 if self._narrow else 54, (36, 112, -1, 110),
                line=line is not lines[-1], clickable=line.step > 0,
            )  # fmt: skip
            item.put(0, GlyphSign(look, line.glyph, 20, say(f"state.{line.glyph.value}")))
            item.put(1, Text(look, line.name, Type.STRONG))
            item.put(2, Text(look, line.words, Type.BODY))
            if line.step:
                words = say("review.step", n=line.step)
                item.put(3, Text(look, words, Type.SMALL_STRONG, "accent"), right=True)
            item.setAccessibleName(f"{line.name}, {line.words}")
            self._rows.add(item)

    def _open(self, place: int) -> None:
        if self._lines[place].step:
            self.step_asked.emit(self._lines[place].step)


class ContentCard(Card):
    """What the credential will say, with the resident number masked."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(17, 12, 17, 12))
        self._picture = Picture(look, 80, 104)
        self._upper = Facts(look, line=26, gap=12)
        self._lower = Facts(look, line=26, gap=16)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        head = row(column(self._picture, None), self._upper, gap=16)
        head.setStretch(1, 1)
        self.body.addLayout(head)
        self.body.addSpacing(12)
        self.body.addWidget(self._lower)

    def set_narrow(self, narrow: bool) -> None:
        self._picture.setFixedSize(74 if narrow else 80, 96 if narrow else 104)
        for facts in (self._upper, self._lower):
            facts.set_line(24 if narrow else 26)

    def render(self, here: says.Here, case: Case, picture: QImage | None) -> None:
        look, say = self._look, self._look.say
        resumes = case.kind is CaseKind.RESUME
        self.name(renewal_title(look) if resumes else say("review.content"))
        self._picture.show_image(picture, say("passport.chip_picture"))
        document, entry = case.document, case.register
        if document is None:
            self._upper.show_facts([])
            self._lower.show_facts([])
            return
        sex = f"sex_word.{document.sex}"
        born = f"{document.birth_date} · {say(sex) if sex in look.words else document.sex}"
        self._upper.show_facts(
            [
                (say("content.name"), entry.name_hangul if entry else "—"),
                (say("content.latin"), document.latin_name),
                (say("content.born"), born),
                (say("item.nationality"), says.nation(look, document.nationality)),
            ]
        )
        until = document.expiry_date.isoformat()
        post = here.post.get(look.language, "")
        resident = says.masked_resident(entry.resident_number) if entry else "—"
        lower = [
            (say("item.passport_number"), say("content.until", number=document.number, date=until)),
            (say("content.overseas"), entry.overseas_number if entry else "—"),
            (say("content.post"), post),
            (say("content.resident"), say("content.masked", number=resident)),
        ]
        if case.expiry_date is not None:
            start = here.now.astimezone(here.zone).date().isoformat()
            words = say("content.valid_from_to", start=start, end=case.expiry_date.isoformat())
            if case.kind is CaseKind.RESUME:
                words = say("proof.until", date=case.expiry_date.isoformat())
            lower.append((say("content.valid"), words))
        if case.former is not None:
            lower.append((kind_words(look, case.kind), renewal_words(look, case)))
        self._lower.show_facts(lower)


@dataclass(frozen=True)
class SigningView:
    """``digest`` is the case's in hex, ``words`` its check words (Korean, English), ``covers``
    how many facts, results and reasons it covers. ``asks``: the PIN stands there; ``why_not``
    says why it cannot be typed yet."""

    digest: str
    words: tuple[tuple[str, str], ...]
    covers: tuple[int, int, int]
    card_present: bool
    tries: int | None
    on_pad: bool
    wrong: bool
    signing: bool
    asks: bool
    say_words: str
    why_not: str = ""


EDGE, GAP = 17, 8
"""Of a card's header."""


class ApprovalCard(Card):
    """Check words, the card's PIN, and what the signature covers."""

    def __init__(self, look: Look, *, room: int = 40) -> None:
        super().__init__(look)
        self._who = Text(look, "", Type.SMALL, "muted")
        self._who_below = Text(look, "", Type.SMALL, "muted", wrap=True)
        self.right.addWidget(self._who)
        self._badge = Badge(look, Glyph.WAITING, " ")
        self.right.addWidget(self._badge)
        self._words_name = Text(look, "", Type.SMALL, "muted", wrap=True)
        self._words = CheckWords(look)
        self.pin = PinEntry(look, room=room)
        self._line = Line(look)
        self._facts = Facts(look)
        self._foot = holder(column(self._line, 8, self._facts))
        self._gap = holder(column())
        lead = (self._who_below, self._words_name)
        for item in (*lead, 8, self._words, self._gap, self.pin):
            if isinstance(item, int):
                self.body.addSpacing(item)
            else:
                self.body.addWidget(item)
        self.body.addStretch(1)
        self.body.addWidget(self._foot)

    def set_narrow(self, narrow: bool) -> None:
        shown(self._foot, not narrow)
        self._gap.setFixedHeight(11 if narrow else 16)
        edge = 12 if narrow else 16
        self.body.setContentsMargins(17, edge, 17, edge)

    def render(self, view: SigningView, who: str = "") -> None:
        say = self._look.say
        self.name(say("review.approval"))
        for text in (self._who, self._who_below):
            text.say(who)
        glyph = Glyph.PASSED if view.card_present else Glyph.NOT_DONE
        word = say("card.present" if view.card_present else "card.absent")
        self._badge.show_state(
            Glyph.BUSY if view.signing else glyph, say("review.signing") if view.signing else word
        )
        shown(self._badge, not who or view.signing or not view.card_present)
        # Two long names have no room beside the title.
        room = self.maximumWidth() - 2 * EDGE - self.title.advance() - GAP
        fits = self._who.advance() <= room and self._badge.isHidden()
        shown(self._who, bool(who) and fits)
        shown(self._who_below, bool(who) and not fits)
        self._words_name.say(view.say_words)
        english = self._look.language != "ko"
        self._words.show_words(tuple((ko, en if english else "") for ko, en in view.words))
        shown(self.pin, view.asks and not view.signing)
        self.pin.show_tries(view.tries, view.wrong)
        self.pin.show_pad(view.on_pad)
        self.pin.show_note(say("review.pin_note"))
        absent = "" if view.card_present else say("lock.pin_after_card")
        why_not = view.why_not or absent
        self.pin.allow(not why_not, why_not)
        digest = view.digest
        short = f"{digest[:4]} {digest[4:8]} … {digest[-4:]}" if digest else "—"
        facts, results, reasons = view.covers
        covers = say("review.covers", facts=facts, results=results, reasons=reasons)
        self._facts.show_facts([(say("review.digest"), short), (say("review.covers_name"), covers)])


@dataclass(frozen=True)
class Slot:
    """Whose card it is, and how far: glyph, name, and a line of words."""

    glyph: Glyph
    word: str
    name: str
    detail: str


class SlotsCard(Card):
    """Two cards sign: who has, whose turn it is."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(17, 10, 17, 10))
        self._say = OwnWords(look, AREA)
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self._cells = [_SlotCell(look), _SlotCell(look)]
        line = row(self._cells[0], Line(look, standing=True), self._cells[1], gap=16)
        line.setStretch(0, 1)
        line.setStretch(2, 1)
        self.body.addLayout(line)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def render(self, slots: Sequence[Slot]) -> None:
        self.name(self._say("slots.name"))
        self._note.say(self._say("slots.note"))
        for cell, slot in zip(self._cells, slots, strict=False):
            cell.render(slot)


class _SlotCell(QWidget):
    def __init__(self, look: Look) -> None:
        super().__init__()
        self._sign = GlyphSign(look, Glyph.WAITING, 20)
        self._name = Text(look, "", Type.STRONG)
        self._detail = Text(look, "", Type.SMALL, "muted")
        layout = row(self._sign, 14, column(self._name, self._detail))
        layout.setStretch(2, 1)
        self.setLayout(layout)

    def render(self, slot: Slot) -> None:
        self._sign.show_state(slot.glyph, slot.word)
        self._name.say(slot.name)
        self._detail.say(slot.detail)
        self.setAccessibleName(f"{slot.name}, {slot.word}, {slot.detail}")
