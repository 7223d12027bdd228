"""Validity, chain and signature forms of the card's certificates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from desk.cards import certificates
from desk.cards.piv_data import KeyType
from desk.cards.troubles import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateUnreadable,
    ChainBroken,
    SignatureMismatch,
)
from desk.training.piv_card import generate_key
from tests.cards.issue import NOW, authority, der

DAY = timedelta(days=1)


def test_validity_has_two_ends() -> None:
    certificate = authority("Root").issue(
        generate_key(KeyType.P256).public_key(), "Leaf", NOW - DAY, NOW + DAY
    )

    certificates.check_validity(certificate, NOW)
    with pytest.raises(CertificateExpired) as late:
        certificates.check_validity(certificate, NOW + 2 * DAY)
    with pytest.raises(CertificateNotYetValid) as early:
        certificates.check_validity(certificate, NOW - 2 * DAY)

    assert late.value.facts == {"until": "2026-11-24"}
    assert early.value.facts == {"since": "2026-11-22", "clock": "2026-11-21"}


def test_chain_goes_up_and_leaves_the_anchor_out() -> None:
    root = authority("Root")
    middle = authority("Middle", root)
    leaf = middle.issue(generate_key(KeyType.P256).public_key(), "Leaf")
    given = [der(root.certificate), der(authority("Stranger").certificate), der(middle.certificate)]

    chain = certificates.build_chain(der(leaf), given)

    assert chain == (der(leaf), der(middle.certificate))


def test_leaf_directly_below_the_anchor_stands_alone() -> None:
    root = authority("Root")
    leaf = der(root.issue(generate_key(KeyType.P256).public_key(), "Leaf"))

    assert certificates.build_chain(leaf, [der(root.certificate)]) == (leaf,)
    assert certificates.build_chain(leaf, []) == (leaf,)


def test_issuer_of_the_same_name_with_another_key_is_no_issuer() -> None:
    leaf = der(authority("Root").issue(generate_key(KeyType.P256).public_key(), "Leaf"))

    with pytest.raises(ChainBroken):
        certificates.build_chain(leaf, [der(authority("Root").certificate)])


def test_unusable_certificates_have_a_name() -> None:
    odd = authority("Root").issue(ec.generate_private_key(ec.SECP521R1()).public_key(), "Odd")

    with pytest.raises(CertificateUnreadable):
        certificates.load_certificate(b"\x30\x03abc")
    with pytest.raises(CertificateUnreadable):
        certificates.public_key_of(odd)


@pytest.mark.parametrize(("key_type", "size"), [(KeyType.P256, 32), (KeyType.P384, 48)])
def test_raw_signature_has_a_fixed_length(key_type: KeyType, size: int) -> None:
    """RFC 7518, 3.4: r and s are filled up with zeros on the left."""
    raw = certificates.raw_signature(encode_dss_signature(1, 2**200), key_type)

    assert raw == (1).to_bytes(size) + (2**200).to_bytes(size)


def test_raw_signature_refuses_other_bytes() -> None:
    with pytest.raises(SignatureMismatch):
        certificates.raw_signature(b"\x30\x00", KeyType.P256)
    with pytest.raises(SignatureMismatch):
        certificates.raw_signature(encode_dss_signature(1, 2**300), KeyType.P256)
    assert certificates.raw_signature(b"rsa", KeyType.RSA2048) == b"rsa"


def test_small_rsa_key_is_not_used() -> None:
    small = rsa.generate_private_key(65537, 1024).public_key()

    with pytest.raises(CertificateUnreadable):
        certificates.public_key_of(authority("Root").issue(small, "Small"))
