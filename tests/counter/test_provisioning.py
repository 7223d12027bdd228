"""Keys made in the card, requests with the profile of their slot, certificates checked first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from desk.app.cards import SecretMissing
from desk.cards.certificates import load_certificate
from desk.cards.piv import INS_GENERATE, INS_PUT_DATA, INS_VERIFY
from desk.cards.piv_data import KeyType, ManagementAlgorithm, Slot
from desk.cards.revocation import Revocations
from desk.cards.signer import CardSigner
from desk.cards.troubles import (
    CertificateExpired,
    CertificateRevoked,
    LastTry,
    ManagementRefused,
    WrongPin,
)
from desk.counter import provisioning
from desk.counter.card_commands import FileUnusable
from desk.counter.provisioning import (
    NotWritten,
    OtherIssuer,
    OtherKey,
    Request,
    Roots,
    SlotInUse,
    State,
    WrongProfile,
    subject_for,
)
from desk.credential import profile
from desk.training.authority import TrainingAuthority, document_signer
from desk.training.card_authority import RequestRefused, certify, revocation_list
from desk.training.piv_card import TRAINING_MANAGEMENT_KEY, PivCard, generate_key
from desk.trouble import Trouble
from desk.words import TroubleWords
from tests.cards.issue import Recorder, pin, session_with, sessions

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)
PIN = "246813"
WRONG_KEY = bytes(24)


@pytest.fixture(scope="module")
def authority() -> TrainingAuthority:
    return TrainingAuthority.create(NOW)


@pytest.fixture
def roots(authority: TrainingAuthority, tmp_path: Path) -> Roots:
    issuers = (authority.iaca, authority.officer_root)
    return Roots((authority.iaca,), (authority.officer_root,), "KR", Revocations(tmp_path, issuers))


def blank() -> Recorder:
    return Recorder(PivCard(pin=PIN))


def make_request(
    card: Recorder,
    slot: Slot = Slot.SIGNATURE,
    key_type: KeyType = KeyType.P256,
    *,
    key: bytes = TRAINING_MANAGEMENT_KEY,
    with_pin: str = PIN,
    over_old: bool = False,
    name: str = "",
) -> Request:
    return provisioning.request(
        session_with(card),
        slot,
        key_type,
        subject_for(slot, "KR", "Ministry", name),
        pin(with_pin),
        key,
        NOW,
        over_old=over_old,
    )


def put(
    card: Recorder, certificate: bytes, roots: Roots, slot: Slot = Slot.SIGNATURE
) -> provisioning.SlotStatus:
    der = x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)
    key = TRAINING_MANAGEMENT_KEY
    return provisioning.install(session_with(card), slot, der, roots, pin(PIN), key, NOW)


# --- the whole way ------------------------------------------------------------------


@pytest.mark.parametrize("key_type", [KeyType.P256, KeyType.P384])
def test_signer_is_made_in_the_card_and_signs(
    authority: TrainingAuthority, roots: Roots, key_type: KeyType
) -> None:
    card = blank()
    made = make_request(card, key_type=key_type)
    status = put(card, certify(authority, made.pem, NOW), roots)

    assert (status.state, status.days_left) == (State.READY, 456)
    certificate = session_with(card).certificate(Slot.SIGNATURE)
    assert certificate is not None
    profile.check_signer((certificate,), "KR", NOW)
    with CardSigner(sessions(card), issuing=[authority.iaca], now=lambda: NOW) as signer:
        signer.unlock(pin(PIN))
        signer.sign(b"credential")


@pytest.mark.parametrize("key_type", list(KeyType))
def test_sign_in_key_of_every_kind(
    authority: TrainingAuthority, roots: Roots, key_type: KeyType
) -> None:
    card = blank()
    made = make_request(card, Slot.AUTHENTICATION, key_type, name="Officer 17")
    status = put(card, certify(authority, made.pem, NOW), roots, Slot.AUTHENTICATION)

    assert (status.state, status.subject) == (State.READY, "Officer 17")
    session = session_with(card)
    session.verify_pin(pin(PIN))
    session.prove()


@pytest.mark.parametrize("algorithm", list(ManagementAlgorithm))
def test_cipher_of_the_management_key_is_asked_of_the_card(
    authority: TrainingAuthority, algorithm: ManagementAlgorithm
) -> None:
    key = bytes(range(1, algorithm.key_length + 1))
    card = Recorder(PivCard(pin=PIN, management_key=key, management_algorithm=algorithm))

    make_request(card, key=key)

    assert len(card.sent(INS_GENERATE)) == 1


def test_request_asks_for_the_signers_profile_and_names_no_officer() -> None:
    requests = [x509.load_pem_x509_csr(make_request(blank()).pem) for _ in range(2)]

    usage = requests[0].extensions.get_extension_for_class(x509.KeyUsage)
    purpose = requests[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert usage.critical and usage.value.digital_signature and not usage.value.key_agreement
    assert purpose.critical and list(purpose.value) == [profile.DOCUMENT_SIGNER]
    assert len({request.subject.rfc4514_string() for request in requests}) == 2


# --- refusals before a key is made --------------------------------------------------


def test_wrong_secrets_leave_the_old_key_alone(authority: TrainingAuthority) -> None:
    slots = authority.officers[0].slots
    pair = slots[Slot.SIGNATURE]
    card = Recorder(PivCard({Slot.SIGNATURE: pair.private}, {Slot.SIGNATURE: pair.der}, pin=PIN))

    with pytest.raises(SlotInUse) as caught:
        make_request(card)
    with pytest.raises(ManagementRefused):
        make_request(card, key=WRONG_KEY, over_old=True)
    with pytest.raises(ManagementRefused):
        make_request(card, key=b"short", over_old=True)
    with pytest.raises(WrongPin):
        make_request(card, with_pin="000000", over_old=True)

    assert caught.value.facts["slot"] == "9C"
    assert not card.sent(INS_GENERATE)
    session_with(card).verify_and_sign(Slot.SIGNATURE, b"still", pin(PIN))


def test_last_try_is_not_spent_on_a_request() -> None:
    card = blank()
    for _ in range(2):
        with pytest.raises(WrongPin):
            make_request(card, with_pin="000000")

    with pytest.raises(LastTry):
        make_request(card)

    assert card.inner.pin_tries == 1


def test_old_certificate_goes_with_its_key(authority: TrainingAuthority, roots: Roots) -> None:
    """In between, the card says that it has no signer certificate, not that it lies."""
    pair = authority.officers[0].slots[Slot.SIGNATURE]
    card = Recorder(PivCard({Slot.SIGNATURE: pair.private}, {Slot.SIGNATURE: pair.der}, pin=PIN))

    make_request(card, over_old=True)

    status = provisioning.slot_status(session_with(card), Slot.SIGNATURE, roots, NOW)
    assert status.state is State.EMPTY
    assert status.trouble is not None and status.trouble.code == "CARD-08"


# --- refusals before a certificate is written ---------------------------------------


def test_certificate_of_another_key(authority: TrainingAuthority, roots: Roots) -> None:
    card, other = blank(), blank()
    make_request(card)
    foreign = certify(authority, make_request(other).pem, NOW)

    with pytest.raises(OtherKey):
        put(card, foreign, roots)
    with pytest.raises(OtherKey):
        put(blank(), foreign, roots)

    assert not card.sent(INS_PUT_DATA)


def test_certificate_of_another_authority(roots: Roots) -> None:
    card = blank()
    stranger = TrainingAuthority.create(NOW, ("Somebody",))

    with pytest.raises(OtherIssuer):
        put(card, certify(stranger, make_request(card).pem, NOW), roots)

    assert not card.sent(INS_PUT_DATA)


def test_certificate_for_the_other_slot(authority: TrainingAuthority, roots: Roots) -> None:
    """A sign-in certificate signs no credentials; a signer's is not for signing in."""
    card = blank()
    sign_in = certify(authority, make_request(card, Slot.AUTHENTICATION, name="X").pem, NOW)
    signer = certify(authority, make_request(card).pem, NOW)

    with pytest.raises(WrongProfile):
        put(card, sign_in, roots)
    with pytest.raises(OtherIssuer):
        put(card, signer, roots, Slot.AUTHENTICATION)

    assert not card.sent(INS_PUT_DATA)


