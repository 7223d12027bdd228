"""The day's books: four equations between what was begun and what became of it.

Each book says: so many came in, and each of them is one of these. Both sides come from other
places (the cases and sheets as they are stored, and the log of what was done), so that a thing
that vanished, or was doubled, shows as a difference. A difference is not guilt; it wants a
reason that two people have read. What two cards sign is the canonical summary (RFC 8785) of
books and reasons.

Gathering the figures is ``desk.store.day_books``'s, asking the cards ``desk.counter.day_close``'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from desk.issuance.jcs import canonical
from desk.trouble import Trouble

SIGNATURE_PREFIX = b"desk-day-close-1:"
SUMMARY_FORMAT = "desk-day-summary/1"
LONGEST_REMARK = 400


class DayTrouble(Trouble):
    """What keeps a day's books from being closed."""


class NotExplained(DayTrouble):
    """Differences without a reason. Fact: count."""

    code = "BOOK-10"


class BooksChanged(DayTrouble):
    """The books are no longer those that were shown or signed. Fact: day."""

    code = "BOOK-11"


class SamePerson(DayTrouble):
    """The second signature must be another person's, with another card."""

    code = "BOOK-12"


class MayNotClose(DayTrouble):
    """The officer's role closes no day. Fact: role."""

    code = "BOOK-13"


class DayClosed(DayTrouble):
    """The day is closed already; nothing new begins in it. Fact: day."""

    code = "BOOK-14"


class DayNotClosed(DayTrouble):
    """An earlier day waits for its close; nothing new begins before. Fact: day."""

    code = "BOOK-15"


class Book(StrEnum):
    """In the order of the page; the number is that of its difference's code."""

    CASES = "cases"
    OFFERS = "offers"
    SLIPS = "slips"
    INDEXES = "indexes"

    @property
    def code(self) -> str:
        return f"BOOK-0{tuple(Book).index(self) + 1}"


class Fate(StrEnum):
    """What became of one thing. RESUMED: a suspended credential is usable again, and none was
    issued. UNEXPLAINED: nothing says."""

    ISSUED = "issued"
    RESUMED = "resumed"
    REFUSED = "refused"
    ENDED = "ended"
    OPEN = "open"
    TAKEN = "taken"
    EXPIRED = "expired"
    VOID = "void"
    LIVE = "live"
    HANDED = "handed"
    SPOILED = "spoiled"
    WITH_CASE = "with_case"
    CREDENTIAL = "credential"
    PENDING = "pending"
    UNEXPLAINED = "unexplained"


FATES: Mapping[Book, tuple[Fate, ...]] = {
    Book.CASES: (Fate.ISSUED, Fate.RESUMED, Fate.REFUSED, Fate.ENDED, Fate.OPEN),
    Book.OFFERS: (Fate.TAKEN, Fate.EXPIRED, Fate.VOID, Fate.LIVE),
    Book.SLIPS: (Fate.HANDED, Fate.SPOILED, Fate.WITH_CASE),
    Book.INDEXES: (Fate.CREDENTIAL, Fate.VOID, Fate.PENDING),
}


@dataclass(frozen=True)
class Item:
    """One thing in a book: its number or serial, its fate, and what else is known of it
    (plain words for the screen: times, windows, cases)."""

    key: str
    fate: Fate
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BookState:
    """``begun`` counts what came in, by one source; ``items`` are what the other one knows of
    each. A thing that only one of them knows is an item without explanation."""

    book: Book
    begun: int
    items: tuple[Item, ...]

    def count(self, fate: Fate) -> int:
        return sum(item.fate is fate for item in self.items)

    def of(self, fate: Fate) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.fate is fate)

    @property
    def differences(self) -> tuple[Item, ...]:
        return self.of(Fate.UNEXPLAINED)


class Reason(StrEnum):
    """What may be said of a difference."""

    NOT_PRINTED = "not_printed"
    SPOILED_UNRECORDED = "spoiled_unrecorded"
    HANDED_UNRECORDED = "handed_unrecorded"
    PROGRAM_STOPPED = "program_stopped"
    NOT_FOUND = "not_found"


REASONS: Mapping[Book, tuple[Reason, ...]] = {
    Book.CASES: (Reason.PROGRAM_STOPPED, Reason.NOT_FOUND),
    Book.OFFERS: (Reason.PROGRAM_STOPPED, Reason.NOT_FOUND),
    Book.SLIPS: (
        Reason.NOT_PRINTED,
        Reason.SPOILED_UNRECORDED,
        Reason.HANDED_UNRECORDED,
        Reason.NOT_FOUND,
    ),
    Book.INDEXES: (Reason.PROGRAM_STOPPED, Reason.NOT_FOUND),
}


@dataclass(frozen=True)
class Explanation:
    """Why a difference is there: a reason of the list and a sentence both signers read."""

    book: Book
    key: str
    reason: Reason
    remark: str


@dataclass(frozen=True)
class DayBooks:
    """The four books of a day at a post. ``not_proven`` and ``carried`` name cases that
    tomorrow has to look at, ``activated`` those that two cards made usable without a proof."""

    day: date
    post: str
    books: tuple[BookState, ...]
    not_proven: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    activated: tuple[str, ...] = ()

    def book(self, book: Book) -> BookState:
        return next(one for one in self.books if one.book is book)

    @property
    def differences(self) -> tuple[tuple[Book, Item], ...]:
        return tuple((one.book, item) for one in self.books for item in one.differences)

    @property
    def is_empty(self) -> bool:
        """Nothing was begun that day."""
        return not any(one.begun or one.items for one in self.books)


def missing(books: DayBooks, given: Iterable[Explanation]) -> tuple[tuple[Book, Item], ...]:
    """Differences that nobody has explained yet."""
    told = {(one.book, one.key) for one in given if one.remark.strip()}
    return tuple(one for one in books.differences if (one[0], one[1].key) not in told)


def summary(books: DayBooks, given: Iterable[Explanation]) -> bytes:
    """What both cards sign, as RFC 8785 JSON. Raises :class:`NotExplained`."""
    explained = tuple(given)
    if left := missing(books, explained):
        raise NotExplained(count=len(left))
    wanted = {(book, item.key) for book, item in books.differences}
    reasons = [
        {
            "book": one.book.value,
            "key": one.key,
            "reason": one.reason.value,
            "remark": one.remark.strip()[:LONGEST_REMARK],
        }
        for one in explained
        if (one.book, one.key) in wanted
    ]
    facts: dict[str, Any] = {
        "format": SUMMARY_FORMAT,
        "day": books.day.isoformat(),
        "post": books.post,
        "books": {one.book.value: _figures(one) for one in books.books},
        "differences": sorted(reasons, key=lambda one: (one["book"], one["key"])),
        "not_proven": sorted(books.not_proven),
        "carried": sorted(books.carried),
    }
    # A day without any is written as it was before there were such cases.
    if books.activated:
        facts["activated"] = sorted(books.activated)
    return canonical(facts)


def digest_of(signed: bytes) -> bytes:
    """SHA-256 of a summary: what the check words and the log stand for."""
    return hashlib.sha256(signed).digest()


def statement(signed: bytes) -> bytes:
    """The bytes a card signs: with a prefix of its own, so that it can never pass for another
    kind of signature of the same key."""
    return SIGNATURE_PREFIX + digest_of(signed)


def _figures(state: BookState) -> dict[str, Any]:
    counts = {fate.value: state.count(fate) for fate in FATES[state.book]}
    counts[Fate.UNEXPLAINED.value] = state.count(Fate.UNEXPLAINED)
    return {"begun": state.begun, **counts}
