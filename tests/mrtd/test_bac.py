"""desk.mrtd.bac against the worked example of Doc 9303-11 appendix D.3, and its refusals."""

from __future__ import annotations

import pytest

from desk.iso7816.apdu import CommandApdu
from desk.mrtd import bac
from desk.mrtd.bac import Half
from desk.mrtd.mrz import MrzKey
from desk.mrtd.troubles import AccessNotOffered, AccessRefused, SessionBroken

# All numbers: ICAO Doc 9303-11 appendix D.3.
KEY = MrzKey("L898902C", "690806", "940623")
CHALLENGE = bytes.fromhex("4608F91988702212")
TERMINAL = Half(
    bytes.fromhex("781723860C06C226"), bytes.fromhex("0B795240CB7049B01C19B33E32804F0B")
)
CHIP = Half(CHALLENGE, bytes.fromhex("0B4F80323EB3191CB04970CB4052790B"))
COMMAND = bytes.fromhex(
    "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A7"
)
ANSWER = bytes.fromhex(
    "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D7449"
)


class Chip:
    """Plays answers in order and keeps what it was sent."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.seen: list[CommandApdu] = []

    def transmit(self, apdu: bytes) -> bytes:
        self.seen.append(CommandApdu.parse(apdu))
        return self.answers.pop(0)


def random_of_the_example(length: int) -> bytes:
    return {8: TERMINAL.nonce, 16: TERMINAL.key_part}[length]


def test_both_sides_seal_as_in_the_example() -> None:
    suite = bac.access_keys(KEY)

    assert bac.seal(suite, TERMINAL, CHALLENGE) == COMMAND
    assert bac.seal(suite, CHIP, TERMINAL.nonce) == ANSWER
    assert bac.unseal(suite, ANSWER, TERMINAL.nonce) == CHIP
    assert bac.unseal(suite, COMMAND, CHALLENGE) == TERMINAL


def test_the_session_is_that_of_the_example() -> None:
    chip = Chip(CHALLENGE + b"\x90\x00", ANSWER + b"\x90\x00")

    session = bac.open_session(chip, KEY, random_of_the_example)

    assert chip.seen[0].encode().hex() == "0084000008"
    assert chip.seen[1].data == COMMAND
    assert chip.seen[1].le == 40
    assert session.counter.hex().upper() == "887022120C06C226"
    # First protected command of appendix D.4.
    first = session.protect(CommandApdu(0x00, 0xA4, 0x02, 0x0C, b"\x01\x1e"))
    assert first.encode().hex().upper() == "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800"


@pytest.mark.parametrize("status", ["6300", "6982", "6985", "63C2"])
def test_a_chip_that_refuses_the_key(status: str) -> None:
    chip = Chip(CHALLENGE + b"\x90\x00", bytes.fromhex(status))

    with pytest.raises(AccessRefused) as caught:
        bac.open_session(chip, KEY)

    assert caught.value.code == "CHIP-03"
    assert caught.value.facts == {"sw": status}


def test_a_chip_that_does_not_know_the_key() -> None:
    altered = ANSWER[:-1] + b"\x00"
    chip = Chip(CHALLENGE + b"\x90\x00", altered + b"\x90\x00")

    with pytest.raises(SessionBroken):
        bac.open_session(chip, KEY, random_of_the_example)


def test_a_chip_that_replays_an_answer() -> None:
    """The code fits, but it answers another terminal's nonce."""
    chip = Chip(CHALLENGE + b"\x90\x00", ANSWER + b"\x90\x00")

    with pytest.raises(SessionBroken):
        bac.open_session(chip, KEY, bytes)


@pytest.mark.parametrize("challenge", [b"", b"\x01" * 7, b"\x01" * 9])
def test_a_challenge_of_another_length(challenge: bytes) -> None:
    with pytest.raises(SessionBroken):
        bac.open_session(Chip(challenge + b"\x90\x00"), KEY)


def test_a_chip_without_challenge() -> None:
    with pytest.raises(AccessNotOffered):
        bac.open_session(Chip(b"\x6d\x00"), KEY)


def test_secrets_stay_out_of_repr() -> None:
    shown = repr(TERMINAL) + repr(bac.access_keys(KEY)) + repr(KEY)

    assert "L898902C" not in shown
    assert "0b79" not in shown.lower()
    assert "ab94" not in shown.lower()
