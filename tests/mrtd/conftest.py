"""A training country, its trust, an invented holder and pictures, made once a session."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import settings
from PIL import Image

from desk.mrtd import certificates, mrz
from desk.mrtd.anchors import Anchor, AnchorSet
from desk.mrtd.mrz import Mrz
from desk.mrtd.trust import TrustStore
from desk.training import csca
from desk.training.csca import TrainingCsca
from tests.anchors import trusting

# Examples are counted, not timed: the machine may be busy.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
# Invented.
LINES = mrz.compose_td3("PM", "KOR", "KIM", "HANEUL", "M123A4567", "KOR", "910314", "F", "330502")


def picture(format_: str = "JPEG", width: int = 240, height: int = 320) -> bytes:
    """A grey gradient with noise, so that it does not compress to nothing."""
    noise = np.random.default_rng(7).normal(0, 12, (height, width, 3))
    gradient = np.linspace(30, 220, height)[:, None, None]
    pixels = (gradient + noise).clip(0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format_)
    return out.getvalue()


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def holder() -> Mrz:
    return mrz.parse("\n".join(LINES))


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    return picture()


@pytest.fixture(scope="session")
def jpeg2000() -> bytes:
    return picture("JPEG2000")


@pytest.fixture(scope="session")
def country() -> TrainingCsca:
    return csca.create(NOW, seed=b"tests")


@pytest.fixture(scope="session")
def anchors(country: TrainingCsca) -> AnchorSet:
    return trusting(country, NOW)


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def german_store(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    """The published German master list, imported under its root."""
    store = TrustStore(tmp_path_factory.mktemp("trust"))
    (file,) = shared_data.glob("DE_ML_*.ml")
    store.import_file(file, shared_data / "DE_ROOT_CA_CSCA07.cer", NOW)
    return store


def anchors_of(*ders: bytes) -> AnchorSet:
    return AnchorSet(Anchor.of(certificates.parse(der), "test", NOW) for der in ders)