def long_life(authority: TrainingAuthority) -> bytes:
    return document_signer(authority.pair("iaca"), NOW - DAY, life=458 * DAY).der


def old(authority: TrainingAuthority) -> bytes:
    return document_signer(authority.pair("iaca"), NOW - 500 * DAY).der


@pytest.mark.parametrize(
    ("made", "trouble"), [(long_life, WrongProfile), (old, CertificateExpired)]
)
def test_certificate_out_of_profile_or_time_gets_no_pin(
    authority: TrainingAuthority,
    roots: Roots,
    made: Callable[[TrainingAuthority], bytes],
    trouble: type[Exception],
) -> None:
    card = blank()

    with pytest.raises(trouble):
        provisioning.install(
            session_with(card), Slot.SIGNATURE, made(authority), roots, pin(PIN), b"", NOW
        )

    assert not card.sent(INS_VERIFY) and not card.sent(INS_PUT_DATA)


def test_revoked_certificate_is_not_written(authority: TrainingAuthority, roots: Roots) -> None:
    card = blank()
    certificate = certify(authority, make_request(card).pem, NOW)
    der = x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)
    roots.revocations.take(revocation_list(authority, der, NOW))

    with pytest.raises(CertificateRevoked):
        put(card, certificate, roots)

    assert not card.sent(INS_PUT_DATA)


