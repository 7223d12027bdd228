"""The training authorities: an IACA of its own, officer cards, service certificates.

Everything is made once and kept in a folder. The roots are the training program's own,
so that what it signs verifies nowhere else; keys lie unencrypted in files only their
owner can read, which is right for training and for nothing else. Passports' authorities
(CSCA, document signer) are left to the passport chip.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from desk.credential.keys import Curve
from desk.credential.profile import DOCUMENT_SIGNER
from desk.credential.signer import LocalSigner
from desk.issuance.officers import LIST_SIGNING
from desk.trouble import Trouble

AUTHENTICATION, SIGNATURE, KEY_MANAGEMENT = 0x9A, 0x9C, 0x9D
COUNTRY = "KR"
ORGANISATION = "Training - not valid"
_DAY = timedelta(days=1)
_ROOT_LIFE = timedelta(days=3650)
SIGNER_LIFE = timedelta(days=457)
CARD_LIFE = timedelta(days=1095)
OFFICER_ROOT = "officer-root.pem"
HOLDERS = tuple(f"officer-{number}" for number in range(1, 6))
"""Whose cards are made where nobody asks for others."""
_LIST_SIGNER = "officer-list-signer"
_ROOTS = ("iaca", "officers", "relying-parties")


class AuthorityMissing(Trouble):
    """The folder holds no training authority, or only a part of one; facts: ``file``."""

    code = "TRAIN-20"


@dataclass(frozen=True)
class Pair:
    """A certificate with its private key."""

    certificate: x509.Certificate
    private: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def signer(self) -> LocalSigner:
        """Satisfies ``desk.credential.signer.Signer``; the chain is the leaf alone."""
        return LocalSigner(self.private, (self.der,))


@dataclass(frozen=True)
class OfficerCard:
    """What is written to one officer's training card: PIV slot → key and certificate.

    A slot without an entry is empty: the card that can't sign is made so.
    """

    holder: str
    slots: Mapping[int, Pair]


class TrainingAuthority:
    """All roots and the certificates under them."""

    def __init__(
        self,
        roots: Mapping[str, Pair],
        officers: tuple[OfficerCard, ...],
        status: Pair,
        verifier: Pair,
        list_signer: Pair,
    ) -> None:
        self._roots = roots
        self.officers = officers
        self._list_signer = list_signer
        self._status = status
        self._verifier = verifier

    @classmethod
    def create(cls, now: datetime, officers: tuple[str, ...] = HOLDERS) -> TrainingAuthority:
        """Make new roots, one card for each of ``officers``, and the service certificates.

        Certificates begin a day before ``now``, because times in credentials are
        rounded down.
        """
        roots = {
            "iaca": _root("Training IACA", now),
            "officers": _root("Training Officer CA", now),
            "relying-parties": _root("Training Relying Party CA", now),
        }
        made = cls(
            roots,
            (),
            _status_signer(roots["iaca"], now),
            _verifier(roots, now),
            _officer_list_signer(roots["officers"], now),
        )
        made.officers = tuple(made.issue_card(holder, now) for holder in officers)
        return made

    def pair(self, root: str) -> Pair:
        """The root ``iaca`` or ``officers`` with its key, for whoever issues under it."""
        return self._roots[root]

    @property
    def iaca(self) -> bytes:
        """The root all credentials and status lists chain to, DER."""
        return self._roots["iaca"].der

    @property
    def iaca_pem(self) -> bytes:
        return self._roots["iaca"].certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def officer_root(self) -> bytes:
        """The root of the cards' sign-in certificates (9A, 9D), DER."""
        return self._roots["officers"].der

    @property
    def officer_root_pem(self) -> bytes:
        return self._roots["officers"].certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def relying_party_root(self) -> bytes:
        """The root of the verifier's certificate, DER."""
        return self._roots["relying-parties"].der

    @property
    def status_signer(self) -> LocalSigner:
        """Signs status lists; under the same IACA as the credentials."""
        return self._status.signer

    @property
    def list_signer(self) -> LocalSigner:
        """Signs the list of officers, and nothing else; no officer's card may."""
        return self._list_signer.signer

    @property
    def verifier_signer(self) -> LocalSigner:
        """Signs the requests to phones; its hash is the client id."""
        return self._verifier.signer

    def issue_card(
        self, holder: str, now: datetime, *, signer_since: datetime | None = None
    ) -> OfficerCard:
        """Keys and certificates for one card.

        ``signer_since`` moves the beginning of the signing certificate, so that an
        expired one (two years back) or one of the future can be made.
        """
        since = signer_since or now - _DAY
        return OfficerCard(
            holder,
            {
                AUTHENTICATION: _card_authentication(self._roots["officers"], holder, now),
                SIGNATURE: document_signer(self._roots["iaca"], since),
                KEY_MANAGEMENT: _card_key_management(self._roots["officers"], holder, now),
            },
        )

    # Keeping ----------------------------------------------------------------------

    def store(self, folder: Path) -> None:
        """Write everything; keys readable by their owner only."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, pair in self._pairs().items():
            _write(folder / f"{name}.pem", _pem(pair))
        holders = json.dumps([card.holder for card in self.officers], ensure_ascii=False)
        _write(folder / "iaca-certificate.pem", self.iaca_pem)
        _write(folder / OFFICER_ROOT, self.officer_root_pem)
        # Last, because its presence says that all the others are there.
        _write(folder / "officers.json", holders.encode())

    @classmethod
    def load(cls, folder: Path) -> TrainingAuthority:
        """Read what ``store`` wrote; raises ``AuthorityMissing``."""
        holders = _load_holders(folder / "officers.json")
        cards = tuple(
            OfficerCard(
                holder,
                {
                    slot: _load_pair(folder / f"{_card_file(place, slot)}.pem")
                    for slot in (AUTHENTICATION, SIGNATURE, KEY_MANAGEMENT)
                    if (folder / f"{_card_file(place, slot)}.pem").exists()
                },
            )
            for place, holder in enumerate(holders, 1)
        )
        return cls(
            {name: _load_pair(folder / f"{name}.pem") for name in _ROOTS},
            cards,
            _load_pair(folder / "status-signer.pem"),
            _load_pair(folder / "verifier.pem"),
            _load_pair(folder / f"{_LIST_SIGNER}.pem"),
        )

    @classmethod
    def load_or_create(cls, folder: Path, now: datetime) -> TrainingAuthority:
        """The stored authority; a new one where there is none or a certificate has run out."""
        try:
            _complete(folder, now)
            stored = cls.load(folder)
        except AuthorityMissing:
            stored = None
        if stored is None or stored.expires <= now + _DAY:
            stored = cls.create(now)
            stored.store(folder)
        elif not (folder / OFFICER_ROOT).exists():  # a folder of an older version
            stored.store(folder)
        return stored

    @property
    def expires(self) -> datetime:
        """When the first of all certificates runs out."""
        return min(pair.certificate.not_valid_after_utc for pair in self._pairs().values())

    def _pairs(self) -> dict[str, Pair]:
        cards = {
            _card_file(place, slot): pair
            for place, card in enumerate(self.officers, 1)
            for slot, pair in card.slots.items()
        }
        return {
            **self._roots,
            "status-signer": self._status,
            "verifier": self._verifier,
            _LIST_SIGNER: self._list_signer,
            **cards,
        }


# Certificates ---------------------------------------------------------------------


def document_signer(
    root: Pair,
    since: datetime,
    curve: Curve = Curve.P256,
    life: timedelta = SIGNER_LIFE,
    names: Sequence[x509.GeneralName] = (),
) -> Pair:
    """An mdoc document signer (ISO/IEC 18013-5 annex B.1.4); ``names`` are further ones of the
    issuer it signs for.

    The subject is a random pseudonym: every verifier sees it, so it names no officer.
    """
    builder = _Builder(f"Training DS {secrets.token_hex(4).upper()}", curve, since, life)
    builder.add(_usage("digital_signature"), critical=True)
    builder.add(x509.ExtendedKeyUsage([DOCUMENT_SIGNER]), critical=True)
    builder.add(alternative_name())
    builder.add(revocation_point())
    if names:
        builder.add(x509.SubjectAlternativeName(names))
    return builder.issued_by(root)


def _root(name: str, now: datetime) -> Pair:
    builder = _Builder(name, Curve.P256, now - _DAY, _ROOT_LIFE)
    builder.add(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder.add(_usage("key_cert_sign", "crl_sign"), critical=True)
    builder.add(alternative_name())
    builder.add(revocation_point())
    return builder.self_issued()


def provider_certificates(now: datetime) -> tuple[Pair, Pair]:
    """A root for wallet providers, and the certificate that signs key attestations."""
    root = _root("Training Wallet Provider CA", now)
    builder = _Builder("Training Wallet Provider", Curve.P256, now - _DAY, SIGNER_LIFE)
    builder.add(_usage("digital_signature"), critical=True)
    return root, builder.issued_by(root)


def _status_signer(root: Pair, now: datetime) -> Pair:
    builder = _Builder("Training Status List", Curve.P256, now - _DAY, SIGNER_LIFE)
    builder.add(_usage("digital_signature"), critical=True)
    builder.add(alternative_name())
    builder.add(revocation_point())
    return builder.issued_by(root)


def _verifier(roots: Mapping[str, Pair], now: datetime) -> Pair:
    builder = _Builder("Training Desk Check", Curve.P256, now - _DAY, SIGNER_LIFE)
    builder.add(_usage("digital_signature"), critical=True)
    return builder.issued_by(roots["relying-parties"])


def _officer_list_signer(root: Pair, now: datetime) -> Pair:
    builder = _Builder("Training Officer List", Curve.P256, now - _DAY, SIGNER_LIFE)
    builder.add(_usage("digital_signature"), critical=True)
    builder.add(x509.ExtendedKeyUsage([LIST_SIGNING]), critical=True)
    return builder.issued_by(root)


def _card_authentication(root: Pair, holder: str, now: datetime) -> Pair:
    builder = _Builder(holder, Curve.P256, now - _DAY, CARD_LIFE)
    builder.add(_usage("digital_signature"), critical=True)
    builder.add(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]))
    return builder.issued_by(root)


def _card_key_management(root: Pair, holder: str, now: datetime) -> Pair:
    builder = _Builder(holder, Curve.P256, now - _DAY, CARD_LIFE)
    builder.add(_usage("key_agreement"), critical=True)
    return builder.issued_by(root)


class _Builder:
    """A certificate in the making, with a fresh key."""

    def __init__(self, name: str, curve: Curve, since: datetime, life: timedelta) -> None:
        self._private = ec.generate_private_key(curve.group)
        self._subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
        since = since.astimezone(UTC).replace(microsecond=0)
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._private.public_key())
        self._builder = (
            x509.CertificateBuilder()
            .subject_name(self._subject)
            .public_key(self._private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(since + life)
            .add_extension(identifier, critical=False)
        )

    def add(self, extension: x509.ExtensionType, *, critical: bool = False) -> None:
        self._builder = self._builder.add_extension(extension, critical)

    def issued_by(self, issuer: Pair) -> Pair:
        key = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        self.add(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key.value))
        return self._sign(issuer.certificate.subject, issuer.private)

    def self_issued(self) -> Pair:
        return self._sign(self._subject, self._private)

    def _sign(self, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> Pair:
        certificate = self._builder.issuer_name(issuer).sign(key, Curve.of(key.curve).digest)
        return Pair(certificate, self._private)


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in allowed for name in _USAGES})


def signing_usage() -> x509.KeyUsage:
    """Signatures and nothing else."""
    return _usage("digital_signature")


# `.invalid` never resolves (RFC 2606 2): nothing is fetched for a training certificate.
def alternative_name() -> x509.IssuerAlternativeName:
    return x509.IssuerAlternativeName([x509.UniformResourceIdentifier("https://training.invalid/")])


def revocation_point() -> x509.CRLDistributionPoints:
    address = x509.UniformResourceIdentifier("https://training.invalid/iaca.crl")
    return x509.CRLDistributionPoints([x509.DistributionPoint([address], None, None, None)])


# Files ----------------------------------------------------------------------------


def _complete(folder: Path, now: datetime) -> None:
    """Add to a folder of an older version what it did not make: list signer, further cards.

    Raises ``AuthorityMissing``.
    """
    if (folder / f"{_LIST_SIGNER}.pem").exists():
        return
    holders = _load_holders(folder / "officers.json")
    made = TrainingAuthority(
        {name: _load_pair(folder / f"{name}.pem") for name in _ROOTS},
        (),
        _load_pair(folder / "status-signer.pem"),
        _load_pair(folder / "verifier.pem"),
        _officer_list_signer(_load_pair(folder / "officers.pem"), now),
    )
    further = tuple(made.issue_card(holder, now) for holder in HOLDERS[len(holders) :])
    for place, card in enumerate(further, len(holders) + 1):
        for slot, pair in card.slots.items():
            _write(folder / f"{_card_file(place, slot)}.pem", _pem(pair))
    names = json.dumps([*holders, *(card.holder for card in further)], ensure_ascii=False)
    _write(folder / "officers.json", names.encode())
    _write(folder / f"{_LIST_SIGNER}.pem", _pem(made._list_signer))


def _card_file(place: int, slot: int) -> str:
    return f"card-{place}-{slot:02x}"


def _pem(pair: Pair) -> bytes:
    return pair.certificate.public_bytes(serialization.Encoding.PEM) + pair.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: a killed program leaves no half file behind."""
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    new.replace(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as missing:
        raise AuthorityMissing(file=path.name) from missing


def _load_holders(path: Path) -> list[str]:
    try:
        holders = json.loads(_read(path))
    except ValueError as broken:
        raise AuthorityMissing(file=path.name) from broken
    if not isinstance(holders, list):
        raise AuthorityMissing(file=path.name)
    return [str(holder) for holder in holders]


def _load_pair(path: Path) -> Pair:
    data = _read(path)
    try:
        private = serialization.load_pem_private_key(data, password=None)
        certificate = x509.load_pem_x509_certificate(data)
    except ValueError as broken:
        raise AuthorityMissing(file=path.name) from broken
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise AuthorityMissing(file=path.name)
    return Pair(certificate, private)
