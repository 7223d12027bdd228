"""What of a post's home folder is refused before a station is built on it."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from desk.app import compose
from desk.app.compose import AuthorityIncomplete, load_signer, start_service
from desk.app.home import Home
from desk.counter.settings import load_settings
from desk.credential.signer import LocalSigner
from desk.training.authority import TrainingAuthority


@pytest.fixture(scope="module")
def authority() -> TrainingAuthority:
    return TrainingAuthority.create(datetime.now(UTC), ())


def signer_file(folder: Path, key: LocalSigner, *certificates: bytes) -> Path:
    file = folder / "status-signer.pem"
    private = key.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(b"".join((*map(_pem, certificates), private)))
    return file


def _pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)


def test_a_signer_shows_its_chain_without_the_root(
    authority: TrainingAuthority, tmp_path: Path
) -> None:
    own = authority.status_signer
    file = signer_file(tmp_path, own, *own.certificate_chain, authority.iaca)

    assert load_signer(file).certificate_chain == own.certificate_chain


def test_a_key_that_is_another_certificates_is_refused(
    authority: TrainingAuthority, tmp_path: Path
) -> None:
    """What it signed went out, and nobody could verify it."""
    file = signer_file(
        tmp_path, authority.verifier_signer, *authority.status_signer.certificate_chain
    )

    with pytest.raises(AuthorityIncomplete) as refused:
        load_signer(file)

    assert refused.value.facts == {"file": "status-signer.pem"}


def test_a_signer_that_is_missing_or_unreadable_is_told_by_name(tmp_path: Path) -> None:
    file = tmp_path / "verifier.pem"
    for content in (None, b"no pem"):
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(AuthorityIncomplete) as refused:
            load_signer(file)
        assert refused.value.facts == {"file": "verifier.pem"}


def test_the_services_port_is_kept_unless_another_program_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Phones know the address; but the machine may have lent the port to a browser meanwhile."""
    monkeypatch.setattr(compose, "PORT_SECONDS", 0)
    home = Home.make(tmp_path).training
    settings = load_settings(home.settings)

    def port_now() -> int:
        service, url = start_service(home, settings)
        assert service is not None
        service.stop()
        return int(url.rsplit(":", 1)[1])

    first = port_now()
    assert port_now() == first
    with socket.create_server(("127.0.0.1", 0)) as elsewhere, socket.socket() as outgoing:
        outgoing.bind(("127.0.0.1", first))
        outgoing.connect(elsewhere.getsockname())

        other = port_now()

    assert other != first
    assert port_now() == other
