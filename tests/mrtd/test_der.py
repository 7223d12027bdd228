"""desk.mrtd.der: object identifiers and numbers, and absurd ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.iso7816.troubles import TlvError
from desk.mrtd import der

# Origin: ISO/IEC 8825-1 clause 8.19.5, {2 999 3}; Doc 9303-12 clause 7.1.1.4, 2.23.136.1.1.3.
KNOWN = {"883703": "2.999.3", "678108010103": "2.23.136.1.1.3"}


@pytest.mark.parametrize(("octets", "text"), KNOWN.items())
def test_object_identifiers_in_dotted_form(octets: str, text: str) -> None:
    assert der.dotted(bytes.fromhex(octets)) == text
    assert der.object_id(text) == bytes.fromhex(octets)


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 1 << 64), max_size=8))
def test_every_object_identifier_comes_back(first: int, second: int, rest: list[int]) -> None:
    text = ".".join(map(str, (first, second, *rest)))

    assert der.dotted(der.object_id(text)) == text


@pytest.mark.parametrize("octets", [b"", b"\x2a\x86", b"\xff" * 3000 + b"\x01", b"\x01" * 129])
def test_identifiers_cut_short_or_absurdly_long_are_refused(octets: bytes) -> None:
    """One arc of thousands of digits would be no digits at all to Python."""
    with pytest.raises(TlvError):
        der.dotted(octets)


@given(st.integers(0, 1 << 600))
def test_every_number_comes_back(value: int) -> None:
    assert der.number(tlv.parse_one(der.integer(value))) == value


@pytest.mark.parametrize("octets", ["0200", "0201FF", "0401FF"])
def test_what_is_no_number_is_refused(octets: str) -> None:
    with pytest.raises(TlvError):
        der.number(tlv.parse_one(bytes.fromhex(octets)))
