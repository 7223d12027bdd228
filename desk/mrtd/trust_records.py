"""What the trust store holds, as plain records, and how they lie in its file.

``format`` 1 is JSON text. The keys ``revocations`` and ``deviations`` came later and may be
missing. Whether material is believed was decided when it came in (`desk.mrtd.trust`).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from desk.mrtd.certificates import Certificate, fingerprint
from desk.mrtd.master_list import Refused

FORMAT = 1


class SourceKind(StrEnum):
    """What a source is. CERTIFICATE is the operator's own word for one, and may vouch for its
    country's lists; DIRECTORY_CERTIFICATE rests on a certificate held and may not."""

    MASTER_LIST = "master_list"
    CERTIFICATE = "certificate"
    DIRECTORY_CERTIFICATE = "directory_certificate"
    REVOCATION_LIST = "revocation_list"
    DEVIATION_LIST = "deviation_list"
    SIGNERS = "signers"


@dataclass(frozen=True)
class Source:
    """Who vouched for what: a signed list or, for single certificates, the operator.

    ``as_of`` is the day its word dates from (a list's signing time), the measure of age;
    ``imported_at`` is when somebody last asked for it. ``vouched_by`` is the fingerprint of
    the certificate whose key makes it believed.
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

    @classmethod
    def of(cls, source: Source, certificate: Certificate) -> Held:
        return cls(
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


@dataclass(frozen=True)
class HeldList:
    """A revocation or deviation list, whole, with its source's name.

    ``entries`` counts what it revokes or describes; ``next_update`` is when its issuer
    promised a newer one.
    """

    source: str
    country: str
    entries: int
    der: bytes = field(repr=False)
    next_update: datetime | None = None


@dataclass(frozen=True)
class Contents:
    """Everything the store holds."""

    sources: tuple[Source, ...] = ()
    held: tuple[Held, ...] = ()
    revocations: tuple[HeldList, ...] = ()
    deviations: tuple[HeldList, ...] = ()

    def of(self, source: Source) -> tuple[Held, ...]:
        return tuple(item for item in self.held if item.source == source.name)

    def list_of(self, source: Source) -> HeldList | None:
        lists = (*self.revocations, *self.deviations)
        return next((item for item in lists if item.source == source.name), None)

    def source(self, name: str) -> Source | None:
        return next((item for item in self.sources if item.name == name), None)

    def of_kind(self, *kinds: SourceKind) -> tuple[Source, ...]:
        return tuple(item for item in self.sources if item.kind in kinds)

    @property
    def voucher_missing(self) -> frozenset[str]:
        """Names of sources whose voucher is no longer among the anchors.

        Roots given by hand are not anchors themselves and are not missed.
        """
        anchors = {item.fingerprint for item in self.held}
        kinds = (SourceKind.REVOCATION_LIST, SourceKind.DEVIATION_LIST)
        return frozenset(s.name for s in self.of_kind(*kinds) if s.vouched_by not in anchors)

    def without(self, name: str) -> Contents:
        """With everything that the source ``name`` vouched for put aside."""
        return Contents(
            tuple(s for s in self.sources if s.name != name),
            *(_others(items, name) for items in (self.held, self.revocations, self.deviations)),
        )

    def replacing(self, source: Source, held: Iterable[Held]) -> Contents:
        """With what ``source`` vouched for before put aside for what it vouches for now."""
        kept = self.without(source.name)
        return Contents(
            (*kept.sources, source), (*kept.held, *held), kept.revocations, kept.deviations
        )

    def with_list(self, source: Source, item: HeldList) -> Contents:
        """With the list of ``source`` in the place of what it was before."""
        kept = self.without(source.name)
        revokes = source.kind == SourceKind.REVOCATION_LIST
        revocations = (*kept.revocations, *((item,) if revokes else ()))
        deviations = (*kept.deviations, *(() if revokes else (item,)))
        return Contents((*kept.sources, source), kept.held, revocations, deviations)


def _others(items: Iterable[Any], name: str) -> tuple[Any, ...]:
    return tuple(item for item in items if item.source != name)


def encoded(contents: Contents) -> str:
    """The store's file."""
    return json.dumps(
        {
            "format": FORMAT,
            "sources": [_plain(asdict(source)) for source in contents.sources],
            "anchors": [_plain(record) for record in _once(contents.held)],
            "revocations": [_plain(_fields(item)) for item in contents.revocations],
            "deviations": [_plain(_fields(item)) for item in contents.deviations],
        },
        ensure_ascii=False,
        indent=0,
    )


def decoded(text: bytes) -> Contents:
    """Raises ValueError, KeyError, TypeError or RecursionError where the file was damaged."""
    stored: dict[str, Any] = json.loads(text)
    if stored["format"] != FORMAT:
        raise ValueError("format of another version")
    contents = Contents(
        tuple(_source(item) for item in stored["sources"]),
        tuple(_anchors(stored["anchors"])),
        tuple(_list(item) for item in stored.get("revocations", ())),
        tuple(_list(item) for item in stored.get("deviations", ())),
    )
    used = {item.source for item in contents.held}
    used |= {item.source for item in (*contents.revocations, *contents.deviations)}
    if not used <= {source.name for source in contents.sources}:
        raise ValueError("something without its source")
    return contents


def _once(held: Iterable[Held]) -> Iterator[dict[str, object]]:
    """The bytes of a certificate that several lists name are kept with the first only."""
    seen: set[str] = set()
    for item in held:
        record = _fields(item)
        if item.fingerprint in seen:
            record["der"] = None
        seen.add(item.fingerprint)
        yield record


def _fields(item: Held | HeldList) -> dict[str, object]:
    """As asdict, without copying a megabyte of certificates value by value."""
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def _plain(record: Mapping[str, object]) -> dict[str, object]:
    return {name: _plain_value(value) for name, value in record.items()}


def _plain_value(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _source(item: dict[str, Any]) -> Source:
    times = {name: _moment(item[name]) for name in ("as_of", "imported_at")}
    refused = tuple(Refused(**_texts(refusal)) for refusal in item["refused"])
    texts = _texts(item, but=("refused",))
    return Source(**{**texts, **times, "refused": refused})


def _anchors(items: Iterable[dict[str, Any]]) -> Iterator[Held]:
    ders: dict[str, bytes] = {}
    for item in items:
        mark = item["fingerprint"]
        if item["der"] is not None:
            ders[mark] = base64.b64decode(item["der"])
            if fingerprint(ders[mark]) != mark:
                raise ValueError("a certificate that is not the one imported")
        times = {name: _moment(item[name]) for name in ("not_before", "not_after")}
        key_id = None if item["key_id"] is None else base64.b64decode(item["key_id"])
        texts = _texts(item, but=("key_id", "der"))
        yield Held(**{**texts, **times, "key_id": key_id, "der": ders[mark]})


def _list(item: dict[str, Any]) -> HeldList:
    ends = item["next_update"]
    next_update = None if ends is None else _moment(ends)
    if type(item["entries"]) is not int:
        raise TypeError("a count that is no number")
    texts = _texts(item, but=("next_update", "entries"))
    der = base64.b64decode(item["der"])
    return HeldList(**{**texts, "next_update": next_update, "der": der, "entries": item["entries"]})


def _texts(fields: dict[str, Any], but: tuple[str, ...] = ()) -> dict[str, Any]:
    texts = {name: value for name, value in fields.items() if name not in but}
    if not all(isinstance(value, str) for value in texts.values()):
        raise TypeError("a field that is no text")
    return texts


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("time without its zone")
    return moment
