"""Keys wrapped to cards: against the RFC, against another implementation, and refusals."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwe
from joserfc.jwk import ECKey

from desk.cards import key_wrap
from desk.cards.certificates import load_certificate, public_key_of
from desk.cards.key_wrap import WrappedKey
from desk.cards.piv import PivSession
from desk.cards.piv_data import KeyType, Slot
from desk.cards.troubles import KeyUnusable, NotForThisCard, PinNeeded
from desk.training.piv_card import PivCard
from tests.cards.issue import authority, card_with, der, pin, session_with

CONTEXT = b"records 1 key 1"
SECRET = bytes(range(32))


def opened(card: PivCard) -> PivSession:
    session = session_with(card)
    session.verify_pin(pin())
    return session


def b64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_key_derivation_is_the_published_one() -> None:
    """RFC 7518, appendix C: both keys, the header's names, and the derived key."""
    alice = ec.derive_private_key(
        int.from_bytes(b64url("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo")), ec.SECP256R1()
    )
    bob = ec.derive_private_key(
        int.from_bytes(b64url("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw")), ec.SECP256R1()
    )
    shared = alice.exchange(ec.ECDH(), bob.public_key())

    derived = key_wrap.derive(shared, "A128GCM", b"Alice", b"Bob", 16)

    assert derived == b64url("VqqN6vgjbSBcIijNcacQGg")


@pytest.mark.parametrize("key_type", list(KeyType))
def test_every_kind_of_card_opens_what_was_wrapped_to_it(key_type: KeyType) -> None:
    """Wrapping needs the public key alone; two wrappings of one secret are never the same."""
    session = session_with(card_with(key_type))
    key = key_wrap.recipient_key(session)
    wrapped = key_wrap.wrap(key, SECRET, CONTEXT)
    session.verify_pin(pin())

    assert key_wrap.unwrap(session, wrapped, CONTEXT) == SECRET
    assert key_wrap.wrap(key, SECRET, CONTEXT).encrypted_key != wrapped.encrypted_key
    assert SECRET not in wrapped.encrypted_key


@pytest.mark.parametrize("key_type", [KeyType.P256, KeyType.P384])
def test_another_implementation_wraps_for_the_card(key_type: KeyType) -> None:
    """joserfc makes a JWE with ECDH-ES+A256KW for the card's key; its content opens with what
    the card unwraps."""
    card = card_with(key_type)
    session = opened(card)
    key = key_wrap.recipient_key(session)
    apv = bytes.fromhex(key_wrap.fingerprint(key))
    header: dict[str, Any] = {
        "alg": "ECDH-ES+A256KW",
        "enc": "A256GCM",
        "apu": _text(CONTEXT),
        "apv": _text(apv),
    }
    compact = jwe.encrypt_compact(
        header, b"content", ECKey.import_key(_pem(key)), algorithms=["ECDH-ES+A256KW", "A256GCM"]
    )
    protected, encrypted_key, iv, ciphertext, tag = compact.split(".")
    epk = ECKey.import_key(_json(b64url(protected))["epk"])
    wrapped = WrappedKey("ECDH-ES+A256KW", _point(epk), b64url(encrypted_key))

    content_key = key_wrap.unwrap(session, wrapped, CONTEXT)

    sealed = b64url(ciphertext) + b64url(tag)
    assert AESGCM(content_key).decrypt(b64url(iv), sealed, protected.encode()) == b"content"


@pytest.mark.parametrize("key_type", list(KeyType))
def test_another_card_another_context_or_a_changed_byte_opens_nothing(key_type: KeyType) -> None:
    session, other = opened(card_with(key_type)), opened(card_with(key_type))
    wrapped = key_wrap.wrap(key_wrap.recipient_key(session), SECRET, CONTEXT)
    body = bytearray(wrapped.encrypted_key)
    body[-1] ^= 1
    changed = WrappedKey(wrapped.alg, wrapped.epk, bytes(body))

    with pytest.raises(NotForThisCard):
        key_wrap.unwrap(other, wrapped, CONTEXT)
    with pytest.raises(NotForThisCard):
        key_wrap.unwrap(session, wrapped, CONTEXT + b"1")
    with pytest.raises(NotForThisCard):
        key_wrap.unwrap(session, changed, CONTEXT)


