"""RFC 8785: the same value always gives the same bytes, whoever writes them."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.issuance.jcs import NotCanonical, canonical, number
from tests.issuance.es6_numbers import FIRST_LINES, bits_of, doubles

# RFC 8785 appendix B: the bits of a double and how it is written.
APPENDIX_B = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "text"), APPENDIX_B.items(), ids=APPENDIX_B)
def test_numbers_are_written_as_in_appendix_b(bits: str, text: str) -> None:
    """RFC 8785 appendix B."""
    (value,) = struct.unpack(">d", bytes.fromhex(bits))

    assert number(value) == text


@pytest.mark.parametrize(("count", "expected"), FIRST_LINES.items())
def test_the_published_sequence_of_numbers_has_its_published_hash(
    count: int, expected: str
) -> None:
    """One number spelt otherwise among the first lines would change the SHA-256."""
    lines = "".join(f"{bits_of(one)},{number(one)}\n" for one in islice(doubles(), count))

    assert hashlib.sha256(lines.encode("ascii")).hexdigest() == expected


def test_the_example_of_the_standard() -> None:
    """RFC 8785 section 3.2.2, sample input, and the bytes of section 3.2.4."""
    value = json.loads(
        r"""{
          "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
          "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
          "literals": [null, true, false]
        }"""
    )

    assert canonical(value) == bytes.fromhex(
        "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b"
        "3333333333333333332e333333333333332c31652b33302c342e352c302e3030322c31652d32375d2c"
        "22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d"
    )


def test_members_are_sorted_by_utf16_code_units() -> None:
    """RFC 8785 section 3.2.3: the members of its example in the order it gives."""
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }

    read = json.loads(canonical(value))

    assert list(read.values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]
    assert read == value


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        2**53 + 1,
        -(2**53) - 1,
        "\ud800",
        {"\udc00": 1},
        {1: "one"},
        b"bytes",
        {"a": [object()]},
    ],
    ids=repr,
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    """3.2.2.3 and I-JSON: an error, never a guess."""
    with pytest.raises(NotCanonical):
        canonical(value)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_JSON)
def test_the_form_reads_back_equal_and_stays_as_it_is(value: Any) -> None:
    """Nothing is lost, and the form of what was read, all its numbers as doubles, is the
    same form again."""
    text = canonical(value)

    read = json.loads(text, parse_int=float)

    assert read == value
    assert canonical(read) == text
