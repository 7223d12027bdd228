"""The training authorities."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import load_pem_x509_certificate
from cryptography.x509.oid import NameOID

from desk.credential import chain
from desk.credential.profile import problems, root_problems
from desk.training.authority import (
    AUTHENTICATION,
    HOLDERS,
    KEY_MANAGEMENT,
    ORGANISATION,
    SIGNATURE,
    AuthorityMissing,
    TrainingAuthority,
)

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def made() -> TrainingAuthority:
    return TrainingAuthority.create(NOW, ("Officer One", "Officer Two"))


def test_each_card_has_its_three_slots(made: TrainingAuthority) -> None:
    for card in made.officers:
        assert set(card.slots) == {AUTHENTICATION, SIGNATURE, KEY_MANAGEMENT}
        for slot in (AUTHENTICATION, KEY_MANAGEMENT):
            chain.verify([card.slots[slot].der], [made.officer_root], NOW)
        chain.verify([card.slots[SIGNATURE].der], [made.iaca], NOW)
        for pair in card.slots.values():
            assert isinstance(pair.private, ec.EllipticCurvePrivateKey)
            assert pair.certificate.public_key() == pair.private.public_key()


def test_the_signer_fits_its_profile_and_names_no_officer(made: TrainingAuthority) -> None:
    """Every verifier sees the signer's certificate."""
    names = set()
    for card in made.officers:
        certificate = card.slots[SIGNATURE].certificate
        assert list(problems(certificate, "KR")) == []
        assert card.holder not in certificate.subject.rfc4514_string()
        names.add(certificate.subject.rfc4514_string())
    assert len(names) == len(made.officers)


def test_the_root_is_a_root_and_says_training(made: TrainingAuthority) -> None:
    root = load_pem_x509_certificate(made.iaca_pem)

    assert list(root_problems(root)) == []
    (organisation,) = root.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert organisation.value == ORGANISATION
    assert not made.iaca_pem.count(b"PRIVATE")


def test_services_have_certificates_of_their_own(made: TrainingAuthority) -> None:
    chain.verify(made.status_signer.certificate_chain, [made.iaca], NOW)
    chain.verify(made.verifier_signer.certificate_chain, [made.relying_party_root], NOW)
    status, verifier = made.status_signer, made.verifier_signer

    assert status.public != verifier.public
    status.public.verify(status.sign(b"list"), b"list")


def test_it_comes_back_from_its_folder(made: TrainingAuthority, tmp_path: Path) -> None:
    folder = tmp_path / "authority"

    made.store(folder)
    again = TrainingAuthority.load_or_create(folder, NOW)

    assert again.iaca == made.iaca
    assert again.expires == made.expires
    assert [card.holder for card in again.officers] == ["Officer One", "Officer Two"]
    for mine, theirs in zip(made.officers, again.officers, strict=True):
        assert {slot: pair.der for slot, pair in mine.slots.items()} == {
            slot: pair.der for slot, pair in theirs.slots.items()
        }
    assert (folder / "iaca-certificate.pem").read_bytes() == made.iaca_pem


def test_keys_are_readable_by_their_owner_only(made: TrainingAuthority, tmp_path: Path) -> None:
    made.store(tmp_path / "authority")

    for path in (tmp_path / "authority").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_run_out_authority_is_made_anew(made: TrainingAuthority, tmp_path: Path) -> None:
    made.store(tmp_path)

    later = TrainingAuthority.load_or_create(tmp_path, NOW + timedelta(days=470))

    assert later.iaca != made.iaca
    assert TrainingAuthority.load(tmp_path).iaca == later.iaca


@pytest.mark.parametrize("damage", ["missing", "cut", "swapped"])
def test_a_damaged_folder_is_refused(made: TrainingAuthority, tmp_path: Path, damage: str) -> None:
    made.store(tmp_path)
    victim = tmp_path / "verifier.pem"
    if damage == "missing":
        victim.unlink()
    elif damage == "cut":
        victim.write_bytes(victim.read_bytes()[:300])
    else:
        victim.write_bytes(made.iaca_pem)

    with pytest.raises(AuthorityMissing) as missing:
        TrainingAuthority.load(tmp_path)
    assert missing.value.facts["file"] == "verifier.pem"


def test_an_empty_folder_holds_none(made: TrainingAuthority, tmp_path: Path) -> None:
    for text in ("[", "{}"):
        made.store(tmp_path / "broken")
        (tmp_path / "broken" / "officers.json").write_text(text)
        with pytest.raises(AuthorityMissing):
            TrainingAuthority.load(tmp_path / "broken")
    with pytest.raises(AuthorityMissing):
        TrainingAuthority.load(tmp_path)


def test_a_card_for_each_trouble_can_be_made(made: TrainingAuthority) -> None:
    expired = made.issue_card("x", NOW, signer_since=NOW - timedelta(days=600))
    future = made.issue_card("x", NOW, signer_since=NOW + timedelta(days=2))

    assert expired.slots[SIGNATURE].certificate.not_valid_after_utc < NOW
    assert future.slots[SIGNATURE].certificate.not_valid_before_utc > NOW
    assert expired.slots[AUTHENTICATION].certificate.not_valid_after_utc > NOW


def test_the_list_signer_is_under_the_officers_root_and_signs_lists_only(
    made: TrainingAuthority,
) -> None:
    (leaf,) = made.list_signer.certificate_chain

    chain.verify([leaf], [made.officer_root], NOW)
    assert not [card for card in made.officers if leaf in {p.der for p in card.slots.values()}]


def test_a_folder_of_an_older_version_gets_what_it_lacks(tmp_path: Path) -> None:
    """Its roots and cards stay: what was signed under them goes on to verify."""
    before = TrainingAuthority.create(NOW, ("officer-1", "officer-2"))
    before.store(tmp_path)
    (tmp_path / "officer-list-signer.pem").unlink()

    after = TrainingAuthority.load_or_create(tmp_path, NOW + timedelta(days=30))

    assert after.iaca == before.iaca and after.officer_root == before.officer_root
    assert [card.holder for card in after.officers] == list(HOLDERS)
    for mine, theirs in zip(before.officers, after.officers[:2], strict=True):
        assert mine.slots[AUTHENTICATION].der == theirs.slots[AUTHENTICATION].der
    later = NOW + timedelta(days=30)
    chain.verify(after.list_signer.certificate_chain, [before.officer_root], later)
    again = TrainingAuthority.load_or_create(tmp_path, NOW + timedelta(days=31))
    assert again.list_signer.certificate_chain == after.list_signer.certificate_chain
