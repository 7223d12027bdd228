"""Reading a file of notices: who was struck off, died or got another passport, and since when.

UTF-8 JSON as ``resources/schemas/register-changes.schema.json`` says. A notice that is wrong
is named by its place and member, never by its content, and refuses the whole file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from desk.trouble import Trouble

MOST_BYTES = 32_000_000
FORM = 1
_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9-]{0,31}")
_DOCUMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,59}")
_PASSPORT = re.compile(r"[A-Z0-9]{1,9}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class NoticesRefused(Trouble):
    """A file of notices cannot be taken; nothing of it was.

    ::

        NoticesRefused
        ├── NoticesUnreadable   NOTICE-01
        ├── NoticesNotOfForm    NOTICE-02   no JSON, or not of the published form
        └── NoticeWrong         NOTICE-03   a notice that cannot be right
    """


class NoticesUnreadable(NoticesRefused):
    """Fact: file."""

    code = "NOTICE-01"


class NoticesNotOfForm(NoticesRefused):
    """Fact: file."""

    code = "NOTICE-02"


class NoticeWrong(NoticesRefused):
    """Facts: place (from 1), member."""

    code = "NOTICE-03"


class NoticeKind(StrEnum):
    """What was told. MISSING comes from comparing registers only: the entry is gone."""

    DELETED = "deleted"
    DIED = "died"
    NEW_PASSPORT = "new_passport"
    MISSING = "missing"


@dataclass(frozen=True)
class Notice:
    """``document`` is the number of the paper that says so, ``passport_number`` that of the
    new passport, or empty."""

    kind: NoticeKind
    overseas_number: str
    effective_on: date
    document: str
    passport_number: str = ""


def read_notices(path: Path, today: date) -> tuple[tuple[Notice, ...], str]:
    """The notices of a file and its SHA-256 (hex). Raises the family of
    :class:`NoticesRefused`; no notice may be of a day after ``today``."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise NoticesNotOfForm(path.name, file=path.name)
        content = path.read_bytes()
    except OSError as reason:
        raise NoticesUnreadable(path.name, file=path.name) from reason
    try:
        document = json.loads(content)
        listed = document["notices"] if document["version"] == FORM else None
    except (ValueError, KeyError, TypeError, RecursionError) as reason:
        raise NoticesNotOfForm(path.name, file=path.name) from reason
    if not isinstance(listed, list) or document.keys() != {"version", "notices"}:
        raise NoticesNotOfForm(path.name, file=path.name)
    notices = tuple(_notice(place, one, today) for place, one in enumerate(listed, start=1))
    return notices, hashlib.sha256(content).hexdigest()


_NEEDED = frozenset({"kind", "overseas_number", "date", "document"})
_KINDS = {kind.value: kind for kind in NoticeKind if kind is not NoticeKind.MISSING}


def _notice(place: int, one: Any, today: date) -> Notice:
    if not isinstance(one, dict):
        raise NoticeWrong(str(place), place=place, member="")
    for member in sorted((_NEEDED - one.keys()) | (one.keys() - _NEEDED - {"passport_number"})):
        raise NoticeWrong(f"{place} {member}", place=place, member=_told(member))
    kind = _KINDS.get(_text(place, one, "kind", re.compile("[a-z_]{1,20}")))
    if kind is None:
        raise NoticeWrong(f"{place} kind", place=place, member="kind")
    passport = _text(place, one, "passport_number", _PASSPORT) if "passport_number" in one else ""
    if passport and kind is not NoticeKind.NEW_PASSPORT:
        raise NoticeWrong(f"{place} passport_number", place=place, member="passport_number")
    return Notice(
        kind=kind,
        overseas_number=_text(place, one, "overseas_number", _NUMBER),
        effective_on=_day(place, one, today),
        document=_text(place, one, "document", _DOCUMENT),
        passport_number=passport,
    )


def _told(member: str) -> str:
    """The name of a member that may be told: one of the form's own, nothing else."""
    return member if member in _NEEDED else "?"


def _text(place: int, one: Mapping[str, Any], member: str, form: re.Pattern[str]) -> str:
    value = one[member]
    if not isinstance(value, str) or not form.fullmatch(value):
        raise NoticeWrong(f"{place} {member}", place=place, member=member)
    return value


def _day(place: int, one: Mapping[str, Any], today: date) -> date:
    text = _text(place, one, "date", _DAY)
    try:
        day = date.fromisoformat(text)
    except ValueError as reason:
        raise NoticeWrong(f"{place} date", place=place, member="date") from reason
    if day > today:
        raise NoticeWrong(f"{place} date", place=place, member="date")
    return day
