"""desk.mrtd.files: few commands, any habit of a chip, no end to a lying one's patience."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu
from desk.iso7816.status import StatusWord
from desk.mrtd import bac, files
from desk.mrtd.files import ElementaryFile, File, FileReader
from desk.mrtd.lengths import EXTENDED_READ, SHORT_READ, ReadLength
from desk.mrtd.mrz import MrzKey
from desk.mrtd.secure_messaging import SecureChannel
from desk.mrtd.troubles import DataEndless, FileMalformed, FileMissing, SessionBroken
from desk.training.chip import Habits, PassportChip

KEY = MrzKey("L898902C", "690806", "940623")
Report = tuple[ElementaryFile, int, int]


def body(size: int, tag: int = 0x75) -> bytes:
    """A file of a little more than ``size`` bytes, no two parts of it alike."""
    return tlv.encode(tag, bytes((i * 7 + i // 251) % 256 for i in range(size)))


def reader_of(
    chip: PassportChip,
    ceiling: int = SHORT_READ,
    seen: list[tuple[ElementaryFile, int, int]] | None = None,
) -> FileReader:
    heard = [] if seen is None else seen

    def opened() -> SecureChannel:
        files.select_application(chip)
        return SecureChannel(chip, bac.open_session(chip, KEY))

    return FileReader(opened(), opened, ReadLength(ceiling), lambda *report: heard.append(report))


def chip_with(habits: Habits | None = None, **contents: bytes) -> PassportChip:
    return PassportChip(contents, KEY, habits)


OPENING = 3
"""SELECT, GET CHALLENGE, EXTERNAL AUTHENTICATE."""


def test_a_small_file_takes_one_command() -> None:
    chip = chip_with(DG1=body(88, 0x61))

    content = reader_of(chip).read(File.DG1)

    assert content == chip.files["DG1"]
    assert chip.commands == OPENING + 1


@pytest.mark.parametrize(("ceiling", "most"), [(SHORT_READ, 90), (EXTENDED_READ, 9)])
def test_a_large_file_takes_no_more_commands_than_its_length_needs(ceiling: int, most: int) -> None:
    chip = chip_with(DG2=body(20_000))

    content = reader_of(chip, ceiling).read(File.DG2)

    assert content == chip.files["DG2"]
    assert chip.commands - OPENING <= most


def test_a_file_beyond_32_kb_is_read_to_its_end() -> None:
    chip = chip_with(DG2=body(70_000))

    assert reader_of(chip, EXTENDED_READ).read(File.DG2) == chip.files["DG2"]
    assert reader_of(chip).read(File.DG2) == chip.files["DG2"]


@pytest.mark.parametrize("past_end", [0x6282, 0x9000, 0x6B00, 0x6700])
@pytest.mark.parametrize("ends_session", [False, True])
@pytest.mark.parametrize("refusal", [0x6700, 0x6C00])
@pytest.mark.parametrize("max_read", [65_536, 200, 112, 40])
@pytest.mark.parametrize("short_ids", [True, False])
def test_every_habit_of_chips_is_read_through(
    past_end: int, ends_session: bool, refusal: int, max_read: int, short_ids: bool
) -> None:
    habits = Habits(
        max_read=max_read,
        refusal=refusal,
        ends_session=ends_session,
        past_end=past_end,
        short_ids=short_ids,
    )
    chip = chip_with(habits, COM=body(18, 0x60), DG2=body(3000))

    reader = reader_of(chip)

    assert reader.read(File.COM) == chip.files["COM"]
    assert reader.read(File.DG2) == chip.files["DG2"]


def test_a_chip_without_extended_lengths_is_read_after_trying_once() -> None:
    chip = chip_with(Habits(extended=False), DG2=body(5000))

    assert reader_of(chip, EXTENDED_READ).read(File.DG2) == chip.files["DG2"]


def test_progress_counts_bytes_to_the_whole() -> None:
    chip = chip_with(DG2=body(1000))
    seen: list[Report] = []

    reader = reader_of(chip, seen=seen)
    reader.read(File.DG2)

    size = len(chip.files["DG2"])
    assert [file for file, _, _ in seen] == [File.DG2] * len(seen)
    assert [done for _, done, _ in seen] == sorted({done for _, done, _ in seen})
    assert seen[-1] == (File.DG2, size, size)
    assert reader.bytes_read == size


def test_a_file_that_was_begun_is_gone_on_with() -> None:
    chip = chip_with(DG2=body(3000))
    reader = reader_of(chip)
    begun = chip.files["DG2"][:2500]

    assert reader.read(File.DG2, begun) == chip.files["DG2"]
    assert reader.bytes_read < 600


def test_a_file_that_begins_otherwise_is_read_anew() -> None:
    chip = chip_with(DG2=body(3000))

    assert reader_of(chip).read(File.DG2, bytes(2500)) == chip.files["DG2"]


def test_a_session_that_breaks_again_and_again_is_a_trouble() -> None:
    chip = chip_with(DG2=body(3000))
    answers = chip.transmit

    def forgetful(apdu: bytes) -> bytes:
        return b"\x69\x88" if apdu[1] == 0xB0 else answers(apdu)

    chip.transmit = forgetful  # type: ignore[method-assign]

    with pytest.raises(SessionBroken):
        reader_of(chip).read(File.DG2)
    assert chip.commands < 5 * OPENING


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FileMissing) as caught:
        reader_of(chip_with(COM=body(18, 0x60))).read(File.DG15)

    assert caught.value.facts == {"file": "DG15", "sw": "6A82"}


@pytest.mark.parametrize(
    "content",
    [
        b"\x61\x10" + bytes(16),  # another file's tag
        b"\x75\x83\x10\x00\x00" + bytes(50),  # a megabyte claimed
        b"\x75\x84\x7f\xff\xff\xff" + bytes(50),
        b"\x75\x80\x00\x00" + bytes(50),  # endless form
        b"\x75\x82\x0f\xff" + bytes(100),  # more claimed than there is
        b"\x7f\xff\xff\xff\xff\xff\xff\xff",  # endless tag
        b"\x75",
    ],
)
def test_a_file_that_lies_about_itself_is_refused(content: bytes) -> None:
    chip = chip_with(DG2=content)

    with pytest.raises((FileMalformed, FileMissing)):
        reader_of(chip).read(File.DG2)
    assert chip.commands < 20


class Endless:
    """A chip that answers every read with one byte, forever."""

    def __init__(self, inner: PassportChip) -> None:
        self.inner = inner
        self.broken = False

    def transmit(self, apdu: bytes) -> bytes:
        command = CommandApdu.parse(apdu)
        if command.p1 & 0x80:
            return b"\x75\x82\x10\x00" + b"\x90\x00"
        return b"\x90\x00"


def test_a_chip_that_gives_nothing_is_not_asked_forever() -> None:
    chip = Endless(chip_with())
    reader = FileReader(chip, lambda: chip, ReadLength(), lambda *_: None)  # type: ignore[arg-type]

    with pytest.raises(FileMalformed):
        reader.read(File.DG2)


class Crumbs:
    """A chip that gives sixteen bytes at a time of a file as large as is taken."""

    broken = False
    commands = 0

    def transmit(self, apdu: bytes) -> bytes:
        self.commands += 1
        command = CommandApdu.parse(apdu)
        if command.p1 & 0x80:
            return tlv.encode(0x75, bytes(File.DG2.limit - 8))[:16] + b"\x90\x00"
        data = bytes(16) if command.ins == 0xB0 else tlv.encode(0x53, bytes(16))
        return data + b"\x90\x00"


def test_a_chip_that_gives_crumbs_is_left() -> None:
    chip = Crumbs()
    reader = FileReader(chip, lambda: chip, ReadLength(), lambda *_: None)

    with pytest.raises(DataEndless):
        reader.read(File.DG2)
    assert chip.commands < 2_600


def test_a_chip_that_gives_a_byte_at_a_time_is_not_heard_out() -> None:
    """A quarter of a megabyte so would take the best part of an hour."""
    chip = chip_with(DG2=body(200_000))
    given = chip._system.read
    chip._system.read = lambda command, *, access: given(  # type: ignore[method-assign]
        replace(command, le=8 if command.p1 & 0x80 else 1), access=access
    )

    with pytest.raises(FileMalformed):
        reader_of(chip).read(File.DG2)
    assert chip.commands < 20


class Refusing:
    """A chip that ends the session at whatever is asked."""

    broken = True

    def transmit(self, apdu: bytes) -> bytes:
        return StatusWord.WRONG_LENGTH.to_bytes(2)


def test_a_chip_that_takes_no_length_is_left() -> None:
    chip = Refusing()
    reader = FileReader(chip, lambda: chip, ReadLength(), lambda *_: None)  # type: ignore[arg-type]

    with pytest.raises(SessionBroken):
        reader.read(File.DG2)


@given(st.binary(max_size=64))
def test_any_beginning_of_a_file_is_read_or_refused(content: bytes) -> None:
    chip = chip_with(DG2=content)
    reader = reader_of(chip)

    try:
        assert reader.read(File.DG2) == content[: len(content)]
    except (FileMalformed, FileMissing):
        assert chip.commands < 20
