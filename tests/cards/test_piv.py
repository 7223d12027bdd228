"""The PIV client: against published bytes, and against the training card."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from desk.cards import piv
from desk.cards.certificates import load_certificate, public_key_of, verify_signature
from desk.cards.piv import PivSession
from desk.cards.piv_data import (
    TAG_CHUID,
    Chuid,
    KeyType,
    ManagementAlgorithm,
    Slot,
    point,
)
from desk.cards.troubles import (
    CertificateUnreadable,
    KeyUnusable,
    LastTry,
    ManagementRefused,
    NoSignInCertificate,
    NotOfficerCard,
    PinBlocked,
    PinFormat,
    PinNeeded,
    PinTrouble,
    PukBlocked,
    SignatureMismatch,
    WrongPin,
    WrongPinUncounted,
    WrongPuk,
)
from desk.iso7816 import tlv
from desk.iso7816.troubles import CardAnswered, TlvError
from desk.training.piv_card import TRAINING_MANAGEMENT_KEY, PivCard, generate_key
from tests.cards.issue import PIN, PUK, Recorder, authority, card_with, der, pin, session_with


class Replay:
    """Answers exactly the recorded commands, in their order."""

    def __init__(self, lines: Iterable[tuple[str, str]]) -> None:
        self.lines = list(lines)

    def transmit(self, apdu: bytes) -> bytes:
        command, answer = self.lines.pop(0)
        assert apdu.hex().upper() == command
        return bytes.fromhex(answer)


# Origin of the recorded answers: UART log of a CanoKey driven by yubico-piv-tool 2.0.0, in the
# documentation of the public repository diverta/onecard-fido (folder CCID). The commands are
# written as SP 800-73-4 part 2 has them (SELECT without version, Le present).
SELECT = (
    "00A4040009A0000003080000100000",
    "61114F0600001000010079074F05A0000003089000",
)
WITNESS = ("0087039B047C02800000", "7C0A800896828E7FBC1A57DA9000")
CHALLENGE = "0CCBB094E87BAA60"
RESPONSE = (
    f"0087039B167C148008C6853860C48B4B348108{CHALLENGE}00",
    "7C0A8208232FE03414AA696C9000",
)


def test_recorded_mutual_authentication(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides of the challenge agree with a card of the field (part 2, appendix A.1)."""
    card = Replay([SELECT, WITNESS, RESPONSE])
    monkeypatch.setattr(secrets, "token_bytes", lambda _size: bytes.fromhex(CHALLENGE))
    session = session_with(card)

    session.authenticate_management(TRAINING_MANAGEMENT_KEY, ManagementAlgorithm.TDES)

    assert not card.lines


def test_card_that_cannot_prove_the_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = (RESPONSE[0], "7C0A8208232FE03414AA696D9000")
    monkeypatch.setattr(secrets, "token_bytes", lambda _size: bytes.fromhex(CHALLENGE))
    session = session_with(Replay([SELECT, WITNESS, wrong]))

    with pytest.raises(ManagementRefused):
        session.authenticate_management(TRAINING_MANAGEMENT_KEY, ManagementAlgorithm.TDES)


def test_recorded_chuid_and_tries() -> None:
    chuid = (
        "00CB3FFF055C035FC10200",
        "533B3019D4E739DA739CED39CE739D836858210842108421C84210C3EB34107F0563C809A4CF5E04D618"
        "AF5D67CBE8350832303330303130313E00FE009000",
    )
    no_discovery = ("00CB3FFF035C017E00", "6A82")
    tries = ("00200080", "63C3")
    session = session_with(Replay([SELECT, chuid, no_discovery, tries]))

    found = session.chuid()

    assert found is not None and found.expires == "20300101"
    assert session.tries_left() == 3


def test_verify_has_the_published_form() -> None:
    """VERIFY: the PIN in ASCII, filled up with FF to eight bytes (part 2, 3.2.1 and 2.4.3)."""
    card = Recorder(card_with())
    session = session_with(card)

    session.verify_pin(pin())

    assert card.commands[-1].hex().upper() == "0020008008" + "323436383133FFFF"


@pytest.mark.parametrize("sw", ["6A82", "6D00", "6E00", "6999"])
def test_any_refusal_of_select_means_no_officer_card(sw: str) -> None:
    with pytest.raises(NotOfficerCard):
        session_with(Replay([(SELECT[0], sw)]))


