"""The digits live in one buffer, are judged at the sixth, and leave it wiped."""

from __future__ import annotations

from desk.ui.applicant.pin_entry import Notice, PinDigits, PinEntry
from tests.ui.applicant.samples import PIN_FACTS


def _type(entry: PinEntry, digits: str) -> None:
    for digit in digits:
        entry.press(int(digit), PIN_FACTS)


def test_two_equal_entries_give_the_pin_once() -> None:
    entry = PinEntry()
    _type(entry, "402718402718")

    assert entry.is_ready
    assert entry.take() == bytearray(b"402718")
    assert entry.take() is None
    assert entry.is_empty


def test_nothing_is_ready_before_the_sixth_digit_of_the_repeat() -> None:
    entry = PinEntry()
    _type(entry, "40271840271")

    assert entry.stage_repeat
    assert not entry.is_ready
    assert entry.take() is None


def test_a_refused_pin_is_wiped_and_its_reason_kept() -> None:
    entry = PinEntry()
    _type(entry, "910314")

    assert entry.notice is Notice.BIRTH_DATE
    assert entry.count == 0
    assert entry._typed._digits == bytearray(6)


def test_reasons_for_habit_and_papers() -> None:
    for digits, notice in (("123456", Notice.PATTERN), ("550142", Notice.DOCUMENT)):
        entry = PinEntry()
        _type(entry, digits)
        assert entry.notice is notice


def test_a_different_repeat_starts_from_the_beginning() -> None:
    entry = PinEntry()
    _type(entry, "402718402719")

    assert entry.notice is Notice.DIFFER
    assert not entry.stage_repeat
    assert entry._first._digits == entry._typed._digits == bytearray(6)


def test_the_notice_goes_with_the_next_digit() -> None:
    entry = PinEntry()
    _type(entry, "1111110")

    assert entry.notice is Notice.NONE
    assert entry.count == 1


def test_a_seventh_digit_is_not_taken() -> None:
    entry = PinEntry()
    _type(entry, "4027184027189")

    assert entry.take() == bytearray(b"402718")


def test_delete_and_clear_and_restart() -> None:
    entry = PinEntry()
    _type(entry, "402")
    entry.drop()
    assert entry.count == 2
    entry.clear()
    assert entry.is_empty
    _type(entry, "4027184")
    entry.clear()
    assert entry.stage_repeat
    entry.restart()
    assert entry.is_empty


def test_expiry_says_so_only_when_something_was_typed() -> None:
    entry = PinEntry()
    entry.expire()
    assert entry.notice is Notice.NONE
    _type(entry, "40")
    entry.expire()
    assert entry.notice is Notice.CLEARED
    assert entry.is_empty


def test_no_digit_is_printed() -> None:
    digits = PinDigits()
    digits.add(7)

    assert repr(digits) == "PinDigits(count=1)"
    assert "7" not in repr(vars(PinEntry()))
