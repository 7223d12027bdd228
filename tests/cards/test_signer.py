"""The card as a signer: chain, dates, PIN before each signature, and its refusals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from desk.cards import piv
from desk.cards.certificates import load_certificate, public_key_of, verify_signature
from desk.cards.piv_data import KeyType, Slot
from desk.cards.signer import CardSigner
from desk.cards.troubles import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateUnreadable,
    ChainBroken,
    LastTry,
    NoSignerCertificate,
    NoSignInCertificate,
    OtherCard,
    PinNeeded,
    SignatureMismatch,
    WrongPin,
)
from desk.training.piv_card import PivCard, generate_key
from tests.cards.issue import NOW, Recorder, authority, card_with, der, pin, sessions


def signer_on(card: PivCard | Recorder, now: Callable[[], datetime] = lambda: NOW) -> CardSigner:
    return CardSigner(sessions(card), now=now)


@pytest.mark.parametrize(
    ("key_type", "name", "size"),
    [(KeyType.P256, "ES256", 64), (KeyType.P384, "ES384", 96), (KeyType.RSA2048, "RS256", 256)],
)
def test_signature_is_raw_and_verifies(key_type: KeyType, name: str, size: int) -> None:
    with signer_on(card_with(key_type)) as signer:
        signer.unlock(pin())
        signature = signer.sign(b"to be signed")

    assert signer.algorithm == name
    assert len(signature) == size
    key = public_key_of(load_certificate(signer.certificate_chain[0]))
    if isinstance(key, ec.EllipticCurvePublicKey):
        half = size // 2
        numbers = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
        signature = encode_dss_signature(*numbers)
    verify_signature(key, signature, b"to be signed")


def test_pin_goes_before_each_signature() -> None:
    """A strict card signs twice, because it gets the PIN twice."""
    card = Recorder(card_with(strict=True))
    with signer_on(card) as signer:
        signer.unlock(pin())
        card.commands.clear()
        signer.sign(b"first")
        signer.sign(b"second")

    order = [c[1] for c in card.commands if c[1] == piv.INS_GENERAL_AUTHENTICATE or len(c) == 13]
    assert order == [piv.INS_VERIFY, piv.INS_GENERAL_AUTHENTICATE] * 2


def test_one_session_serves_every_signature_inside_it() -> None:
    """The card is opened once for all of them, not at all where nothing is signed, and a
    session ends with its block: also when the block fails."""
    card = Recorder(card_with(strict=True))
    with signer_on(card) as signer:
        signer.unlock(pin())
        card.commands.clear()

        with signer.one_session():
            pass
        unused = len(card.sent(piv.INS_SELECT))
        with signer.one_session():
            signer.sign(b"one")
            signer.sign_all((b"two", b"three"))
        shared = len(card.sent(piv.INS_SELECT))
        with pytest.raises(SignatureMismatch), signer.one_session():
            signer.sign(b"four")
            raise SignatureMismatch
        signer.sign(b"five")

    assert (unused, shared) == (0, 1)
    assert len(card.sent(piv.INS_SELECT)) == 3


def test_chain_holds_the_issuing_certificates_without_the_anchor() -> None:
    root = authority("Root")
    middle = authority("Middle", root)
    card = card_with(issuer=middle)
    issuing = [der(middle.certificate), der(root.certificate)]

    signer = CardSigner(sessions(card), issuing=issuing, now=lambda: NOW)

    assert len(signer.certificate_chain) == 2
    assert signer.certificate_chain[1] == der(middle.certificate)


def test_stranger_among_the_issuers_is_refused() -> None:
    with pytest.raises(ChainBroken):
        CardSigner(
            sessions(card_with()),
            issuing=[der(authority("Stranger").certificate)],
            now=lambda: NOW,
        )


def test_card_without_signer_certificate() -> None:
    card = card_with()
    card.install(Slot.SIGNATURE, None, None)

    with pytest.raises(NoSignerCertificate) as caught:
        signer_on(card)

    assert caught.value.facts == {"slot": "9C"}


def test_card_without_sign_in_certificate() -> None:
    card = card_with()
    card.install(Slot.AUTHENTICATION, None, None)

    with pytest.raises(NoSignInCertificate):
        CardSigner(sessions(card), Slot.AUTHENTICATION, now=lambda: NOW)


def test_expired_and_not_yet_valid_certificates() -> None:
    with pytest.raises(CertificateExpired):
        signer_on(card_with(), lambda: NOW + timedelta(days=500))
    with pytest.raises(CertificateNotYetValid):
        signer_on(card_with(), lambda: NOW - timedelta(days=100))


def test_certificate_that_expires_during_the_case_signs_nothing() -> None:
    """The clock is asked before each signature, and before any PIN is sent."""
    clock = [NOW]
    card = Recorder(card_with())
    with signer_on(card, lambda: clock[0]) as signer:
        signer.unlock(pin())
        card.commands.clear()
        clock[0] = NOW + timedelta(days=500)
        with pytest.raises(CertificateExpired):
            signer.sign(b"late")

    assert not card.commands


def test_unusable_certificate() -> None:
    card = card_with()
    card.install(Slot.SIGNATURE, generate_key(KeyType.P256), b"not a certificate")

    with pytest.raises(CertificateUnreadable):
        signer_on(card)


def test_locked_signer_signs_nothing() -> None:
    signer = signer_on(card_with())

    with pytest.raises(PinNeeded):
        signer.sign(b"data")


def test_leaving_wipes_the_pin() -> None:
    secret = pin()
    with signer_on(card_with()) as signer:
        signer.unlock(secret)
        assert secret == pin()

    assert secret == bytes(6)
    with pytest.raises(PinNeeded):
        signer.sign(b"data")


def test_wrong_pin_is_wiped_at_once_and_costs_one_try() -> None:
    card = card_with()
    secret = pin("000000")
    signer = signer_on(card)

    with pytest.raises(WrongPin):
        signer.unlock(secret)

    assert secret == bytes(6)
    assert card.pin_tries == 2


def test_pin_changed_meanwhile_costs_one_try_only() -> None:
    """After a refusal the signer is locked: repeating the act cannot block the card."""
    card = card_with()
    with signer_on(card) as signer:
        signer.unlock(pin())
        with sessions(card)() as session:
            session.change_pin(pin(), pin("999999"))
        with pytest.raises(WrongPin):
            signer.sign(b"data")
        for _ in range(3):
            with pytest.raises(PinNeeded):
                signer.sign(b"data")

    assert card.pin_tries == 2


def test_last_try_needs_consent() -> None:
    card = card_with()
    signer = signer_on(card)
    for _ in range(2):
        with pytest.raises(WrongPin):
            signer.unlock(pin("000000"))

    with pytest.raises(LastTry):
        signer.unlock(pin())

    assert card.pin_tries == 1
    signer.unlock(pin(), allow_last_try=True)
    signer.sign(b"data")
    signer.lock()


@pytest.mark.parametrize("with_guid", [True, False])
def test_pin_is_never_sent_to_another_card(with_guid: bool) -> None:
    """Cards are told apart before the PIN, by GUID or else by certificate."""
    first, second = card_with(), card_with()
    if not with_guid:
        first, second = (_without_guid(card) for card in (first, second))
    slot = _Slot(first)
    with CardSigner(sessions(slot), now=lambda: NOW) as signer:
        signer.unlock(pin())
        slot.card = Recorder(second)
        with pytest.raises(OtherCard):
            signer.sign(b"data")
        with pytest.raises(OtherCard):
            signer.unlock(pin())

    assert not slot.card.sent(piv.INS_VERIFY)


def test_signature_by_another_key_never_leaves() -> None:
    card = card_with()
    signer = signer_on(card)
    certificate = signer.certificate_chain[0]
    card.install(Slot.SIGNATURE, generate_key(KeyType.P256), certificate)
    signer.unlock(pin())

    with pytest.raises(SignatureMismatch):
        signer.sign(b"data")

    signer.lock()


def test_signer_of_the_credential_package_is_satisfied() -> None:
    """The Signer protocol of desk.credential, by its names and its raw form."""
    with signer_on(card_with()) as signer:
        signer.unlock(pin())
        raw = signer.sign(b"jws input")
    key = public_key_of(load_certificate(signer.certificate_chain[0]))
    assert isinstance(key, ec.EllipticCurvePublicKey)

    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])

    key.verify(encode_dss_signature(r, s), b"jws input", ec.ECDSA(hashes.SHA256()))


class _Slot:
    """A reader in which one card can be put for another."""

    def __init__(self, card: PivCard) -> None:
        self.card: Recorder = Recorder(card)

    def transmit(self, apdu: bytes) -> bytes:
        return self.card.transmit(apdu)

    def reset(self) -> None:
        self.card.reset()


def _without_guid(card: PivCard) -> PivCard:
    state = card.state()
    objects = state["objects"]
    assert isinstance(objects, dict)
    del objects["5FC102"]
    return PivCard.from_state(state)