# --- PIN and PUK ------------------------------------------------------------------------


def test_wrong_pin_tells_the_cards_count() -> None:
    card = card_with()
    session = session_with(card)

    with pytest.raises(WrongPin) as caught:
        session.verify_pin(pin("000000"))

    assert caught.value.tries_left == session.tries_left() == card.pin_tries == 2
    assert caught.value.facts == {"tries_left": 2}


NO_DISCOVERY = ("00CB3FFF035C017E00", "6A82")
ASKED, WRONG = "00200080", "0020008008303030303030FFFF"


@pytest.mark.parametrize(
    ("asked", "answered", "again", "left"),
    [
        ("6303", "6302", [], 2),
        ("63C3", "6300", ["63C2"], 2),
        ("63C1", "6300", ["6983"], 0),
    ],
)
def test_count_of_cards_that_tell_it_otherwise(
    asked: str, answered: str, again: list[str], left: int
) -> None:
    """YubiKeys of the NEO kind leave out the C (OpenSC, pull request 531, which takes it so);
    6300, «verification failed», tells no count (ISO/IEC 7816-4, 5.6), and the card is asked."""
    lines = [SELECT, NO_DISCOVERY, (ASKED, asked), (WRONG, answered)]
    card = Replay([*lines, *((ASKED, sw) for sw in again)])

    with pytest.raises(WrongPin if left else PinBlocked) as caught:
        session_with(card).verify_pin(pin("000000"), allow_last_try=True)

    assert not card.lines
    assert not left or caught.value.facts == {"tries_left": left}


def test_wrong_pin_of_a_card_without_a_count_is_a_wrong_pin() -> None:
    """It must count where wrong PINs make a card wait, and must not be tried again by itself."""
    lines = [SELECT, NO_DISCOVERY, (ASKED, "6300"), (WRONG, "6300"), (ASKED, "6300")]

    with pytest.raises(WrongPinUncounted):
        session_with(Replay(lines)).verify_pin(pin("000000"), allow_last_try=True)


def test_last_try_is_asked_for_of_cards_that_tell_it_otherwise() -> None:
    lines = [SELECT, NO_DISCOVERY, (ASKED, "6301")]

    with pytest.raises(LastTry):
        session_with(Replay(lines)).verify_pin(pin())


def test_last_try_is_not_sent_without_consent() -> None:
    """With one try left nothing leaves for the card until the officer has agreed."""
    card = Recorder(card_with())
    session = session_with(card)
    for _ in range(2):
        with pytest.raises(WrongPin):
            session.verify_pin(pin("000000"))
    sent = len([c for c in card.sent(piv.INS_VERIFY) if len(c) > 5])

    with pytest.raises(LastTry):
        session.verify_pin(pin())

    assert len([c for c in card.sent(piv.INS_VERIFY) if len(c) > 5]) == sent
    assert card.inner.pin_tries == 1
    session.verify_pin(pin(), allow_last_try=True)
    assert card.inner.pin_tries == 3


def test_last_try_lost_blocks() -> None:
    card = card_with()
    session = session_with(card)
    for _ in range(2):
        with pytest.raises(WrongPin):
            session.verify_pin(pin("000000"))

    with pytest.raises(PinBlocked):
        session.verify_pin(pin("000000"), allow_last_try=True)

    assert session.tries_left() == 0
    with pytest.raises(PinBlocked):
        session.verify_pin(pin())


def test_card_that_hides_its_count_is_asked_only_with_consent() -> None:
    """Whoever does not tell the count may be at the last try."""
    lines = [SELECT, ("00CB3FFF035C017E00", "6A82"), ("00200080", "6A86")]

    with pytest.raises(LastTry):
        session_with(Replay(lines)).verify_pin(pin())

    lines = [*lines, ("0020008008" + "323436383133FFFF", "9000")]
    session_with(Replay(lines)).verify_pin(pin(), allow_last_try=True)


def test_verified_card_takes_the_pin_again() -> None:
    """A card that counts as verified tells no number; its count is full."""
    session = session_with(card_with())
    session.verify_pin(pin())

    assert session.tries_left() is None
    session.verify_pin(pin())


