"""Small certificates and cards for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from desk.cards.piv import PivSession
from desk.cards.piv_data import KeyType, PrivateKey, PublicKey, Slot
from desk.iso7816.connection import CardConnection
from desk.training.piv_card import PivCard, generate_key

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
PIN = "246813"
PUK = "97531864"


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True)
class Authority:
    """An issuing authority with its own certificate, self-signed or issued."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def issue(
        self,
        public_key: PublicKey,
        name: str,
        since: datetime = NOW - timedelta(days=30),
        until: datetime = NOW + timedelta(days=300),
    ) -> x509.Certificate:
        return _signed(public_key, name, self.certificate.subject, self.key, since, until)


def authority(name: str, above: Authority | None = None) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    since, until = NOW - timedelta(days=400), NOW + timedelta(days=4000)
    if above is not None:
        return Authority(key, above.issue(key.public_key(), name, since, until))
    subject = _name(name)
    return Authority(key, _signed(key.public_key(), name, subject, key, since, until))


def card_with(
    key_type: KeyType = KeyType.P256,
    issuer: Authority | None = None,
    *,
    strict: bool = True,
    global_pin: str | None = None,
) -> PivCard:
    """A card with 9A, 9C and 9D of one kind, certified by ``issuer``."""
    issuer = issuer or authority("Test root")
    slots = (Slot.AUTHENTICATION, Slot.SIGNATURE, Slot.KEY_MANAGEMENT)
    keys: dict[Slot, PrivateKey] = {slot: generate_key(key_type) for slot in slots}
    certificates = {
        slot: der(issuer.issue(key.public_key(), f"Card {slot:02X}")) for slot, key in keys.items()
    }
    # Beside a global PIN the application has one of its own, which must stay untouched.
    own = PIN if global_pin is None else "864209"
    return PivCard(keys, certificates, pin=own, puk=PUK, global_pin=global_pin, strict=strict)


def session_with(connection: CardConnection) -> PivSession:
    session = PivSession(connection)
    session.select()
    return session


def sessions(card: CardConnection) -> Callable[[], AbstractContextManager[PivSession]]:
    """What a signer takes: every session begins with a card just powered."""

    @contextmanager
    def opened() -> Iterator[PivSession]:
        reset = getattr(card, "reset", None)
        if reset is not None:
            reset()
        yield session_with(card)

    return opened


def pin(text: str = PIN) -> bytearray:
    return bytearray(text, "ascii")


class Recorder:
    """Passes everything on and remembers the commands."""

    def __init__(self, inner: PivCard) -> None:
        self.inner = inner
        self.commands: list[bytes] = []

    def transmit(self, apdu: bytes) -> bytes:
        self.commands.append(apdu)
        return self.inner.transmit(apdu)

    def reset(self) -> None:
        self.inner.reset()

    def sent(self, ins: int) -> list[bytes]:
        return [command for command in self.commands if command[1] == ins]


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signed(
    public_key: PublicKey,
    name: str,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    since: datetime,
    until: datetime,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
