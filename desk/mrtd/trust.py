"""The trust store: what the desk believes about passports' issuers, on disk.

``trust.json`` holds every anchor with the list or person that vouched for it, the
certificates that were refused with their reason, and revocation and deviation lists. It is
written whole and swapped in, so a crash leaves the old store or the new one. Its protection
against other programs of the machine is the file system's. What is believed, and why, is
`desk.mrtd.trust_import`'s matter.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from desk.mrtd import certificates, trust_records
from desk.mrtd.anchors import Ages, Anchor, AnchorSet, KnownList
from desk.mrtd.certificates import Certificate, CertificateUnreadable
from desk.mrtd.deviations import DeviationList
from desk.mrtd.disk import read_file, write_file
from desk.mrtd.master_list import Refused
from desk.mrtd.signers import SignerStore
from desk.mrtd.trust_import import Imported, Importer, Intake, Item, items, unarmoured
from desk.mrtd.trust_records import Contents, Held, Source, SourceKind
from desk.mrtd.trust_troubles import (
    NotTrustMaterial,
    SourceUnknown,
    StoreDamaged,
    TrustTrouble,
)

FILE_NAME = "trust.json"


class TrustStore:
    """Trust material in ``folder``, which is made at the first import."""

    def __init__(self, folder: Path, ages: Ages = Ages()) -> None:  # noqa: B008 - a frozen value
        self._path = folder / FILE_NAME
        self._directory = SignerStore(folder)
        self._ages = ages
        self._cached: tuple[tuple[int, int], AnchorSet] | None = None

    def import_file(
        self, file: Path, signer: Path | None, now: datetime, *, by_listed: bool = False
    ) -> Intake:
        """Whatever one file holds; ``signer`` is a root that vouches for it.

        Raises TrustTrouble where the file is one piece and is refused; the store then stays
        as it was. Of several pieces (LDIF, several PEM blocks) those refused are told.
        """
        importer = self._importer(now, () if signer is None else (signer,), by_listed)
        pieces = items(file, read_file(file))
        if len(pieces) == 1 and not pieces[0].from_directory:
            intake = Intake((importer.take_one(pieces[0]),))
        else:
            intake = importer.take(pieces)
        self._keep(importer)
        return intake

    def import_files(
        self,
        files: Iterable[Path],
        roots: Sequence[Path],
        now: datetime,
        *,
        by_listed: bool = False,
    ) -> Intake:
        """Several files in whatever order suits them; what is refused is told, not raised.

        Raises TrustTrouble where a root or the store itself cannot be read or written.
        """
        importer = self._importer(now, roots, by_listed)
        pieces: list[Item] = []
        unread: list[Refused] = []
        for file in files:
            try:
                pieces += items(file, read_file(file))
            except TrustTrouble as trouble:
                unread.append(Refused(trouble.code, str(trouble), "", label=file.name))
        intake = importer.take(pieces)
        self._keep(importer)
        return Intake(intake.imported, (*unread, *intake.refused))

    def import_master_list(self, raw: bytes, root: bytes, now: datetime) -> Imported:
        """Replaces what the same country's list said before.

        Raises TrustTrouble: not believed, altered, out of its time, or older than held.
        """
        return self._import_one(raw, now, root)

    def import_certificate(self, raw: bytes, now: datetime, root: bytes | None = None) -> Imported:
        """A single country certificate, vouched for by whoever imports it.

        Raises CertificateUnusable, NotTrustMaterial, ListOlder.
        """
        return self._import_one(raw, now, root)

    def import_revocation_list(self, raw: bytes, now: datetime) -> Imported:
        """A country's list, which one of its certificates held must have signed.

        Raises RevocationListRefused, ListOlder.
        """
        return self._import_one(raw, now, None)

    def remove(self, name: str) -> Source:
        """Forget a source and everything only it vouched for; raises SourceUnknown."""
        contents = self.contents()
        source = contents.source(name)
        if source is None:
            raise SourceUnknown(name)
        write_file(self._path, trust_records.encoded(contents.without(name)))
        if source.kind == SourceKind.SIGNERS:
            self._directory.remove()
        return source

    def signer_count(self) -> int:
        """Document signers kept from the directory. Raises StoreDamaged, FileUnavailable."""
        return self._directory.count()

    def contents(self) -> Contents:
        """Raises StoreDamaged, FileUnavailable; empty where nothing was imported yet."""
        if not self._path.exists():
            return Contents()
        try:
            return trust_records.decoded(read_file(self._path))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise StoreDamaged(type(error).__name__) from error

    def anchors(self) -> AnchorSet:
        """What `passive.verify` needs; kept in memory until the file changes."""
        mark = self._mark()
        if self._cached is None or self._cached[0] != mark:
            self._cached = (mark, self._anchor_set(self.contents()))
        return self._cached[1]

    def _anchor_set(self, contents: Contents) -> AnchorSet:
        sources = {source.name: source for source in contents.sources}
        return AnchorSet(
            _anchors(contents),
            [
                KnownList(held.country, held.der, sources[held.source].imported_at)
                for held in contents.revocations
            ],
            [
                DeviationList(held.country, sources[held.source].as_of, held.der)
                for held in contents.deviations
            ],
            self._directory.find,
            self._ages,
        )

    def _mark(self) -> tuple[int, int]:
        with contextlib.suppress(OSError):
            state = self._path.stat()
            return state.st_mtime_ns, state.st_ino
        return 0, 0

    def _importer(self, now: datetime, roots: Iterable[Path], by_listed: bool) -> Importer:
        known = [_certificate(read_file(root)) for root in roots]
        return Importer(self.contents(), now, known, by_listed=by_listed)

    def _import_one(self, raw: bytes, now: datetime, root: bytes | None) -> Imported:
        roots = [] if root is None else [_certificate(root)]
        importer = Importer(self.contents(), now, roots)
        imported = importer.take_one(Item("", unarmoured(raw)))
        self._keep(importer)
        return imported

    def _keep(self, importer: Importer) -> None:
        """Signers first: were the machine to stop between, they would only not be listed."""
        if importer.signers:
            self._directory.put(importer.signers.values())
        write_file(self._path, trust_records.encoded(importer.contents))


def _certificate(raw: bytes) -> Certificate:
    try:
        return certificates.parse(unarmoured(raw))
    except CertificateUnreadable as error:
        raise NotTrustMaterial(error.reason) from error


def _anchors(contents: Contents) -> Iterable[Anchor]:
    """Each certificate once, by the source with the youngest word."""
    as_of = {source.name: source.as_of for source in contents.sources}
    youngest: dict[str, Held] = {}
    for item in sorted(contents.held, key=lambda item: as_of[item.source]):
        youngest[item.fingerprint] = item
    for held in youngest.values():
        yield Anchor(
            held.key_id, held.name_key, held.der, held.source, as_of[held.source], held.country
        )
