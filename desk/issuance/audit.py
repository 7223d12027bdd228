"""The log that shows when it was changed: events, each bound to the one before it.

An event is one line of JSON in one exact spelling (members sorted, no spaces, ASCII). Its
hash is SHA-256 over that line without the member ``hash``; ``prev`` repeats the hash of
the event before, the first names :data:`GENESIS`. An exported log is a text file of such
lines, closed by a head record that names count and last hash, so that a cut tail shows.
Whoever rewrites the whole file can forge a new chain; against that stand a head noted
elsewhere (``expected_head``) and the officers' cards, which sign the log as it grows
(:mod:`desk.issuance.seals`).

Facts are a whitelist: names that can hold no personal data, values in a narrow alphabet.
Storing events is left to ``desk.store.journal``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from desk.trouble import Trouble

Fact = str | int | bool | None

GENESIS = "0" * 64
LONGEST_LINE = 16_384

# fmt: off
FACT_NAMES = frozenset({
    "act", "acts", "age_hours", "answer", "as_of", "attempts", "band", "batch", "blobs", "bytes",
    "card", "cases", "certificate", "certificate_serial", "channel", "check", "code", "columns",
    "configuration", "count", "device_key", "digest", "distance", "edition", "entries", "event",
    "expires_at", "findings", "format", "from", "given", "group", "head", "held", "intent",
    "inter_eye_px", "issuer", "judgement", "key_id", "kind", "language", "level",
    "limit_dissimilar", "limit_similar", "lines", "list", "matcher", "matcher_version", "offer",
    "offer_state", "outcome", "overall", "pages", "policy", "position", "post", "presser",
    "purged_before", "purpose", "purposes", "quality", "queue", "reader", "reason", "records",
    "removed", "replaced", "request", "result", "retention_days", "retries", "rows", "rule",
    "rules", "seconds", "seq", "serial", "sha256", "signature", "size", "slip", "slot", "source",
    "source_at", "state", "station", "status", "target", "to", "tool", "tries", "tries_left",
    "valid_until", "validity", "version", "wave", "window", "words",
})
# fmt: on
# Keys, codes, numbers, times, hashes, names of readers: never a text in another script.
_VALUE = re.compile(r"[A-Za-z0-9_ .,:;/+=@()*#'-]{0,200}")
_RESIDENT_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{6}-?[0-9X]\d{6}(?![0-9A-Za-z])")
_KIND = re.compile(r"[A-Z]+(\.[A-Z_]+)+")
_ACTOR = re.compile(r"[A-Za-z0-9 ._:/+=@-]{1,80}")
_CASE = re.compile(r"[A-Z0-9-]{1,24}")


class AuditBroken(Trouble):
    """The log does not hold. ``line`` is the first line (from 1) that shows it."""

    def __init__(self, line: int, **facts: str | float | None) -> None:
        super().__init__(f"{self.code} in line {line}", line=line, **facts)
        self.line = line


class LineUnreadable(AuditBroken):
    """Not a line as this program writes it."""

    code = "AUDIT-01"


class LineAltered(AuditBroken):
    """The content does not fit its hash."""

    code = "AUDIT-02"


class LineMissing(AuditBroken):
    """The event does not follow the one before."""

    code = "AUDIT-03"


class TailMissing(AuditBroken):
    """The file ends without its head record."""

    code = "AUDIT-04"


class HeadDiffers(AuditBroken):
    """The head record, or the head noted elsewhere, names another end of the chain."""

    code = "AUDIT-05"


class FactNotAllowed(ValueError):
    """A bug: a fact outside the whitelist was about to be logged. Never shows the value."""


@dataclass(frozen=True)
class AuditHead:
    """The end of a chain: number of events and the last hash."""

    count: int
    hash: str


START = AuditHead(0, GENESIS)


@dataclass(frozen=True)
class AuditEvent:
    """``kind`` like ``CASE.OPENED``; ``actor`` names a card or a device, never a person."""

    seq: int
    at: datetime
    actor: str
    kind: str
    case: str | None
    facts: Mapping[str, Fact]
    prev: str
    hash: str

    @property
    def line(self) -> str:
        """The exact line of the exported log, without line end."""
        return _spell({**_members(self), "hash": self.hash})

    @property
    def head(self) -> AuditHead:
        return AuditHead(self.seq, self.hash)


def link(
    head: AuditHead,
    at: datetime,
    actor: str,
    kind: str,
    case: str | None,
    facts: Mapping[str, Fact | float],
) -> AuditEvent:
    """The event that follows ``head``. Raises :class:`FactNotAllowed`, ``ValueError``."""
    _demand(_ACTOR, actor, "actor")
    _demand(_KIND, kind, "kind")
    if case is not None:
        _demand(_CASE, case, "case")
    plain = {name: _checked(name, value) for name, value in facts.items()}
    at = at.astimezone(UTC)
    unsealed = AuditEvent(head.count + 1, at, actor, kind, case, plain, head.hash, "")
    return AuditEvent(
        unsealed.seq, at, actor, kind, case, plain, head.hash, _hash(_members(unsealed))
    )


def read_line(text: str, number: int = 1) -> AuditEvent:
    """The event of one line. Raises :class:`LineUnreadable`, :class:`LineAltered`."""
    members = _parse(text, number)
    try:
        event = AuditEvent(
            seq=members["seq"],
            at=datetime.fromisoformat(members["at"]),
            actor=members["actor"],
            kind=members["kind"],
            case=members["case"],
            facts=members["facts"],
            prev=members["prev"],
            hash=members["hash"],
        )
        same = event.line == text
    except (KeyError, TypeError, ValueError, AttributeError) as reason:
        raise LineUnreadable(number) from reason
    if not (same and _is_shaped(event)):
        raise LineUnreadable(number)
    if event.hash != _hash(_members(event)):
        raise LineAltered(number)
    return event


def head_line(head: AuditHead, at: datetime) -> str:
    """The record that closes an exported log; its ``seal`` covers its own members."""
    members: dict[str, Any] = {
        "count": head.count,
        "exported_at": _time(at.astimezone(UTC)),
        "head": head.hash,
    }
    return _spell({**members, "seal": _hash(members)})


def verify(
    lines: Iterable[bytes],
    expected_head: str | None = None,
    each: Callable[[AuditEvent], None] | None = None,
    closed_by_record: bool = True,
) -> AuditHead:
    """Check an exported log, given line by line with line ends; returns its head.

    Needs memory for one line only. ``expected_head`` is a hash noted elsewhere that must
    occur in the chain or be its end; ``each`` sees every event that holds, in order. A part
    of a log has no head record at its end (``closed_by_record=False``). Raises the family of
    :class:`AuditBroken`, always for the first line that does not hold.
    """
    head = START
    met = expected_head in (None, GENESIS)
    closed: AuditHead | None = None
    number = 0
    for number, raw in enumerate(lines, start=1):
        text = _text(raw, number)
        if closed is not None:
            raise HeadDiffers(number, reason="after_head")
        if text.startswith('{"count":'):
            closed = _check_head(text, number, head)
            continue
        event = read_line(text, number)
        if event.seq != head.count + 1 or event.prev != head.hash:
            raise LineMissing(number, expected=head.count + 1, found=event.seq)
        head = event.head
        met = met or head.hash == expected_head
        if each is not None:
            each(event)
    if closed is None and closed_by_record:
        raise TailMissing(number + 1)
    if not met:
        raise HeadDiffers(number, reason="noted_head")
    return head


def whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of a file to lines with their line ends; cuts what is longer than any line."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield line + b"\n"
        while len(rest) > LONGEST_LINE:
            yield rest[: LONGEST_LINE + 1]
            rest = rest[LONGEST_LINE + 1 :]
    if rest:
        yield rest


def _text(raw: bytes, number: int) -> str:
    if not raw.endswith(b"\n") or len(raw) > LONGEST_LINE:
        raise LineUnreadable(number)
    try:
        return raw[:-1].decode("ascii")
    except UnicodeDecodeError as reason:
        raise LineUnreadable(number) from reason


def _check_head(text: str, number: int, head: AuditHead) -> AuditHead:
    members = _parse(text, number)
    seal = members.pop("seal", None)
    try:
        same = _spell({**members, "seal": seal}) == text
    except ValueError as reason:
        # NaN and what is beyond all numbers are read and never written.
        raise LineUnreadable(number) from reason
    if not same:
        raise LineUnreadable(number)
    if seal != _hash(members):
        raise LineAltered(number)
    if (members.get("count"), members.get("head")) != (head.count, head.hash):
        raise HeadDiffers(number, reason="head_record", expected=members.get("count"))
    return head


def _parse(text: str, number: int) -> dict[str, Any]:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError) as reason:
        raise LineUnreadable(number) from reason
    if not isinstance(members, dict):
        raise LineUnreadable(number)
    return members


def _is_shaped(event: AuditEvent) -> bool:
    """Every member of its type: a log may come from anybody, and whoever looks through it
    afterwards counts on that."""
    texts = (event.actor, event.kind, event.prev, event.hash)
    return (
        type(event.seq) is int
        and event.at.tzinfo is not None
        and all(isinstance(text, str) for text in texts)
        and isinstance(event.case, str | None)
        and all(isinstance(value, str | int | float | None) for value in event.facts.values())
    )


def _members(event: AuditEvent) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": _time(event.at),
        "actor": event.actor,
        "kind": event.kind,
        "case": event.case,
        "facts": dict(event.facts),
        "prev": event.prev,
    }


def _time(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def _spell(members: Mapping[str, Any]) -> str:
    return json.dumps(
        members, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def _hash(members: Mapping[str, Any]) -> str:
    return hashlib.sha256(_spell(members).encode("ascii")).hexdigest()


def _demand(pattern: re.Pattern[str], value: str, member: str) -> None:
    if not pattern.fullmatch(value):
        raise ValueError(f"audit {member} of a shape that is not written")


def _checked(name: str, value: Fact | float) -> Fact:
    if name not in FACT_NAMES:
        raise FactNotAllowed(f"audit fact {name!r} is not on the list")
    if isinstance(value, float):
        # One spelling for everybody who checks the chain with another language's JSON.
        return f"{value:.6g}"
    if not isinstance(value, str):
        return value
    if not _VALUE.fullmatch(value) or _RESIDENT_NUMBER.search(value):
        raise FactNotAllowed(f"the value of audit fact {name!r} is not a plain word")
    return str(value)
