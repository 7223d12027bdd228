"""desk.training.chip_pace: the training chip opens by PACE, and only in the protocol's order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.mrtd import der, files, lds, pace
from desk.mrtd.ciphers import SessionCipher
from desk.mrtd.files import File
from desk.mrtd.mrz import MrzKey
from desk.mrtd.pace import CanKey, Password, ProofWrong
from desk.mrtd.secure_messaging import SecureChannel
from desk.mrtd.security_infos import Mapping, PaceInfo
from desk.mrtd.troubles import AccessRefused, CanRefused, SessionBroken
from desk.training import chip_features, chip_files, csca
from desk.training.chip import PassportChip
from desk.training.chip_features import Features, Keys, PaceOffer

# Doc 9303-11 appendix D.2 and invented digits; the files are invented.
KEY, CAN = MrzKey("L898902C", "690806", "940623"), CanKey("500540")
CONTENTS = {"COM": chip_files.com([1, 2])}
GENERIC, MAPPING = PaceOffer(), PaceOffer(Mapping.CHIP_AUTHENTICATION)
INTEGRATED = PaceOffer(Mapping.INTEGRATED, SessionCipher.AES_256)
OFFERS = (
    GENERIC,
    INTEGRATED,
    MAPPING,
    PaceOffer(Mapping.GENERIC, SessionCipher.TRIPLE_DES, 12),
    PaceOffer(Mapping.INTEGRATED, SessionCipher.TRIPLE_DES, 0),
    PaceOffer(Mapping.GENERIC, SessionCipher.AES_192, 2),
    PaceOffer(Mapping.CHIP_AUTHENTICATION, SessionCipher.AES_256, 18),
)


def chip_of(*offers: PaceOffer, bac: bool = False) -> PassportChip:
    features = Features(bac=bac, pace=offers)
    root = {"CardAccess": chip_features.card_access(features)}
    keys = Keys.draw(features)
    return PassportChip(CONTENTS, KEY, keys=keys, root=root, bac=bac, can=CAN.digits)


def info_of(chip: PassportChip, number: int = 0) -> PaceInfo:
    return lds.parse_card_access(chip.root["CardAccess"]).pace[number]


def sent(chip: PassportChip, command: CommandApdu) -> ResponseApdu:
    return ResponseApdu.parse(chip.transmit(command.encode()))


def choose(chip: PassportChip, info: PaceInfo, *objects: bytes) -> int:
    """MSE:Set AT with these data objects, or with those that it takes."""
    usual = (tlv.encode(0x80, der.object_id(info.oid)), b"\x83\x01\x01")
    return sent(chip, CommandApdu(0x00, 0x22, 0xC1, 0xA4, b"".join(objects or usual))).sw


def step(chip: PassportChip, data: bytes = b"", *, last: bool = False) -> ResponseApdu:
    cla = 0x00 if last else 0x10
    return sent(chip, CommandApdu(cla, 0x86, 0, 0, tlv.encode(0x7C, data), le=256))


@pytest.mark.parametrize("password", [KEY, CAN], ids=["zone", "number"])
@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: str(offer.oid))
def test_the_chip_opens_in_every_mapping(offer: PaceOffer, password: Password) -> None:
    chip = chip_of(offer)

    opened = pace.open_session(chip, info_of(chip), password)

    channel = SecureChannel(chip, opened.messaging)
    assert files.select_application(channel).sw == 0x9000
    read = CommandApdu(0x00, 0xB0, 0x80 | File.COM.short_id, 0, le=100)
    assert ResponseApdu.parse(channel.transmit(read.encode())).data == CONTENTS["COM"]


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: str(offer.oid))
def test_a_wrong_password_is_refused_and_the_next_try_counts(offer: PaceOffer) -> None:
    chip = chip_of(offer)
    info = info_of(chip)

    with pytest.raises(AccessRefused):
        pace.open_session(chip, info, MrzKey("L898902D", "690806", "940623"))
    with pytest.raises(CanRefused):
        pace.open_session(chip, info, CanKey("500541"))

    assert pace.open_session(chip, info, KEY).info is info


def test_only_the_chip_that_holds_the_key_proves_it() -> None:
    """Mapping data of a copy open the session all the same, and prove nothing."""
    country = csca.create(datetime(2026, 11, 22, tzinfo=UTC))
    features = Features(pace=(MAPPING,))
    keys = Keys.draw(features)
    root = country.root_files(features, keys)
    chip = PassportChip(CONTENTS, KEY, keys=keys, root=root)
    _, signed = lds.parse_card_security(root["CardSecurity"])

    genuine = pace.open_session(chip, info_of(chip), KEY).proof
    copied = pace.open_session(chip.copied(), info_of(chip), KEY).proof

    assert genuine is not None
    assert copied is not None
    genuine.verify(signed)
    with pytest.raises(ProofWrong):
        copied.verify(signed)


def test_nothing_is_read_before_the_session() -> None:
    chip = chip_of(GENERIC)

    assert files.select_application(chip).sw == 0x9000
    assert sent(chip, CommandApdu(0x00, 0xB0, 0x9E, 0, le=10)).sw == 0x6982
    assert sent(chip, CommandApdu(0x00, 0x84, 0, 0, le=8)).sw == 0x6D00


@pytest.mark.parametrize(
    ("objects", "sw"),
    [
        ((b"\x80\x01\x05", b"\x83\x01\x01"), 0x6A88),
        ((b"\x83\x01\x01",), 0x6A80),
        ((b"\x80\x01\x85", b"\x83\x01\x01"), 0x6A80),
        ((b"\x80\x7f",), 0x6A80),
    ],
)
def test_what_the_chip_cannot_choose(objects: tuple[bytes, ...], sw: int) -> None:
    chip = chip_of(GENERIC)

    assert choose(chip, info_of(chip), *objects) == sw
    assert step(chip).sw == 0x6985


def test_a_password_that_the_chip_has_not() -> None:
    chip = chip_of(GENERIC)
    protocol = tlv.encode(0x80, der.object_id(info_of(chip).oid))

    assert choose(chip, info_of(chip), protocol, b"\x83\x01\x03") == 0x6A88
    assert choose(chip, info_of(chip), protocol, b"\x83\x01\x02") == 0x9000


def test_a_choice_of_groups_must_be_made() -> None:
    chip = chip_of(GENERIC, PaceOffer(parameter_id=12))
    info = info_of(chip)
    protocol = tlv.encode(0x80, der.object_id(info.oid))

    assert choose(chip, info, protocol, b"\x83\x01\x01") == 0x6A88
    assert choose(chip, info, protocol, b"\x83\x01\x01", b"\x84\x01\x0c") == 0x9000
    assert choose(chip, info, protocol, b"\x83\x01\x01", b"\x84\x01\x0e") == 0x6A88
    assert pace.open_session(chip, info, KEY).info.several


def test_steps_out_of_their_turn_end_the_run() -> None:
    chip = chip_of(GENERIC)
    info = info_of(chip)
    base = tlv.encode(0x81, info.domain.public_key(5) if info.domain else b"")

    assert step(chip).sw == 0x6985  # before the choice
    for early in (base, tlv.encode(0x83, b"\x04"), tlv.encode(0x85, bytes(8))):
        assert choose(chip, info) == 0x9000
        assert step(chip, early).sw == 0x6985
        assert step(chip).sw == 0x6985  # the run is over
    assert choose(chip, info) == 0x9000
    assert step(chip).sw == 0x9000
    assert step(chip).sw == 0x6985  # the nonce is given once


@pytest.mark.parametrize(
    "key", [b"", b"\x00", b"\x04" * 65, b"\x02" * 33], ids=["none", "infinity", "off", "short"]
)
def test_keys_that_are_no_points_are_refused(key: bytes) -> None:
    chip = chip_of(GENERIC)
    choose(chip, info_of(chip))
    step(chip)

    assert step(chip, tlv.encode(0x81, key)).sw == 0x6A80


@pytest.mark.parametrize("length", [0, 1, 16, 31, 33])
def test_a_mapping_nonce_of_another_length_is_refused(length: int) -> None:
    chip = chip_of(INTEGRATED)
    choose(chip, info_of(chip))
    step(chip)

    assert step(chip, tlv.encode(0x81, bytes(length))).sw == 0x6A80


def test_a_token_does_not_serve_twice() -> None:
    """What opened one session is refused by the next, whose keys are others."""
    recorded: list[bytes] = []

    class Recorder:
        def transmit(self, apdu: bytes) -> bytes:
            recorded.append(apdu)
            return chip.transmit(apdu)

    chip = chip_of(GENERIC)
    pace.open_session(Recorder(), info_of(chip), KEY)

    answers = [ResponseApdu.parse(chip.transmit(apdu)).sw for apdu in recorded]

    assert answers == [0x9000, 0x9000, 0x9000, 0x9000, 0x6300]


def test_a_command_in_the_clear_ends_the_session() -> None:
    chip = chip_of(GENERIC)
    channel = SecureChannel(chip, pace.open_session(chip, info_of(chip), KEY).messaging)

    assert sent(chip, CommandApdu(0x00, 0xB0, 0x9C, 0, le=8)).sw == 0x9000  # EF.CardAccess

    assert channel.transmit(CommandApdu(0x00, 0xB0, 0x9C, 0, le=8).encode()) == b"\x69\x87"
    with pytest.raises(SessionBroken):
        files.select_application(channel)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0x81, 0x83, 0x85, 0x80]), st.binary(max_size=70), st.booleans()),
        max_size=5,
    ),
    st.sampled_from([GENERIC, INTEGRATED]),
)
def test_any_steps_get_a_status_word(
    steps: list[tuple[int, bytes, bool]], offer: PaceOffer
) -> None:
    chip = chip_of(offer)
    choose(chip, info_of(chip))
    step(chip)

    for tag, value, whole in steps:
        answer = step(chip, tlv.encode(tag, value) if whole else value)
        assert answer.sw >> 8 in (0x63, 0x69, 0x6A, 0x90)
