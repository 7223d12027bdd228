"""The training chip's protocols, driven by the desk's own terminal and by hand."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.connection import ResponseChaining
from desk.mrtd import (
    active_authentication,
    chip_authentication,
    der,
    details,
    files,
    lds,
    lengths,
    mrz,
    pace,
)
from desk.mrtd.ciphers import SessionCipher
from desk.mrtd.pace_steps import CanKey, Password
from desk.mrtd.reader import PassportReading, read_passport
from desk.mrtd.results import Check, Result
from desk.mrtd.secure_messaging import SecureChannel
from desk.mrtd.security_infos import Mapping
from desk.mrtd.signatures import SignatureWrong
from desk.mrtd.troubles import AccessNotOffered, AccessRefused
from desk.training import csca
from desk.training.chip import Habits, PassportChip
from desk.training.chip_features import (
    MODERN,
    ActiveOffer,
    ChipKeyOffer,
    Features,
    PaceOffer,
)
from desk.training.chip_files import DocumentDetails, PersonalDetails, PersonToNotify
from tests.anchors import trusting

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
COUNTRY = csca.create(NOW, seed=b"protocols")
ANCHORS = trusting(COUNTRY, NOW)
# Invented.
LINES = mrz.compose_td3("PM", "KOR", "KIM", "HANEUL", "M123A4567", "KOR", "910314", "F", "330502")
ZONE = mrz.parse("\n".join(LINES))
CAN = "271828"
DH_1024, SECP521R1 = 0, 18
AES_128, AES_256, TRIPLE_DES = (
    SessionCipher.AES_128,
    SessionCipher.AES_256,
    SessionCipher.TRIPLE_DES,
)


def picture(side: int = 64) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).save(out, "JPEG")
    return out.getvalue()


PICTURE = picture()


def chip(habits: Habits | None = None, **ordered: object) -> PassportChip:
    features = Features(can=CAN, **ordered)  # type: ignore[arg-type]
    return COUNTRY.personalise(LINES, PICTURE, features=features, habits=habits)


def read(passport: PassportChip, key: Password = ZONE.key, *, atr: bool = True) -> PassportReading:
    known = passport.atr if atr else b""
    return read_passport(passport, key, ANCHORS, NOW, typed=ZONE, atr=known)


def opened(passport: PassportChip, key: Password = ZONE.key) -> SecureChannel:
    """A session by PACE, the application selected."""
    info = pace.best(lds.parse_card_access(passport.root["CardAccess"]))
    assert info is not None
    done = pace.open_session(passport, info, key)
    channel = SecureChannel(passport, done.messaging)
    assert files.select_application(channel).sw == 0x9000
    return channel


def sent(connection: object, *command: object, **more: object) -> ResponseApdu:
    made = CommandApdu(*command, **more)  # type: ignore[arg-type]
    return ResponseApdu.parse(connection.transmit(made.encode()))  # type: ignore[attr-defined]


INTEGRATED = PaceOffer(Mapping.INTEGRATED, AES_128, 12)
CA_AES = der.object_id("0.4.0.127.0.7.2.2.3.2.2")
CLOSED = chip(
    pace=(INTEGRATED,),
    active=ActiveOffer(),
    chip_authentication=(ChipKeyOffer(), ChipKeyOffer(TRIPLE_DES)),
)

# --- whole readings ----------------------------------------------------------------------

WAYS = {
    "gm-3des": PaceOffer(Mapping.GENERIC, TRIPLE_DES),
    "gm-aes256": PaceOffer(Mapping.GENERIC, AES_256, SECP521R1),
    "gm-dh": PaceOffer(Mapping.GENERIC, AES_128, DH_1024),
    "im": PaceOffer(Mapping.INTEGRATED),
    "im-dh": PaceOffer(Mapping.INTEGRATED, AES_128, DH_1024),
    "cam": PaceOffer(Mapping.CHIP_AUTHENTICATION),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("key", [ZONE.key, CanKey(CAN)], ids=["mrz", "can"])
def test_a_chip_is_read_by_every_way_of_pace(way: str, key: Password) -> None:
    passport = chip(pace=(WAYS[way],), bac=False)

    reading = read(passport, key)

    assert reading.overall is Result.PASSED
    assert reading.result_of(Check.PACE) is Result.PASSED
    assert reading.result_of(Check.CHIP_AUTHENTICATION) is Result.PASSED
    assert passport.files.items() <= reading.files.items()


@pytest.mark.parametrize(
    "offers",
    [
        (ChipKeyOffer(TRIPLE_DES),),
        (ChipKeyOffer(AES_256, SECP521R1),),
        (ChipKeyOffer(TRIPLE_DES, DH_1024),),
        (ChipKeyOffer(AES_128, DH_1024),),
        (ChipKeyOffer(AES_128, key_id=7), ChipKeyOffer(AES_256, key_id=9)),
    ],
    ids=["3des", "p521", "dh-3des", "dh-aes", "two-keys"],
)
@pytest.mark.parametrize("extended", [True, False], ids=["extended", "short"])
def test_a_chip_proves_itself_by_every_kind_of_key(
    offers: tuple[ChipKeyOffer, ...], extended: bool
) -> None:
    passport = chip(Habits(extended=extended), chip_authentication=offers)

    reading = read(passport)

    assert reading.result_of(Check.CHIP_AUTHENTICATION) is Result.PASSED
    assert reading.overall is Result.PASSED


@pytest.mark.parametrize(
    "offer",
    [
        ActiveOffer(),
        ActiveOffer(der=True, stated=False, hash="sha1"),
        ActiveOffer(bits=1024, hash="sha1"),
        ActiveOffer(bits=2048),
    ],
    ids=["ecdsa", "ecdsa-der", "rsa-sha1", "rsa"],
)
@pytest.mark.parametrize("extended", [True, False], ids=["extended", "short"])
def test_a_chip_signs_by_every_kind_of_key(offer: ActiveOffer, extended: bool) -> None:
    """Without extended lengths the long signatures come in parts."""
    passport = chip(Habits(extended=extended), chip_authentication=(), active=offer)

    reading = read(passport)

    assert reading.result_of(Check.ACTIVE_AUTHENTICATION) is Result.PASSED


def test_a_copy_proves_nothing() -> None:
    passport = chip(pace=(PaceOffer(),), active=ActiveOffer())

    reading = read(passport.copied())

    assert reading.result_of(Check.CHIP_AUTHENTICATION) is Result.FAILED
    assert reading.result_of(Check.ACTIVE_AUTHENTICATION) is Result.FAILED


def test_a_copy_of_a_mapping_chip_opens_and_proves_nothing() -> None:
    passport = chip(pace=(WAYS["cam"],), chip_authentication=())

    assert read(passport).overall is Result.PASSED
    assert read(passport.copied()).overall is Result.FAILED


def test_every_further_group_is_read_back() -> None:
    ordered = Features(
        fingerprints=True,
        signatures=(PICTURE,),
        personal=PersonalDetails(
            name="KIM<<HANEUL", birth="19910314", birthplace="SEOUL", telephone="+1 213 555 0142"
        ),
        document=DocumentDetails(authority="MINISTRY OF FOREIGN AFFAIRS", issued="20230502"),
        optional=b"as the issuer likes",
        notify=(PersonToNotify(recorded="20230502", name="KIM<<BADA", telephone="555 0100"),),
        lengths=(2048, 2048),
    )
    passport = COUNTRY.personalise(LINES, PICTURE, features=ordered)

    reading = read(passport)
    found = details.parse(reading.files)

    assert reading.overall is Result.PASSED
    assert passport.files.keys() - reading.files.keys() == {"DG3"}
    assert found.unreadable == ()
    assert found.signatures == (PICTURE,)
    assert found.optional.endswith(b"as the issuer likes")
    assert found.person is not None and found.person.name == details.Name("KIM", "HANEUL")
    assert str(found.person.birth) == "1991-03-14"
    assert found.document is not None and str(found.document.issued) == "2023-05-02"
    assert [one.name for one in found.notify] == [details.Name("KIM", "BADA")]


def test_the_chip_says_how_much_it_takes() -> None:
    passport = chip(lengths=(1000, 3000))

    capabilities = lengths.of_atr_info(passport.root["ATR"])

    assert capabilities.extended
    assert capabilities.response == 3000


# --- access ------------------------------------------------------------------------------


def test_the_root_is_read_before_access_but_for_what_is_closed() -> None:
    passport = chip(pace=(WAYS["cam"],))

    assert sent(passport, 0, 0xB0, 0x9C, 0, le=200).data == passport.root["CardAccess"]
    assert sent(passport, 0, 0xB0, 0x9D, 0, le=200).sw == 0x6982
    assert sent(passport, 0, 0xA4, 0x02, 0x0C, b"\x01\x1c").sw == 0x9000
    assert sent(passport, 0, 0xB0, 0x00, 0, le=200).data == passport.root["CardAccess"]
    assert sent(passport, 0, 0xA4, 0x02, 0x0C, b"\x01").sw == 0x6700


def test_some_chips_close_the_root_and_files_that_others_may_read() -> None:
    habits = Habits(root_before_access=False, locked=frozenset({"DG14"}))
    passport = chip(habits, pace=(PaceOffer(),))

    assert sent(passport, 0, 0xB0, 0x9C, 0, le=200).sw == 0x6985
    channel = opened(passport)
    assert sent(channel, 0, 0xB0, 0x8E, 0, le=10).sw == 0x6982
    assert sent(channel, 0, 0xB0, 0x81, 0, le=10).sw == 0x9000


def test_the_session_of_pace_outlives_the_selection() -> None:
    channel = opened(chip(pace=(PaceOffer(),)))

    assert sent(channel, 0, 0xA4, 0x00, 0x0C).sw == 0x9000
    assert sent(channel, 0, 0xB0, 0x9C, 0, le=50).sw == 0x6282
    assert files.select_application(channel).sw == 0x9000
    assert sent(channel, 0, 0xB0, 0x9E, 0, le=10).sw == 0x9000


def test_an_issuer_may_drop_bac() -> None:
    passport = chip(bac=False)

    with pytest.raises(AccessNotOffered):
        read(passport)


@pytest.mark.parametrize(
    "wrong", [mrz.MrzKey("M123A4568", "910314", "330502"), CanKey("271829")], ids=["mrz", "can"]
)
def test_a_wrong_password_is_refused_at_the_token(wrong: Password) -> None:
    with pytest.raises(AccessRefused) as caught:
        opened(chip(pace=(PaceOffer(),)), wrong)

    assert caught.value.facts["sw"] == "6300"


def test_a_chip_without_a_number_takes_none() -> None:
    passport = COUNTRY.personalise(LINES, PICTURE, features=MODERN)
    oid = tlv.encode(0x80, der.object_id(PaceOffer().oid))

    assert sent(passport, 0, 0x22, 0xC1, 0xA4, oid + b"\x83\x01\x02").sw == 0x6A88
    assert sent(passport, 0, 0x22, 0xC1, 0xA4, oid + b"\x83\x01\x01").sw == 0x9000


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 0x6A80),
        (b"\x80", 0x6A80),
        (b"\x80\x01\x01\x83\x01\x01", 0x6A88),
        (tlv.encode(0x80, der.object_id(PaceOffer().oid)) + b"\x83\x01\x01\x84\x01\x0c", 0x6A88),
    ],
    ids=["empty", "cut-short", "another-protocol", "another-group"],
)
def test_pace_is_chosen_as_announced_or_not_at_all(data: bytes, status: int) -> None:
    passport = chip(pace=(PaceOffer(),))

    assert sent(passport, 0, 0x22, 0xC1, 0xA4, data).sw == status
    assert sent(passport, 0x10, 0x86, 0, 0, b"\x7c\x00", le=256).sw == 0x6985


def test_of_two_groups_one_must_be_named() -> None:
    passport = chip(pace=(PaceOffer(), PaceOffer(parameter_id=12)))
    data = tlv.encode(0x80, der.object_id(PaceOffer().oid)) + b"\x83\x01\x01"

    assert sent(passport, 0, 0x22, 0xC1, 0xA4, data).sw == 0x6A88
    assert sent(passport, 0, 0x22, 0xC1, 0xA4, data + b"\x84\x01\x0c").sw == 0x9000


def chosen(passport: PassportChip) -> PassportChip:
    """PACE chosen and the nonce given."""
    data = tlv.encode(0x80, der.object_id(PaceOffer().oid)) + b"\x83\x01\x01"
    assert sent(passport, 0, 0x22, 0xC1, 0xA4, data).sw == 0x9000
    assert sent(passport, 0x10, 0x86, 0, 0, b"\x7c\x00", le=256).sw == 0x9000
    return passport


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x7c\x00", 0x6985),
        (tlv.encode(0x7C, tlv.encode(0x83, bytes(65))), 0x6985),
        (tlv.encode(0x7C, tlv.encode(0x85, bytes(8))), 0x6985),
        (tlv.encode(0x7C, tlv.encode(0x81, b"\x04" + bytes(64))), 0x6A80),
        (b"\x30\x00", 0x6A80),
    ],
    ids=["again", "agreement", "token", "no-point", "no-template"],
)
def test_a_step_out_of_turn_ends_the_run(data: bytes, status: int) -> None:
    passport = chosen(chip(pace=(PaceOffer(),)))

    assert sent(passport, 0x10, 0x86, 0, 0, data, le=256).sw == status
    assert sent(passport, 0x10, 0x86, 0, 0, b"\x7c\x00", le=256).sw == 0x6985


def test_a_reset_ends_the_run() -> None:
    passport = chosen(chip(pace=(PaceOffer(),)))

    passport.reset()

    assert sent(passport, 0x10, 0x86, 0, 0, b"\x7c\x00", le=256).sw == 0x6985


# --- proofs ------------------------------------------------------------------------------


def test_proofs_are_given_in_a_session_only() -> None:
    passport = chip(pace=(PaceOffer(),), active=ActiveOffer())
    files.select_application(passport)

    assert sent(passport, 0, 0x88, 0, 0, bytes(8), le=256).sw == 0x6982
    assert sent(passport, 0, 0x22, 0x41, 0xA4, b"\x80\x01\x01").sw == 0x6982
    assert sent(opened(passport), 0, 0x88, 0, 0, bytes(7), le=256).sw == 0x6700


def test_a_signature_fits_its_challenge_alone() -> None:
    passport = chip(pace=(PaceOffer(),), active=ActiveOffer())
    answer = active_authentication.ask_chip(opened(passport))
    key = lds.parse_dg15(passport.files["DG15"])

    assert active_authentication.verify(key, answer) == "ECDSA plain SHA-256"
    with pytest.raises(SignatureWrong):
        active_authentication.verify(key, replace(answer, challenge=bytes(8)))


def test_long_answers_come_in_parts() -> None:
    """An RSA signature of 2048 bits does not fit a short protected answer."""
    passport = chip(Habits(extended=False), pace=(PaceOffer(),), active=ActiveOffer(bits=2048))
    channel = opened(passport)
    protected = channel.messaging.protect(CommandApdu(0, 0x88, 0, 0, bytes(8), 256))

    first = ResponseApdu.parse(passport.transmit(protected.encode()))
    rest = sent(passport, 0x0C, 0xC0, 0, 0, le=first.sw & 0xFF)

    assert first.sw >> 8 == 0x61
    assert rest.sw == 0x9000
    whole = channel.messaging.unprotect(ResponseApdu(first.data + rest.data, rest.sw))
    assert len(whole.data) == 256
    assert sent(passport, 0x0C, 0xC0, 0, 0, le=16).sw == 0x6985


def test_reads_that_do_not_fit_come_in_parts_where_the_chip_does_so() -> None:
    passport = chip(Habits(extended=False, chained_reads=True), pace=(PaceOffer(),))
    inner = ResponseChaining(passport)
    channel = SecureChannel(inner, opened(passport).messaging)

    answer = sent(channel, 0, 0xB0, 0x82, 0, le=256)

    assert answer.sw == 0x9000
    assert answer.data == passport.files["DG2"][:256]


def test_agreement_needs_the_key_that_is_meant() -> None:
    offers = (ChipKeyOffer(key_id=7), ChipKeyOffer(TRIPLE_DES, key_id=9))
    passport = chip(pace=(PaceOffer(),), chip_authentication=offers)
    channel = opened(passport)
    oid = tlv.encode(0x80, der.object_id("0.4.0.127.0.7.2.2.3.2.2"))

    assert sent(channel, 0, 0x22, 0x41, 0xA4, oid + b"\x84\x01\x09").sw == 0x6A88
    assert sent(channel, 0, 0x22, 0x41, 0xA4, b"\x80\x01\x01").sw == 0x6A88
    assert sent(channel, 0, 0x22, 0x81, 0xA4, oid).sw == 0x6A86
    assert sent(channel, 0, 0x22, 0x41, 0xA4, b"\x80").sw == 0x6A80
    assert sent(channel, 0, 0x22, 0x41, 0xA4, b"\x80\x01\x80").sw == 0x6A80
    assert sent(channel, 0, 0x86, 0, 0, b"\x7c\x02\x80\x00", le=256).sw == 0x6A88
    assert sent(channel, 0, 0x22, 0x41, 0xA4, oid + b"\x84\x01\x07").sw == 0x9000
    assert sent(channel, 0, 0x86, 0, 0, b"\x7c\x02\x80\x00", le=256).sw == 0x6300
    assert sent(channel, 0, 0x22, 0x41, 0xA6, b"\x91\x01\x04\x84\x01\x09").sw == 0x6300


def test_the_session_changes_with_the_answer_after_agreement() -> None:
    passport = chip(pace=(PaceOffer(),))
    channel = opened(passport)
    infos = lds.parse_dg14(passport.files["DG14"])

    attempt = chip_authentication.authenticate(channel, infos)

    assert attempt is not None
    assert not attempt.is_confirmed
    assert sent(channel, 0, 0xB0, 0x81, 0, le=10).sw == 0x9000
    assert attempt.is_confirmed


def test_a_chain_without_end_is_refused() -> None:
    passport = chip()
    link = CommandApdu(0x10, 0x22, 0x41, 0xA6, bytes(40_000), extended=True).encode()

    assert passport.transmit(link) == b"\x90\x00"
    assert passport.transmit(link) == b"\x6a\x84"


FIELDS = st.tuples(
    st.sampled_from([0x00, 0x10]),
    st.sampled_from([0x22, 0x82, 0x84, 0x86, 0x88, 0xA4, 0xB0, 0xB1, 0xC0]),
    st.sampled_from([0x00, 0x02, 0x04, 0x41, 0x9C, 0xC1]) | st.integers(0, 255),
    st.sampled_from([0x00, 0x0C, 0xA4, 0xA6]) | st.integers(0, 255),
)
OBJECTS = st.lists(
    st.tuples(
        st.sampled_from([0x54, 0x7C, 0x80, 0x81, 0x83, 0x84, 0x85, 0x91]),
        st.binary(max_size=12)
        | st.sampled_from([der.object_id(INTEGRATED.oid), CA_AES, CA_AES[:-1], b"\x80", b"\x01"]),
    ).map(lambda pair: tlv.encode(*pair)),
    max_size=3,
).map(b"".join)
AIMED = st.sampled_from([(0, 0x22, 0x41, 0xA4), (0, 0x22, 0x41, 0xA6), (0, 0x22, 0xC1, 0xA4)])
COMMANDS = st.lists(
    st.tuples(
        FIELDS | AIMED,
        OBJECTS | OBJECTS.map(lambda inner: tlv.encode(0x7C, inner)) | st.binary(max_size=20),
        st.sampled_from([None, 8, 256]),
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(COMMANDS, st.booleans())
def test_no_command_upsets_the_chip(
    commands: list[tuple[tuple[int, int, int, int], bytes, int | None]], inside: bool
) -> None:
    """In a session as before one: every answer is a status word, never an exception."""
    CLOSED.reset()
    channel = opened(CLOSED) if inside else None
    for header, data, le in commands:
        command = CommandApdu(*header, data, le)
        if channel is not None:
            command = channel.messaging.protect(command)
        assert len(CLOSED.transmit(command.encode())) >= 2