def test_global_pin_is_used_where_the_card_says_so() -> None:
    """Discovery object 6020: the global PIN comes first (part 1, 3.3.2)."""
    discovery = (
        "00CB3FFF035C017E00",
        "7E124F0BA0000003080000100001005F2F0260209000",
    )
    lines = [SELECT, discovery, ("00200000", "63C3"), ("0020000008323436383133FFFF", "9000")]

    session_with(Replay(lines)).verify_pin(pin())


def test_card_with_a_global_pin_gets_that_one() -> None:
    """The training card too tells by its discovery object which PIN it wants."""
    card = card_with(global_pin=PIN)
    session = session_with(card)

    assert session.pin_policy().global_first
    session.verify_pin(pin())
    with pytest.raises(WrongPin):
        session.verify_pin(pin("000000"))

    assert card.tries == (3, 3, 2)
    session.change_pin(pin(), pin("111222"))
    session.verify_pin(pin("111222"))
    assert PivCard.from_state(card.state()).tries == (3, 3, 3)


@pytest.mark.parametrize("answer", ["6F00", "6982", "7E124F0B9000", "53009000"])
def test_doubtful_discovery_object_sends_no_pin(answer: str) -> None:
    """Under the wrong reference a right PIN would cost a try."""
    lines = [SELECT, ("00CB3FFF035C017E00", answer)]

    with pytest.raises((CardAnswered, TlvError)):
        session_with(Replay(lines)).verify_pin(pin())


@pytest.mark.parametrize("sw", ["6A80", "6A81", "6A82", "6A86", "6A88", "6D00"])
def test_older_card_knows_no_discovery_object(sw: str) -> None:
    lines = [SELECT, ("00CB3FFF035C017E00", sw), ("00200080", "63C3")]
    lines.append(("0020008008323436383133FFFF", "9000"))

    session_with(Replay(lines)).verify_pin(pin())


@pytest.mark.parametrize(("strict", "verified"), [(True, 2), (False, 1)])
def test_pin_is_presented_as_often_as_the_card_asks(strict: bool, verified: int) -> None:
    """Once in a session, or before every signature: the card says which."""
    card = Recorder(card_with(strict=strict))
    session = session_with(card)

    for data in (b"mdoc", b"sd-jwt"):
        session.verify_and_sign(Slot.SIGNATURE, data, pin())

    assert len([c for c in card.sent(piv.INS_VERIFY) if len(c) > 5]) == verified
    session.verify_and_sign(Slot.SIGNATURE, b"third", pin())
    refused = 1 if strict else 0
    assert len(card.sent(piv.INS_GENERAL_AUTHENTICATE)) == 3 + refused


@pytest.mark.parametrize("text", ["", "12345", "123456789", "12345a", "12345\xff"])
def test_pin_of_another_form_is_never_sent(text: str) -> None:
    card = Recorder(card_with())
    session = session_with(card)

    with pytest.raises(PinFormat):
        session.verify_pin(bytearray(text, "latin-1"))

    assert not card.sent(piv.INS_VERIFY)


def test_wipe_leaves_no_digit() -> None:
    secret = pin()

    piv.wipe(secret)

    assert secret == bytes(6)


def test_verify_leaves_the_pin_to_its_owner() -> None:
    secret = pin()

    session_with(card_with()).verify_pin(secret)

    assert secret == pin()


def test_pin_is_changed() -> None:
    session = session_with(card_with())

    session.change_pin(pin(), pin("111222"))

    session.verify_pin(pin("111222"))
    with pytest.raises(WrongPin):
        session.verify_pin(pin())


def test_changing_with_a_wrong_pin_costs_a_try() -> None:
    session = session_with(card_with())

    with pytest.raises(WrongPin):
        session.change_pin(pin("000000"), pin("111222"))
    with pytest.raises(PinFormat):
        session.change_pin(pin(), pin("1"))

    assert session.tries_left() == 2


def test_puk_opens_a_blocked_card() -> None:
    card = card_with()
    session = session_with(card)
    for _ in range(3):
        with pytest.raises((WrongPin, PinBlocked)):
            session.verify_pin(pin("000000"), allow_last_try=True)

    session.unblock(pin(PUK), pin("333444"))

    assert session.tries_left() == 3
    session.verify_pin(pin("333444"))


def test_wrong_puk_counts_and_blocks() -> None:
    card = card_with()
    session = session_with(card)

    for left in (2, 1):
        with pytest.raises(WrongPuk) as caught:
            session.unblock(pin("00000000"), pin())
        assert caught.value.tries_left == left
    for _ in range(2):
        with pytest.raises(PukBlocked):
            session.unblock(pin("00000000"), pin())

    assert card.puk_tries == 0


