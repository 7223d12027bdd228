"""Whether the authority has taken an officer's certificate back: its revocation lists.

Lists (RFC 5280, clause 5) are files in one folder, put there by `Revocations.take` after
their signature was checked with a known issuer's key; nothing is fetched from a network.
The folder is looked at each time, so that a list imported now counts for the next signature.
A certificate whose issuer has given no list is not checked, and `state` says so. Of an issuer
that parts its list by distribution points, the part counts that a certificate names; for one
that names none, all of them.

Lists that do not say everything by themselves (what changed since another list, one kind of
certificate or of reason only, other issuers' certificates) are refused: in the place of a whole
one they would bring revoked cards back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID

from desk.cards.certificates import BROKEN, check_validity, load_certificate
from desk.cards.troubles import (
    CertificateRevoked,
    RevocationListNotWhole,
    RevocationListOlder,
    RevocationListRefused,
    RevocationListsUnreadable,
)

_PEM = b"-----BEGIN"
_SUFFIX = ".crl"
_LIFTED = x509.ReasonFlags.remove_from_crl
_UNDERSTOOD = frozenset(
    {
        ExtensionOID.ISSUING_DISTRIBUTION_POINT,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.CRL_NUMBER,
    }
)
"""Extensions of a list that may be critical."""

Points = frozenset[x509.GeneralName | x509.RelativeDistinguishedName]
"""Names of distribution points (RFC 5280, 4.2.1.13 and 5.2.5); empty: all there are."""


@dataclass(frozen=True)
class RevocationState:
    """What is known of one certificate. ``as_of`` is the list's day, of several parts the oldest
    one's, None where there is no list; ``stale``: the authority has promised a newer one by
    now."""

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
        RevocationListNotWhole, RevocationListOlder where a newer one is held,
        RevocationListsUnreadable where the folder refuses. A file that was altered, or whose
        signer is no issuer any more, makes way.
        """
        found = load_list(data)
        issuer = _issuer_of(found, self._issuers)
        if issuer is None:
            raise RevocationListRefused
        name = _file_name(issuer.subject, _points_of_list(found))
        held = self._replaced(self._folder / name)
        if held is not None and found.last_update_utc < held.last_update_utc:
            raise RevocationListOlder(
                held=f"{held.last_update_utc:%Y-%m-%d}", given=f"{found.last_update_utc:%Y-%m-%d}"
            )
        self._write(name, found.public_bytes(serialization.Encoding.DER))
        return found

    def check(self, certificate: x509.Certificate, now: datetime) -> None:
        """Raises CertificateExpired, CertificateNotYetValid, CertificateRevoked, and
        RevocationListsUnreadable where a list of its issuer was altered or cannot be read."""
        check_validity(certificate, now)
        for held in self._held_for(certificate):
            since = _revoked_since(held, certificate.serial_number)
            if since is not None:
                raise CertificateRevoked(since)

    def state(self, certificate: x509.Certificate, now: datetime) -> RevocationState:
        """How much `check` knows. Raises RevocationListsUnreadable."""
        held = self._held_for(certificate)
        if not held:
            return RevocationState(None)
        ends = [until for found in held if (until := found.next_update_utc) is not None]
        oldest = min(found.last_update_utc for found in held)
        return RevocationState(oldest, any(now > until for until in ends))

    def signed_times(self) -> tuple[datetime, ...]:
        """When the lists held were made. Raises RevocationListsUnreadable."""
        names = dict.fromkeys(load_certificate(der).subject for der in self._issuers)
        held = (found for name in names for found in self._lists_of(name))
        return tuple(found.last_update_utc for found in held)

    def _held_for(self, certificate: x509.Certificate) -> list[x509.CertificateRevocationList]:
        """The newest list that speaks of this certificate. Where it does not say which part does,
        any of them may."""
        points, lists = _points_of_certificate(certificate), self._lists_of(certificate.issuer)
        if not points:
            return list(lists)
        named = [found for found in lists if not (own := _points_of_list(found)) or points & own]
        return sorted(named, key=lambda found: found.last_update_utc)[-1:]

    def _lists_of(self, issuer: x509.Name) -> Iterator[x509.CertificateRevocationList]:
        beginning = _beginning(issuer)
        for file in self._files():
            if file.name.startswith(beginning) and file.suffix == _SUFFIX:
                found = self._read(file)
                if found is not None:
                    yield found

    def _files(self) -> list[Path]:
        """Not by a pattern: that finds nothing in a folder that may not be read."""
        try:
            return sorted(self._folder.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RevocationListsUnreadable from error

    def _replaced(self, file: Path) -> x509.CertificateRevocationList | None:
        try:
            return self._read(file)
        except RevocationListsUnreadable:
            return None

    def _read(self, file: Path) -> x509.CertificateRevocationList | None:
        try:
            changed = file.stat()
            return _read(file, changed.st_mtime_ns, changed.st_size, self._issuers)
        except FileNotFoundError:
            return None
        except (OSError, RevocationListRefused) as error:
            raise RevocationListsUnreadable from error

    def _write(self, name: str, data: bytes) -> None:
        new = self._folder / (name + ".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with new.open("wb") as file:
                file.write(data)
                os.fsync(file.fileno())
            new.replace(self._folder / name)
        except OSError as error:
            raise RevocationListsUnreadable from error


def load_list(data: bytes) -> x509.CertificateRevocationList:
    """Raises RevocationListRefused for bytes that are no list, RevocationListNotWhole."""
    try:
        pem = data.lstrip().startswith(_PEM)
        found = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
        # These are parsed only when asked for; a damaged one must show here.
        _ = found.issuer, found.extensions, found.last_update_utc, found.next_update_utc
        whole = _is_whole(found)
    except BROKEN as error:
        raise RevocationListRefused from error
    if not whole:
        raise RevocationListNotWhole
    return found


def _is_whole(found: x509.CertificateRevocationList) -> bool:
    """It names every revoked certificate of its issuer, or of its distribution point, and has
    nothing critical that is not understood (RFC 5280, 5.2)."""
    for extension in found.extensions:
        if extension.oid == ExtensionOID.DELTA_CRL_INDICATOR:
            return False
        if extension.critical and extension.oid not in _UNDERSTOOD:
            return False
    point = _issuing_point(found)
    return point is None or not (
        point.only_contains_ca_certs
        or point.only_contains_attribute_certs
        or point.only_some_reasons
        or point.indirect_crl
    )


def _issuing_point(
    found: x509.CertificateRevocationList,
) -> x509.IssuingDistributionPoint | None:
    try:
        return found.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return None


def _points_of_list(found: x509.CertificateRevocationList) -> Points:
    point = _issuing_point(found)
    return frozenset() if point is None else _names(point.full_name, point.relative_name)


def _points_of_certificate(certificate: x509.Certificate) -> Points:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset().union(*(_names(one.full_name, one.relative_name) for one in points))


def _names(
    full: Sequence[x509.GeneralName] | None, relative: x509.RelativeDistinguishedName | None
) -> Points:
    return frozenset((*(full or ()), *((relative,) if relative else ())))


# A list of ten thousand entries takes long to read; it changes once a week.
@lru_cache(maxsize=32)
def _read(
    file: Path, _changed: int, _size: int, issuers: tuple[bytes, ...]
) -> x509.CertificateRevocationList:
    found = load_list(file.read_bytes())
    if _issuer_of(found, issuers) is None:
        raise RevocationListRefused
    return found


def _issuer_of(
    found: x509.CertificateRevocationList, issuers: Sequence[bytes]
) -> x509.Certificate | None:
    """The issuer with the list's name and key who may sign lists, None where none is."""
    for der in issuers:
        issuer = load_certificate(der)
        if issuer.subject != found.issuer or not _may_sign_lists(issuer):
            continue
        if _is_signed_by(found, issuer):
            return issuer
    return None


def _may_sign_lists(issuer: x509.Certificate) -> bool:
    """RFC 5280, 6.3.3, step f; an authority whose certificate limits no use may do so."""
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


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
        raise RevocationListsUnreadable from error


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None


def _file_name(issuer: x509.Name, points: Points) -> str:
    """Parts of one issuer's list lie beside each other."""
    told = "\n".join(sorted(map(str, points)))
    return _beginning(issuer) + (f"-{_hash(told.encode())[:16]}" if points else "") + _SUFFIX


def _beginning(issuer: x509.Name) -> str:
    return _hash(issuer.public_bytes())[:32]


def _hash(data: bytes) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize().hex()
