"""Targets: what an officer's card, its reader and its authority say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from desk.cards import certificates, pin_pad, piv_data, revocation, token
from desk.cards.piv import PIN_LENGTHS
from desk.cards.piv_data import Chuid, KeyType, PinPolicy, Slot
from desk.cards.revocation import Revocations
from desk.cards.troubles import CertificateUnreadable, RevocationListRefused
from desk.counter import provisioning
from desk.counter.provisioning import Roots
from desk.iso7816.troubles import TlvError, TransportFailed
from desk.training import card_authority
from desk.training.authority import SIGNATURE, TrainingAuthority
from desk.training.card_authority import RequestRefused
from desk.training.piv_card import TRAINING_MANAGEMENT_KEY, PivCard, generate_key
from tests.cards.issue import session_with
from tests.fuzz.target import Target

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ROOTS = Roots((), (), "KR", Revocations(Path("no such folder"), ()))


@lru_cache(maxsize=1)
def authority() -> TrainingAuthority:
    return TrainingAuthority.create(NOW)


def _objects(data: bytes) -> None:
    """The first byte chooses the object, as a card may answer anything to any question."""
    kind, contents = data[:1], data[1:]
    if kind == b"C":
        Chuid.parse(contents).encode()
    elif kind == b"P":
        PinPolicy.parse(contents).encode()
    elif kind == b"Z":
        piv_data.certificate_in(contents)
    else:
        piv_data.public_key_in(contents, _KEYS.get(kind, KeyType.P256))


_KEYS = {b"L": KeyType.P384, b"R": KeyType.RSA2048}


def _object_samples() -> Sequence[bytes]:
    der = authority().officers[0].slots[SIGNATURE].der
    chuid = Chuid(bytes(25), bytes(range(16)), "20301231")
    keys = {b"K": KeyType.P256} | _KEYS
    return (
        b"C" + chuid.encode(),
        b"P" + PinPolicy(global_pin=True, global_first=True).encode(),
        b"Z" + piv_data.certificate_object(der),
        b"Z" + piv_data.certificate_object(der, compress=True),
        *(
            name + piv_data.public_key_template(generate_key(key_type).public_key())
            for name, key_type in keys.items()
        ),
    )


def _certificate(data: bytes) -> None:
    """As the board and a vendor's module judge what is in a slot."""
    session = session_with(PivCard({}, dict.fromkeys(provisioning.SHOWN, data)))
    for slot in provisioning.SHOWN:
        provisioning.slot_status(session, slot, ROOTS, NOW)
    loaded = certificates.load_certificate(data)
    token.part_of(loaded)
    certificates.public_key_of(loaded)


def _certificate_samples() -> Sequence[bytes]:
    slots = authority().officers[0].slots
    return (*(pair.der for pair in slots.values()), authority().iaca)


def _revocations(data: bytes) -> None:
    found = revocation.load_list(data)
    found.get_revoked_certificate_by_serial_number(1)
    revocation._issuer_of(found, [authority().iaca])
    assert found.last_update_utc and found.issuer.public_bytes()


def _revocation_samples() -> Sequence[bytes]:
    der = authority().officers[0].slots[SIGNATURE].der
    pem = card_authority.revocation_list(authority(), der, NOW - timedelta(days=1))
    return pem, x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER)


def _features(data: bytes) -> None:
    pin_pad.parse_features(data)
    assert set(pin_pad._common_lengths(data, PIN_LENGTHS)) <= set(PIN_LENGTHS)


def _request(data: bytes) -> None:
    card_authority.certify(authority(), data, NOW)


def _request_samples() -> Sequence[bytes]:
    session = session_with(PivCard())
    made = provisioning.request(
        session,
        Slot.SIGNATURE,
        KeyType.P256,
        provisioning.subject_for(Slot.SIGNATURE, "KR", "", "Signer"),
        bytearray(b"123456"),
        TRAINING_MANAGEMENT_KEY,
        NOW,
    )
    return made.der, made.pem


TARGETS = (
    Target("card-objects", _objects, (TlvError,), _object_samples),
    Target("card-certificate", _certificate, (CertificateUnreadable,), _certificate_samples),
    Target("card-revocations", _revocations, (RevocationListRefused,), _revocation_samples),
    Target(
        "reader-features",
        _features,
        (TransportFailed,),
        lambda: (bytes.fromhex("060442330006" + "070442330007"),),
    ),
    Target("card-request", _request, (RequestRefused,), _request_samples),
)
"""Every target of this area."""