def test_puk_is_changed() -> None:
    session = session_with(card_with())

    session.change_puk(pin(PUK), pin("11112222"))

    session.unblock(pin("11112222"), pin())
    with pytest.raises(PinFormat):
        session.unblock(pin("123"), pin())


def test_other_refusal_of_a_pin_is_no_wrong_pin() -> None:
    lines = [
        SELECT,
        ("00CB3FFF035C017E00", "6A82"),
        ("00200080", "63C3"),
        ("0020008008323436383133FFFF", "6F00"),
    ]

    with pytest.raises(CardAnswered) as caught:
        session_with(Replay(lines)).verify_pin(pin())

    assert not isinstance(caught.value, PinTrouble)


# --- keys -------------------------------------------------------------------------------


@pytest.mark.parametrize("key_type", list(KeyType))
def test_signatures_verify_with_the_certificate(key_type: KeyType) -> None:
    session = session_with(card_with(key_type))

    signature = session.verify_and_sign(Slot.SIGNATURE, b"these bytes", pin())

    certificate = session.certificate(Slot.SIGNATURE)
    assert certificate is not None
    key = public_key_of(load_certificate(certificate))
    verify_signature(key, signature, b"these bytes")
    with pytest.raises(SignatureMismatch):
        verify_signature(key, signature, b"other bytes")


def test_strict_card_wants_the_pin_before_each_signature() -> None:
    session = session_with(card_with())
    session.verify_pin(pin())
    session.sign(Slot.SIGNATURE, b"first", KeyType.P256)

    with pytest.raises(PinNeeded):
        session.sign(Slot.SIGNATURE, b"second", KeyType.P256)

    session.verify_pin(pin())
    session.sign(Slot.SIGNATURE, b"second", KeyType.P256)


@pytest.mark.parametrize("key_type", list(KeyType))
def test_sign_in_challenge(key_type: KeyType) -> None:
    session = session_with(card_with(key_type))
    session.verify_pin(pin())

    assert session.prove() == session.certificate(Slot.AUTHENTICATION)


def test_sign_in_needs_the_pin() -> None:
    with pytest.raises(PinNeeded):
        session_with(card_with()).prove()


def test_key_other_than_the_certificates_proves_nothing() -> None:
    """A card that shows somebody else's certificate fails the challenge."""
    card = card_with()
    stolen = der(authority("Root").issue(generate_key(KeyType.P256).public_key(), "Other"))
    card.install(Slot.AUTHENTICATION, generate_key(KeyType.P256), stolen)
    session = session_with(card)
    session.verify_pin(pin())

    with pytest.raises(SignatureMismatch):
        session.prove()


def test_no_certificate_no_sign_in() -> None:
    session = session_with(PivCard())

    assert session.certificate(Slot.AUTHENTICATION) is None
    with pytest.raises(NoSignInCertificate):
        session.prove()
    with pytest.raises(KeyUnusable):
        session.sign(Slot.SIGNATURE, b"")


def test_unreadable_certificate_has_a_name() -> None:
    card = card_with()
    card.install(Slot.SIGNATURE, generate_key(KeyType.P256), b"no certificate")
    session = session_with(card)

    with pytest.raises(CertificateUnreadable):
        session.key_type(Slot.SIGNATURE)


def test_damaged_object_has_a_name() -> None:
    card = PivCard()
    session = _provisioning(card)
    session.put_object(Slot.SIGNATURE.certificate_tag, b"\x70\x05abc")

    with pytest.raises(CertificateUnreadable):
        session.certificate(Slot.SIGNATURE)


def test_certificate_whose_key_is_missing() -> None:
    card = card_with()
    certificate = session_with(card).certificate(Slot.SIGNATURE)
    card.install(Slot.SIGNATURE, None, certificate)
    session = session_with(card)

    with pytest.raises(KeyUnusable) as caught:
        session.verify_and_sign(Slot.SIGNATURE, b"", pin())

    assert caught.value.facts["slot"] == "9C"


