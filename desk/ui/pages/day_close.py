"""The close of a day: four books that add up or are explained, and two people's cards.

Signals: ``list_asked(str, str)`` (book, fate; what a term counts), ``explained(str, str, str,
str)`` (book, key, reason, sentence), ``next_difference``, ``sign_requested(object, bool)`` (PIN
or None, last try), ``export_asked``, ``lock_asked``, ``load_again`` (F5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QWidget

from desk.issuance.books import Book, DayBooks, Explanation, Fate, Item
from desk.issuance.checkpoints import Checkpoint
from desk.store.day_books import DayClose
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.day_close_parts import (
    BookCard,
    CardsCard,
    DifferenceCard,
    LeftOvers,
    ListCard,
    SealCard,
)
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import column, holder, row
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.verdict import Verdict
from desk.ui.troubles import Spoken

AREA = "day_close"


@dataclass(frozen=True)
class DayCloseView:
    """``close`` is what was signed of this day; ``current``: it still says what the books say.
    ``turn``: whose signature is due here (0 first, 1 second, -1 nobody's), ``why_not`` the
    word key that says why it is nobody's. ``words`` are those of the summary, ``seal_words``
    those of the seal."""

    here: says.Here
    day: date
    books: DayBooks | None = None
    close: DayClose | None = None
    current: bool = True
    explained: tuple[Explanation, ...] = ()
    place: int = 0
    listed: tuple[Book, str] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    officer: str = ""
    turn: int = -1
    why_not: str = ""
    words: tuple[tuple[str, str], ...] = ()
    seal_words: tuple[tuple[str, str], ...] = ()
    card_present: bool = False
    tries: int | None = None
    on_pad: bool = False
    wrong: bool = False
    signing: bool = False
    saved: str = ""
    trouble: Spoken | None = None

    @property
    def is_closed(self) -> bool:
        return self.close is not None and self.close.closed_at is not None

    @property
    def left(self) -> tuple[tuple[Book, Item], ...]:
        """Differences without a reason."""
        told = {(one.book, one.key) for one in self.explained}
        found = self.books.differences if self.books else ()
        return tuple(one for one in found if (one[0], one[1].key) not in told)


class DayClosePage(Page):
    """Verdict; books left; difference or list, cards and seal right."""

    list_asked = Signal(str, str)
    explained = Signal(str, str, str, str)
    next_difference = Signal()
    sign_requested = Signal(object, bool)
    export_asked = Signal()
    lock_asked = Signal()
    load_again = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.say = OwnWords(look, AREA)
        self._view: DayCloseView | None = None
        self.verdict = Verdict(look)
        self.cards = CardsCard(look, self.say)
        self.books = {book: BookCard(look, self.say, book) for book in Book}
        self.left_overs = LeftOvers(look, self.say)
        self.difference = DifferenceCard(look, self.say)
        self.list = ListCard(look, self.say)
        self.seal = SealCard(look, self.say)
        self._left = column(*self.books.values(), self.left_overs, None, gap=16)
        self._right = column(self.list, self.difference, self.seal, self.cards, None, gap=16)
        self._right_box = holder(self._right)
        self._columns = row(holder(self._left), self._right_box, gap=16)
        self._columns.setStretch(0, 1)
        self.body.addWidget(self.verdict)
        self.body.addLayout(self._columns, 1)
        for card in self.books.values():
            card.asked.connect(self.list_asked)
        self.list.closed.connect(lambda: self.list_asked.emit("", ""))
        self.difference.kept.connect(self._kept)
        self.difference.next_asked.connect(self.next_difference)
        self.cards.pin.pin_given.connect(self.primary_key)
        self.cards.pin.ready_changed.connect(lambda _ready: self._show_footer())
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        self._columns.setSpacing(self.gap)
        self._left.setSpacing(self.gap)
        self._right.setSpacing(self.gap)
        width = 336 if narrow else 396
        self._right_box.setMinimumWidth(0 if small else width)
        self._right_box.setMaximumWidth(16777215 if small else width)
        self.verdict.set_narrow(narrow or small)
        for card in self.books.values():
            card.set_narrow(narrow or small)

    def render(self, view: DayCloseView) -> None:
        self._view = view
        self._show_verdict(view)
        shown(self._right_box, view.books is not None)
        for card in (*self.books.values(), self.left_overs):
            shown(card, view.books is not None)
        if view.books is not None:
            self._show_books(view, view.books)
            self._show_right(view, view.books)
        self.show_trouble(view.trouble)
        self._show_footer()
        noon = datetime.combine(view.day, time(12), view.here.zone)
        day = says.long_day(self.look, noon, view.here.zone)
        self.say_head(self.say("title"), self.say("lead", day=day))

    def _show_verdict(self, view: DayCloseView) -> None:
        say, books = self.say, view.books
        if books is None and view.trouble is not None:
            self.verdict.show_state(
                Glyph.NOT_DONE, say("verdict.unread"), say("verdict.unread_text")
            )
            return
        if books is None:
            self.verdict.show_state(Glyph.BUSY, say("verdict.loading"), "")
            return
        off, wrong = len(books.differences), {book for book, _ in view.left}
        if view.is_closed:
            self._show_closed(view, off)
        elif books.is_empty:
            self.verdict.show_state(Glyph.WAITING, say("verdict.empty"), say("verdict.empty_text"))
        elif wrong:
            text = say("verdict.wrong_text", n=off, left=len(view.left))
            self.verdict.show_state(Glyph.FAILED, say("verdict.wrong", n=len(wrong)), text)
        elif view.close is not None and not view.current:
            title, text = say("verdict.changed"), say("verdict.changed_text")
            self.verdict.show_state(Glyph.ATTENTION, title, text)
        elif view.close is not None:
            title, text = say("verdict.half"), say("verdict.half_text")
            self.verdict.show_state(Glyph.HALF, title, text)
        else:
            title = say("verdict.explained" if off else "verdict.right")
            self.verdict.show_state(Glyph.PASSED, title, say("verdict.sign_text"))

    def _show_closed(self, view: DayCloseView, off: int) -> None:
        assert view.close is not None and view.close.closed_at is not None
        time_ = says.day_and_clock(view.close.closed_at, view.here)
        title = self.say("verdict.closed", day=view.day.isoformat())
        text = self.say("verdict.closed_text", n=off, time=time_)
        self.verdict.show_state(Glyph.PASSED, title, text)

    def _show_books(self, view: DayCloseView, books: DayBooks) -> None:
        told = {(one.book, one.key) for one in view.explained}
        for book, card in self.books.items():
            state = books.book(book)
            done = sum((book, item.key) in told for item in state.differences)
            unsure = (len(books.not_proven), len(books.activated))
            card.render(state, done, unsure, len(books.carried))
        self.left_overs.render(books.not_proven, books.carried)

    def _show_right(self, view: DayCloseView, books: DayBooks) -> None:
        shown(self.list, view.listed is not None)
        if view.listed is not None:
            book, fate = view.listed
            state = books.book(book)
            self.list.render(book, fate, state.of(Fate(fate)) if fate else state.items)
        found = books.differences
        shown(self.difference, bool(found) and view.listed is None)
        if found:
            self._show_difference(view, found)
        shown(self.seal, view.is_closed)
        if view.close is not None and view.is_closed:
            self.seal.render(view.seal_words, Checkpoint.parse(view.close.checkpoint).size)
        words = view.words if not view.is_closed else ()
        self.cards.render(view.close if view.current else None, view.turn, view.officer,
                          view.here, view.names, words)  # fmt: skip
        pin = self.cards.pin
        pin.show_tries(view.tries, view.wrong)
        pin.show_pad(view.on_pad)
        may = view.card_present and not view.signing
        pin.allow(may, "" if view.card_present else self.say("lock.pin_after_card"))
        shown(pin, view.turn >= 0 and not view.signing)

    def _show_difference(self, view: DayCloseView, found: tuple[tuple[Book, Item], ...]) -> None:
        place = min(view.place, len(found) - 1)
        book, item = found[place]
        given = next(
            (one for one in view.explained if (one.book, one.key) == (book, item.key)), None
        )
        self.difference.render(
            book,
            item,
            (place + 1, len(found)),
            given,
            view.here,
            view.names,
            len(view.left),
            view.close is not None and view.current,
        )

    def _show_footer(self) -> None:
        view, say = self._view, self.say
        if view is None:
            return
        export = Other("export", say("act.export"), icon="file-down", enabled=bool(view.words))
        self.footer.show_others((export,))
        self.footer.show_primary(self._primary(view))

    def _primary(self, view: DayCloseView) -> Primary:
        say = self.say
        if view.is_closed:
            why = say("act.saved", file=view.saved) if view.saved else say("act.why_closed")
            return Primary(say("act.lock"), True, why, icon="lock")
        word = say("act.close" if view.turn == 1 else "act.sign")
        icon = "calendar-check" if view.turn == 1 else "id-card"
        ready = view.turn >= 0 and not view.signing and self.cards.pin.is_ready()
        keys = ("Ctrl+Enter",) if ready else ()
        return Primary(word, ready, say(self._why(view)), keys, icon=icon)

    def _why(self, view: DayCloseView) -> str:
        if view.signing:
            return "act.why_signing"
        if view.left:
            return "act.why_explain"
        if view.turn < 0:
            return view.why_not or "act.why_empty"
        return "act.why_pin"

    def _kept(self, reason: str, remark: str) -> None:
        view = self._view
        if view is None or view.books is None or not view.books.differences:
            return
        found = view.books.differences
        book, item = found[min(view.place, len(found) - 1)]
        self.explained.emit(book.value, item.key, reason, remark)

    def wipe(self) -> None:
        """Typed digits go when the desk is covered."""
        self.cards.pin.wipe()

    def first_focus(self) -> QWidget | None:
        view = self._view
        if view is not None and view.turn >= 0 and view.card_present and not view.left:
            return self.cards.pin.dots
        return self.footer.controls()[0]

    def other_asked(self, key: str) -> None:
        if key == "export":
            self.export_asked.emit()

    def primary_key(self) -> None:
        view = self._view
        if view is None:
            return
        if view.is_closed:
            self.lock_asked.emit()
        elif self._primary(view).enabled:
            self.sign_requested.emit(self.cards.pin.take(), view.tries == 1)

    def refresh(self) -> None:
        self.load_again.emit()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)
