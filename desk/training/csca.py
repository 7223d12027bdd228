"""The training country: a country signer, a document signer, and the objects they sign.

Everything here vouches for nothing outside the training mode: its certificates say so in
their names, and only a training trust store is ever given them. Laying the signed files
on a chip is `desk.training.chip`'s part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from desk.iso7816 import tlv
from desk.mrtd.mrz import parse
from desk.mrtd.trust import TrustStore
from desk.training import chip_features, chip_files
from desk.training.chip import Habits, PassportChip
from desk.training.chip_features import ActiveOffer, Features, Keys

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
COUNTRY = "KR"
ORGANISATION = "TRAINING ONLY - no passport authority"
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_OID = 0x06
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
SECURITY_OBJECT = bytes.fromhex("678108010101")
_CARD_SECURITY = bytes.fromhex("04007f0007030201")
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_SIGNING_TIME = bytes.fromhex("2a864886f70d010905")
_DIGESTS = {
    "sha1": bytes.fromhex("2b0e03021a"),
    "sha224": bytes.fromhex("608648016503040204"),
    "sha256": bytes.fromhex("608648016503040201"),
    "sha384": bytes.fromhex("608648016503040202"),
    "sha512": bytes.fromhex("608648016503040203"),
}
_ECDSA = {
    "sha1": bytes.fromhex("2a8648ce3d0401"),
    "sha224": bytes.fromhex("2a8648ce3d040301"),
    "sha256": bytes.fromhex("2a8648ce3d040302"),
    "sha384": bytes.fromhex("2a8648ce3d040303"),
    "sha512": bytes.fromhex("2a8648ce3d040304"),
}
_RSA = {
    "sha1": bytes.fromhex("2a864886f70d010105"),
    "sha224": bytes.fromhex("2a864886f70d01010e"),
    "sha256": bytes.fromhex("2a864886f70d01010b"),
    "sha384": bytes.fromhex("2a864886f70d01010c"),
    "sha512": bytes.fromhex("2a864886f70d01010d"),
}
_PSS = bytes.fromhex("2a864886f70d01010a")
_MGF1 = bytes.fromhex("2a864886f70d010108")
_NULL = b"\x05\x00"


@dataclass(frozen=True)
class Pair:
    """A key and its certificate (DER)."""

    key: PrivateKey = field(repr=False)
    certificate: bytes = field(repr=False)


@dataclass(frozen=True)
class Manner:
    """How a document signer signs: hash, PSS instead of PKCS#1 for RSA keys, dates.

    With ``by_key`` it names itself by its key's identifier, and with ``bare`` leaves its
    certificate out.
    """

    hash: str = "sha256"
    pss: bool = False
    signed_at: datetime | None = None
    by_key: bool = False
    bare: bool = False


@dataclass(frozen=True)
class TrainingCsca:
    """The country signer and the document signer it appointed."""

    country: Pair
    signer: Pair
    manner: Manner = field(default_factory=Manner)

    def personalise(
        self,
        mrz_lines: tuple[str, ...],
        portrait: bytes,
        *,
        altered: bytes | None = None,
        active_authentication: bool = False,
        features: Features | None = None,
        habits: Habits | None = None,
    ) -> PassportChip:
        """A chip for the holder of this zone, its picture in JPEG or JPEG2000.

        ``altered`` is put in the picture's place after signing, as a forger would.
        ``features`` are what else the issuer ordered.
        """
        ordered = features or Features()
        if active_authentication:
            ordered = replace(ordered, active=ActiveOffer())
        keys = Keys.draw(ordered)
        files = self.files(mrz_lines, portrait, ordered, keys)
        if altered is not None:
            files["DG2"] = chip_files.dg2(altered)
        manners = habits or Habits()
        if ordered.fingerprints:
            manners = replace(manners, locked=manners.locked | {"DG3"})
        return PassportChip(
            files,
            parse("\n".join(mrz_lines)).key,
            manners,
            keys,
            root=self.root_files(ordered, keys),
            bac=ordered.bac,
            can=ordered.can,
        )

    def files(
        self,
        mrz_lines: tuple[str, ...],
        portrait: bytes,
        features: Features | None = None,
        keys: Keys | None = None,
    ) -> dict[str, bytes]:
        """Every file of the application by name (COM, SOD, DG1, ...), signed."""
        ordered = features or Features()
        groups = {
            1: chip_files.dg1(mrz_lines),
            2: chip_files.dg2(portrait),
            **chip_features.data_groups(ordered, keys or Keys.draw(ordered)),
        }
        files = {f"DG{number}": content for number, content in groups.items()}
        return files | {"COM": chip_files.com(groups), "SOD": self.sod(groups)}

    def root_files(self, features: Features, keys: Keys) -> dict[str, bytes]:
        """The files beside the application: EF.CardAccess, EF.CardSecurity, EF.ATR/INFO."""
        files = {}
        if features.pace:
            files["CardAccess"] = chip_features.card_access(features)
        if keys.mapping is not None:
            content = chip_features.card_security(features, keys)
            files["CardSecurity"] = signed_data(content, self.signer, self.manner, _CARD_SECURITY)
        if features.lengths is not None:
            files["ATR"] = chip_files.atr_info(*features.lengths)
        return files

    def sod(self, groups: Mapping[int, bytes]) -> bytes:
        """EF.SOD over whole data group files by number."""
        return build_sod(groups, self.signer, self.manner)

    def trust_in(self, store: TrustStore, now: datetime) -> None:
        """Make the country signer an anchor of a training trust store."""
        store.import_certificate(self.country.certificate, now)

    def with_manner(self, manner: Manner) -> TrainingCsca:
        return replace(self, manner=manner)

    def save(self, folder: Path) -> None:
        """Keys unencrypted, readable by the owner only: they are worth nothing outside."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, pair in (("country", self.country), ("signer", self.signer)):
            key_file = folder / f"{name}.key.pem"
            key_file.touch(mode=0o600)
            key_file.write_bytes(
                pair.key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
            (folder / f"{name}.cer").write_bytes(pair.certificate)


def load_or_create(folder: Path, now: datetime) -> TrainingCsca:
    """The training country kept in ``folder``, made anew where there is none in force."""
    try:
        found = load(folder)
    except (OSError, ValueError):
        found = None
    if found is not None and _in_force(found.signer, now) and _in_force(found.country, now):
        return found
    made = create(now)
    made.save(folder)
    return made


def load(folder: Path) -> TrainingCsca:
    """Raises OSError or ValueError where there is none."""
    return TrainingCsca(_load(folder, "country"), _load(folder, "signer"))


def create(now: datetime, seed: bytes | None = None, name: str = "Training CSCA") -> TrainingCsca:
    """A country signer and its document signer, on P-256; the same each time for a ``seed``.

    In force from twelve years ago, so that passports issued long ago were signed in time.
    """
    country_key, signer_key = _key(seed, b"country"), _key(seed, b"signer")
    country = authority(country_key, now, name)
    signer = document_signer(Pair(country_key, country), signer_key.public_key(), now)
    signed_at = now - timedelta(days=365)
    return TrainingCsca(
        Pair(country_key, country), Pair(signer_key, signer), Manner(signed_at=signed_at)
    )


def authority(
    key: PrivateKey, now: datetime, name: str = "Training CSCA", *, years: float = 15
) -> bytes:
    """A self-signed country certificate (Doc 9303-12 table 3), ending ``years`` from now."""
    subject = _name(name)
    public = key.public_key()
    builder = (
        _builder(subject, subject, public, now, years)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    return _signed(builder, key)


def link_certificate(old: Pair, new: Pair, now: datetime) -> bytes:
    """The new key's certificate signed by the old key (Doc 9303-12 clause 7.1.1)."""
    before = x509.load_der_x509_certificate(old.certificate)
    after = x509.load_der_x509_certificate(new.certificate)
    public, issuer = new.key.public_key(), old.key.public_key()
    builder = (
        _builder(after.subject, before.subject, public, now, 15)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
    )
    return _signed(builder, old.key)


def document_signer(
    issuer: Pair,
    public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    now: datetime,
    *,
    begins: datetime | None = None,
    years: float = 11,
    extra: x509.ExtensionType | None = None,
) -> bytes:
    """A document signer's certificate (Doc 9303-12 table 4), ending ``years`` from now."""
    parent = x509.load_der_x509_certificate(issuer.certificate)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = (
        _builder(_name("Training Document Signer"), parent.subject, public, now, years, begins)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(identifier, critical=False)
    )
    if extra is not None:
        builder = builder.add_extension(extra, critical=False)
    return _signed(builder, issuer.key)


def build_sod(groups: Mapping[int, bytes], signer: Pair, manner: Manner) -> bytes:
    """EF.SOD: signed data over the hashes of ``groups`` (Doc 9303-10 clause 4.6.2)."""
    return wrap_signed(security_object(groups, manner.hash), signer, manner)


def security_object(groups: Mapping[int, bytes], hash_name: str) -> bytes:
    """LDSSecurityObject version 0 over whole files by number."""
    rows = b"".join(
        tlv.encode(0x30, _integer(n), tlv.encode(0x04, _digest(hash_name, groups[n])))
        for n in sorted(groups)
    )
    return tlv.encode(0x30, _integer(0), _algorithm(_DIGESTS[hash_name]), tlv.encode(0x30, rows))


def wrap_signed(content: bytes, signer: Pair, manner: Manner) -> bytes:
    """Tag 77 around signed data with ``content`` as a security object."""
    return tlv.encode(0x77, signed_data(content, signer, manner))


def signed_data(
    content: bytes,
    signer: Pair,
    manner: Manner,
    content_type: bytes = SECURITY_OBJECT,
    others: bytes = b"",
) -> bytes:
    """Signed data (RFC 5652) with one signer; ``others`` are further certificates (DER)."""
    attributes = _attributes(content, manner, content_type)
    signature = _sign(signer.key, tlv.encode(0x31, attributes), manner)
    digest = _algorithm(_DIGESTS[manner.hash])
    info = tlv.encode(
        0x30,
        _integer(3 if manner.by_key else 1),
        _key_identifier(signer) if manner.by_key else issuer_and_serial(signer.certificate),
        digest,
        tlv.encode(0xA0, attributes),
        _signature_algorithm(signer.key, manner),
        tlv.encode(0x04, signature),
    )
    enclosed = tlv.encode(0xA0, tlv.encode(0x04, content))
    data = tlv.encode(
        0x30,
        _integer(3),
        tlv.encode(0x31, digest),
        tlv.encode(0x30, tlv.encode(_OID, content_type), enclosed),
        b"" if manner.bare else tlv.encode(0xA0, signer.certificate, others),
        tlv.encode(0x31, info),
    )
    return tlv.encode(0x30, tlv.encode(_OID, _SIGNED_DATA), tlv.encode(0xA0, data))


def _attributes(content: bytes, manner: Manner, content_type: bytes) -> bytes:
    """Signed attributes in the order DER asks of a set."""
    digest = tlv.encode(0x04, _digest(manner.hash, content))
    items = [
        _attribute(_CONTENT_TYPE, tlv.encode(_OID, content_type)),
        _attribute(_MESSAGE_DIGEST, digest),
    ]
    if manner.signed_at is not None:
        stamp = manner.signed_at.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode()
        items.append(_attribute(_SIGNING_TIME, tlv.encode(0x17, stamp)))
    return b"".join(sorted(items))


def _attribute(oid: bytes, value: bytes) -> bytes:
    return tlv.encode(0x30, tlv.encode(_OID, oid), tlv.encode(0x31, value))


def _algorithm(oid: bytes, parameters: bytes = b"") -> bytes:
    return tlv.encode(0x30, tlv.encode(_OID, oid), parameters)


def _signature_algorithm(key: PrivateKey, manner: Manner) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _algorithm(_ECDSA[manner.hash])
    if not manner.pss:
        return _algorithm(_RSA[manner.hash], _NULL)
    digest = _algorithm(_DIGESTS[manner.hash], _NULL)
    length = hashlib.new(manner.hash, usedforsecurity=False).digest_size
    return _algorithm(
        _PSS,
        tlv.encode(
            0x30,
            tlv.encode(0xA0, digest),
            tlv.encode(0xA1, _algorithm(_MGF1, digest)),
            tlv.encode(0xA2, _integer(length)),
        ),
    )


def _sign(key: PrivateKey, data: bytes, manner: Manner) -> bytes:
    hash_ = _HASHES[manner.hash]()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hash_, deterministic_signing=True))
    if not manner.pss:
        return key.sign(data, padding.PKCS1v15(), hash_)
    pss = padding.PSS(mgf=padding.MGF1(hash_), salt_length=hash_.digest_size)
    return key.sign(data, pss, hash_)


