"""What stands behind ``desk records import-register``, ``import-changes`` and ``changes``.

An answer carries its exit status, its text for people and its facts for machines. No text
repeats the content of a bad line: it is personal data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from desk.issuance.posts import load_posts
from desk.store import notices, register
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.notice_file import NoticeKind, NoticesRefused, NoticeWrong, read_notices
from desk.store.notices import MustChange
from desk.store.register_file import BadLine, ExtractLines, ExtractRefused, Reason

REFUSED = 1

REASON_WORDS = {
    Reason.COLUMN_COUNT: "not 14 columns",
    Reason.QUOTES: "a quotation mark is not closed or stands inside a field",
    Reason.ENCODING: "not UTF-8",
    Reason.CONTROL_CHARACTER: "holds a control character",
    Reason.MISSING: "is empty",
    Reason.TOO_LONG: "is too long",
    Reason.NOT_A_DATE: "is not a date like 1991-03-14",
    Reason.DATE_OUT_OF_RANGE: "lies in the future or too far back",
    Reason.NOT_A_NAME: "is not a name",
    Reason.NOT_A_NUMBER: "does not have the shape of such a number",
    Reason.UNKNOWN_VALUE: "is none of the values allowed here",
    Reason.UNKNOWN_POST: "names no post of posts.toml",
    Reason.DUPLICATE: "stands in an earlier line already",
}


@dataclass(frozen=True)
class Answer:
    """``status`` is the exit status: 0, or 1 for what was refused."""

    status: int
    text: str
    facts: dict[str, Any]


def import_register(
    file: Path, store: Store, stamp: Stamp, *, as_of: datetime | None = None
) -> Answer:
    """Import the extract ``file`` into the open records.

    Raises the store's troubles; what is wrong with the file itself is an answer.
    """
    posts = load_posts().codes
    try:
        state = register.import_extract(store, file, stamp, posts, as_of)
    except ExtractLines as refusal:
        return _bad_lines(refusal)
    except ExtractRefused as refusal:
        return _refused(refusal)
    must_change = _count(store)
    facts = {
        "imported": state.entries,
        "as_of": state.as_of.isoformat(),
        "sha256": state.sha256,
        "newest": state.newest.isoformat() if state.newest else None,
        "goes_back": state.goes_back,
        "must_change": must_change,
    }
    lines = [f"{state.entries} entries imported, as of {facts['as_of']}"]
    if state.goes_back:
        lines.append(
            f"the newest entry is of {facts['newest']}, the former extract had newer ones: make"
            " sure that this is not an older one"
        )
    return Answer(0, "\n".join([*lines, _must_change(must_change)]), facts)


def import_changes(file: Path, store: Store, stamp: Stamp) -> Answer:
    """Take the notices in ``file``. Raises the store's troubles; what is wrong with the file
    itself is an answer."""
    try:
        # East of Greenwich a day may already be one that UTC has not reached.
        told, sha256 = read_notices(file, stamp.at.date() + timedelta(days=1))
    except NoticesRefused as refusal:
        facts = {"code": refusal.code, **refusal.facts}
        return Answer(REFUSED, f"{refusal.code}: {_wrong(refusal)}, nothing taken", facts)
    with store.write() as session:
        taken = notices.take(session, stamp, told, sha256)
    must_change = _count(store)
    text = f"{taken.new} new notices, {taken.known} known already\n{_must_change(must_change)}"
    facts = {
        "new": taken.new,
        "known": taken.known,
        "sha256": sha256,
        "must_change": must_change,
    }
    return Answer(0, text, facts)


def changes(store: Store) -> Answer:
    """The credentials that must change, and why. Names nobody: a case is a number."""
    with store.read() as session:
        found = notices.standing(session)
    lines = [_line(one) for one in found] or [_must_change(0)]
    return Answer(0, "\n".join(lines), {"must_change": [_facts(one) for one in found]})


KIND_WORDS = {
    NoticeKind.DELETED: "struck off the register",
    NoticeKind.DIED: "died",
    NoticeKind.NEW_PASSPORT: "has another passport",
    NoticeKind.MISSING: "no longer in the register",
}


def _count(store: Store) -> int:
    with store.read() as session:
        return len(notices.standing(session))


def _must_change(count: int) -> str:
    return f"{count} credentials must change" if count else "no credential must change"


def _line(one: MustChange) -> str:
    since = f" since {one.effective_on}" if one.effective_on else ""
    paper = f", {one.document}" if one.document else ""
    told = f"told {one.noted_at:%Y-%m-%d} by the {one.source.value}{paper}"
    return f"{one.case_number}  {KIND_WORDS[one.kind]}{since}  ({told}; now {one.validity.value})"


def _facts(one: MustChange) -> dict[str, Any]:
    return {
        "case": one.case_number,
        "kind": one.kind.value,
        "source": one.source.value,
        "since": one.effective_on.isoformat() if one.effective_on else None,
        "document": one.document or None,
        "noted_at": one.noted_at.isoformat(),
        "status": one.validity.value,
    }


def _wrong(refusal: NoticesRefused) -> str:
    if isinstance(refusal, NoticeWrong):
        return f"notice {refusal.facts['place']}, {refusal.facts['member'] or 'not an object'}"
    return _REFUSED[refusal.code]


def _bad_lines(refusal: ExtractLines) -> Answer:
    shown = [_line_text(line) for line in refusal.lines]
    count = int(refusal.facts["count"] or 0)
    text = "\n".join([f"{refusal.code}: {count} bad lines, nothing imported", *shown])
    lines = [
        {"line": line.line, "column": line.column, "reason": line.reason.value}
        | ({"first_line": line.first_line} if line.first_line else {})
        for line in refusal.lines
    ]
    return Answer(REFUSED, text, {"code": refusal.code, "count": count, "lines": lines})


def _line_text(line: BadLine) -> str:
    place = f"line {line.line}, {line.column}" if line.column else f"line {line.line}"
    earlier = f" ({line.first_line})" if line.first_line else ""
    return f"{place}: {REASON_WORDS[line.reason]}{earlier}"


def _refused(refusal: ExtractRefused) -> Answer:
    facts = ", ".join(f"{name} {value}" for name, value in refusal.facts.items())
    text = f"{refusal.code}: {_REFUSED[refusal.code]}, nothing imported ({facts})"
    return Answer(REFUSED, text, {"code": refusal.code, **refusal.facts})


_REFUSED = {
    "REG-01": "the file cannot be read",
    "REG-02": "the file is not UTF-8",
    "REG-03": "the header does not have exactly the columns of an extract",
    "REG-04": "the file holds no entry",
    "REG-06": "the extract in use was made later",
    "REG-07": "the extract cannot have been made then",
    "NOTICE-01": "the file cannot be read",
    "NOTICE-02": "the file is not of the published form (register-changes.schema.json)",
}
