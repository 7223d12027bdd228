"""The way to shared records: which addresses are taken, whom the server lets in, TLS."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import text

from desk.store import (
    journal,
)
from desk.store.database import Store, StoreKind
from desk.store.journal import Stamp
from desk.store.key import RecordsKey
from desk.store.postgres import SharedDatabase
from desk.store.troubles import (
    AddressWrong,
    DeskRefused,
    StoreTrouble,
    Unprotected,
    Unreachable,
    trouble_of,
)
from tests.store.conftest import SharedGround


class TestLettingIn:
    def test_unknown_account_and_database(self, shared: SharedGround, key: RecordsKey) -> None:
        folder = shared.database.socket_folder
        for address in (
            f"postgresql://nobody-here@/{shared.database.name}?host={folder}",
            f"postgresql://desk@/no_such_database?host={folder}",
        ):
            with pytest.raises(DeskRefused):
                Store.open(SharedDatabase.at(address), key, StoreKind.TRAINING)

    def test_no_server_there(self, key: RecordsKey) -> None:
        with pytest.raises(Unreachable):
            Store.open(SharedDatabase.at("postgresql://desk@/d?host=/nowhere"), key)

    @pytest.mark.parametrize(
        ("said", "kind"),
        [
            # What PostgreSQL 15 says in English and in Korean (its postgres.po).
            ("FATAL:  the database system is starting up", Unreachable),
            ("FATAL:  the database system is shutting down", Unreachable),
            ("FATAL:  the database system is in recovery mode", Unreachable),
            ("FATAL:  the database system is not yet accepting connections", Unreachable),
            ("치명적오류:  데이터베이스 시스템이 새로 가동 중입니다.", Unreachable),
            ("치명적오류:  데이터베이스 시스템이 중지 중입니다", Unreachable),
            ("치명적오류:  데이터베이스 시스템이 자동 복구 작업 중입니다.", Unreachable),
            (
                "치명적오류:  해당 데이터베이스 시스템은 아직 접속을 허용하지 않습니다.",
                Unreachable,
            ),
            ('FATAL:  role "desk" does not exist', DeskRefused),
            ('치명적오류:  "desk" 롤(role) 없음', DeskRefused),
        ],
    )
    def test_server_that_is_not_ready_refuses_nobody(
        self, said: str, kind: type[StoreTrouble]
    ) -> None:
        """A server on its way down or up passes; who is not let in has to ask somebody."""
        error = psycopg.OperationalError(
            f'connection failed: connection to server at "db.example", port 5432 failed: {said}'
        )

        assert type(trouble_of(error)) is kind

    def test_rights_that_are_missing(
        self, shared: SharedGround, key: RecordsKey, stamp: Stamp
    ) -> None:
        with closing(shared.database.connect()) as connection:
            connection.execute("CREATE ROLE reader LOGIN")
            connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        only_reads = str(shared.place.url).replace("desk@", "reader@")

        reader = Store.open(SharedDatabase.at(only_reads), key, StoreKind.TRAINING)
        with pytest.raises(DeskRefused), reader.write() as session:
            journal.append(session, stamp, "TEST.EVENT")

        reader.close()
        with closing(shared.database.connect()) as connection:
            connection.execute("DROP OWNED BY reader")
            connection.execute("DROP ROLE reader")

    @pytest.mark.parametrize(
        "address",
        [
            "records",
            "sqlite:///records.db",
            "mysql://desk@db.example/records",
            "postgresql+asyncpg://desk@db.example/records",
            "postgresql://desk@db.example",
            "postgresql:///records",
            "postgresql://desk:secret@db.example/records",
            "postgresql://desk@db.example/records?password=secret",
        ],
    )
    def test_addresses_that_are_none(self, address: str) -> None:
        with pytest.raises(AddressWrong) as refused:
            SharedDatabase.at(address)

        assert "secret" not in f"{refused.value!r} {refused.value.__cause__!r}"

    @pytest.mark.parametrize(
        "rest",
        ["?sslmode=disable", "?sslmode=prefer", "?sslmode=require", "?sslmode=verify-ca"],
    )
    def test_unprotected_is_refused(self, rest: str) -> None:
        with pytest.raises(Unprotected):
            SharedDatabase.at(f"postgresql://desk@db.example/records{rest}")

    @pytest.mark.parametrize(
        ("address", "mode"),
        [
            ("postgresql://desk@db.example/records", "verify-full"),
            ("postgresql+psycopg://desk@db.example:5433/r?sslmode=verify-full", "verify-full"),
            ("postgresql://desk@/r?host=127.0.0.1,db.example", "verify-full"),
            ("postgresql://desk@localhost/r?hostaddr=192.0.2.1", "verify-full"),
            ("postgresql://desk@127.0.0.1/r", None),
            ("postgresql://desk@/r?host=/run/postgresql", None),
        ],
    )
    def test_other_machines_only_over_tls(self, address: str, mode: str | None) -> None:
        assert SharedDatabase.at(address).url.query.get("sslmode") == mode


class TestProtectedWay:
    """TLS with the server's certificate and name checked, against a real server."""

    @pytest.fixture
    def port(self, shared: SharedGround, tmp_path: Path) -> Iterator[int]:
        """The port of the server on loopback, with a certificate for «localhost»."""
        certificate, key = server_certificate("localhost")
        (tmp_path / "root.pem").write_bytes(certificate)
        (tmp_path / "other.pem").write_bytes(server_certificate("localhost")[0])
        files = (shared.server.lay("tls.pem", certificate), shared.server.lay("tls.key", key))
        port = free_port()
        shared.server.stop()
        shared.server.start(
            "ssl=on",
            f"ssl_cert_file={files[0]}",
            f"ssl_key_file={files[1]}",
            "listen_addresses=127.0.0.1",
            f"port={port}",
            f"unix_socket_directories={shared.server.folder}",
        )
        yield port
        shared.server.stop()
        shared.server.start()

    def test_only_to_the_server_that_was_meant(
        self, shared: SharedGround, key: RecordsKey, port: int, tmp_path: Path
    ) -> None:
        """Opens over TLS with the right root; refused with another root, or another name."""

        def address(host: str, root: str) -> SharedDatabase:
            rest = f"sslmode=verify-full&sslrootcert={tmp_path / root}"
            return SharedDatabase.at(
                f"postgresql://desk@{host}:{port}/{shared.database.name}?{rest}"
            )

        store = Store.open(address("localhost", "root.pem"), key, StoreKind.TRAINING)
        with store.engine.connect() as connection:
            query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            protected = connection.scalar(text(query))
        store.close()

        assert protected is True
        for host, root in (("localhost", "other.pem"), ("127.0.0.1", "root.pem")):
            with pytest.raises(Unprotected):
                Store.open(address(host, root), key, StoreKind.TRAINING)


def server_certificate(name: str) -> tuple[bytes, bytes]:
    """A certificate that signs itself and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
