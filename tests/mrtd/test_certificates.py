"""desk.mrtd.certificates: names as anybody may write them into a certificate."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from desk.iso7816 import tlv
from desk.mrtd import certificates
from desk.mrtd.certificates import Name


def name(country: str, common: str) -> Name:
    """Written by hand: no library writes a country of more than two letters."""
    parts = {"550406": country, "550403": common}
    rows = (
        tlv.encode(
            0x31,
            tlv.encode(0x30, tlv.encode(0x06, bytes.fromhex(oid)), tlv.encode(0x0C, text.encode())),
        )
        for oid, text in parts.items()
    )
    return certificates.name(tlv.encode(0x30, *rows))


def test_a_name_as_the_standard_has_it() -> None:
    written = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "kr"),
            x509.NameAttribute(NameOID.COMMON_NAME, "CSCA-KOREA-2025"),
        ]
    )

    found = certificates.name(written.public_bytes())

    assert (found.country, found.label) == ("KR", "CSCA-KOREA-2025")
    assert found.key == name(" KR ", "csca-korea-2025").key


@pytest.mark.parametrize("country", ["", "K", "KR\x1b[2J", "passed - go on", "<b>KR</b>", "K1"])
def test_a_country_that_is_no_code_is_none(country: str) -> None:
    """It stands in findings, which are shown, logged and printed."""
    assert name(country, "x").country == ""


def test_a_label_steers_no_screen_and_fills_none() -> None:
    assert name("KR", "A\x1b[31m\r\nB\u202e").label == "A\ufffd[31m\ufffd\ufffdB\ufffd"
    assert len(name("KR", "x" * 5000).label) == 200