def test_wrong_management_key_writes_nothing(authority: TrainingAuthority, roots: Roots) -> None:
    card = blank()
    made = x509.load_pem_x509_certificate(certify(authority, make_request(card).pem, NOW))
    der = made.public_bytes(Encoding.DER)

    with pytest.raises(ManagementRefused):
        provisioning.install(
            session_with(card), Slot.SIGNATURE, der, roots, pin(PIN), WRONG_KEY, NOW
        )

    assert session_with(card).certificate(Slot.SIGNATURE) is None


def test_card_that_did_not_keep_it_is_told(authority: TrainingAuthority, roots: Roots) -> None:
    class Forgetful(Recorder):
        def transmit(self, apdu: bytes) -> bytes:
            if apdu[1] == INS_PUT_DATA:
                return b"\x90\x00"
            return super().transmit(apdu)

    card = Forgetful(PivCard(pin=PIN))
    certificate = certify(authority, make_request(card).pem, NOW)

    with pytest.raises(NotWritten):
        put(card, certificate, roots)


# --- what is on it ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "state", "code"),
    [
        (0, State.READY, None),
        (456 - 61, State.READY, None),
        (456 - 60, State.ENDING, "CARD-30"),
        (455, State.ENDING, "CARD-30"),
        (457, State.EXPIRED, "CARD-09"),
        (-2, State.NOT_YET, "CARD-10"),
    ],
)
def test_days_count_down(
    authority: TrainingAuthority, roots: Roots, after: int, state: State, code: str | None
) -> None:
    """From sixty days down it is told, and the day after the last it is over."""
    pair = authority.officers[0].slots[Slot.SIGNATURE]
    session = session_with(PivCard({}, {Slot.SIGNATURE: pair.der}))

    status = provisioning.slot_status(session, Slot.SIGNATURE, roots, NOW + after * DAY)

    assert status.state is state
    assert (status.trouble.code if status.trouble else None) == code


