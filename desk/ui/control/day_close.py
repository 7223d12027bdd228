"""Joins the day's close with the records: draws up the books, keeps reasons, lets cards sign."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from desk.cards.piv import Pin, wipe
from desk.counter import day_close
from desk.issuance import books as books_of
from desk.issuance.books import Book, DayBooks, Explanation, Reason
from desk.issuance.checkpoints import Checkpoint
from desk.issuance.digest import check_words
from desk.issuance.roles import Right
from desk.store.day_books import DayClose
from desk.store.troubles import Unwritable
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.lanes import Lane
from desk.ui.navigation import Place
from desk.ui.pages.day_close import DayClosePage, DayCloseView

Loaded = tuple[date, DayBooks, DayClose | None]


class DayCloseControl(QObject):
    """``lock`` covers the desk; ``ask_place`` gives the path to save the books under."""

    def __init__(self, desk: Desk, page: DayClosePage, lock: Callable[[], None]) -> None:
        super().__init__(desk)
        self._desk, self._page = desk, page
        self._day = day_close.today(desk.station)
        self._books: DayBooks | None = None
        self._close: DayClose | None = None
        self._explained: dict[tuple[Book, str], Explanation] = {}
        self._place = 0
        self._listed: tuple[Book, str] | None = None
        self._signing = False
        self._saved = ""
        self._trouble: Trouble | None = None
        self.ask_place: Callable[[str], str] = self._ask_place
        page.list_asked.connect(self._list)
        page.explained.connect(self._explain)
        page.next_difference.connect(self._next)
        page.sign_requested.connect(self._sign)
        page.export_asked.connect(self._export)
        page.lock_asked.connect(lock)
        page.load_again.connect(self.load)
        desk.card_changed.connect(self.render)

    def enter(self) -> None:
        """The oldest day that waits for its close, else today."""
        self._trouble, self._saved, self._listed, self._place = None, "", None, 0
        self._desk.show_place(Place.DAY_CLOSE, self._page)
        self.render()
        self.load()

    def is_loaded(self) -> bool:
        return self._books is not None and not self._signing

    def load(self) -> None:
        """The books as they stand now."""
        station = self._desk.station

        def job() -> Loaded:
            day = day_close.due_day(station)
            return day, *day_close.books(station, day)

        self._desk.work(Lane.RECORDS, job, self._loaded, self._failed)

    def _loaded(self, found: Loaded) -> None:
        day, books, close = found
        if day != self._day:
            self._explained.clear()
        self._day, self._books, self._close = day, books, close
        if close is not None:
            for one in day_close.explanations_in(close):
                self._explained.setdefault((one.book, one.key), one)
        self.render()

    def _list(self, book: str, fate: str) -> None:
        self._listed = (Book(book), fate) if book else None
        self.render()

    def _explain(self, book: str, key: str, reason: str, remark: str) -> None:
        told = Explanation(Book(book), key, Reason(reason), remark)
        self._explained[told.book, told.key] = told
        self._next_open()
        self.render()

    def _next(self) -> None:
        count = len(self._books.differences) if self._books else 0
        self._place = (self._place + 1) % count if count else 0
        self.render()

    def _next_open(self) -> None:
        """On to a difference without a reason, where there is one."""
        found = self._books.differences if self._books else ()
        for place, (book, item) in enumerate(found):
            if (book, item.key) not in self._explained:
                self._place = place
                return

    def _given(self) -> tuple[Explanation, ...]:
        """Reasons for differences that there are."""
        found = self._books.differences if self._books else ()
        keys = ((book, item.key) for book, item in found)
        return tuple(self._explained[key] for key in keys if key in self._explained)

    # Signing

    @property
    def _current(self) -> bool:
        books, close = self._books, self._close
        return books is not None and close is not None and day_close.is_current(books, close)

    def _digest(self) -> bytes | None:
        """Of the summary that is shown; None while something is not explained."""
        if self._books is None or self._books.is_empty:
            return None
        if self._close is not None and self._current:
            return bytes.fromhex(self._close.digest)
        if books_of.missing(self._books, self._given()):
            return None
        return books_of.digest_of(books_of.summary(self._books, self._given()))

    def _turn(self) -> tuple[int, str]:
        """Whose signature is due here, and why it may be nobody's."""
        desk, close = self._desk, self._close
        if desk.sign_in is None or self._digest() is None:
            return -1, ""
        if not desk.officer.role.may(Right.CLOSE_DAY):
            return -1, "act.why_role"
        if close is None or not self._current:
            return 0, ""
        first = close.signatures[0]
        if close.closed_at is not None:
            return -1, ""
        if desk.officer.officer_id == first.officer or desk.officer.card == first.certificate:
            return -1, "act.why_other"
        return 1, ""

    def _sign(self, pin: Pin, last_try: bool) -> None:
        desk, day, shown = self._desk, self._day, self._digest()
        turn, _ = self._turn()
        if shown is None or turn < 0 or self._signing:
            wipe(pin)
            return
        digest, given, officer, station = shown, self._given(), desk.officer, desk.station
        self._signing, self._trouble = True, None
        self.render()

        def job() -> DayClose:
            if turn == 0:
                return day_close.sign_first(station, officer, day, given, pin, digest, last_try)
            return day_close.sign_second(station, officer, day, pin, digest, last_try)

        desk.work(Lane.CARD, job, self._signed, self._failed)

    def _signed(self, close: DayClose) -> None:
        self._signing, self._close = False, close
        self.render()

    def _failed(self, trouble: Trouble) -> None:
        self._signing, self._trouble = False, trouble
        self.render()
        self._desk.ask_card.emit()

    # Keeping a copy

    def _export(self) -> None:
        """The summary as it was signed, or as it would be."""
        if self._books is None or self._digest() is None:
            return
        signed = self._close if self._current else None
        content = signed.summary if signed else books_of.summary(self._books, self._given())
        place = self.ask_place(f"books-{self._day.isoformat()}.json")
        if not place:
            return

        def done(_none: object) -> None:
            self._saved = Path(place).name
            self.render()

        self._desk.work(Lane.RECORDS, lambda: _write(Path(place), content), done, self._failed)

    def _ask_place(self, name: str) -> str:
        title, start = self._page.say("act.export"), str(Path.home() / name)
        return QFileDialog.getSaveFileName(self._page.window(), title, start)[0]

    def render(self) -> None:
        desk = self._desk
        if desk.place is not Place.DAY_CLOSE:
            return
        digest, (turn, why_not) = self._digest(), self._turn()
        self._page.render(
            DayCloseView(
                here=desk.here(),
                day=self._day,
                books=self._books,
                close=self._close,
                current=self._close is None or self._current,
                explained=self._given(),
                place=self._place,
                listed=self._listed,
                names=desk.officer_names(),
                officer=desk.here().officer,
                turn=turn,
                why_not=why_not,
                words=check_words(digest) if digest else (),
                seal_words=self._seal_words(),
                card_present=desk.card_present,
                tries=desk.tries_for(self._trouble),
                on_pad=desk.card_pad,
                wrong=desk.is_wrong_pin(self._trouble),
                signing=self._signing,
                saved=self._saved,
                trouble=desk.spoken(self._trouble) if self._trouble else None,
            )
        )

    def _seal_words(self) -> tuple[tuple[str, str], ...]:
        if self._close is None:
            return ()
        return check_words(Checkpoint.parse(self._close.checkpoint).root)


def _write(place: Path, content: bytes) -> None:
    try:
        place.write_bytes(content + b"\n")
    except OSError as reason:
        raise Unwritable("export", file=place.name) from reason
