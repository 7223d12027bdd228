"""The parts of the day's close: a book as an equation, a difference, the two cards, lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from desk.issuance.books import FATES, REASONS, Book, BookState, Explanation, Fate, Item, Reason
from desk.store.day_books import DayClose
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, rounded, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import Card, Line, Scrolled, clear, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import PinEntry, Remark
from desk.ui.parts.person import Facts
from desk.ui.parts.qrcard import CheckWords
from desk.ui.parts.radio import Radio
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.sign import GlyphSign, IconSign
from desk.ui.parts.text import Text, plain
from desk.ui.theme import Type

ICONS = {
    Book.CASES: "folder-open",
    Book.OFFERS: "qr-code",
    Book.SLIPS: "printer",
    Book.INDEXES: "list-ordered",
}
_SELDOM = frozenset({Fate.RESUMED})
"""Terms that stand there only on days that have any."""
LISTED, IN_VIEW, LIST_LINE = 400, 14, 28
"""So many things a list names before it counts the rest; so many are in view at once."""


class Part(QAbstractButton):
    """One term of an equation: number, word, and a note. A press shows what it counts."""

    ring_radius = 8

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._note, self._token = "", "text"
        self.ring_wanted = True
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_narrow(False)
        look.restyled.connect(self.update)

    def set_narrow(self, narrow: bool) -> None:
        self.setFixedHeight(72 if narrow else 84)

    def show_count(self, count: int, word: str, note: str = "", token: str = "text") -> None:
        self.setText(str(count))
        self._word, self._note, self._token = word, note, token
        self.setAccessibleName(" ".join(part for part in (word, str(count), note) if part))
        self.setToolTip(" · ".join(part for part in (word, note) if part))
        self.update()

    # Qt's own
    def sizeHint(self) -> QSize:
        return QSize(88, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        if self.underMouse() or self.isDown():
            rounded(painter, QRectF(self.rect()), 8, look["well"])
        lines = [(self.text(), Type.DISPLAY, self._token, 36), (self._word, Type.SMALL, "text", 20)]
        if self._note:
            lines.append((self._note, Type.SMALL, "muted", 20))
        top = (self.height() - sum(height for *_, height in lines)) / 2
        for words, kind, token, height in lines:
            font = look.font(kind)
            painter.setFont(font)
            painter.setPen(look[token])
            room = QRectF(0, top, self.width(), height)
            cut = QFontMetricsF(font).elidedText(words, Qt.TextElideMode.ElideRight, self.width())
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, cut)
            top += height


class BookCard(Card):
    """One book: begun = what became of it. ``asked(book, fate)``: show what a term counts."""

    asked = Signal(str, str)

    def __init__(self, look: Look, say: OwnWords, book: Book) -> None:
        super().__init__(look, header=0, padding=(1, 1, 1, 1))
        self._say, self._book = say, book
        self._sign = GlyphSign(look, Glyph.WAITING, 16)
        self._word = Text(look, "", Type.STRONG)
        self._name = Text(look, "", Type.STRONG)
        self.begun = Part(look)
        self.terms = {fate: Part(look) for fate in (*FATES[book], Fate.UNEXPLAINED)}
        parts: list[QWidget] = [self.begun]
        self._pluses: dict[Fate, QWidget] = {}
        for place, (fate, part) in enumerate(self.terms.items()):
            self._pluses[fate] = Text(look, "+" if place else "=", Type.TITLE, "muted")
            parts += (self._pluses[fate], part)
        for fate, part in self.terms.items():
            part.clicked.connect(lambda _=False, one=fate: self.asked.emit(book.value, one.value))
        self.begun.clicked.connect(lambda: self.asked.emit(book.value, ""))
        head = holder(row(IconSign(look, ICONS[book], 20), 12, self._name, None))
        head.setFixedWidth(116)
        tail = holder(row(None, self._sign, 8, self._word))
        tail.setFixedWidth(92)
        terms = row(*parts)
        line = row(head, terms, tail, margins=(16, 4, 16, 4))
        line.setStretch(1, 1)
        self.body.addLayout(line)

    def set_narrow(self, narrow: bool) -> None:
        for part in (self.begun, *self.terms.values()):
            part.set_narrow(narrow)

    def render(
        self, state: BookState, explained: int, unsure: tuple[int, int], carried: int
    ) -> None:
        """``unsure``: how many were not proven, and how many are usable without a proof."""
        say = self._say
        left = len(state.differences) - explained
        self._name.say(say(f"book.{self._book.value}"))
        self.begun.show_count(state.begun, say(f"begun.{self._book.value}"))
        notes = {
            Fate.ISSUED: self._unsure(*unsure),
            Fate.OPEN: say("fate.carried") if carried else "",
        }
        for fate in FATES[self._book]:
            count = state.count(fate)
            self.terms[fate].show_count(count, say(f"fate.{fate.value}"), notes.get(fate, ""))
            self._show_term(fate, bool(count) or fate not in _SELDOM)
        self._show_differences(state, left)
        glyph = Glyph.FAILED if left else Glyph.PASSED
        word = say("book.differs", n=left) if left else say("book.fits")
        self._sign.show_state(glyph, word)
        self._word.say(word, glyph.token, Type.STRONG)
        self.paint_with("danger-soft" if left else "card", "danger-line" if left else "line")
        self.setAccessibleName(f"{self._name.text()}: {word}")

    def _unsure(self, not_proven: int, activated: int) -> str:
        if not_proven and activated:
            return self._say("fate.both", n=not_proven, more=activated)
        if activated:
            return self._say("fate.activated", n=activated)
        return self._say("fate.not_proven", n=not_proven) if not_proven else ""

    def _show_differences(self, state: BookState, left: int) -> None:
        off, part = len(state.differences), self.terms[Fate.UNEXPLAINED]
        self._show_term(Fate.UNEXPLAINED, off > 0)
        word = self._say("fate.unexplained" if left else "fate.explained")
        part.show_count(off, word, self._book.code, "danger" if left else "text")

    def _show_term(self, fate: Fate, wanted: bool) -> None:
        shown(self.terms[fate], wanted)
        shown(self._pluses[fate], wanted)


class DifferenceCard(Card):
    """One difference: what is known, the reasons to choose from, a sentence. Once all are
    explained it folds to what was said; the officer may open it again until a card has signed.

    ``kept(reason, remark)``: this is why; ``next_asked``: show the next one."""

    kept = Signal(str, str)
    next_asked = Signal()

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, padding=16)
        self._say = say
        self._shown: object = None
        self._chosen = ""
        self._editing = False
        self._code = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._code)
        self._key = Text(look, "", Type.TITLE)
        self._place = Text(look, "", Type.SMALL, "muted")
        self._facts = Facts(look, line=24)
        self._how = Text(look, "", Type.SMALL, "muted")
        self._answers = column(gap=8)
        self.answers: list[Radio] = []
        self._remark_name = Text(look, "", Type.SMALL, "muted")
        self.remark = Remark(look, 64)
        self.keep = Button(look, "", Kind.SECONDARY, height=40)
        self.edit = Button(look, "", Kind.SECONDARY, height=32)
        self.edit.clicked.connect(self._open_again)
        self.next = Button(look, "", Kind.QUIET, height=40)
        self.keep.clicked.connect(self._keep)
        self.next.clicked.connect(self.next_asked)
        self.remark.textChanged.connect(self._may_keep)
        head = row(self._key, None, self._place)
        acts = row(self.keep, self.edit, 8, self.next, None)
        question = (self._how, 4, self._answers, 12)
        sentence = (self._remark_name, 4, self.remark, 12)
        self._ask = holder(column(*question, *sentence))
        self._said = Text(look, "", Type.BODY, wrap=True)
        self.body.addLayout(column(head, 8, self._facts, 8, self._said, self._ask, acts))

    def render(
        self,
        book: Book,
        item: Item,
        place: tuple[int, int],
        given: Explanation | None,
        here: says.Here,
        names: Mapping[str, str],
        left: int,
        read_only: bool,
    ) -> None:
        say = self._say
        key = "difference.title" if left else "difference.done"
        self.name(say(key, n=left or place[1]))
        self.set_tone(None if not left else "danger")
        self._code.say(book.code)
        self._key.say(item.key)
        self._place.say(say("difference.place", place=place[0], of=place[1]))
        self._facts.show_facts(self._known(book, item, here, names))
        self._how.say(say("difference.how"))
        self._remark_name.say(say("difference.remark"))
        self.remark.setAccessibleName(say("difference.remark"))
        self.keep.say(say("difference.keep"))
        self.next.say(say("difference.next"))
        self.edit.say(say("difference.edit"))
        shown(self.next, place[1] > 1)
        folded = given is not None and not left and not self._editing
        self._fold(folded or read_only, read_only, given)
        state = (book, item.key, given, self._say("title"), read_only)
        if state != self._shown:
            self._shown = state
            self._begin(book, given)

    def _fold(self, folded: bool, read_only: bool, given: Explanation | None) -> None:
        for widget in (self._ask, self.keep):
            shown(widget, not folded)
        shown(self.edit, folded and not read_only)
        shown(self._said, folded and given is not None)
        if given is not None:
            reason = self._say(f"reason.{given.reason.value}")
            self._said.say(f"**{reason}**  {given.remark}")

    def _open_again(self) -> None:
        self._editing = True
        self._fold(False, False, None)

    def _known(
        self, book: Book, item: Item, here: says.Here, names: Mapping[str, str]
    ) -> tuple[tuple[str, str], ...]:
        say = self._say
        lines = []
        for name, value in item.facts.items():
            words = value
            if name.endswith("_at"):
                words = says.day_and_clock(datetime.fromisoformat(value), here)
            elif name.endswith("_by") and value.startswith("officer:"):
                words = names.get(value.removeprefix("officer:"), value)
            lines.append((say(f"fact.{name}"), words))
        if book is Book.SLIPS:
            lines.append((say("fact.after"), say("fact.nothing")))
        return tuple(lines)

    def _begin(self, book: Book, given: Explanation | None) -> None:
        """Answers of this book; what was noted before comes back."""
        clear(self._answers)
        self.answers = [
            Radio(self._look, reason.value, self._say(f"reason.{reason.value}"))
            for reason in REASONS[book]
        ]
        for answer in self.answers:
            answer.clicked.connect(lambda _=False, key=answer.key: self._choose(key))
            self._answers.addWidget(answer)
        self.remark.setPlainText(given.remark if given else "")
        self._choose(given.reason.value if given else "")

    def _choose(self, key: str) -> None:
        self._chosen = key
        for answer in self.answers:
            answer.setChecked(answer.key == key)
        self._may_keep()

    def _may_keep(self) -> None:
        self.keep.setEnabled(bool(self._chosen and self.remark.toPlainText().strip()))

    def _keep(self) -> None:
        self._editing = False
        self.kept.emit(Reason(self._chosen).value, self.remark.toPlainText().strip())


class ListCard(Card):
    """What a term of an equation counts, a line each. ``closed``: back to what stood here."""

    closed = Signal()

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, padding=16)
        self._say = say
        self._shown: object = None
        self._count = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._count)
        self.rows = RowList()
        self._scroll = Scrolled(holder(column(self.rows, None)))
        self.close_list = Button(look, "", Kind.SECONDARY, height=32)
        self.close_list.clicked.connect(self.closed)
        self.body.addWidget(self._scroll)
        self.body.addSpacing(12)
        self.body.addLayout(row(self.close_list, None))

    def render(self, book: Book, fate: str, items: Sequence[Item]) -> None:
        say, look = self._say, self._look
        word = say(f"fate.{fate}" if fate else f"begun.{book.value}")
        self.name(say("list.title", book=say(f"book.{book.value}"), fate=word))
        self._count.say(say("list.count", n=len(items)))
        self.close_list.say(say("list.back"))
        self._scroll.setFixedHeight(LIST_LINE * max(1, min(len(items), IN_VIEW)))
        state = (book, fate, tuple(items), look.language)
        if state == self._shown:
            return
        self._shown = state
        lines = [(self._words(item), Type.BODY, "text") for item in items[:LISTED]]
        rest = len(items) - LISTED
        if rest > 0 or not items:
            words = say("list.more", n=rest) if items else say("list.none")
            lines.append((words, Type.SMALL, "muted"))
        with self.rows.rebuilding():
            self.rows.empty()
            for words, kind, token in lines:
                line = Row(look, LIST_LINE, padding=0, line=False)
                line.put(0, Text(look, words, kind, token))
                line.setAccessibleName(plain(words))
                self.rows.add(line)

    @staticmethod
    def _words(item: Item) -> str:
        about = item.facts.get("case", "")
        return item.key if not about or about in item.key else f"{item.key}  __{about}__"


class CardsCard(Card):
    """The two signatures: whose, when, and the PIN where it is this officer's turn."""

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, padding=(1, 0, 1, 0))
        self._say = say
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self._names = [Text(look, "", Type.STRONG) for _ in range(2)]
        self._roles = [Text(look, "", Type.SMALL, "muted") for _ in range(2)]
        self._signs = [GlyphSign(look, Glyph.WAITING, 16) for _ in range(2)]
        self._states = [Text(look, "", Type.SMALL, "muted") for _ in range(2)]
        self.pin = PinEntry(look)
        self._words_name = Text(look, "", Type.SMALL, "muted")
        self.words = CheckWords(look)
        self._below = holder(
            column(self._words_name, 6, self.words, 12, self.pin, margins=(16, 12, 16, 4))
        )
        for place in range(2):
            if place:
                self.body.addWidget(Line(look))
            self.body.addWidget(self._line(place))
        self.body.addWidget(Line(look))
        self.body.addWidget(self._below)

    def _line(self, place: int) -> QWidget:
        told = column(None, self._names[place], self._roles[place], None)
        state = row(self._signs[place], self._states[place], gap=8)
        line = row(IconSign(self._look, "id-card", 24), 16, told, 8, state, margins=(16, 0, 16, 0))
        line.setStretch(2, 1)
        box = holder(line)
        box.setFixedHeight(56)
        return box

    def render(
        self,
        close: DayClose | None,
        turn: int,
        officer: str,
        here: says.Here,
        names: Mapping[str, str],
        words: tuple[tuple[str, str], ...],
    ) -> None:
        """``turn``: whose signature is due here (0, 1), -1 for nobody's. ``words`` stand for
        the summary, none where there is none yet. Officers unknown by now are named as they
        signed."""
        say = self._say
        self.name(say("cards.title"))
        self._note.say(say("cards.note"))
        signed = close.signatures if close else ()
        for place, role in enumerate(("first", "second")):
            name, state, glyph = say("cards.other"), say("cards.after"), Glyph.WAITING
            if place < len(signed):
                one = signed[place]
                name, glyph = names.get(one.officer, one.name), Glyph.PASSED
                state = say("cards.signed", time=says.clock(one.at, here))
            elif place == turn:
                name, glyph, state = officer, Glyph.HALF, say("cards.now")
            elif signed or turn >= 0:
                state = say("cards.waits")
            self._names[place].say(f"{place + 1}. {name}")
            self._roles[place].say(say(f"cards.{role}"))
            self._signs[place].show_state(glyph, state)
            self._states[place].say(state, glyph.token)
        self._words_name.say(say("cards.words"))
        korean = self._look.language == "ko"
        self.words.show_words(tuple((one, "" if korean else other) for one, other in words))
        shown(self._below, bool(words))
        shown(self.pin, turn >= 0)


