"""desk.mrtd.reading: whatever fails at whatever command, it heals or has a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product

import pytest

from desk.cards.troubles import CardReset, ReaderGone
from desk.iso7816.apdu import CommandApdu
from desk.iso7816.connection import CardConnection
from desk.iso7816.troubles import TransportFailed
from desk.mrtd.access import Access, WithoutPace
from desk.mrtd.anchors import AnchorSet
from desk.mrtd.kept import Kept
from desk.mrtd.mrz import Mrz, MrzKey
from desk.mrtd.pace_steps import CanKey, Password
from desk.mrtd.reader import PassportReading, read_passport
from desk.mrtd.reading import ChipContent, ChipReader, ReadPhase
from desk.mrtd.results import Result
from desk.mrtd.security_infos import Mapping
from desk.mrtd.troubles import (
    AccessNotOffered,
    AccessRefused,
    CanNotTaken,
    CanRefused,
    ChipLost,
    ChipMoved,
    ChipSwapped,
)
from desk.training.chip import Habits, PassportChip
from desk.training.chip_features import ActiveOffer, ChipKeyOffer, Features, PaceOffer
from desk.training.csca import TrainingCsca
from desk.trouble import Trouble
from tests.mrtd.conftest import LINES, NOW, picture
from tests.mrtd.faults import GONE, LOST, SHORT, STATUS_WORDS, Fault, FaultyChip

# The cheapest group of Doc 9303-11 (secp192r1), since nothing here is about groups.
CURVE = 8
CAN = "123456"
BY_BAC = Features(chip_authentication=(), active=ActiveOffer(), lengths=(4096, 4096))
BY_PACE = Features(
    pace=(PaceOffer(parameter_id=CURVE),),
    chip_authentication=(ChipKeyOffer(parameter_id=CURVE),),
    active=ActiveOffer(),
    can=CAN,
)
BY_MAPPING = Features(
    pace=(PaceOffer(Mapping.CHIP_AUTHENTICATION, parameter_id=CURVE),),
    chip_authentication=(),
    bac=False,
)


@dataclass(frozen=True)
class Passport:
    """A chip with its key and what it gives when nothing fails."""

    chip: PassportChip
    key: MrzKey
    content: ChipContent
    commands: int


@pytest.fixture(scope="module")
def passport_of(country: TrainingCsca, holder: Mrz) -> Made:
    small = picture(width=60, height=80)

    @cache
    def made(features: Features) -> Passport:
        chip = country.personalise(LINES, small, features=features)
        content = fetch(chip, chip, holder.key)
        return Passport(chip, holder.key, content, chip.commands)

    return made


def fetch(
    chip: PassportChip,
    connection: CardConnection,
    key: Password,
    kept: Kept | None = None,
) -> ChipContent:
    return ChipReader(connection, key, lambda _: None, chip.atr, kept).read()


def proven(content: ChipContent) -> tuple[bool, bool, bool]:
    """What the chip proved: chip authentication, its mapping, active authentication."""
    attempt, answer = content.chip_authentication, content.active_authentication
    return (
        attempt is not None and attempt.is_confirmed,
        bool(content.opening.proofs),
        answer is not None and answer.sw == 0x9000,
    )


def outcome_of(passport: Passport, at: int, fault: Fault, *, after: bool) -> str:
    """«same» as without the fault, else the way it was opened or the trouble's code.

    After a trouble the next attempt must bring everything, out of what was kept and not.
    """
    chip, kept = passport.chip, Kept()
    chip.reset()
    faulty = FaultyChip(chip, at, fault, after)
    try:
        content = fetch(chip, faulty, passport.key, kept)
    except Trouble as trouble:
        for remembered in (kept, None):
            chip.reset()
            again = fetch(chip, chip, passport.key, remembered)
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


class TestEveryFault:
    """Exhaustive: each command of a reading, each status word, and an answer lost."""

    def test_of_a_chip_with_basic_access(self, passport_of: Made) -> None:
        passport = passport_of(BY_BAC)

        found = outcomes(passport, [*STATUS_WORDS, LOST, SHORT])

        named = {code for code in found.values() if code != "same"}
        assert named == {"CHIP-02", "CHIP-03", "CHIP-08"}
        # Only the three commands of opening have anything to refuse.
        troubled = {at for (at, _), code in found.items() if code != "same"}
        assert len(troubled) == 3
        # An answer that is lost or cut short always heals.
        assert {code for (_, fault), code in found.items() if fault in (LOST, SHORT)} == {"same"}

    def test_of_a_chip_with_pace_and_every_proof(self, passport_of: Made) -> None:
        passport = passport_of(BY_PACE)

        found = outcomes(passport, [0x6300, 0x6982, 0x6A82, LOST])

        other = {code for code in found.values() if code != "same"}
        assert other == {"CHIP-02", f"{Access.BAC} {WithoutPace.REFUSED}"}
        # One command alone can be taken for a wrong password: the last of PACE.
        stepped_down = {at for (at, _), code in found.items() if code.startswith("BAC")}
        assert len(stepped_down) == 1

    def test_of_a_chip_with_chip_authentication_mapping(self, passport_of: Made) -> None:
        passport = passport_of(BY_MAPPING)

        found = outcomes(passport, [0x6300, 0x6A82, LOST])

        assert {code for code in found.values() if code != "same"} == {"CHIP-02", "CHIP-03"}

    @pytest.mark.parametrize("features", [BY_BAC, BY_PACE])
    def test_a_chip_pulled_at_any_command(self, passport_of: Made, features: Features) -> None:
        passport = passport_of(features)

        assert set(outcomes(passport, [GONE]).values()) == {"CHIP-01"}

    def test_a_reset_by_another_program_keeps_its_own_name(self, passport_of: Made) -> None:
        passport = passport_of(BY_BAC)

        assert set(outcomes(passport, [CardReset]).values()) == {CardReset.code}
        assert set(outcomes(passport, [ReaderGone], last=3).values()) == {ReaderGone.code}


class TestAccess:
    def test_pace_is_taken_where_it_is_offered(self, passport_of: Made) -> None:
        opening = passport_of(BY_PACE).content.opening

        assert opening.access is Access.PACE
        assert opening.label == "PACE ECDH-GM AES-128 secp192r1"

    def test_the_access_number_opens_as_well(self, passport_of: Made) -> None:
        chip = passport_of(BY_PACE).chip
        chip.reset()

        content = fetch(chip, chip, CanKey(CAN))

        assert content.opening.by_can
        assert content.files == passport_of(BY_PACE).content.files

    def test_a_wrong_access_number_opens_nothing(self, passport_of: Made) -> None:
        chip = passport_of(BY_PACE).chip
        chip.reset()

        with pytest.raises(CanRefused):
            fetch(chip, chip, CanKey("654321"))

    def test_a_chip_without_pace_takes_no_access_number(self, passport_of: Made) -> None:
        chip = passport_of(BY_BAC).chip
        chip.reset()

        with pytest.raises(CanNotTaken):
            fetch(chip, chip, CanKey(CAN))

    @pytest.mark.parametrize("features", [BY_BAC, BY_PACE, BY_MAPPING])
    def test_a_wrong_zone_opens_nothing(self, passport_of: Made, features: Features) -> None:
        chip = passport_of(features).chip
        chip.reset()

        with pytest.raises(AccessRefused):
            fetch(chip, chip, MrzKey("M999A9999", "910314", "330502"))

    def test_a_chip_that_takes_no_access_at_all(self, country: TrainingCsca) -> None:
        chip = country.personalise(LINES, picture(width=60, height=80), features=BY_BAC)
        closed = PassportChip(chip.files, KEY, root={}, bac=False)

        with pytest.raises(AccessNotOffered):
            fetch(closed, closed, KEY)


class TestStepDown:
    """BAC where there could have been PACE is told, and why."""

    def test_refused_by_the_chip(self, passport_of: Made, judged: Judged) -> None:
        reading = judged(Deaf(passport_of(BY_PACE).chip, ins=0x22))

        assert reading.access == "BAC"
        assert codes(reading)["PACE-04"] is Result.UNDECIDED
        assert reading.overall is Result.UNDECIDED

    def test_hidden_by_the_chip(self, passport_of: Made, judged: Judged) -> None:
        """EF.CardAccess is gone; DG14, which is signed, names PACE all the same."""
        reading = judged(passport_of(BY_PACE).chip.without_root())

        assert codes(reading)["PACE-05"] is Result.UNDECIDED

    def test_unreadable(self, passport_of: Made, judged: Judged) -> None:
        chip = passport_of(BY_PACE).chip.with_habits(root_before_access=False)

        reading = judged(chip)

        assert codes(reading)["PACE-05"] is Result.UNDECIDED

    def test_never_offered(self, passport_of: Made, judged: Judged) -> None:
        reading = judged(passport_of(BY_BAC).chip)

        assert codes(reading)["PACE-03"] is Result.NOT_SUPPORTED
        assert reading.overall is Result.PASSED

    def test_in_no_known_way(self, passport_of: Made, judged: Judged) -> None:
        chip = passport_of(BY_PACE).chip
        # PACE-ECDH-GM-AES-128 with a group that only this issuer knows.
        unknown = bytes.fromhex("31143012060A04007F0007020204020202010202011F")

        reading = judged(chip.with_root(CardAccess=unknown))

        assert codes(reading)["PACE-06"] is Result.NOT_DONE

    def test_an_announcement_that_nobody_signed(self, passport_of: Made, judged: Judged) -> None:
        """The unsigned file offers a weaker cipher than the signed one."""
        chip = passport_of(BY_PACE).chip
        weak = chip.root["CardAccess"].replace(
            bytes.fromhex("04007F00070202040202"), bytes.fromhex("04007F00070202040201")
        )
        assert weak != chip.root["CardAccess"]

        reading = judged(chip.with_root(CardAccess=weak))

        assert reading.access == "PACE"
        assert codes(reading)["PACE-07"] is Result.UNDECIDED

    def test_an_announcement_that_was_signed(self, passport_of: Made, judged: Judged) -> None:
        reading = judged(passport_of(BY_PACE).chip)

        assert codes(reading)["PACE-10"] is Result.PASSED
        assert reading.overall is Result.PASSED


class TestInterrupted:
    def test_moved_is_another_trouble_than_pulled(self, passport_of: Made) -> None:
        passport = passport_of(BY_BAC)
        passport.chip.reset()

        with pytest.raises(ChipMoved) as caught:
            fetch(passport.chip, Tilted(passport.chip, 10), KEY)

        assert caught.value.code == "CHIP-09"
        assert caught.value.facts["phase"] in set(ReadPhase)

    def test_the_next_attempt_goes_on_from_there(self, country: TrainingCsca) -> None:
        chip = country.personalise(LINES, picture(), features=BY_BAC, habits=Habits(extended=False))
        whole = Tilted(chip, 10_000)
        content = fetch(chip, whole, KEY)
        chip.reset()
        kept = Kept()
        with pytest.raises(ChipLost):
            fetch(chip, Tilted(chip, whole.commands - 3, GONE), KEY, kept)
        chip.reset()
        rest = Tilted(chip, 10_000)

        assert fetch(chip, rest, KEY, kept).files == content.files
        assert rest.commands < whole.commands / 3

    def test_a_signed_list_with_a_hash_of_no_length_keeps_nothing(self, passport_of: Made) -> None:
        """SHAKE-128 is an algorithm to ASN.1 and no digest to the desk."""
        passport, kept = passport_of(BY_BAC), Kept()
        sha256, shake128 = (bytes.fromhex(f"60864801650304020{n}") for n in "1b")
        chip = passport.chip.with_files(SOD=passport.chip.files["SOD"].replace(sha256, shake128))
        with pytest.raises(ChipLost):
            fetch(chip, Tilted(chip, passport.commands - 1, GONE), KEY, kept)
        chip.reset()

        assert fetch(chip, chip, KEY, kept).files == chip.files

    def test_another_passport_in_its_place(self, passport_of: Made) -> None:
        passport, other = passport_of(BY_BAC), passport_of(BY_PACE)
        kept = Kept()
        passport.chip.reset()
        with pytest.raises(ChipLost):
            fetch(passport.chip, Tilted(passport.chip, passport.commands - 1, GONE), KEY, kept)
        other.chip.reset()

        with pytest.raises(ChipSwapped):
            fetch(other.chip, other.chip, KEY, kept)

        other.chip.reset()
        assert fetch(other.chip, other.chip, KEY, kept).files == other.content.files

    def test_a_passport_that_no_longer_opens_is_another(
        self, passport_of: Made, country: TrainingCsca
    ) -> None:
        passport, kept = passport_of(BY_BAC), Kept()
        passport.chip.reset()
        with pytest.raises(ChipLost):
            fetch(passport.chip, Tilted(passport.chip, passport.commands - 1, GONE), KEY, kept)
        strange = PassportChip(passport.chip.files, MrzKey("M999A9999", "910314", "330502"))

        with pytest.raises(ChipSwapped):
            fetch(strange, strange, KEY, kept)
        with pytest.raises(AccessRefused):
            fetch(strange, strange, KEY, kept)

    def test_another_zone_lets_go_of_what_was_kept(self, passport_of: Made) -> None:
        passport, kept = passport_of(BY_BAC), Kept()
        passport.chip.reset()
        with pytest.raises(ChipLost):
            fetch(passport.chip, Tilted(passport.chip, passport.commands - 1, GONE), KEY, kept)

        kept.begin(MrzKey("M999A9999", "910314", "330502"))

        assert kept.is_empty
        assert kept.of("DG1") == b""

    def test_what_was_kept_and_is_not_what_was_signed_is_read_again(
        self, passport_of: Made
    ) -> None:
        passport, kept = passport_of(BY_BAC), Kept()
        kept.begin(KEY)
        kept.compare(passport.content.files["SOD"])
        kept.keep({"DG1": b"\x61\x03\x5f\x1f\x00", "DG2": bytes(300)})
        passport.chip.reset()

        content = fetch(passport.chip, passport.chip, KEY, kept)

        assert content.files == passport.content.files

    def test_nothing_personal_shows(self, passport_of: Made) -> None:
        kept = Kept()
        kept.begin(KEY)
        kept.compare(b"sod")
        kept.keep({"DG1": b"KIM", "COM": b"`"})

        assert repr(kept) == "Kept(['DG1'])"


class TestLengths:
    def test_a_reader_that_takes_no_extended_lengths_is_read_through(
        self, passport_of: Made
    ) -> None:
        """Long commands get lost on the way, each of them; short ones come through."""
        passport = passport_of(BY_BAC)
        passport.chip.reset()

        content = fetch(passport.chip, ShortReader(passport.chip), KEY)

        assert content.files == passport.content.files

    def test_the_limit_in_the_chips_file_is_kept(self, country: TrainingCsca) -> None:
        features = Features(chip_authentication=(), lengths=(1000, 600))
        chip = country.personalise(LINES, picture(), features=features)
        spy = Spy(chip)

        ChipReader(spy, KEY, lambda _: None).read()

        assert 256 < max(spy.answers) <= 600

    def test_nothing_is_asked_twice_and_nothing_beyond_a_files_end(self, passport_of: Made) -> None:
        """Opening, one read a small file, and what the size of DG2 demands."""
        passport = passport_of(BY_PACE)

        # EF.CardAccess, five of PACE, SELECT, COM, SOD, DG1, DG14, two of chip authentication,
        # DG15, one of active authentication, DG2.
        assert passport.commands == 16


KEY = MrzKey("M123A4567", "910314", "330502")
Made = Callable[[Features], Passport]
Judged = Callable[[CardConnection], PassportReading]


@pytest.fixture
def judged(holder: Mrz, anchors: AnchorSet) -> Judged:
    def reading(connection: CardConnection) -> PassportReading:
        if isinstance(connection, PassportChip):
            connection.reset()
        return read_passport(connection, KEY, anchors, NOW, typed=holder)

    return reading


def codes(reading: PassportReading) -> dict[str, Result]:
    return {finding.code: finding.result for finding in reading.findings}


class Deaf:
    """A chip that does not know one instruction."""

    def __init__(self, chip: PassportChip, ins: int) -> None:
        chip.reset()
        self._chip, self._ins = chip, ins

    def transmit(self, apdu: bytes) -> bytes:
        clear = not apdu[0] & 0x0C
        return b"\x6d\x00" if clear and apdu[1] == self._ins else self._chip.transmit(apdu)


class Tilted:
    """A chip that answers no more after ``after`` commands."""

    def __init__(
        self, chip: CardConnection, after: int, trouble: type[Exception] = TransportFailed
    ) -> None:
        self._chip, self._after, self._trouble = chip, after, trouble
        self.commands = 0

    def transmit(self, apdu: bytes) -> bytes:
        self.commands += 1
        if self.commands > self._after:
            raise self._trouble
        return self._chip.transmit(apdu)


class ShortReader:
    """A reader that takes no extended length."""

    def __init__(self, chip: PassportChip) -> None:
        self._chip = chip

    def transmit(self, apdu: bytes) -> bytes:
        if CommandApdu.parse(apdu).is_extended:
            self._chip.reset()
            raise TransportFailed
        return self._chip.transmit(apdu)


class Spy:
    """Remembers how long answers were, with their status words."""

    def __init__(self, chip: PassportChip) -> None:
        self._chip = chip
        self.answers: list[int] = []

    def transmit(self, apdu: bytes) -> bytes:
        answer = self._chip.transmit(apdu)
        self.answers.append(len(answer))
        return answer