def test_whole_card(authority: TrainingAuthority, roots: Roots) -> None:
    slots = authority.officers[0].slots
    card = PivCard(
        {Slot(slot): pair.private for slot, pair in slots.items()},
        {Slot(slot): pair.der for slot, pair in slots.items()},
    )
    der = slots[Slot.SIGNATURE].der
    roots.revocations.take(revocation_list(authority, der, NOW - 40 * DAY))

    found = provisioning.card_status(session_with(card), roots, NOW)

    assert found.pin.tries_left == 3 and not found.pin.pin_pad
    states = {status.slot: status.state for status in found.slots}
    assert states == {
        Slot.AUTHENTICATION: State.READY,
        Slot.SIGNATURE: State.REVOKED,
        Slot.KEY_MANAGEMENT: State.READY,
    }
    other = session_with(PivCard({}, {Slot.SIGNATURE: authority.officers[1].slots[0x9C].der}))
    status = provisioning.slot_status(other, Slot.SIGNATURE, roots, NOW)
    assert status.state is State.LIST_OLD
    assert status.trouble is not None and status.trouble.facts == {"days": 40}


def test_damaged_and_foreign_certificates_are_told(roots: Roots) -> None:
    stranger = TrainingAuthority.create(NOW, ("Somebody",)).officers[0].slots[0x9A]
    damaged = PivCard({}, {Slot.SIGNATURE: b"no certificate", Slot.KEY_MANAGEMENT: stranger.der})
    session = session_with(damaged)

    signer = provisioning.slot_status(session, Slot.SIGNATURE, roots, NOW)
    agreement = provisioning.slot_status(session, Slot.KEY_MANAGEMENT, roots, NOW)

    assert signer.state is State.UNREADABLE
    assert agreement.state is State.UNFIT


@pytest.mark.parametrize(
    "trouble",
    [
        SlotInUse(slot="9C", until="2027-01-01"),
        WrongProfile(slot="9C", reason="valid for more than 457 days"),
        OtherKey(slot="9C"),
        OtherIssuer(slot="9C", issuer="Somebody"),
        NotWritten(slot="9C"),
        provisioning.CertificateEnding(days=12),
        provisioning.RevocationListOld(days=40),
        FileUnusable(file="request.pem"),
        SecretMissing(what="card PIN"),
        RequestRefused(reason="it is no certification request"),
    ],
    ids=lambda trouble: trouble.code,
)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_troubles_are_worded(trouble: Trouble, language: str) -> None:
    words = TroubleWords()

    spoken = words.of(trouble.code, language, trouble.facts)

    assert trouble.code in words
    assert "—" not in spoken.title + spoken.text and spoken.next


# --- the training authority ---------------------------------------------------------


def test_requests_the_training_authority_does_not_answer(authority: TrainingAuthority) -> None:
    rsa = make_request(blank(), key_type=KeyType.RSA2048)
    broken = bytearray(make_request(blank()).der)
    broken[-1] ^= 1
    without_purpose = x509.CertificateSigningRequestBuilder().subject_name(
        subject_for(Slot.SIGNATURE, "KR", "", "")
    )
    key = generate_key(KeyType.P256)
    digest = KeyType.P256.digest
    plain = without_purpose.sign(key, digest).public_bytes(Encoding.DER)

    for given in (rsa.pem, bytes(broken), plain, b"nothing"):
        with pytest.raises(RequestRefused):
            certify(authority, given, NOW)


def test_training_list_names_what_was_named_before(authority: TrainingAuthority) -> None:
    first, second = (officer.slots[Slot.SIGNATURE] for officer in authority.officers[:2])
    before = revocation_list(authority, first.der, NOW)

    both = x509.load_pem_x509_crl(revocation_list(authority, second.der, NOW + DAY, before))

    assert {entry.serial_number for entry in both} == {
        pair.certificate.serial_number for pair in (first, second)
    }
    with pytest.raises(RequestRefused):
        revocation_list(TrainingAuthority.create(NOW, ("A",)), first.der, NOW)
    assert load_certificate(first.der).subject