class SealCard(Card):
    """The seal of a closed day: its words, the same on both signers' screens."""

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, padding=16)
        self._say = say
        self._upto = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._upto)
        self.words = CheckWords(look)
        self._text = Text(look, "", Type.SMALL, "muted", wrap=True)
        self.body.addWidget(self.words)
        self.body.addSpacing(12)
        self.body.addWidget(self._text)

    def render(self, words: tuple[tuple[str, str], ...], size: int) -> None:
        say = self._say
        self.name(say("seal.title"))
        self._upto.say(say("seal.upto", n=f"{size:,}"))
        self._text.say(say("seal.text"))
        korean = self._look.language == "ko"
        self.words.show_words(tuple((one, "" if korean else other) for one, other in words))


class LeftOvers(Card):
    """What tomorrow has to look at: not proven, and carried over."""

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, header=0, padding=(1, 1, 1, 1))
        self._say = say
        self._names = [Text(look, "", Type.STRONG) for _ in range(2)]
        self._numbers = [Text(look, "", Type.BODY, "muted") for _ in range(2)]
        self._texts = [Text(look, "", Type.BODY) for _ in range(2)]
        self._signs = [GlyphSign(look, Glyph.WAITING, 16) for _ in range(2)]
        for place in range(2):
            if place:
                self.body.addWidget(Line(look))
            self._names[place].setFixedWidth(104)
            self._numbers[place].setMinimumWidth(140)
            line = row(
                self._signs[place], 12, self._names[place], self._numbers[place], 8,
                self._texts[place], margins=(16, 0, 16, 0),
            )  # fmt: skip
            line.setStretch(5, 1)
            box = holder(line)
            box.setFixedHeight(48)
            self.body.addWidget(box)

    def render(self, not_proven: Sequence[str], carried: Sequence[str]) -> None:
        say = self._say
        for place, (key, numbers) in enumerate((("not_proven", not_proven), ("carried", carried))):
            alarming = key == "not_proven" and bool(numbers)
            glyph = Glyph.ATTENTION if alarming else Glyph.WAITING
            word = say(f"list.{key}")
            self._signs[place].show_state(glyph, word)
            self._names[place].say(word)
            first = numbers[0] if numbers else say("list.none")
            more = f" {say('list.more', n=len(numbers) - 1)}" if len(numbers) > 1 else ""
            self._numbers[place].say(first + more)
            self._numbers[place].setToolTip("\n".join(numbers) if more else "")
            self._texts[place].say(say(f"list.{key}_text") if numbers else "")
