"""Issuance PINs that can be guessed from the person's papers or from habit are refused.

The facts are invented; the cases follow the list of shared/ui/README-applicant.md, «PIN».
"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.issuance.pin_rules import PinFacts, PinRefusal, birth_date_orders, refusal

FACTS = PinFacts(date(1991, 3, 14), "M123A4567", "+1 213 555 0142")


@pytest.mark.parametrize(
    "pin",
    ["910314", "911403", "031491", "039114", "149103", "140391", "199103", "199114", "031991"],
)
def test_birth_date_in_any_order(pin: str) -> None:
    assert refusal(pin.encode(), FACTS) is PinRefusal.BIRTH_DATE


@pytest.mark.parametrize("pin", ["123456", "654321", "012345", "456789", "789012", "210987"])
def test_digits_in_a_row(pin: str) -> None:
    assert refusal(pin.encode(), FACTS) is PinRefusal.IN_A_ROW


@pytest.mark.parametrize("pin", ["111111", "000000", "121212", "707070", "123123", "495495"])
def test_repeats_of_one_to_three_digits(pin: str) -> None:
    assert refusal(pin.encode(), FACTS) is PinRefusal.REPEATS


def test_digits_of_the_passport_number_in_its_order() -> None:
    facts = PinFacts(passport_number="M91827364")

    assert refusal(b"918273", facts) is PinRefusal.PASSPORT
    assert refusal(b"827364", facts) is PinRefusal.PASSPORT
    assert refusal(b"917364", facts) is PinRefusal.PASSPORT  # two left out, order kept
    assert refusal(b"463728", facts) is None  # backwards is another number


def test_last_six_of_the_phone_number() -> None:
    assert refusal(b"550142", FACTS) is PinRefusal.PHONE
    assert refusal(b"135550", FACTS) is None


@pytest.mark.parametrize("pin", [b"", b"12345", b"1234567", b"12a456", "１２３４５６".encode()])
def test_only_six_ascii_digits(pin: bytes) -> None:
    assert refusal(pin, FACTS) is PinRefusal.LENGTH


@pytest.mark.parametrize("pin", ["402718", "918273", "112233", "135790"])
def test_others_are_allowed(pin: str) -> None:
    assert refusal(bytearray(pin.encode()), FACTS) is None


def test_without_facts_only_habits_are_refused() -> None:
    assert refusal(b"910314", PinFacts()) is None
    assert refusal(b"111111", PinFacts()) is PinRefusal.REPEATS


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2030, 12, 31)))
def test_every_order_of_every_birth_date_is_refused(born: date) -> None:
    for order in birth_date_orders(born):
        assert refusal(order, PinFacts(birth_date=born)) is PinRefusal.BIRTH_DATE


@given(st.text("0123456789", min_size=6, max_size=6))
def test_the_buffer_is_left_as_it_was(pin: str) -> None:
    buffer = bytearray(pin.encode())

    refusal(buffer, FACTS)

    assert buffer == pin.encode()


def test_facts_do_not_print_what_they_hold() -> None:
    assert "1991" not in repr(FACTS)
    assert "4567" not in repr(FACTS)
