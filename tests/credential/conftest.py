"""One training authority and one invented applicant for all tests of the package."""

from __future__ import annotations

import io
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from desk.credential.claims import ClaimProfile, CredentialValues, Format, load_profile
from desk.credential.holder import Held
from desk.credential.keys import Curve
from desk.credential.signer import LocalKey, LocalSigner
from desk.credential.terms import StatusReference, Terms, Validity
from desk.credential.verify import Trust
from desk.training.authority import SIGNATURE, TrainingAuthority
from tests.prepared import prepare_unchecked

Issue = Callable[..., Held]
Vectors = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def vectors() -> Vectors:
    """Published examples by file name; each file states their origin."""
    folder = Path(__file__).parent / "vectors"
    return lambda name: tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def status() -> StatusReference:
    return StatusReference("https://issuer.example/status/1", 41_007)


@pytest.fixture(scope="session")
def now() -> datetime:
    """The real clock: other people's libraries can't be given another."""
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def authority(now: datetime) -> TrainingAuthority:
    return TrainingAuthority.create(now)


@pytest.fixture(scope="session")
def signer(authority: TrainingAuthority) -> LocalSigner:
    return authority.officers[0].slots[SIGNATURE].signer


@pytest.fixture(scope="session")
def profile() -> ClaimProfile:
    return load_profile()


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A small JPEG of nobody."""
    target = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((240, 320)).save(target, "JPEG")
    return target.getvalue()


@pytest.fixture(scope="session")
def values(now: datetime, picture: bytes) -> CredentialValues:
    return CredentialValues(
        family_name="HONG",
        given_name="YUNSEO",
        name_hangul="홍윤서",
        birth_date=date(1991, 3, 14),
        sex=2,
        portrait=picture,
        issue_date=now.date(),
        expiry_date=now.date() + timedelta(days=1000),
        issuing_authority="재외동포청",
        document_number="KR-0001-7734",
        travel_document_number="M00000017",
        overseas_number="2026-0000017",
        jurisdiction_post="주베트남 대한민국 대사관",
    )


@pytest.fixture(scope="session")
def trust(authority: TrainingAuthority, now: datetime) -> Trust:
    return Trust(anchors=(authority.iaca,), now=now)


@pytest.fixture(scope="session")
def issue(
    profile: ClaimProfile,
    values: CredentialValues,
    signer: LocalSigner,
    now: datetime,
    status: StatusReference,
) -> Issue:
    """Issue one credential of a format, to a new key unless one is given."""

    def issue_one(
        fmt: Format,
        key: LocalKey | None = None,
        by: LocalSigner | None = None,
        of: CredentialValues = values,
    ) -> Held:
        key, by = key or LocalKey.generate(Curve.P256), by or signer
        leaf = by.certificate_chain[0]
        validity = Validity.of(now, timedelta(days=365), profile.rounding, leaf)
        terms = Terms(key.public, by, validity, status)
        prepared = prepare_unchecked(fmt, profile, of, terms)
        return Held(fmt, prepared.credential(by.sign(prepared.to_be_signed)), key)

    return issue_one
