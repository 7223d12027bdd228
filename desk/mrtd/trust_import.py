"""Taking trust material in: what kind it is, whether it is believed, what the store then holds.

Nothing is believed blindly: a list is held against roots, a revocation list against the
country's own certificates, a document signer against who issued it. Everything refused has
a code and a reason. Reading files and keeping what was taken is `desk.mrtd.trust`'s matter.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from desk.mrtd import certificates, crl, deviations, ldif, master_list, signed_list
from desk.mrtd.certificates import Certificate, CertificateUnreadable, issued
from desk.mrtd.crl import RevocationList, RevocationListUnreadable
from desk.mrtd.deviations import DEVIATION_LIST
from desk.mrtd.ldif import LdifUnreadable
from desk.mrtd.master_list import MASTER_LIST, Refused
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.signed_data import SignedMessage
from desk.mrtd.signed_list import Kind, SignedList
from desk.mrtd.trust_records import Contents, Held, HeldList, Source, SourceKind
from desk.mrtd.trust_troubles import (
    CertificateUnusable,
    ListOlder,
    ListSignerRevoked,
    ListSignerUnknown,
    NotTrustMaterial,
    RevocationListRefused,
    RootMissing,
    TrustTrouble,
)

_PEM = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----(.+?)-----END", re.DOTALL)
_CLOCK_SLACK = timedelta(days=1)
_LABEL = 120
# Under these names and older or later ones the directory keeps material; these hold words.
_WORDS = {"objectclass", "cn", "sn", "c", "o", "ou", "dc"}
SIGNERS = "signers"
"""Name of the source that stands for all document signers of the directory."""


@dataclass(frozen=True)
class Item:
    """One piece of material; ``origin`` is its file's name or its name in the directory.

    The operator vouches for a file by importing it, not for what a directory contains.
    ``reason`` says why a directory's value has no bytes.
    """

    origin: str
    der: bytes = field(repr=False)
    from_directory: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Imported:
    """What the import of one source did. ``read`` counts every certificate of the source."""

    source: Source
    held: tuple[Held, ...] = ()
    replaced: bool = False
    list: HeldList | None = None
    signers: int = 0

    @property
    def read(self) -> int:
        return len(self.held) + self.signers + len(self.source.refused)


@dataclass(frozen=True)
class Intake:
    """What came in, by source, and which pieces were refused whole."""

    imported: tuple[Imported, ...]
    refused: tuple[Refused, ...] = ()


def items(path: Path, raw: bytes) -> tuple[Item, ...]:
    """The pieces in a file: LDIF, PEM with one or several blocks, or DER."""
    if ldif.is_ldif(raw):
        try:
            return tuple(_directory_items(raw))
        except LdifUnreadable as error:
            raise NotTrustMaterial(error.reason) from error
    blocks = tuple(_blocks(raw))
    return tuple(Item(path.name, block) for block in blocks or (raw,))


def unarmoured(raw: bytes) -> bytes:
    """DER out of PEM, its first block; DER stays as it is."""
    return next(_blocks(raw), raw)


def _blocks(raw: bytes) -> Iterator[bytes]:
    for found in _PEM.finditer(raw):
        try:
            yield base64.b64decode(found[1])
        except ValueError:
            yield b""


def _directory_items(raw: bytes) -> Iterator[Item]:
    """Every value that may be material, whatever its attribute is called this year."""
    for entry in ldif.parse(raw):
        for value in entry.values:
            binary = value.name not in _WORDS and value.content[:1] == b"\x30"
            if binary or value.reason:
                yield Item(entry.dn, value.content, from_directory=True, reason=value.reason)


@dataclass(frozen=True)
class _Piece:
    """An item and what it turned out to be."""

    item: Item
    kind: SourceKind
    content: Certificate | RevocationList | SignedMessage

    def refused(self, trouble: TrustTrouble) -> Refused:
        return _refused(self.item, trouble)


class Importer:
    """One import: ``contents`` is what the store holds, ``signers`` what its directory gains.

    ``roots`` are certificates the operator vouches for now. A list also counts where a
    certificate does that the operator vouched for before; with ``by_listed``, any
    certificate held may vouch for its own country's list.
    """

    def __init__(
        self,
        contents: Contents,
        now: datetime,
        roots: Iterable[Certificate] = (),
        *,
        by_listed: bool = False,
    ) -> None:
        self.contents = contents
        self.signers: dict[str, Certificate] = {}
        self._now = now
        self._indexed: tuple[Held, ...] = ()
        self._index: dict[bytes | str, list[Held]] = {}
        self._roots = tuple(roots)
        self._by_listed = by_listed

    def take(self, pieces: Iterable[Item]) -> Intake:
        """Everything that can be used; what is refused is told, the rest goes on."""
        refused: list[Refused] = []
        sorted_: dict[SourceKind, list[_Piece]] = {kind: [] for kind in SourceKind}
        for item in pieces:
            try:
                piece = _classify(item)
            except TrustTrouble as trouble:
                refused.append(_refused(item, trouble))
            else:
                sorted_[piece.kind].append(piece)
        signers = sorted_[SourceKind.SIGNERS]
        imported = [
            *self._each(sorted_[SourceKind.CERTIFICATE], refused),
            *self._master_lists(sorted_[SourceKind.MASTER_LIST], refused),
            *self._each(sorted_[SourceKind.REVOCATION_LIST], refused),
            *self._each(sorted_[SourceKind.DEVIATION_LIST], refused),
            *self._signers([p.content for p in signers if isinstance(p.content, Certificate)]),
        ]
        return Intake(tuple(imported), tuple(refused))

    def take_one(self, item: Item) -> Imported:
        """One piece by itself; raises TrustTrouble where it is refused."""
        piece = _classify(item)
        if piece.kind is not SourceKind.SIGNERS or not isinstance(piece.content, Certificate):
            return self._take(piece)
        (imported,) = self._signers([piece.content])
        if imported.signers:
            return imported
        why = master_list.unusable(piece.content) or imported.source.refused[0]
        raise CertificateUnusable(why.reason)

    def _each(self, pieces: Iterable[_Piece], refused: list[Refused]) -> Iterator[Imported]:
        for piece in pieces:
            try:
                yield self._take(piece)
            except TrustTrouble as trouble:
                refused.append(piece.refused(trouble))

    def _master_lists(self, pieces: list[_Piece], refused: list[Refused]) -> Iterator[Imported]:
        """One list may bring the root of another, so those refused are tried again."""
        waiting = pieces
        while waiting:
            failed: list[Refused] = []
            again: list[_Piece] = []
            for piece in waiting:
                count = len(failed)
                yield from self._each([piece], failed)
                again += [piece] * (len(failed) - count)
            if len(again) == len(waiting):
                refused += failed
                return
            waiting = again

    def _take(self, piece: _Piece) -> Imported:
        match piece.content:
            case Certificate() as certificate:
                return self._certificate(certificate, piece.item)
            case RevocationList() as revocations:
                return self._revocations(revocations)
            case message:
                masters = piece.kind is SourceKind.MASTER_LIST
                return self._master_list(message) if masters else self._deviations(message)

    def _master_list(self, message: SignedMessage) -> Imported:
        found = self._believed(message, MASTER_LIST)
        listed = master_list.read(found)
        source = self._source(
            f"list-{found.signer.subject.country}-{found.signer.issuer.key[:16]}",
            SourceKind.MASTER_LIST,
            found.signer,
            found.signed_at,
            found.root,
            listed.refused,
        )
        return self._put(source, listed.usable)

    def _deviations(self, message: SignedMessage) -> Imported:
        """A country speaks for its own documents, so any of its certificates vouches."""
        found = self._believed(message, DEVIATION_LIST)
        signer = found.signer
        source = self._source(
            f"deviations-{signer.issuer.country}-{signer.issuer.key[:16]}",
            SourceKind.DEVIATION_LIST,
            signer,
            found.signed_at,
            found.root,
        )
        entries = len(deviations.parse(message.content))
        held = HeldList(source.name, signer.issuer.country, entries, message.content)
        return self._put_list(source, held)

    def _believed(self, message: SignedMessage, kind: Kind) -> SignedList:
        signer = message.signer_certificate
        country = "" if signer is None else signer.issuer.country
        roots = [*self._roots, *self._vouchers(country, kind)]
        try:
            found = signed_list.verify(message, kind, roots, self._now)
        except ListSignerUnknown as error:
            if self._roots or signer is None or kind is not MASTER_LIST:
                raise
            raise RootMissing from error
        self._refuse_revoked(found.signer)
        return found

    def _refuse_revoked(self, signer: Certificate) -> None:
        """By the lists held for its country, whatever their age."""
        country = signer.issuer.country
        for held in self.contents.revocations:
            if held.country != country:
                continue
            try:
                listed = crl.parse(held.der)
            except RevocationListUnreadable:
                continue
            same_key = listed.authority_key_id == signer.authority_key_id is not None
            entry = listed.revoked.get(signer.serial)
            if entry is not None and (same_key or listed.issuer.key == signer.issuer.key):
                raise ListSignerRevoked(country, _day(entry.since))

    def _vouchers(self, country: str, kind: Kind) -> Iterator[Certificate]:
        """Certificates held that may vouch for a list of ``country``."""
        own_word = {s.name for s in self.contents.of_kind(SourceKind.CERTIFICATE)}
        before = {s.vouched_by for s in self.contents.of_kind(SourceKind.MASTER_LIST)}
        for held in self.contents.held:
            if held.country == country and (
                self._by_listed
                or kind is DEVIATION_LIST
                or held.source in own_word
                or held.fingerprint in before
            ):
                yield certificates.parse(held.der)

    def _certificate(self, certificate: Certificate, item: Item) -> Imported:
        """A single country certificate: the operator's word, or a held one's signature.

        One that another issued (a link certificate) needs that one.
        """
        why = master_list.unusable(certificate)
        if why is not None:
            raise CertificateUnusable(why.reason)
        issuer = self._issuer(certificate, itself=not item.from_directory)
        listed = item.from_directory
        source = self._source(
            f"{'directory' if listed else 'certificate'}-{certificate.fingerprint[:16]}",
            SourceKind.DIRECTORY_CERTIFICATE if listed else SourceKind.CERTIFICATE,
            certificate,
            None,
            issuer,
        )
        return self._put(source, (certificate,))

    def _issuer(self, certificate: Certificate, *, itself: bool) -> Certificate:
        candidates = [*self._roots, *self._named(certificate)]
        for candidate in [certificate, *candidates] if itself else candidates:
            if issued(certificate, candidate):
                return candidate
        raise CertificateUnusable("not issued by itself, by a given root or by one held")

    def _named(self, certificate: Certificate) -> Iterator[Certificate]:
        """Certificates held that may have issued this one, by key identifier or by name."""
        return self._held(certificate.authority_key_id, certificate.issuer.key)

    def _held(self, key_id: bytes | None, name_key: str) -> Iterator[Certificate]:
        if self._indexed is not self.contents.held:
            self._indexed, self._index = self.contents.held, _index(self.contents.held)
        keys = (name_key,) if key_id is None else (key_id, name_key)
        found = {item.fingerprint: item for key in keys for item in self._index.get(key, ())}
        return (certificates.parse(item.der) for item in found.values())

    def _revocations(self, found: RevocationList) -> Imported:
        country = found.issuer.country
        if found.this_update > self._now + _CLOCK_SLACK:
            raise RevocationListRefused(country, "made in the future")
        issuer = self._list_issuer(found)
        key = (found.authority_key_id or issuer.subject_key_id or b"").hex()[:8]
        source = Source(
            name=f"revocations-{country}-{found.issuer.key[:16]}-{key}",
            kind=SourceKind.REVOCATION_LIST,
            country=country,
            label=found.issuer.label,
            as_of=found.this_update,
            imported_at=self._now,
            vouched_by=issuer.fingerprint,
        )
        entries = len(found.revoked)
        held = HeldList(source.name, country, entries, found.der, found.next_update)
        return self._put_list(source, held)

    def _list_issuer(self, found: RevocationList) -> Certificate:
        """The certificate held whose key signed the list; of its own country, in its time."""
        reason = "no certificate of its issuer is held"
        for certificate in self._held(found.authority_key_id, found.issuer.key):
            if certificate.subject.country != found.issuer.country:
                continue
            try:
                found.verify_issued_by(certificate)
            except SignatureWrong:
                reason = "its signature does not fit"
            except Unsupported as error:
                reason = error.reason
            else:
                if certificate.valid_at(found.this_update):
                    return certificate
                reason = "its issuer's certificate was not in force when it was made"
        raise RevocationListRefused(found.issuer.country, reason)

    def _signers(self, given: list[Certificate]) -> Iterator[Imported]:
        """Document signers that a certificate held has issued; the others by name."""
        if not given:
            return
        refused: list[Refused] = []
        for certificate in given:
            why = self._unappointed(certificate)
            if why is None:
                self.signers[certificate.fingerprint] = certificate
            else:
                refused.append(why)
        source = Source(
            name=SIGNERS,
            kind=SourceKind.SIGNERS,
            country="",
            label="document signers",
            as_of=self._now,
            imported_at=self._now,
            vouched_by="",
            refused=tuple(refused),
        )
        before = self.contents.source(SIGNERS)
        if self.signers or before is not None:
            self.contents = self.contents.replacing(source, ())
        yield Imported(source, replaced=before is not None, signers=len(self.signers))

    def _unappointed(self, certificate: Certificate) -> Refused | None:
        names = (certificate.fingerprint, certificate.issuer.country, certificate.subject.label)
        candidates = tuple(self._named(certificate))
        if any(issued(certificate, candidate) for candidate in candidates):
            return None
        if any(c.subject_key_id == certificate.authority_key_id for c in candidates):
            return Refused("TRUST-24", "its issuer's signature does not fit", *names)
        return Refused("TRUST-25", "no certificate of its issuer is held", *names)

    def _source(
        self,
        name: str,
        kind: SourceKind,
        signer: Certificate,
        as_of: datetime | None,
        voucher: Certificate,
        refused: tuple[Refused, ...] = (),
    ) -> Source:
        return Source(
            name=name,
            kind=kind,
            country=signer.subject.country,
            label=signer.subject.label,
            as_of=as_of or self._now,
            imported_at=self._now,
            vouched_by=voucher.fingerprint,
            refused=refused,
        )

    def _put(self, source: Source, usable: Iterable[Certificate]) -> Imported:
        before = self._older_refused(source)
        held = tuple(Held.of(source, certificate) for certificate in usable)
        self.contents = self.contents.replacing(source, held)
        return Imported(source, held, replaced=before is not None)

    def _put_list(self, source: Source, held: HeldList) -> Imported:
        before = self._older_refused(source)
        self.contents = self.contents.with_list(source, held)
        return Imported(source, replaced=before is not None, list=held)

    def _older_refused(self, source: Source) -> Source | None:
        before = self.contents.source(source.name)
        if before is not None and before.as_of > source.as_of:
            raise ListOlder(_day(source.as_of), _day(before.as_of))
        return before


def _index(held: Iterable[Held]) -> dict[bytes | str, list[Held]]:
    """By key identifier and by name; several states' lists make many thousands."""
    index: dict[bytes | str, list[Held]] = {}
    for item in held:
        index.setdefault(item.name_key, []).append(item)
        if item.key_id is not None:
            index.setdefault(item.key_id, []).append(item)
    return index


def _classify(item: Item) -> _Piece:
    """What an item is; raises NotTrustMaterial or RevocationListRefused."""
    if item.reason:
        raise NotTrustMaterial(item.reason)
    if crl.looks_like_one(item.der):
        try:
            return _Piece(item, SourceKind.REVOCATION_LIST, crl.parse(item.der))
        except RevocationListUnreadable as error:
            raise RevocationListRefused("", error.reason) from error
    try:
        certificate = certificates.parse(item.der)
    except CertificateUnreadable:
        message, kind = signed_list.parse(item.der, (MASTER_LIST, DEVIATION_LIST))
        masters = kind is MASTER_LIST
        held = SourceKind.MASTER_LIST if masters else SourceKind.DEVIATION_LIST
        return _Piece(item, held, message)
    held = SourceKind.CERTIFICATE if certificate.is_authority else SourceKind.SIGNERS
    return _Piece(item, held, certificate)


def _refused(item: Item, trouble: TrustTrouble) -> Refused:
    reason = str(trouble.facts.get("reason") or trouble)
    return Refused(
        trouble.code, reason, certificates.fingerprint(item.der), label=item.origin[:_LABEL]
    )


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
