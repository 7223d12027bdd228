"""desk.training.chip: access control, sessions and reads as a real chip keeps them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.troubles import CardRemoved
from desk.mrtd import bac, files, lengths
from desk.mrtd.files import AID, File
from desk.mrtd.mrz import MrzKey
from desk.mrtd.secure_messaging import SecureChannel
from desk.training import chip_files
from desk.training.chip import Habits, LeavingChip, PassportChip

# Doc 9303-11 appendix D.2; the files are invented.
KEY = MrzKey("L898902C", "690806", "940623")
CONTENTS = {"COM": chip_files.com([1, 2]), "DG1": b"\x61\x04\x5f\x1f\x01A"}
SELECT = CommandApdu(0x00, 0xA4, 0x04, 0x0C, AID)


@pytest.fixture
def chip() -> PassportChip:
    return PassportChip(CONTENTS, KEY)


def status(chip: PassportChip, command: CommandApdu) -> int:
    return ResponseApdu.parse(chip.transmit(command.encode())).sw


def opened(chip: PassportChip) -> SecureChannel:
    assert files.select_application(chip).sw == 0x9000
    return SecureChannel(chip, bac.open_session(chip, KEY))


def read(channel: SecureChannel, file: File, length: int = 100) -> ResponseApdu:
    command = CommandApdu(0x00, 0xB0, 0x80 | file.short_id, 0, le=length)
    return ResponseApdu.parse(channel.transmit(command.encode()))


def test_nothing_is_read_before_access(chip: PassportChip) -> None:
    reads = CommandApdu(0x00, 0xB0, 0x9E, 0, le=10)
    assert status(chip, reads) == 0x6985
    assert status(chip, SELECT) == 0x9000

    assert status(chip, reads) == 0x6982
    assert status(chip, CommandApdu(0x00, 0xA4, 0x02, 0x0C, b"\x01\x1e")) == 0x6982


def test_files_are_read_in_a_session(chip: PassportChip) -> None:
    channel = opened(chip)

    assert read(channel, File.COM).data == CONTENTS["COM"]
    assert read(channel, File.DG1).sw == 0x6282
    assert read(channel, File.DG2).sw == 0x6A82


def test_a_command_in_the_clear_ends_the_session(chip: PassportChip) -> None:
    channel = opened(chip)

    assert status(chip, CommandApdu(0x00, 0xB0, 0x9E, 0, le=10)) == 0x6982
    assert read(channel, File.COM).sw == 0x6987
    assert channel.broken


def test_a_forged_command_ends_the_session(chip: PassportChip) -> None:
    channel = opened(chip)
    forged = CommandApdu(0x0C, 0xB0, 0x9E, 0, bytes.fromhex("9701048E080000000000000000"), 256)

    assert status(chip, forged) == 0x6988
    assert read(channel, File.COM).sw == 0x6987


def test_a_wrong_key_is_refused_and_the_challenge_is_used_up(chip: PassportChip) -> None:
    files.select_application(chip)
    challenge = CommandApdu(0x00, 0x84, 0, 0, le=8)
    assert status(chip, CommandApdu(0x00, 0x82, 0, 0, bytes(40), 40)) == 0x6985
    assert status(chip, challenge) == 0x9000

    assert status(chip, CommandApdu(0x00, 0x82, 0, 0, bytes(40), 40)) == 0x6300
    assert status(chip, CommandApdu(0x00, 0x82, 0, 0, bytes(40), 40)) == 0x6985


def test_reset_forgets_everything(chip: PassportChip) -> None:
    channel = opened(chip)

    chip.reset()

    assert read(channel, File.COM).sw == 0x6987
    assert status(chip, CommandApdu(0x00, 0x84, 0, 0, le=8)) == 0x6985


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (CommandApdu(0x00, 0xA4, 0x04, 0x0C, b"\xa0\x00"), 0x6A82),
        (CommandApdu(0x00, 0xCA, 0x00, 0x00, le=1), 0x6D00),
        (CommandApdu(0x0C, 0xB0, 0x9E, 0x00, le=1), 0x6987),
    ],
)
def test_other_commands_have_their_status(
    chip: PassportChip, command: CommandApdu, expected: int
) -> None:
    assert status(chip, command) == expected


def test_a_chip_without_extended_lengths_says_so(chip: PassportChip) -> None:
    plain = PassportChip(CONTENTS, KEY, Habits(extended=False))

    assert status(plain, CommandApdu(0x00, 0x84, 0, 0, le=8, extended=True)) == 0x6700
    assert not lengths.of_answer_to_reset(plain.atr).extended
    assert lengths.of_answer_to_reset(chip.atr).extended


def test_the_answer_to_reset_has_its_check_byte(chip: PassportChip) -> None:
    """ISO/IEC 7816-3 clause 8.2.5: TCK makes the exclusive or of T0 and on zero."""
    check = 0
    for octet in chip.atr[1:]:
        check ^= octet

    assert check == 0


def test_a_chip_pulled_away_stays_away(chip: PassportChip) -> None:
    leaving = LeavingChip(chip, after=3)
    leaving.transmit(SELECT.encode())
    leaving.transmit(SELECT.encode())

    for _ in range(2):
        with pytest.raises(CardRemoved):
            leaving.transmit(SELECT.encode())


@settings(max_examples=200)
@given(st.lists(st.binary(min_size=0, max_size=60), max_size=5))
def test_any_bytes_get_a_status_word(commands: list[bytes]) -> None:
    chip = PassportChip(CONTENTS, KEY)
    chip.transmit(SELECT.encode())

    for command in commands:
        assert len(chip.transmit(command)) >= 2
