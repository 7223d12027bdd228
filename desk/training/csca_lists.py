"""Lists of the training country: who is revoked, whom it trusts, what it made wrong.

As worthless outside the training mode as everything of `desk.training.csca`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ObjectIdentifier

from desk.iso7816 import tlv
from desk.mrtd.certificates import DEVIATION_LIST_SIGNER, MASTER_LIST_SIGNER
from desk.training import csca
from desk.training.csca import Manner, Pair

_DEVIATIONS = bytes.fromhex("678108010107")
_MASTER_LIST = bytes.fromhex("678108010102")


def revocation_list(
    issuer: Pair,
    revoked: Iterable[bytes],
    at: datetime,
    *,
    number: int = 1,
    days: int = 90,
    since: datetime | None = None,
    extensions: Iterable[x509.ExtensionType] = (),
    critical: bool = False,
) -> bytes:
    """``issuer``'s list of ``at`` (Doc 9303-12 tables 9 and 10), good for ``days``.

    ``revoked`` are certificates (DER), revoked ``since`` then.
    """
    certificate = x509.load_der_x509_certificate(issuer.certificate)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificate.subject)
        .last_update(at)
        .next_update(at + timedelta(days=days))
        .add_extension(identifier, critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=critical)
    for der in revoked:
        entry = x509.RevokedCertificateBuilder(
            x509.load_der_x509_certificate(der).serial_number, since or at
        )
        builder = builder.add_revoked_certificate(entry.build())
    deterministic = True if isinstance(issuer.key, ec.EllipticCurvePrivateKey) else None
    made = builder.sign(issuer.key, hashes.SHA256(), ecdsa_deterministic=deterministic)
    return made.public_bytes(Encoding.DER)


def list_signer(issuer: Pair, now: datetime, usage: str, *, years: float = 2) -> Pair:
    """A signer of lists, appointed for ``usage`` (Doc 9303-12 clause 7.1.1.3)."""
    key = ec.generate_private_key(ec.SECP256R1())
    extended = x509.ExtendedKeyUsage([ObjectIdentifier(usage)])
    public = key.public_key()
    return Pair(key, csca.document_signer(issuer, public, now, years=years, extra=extended))


def master_list(issuer: Pair, ders: Iterable[bytes], now: datetime, at: datetime) -> bytes:
    """``issuer``'s master list of ``at`` with these certificates (Doc 9303-12 clause 8)."""
    signer = list_signer(issuer, now, MASTER_LIST_SIGNER)
    content = tlv.encode(0x30, b"\x02\x01\x00", tlv.encode(0x31, *ders))
    return csca.signed_data(content, signer, Manner(signed_at=at), _MASTER_LIST)


def deviation_list(issuer: Pair, deviations: Iterable[bytes], now: datetime, at: datetime) -> bytes:
    """``issuer``'s deviation list of ``at`` (Doc 9303-12 clause 10), out of `deviation`s."""
    signer = list_signer(issuer, now, DEVIATION_LIST_SIGNER)
    content = tlv.encode(0x30, b"\x02\x01\x00", tlv.encode(0x31, *deviations))
    return csca.signed_data(content, signer, Manner(signed_at=at), _DEVIATIONS)


def deviation(
    defect: str,
    parameter: int | None = None,
    *,
    signer: bytes | None = None,
    document_type: str = "",
    issued: tuple[datetime, datetime] | None = None,
    numbers: Iterable[str] = (),
) -> bytes:
    """One deviation: ``defect`` by its last arcs («2.2»), and which documents have it.

    ``signer`` is the document signer's certificate (DER), named by issuer and number.
    """
    parts = [tlv.encode(0x80, document_type.encode())] if document_type else []
    if signer is not None:
        parts.append(tlv.encode(0xA1, tlv.parse_one(csca.issuer_and_serial(signer)).value))
    if issued is not None:
        parts.append(tlv.encode(0xA4, *(_generalized(moment) for moment in issued)))
    listed = [tlv.encode(0x13, number.encode()) for number in numbers]
    if listed:
        parts.append(tlv.encode(0xA5, *listed))
    what = [tlv.encode(0x06, _DEVIATIONS + bytes(int(arc) for arc in defect.split(".")))]
    if parameter is not None:
        what.append(tlv.encode(0xA0, tlv.encode(0x02, bytes([parameter]))))
    return tlv.encode(0x30, tlv.encode(0x30, *parts), tlv.encode(0x31, tlv.encode(0x30, *what)))


def directory(values: Mapping[str, Iterable[tuple[str, bytes]]]) -> bytes:
    """LDIF of the ICAO directory's download: attribute and bytes by the entry's name."""
    lines = ["version: 1", ""]
    for name, attributes in values.items():
        lines += [f"dn: {name}", "objectClass: pkdDownload"]
        for attribute, content in attributes:
            lines += _folded(f"{attribute}:: {base64.b64encode(content).decode()}")
        lines.append("")
    return "\n".join(lines).encode()


def _folded(line: str, width: int = 76) -> list[str]:
    rest = range(width, len(line), width - 1)
    return [line[:width], *(f" {line[start : start + width - 1]}" for start in rest)]


def _generalized(moment: datetime) -> bytes:
    return tlv.encode(0x18, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())
