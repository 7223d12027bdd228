"""What stands behind ``desk records import-register``.

An answer carries its exit status, its text for people and its facts for machines. No text
repeats the content of a bad line: it is personal data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from desk.issuance.posts import load_posts
from desk.store import register
from desk.store.database import Store
from desk.store.journal import Stamp
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
    facts = {"imported": state.entries, "as_of": state.as_of.isoformat(), "sha256": state.sha256}
    return Answer(0, f"{state.entries} entries imported, as of {facts['as_of']}", facts)


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
}
