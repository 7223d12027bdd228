"""Whether the authority has taken an officer's certificate back: its revocation lists.

Lists (RFC 5280, clause 5) are files in one folder, put there by `Revocations.take` after
their signature was checked with a known issuer's key; nothing is fetched from a network.
The folder is looked at each time, so that a list imported now counts for the next signature.
A certificate whose issuer has given no list is not checked, and `state` says so.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from desk.cards.certificates import BROKEN, check_validity, load_certificate
from desk.cards.troubles import CertificateRevoked, RevocationListOlder, RevocationListRefused

_PEM = b"-----BEGIN"
_LIFTED = x509.ReasonFlags.remove_from_crl


@dataclass(frozen=True)
class RevocationState:
    """What is known of one certificate. ``as_of`` is the list's day, None where there is no
    list; ``stale``: the authority has promised a newer one by now."""

    as_of: datetime | None
    stale: bool = False

    @property
    def is_checked(self) -> bool:
        return self.as_of is not None


class Revocations:
    """The lists in ``folder``, by the issuers (DER) whose lists are believed."""

    def __init__(self, folder: Path, issuers: Sequence[bytes]) -> None:
        self._folder = folder
        self._issuers = tuple(issuers)

    def take(self, data: bytes) -> x509.CertificateRevocationList:
        """Keep a list (DER or PEM) in place of its issuer's older one.

        Raises RevocationListRefused for bytes that are no list of a known issuer,
        RevocationListOlder where a newer one is held.
        """
        found = load_list(data)
        issuer = _issuer_of(found, self._issuers)
        if issuer is None:
            raise RevocationListRefused
        held = self._held_for(issuer.subject)
        if held is not None and found.last_update_utc < held.last_update_utc:
            raise RevocationListOlder(
                held=f"{held.last_update_utc:%Y-%m-%d}", given=f"{found.last_update_utc:%Y-%m-%d}"
            )
        self._write(_file_name(issuer.subject), found.public_bytes(serialization.Encoding.DER))
        return found

    def check(self, certificate: x509.Certificate, now: datetime) -> None:
        """Raises CertificateExpired, CertificateNotYetValid, CertificateRevoked, and
        RevocationListRefused where the file of its issuer was altered."""
        check_validity(certificate, now)
        held = self._held_for(certificate.issuer)
        since = _revoked_since(held, certificate.serial_number) if held is not None else None
        if since is not None:
            raise CertificateRevoked(since)

    def state(self, certificate: x509.Certificate, now: datetime) -> RevocationState:
        """How much `check` knows. Raises RevocationListRefused."""
        held = self._held_for(certificate.issuer)
        if held is None:
            return RevocationState(None)
        until = held.next_update_utc
        return RevocationState(held.last_update_utc, until is not None and now > until)

    def signed_times(self) -> tuple[datetime, ...]:
        """When the lists held were made. Raises RevocationListRefused."""
        held = (self._held_for(load_certificate(der).subject) for der in self._issuers)
        return tuple(found.last_update_utc for found in held if found is not None)

    def _held_for(self, issuer: x509.Name) -> x509.CertificateRevocationList | None:
        file = self._folder / _file_name(issuer)
        try:
            changed = file.stat()
        except FileNotFoundError:
            return None
        return _read(file, changed.st_mtime_ns, changed.st_size, self._issuers)

    def _write(self, name: str, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._folder / (name + ".new")
        with new.open("wb") as file:
            file.write(data)
            os.fsync(file.fileno())
        new.replace(self._folder / name)


def load_list(data: bytes) -> x509.CertificateRevocationList:
    """Raises RevocationListRefused."""
    try:
        pem = data.lstrip().startswith(_PEM)
        found = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
        # These are parsed only when asked for; a damaged one must show here.
        _ = found.issuer, found.extensions, found.last_update_utc, found.next_update_utc
    except BROKEN as error:
        raise RevocationListRefused from error
    return found


# A list of ten thousand entries takes long to read; it changes once a week.
@lru_cache(maxsize=8)
def _read(
    file: Path, _changed: int, _size: int, issuers: tuple[bytes, ...]
) -> x509.CertificateRevocationList:
    found = load_list(file.read_bytes())
    if _issuer_of(found, issuers) is None:
        raise RevocationListRefused(file=file.name)
    return found


def _issuer_of(
    found: x509.CertificateRevocationList, issuers: Sequence[bytes]
) -> x509.Certificate | None:
    """The issuer with the list's name and key, None where none is."""
    for der in issuers:
        issuer = load_certificate(der)
        if issuer.subject == found.issuer and _is_signed_by(found, issuer):
            return issuer
    return None


def _is_signed_by(found: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        key = issuer.public_key()
        if isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            return found.is_signature_valid(key)
    except BROKEN:
        return False
    return False


def _revoked_since(held: x509.CertificateRevocationList, serial: int) -> datetime | None:
    """The day, None where the list does not name it or has taken it off again (a hold)."""
    try:
        entry = held.get_revoked_certificate_by_serial_number(serial)
        if entry is None or _reason(entry) is _LIFTED:
            return None
        return entry.revocation_date_utc
    except BROKEN as error:
        raise RevocationListRefused from error


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None


def _file_name(issuer: x509.Name) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(issuer.public_bytes())
    return digest.finalize().hex()[:32] + ".crl"
