"""LDIF, in which the ICAO directory is handed out (RFC 2849; Doc 9303-12 clause 9).

Entries with their attributes; values in base64 become bytes. Only what such a file needs:
no change records, and no values by URL, which would make an import read other files.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_FILE = 256 * 1024 * 1024
MAX_VALUE = 64 * 1024 * 1024
"""Bytes. The directory's largest file has some 60 MB, its largest value under 2 MB."""
_MARK = b"\xef\xbb\xbf"
_FIRST_ENTRY = re.compile(rb"^dn::?", re.IGNORECASE | re.MULTILINE)
_HEAD = 4096


class LdifUnreadable(Exception):
    """Bytes that are no LDIF; ``reason`` in short English."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Value:
    """One value. ``name`` is the attribute's in lower case without options (`;binary`).

    ``reason`` says why it could not be read; it then has no bytes.
    """

    name: str
    content: bytes = field(repr=False)
    reason: str = ""


@dataclass(frozen=True)
class Entry:
    """One entry of the directory: its name and its values in order."""

    dn: str
    values: tuple[Value, ...]


def is_ldif(raw: bytes) -> bool:
    """Whether an entry begins near the start of the bytes."""
    return _FIRST_ENTRY.search(raw[:_HEAD].removeprefix(_MARK)) is not None


def parse(raw: bytes) -> Iterator[Entry]:
    """The entries of ``raw``, one after another; raises LdifUnreadable."""
    if len(raw) > MAX_FILE:
        raise LdifUnreadable("larger than 256 MB")
    if not is_ldif(raw):
        raise LdifUnreadable("not LDIF")
    lines: list[bytes] = []
    for line in io.BytesIO(raw.removeprefix(_MARK)):
        if line.strip():
            lines.append(line.rstrip(b"\r\n"))
            continue
        yield from _entry(lines)
        lines = []
    yield from _entry(lines)


def _entry(lines: list[bytes]) -> Iterator[Entry]:
    values = tuple(_value(line) for line in _unfolded(lines) if not _is_outside(line))
    dn = next((v.content.decode("utf-8", "replace") for v in values if v.name == "dn"), "")
    if values:
        yield Entry(dn, tuple(value for value in values if value.name != "dn"))


def _unfolded(lines: list[bytes]) -> list[bytes]:
    """Long lines go on behind a line break and one space."""
    whole: list[list[bytes]] = []
    for line in lines:
        if line[:1] == b" " and whole:
            whole[-1].append(line[1:])
        else:
            whole.append([line])
    return [b"".join(parts) for parts in whole]


def _is_outside(line: bytes) -> bool:
    return line.startswith(b"#") or line.lower().startswith(b"version:")


def _value(line: bytes) -> Value:
    label, colon, rest = line.partition(b":")
    name = label.split(b";")[0].strip().lower().decode("ascii", "replace")
    if not colon:
        return Value(name[:64], b"", "line without a colon")
    if len(rest) > MAX_VALUE:
        return Value(name, b"", "larger than 64 MB")
    if rest[:1] == b"<":
        return Value(name, b"", "value kept elsewhere")
    if rest[:1] != b":":
        return Value(name, rest.strip())
    try:
        return Value(name, base64.b64decode(rest[1:].strip(), validate=True))
    except binascii.Error:
        return Value(name, b"", "base64 does not read")