def _key_identifier(signer: Pair) -> bytes:
    public = signer.key.public_key()
    return tlv.encode(0x80, x509.SubjectKeyIdentifier.from_public_key(public).digest)


def issuer_and_serial(der: bytes) -> bytes:
    """How a certificate (DER) is named by whoever it signed (RFC 5652 clause 10.2.4)."""
    certificate = x509.load_der_x509_certificate(der)
    return tlv.encode(0x30, certificate.issuer.public_bytes(), _integer(certificate.serial_number))


def _integer(number: int) -> bytes:
    return tlv.encode(0x02, number.to_bytes(number.bit_length() // 8 + 1))


def _digest(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    now: datetime,
    years: float,
    begins: datetime | None = None,
) -> x509.CertificateBuilder:
    start = begins or now - timedelta(days=12 * 365)
    material = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        # From the key, so that the same seed makes the same certificate.
        .serial_number(int.from_bytes(hashlib.sha256(material).digest()[:15]) | 1)
        .not_valid_before(start)
        .not_valid_after(now + timedelta(days=years * 365))
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(builder: x509.CertificateBuilder, key: PrivateKey) -> bytes:
    deterministic = True if isinstance(key, ec.EllipticCurvePrivateKey) else None
    certificate = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=deterministic)
    return certificate.public_bytes(serialization.Encoding.DER)


def _key(seed: bytes | None, label: bytes) -> ec.EllipticCurvePrivateKey:
    if seed is None:
        return ec.generate_private_key(ec.SECP256R1())
    number = int.from_bytes(hashlib.sha256(seed + label).digest()) >> 1
    return ec.derive_private_key(number, ec.SECP256R1())


def _load(folder: Path, name: str) -> Pair:
    key = serialization.load_pem_private_key((folder / f"{name}.key.pem").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("key of another kind")
    return Pair(key, (folder / f"{name}.cer").read_bytes())


def _in_force(pair: Pair, now: datetime) -> bool:
    certificate = x509.load_der_x509_certificate(pair.certificate)
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