def test_a_ciphertext_beyond_the_modulus_never_reaches_the_card() -> None:
    """What was wrapped to a card with a larger modulus may be larger than this one's."""
    session = opened(card_with(KeyType.RSA2048))
    key = key_wrap.recipient_key(session)
    assert isinstance(key, rsa.RSAPublicKey)
    beyond = WrappedKey(key_wrap.RSA_OAEP, b"", key.public_numbers().n.to_bytes(256))

    with pytest.raises(NotForThisCard):
        key_wrap.unwrap(session, beyond, CONTEXT)


def test_a_point_off_the_curve_never_reaches_the_card() -> None:
    """An invalid point could tell of the card's key, bit by bit."""
    session = opened(card_with())
    wrapped = key_wrap.wrap(key_wrap.recipient_key(session), SECRET, CONTEXT)
    off = WrappedKey(wrapped.alg, b"\x04" + bytes(63) + b"\x01", wrapped.encrypted_key)

    with pytest.raises(NotForThisCard):
        key_wrap.unwrap(session, off, CONTEXT)


def test_an_entry_for_the_other_kind_of_key_is_refused() -> None:
    session = opened(card_with(KeyType.RSA2048))
    wrapped = key_wrap.wrap(ec.generate_private_key(ec.SECP256R1()).public_key(), SECRET, CONTEXT)

    with pytest.raises(NotForThisCard):
        key_wrap.unwrap(session, wrapped, CONTEXT)


@pytest.mark.parametrize("key_type", list(KeyType))
def test_without_the_pin_the_card_opens_nothing(key_type: KeyType) -> None:
    session = session_with(card_with(key_type))
    wrapped = key_wrap.wrap(key_wrap.recipient_key(session), SECRET, CONTEXT)

    with pytest.raises(PinNeeded):
        key_wrap.unwrap(session, wrapped, CONTEXT)


def test_a_card_without_a_key_management_key_is_no_recipient() -> None:
    card = card_with()
    card.install(Slot.KEY_MANAGEMENT, None, None)

    with pytest.raises(KeyUnusable) as caught:
        key_wrap.recipient_key(session_with(card))

    assert caught.value.facts["slot"] == "9D"


def test_a_renewed_certificate_of_the_same_key_is_the_same_recipient() -> None:
    card = card_with()
    session = session_with(card)
    before = key_wrap.fingerprint(key_wrap.recipient_key(session))
    key = public_key_of(load_certificate(session.certificate(Slot.KEY_MANAGEMENT) or b""))
    renewed = der(authority("Next root").issue(key, "Card 9D, next"))

    card.install(Slot.KEY_MANAGEMENT, card._keys[Slot.KEY_MANAGEMENT], renewed)

    assert key_wrap.fingerprint(key_wrap.recipient_key(session_with(card))) == before


@pytest.mark.parametrize("label", [b"", b"label"])
def test_oaep_is_undone_as_the_library_makes_it(label: bytes) -> None:
    """RFC 8017, 7.1.2, on what pyca/cryptography encrypts; the bare RSA operation beside it."""
    private = rsa.generate_private_key(65537, 2048)
    how = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label)
    message = secrets.token_bytes(32)
    numbers = private.private_numbers()
    ciphertext = private.public_key().encrypt(message, how)
    block = pow(int.from_bytes(ciphertext), numbers.d, numbers.public_numbers.n).to_bytes(256)

    assert key_wrap._oaep_decode(block, label) == message
    with pytest.raises(ValueError, match="not encrypted"):
        key_wrap._oaep_decode(block, label + b"x")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _pem(key: Any) -> bytes:
    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def _json(data: bytes) -> Any:
    return json.loads(data)


def _point(key: ECKey) -> bytes:
    members = key.as_dict(private=False)
    return b"\x04" + b64url(str(members["x"])) + b64url(str(members["y"]))
