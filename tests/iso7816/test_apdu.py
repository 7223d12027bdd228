"""Command and response APDUs against the forms of ISO/IEC 7816-4 clause 5.2."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.status import StatusWord, tries_left
from desk.iso7816.troubles import CardAnswered, TransportFailed

# Origin: ICAO Doc 9303-11 (8th edition) appendix D.3 and D.4, the unprotected commands and
# answers of the BAC worked example; NIST SP 800-73-4 part 2, 3.1.1, for the SELECT.
WORKED = [
    ("0084000008", CommandApdu(0x00, 0x84, 0, 0, le=8)),
    ("00A4020C02011E", CommandApdu(0x00, 0xA4, 0x02, 0x0C, bytes.fromhex("011E"))),
    ("00B0000004", CommandApdu(0x00, 0xB0, 0, 0, le=4)),
    ("00B0000412", CommandApdu(0x00, 0xB0, 0, 4, le=0x12)),
    (
        "0082000028"
        "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2"
        "5F1448EEA8AD90A728",
        CommandApdu(
            0x00,
            0x82,
            0,
            0,
            bytes.fromhex(
                "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A7"
            ),
            le=0x28,
        ),
    ),
    (
        "00A4040009A0000003080000100000",
        CommandApdu(0x00, 0xA4, 4, 0, bytes.fromhex("A00000030800001000"), le=256),
    ),
]


@pytest.mark.parametrize(("text", "command"), WORKED)
def test_worked_examples_encode_and_parse(text: str, command: CommandApdu) -> None:
    """Published commands come out byte for byte and read back as the same value."""
    raw = bytes.fromhex(text)

    assert command.encode() == raw
    assert CommandApdu.parse(raw) == command


# The seven cases of clause 5.2, Table 1 and its extended forms, built by hand from the rules.
CASES = {
    "00010203": CommandApdu(0, 1, 2, 3),
    "0001020300": CommandApdu(0, 1, 2, 3, le=256),
    "0001020302AABB": CommandApdu(0, 1, 2, 3, b"\xaa\xbb"),
    "0001020302AABB05": CommandApdu(0, 1, 2, 3, b"\xaa\xbb", 5),
    "00010203000000": CommandApdu(0, 1, 2, 3, le=65536, extended=True),
    "00010203000002AABB": CommandApdu(0, 1, 2, 3, b"\xaa\xbb", extended=True),
    "00010203000002AABB0100": CommandApdu(0, 1, 2, 3, b"\xaa\xbb", 256, extended=True),
}


@pytest.mark.parametrize(("text", "command"), CASES.items())
def test_seven_cases(text: str, command: CommandApdu) -> None:
    """Each case of the standard has one encoding, which reads back."""
    assert command.encode().hex().upper() == text
    assert CommandApdu.parse(bytes.fromhex(text)) == command


def test_data_never_show() -> None:
    """What a traceback or a log may print holds no PIN and nothing of a passport."""
    shown = repr(CommandApdu(0, 0x20, 0, 0x80, b"135790")) + repr(ResponseApdu(b"135790", 0x9000))

    assert "135790" not in shown and "ins=32" in shown and "sw=36864" in shown


def test_long_data_and_le_choose_the_extended_form() -> None:
    """What does not fit a byte is sent in the extended form without being asked."""
    assert CommandApdu(0, 0xCB, 0x3F, 0xFF, le=257).encode()[4:] == b"\x00\x01\x01"
    assert CommandApdu(0, 0xDB, 0x3F, 0xFF, bytes(256)).encode()[4:7] == b"\x00\x01\x00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "000102",
        "0001020305AA",
        "0001020301AABBCC",
        "000102030000",
        "00010203000000AA",
        "00010203000003AABB",
        "00010203000001AA01",
    ],
)
def test_broken_commands_are_refused(text: str) -> None:
    """Bytes that are none of the seven cases raise instead of being guessed at."""
    with pytest.raises(ValueError):
        CommandApdu.parse(bytes.fromhex(text))


@pytest.mark.parametrize("fields", [(256, 0, 0, 0), (0, -1, 0, 0)])
def test_header_bytes_are_bytes(fields: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError):
        CommandApdu(fields[0], fields[1], fields[2], fields[3])


@pytest.mark.parametrize("le", [0, 65537])
def test_le_has_limits(le: int) -> None:
    with pytest.raises(ValueError):
        CommandApdu(0, 0, 0, 0, le=le)


@settings(deadline=None)
@given(
    header=st.binary(min_size=4, max_size=4),
    data=st.binary(max_size=600),
    le=st.none() | st.integers(1, 65536),
)
def test_any_command_survives_the_way_there_and_back(
    header: bytes, data: bytes, le: int | None
) -> None:
    cla, ins, p1, p2 = header
    command = CommandApdu(cla, ins, p1, p2, data, le)

    again = CommandApdu.parse(command.encode())

    assert (again.header, again.data, again.le) == (header, data, le)


def test_response_keeps_data_and_status() -> None:
    response = ResponseApdu.parse(bytes.fromhex("60145F019000"))

    assert response == ResponseApdu(bytes.fromhex("60145F01"), 0x9000)
    assert response.encode().hex() == "60145f019000"


def test_require_names_the_status_word() -> None:
    """An answer other than the one needed raises with the card's own status word."""
    response = ResponseApdu(b"", 0x6A82)

    with pytest.raises(CardAnswered) as caught:
        response.require()

    assert caught.value.sw == StatusWord.NOT_FOUND
    assert caught.value.facts == {"sw": "6A82"}
    assert response.require(StatusWord.NOT_FOUND) == b""


@pytest.mark.parametrize("raw", [b"", b"\x90"])
def test_truncated_answer_is_a_failed_transport(raw: bytes) -> None:
    with pytest.raises(TransportFailed):
        ResponseApdu.parse(raw)


@pytest.mark.parametrize(
    ("sw", "left"), [(0x63C2, 2), (0x63C0, 0), (0x6983, 0), (0x9000, None), (0x6300, None)]
)
def test_tries_left(sw: int, left: int | None) -> None:
    assert tries_left(sw) == left