@pytest.mark.parametrize("key_type", [KeyType.P256, KeyType.P384])
def test_shared_secret_is_the_peers(key_type: KeyType) -> None:
    """ECDH in 9D: card and peer come to the same x coordinate."""
    session = session_with(card_with(key_type))
    session.verify_pin(pin())
    peer = generate_key(key_type)
    assert isinstance(peer, ec.EllipticCurvePrivateKey)
    certificate = session.certificate(Slot.KEY_MANAGEMENT)
    assert certificate is not None
    own = public_key_of(load_certificate(certificate))
    assert isinstance(own, ec.EllipticCurvePublicKey)

    secret = session.ecdh(Slot.KEY_MANAGEMENT, point(peer.public_key()))

    assert secret == peer.exchange(ec.ECDH(), own)


def test_ecdh_refusals() -> None:
    peer = ec.generate_private_key(ec.SECP256R1())
    session = session_with(card_with())
    with pytest.raises(PinNeeded):
        session.ecdh(Slot.KEY_MANAGEMENT, point(peer.public_key()))
    session.verify_pin(pin())
    with pytest.raises(KeyUnusable):
        session.ecdh(Slot.KEY_MANAGEMENT, b"\x04" + bytes(64))
    rsa_session = session_with(card_with(KeyType.RSA2048))
    rsa_session.verify_pin(pin())
    with pytest.raises(KeyUnusable):
        rsa_session.ecdh(Slot.KEY_MANAGEMENT, b"")


# --- provisioning -----------------------------------------------------------------------


def _provisioning(card: PivCard) -> PivSession:
    session = session_with(card)
    session.authenticate_management(TRAINING_MANAGEMENT_KEY)
    return session


@pytest.mark.parametrize("algorithm", list(ManagementAlgorithm))
def test_management_key_of_every_kind(algorithm: ManagementAlgorithm) -> None:
    key = bytes(range(algorithm.key_length))
    session = session_with(PivCard(management_key=key, management_algorithm=algorithm))

    session.authenticate_management(key, algorithm)

    session.put_object(TAG_CHUID, Chuid(bytes(25), bytes(16), "20300101").encode())


def test_wrong_management_key_is_refused() -> None:
    session = session_with(PivCard())

    with pytest.raises(ManagementRefused):
        session.authenticate_management(bytes(24))
    with pytest.raises(ManagementRefused):
        session.authenticate_management(bytes(16))
    with pytest.raises(ManagementRefused):
        session.authenticate_management(bytes(32), ManagementAlgorithm.AES256)
    with pytest.raises(ManagementRefused):
        session.generate(Slot.SIGNATURE, KeyType.P256)
    with pytest.raises(ManagementRefused):
        session.put_object(TAG_CHUID, b"")


@pytest.mark.parametrize("key_type", list(KeyType))
@pytest.mark.parametrize("compress", [False, True])
def test_generate_install_sign(key_type: KeyType, compress: bool) -> None:
    """From an empty card to a verified signature, only through commands."""
    session = _provisioning(PivCard(pin="246813"))

    public = session.generate(Slot.SIGNATURE, key_type)
    certificate = der(authority("Root").issue(public, "New signer"))
    session.put_certificate(Slot.SIGNATURE, certificate, compress=compress)

    assert session.certificate(Slot.SIGNATURE) == certificate
    signature = session.verify_and_sign(Slot.SIGNATURE, b"data", pin())
    verify_signature(public, signature, b"data")


def test_new_key_forgets_the_certificate_read_before() -> None:
    session = _provisioning(card_with())
    before = session.certificate(Slot.SIGNATURE)

    session.put_certificate(Slot.SIGNATURE, b"other")

    assert before != session.certificate(Slot.SIGNATURE) == b"other"


def test_empty_contents_delete_the_object() -> None:
    session = _provisioning(card_with())

    session.put_object(Slot.SIGNATURE.certificate_tag, b"")

    assert session.get_data(Slot.SIGNATURE.certificate_tag) is None


def test_long_objects_go_and_come_in_pieces() -> None:
    card = Recorder(PivCard())
    session = session_with(card)
    session.authenticate_management(TRAINING_MANAGEMENT_KEY)
    contents = tlv.encode(0x70, secrets.token_bytes(2000))

    session.put_object(Slot.SIGNATURE.certificate_tag, contents)

    assert session.get_data(Slot.SIGNATURE.certificate_tag) == contents
    assert all(len(command) <= 261 for command in card.commands)
    assert len(card.sent(0xC0)) == 7
