"""What holds for every session and every chip, whatever its keys, contents and habits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.mrtd import bac, files
from desk.mrtd.ciphers import AesSuite, CipherSuite, TripleDesSuite
from desk.mrtd.files import File, FileReader
from desk.mrtd.lengths import EXTENDED_READ, SHORT_READ, ReadLength
from desk.mrtd.mrz import MrzKey
from desk.mrtd.secure_messaging import SecureChannel, SecureMessaging
from desk.mrtd.troubles import SessionBroken
from desk.training.chip import Habits, PassportChip

KEY = MrzKey("L898902C", "690806", "940623")  # Doc 9303-11 appendix D.2
KEYS = st.binary(min_size=16, max_size=16)
SUITES = st.one_of(
    st.builds(TripleDesSuite, KEYS, KEYS),
    *(
        st.builds(AesSuite, st.binary(min_size=n, max_size=n), st.binary(min_size=n, max_size=n))
        for n in (16, 24, 32)
    ),
)
CONTENTS = st.binary(max_size=300)
INSTRUCTIONS = st.sampled_from([0xA4, 0xB0, 0xB1])


def reordered(sealed: bytes, data: st.DataObject) -> bytes:
    """Objects left out, repeated, swapped, or something put between them."""
    objects = [item.raw for item in tlv.parse(sealed)]
    place = data.draw(st.integers(0, len(objects) - 1))
    how = data.draw(st.sampled_from(["leave out", "repeat", "swap", "insert"]))
    if how == "leave out":
        del objects[place]
    elif how == "repeat":
        objects.insert(place, objects[place])
    elif how == "swap":
        other = data.draw(st.integers(0, len(objects) - 1))
        objects[place], objects[other] = objects[other], objects[place]
    else:
        objects.insert(place, tlv.encode(data.draw(st.sampled_from([0x85, 0x97, 0x99, 0x80])), b""))
    return b"".join(objects)


def rewritten(sealed: bytes, data: st.DataObject) -> bytes:
    """Some bytes taken out and others put in their place."""
    start = data.draw(st.integers(0, len(sealed)))
    end = data.draw(st.integers(start, min(len(sealed), start + 12)))
    return sealed[:start] + data.draw(st.binary(max_size=12)) + sealed[end:]


ALTERATIONS = st.sampled_from([reordered, rewritten])


@given(SUITES, CONTENTS, INSTRUCTIONS, ALTERATIONS, st.data())
def test_an_answer_altered_on_its_way_is_refused(
    suite: CipherSuite, content: bytes, ins: int, alter: object, data: st.DataObject
) -> None:
    chip, terminal = SecureMessaging(suite), SecureMessaging(suite)
    sealed = chip.protect_response(ResponseApdu(content, 0x9000), ins).data
    altered = alter(sealed, data)  # type: ignore[operator]
    if altered == sealed:
        return

    with pytest.raises(SessionBroken):
        terminal.unprotect(ResponseApdu(altered, 0x9000))


@given(SUITES, CONTENTS, INSTRUCTIONS, ALTERATIONS, st.data())
def test_a_command_altered_on_its_way_is_refused(
    suite: CipherSuite, content: bytes, ins: int, alter: object, data: st.DataObject
) -> None:
    chip, terminal = SecureMessaging(suite), SecureMessaging(suite)
    sealed = terminal.protect(CommandApdu(0x00, ins, 0x02, 0x0C, content, 256))
    altered = replace(sealed, data=alter(sealed.data, data))  # type: ignore[operator]
    if altered == sealed:
        return

    with pytest.raises(SessionBroken):
        chip.unprotect_command(altered)


@given(SUITES, CONTENTS, st.integers(0, 3), st.integers(1, 255))
def test_a_header_altered_on_its_way_is_refused(
    suite: CipherSuite, content: bytes, place: int, change: int
) -> None:
    chip, terminal = SecureMessaging(suite), SecureMessaging(suite)
    sealed = terminal.protect(CommandApdu(0x00, 0xB0, 0x02, 0x0C, content, 256))
    header = bytearray(sealed.header)
    header[place] ^= change
    cla, ins, p1, p2 = header

    with pytest.raises(SessionBroken):
        chip.unprotect_command(replace(sealed, cla=cla, ins=ins, p1=p1, p2=p2))


@given(SUITES, st.lists(CONTENTS, min_size=2, max_size=5), st.data())
def test_answers_come_in_their_order_or_not_at_all(
    suite: CipherSuite, contents: list[bytes], data: st.DataObject
) -> None:
    """None left out, none twice, none before its time, none from the other direction."""
    chip, terminal = SecureMessaging(suite), SecureMessaging(suite)
    answers = []
    for content in contents:
        sent = terminal.protect(CommandApdu(0x00, 0xB0, 0, 0, le=256))
        chip.unprotect_command(sent)
        answers.append(chip.protect_response(ResponseApdu(content, 0x9000)))
        assert terminal.unprotect(answers[-1]).data == content
    late = data.draw(st.sampled_from(answers))
    terminal.protect(CommandApdu(0x00, 0xB0, 0, 0, le=256))

    with pytest.raises(SessionBroken):
        terminal.unprotect(late)


HABITS = st.builds(
    Habits,
    extended=st.booleans(),
    max_read=st.one_of(st.integers(32, 260), st.integers(261, 65_536)),
    refusal=st.sampled_from([0x6700, 0x6C00]),
    ends_session=st.booleans(),
    past_end=st.sampled_from([0x6282, 0x9000, 0x6B00, 0x6700]),
    short_ids=st.booleans(),
)
SIZES = st.one_of(st.integers(6, 600), st.integers(601, 9_000), st.integers(32_600, 33_500))


@settings(deadline=None, max_examples=40)
@given(HABITS, SIZES, st.integers(6, 400), st.sampled_from([SHORT_READ, EXTENDED_READ]))
def test_every_chip_is_read_to_its_last_byte(
    habits: Habits, size: int, small: int, ceiling: int
) -> None:
    contents = {
        "COM": tlv.encode(0x60, bytes(small)),
        "DG2": tlv.encode(0x75, bytes(i * 7 % 251 for i in range(size))),
    }
    chip = PassportChip(contents, KEY, habits)

    def opened() -> SecureChannel:
        files.select_application(chip)
        return SecureChannel(chip, bac.open_session(chip, KEY))

    reader = FileReader(opened(), opened, ReadLength(ceiling), lambda *_: None)

    assert reader.read(File.COM) == contents["COM"]
    assert reader.read(File.DG2) == contents["DG2"]
