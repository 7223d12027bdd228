"""desk.mrtd.secure_messaging against worked examples, tampering and arbitrary bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.mrtd.ciphers import AesSuite, CipherSuite, TripleDesSuite
from desk.mrtd.secure_messaging import SecureChannel, SecureMessaging
from desk.mrtd.troubles import SessionBroken

# ICAO Doc 9303-11 appendix D.4: session keys and counter after BAC.
SUITE = TripleDesSuite(
    bytes.fromhex("979EC13B1CBFE9DCD01AB0FED307EAE5"),
    bytes.fromhex("F1CB1F1FB5ADF208806B89DC579DC1F8"),
)
COUNTER = bytes.fromhex("887022120C06C226")
# Appendix D.4: SELECT EF.COM, read four bytes, read eighteen more; command, answer, content.
EXAMPLE = [
    (
        "00A4020C02011E",
        "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
        "990290008E08FA855A5D4C50A8ED9000",
        "",
    ),
    (
        "00B0000004",
        "0CB000000D9701048E08ED6705417E96BA5500",
        "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000",
        "60145F01",
    ),
    (
        "00B0000412",
        "0CB000040D9701128E082EA28A70F3C7B53500",
        "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
        "04303130365F36063034303030305C026175",
    ),
]
# AES: commands and answers recorded with a real chip's protocol, published as test data of
# github.com/gmrtd/gmrtd, iso7816/secure_messaging_test.go (MIT).
AES_COMMAND = (
    AesSuite(
        bytes.fromhex("cc86415f2ed7e8fd663b754265695ae1"),
        bytes.fromhex("581e84b8ee06c4d3eee30461498d7fb3"),
    ),
    bytes.fromhex("000000000000000000000000000000ba"),
    CommandApdu(0x00, 0x22, 0x41, 0xA4, bytes.fromhex("800a04007f000702020302028401c3")),
    "0c2241a41d871101980953d37f67558690045d78a853b18a8e08929767a2cef172e200",
)


def example_session() -> SecureMessaging:
    return SecureMessaging(SUITE, COUNTER)


def test_the_worked_example_command_by_command() -> None:
    session = example_session()

    for plain, protected, answer, content in EXAMPLE:
        sent = session.protect(CommandApdu.parse(bytes.fromhex(plain)))
        assert sent.encode() == bytes.fromhex(protected)
        got = session.unprotect(ResponseApdu.parse(bytes.fromhex(answer)))
        assert got == ResponseApdu(bytes.fromhex(content), 0x9000)


def test_the_chips_side_of_the_worked_example() -> None:
    session = example_session()

    for plain, protected, answer, content in EXAMPLE:
        got = session.unprotect_command(CommandApdu.parse(bytes.fromhex(protected)))
        assert got.encode() == bytes.fromhex(plain)
        sent = session.protect_response(ResponseApdu(bytes.fromhex(content), 0x9000))
        assert sent.encode() == bytes.fromhex(answer)


def test_aes_as_another_implementation_does_it() -> None:
    suite, counter, command, protected = AES_COMMAND

    sent = SecureMessaging(suite, counter).protect(command)

    assert sent.encode().hex() == protected


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("990290008E08FA855A5D4C50A8EE9000", "code altered"),
        ("990290018E08FA855A5D4C50A8ED9000", "status altered"),
        ("990290009000", "no code"),
        ("8E08FA855A5D4C50A8ED9000", "no status"),
        ("990290009902900 08E08FA855A5D4C50A8ED9000".replace(" ", ""), "status twice"),
        ("9902908E9000", "not TLV"),
        ("9000", "nothing"),
    ],
)
def test_an_answer_that_does_not_verify_is_refused(answer: str, why: str) -> None:
    session = example_session()
    session.protect(CommandApdu.parse(bytes.fromhex(EXAMPLE[0][0])))

    with pytest.raises(SessionBroken):
        session.unprotect(ResponseApdu.parse(bytes.fromhex(answer)))


def test_an_answer_cannot_be_played_twice() -> None:
    session = example_session()
    session.protect(CommandApdu.parse(bytes.fromhex(EXAMPLE[0][0])))
    answer = ResponseApdu.parse(bytes.fromhex(EXAMPLE[0][2]))
    session.unprotect(answer)
    session.protect(CommandApdu.parse(bytes.fromhex(EXAMPLE[1][0])))

    with pytest.raises(SessionBroken):
        session.unprotect(answer)


class Answers:
    def __init__(self, *answers: str) -> None:
        self.answers = [bytes.fromhex(answer) for answer in answers]

    def transmit(self, apdu: bytes) -> bytes:
        return self.answers.pop(0)


def test_the_channel_takes_and_gives_plain_bytes() -> None:
    channel = SecureChannel(Answers(*(step[2] for step in EXAMPLE)), example_session())

    for plain, _, _, content in EXAMPLE:
        assert channel.transmit(bytes.fromhex(plain)).hex().upper() == content + "9000"
    assert not channel.broken


def test_a_status_in_the_clear_ends_the_session() -> None:
    channel = SecureChannel(Answers("6988"), example_session())

    assert channel.transmit(bytes.fromhex("00B0000004")) == b"\x69\x88"
    assert channel.broken
    with pytest.raises(SessionBroken):
        channel.transmit(bytes.fromhex("00B0000004"))


def test_success_in_the_clear_is_no_success() -> None:
    channel = SecureChannel(Answers("9000"), example_session())

    with pytest.raises(SessionBroken):
        channel.transmit(bytes.fromhex("00A4020C02011E"))


KEYS = st.binary(min_size=16, max_size=16)
SUITES = st.one_of(st.builds(TripleDesSuite, KEYS, KEYS), st.builds(AesSuite, KEYS, KEYS))
COMMANDS = st.builds(
    CommandApdu,
    st.just(0),
    st.sampled_from([0xA4, 0xB0, 0xB1, 0x82, 0x22]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=400),
    st.one_of(st.none(), st.integers(1, 65_536)),
)


@given(SUITES, COMMANDS, st.binary(max_size=400))
def test_what_one_side_protects_the_other_reads(
    suite: CipherSuite, command: CommandApdu, data: bytes
) -> None:
    start = bytes(suite.block)
    terminal, chip = SecureMessaging(suite, start), SecureMessaging(suite, start)

    received = chip.unprotect_command(terminal.protect(command))
    answered = terminal.unprotect(chip.protect_response(ResponseApdu(data, 0x9000), command.ins))

    assert (received.header, received.data, received.le) == (
        command.header,
        command.data,
        command.le,
    )
    assert answered == ResponseApdu(data, 0x9000)


@given(SUITES, st.binary(max_size=300), st.data())
def test_no_changed_bit_is_taken(suite: CipherSuite, content: bytes, data: st.DataObject) -> None:
    chip, terminal = SecureMessaging(suite), SecureMessaging(suite)
    sealed = bytearray(chip.protect_response(ResponseApdu(content, 0x9000)).data)
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(SessionBroken):
        terminal.unprotect(ResponseApdu(bytes(sealed), 0x9000))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(noise: bytes) -> None:
    with pytest.raises(SessionBroken):
        example_session().unprotect(ResponseApdu(noise, 0x9000))
