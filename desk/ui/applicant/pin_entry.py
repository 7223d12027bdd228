"""The digits of the issuance PIN while they are typed: one buffer, no Qt.

Six digits, checked at the sixth; then the same again; then handed over once. Whatever
leaves the buffer otherwise is wiped. The rules are ``desk.issuance.pin_rules``.
"""

from __future__ import annotations

from enum import StrEnum

from desk.issuance.pin_rules import LENGTH, PinFacts, PinRefusal, refusal


class Notice(StrEnum):
    """What happened to the last entry."""

    NONE = "none"
    BIRTH_DATE = "refused_birth_date"
    PATTERN = "refused_pattern"
    DOCUMENT = "refused_document"
    DIFFER = "differ"
    CLEARED = "cleared"

    @property
    def is_refusal(self) -> bool:
        return self in (Notice.BIRTH_DATE, Notice.PATTERN, Notice.DOCUMENT)


_NOTICES = {
    PinRefusal.BIRTH_DATE: Notice.BIRTH_DATE,
    PinRefusal.IN_A_ROW: Notice.PATTERN,
    PinRefusal.REPEATS: Notice.PATTERN,
    PinRefusal.PASSPORT: Notice.DOCUMENT,
    PinRefusal.PHONE: Notice.DOCUMENT,
}


class PinDigits:
    """Up to six ASCII digits in a buffer that never moves and can be wiped."""

    def __init__(self) -> None:
        self._digits = bytearray(LENGTH)
        self.count = 0

    def add(self, digit: int) -> None:
        if self.count < LENGTH:
            self._digits[self.count] = 0x30 + digit
            self.count += 1

    def drop(self) -> None:
        if self.count:
            self.count -= 1
            self._digits[self.count] = 0

    def wipe(self) -> None:
        for place in range(LENGTH):
            self._digits[place] = 0
        self.count = 0

    def taken(self) -> bytearray:
        """A copy for the one who uses and wipes it; this buffer is wiped."""
        copy = self._digits[: self.count]
        self.wipe()
        return copy

    @property
    def is_full(self) -> bool:
        return self.count == LENGTH

    def same_as(self, other: PinDigits) -> bool:
        return self.is_full and self._digits == other._digits

    def refusal(self, facts: PinFacts) -> PinRefusal | None:
        return refusal(self._digits, facts)

    def __repr__(self) -> str:
        return f"PinDigits(count={self.count})"


class PinEntry:
    """First entry, repeat, taken. ``stage_repeat`` tells which of the two is typed."""

    def __init__(self) -> None:
        self._first, self._typed = PinDigits(), PinDigits()
        self.notice = Notice.NONE
        self.stage_repeat = False

    @property
    def count(self) -> int:
        return self._typed.count

    @property
    def is_ready(self) -> bool:
        """Both entries are there and equal."""
        return self.stage_repeat and self._typed.same_as(self._first)

    @property
    def is_empty(self) -> bool:
        return not self.stage_repeat and self._typed.count == 0

    def press(self, digit: int, facts: PinFacts) -> None:
        """Take one digit; the sixth is judged at once."""
        if self._typed.is_full:
            return
        self.notice = Notice.NONE
        self._typed.add(digit)
        if self._typed.is_full:
            self._judge(facts)

    def _judge(self, facts: PinFacts) -> None:
        if self.stage_repeat:
            if not self._typed.same_as(self._first):
                self._begin(Notice.DIFFER)
            return
        why = self._typed.refusal(facts)
        if why is not None:
            self._begin(_NOTICES.get(why, Notice.PATTERN))
            return
        self._first, self._typed = self._typed, self._first
        self.stage_repeat = True

    def drop(self) -> None:
        self._typed.drop()

    def clear(self) -> None:
        """Empty what is being typed; the first entry stays."""
        self._typed.wipe()

    def restart(self) -> None:
        self._begin(Notice.NONE)

    def expire(self) -> None:
        """Nobody has pressed a key for a while."""
        if not self.is_empty:
            self._begin(Notice.CLEARED)

    def take(self) -> bytearray | None:
        """The PIN, once both entries agree; nothing stays behind. The taker wipes it."""
        if not self.is_ready:
            return None
        pin = self._typed.taken()
        self._begin(Notice.NONE)
        return pin

    def _begin(self, notice: Notice) -> None:
        self._first.wipe()
        self._typed.wipe()
        self.stage_repeat = False
        self.notice = notice
