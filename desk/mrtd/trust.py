"""The trust store: country certificates the desk believes, on disk in one file.

``trust.json`` holds every anchor with the list or person that vouched for it, and the
certificates that were refused with their reason. It is written whole and swapped in, so
a crash leaves the old store or the new one. Its protection against other programs of
the machine is the file system's.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from desk.mrtd import certificates, master_list
from desk.mrtd.anchors import Anchor, AnchorSet
from desk.mrtd.certificates import Certificate, CertificateUnreadable
from desk.mrtd.master_list import Refused
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.trust_troubles import (
    CertificateUnusable,
    FileUnavailable,
    ListOlder,
    NotTrustMaterial,
    RootMissing,
    StoreDamaged,
)

FILE_NAME = "trust.json"
FORMAT = 1


@dataclass(frozen=True)
class Source:
    """Who vouched for some anchors: a master list or, for single certificates, the operator.

    ``as_of`` is the day its word dates from (a list's signing time), the measure of age.
    """

    name: str
    kind: str
    country: str
    label: str
    as_of: datetime
    imported_at: datetime
    vouched_by: str
    refused: tuple[Refused, ...] = field(default=(), repr=False)

    def age_days(self, now: datetime) -> int:
        return max((now - self.as_of).days, 0)


@dataclass(frozen=True)
class Held:
    """One anchor as the store lists it."""

    source: str
    fingerprint: str
    country: str
    label: str
    not_before: datetime
    not_after: datetime
    key_id: bytes | None
    name_key: str
    der: bytes = field(repr=False)


@dataclass(frozen=True)
class Contents:
    """Everything the store holds."""

    sources: tuple[Source, ...] = ()
    held: tuple[Held, ...] = ()

    def of(self, source: Source) -> tuple[Held, ...]:
        return tuple(item for item in self.held if item.source == source.name)

    def source(self, name: str) -> Source | None:
        return next((item for item in self.sources if item.name == name), None)

    def replacing(self, source: Source, held: Iterable[Held]) -> Contents:
        """With what ``source`` vouched for before put aside for what it vouches for now."""
        kept = tuple(s for s in self.sources if s.name != source.name)
        others = tuple(h for h in self.held if h.source != source.name)
        return Contents((*kept, source), (*others, *held))


@dataclass(frozen=True)
class Imported:
    """What an import did. ``read`` counts every certificate of the file."""

    source: Source
    held: tuple[Held, ...]
    replaced: bool

    @property
    def read(self) -> int:
        return len(self.held) + len(self.source.refused)


class TrustStore:
    """Anchors in ``folder``, which is made at the first import."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._cached: tuple[tuple[int, int], AnchorSet] | None = None

    def import_file(self, file: Path, signer: Path | None, now: datetime) -> Imported:
        """A master list (needs ``signer``, the root's certificate) or a single certificate.

        Raises TrustTrouble; the store then stays as it was.
        """
        raw = read_file(file)
        root = None if signer is None else read_file(signer)
        if master_list.is_master_list(master_list.unarmoured(raw)):
            if root is None:
                raise RootMissing
            return self.import_master_list(raw, root, now)
        return self.import_certificate(raw, now, root)

    def import_master_list(self, raw: bytes, root: bytes, now: datetime) -> Imported:
        """Replaces what the same country's list said before.

        Raises TrustTrouble: not believed, altered, out of its time, or older than held.
        """
        found = master_list.verify(master_list.unarmoured(raw), _certificate(root), now)
        signer = found.signer
        source = Source(
            name=f"list-{signer.subject.country}-{signer.issuer.key[:16]}",
            kind="master_list",
            country=signer.subject.country,
            label=signer.subject.label,
            as_of=found.signed_at or now,
            imported_at=now,
            vouched_by=_certificate(root).fingerprint,
            refused=found.refused,
        )
        before = self.contents().source(source.name)
        if before is not None and before.as_of > source.as_of:
            raise ListOlder(_day(source.as_of), _day(before.as_of))
        return self._put(source, found.usable)

    def import_certificate(self, raw: bytes, now: datetime, root: bytes | None = None) -> Imported:
        """A single country certificate, vouched for by whoever imports it.

        A certificate that another one issued (a link certificate) needs that one, as
        ``root`` or among the anchors held. Raises CertificateUnusable, NotTrustMaterial.
        """
        certificate = _certificate(raw)
        if (why := master_list.unusable(certificate)) is not None:
            raise CertificateUnusable(why.reason)
        vouched_by = self._issuer(certificate, root)
        source = Source(
            name=f"certificate-{certificate.fingerprint[:16]}",
            kind="certificate",
            country=certificate.subject.country,
            label=certificate.subject.label,
            as_of=now,
            imported_at=now,
            vouched_by=vouched_by,
        )
        return self._put(source, (certificate,))

    def contents(self) -> Contents:
        """Raises StoreDamaged, FileUnavailable; empty where nothing was imported yet."""
        if not self._path.exists():
            return Contents()
        try:
            return _decoded(json.loads(read_file(self._path)))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise StoreDamaged(type(error).__name__) from error

    def anchors(self) -> AnchorSet:
        """What `passive.verify` needs; kept in memory until the file changes."""
        mark = self._mark()
        if self._cached is None or self._cached[0] != mark:
            self._cached = (mark, _anchor_set(self.contents()))
        return self._cached[1]

    def _mark(self) -> tuple[int, int]:
        with contextlib.suppress(OSError):
            state = self._path.stat()
            return state.st_mtime_ns, state.st_ino
        return 0, 0

    def _issuer(self, certificate: Certificate, root: bytes | None) -> str:
        """Fingerprint of who issued it: itself, ``root`` or an anchor held."""
        candidates = [certificate]
        if root is not None:
            candidates = [_certificate(root)]
        elif not certificate.names_itself_issuer:
            found = self.anchors().by_key(certificate.authority_key_id)
            candidates = [a.certificate for a in found]
        for candidate in candidates:
            try:
                certificate.verify_issued_by(candidate)
            except (SignatureWrong, Unsupported):
                continue
            return candidate.fingerprint
        raise CertificateUnusable("not issued by itself, by the given root or by one held")

    def _put(self, source: Source, certificates_: Iterable[Certificate]) -> Imported:
        before = self.contents()
        held = tuple(_held(source, certificate) for certificate in certificates_)
        _write(self._path, _encoded(before.replacing(source, held)))
        return Imported(source, held, replaced=before.source(source.name) is not None)


def read_file(path: Path) -> bytes:
    """Raises FileUnavailable."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnavailable(path.name, error.strerror or type(error).__name__) from error


def _write(path: Path, text: str) -> None:
    """Whole or not at all, also through a crash or a full disk."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _replacement(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise FileUnavailable(path.name, error.strerror or type(error).__name__) from error


@contextlib.contextmanager
def _replacement(path: Path) -> Any:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _certificate(raw: bytes) -> Certificate:
    try:
        return certificates.parse(master_list.unarmoured(raw))
    except CertificateUnreadable as error:
        raise NotTrustMaterial(error.reason) from error


def _held(source: Source, certificate: Certificate) -> Held:
    return Held(
        source=source.name,
        fingerprint=certificate.fingerprint,
        country=certificate.subject.country,
        label=certificate.subject.label,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        key_id=certificate.subject_key_id,
        name_key=certificate.subject.key,
        der=certificate.der,
    )


def _anchor_set(contents: Contents) -> AnchorSet:
    """Each certificate once, by the source with the youngest word."""
    as_of = {source.name: source.as_of for source in contents.sources}
    youngest: dict[str, Held] = {}
    for item in sorted(contents.held, key=lambda item: as_of[item.source]):
        youngest[item.fingerprint] = item
    return AnchorSet(
        Anchor(h.key_id, h.name_key, h.der, h.source, as_of[h.source]) for h in youngest.values()
    )


def _encoded(contents: Contents) -> str:
    return json.dumps(
        {
            "format": FORMAT,
            "sources": [_plain(asdict(source)) for source in contents.sources],
            "anchors": [_plain(_fields(item)) for item in contents.held],
        },
        ensure_ascii=False,
        indent=0,
    )


def _fields(item: Held) -> dict[str, object]:
    """As asdict, without copying a megabyte of certificates value by value."""
    return {name: getattr(item, name) for name in Held.__dataclass_fields__}


def _plain(record: Mapping[str, object]) -> dict[str, object]:
    return {name: _plain_value(value) for name, value in record.items()}


def _plain_value(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _decoded(stored: dict[str, Any]) -> Contents:
    """Raises ValueError, KeyError or TypeError where it is not what `_encoded` writes."""
    if stored["format"] != FORMAT:
        raise ValueError("format of another version")
    sources = tuple(_decoded_source(item) for item in stored["sources"])
    held = tuple(_decoded_held(item) for item in stored["anchors"])
    if not {item.source for item in held} <= {source.name for source in sources}:
        raise ValueError("anchor without its source")
    return Contents(sources, held)


def _decoded_source(item: dict[str, Any]) -> Source:
    times = {name: _moment(item[name]) for name in ("as_of", "imported_at")}
    refused = tuple(Refused(**_texts(refusal)) for refusal in item["refused"])
    texts = _texts({n: v for n, v in item.items() if n != "refused"})
    return Source(**{**texts, **times, "refused": refused})


def _decoded_held(item: dict[str, Any]) -> Held:
    times = {name: _moment(item[name]) for name in ("not_before", "not_after")}
    key_id = None if item["key_id"] is None else base64.b64decode(item["key_id"])
    texts = _texts({n: v for n, v in item.items() if n != "key_id"})
    return Held(**{**texts, **times, "key_id": key_id, "der": base64.b64decode(item["der"])})


def _texts(fields: dict[str, Any]) -> dict[str, Any]:
    if not all(isinstance(value, str) for value in fields.values()):
        raise TypeError("a field that is no text")
    return fields


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("time without its zone")
    return moment


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
