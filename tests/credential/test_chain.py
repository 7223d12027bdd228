"""Chains to an anchor."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from desk.credential import chain
from desk.credential.troubles import IssuerUnknown, Malformed, NotValidNow
from desk.training.authority import SIGNATURE, TrainingAuthority, document_signer


@pytest.fixture(scope="module")
def leaf(authority: TrainingAuthority) -> bytes:
    return authority.officers[0].slots[SIGNATURE].der


def test_a_signer_leads_to_its_root(
    authority: TrainingAuthority, leaf: bytes, now: datetime
) -> None:
    anchors = [authority.officer_root, authority.iaca]

    anchor = chain.verify([leaf], anchors, now)

    assert anchor.subject == anchor.issuer


def test_no_other_root_will_do(authority: TrainingAuthority, leaf: bytes, now: datetime) -> None:
    """Another root of the very same name has another key."""
    namesake = TrainingAuthority.create(now).iaca

    for anchors in ([], [authority.officer_root], [namesake], [leaf]):
        with pytest.raises(IssuerUnknown):
            chain.verify([leaf], anchors, now)


def test_the_anchor_itself_has_no_place_in_the_chain(
    authority: TrainingAuthority, leaf: bytes, now: datetime
) -> None:
    """HAIP 1.0 6.1.1: x5c without the trust anchor."""
    for certificates in ([leaf, authority.iaca], [authority.iaca]):
        with pytest.raises(IssuerUnknown):
            chain.verify(certificates, [authority.iaca], now)


def test_a_signer_issues_nothing(authority: TrainingAuthority, leaf: bytes, now: datetime) -> None:
    """A leaf without CA rights must not extend the chain."""
    signer = authority.officers[0].slots[SIGNATURE]
    below = document_signer(signer, now - timedelta(days=1)).der

    with pytest.raises(IssuerUnknown):
        chain.verify([below, leaf], [authority.iaca], now)
    with pytest.raises(IssuerUnknown):
        chain.verify([leaf, leaf], [authority.iaca], now)


def test_every_certificate_must_be_valid(
    authority: TrainingAuthority, leaf: bytes, now: datetime
) -> None:
    for at in (now - timedelta(days=2), now + timedelta(days=500)):
        with pytest.raises(NotValidNow):
            chain.verify([leaf], [authority.iaca], at)


@pytest.mark.parametrize("certificates", [[], [b""], [b"junk"], [b"0"] * 5])
def test_junk_is_refused(
    authority: TrainingAuthority, now: datetime, certificates: list[bytes]
) -> None:
    with pytest.raises(Malformed):
        chain.verify(certificates, [authority.iaca], now)
