"""desk.mrtd.reading: whatever fails at whatever command, it heals or has a name."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.cards.troubles import CardReset, ReaderGone
from desk.mrtd.access import Access, WithoutPace
from desk.mrtd.kept import Kept
from desk.mrtd.mrz import MrzKey
from desk.mrtd.reading import ChipReader, ReadPhase
from desk.mrtd.troubles import AccessRefused, ChipLost, ChipMoved, ChipSwapped
from desk.training.chip import Habits, PassportChip
from desk.training.chip_features import Features
from desk.trouble import Trouble
from tests.mrtd.conftest import LINES, picture
from tests.mrtd.reading_kit import (
    BY_BAC,
    BY_MAPPING,
    BY_PACE,
    GONE,
    KEY,
    LOST,
    SHORT,
    STATUS_WORDS,
    Fault,
    FaultyChip,
    Passport,
    ShortReader,
    Spy,
    Tilted,
    country,
    fetch,
    passport_of,
    proven,
)


def outcome_of(passport: Passport, at: int, fault: Fault, *, after: bool) -> str:
    """«same» as without the fault, else the way it was opened or the trouble's code.

    After a trouble the next attempt must bring everything, out of what was kept and not.
    """
    chip, kept = passport.chip, Kept()
    faulty = FaultyChip(chip, at, fault, after)
    try:
        content = fetch(chip, faulty, kept=kept)
    except Trouble as trouble:
        for remembered in (kept, None):
            again = fetch(chip, chip, kept=remembered)
            assert (again.files, proven(again)) == (
                passport.content.files,
                proven(passport.content),
            )
        return trouble.code
    assert kept.is_empty
    assert content.groups == passport.content.groups
    assert content.absent == frozenset()
    opening = content.opening
    if opening.access is passport.content.opening.access:
        assert proven(content) == proven(passport.content)
        assert content.files == passport.content.files
        return "same"
    assert proven(content)[2] == proven(passport.content)[2]
    return f"{opening.access} {opening.without_pace}"


def outcomes(
    passport: Passport, faults: list[Fault], first: int = 0, last: int | None = None
) -> dict[tuple[int, Fault], str]:
    """By command and fault. Whether the chip did as asked alternates: each is met at each
    command and with each fault."""
    places = range(first, passport.commands if last is None else last)
    return {
        (at, fault): outcome_of(passport, at, fault, after=(at + number) % 2 == 1)
        for at, (number, fault) in product(places, enumerate(faults))
    }


def test_every_fault_of_a_chip_with_basic_access() -> None:
    passport = passport_of(BY_BAC)

    found = outcomes(passport, [*STATUS_WORDS, LOST, SHORT])

    named = {code for code in found.values() if code != "same"}
    assert named == {"CHIP-02", "CHIP-03", "CHIP-08"}
    # Only the three commands of opening have anything to refuse.
    troubled = {at for (at, _), code in found.items() if code != "same"}
    assert len(troubled) == 3
    # An answer that is lost or cut short always heals.
    assert {code for (_, fault), code in found.items() if fault in (LOST, SHORT)} == {"same"}


def test_faults_of_a_chip_with_pace_and_every_proof() -> None:
    passport = passport_of(BY_PACE)

    found = outcomes(passport, [0x6300, 0x6982, 0x6A82, LOST])

    other = {code for code in found.values() if code != "same"}
    assert other == {"CHIP-02", f"{Access.BAC} {WithoutPace.REFUSED}"}
    # One command alone can be taken for a wrong password: the last of PACE.
    stepped_down = {at for (at, _), code in found.items() if code.startswith("BAC")}
    assert len(stepped_down) == 1


def test_faults_of_a_chip_with_chip_authentication_mapping() -> None:
    passport = passport_of(BY_MAPPING)

    found = outcomes(passport, [0x6300, 0x6A82, LOST])

    assert {code for code in found.values() if code != "same"} == {"CHIP-02", "CHIP-03"}


@pytest.mark.parametrize("features", [BY_BAC, BY_PACE])
def test_a_chip_pulled_at_any_command(features: Features) -> None:
    passport = passport_of(features)

    assert set(outcomes(passport, [GONE]).values()) == {"CHIP-01"}


def test_a_reset_by_another_program_keeps_its_own_name() -> None:
    passport = passport_of(BY_BAC)

    assert set(outcomes(passport, [CardReset]).values()) == {CardReset.code}
    assert set(outcomes(passport, [ReaderGone], last=3).values()) == {ReaderGone.code}


def test_moved_is_another_trouble_than_pulled() -> None:
    passport = passport_of(BY_BAC)

    with pytest.raises(ChipMoved) as caught:
        fetch(passport.chip, Tilted(passport.chip, 10))

    assert caught.value.code == "CHIP-09"
    assert caught.value.facts["phase"] in set(ReadPhase)


def test_the_next_attempt_goes_on_from_there() -> None:
    chip = country().personalise(LINES, picture(), features=BY_BAC, habits=Habits(extended=False))
    whole = Tilted(chip, 10_000)
    content = fetch(chip, whole)
    kept = Kept()
    with pytest.raises(ChipLost):
        fetch(chip, Tilted(chip, whole.commands - 3, GONE), kept=kept)
    rest = Tilted(chip, 10_000)

    assert fetch(chip, rest, kept=kept).files == content.files
    assert rest.commands < whole.commands / 3


def test_a_signed_list_with_a_hash_of_no_length_keeps_nothing() -> None:
    """SHAKE-128 is an algorithm to ASN.1 and no digest to the desk."""
    passport, kept = passport_of(BY_BAC), Kept()
    sha256, shake128 = (bytes.fromhex(f"60864801650304020{n}") for n in "1b")
    chip = passport.chip.with_files(SOD=passport.chip.files["SOD"].replace(sha256, shake128))
    with pytest.raises(ChipLost):
        fetch(chip, Tilted(chip, passport.commands - 1, GONE), kept=kept)

    assert fetch(chip, chip, kept=kept).files == chip.files


def test_another_passport_in_its_place() -> None:
    passport, other = passport_of(BY_BAC), passport_of(BY_PACE)
    kept = Kept()
    with pytest.raises(ChipLost):
        fetch(passport.chip, Tilted(passport.chip, passport.commands - 1, GONE), kept=kept)

    with pytest.raises(ChipSwapped):
        fetch(other.chip, other.chip, kept=kept)

    assert fetch(other.chip, other.chip, kept=kept).files == other.content.files


def test_a_passport_that_no_longer_opens_is_another() -> None:
    passport, kept = passport_of(BY_BAC), Kept()
    with pytest.raises(ChipLost):
        fetch(passport.chip, Tilted(passport.chip, passport.commands - 1, GONE), kept=kept)
    strange = PassportChip(passport.chip.files, MrzKey("M999A9999", "910314", "330502"))

    with pytest.raises(ChipSwapped):
        fetch(strange, strange, kept=kept)
    with pytest.raises(AccessRefused):
        fetch(strange, strange, kept=kept)


def test_a_reader_that_takes_no_extended_lengths_is_read_through() -> None:
    """Long commands get lost on the way, each of them; short ones come through."""
    passport = passport_of(BY_BAC)

    content = fetch(passport.chip, ShortReader(passport.chip))

    assert content.files == passport.content.files


def test_the_limit_in_the_chips_file_is_kept() -> None:
    features = Features(chip_authentication=(), lengths=(1000, 600))
    chip = country().personalise(LINES, picture(), features=features)
    spy = Spy(chip)

    ChipReader(spy, KEY, lambda _: None).read()

    assert 256 < max(spy.answers) <= 600


def test_nothing_is_asked_twice_and_nothing_beyond_a_files_end() -> None:
    """Opening, one read a small file, and what the size of DG2 demands."""
    passport = passport_of(BY_PACE)

    # EF.CardAccess, five of PACE, SELECT, COM, SOD, DG1, DG14, two of chip authentication,
    # DG15, one of active authentication, DG2.
    assert passport.commands == 16


HABITS = st.builds(
    Habits,
    extended=st.booleans(),
    max_read=st.sampled_from([65_536, 300, 200, 112, 40]),
    refusal=st.sampled_from([0x6700, 0x6C00]),
    ends_session=st.booleans(),
    past_end=st.sampled_from([0x6282, 0x9000, 0x6B00, 0x6700]),
    short_ids=st.booleans(),
    chained_reads=st.booleans(),
)


@settings(max_examples=40)
@given(HABITS, st.sampled_from([BY_BAC, BY_BAC, BY_BAC, BY_PACE, BY_MAPPING]), st.booleans())
def test_every_chip_is_read_whole_and_proven_whatever_its_habits(
    habits: Habits, features: Features, tells: bool
) -> None:
    passport = passport_of(features)
    chip = passport.chip.with_habits()
    chip.habits = habits

    content = ChipReader(chip, KEY, lambda _: None, chip.atr if tells else b"").read()

    assert content.files == passport.content.files
    assert proven(content) == proven(passport.content)
    assert content.opening.access is passport.content.opening.access
