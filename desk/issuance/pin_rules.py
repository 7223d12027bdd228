"""Which issuance PINs are too easy to guess.

The issuance PIN is the second secret of an offer (OpenID4VCI 1.0, ``tx_code``): six digits
the applicant chooses at the counter. Whoever photographs the QR has five tries, so what
can be guessed from the person's own papers or from habit is refused. Pure functions on the
bytes of the digits; nothing here keeps, prints or compares them with a former choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import pairwise, permutations

LENGTH = 6
LONGEST_REPEAT = 3


class PinRefusal(StrEnum):
    """Why a PIN is refused; never which digits."""

    LENGTH = "length"
    BIRTH_DATE = "birth_date"
    IN_A_ROW = "in_a_row"
    REPEATS = "repeats"
    PASSPORT = "passport"
    PHONE = "phone"


@dataclass(frozen=True)
class PinFacts:
    """What others may know about the applicant. Empty where it is not known."""

    birth_date: date | None = field(default=None, repr=False)
    passport_number: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)


def refusal(digits: bytes | bytearray, facts: PinFacts) -> PinRefusal | None:
    """Why ``digits`` (ASCII) cannot be an issuance PIN, or ``None`` where they can."""
    if len(digits) != LENGTH or not digits.isdigit():
        return PinRefusal.LENGTH
    if facts.birth_date is not None and any(
        digits == order for order in birth_date_orders(facts.birth_date)
    ):
        return PinRefusal.BIRTH_DATE
    if _in_a_row(digits):
        return PinRefusal.IN_A_ROW
    if _repeats(digits):
        return PinRefusal.REPEATS
    if _stand_in_order(digits, _only_digits(facts.passport_number)):
        return PinRefusal.PASSPORT
    phone = _only_digits(facts.phone)
    if len(phone) >= LENGTH and digits == phone[-LENGTH:]:
        return PinRefusal.PHONE
    return None


def birth_date_orders(born: date) -> Iterator[bytes]:
    """The birth date in six digits, in any order: year of two digits with month and day,
    year of four with month or day."""
    year, month, day = f"{born.year:04}", f"{born.month:02}", f"{born.day:02}"
    for order in permutations((year[2:], month, day)):
        yield "".join(order).encode()
    for part in (month, day):
        yield (year + part).encode()
        yield (part + year).encode()


def _in_a_row(digits: bytes | bytearray) -> bool:
    """Up or down by one each time, 0 next to 9 as on a keypad's row of digits."""
    steps = {(after - before) % 10 for before, after in pairwise(digits)}
    return steps in ({1}, {9})


def _repeats(digits: bytes | bytearray) -> bool:
    """One to three digits over and over: 111111, 121212, 123123."""
    return any(
        digits == digits[:width] * (LENGTH // width) for width in range(1, LONGEST_REPEAT + 1)
    )


def _stand_in_order(digits: bytes | bytearray, number: bytes) -> bool:
    """Whether ``number`` holds the digits in this order, others between them or not."""
    rest = iter(number)
    return all(digit in rest for digit in digits)


def _only_digits(text: str) -> bytes:
    return "".join(c for c in text if c.isascii() and c.isdigit()).encode()
